//! Values to text. Never decides.
