//! Git commands that lose commits or changes.

use crate::guard::builtin::{
    Builtin, GIT_BRANCH_DELETE, GIT_BRANCH_MOVE, GIT_CLEAN_FORCE, GIT_DISCARD, GIT_DISCARD_ALL,
    GIT_FORCE_PUSH, GIT_FORCE_WITH_LEASE, GIT_HISTORY_REWRITE, GIT_HOOK_BYPASS, GIT_RESET_HARD,
};
use crate::guard::call::Call;
use crate::guard::git_line::GitLine;
use crate::guard::options::{Options, Spec};

/// Adds the rules that a git command touches.
pub(super) fn detect(call: &Call, out: &mut Vec<Builtin>) {
    let Some(line) = GitLine::read(call) else {
        return;
    };
    if line.setting("core.hookspath").is_some() {
        out.push(GIT_HOOK_BYPASS);
    }
    match line.verb {
        "push" | "send-pack" => push(&line, out),
        "reset" => {
            let options = Options::read(&line.args, Spec::PLAIN);
            out.extend(options.long("hard", 2).then_some(GIT_RESET_HARD));
        }
        "clean" => clean(&line, out),
        "branch" => branch(&line, out),
        "checkout" => checkout(&line, out),
        "switch" => switch(&line, out),
        "restore" => restore(&line, out),
        "stash" => stash(&line, out),
        "commit" | "merge" | "am" | "cherry-pick" | "rebase" => hooks(&line, out),
        _ => rest(&line, out),
    }
}

fn push(line: &GitLine<'_>, out: &mut Vec<Builtin>) {
    let longs = &[
        "repo",
        "receive-pack",
        "exec",
        "push-option",
        "recurse-submodules",
    ];
    let options = Options::read(&line.args, Spec::mixed("o", longs));
    if options.long("no-verify", 6) {
        out.push(GIT_HOOK_BYPASS);
    }
    if options.short('n') || options.long("dry-run", 3) {
        return;
    }
    let words = options.words();
    let refs = words.get(1..).unwrap_or_default();
    let plus = words.iter().any(|word| word.starts_with('+'));
    if options.has('f', "force") || options.long("mirror", 1) || plus {
        out.push(GIT_FORCE_PUSH);
    } else if options.long("force-with-lease", 7) {
        out.push(GIT_FORCE_WITH_LEASE);
    }
    let empties =
        |word: &&str| word.strip_prefix('+').unwrap_or(word).starts_with(':') && word.len() > 1;
    let deletes = options.short('d') || options.long("delete", 2) || options.long("prune", 3);
    if deletes || refs.iter().any(|word| empties(word) && *word != "+:") {
        out.push(GIT_BRANCH_DELETE);
    }
}

fn clean(line: &GitLine<'_>, out: &mut Vec<Builtin>) {
    let options = Options::read(&line.args, Spec::mixed("e", &["exclude"]));
    let dry = options.short('n') || options.long("dry-run", 1) || options.short('i');
    let off = matches!(
        line.setting("clean.requireforce"),
        Some("false" | "no" | "off" | "0")
    );
    if !dry && (options.short('f') || options.long("force", 1) || off) {
        out.push(GIT_CLEAN_FORCE);
    }
}

fn branch(line: &GitLine<'_>, out: &mut Vec<Builtin>) {
    let options = Options::read(
        &line.args,
        Spec::mixed("u", &["set-upstream-to", "sort", "format"]),
    );
    let force = options.short('f') || options.long("force", 4);
    let delete = options.short('d') || options.long("delete", 1);
    if options.short('D') || (delete && force) {
        out.push(GIT_BRANCH_DELETE);
    } else if force || options.short('M') || options.short('C') {
        out.push(GIT_BRANCH_MOVE);
    }
}

/// The whole tree, in the spellings of pathspecs.
fn is_everything(path: &str) -> bool {
    let path = path.trim_end_matches('/');
    matches!(
        path,
        "" | "." | "./" | "*" | "./*" | ":" | ":/" | ":/*" | ":(top)" | ":(top)*" | "**"
    ) || path.chars().all(|c| c == '.' || c == '/')
}

fn discard(paths: &[&str], out: &mut Vec<Builtin>) {
    if paths.iter().any(|path| is_everything(path)) {
        out.push(GIT_DISCARD_ALL);
    } else if !paths.is_empty() {
        out.push(GIT_DISCARD);
    }
}

