//! Git, once; knows no package. The home of gix and the only place that starts `git`.

pub mod index;
pub mod raw;
