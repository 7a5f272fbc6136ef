//! The package graph: cycles, levels, waves, critical path, parallel pairs. The home of petgraph.
