//! The package graph: cycles, order, levels, critical path, parallel pairs. The home of petgraph.
//!
//! Every answer is total, also for a graph with cycles, and deterministic: ties go by file order.

mod cycles;
mod dag;
mod order;
mod path;
mod picture;
mod reach;

#[cfg(test)]
mod tests;

pub use dag::{Graph, Node};
pub use picture::{Picture, PictureRow};
