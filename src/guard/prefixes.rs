//! Programs that stand in front of a command, as data.

use crate::guard::options::Spec;

/// A program in front of a command: its options, and how many operands precede the command.
pub(super) struct Prefix {
    pub(super) program: &'static str,
    pub(super) spec: Spec,
    pub(super) operands: usize,
}

const fn prefix(program: &'static str, shorts: &'static str, operands: usize) -> Prefix {
    Prefix {
        program,
        spec: Spec::first(shorts, LONGS),
        operands,
    }
}

/// Long options of those programs that take a value.
pub(super) const LONGS: &[&str] = &[
    "adjustment",
    "arg-file",
    "chdir",
    "chroot",
    "class",
    "classdata",
    "close-from",
    "command-timeout",
    "delimiter",
    "eof",
    "error",
    "format",
    "group",
    "host",
    "input",
    "kill-after",
    "max-args",
    "max-chars",
    "max-lines",
    "max-procs",
    "other-user",
    "output",
    "prompt",
    "role",
    "signal",
    "type",
    "unset",
    "user",
    "userspec",
    "groups",
    "jobs",
    "interval",
    "package",
    "with",
    "from",
    "python",
    "env-file",
];

/// Those of systemd-run, where `--user` is a flag.
const SYSTEMD: &[&str] = &[
    "unit",
    "property",
    "setenv",
    "machine",
    "host",
    "working-directory",
    "slice",
    "description",
    "service-type",
    "uid",
    "gid",
    "on-active",
];

pub(super) const PREFIXES: &[Prefix] = &[
    prefix("sudo", "ughpCTRDUrt", 0),
    prefix("doas", "uCa", 0),
    prefix("nohup", "", 0),
    prefix("setsid", "", 0),
    prefix("builtin", "", 0),
    prefix("exec", "a", 0),
    prefix("time", "fo", 0),
    prefix("nice", "n", 0),
    prefix("ionice", "cnpP", 0),
    prefix("timeout", "ks", 1),
    prefix("stdbuf", "ioe", 0),
    prefix("chrt", "", 1),
    prefix("taskset", "", 1),
    prefix("chroot", "", 1),
    prefix("unbuffer", "", 0),
    prefix("caffeinate", "tw", 0),
    prefix("busybox", "", 0),
    prefix("toybox", "", 0),
    prefix("xargs", "ILnPsEda", 0),
    prefix("parallel", "jNnIaS", 0),
    // Their `-f` follows children and takes nothing.
    prefix("strace", "oeEpPSubIaXO", 0),
    prefix("ltrace", "oeEpsuanw", 0),
    prefix("unshare", "SGRw", 0),
    prefix("nsenter", "tSGW", 0),
    Prefix {
        program: "systemd-run",
        spec: Spec::first("pEuMH", SYSTEMD),
        operands: 0,
    },
    prefix("pkexec", "", 0),
    prefix("gosu", "", 1),
    prefix("su-exec", "", 1),
    prefix("screen", "cehpsStT", 0),
    prefix("entr", "", 0),
    prefix("npx", "pc", 0),
    prefix("bunx", "", 0),
    prefix("winpty", "", 0),
    prefix("xvfb-run", "nsfep", 0),
];

/// Programs that start a command behind a word of their own, with the operands between.
pub(super) const RUNNERS: &[(&str, &[&str], usize)] = &[
    ("uv", &["run"], 0),
    ("poetry", &["run"], 0),
    ("pipenv", &["run"], 0),
    ("pdm", &["run"], 0),
    ("rye", &["run"], 0),
    ("hatch", &["run"], 0),
    ("bundle", &["exec"], 0),
    ("npm", &["exec", "x"], 0),
    ("pnpm", &["exec", "dlx"], 0),
    ("yarn", &["exec", "dlx"], 0),
    ("direnv", &["exec"], 1),
    ("mise", &["exec", "x"], 0),
    ("doppler", &["run"], 0),
    ("op", &["run"], 0),
];
