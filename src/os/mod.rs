//! The operating system, once: clock, processes, signals, locks, files.