fn checkout(line: &GitLine<'_>, out: &mut Vec<Builtin>) {
    let spec = Spec::mixed("bB", &["orphan", "conflict", "pathspec-from-file"]);
    let options = Options::read(&line.args, spec);
    if options.short('B') {
        out.push(GIT_BRANCH_MOVE);
    }
    let words = options.words();
    let named = options.behind.as_ref().map(Vec::len);
    let paths = match named {
        Some(number) => &words[words.len() - number..],
        // Where a branch is made, operands are a name and a start.
        None if options.short('b') || options.short('B') || options.short('t') => &[][..],
        // One operand is a branch, unless no branch can be called so.
        None if words.len() == 1 && !is_everything(words[0]) && !words[0].ends_with('/') => &[],
        None if words.len() == 1 => &words,
        None => words.get(1..).unwrap_or_default(),
    };
    if paths.is_empty() && (options.short('f') || options.long("force", 1)) {
        out.push(GIT_DISCARD_ALL);
    }
    let all = options.long("pathspec-from-file", 5);
    out.extend(all.then_some(GIT_DISCARD));
    discard(paths, out);
}

fn switch(line: &GitLine<'_>, out: &mut Vec<Builtin>) {
    let options = Options::read(
        &line.args,
        Spec::mixed("cC", &["create", "force-create", "orphan"]),
    );
    if options.short('C') || options.long("force-create", 7) {
        out.push(GIT_BRANCH_MOVE);
    }
    if options.short('f') || options.long("force", 5) || options.long("discard-changes", 3) {
        out.push(GIT_DISCARD_ALL);
    }
}

fn restore(line: &GitLine<'_>, out: &mut Vec<Builtin>) {
    let options = Options::read(
        &line.args,
        Spec::mixed("s", &["source", "pathspec-from-file"]),
    );
    let staged = options.short('S') || options.long("staged", 2);
    let tree = options.short('W') || options.long("worktree", 1);
    if tree || !staged {
        discard(&options.words(), out);
    }
}

fn stash(line: &GitLine<'_>, out: &mut Vec<Builtin>) {
    let options = Options::read(&line.args, Spec::PLAIN);
    match options.words().first() {
        Some(&"clear") => out.push(GIT_DISCARD_ALL),
        Some(&"drop") => out.push(GIT_DISCARD),
        _ => {}
    }
}

/// `-n` is the hooks' in `commit` alone; messages are values and not options.
fn hooks(line: &GitLine<'_>, out: &mut Vec<Builtin>) {
    let longs = &[
        "message",
        "file",
        "author",
        "date",
        "reuse-message",
        "reedit-message",
        "template",
    ];
    let commits = line.verb == "commit";
    let letters = if commits { "mFcCt" } else { "msX" };
    let options = Options::read(&line.args, Spec::mixed(letters, longs));
    // What follows `-u` in a word is its value.
    let short = commits && options.short('n') && !options.short('u');
    if short || options.long("no-verify", 6) {
        out.push(GIT_HOOK_BYPASS);
    }
}

fn rest(line: &GitLine<'_>, out: &mut Vec<Builtin>) {
    let options = Options::read(
        &line.args,
        Spec::mixed("m", &["expire", "expire-unreachable"]),
    );
    let words = options.words();
    let first = words.first().copied().unwrap_or("");
    let prunes_now = || {
        let when = options.values("", &["prune"]);
        let set = line.setting("gc.pruneexpire");
        let soon = |when: &str| matches!(when, "now" | "all") || when.ends_with("seconds.ago");
        when.into_iter().chain(set).any(soon)
    };
    let rewrites = match line.verb {
        "filter-branch" | "filter-repo" | "replace" | "prune" => !options.short('n'),
        "reflog" => matches!(first, "expire" | "delete") && !options.has('n', "dry-run"),
        "gc" => prunes_now(),
        "update-ref" => options.short('d') || options.long("stdin", 3),
        "symbolic-ref" => options.short('d') || options.long("delete", 3),
        _ => false,
    };
    if rewrites {
        out.push(GIT_HISTORY_REWRITE);
    }
    let force = options.has('f', "force");
    let discards = match line.verb {
        "worktree" => first == "remove" && force,
        "submodule" => first == "deinit" && force,
        "checkout-index" => force || options.short('a'),
        "read-tree" => options.long("reset", 3),
        "rm" => force && !options.long("cached", 2) && options.short('r'),
        _ => false,
    };
    if discards {
        out.push(GIT_DISCARD_ALL);
    }
    if line.verb == "config"
        && words
            .iter()
            .any(|word| word.eq_ignore_ascii_case("core.hookspath"))
    {
        let reads = ["get", "get-all", "list"]
            .iter()
            .any(|name| options.long(name, name.len()));
        if !reads && words.len() > 1 && first != "get" {
            out.push(GIT_HOOK_BYPASS);
        }
    }
    if line.verb == "tag" && (options.short('d') || options.long("delete", 3)) {
        out.push(GIT_BRANCH_DELETE);
    }
}
