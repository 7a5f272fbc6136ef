//! The allowlist of sub-commands of git.
//!
//! Porcelain that refreshes an index (`status`, `diff`, `describe --dirty`, `stash`) or rewrites
//! refs behind our back is absent on purpose.

/// The sub-commands that may be run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is the sub-command of that name")]
pub enum Sub {
    CatFile,
    CheckIgnore,
    CheckoutIndex,
    Clean,
    Config,
    CountObjects,
    DiffTree,
    Fetch,
    ForEachRef,
    Fsck,
    HashObject,
    Hook,
    IndexPack,
    Init,
    LsFiles,
    LsRemote,
    LsTree,
    MergeBase,
    MergeTree,
    PackObjects,
    PackRefs,
    Push,
    ReadTree,
    RevList,
    RevParse,
    SymbolicRef,
    UpdateIndex,
    UpdateRef,
    Version,
    Worktree,
    WriteTree,
}

impl Sub {
    /// All of them, for tests that try each.
    pub const ALL: [Sub; 31] = [
        Sub::CatFile,
        Sub::CheckIgnore,
        Sub::CheckoutIndex,
        Sub::Clean,
        Sub::Config,
        Sub::CountObjects,
        Sub::DiffTree,
        Sub::Fetch,
        Sub::ForEachRef,
        Sub::Fsck,
        Sub::HashObject,
        Sub::Hook,
        Sub::IndexPack,
        Sub::Init,
        Sub::LsFiles,
        Sub::LsRemote,
        Sub::LsTree,
        Sub::MergeBase,
        Sub::MergeTree,
        Sub::PackObjects,
        Sub::PackRefs,
        Sub::Push,
        Sub::ReadTree,
        Sub::RevList,
        Sub::RevParse,
        Sub::SymbolicRef,
        Sub::UpdateIndex,
        Sub::UpdateRef,
        Sub::Version,
        Sub::Worktree,
        Sub::WriteTree,
    ];

    /// The word on the command line.
    pub fn word(self) -> &'static str {
        match self {
            Sub::CatFile => "cat-file",
            Sub::CheckIgnore => "check-ignore",
            Sub::CheckoutIndex => "checkout-index",
            Sub::Clean => "clean",
            Sub::Config => "config",
            Sub::CountObjects => "count-objects",
            Sub::DiffTree => "diff-tree",
            Sub::Fetch => "fetch",
            Sub::ForEachRef => "for-each-ref",
            Sub::Fsck => "fsck",
            Sub::HashObject => "hash-object",
            Sub::Hook => "hook",
            Sub::IndexPack => "index-pack",
            Sub::Init => "init",
            Sub::LsFiles => "ls-files",
            Sub::LsRemote => "ls-remote",
            Sub::LsTree => "ls-tree",
            Sub::MergeBase => "merge-base",
            Sub::MergeTree => "merge-tree",
            Sub::PackObjects => "pack-objects",
            Sub::PackRefs => "pack-refs",
            Sub::Push => "push",
            Sub::ReadTree => "read-tree",
            Sub::RevList => "rev-list",
            Sub::RevParse => "rev-parse",
            Sub::SymbolicRef => "symbolic-ref",
            Sub::UpdateIndex => "update-index",
            Sub::UpdateRef => "update-ref",
            Sub::Version => "version",
            Sub::Worktree => "worktree",
            Sub::WriteTree => "write-tree",
        }
    }

    /// True if it may fetch missing objects of a partial clone: it checks files out or talks to a
    /// remote anyway.
    pub(super) fn may_fetch(self) -> bool {
        matches!(
            self,
            Sub::CheckoutIndex
                | Sub::Fetch
                | Sub::LsRemote
                | Sub::Push
                | Sub::ReadTree
                | Sub::Worktree
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_of_sub_commands_is_complete_and_has_no_index_refreshers() {
        let words: std::collections::BTreeSet<_> = Sub::ALL.iter().map(|s| s.word()).collect();
        assert_eq!(words.len(), Sub::ALL.len());
        for word in [
            "status",
            "diff",
            "describe",
            "stash",
            "gc",
            "sparse-checkout",
        ] {
            assert!(!words.contains(word));
        }
    }
}
