//! Programs that start other programs, and what they start.

use crate::guard::call::{Call, Inner, argv, joined};
use crate::guard::git_starts::git;
use crate::guard::options::{Options, Spec};
use crate::guard::prefixes::{LONGS, PREFIXES, Prefix, RUNNERS};
use crate::guard::shell::Arg;

const SHELLS: &[&str] = &[
    "sh", "bash", "dash", "zsh", "ksh", "mksh", "ash", "fish", "rbash",
];

/// True for a program that reads commands.
pub(super) fn is_shell(program: &str) -> bool {
    SHELLS.contains(&program)
}

/// What is looked for behind `docker exec`, whose own options nobody can count.
const INSIDE: &[&str] = &[
    "sh",
    "bash",
    "ash",
    "dash",
    "zsh",
    "env",
    "psql",
    "mysql",
    "mariadb",
    "sqlite3",
    "redis-cli",
    "mongosh",
    "mongo",
    "dropdb",
    "mysqladmin",
    "clickhouse-client",
    "busybox",
    "find",
    "git",
    "rm",
];

/// The commands that this one starts.
pub(super) fn inner(call: &Call) -> Vec<Inner> {
    let (program, args) = (call.program.as_str(), call.args());
    if let Some(prefix) = PREFIXES.iter().find(|prefix| prefix.program == program) {
        return behind(prefix, args);
    }
    if let Some((_, words, operands)) = RUNNERS.iter().find(|runner| runner.0 == program) {
        let options = Options::read(args, Spec::first("C", LONGS));
        let runs = options
            .words()
            .first()
            .is_some_and(|word| words.contains(word));
        let rest = owned(options.rest.get(1..).unwrap_or_default());
        let inner = Options::read(&rest, Spec::first("p", LONGS));
        let command = owned(inner.rest.get(*operands..).unwrap_or_default());
        return if runs { argv(command) } else { Vec::new() };
    }
    match program {
        name if is_shell(name) => shell(call),
        "eval" => vec![Inner::Text(joined(args))],
        "trap" if args.len() > 1 => vec![Inner::Text(args[0].text.clone())],
        "." | "source" => sourced(call),
        "alias" => aliases(args),
        "at" | "batch" => stdin(call),
        "nix-shell" => texts(args, &["run", "command"]),
        "tmux" => tmux(args),
        "env" => env(args),
        "command" => command(args),
        "su" | "runuser" | "script" => shell_option(args),
        "flock" => flock(args),
        "watch" => {
            let options = Options::read(args, Spec::first("n", LONGS));
            vec![Inner::Text(options.words().join(" "))]
        }
        "ssh" => {
            let options = Options::read(args, Spec::first("bcDEeFIiJLlmOopQRSWwB", &[]));
            let words = options.words();
            match words.get(1..).unwrap_or_default() {
                [] => stdin(call),
                ["--", words @ ..] | words => vec![Inner::Text(words.join(" "))],
            }
        }
        "git" => git(call),
        "find" | "fd" => find(args),
        "docker" | "podman" | "nerdctl" | "kubectl" | "oc" | "docker-compose" => container(args),
        "python" | "python3" if args.len() > 1 && args[0].text == "-m" => argv(args[1..].to_vec()),
        _ => Vec::new(),
    }
}

fn owned(args: &[&Arg]) -> Vec<Arg> {
    args.iter().map(|arg| (*arg).clone()).collect()
}

fn is_assignment(word: &str) -> bool {
    word.split_once('=').is_some_and(|(name, _)| {
        !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
    })
}

/// What stands behind options, operands and assignments.
fn behind(prefix: &Prefix, args: &[Arg]) -> Vec<Inner> {
    let options = Options::read(args, prefix.spec);
    if prefix.program == "npx" && options.has('c', "call") {
        let texts = options.values("c", &["call"]);
        return texts
            .into_iter()
            .map(|text| Inner::Text(text.to_owned()))
            .collect();
    }
    let rest = options.rest.get(prefix.operands..).unwrap_or_default();
    let named = rest.iter().position(|arg| !is_assignment(&arg.text));
    let mut words = owned(&rest[named.unwrap_or(rest.len())..]);
    if prefix.program == "parallel" {
        let end = words.iter().position(|arg| arg.text.starts_with(":::"));
        let given = words.split_off(end.unwrap_or(words.len()));
        words.extend(given.into_iter().skip(1));
    }
    argv(words)
}

fn env(args: &[Arg]) -> Vec<Inner> {
    let options = Options::read(
        args,
        Spec::first("uCS", &["unset", "chdir", "split-string"]),
    );
    let rest = &options.rest;
    let named = rest.iter().position(|arg| !is_assignment(&arg.text));
    let words = owned(&rest[named.unwrap_or(rest.len())..]);
    match options.values("S", &["split-string"]).first() {
        Some(text) => vec![Inner::Text(format!("{text} {}", joined(&words)))],
        None => argv(words),
    }
}

/// `command -v x` only looks.
fn command(args: &[Arg]) -> Vec<Inner> {
    let options = Options::read(args, Spec::first("", &[]));
    match options.short('v') || options.short('V') {
        true => Vec::new(),
        false => argv(owned(&options.rest)),
    }
}

