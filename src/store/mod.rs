//! Records on the ref: snapshot, transaction, group commit, cache, fsck.
