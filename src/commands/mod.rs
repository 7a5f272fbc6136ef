//! A verb per file: arguments and `run`.
