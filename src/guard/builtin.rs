//! The built-in rules: one line each of what they do and why. Names that users of other tools know
//! are kept.

use serde::Serialize;

use crate::model::{Level, Trust};

/// What a rule protects.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Category {
    /// Commits, branches, and files under version control.
    Git,
    /// Files and disks.
    FileSystem,
    /// Data in databases.
    Database,
    /// Secrets and keys.
    Credentials,
    /// What others run: clusters, hosts, registries.
    Deployment,
    /// Running what nobody has read.
    Execution,
    /// A rule of the project.
    Project,
}

/// A built-in rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Builtin {
    /// Its stable name.
    pub name: &'static str,
    /// What it protects.
    pub category: Category,
    /// What it does.
    pub level: Level,
    /// From this trust on it does not apply.
    pub min_trust: Trust,
    /// What would be lost.
    pub why: &'static str,
    /// What to do instead.
    pub advice: &'static str,
}

macro_rules! rules {
    ($($constant:ident = $name:literal, $category:ident, $level:ident, $trust:ident,
       $why:literal, $advice:literal;)*) => {
        $(
            #[doc = $why]
            pub(super) const $constant: Builtin = Builtin {
                name: $name,
                category: Category::$category,
                level: Level::$level,
                min_trust: Trust::$trust,
                why: $why,
                advice: $advice,
            };
        )*
        /// Every built-in rule.
        pub const ALL: &[Builtin] = &[$($constant),*];
    };
}

rules! {
    GIT_FORCE_PUSH = "git_force_push", Git, Block, ELEVATED,
        "it replaces what others may have built on",
        "push to a branch of your own, or ask a person";
    // Others' new commits are noticed, so nothing is lost unseen.
    GIT_FORCE_WITH_LEASE = "git_force_with_lease", Git, Warn, ELEVATED,
        "it rewrites a published branch, if nobody else moved it",
        "push a new commit instead of a rewritten one";
    GIT_RESET_HARD = "git_reset_hard", Git, Block, ELEVATED,
        "it throws away what is not committed",
        "commit first, or reset without touching the files";
    GIT_CLEAN_FORCE = "git_clean_force", Git, Block, ELEVATED,
        "it deletes files that git does not have",
        "list them with `git clean -n` and remove by name what is yours";
    GIT_BRANCH_DELETE = "git_branch_delete", Git, Warn, ELEVATED,
        "the only name of commits may go",
        "leave the branch; finished ones are for a person to remove";
    GIT_BRANCH_MOVE = "git_branch_move", Git, Warn, ELEVATED,
        "it moves an existing branch away from its commits",
        "make a new branch";
    GIT_DISCARD_ALL = "git_discard_all", Git, Block, ELEVATED,
        "it throws away every change that is not committed",
        "commit first, or name the files";
    // An agent undoing its own edit of one file is everyday work.
    GIT_DISCARD = "git_discard", Git, Warn, ELEVATED,
        "it throws away changes that are not committed",
        "look at `git diff` first";
    GIT_HISTORY_REWRITE = "git_history_rewrite", Git, Block, ELEVATED,
        "it removes commits, or what could bring them back",
        "leave old commits alone; ask a person";
    GIT_HOOK_BYPASS = "git_hook_bypass", Git, Warn, ELEVATED,
        "it skips the checks of this repository",
        "let the hooks run and repair what they say";
    GIT_DIR_MODIFY = "git_dir_modify", Git, Block, ELEVATED,
        "it writes into git's own folder",
        "use a git command for it";
    RM_RECURSIVE_FORCE = "rm_recursive_force", FileSystem, Block, PERSON,
        "it removes a whole checkout, home, repository or system",
        "name the folder inside the checkout that is meant";
    RM_RF = "rm_rf", FileSystem, Block, ELEVATED,
        "it removes whole folders without asking",
        "remove files by name, or let the build tool clean up";
    RM_RECURSIVE = "rm_recursive", FileSystem, Warn, ELEVATED,
        "it removes whole folders",
        "remove files by name";
    FIND_DELETE = "find_delete", FileSystem, Warn, ELEVATED,
        "it removes whatever matches",
        "list first, then remove files by name";
    DISK_DESTROY = "disk_destroy", FileSystem, Block, PERSON,
        "it overwrites a disk or what cannot be brought back",
        "ask a person";
    CHMOD_RECURSIVE = "chmod_recursive", FileSystem, Block, ELEVATED,
        "it opens or takes over whole trees of files",
        "change the rights of the files that need it";
    DROP_TABLE = "drop_table", Database, Block, PERSON,
        "it removes a table or database with all it holds",
        "write a migration and let a person run it";
    TRUNCATE_TABLE = "truncate_table", Database, Block, PERSON,
        "it empties a table or store",
        "write a migration and let a person run it";
    DELETE_NO_WHERE = "delete_no_where", Database, Block, ELEVATED,
        "it deletes every row",
        "say which rows";
    UPDATE_NO_WHERE = "update_no_where", Database, Block, ELEVATED,
        "it changes every row",
        "say which rows";
    ENV_FILE_MODIFY = "env_file_modify", Credentials, Warn, ELEVATED,
        "it changes a file of secrets that is not under version control",
        "change the example file and say what is needed";
    CREDENTIALS_FILE = "credentials_file", Credentials, Warn, ELEVATED,
        "it changes stored credentials",
        "ask a person to put them there";
    SSH_KEY_MODIFY = "ssh_key_modify", Credentials, Block, PERSON,
        "it changes who may log in, or as whom",
        "ask a person";
    DEPLOY_COMMAND = "deploy_command", Deployment, Block, ELEVATED,
        "it changes what others run",
        "leave the release to a person or to continuous integration";
    PACKAGE_PUBLISH = "npm_publish", Deployment, Block, ELEVATED,
        "what is published cannot be taken back",
        "try it dry; leave the release to a person";
    PIPE_TO_SHELL = "pipe_to_shell", Execution, Block, ELEVATED,
        "it runs what nobody has read",
        "save it to a file, read it, then run it";
    UNREADABLE = "unreadable", Execution, Block, ELEVATED,
        "what it does cannot be told",
        "write it as a few short commands";
}

/// A built-in rule by its name.
pub fn find(name: &str) -> Option<&'static Builtin> {
    ALL.iter().find(|rule| rule.name == name)
}