fn shell(call: &Call) -> Vec<Inner> {
    let options = Options::read(call.args(), Spec::first("oO", &["rcfile", "init-file"]));
    let words = options.words();
    let words: Vec<&str> = words
        .into_iter()
        .skip_while(|word| word.starts_with('+'))
        .collect();
    if options.has('c', "command") {
        return words
            .first()
            .map(|text| Inner::Text((*text).to_owned()))
            .into_iter()
            .collect();
    }
    match words.first() {
        None | Some(&("-" | "/dev/stdin")) => stdin(call),
        Some(_) if options.short('s') => stdin(call),
        Some(name) => written(name),
    }
}

fn sourced(call: &Call) -> Vec<Inner> {
    match call.args().first().map(|arg| arg.text.as_str()) {
        Some("/dev/stdin") => stdin(call),
        Some(name) => written(name),
        None => Vec::new(),
    }
}

/// What `<(...)` says stands in the place of a name; few files have blanks in theirs.
fn written(name: &str) -> Vec<Inner> {
    match name.contains(char::is_whitespace) {
        true => vec![Inner::Text(name.to_owned())],
        false => Vec::new(),
    }
}

/// Whoever names a command means to call it.
fn aliases(args: &[Arg]) -> Vec<Inner> {
    let values = args.iter().filter_map(|arg| arg.text.split_once('='));
    let called = values.map(|(name, value)| Inner::Text(format!("{value} {name}")));
    called.collect()
}

/// The values of options that hold command lines.
fn texts(args: &[Arg], names: &'static [&'static str]) -> Vec<Inner> {
    let options = Options::read(args, Spec::mixed("", names));
    let values = options.values("", names).into_iter();
    values.map(|text| Inner::Text(text.to_owned())).collect()
}

/// Verbs of tmux that start a command, or type one.
const TMUX: [&str; 13] = [
    "new",
    "new-session",
    "new-window",
    "neww",
    "split-window",
    "splitw",
    "respawn-pane",
    "respawn-window",
    "run",
    "run-shell",
    "send",
    "send-keys",
    "if-shell",
];

fn tmux(args: &[Arg]) -> Vec<Inner> {
    let outer = Options::read(args, Spec::first("cfLST", &[]));
    let Some((verb, rest)) = outer.rest.split_first() else {
        return Vec::new();
    };
    if !TMUX.contains(&verb.text.as_str()) {
        return Vec::new();
    }
    let rest = owned(rest);
    let inner = Options::read(&rest, Spec::first("ceEFfnstxylN", &[]));
    let keys = ["Enter", "C-m"];
    let words = inner
        .words()
        .into_iter()
        .filter(|word| !keys.contains(word));
    vec![Inner::Text(words.collect::<Vec<_>>().join(" "))]
}

fn stdin(call: &Call) -> Vec<Inner> {
    call.stdin.clone().map(Inner::Text).into_iter().collect()
}

/// `su -c`, `script -c`, `runuser -u user -- command`.
fn shell_option(args: &[Arg]) -> Vec<Inner> {
    let longs = &[
        "command",
        "session-command",
        "user",
        "group",
        "shell",
        "log-out",
    ];
    let options = Options::read(args, Spec::mixed("cugsO", longs));
    let texts = options.values("c", &["command", "session-command"]);
    let mut inner: Vec<Inner> = texts
        .into_iter()
        .map(|text| Inner::Text(text.to_owned()))
        .collect();
    if let Some(words) = &options.behind {
        inner.extend(argv(owned(words)));
    }
    inner
}

fn flock(args: &[Arg]) -> Vec<Inner> {
    let options = Options::read(args, Spec::first("wEc", &["timeout", "conflict-exit-code"]));
    let rest = options.rest.get(1..).unwrap_or_default();
    match rest {
        [flag, text, ..] if flag.text == "-c" || flag.text == "--command" => {
            vec![Inner::Text(text.text.clone())]
        }
        words => argv(owned(words)),
    }
}

fn find(args: &[Arg]) -> Vec<Inner> {
    let starts = [
        "-exec",
        "-execdir",
        "-ok",
        "-okdir",
        "-x",
        "-X",
        "--exec",
        "--exec-batch",
    ];
    let mut out = Vec::new();
    let mut rest = args;
    while let Some(at) = rest
        .iter()
        .position(|arg| starts.contains(&arg.text.as_str()))
    {
        rest = &rest[at + 1..];
        let end = rest
            .iter()
            .position(|arg| matches!(arg.text.as_str(), ";" | "+"));
        let (words, after) = rest.split_at(end.unwrap_or(rest.len()));
        out.extend(argv(words.to_vec()));
        rest = after;
    }
    out
}

fn container(args: &[Arg]) -> Vec<Inner> {
    let Some(verb) = args
        .iter()
        .position(|arg| matches!(arg.text.as_str(), "exec" | "run"))
    else {
        return Vec::new();
    };
    let rest = &args[verb + 1..];
    let known = |arg: &Arg| {
        let name = arg.text.rsplit('/').next().unwrap_or("");
        INSIDE.contains(&name)
    };
    match rest.iter().position(known) {
        Some(at) => argv(rest[at..].to_vec()),
        None => Vec::new(),
    }
}
