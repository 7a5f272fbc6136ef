//! Shadow repository, gate, rehearsal, merge.
