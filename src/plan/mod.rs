//! Plan text to [`crate::model::Plan`] and back: a file per format, a guard before all of them.
