//! Files that should not be written by the way: secrets, keys, git's own. Reading them is no
//! matter of the guard.

use crate::guard::builtin::{
    Builtin, CREDENTIALS_FILE, DISK_DESTROY, ENV_FILE_MODIFY, GIT_DIR_MODIFY, SSH_KEY_MODIFY,
};
use crate::guard::call::Call;
use crate::guard::git_line::GitLine;
use crate::guard::options::{Options, Spec};

/// The rules that writing a path touches.
pub(in crate::guard) fn of_path(path: &str) -> Vec<Builtin> {
    let path = path.replace('\\', "/");
    let parts: Vec<&str> = path
        .split('/')
        .filter(|part| !part.is_empty() && *part != ".")
        .collect();
    let Some((name, folders)) = parts.split_last() else {
        return Vec::new();
    };
    let lower = name.to_ascii_lowercase();
    let mut out = Vec::new();
    if is_env_file(&lower) {
        out.push(ENV_FILE_MODIFY);
    }
    if is_credentials(&lower, folders) {
        out.push(CREDENTIALS_FILE);
    }
    let in_ssh = folders.contains(&".ssh") || *name == ".ssh";
    if in_ssh && !lower.starts_with("known_hosts") {
        out.push(SSH_KEY_MODIFY);
    }
    if folders
        .iter()
        .chain([name])
        .any(|part| part.eq_ignore_ascii_case(".git"))
    {
        out.push(GIT_DIR_MODIFY);
    }
    if path.starts_with("/dev/") && !is_harmless_device(&parts) {
        out.push(DISK_DESTROY);
    }
    out
}

/// `.env` and `.env.production`, but no example of one.
fn is_env_file(name: &str) -> bool {
    const EXAMPLES: [&str; 7] = [
        "example", "sample", "template", "dist", "defaults", "schema", "md",
    ];
    match name.strip_prefix(".env") {
        Some("") => true,
        Some(rest) => rest
            .strip_prefix('.')
            .is_some_and(|kind| !kind.split('.').any(|part| EXAMPLES.contains(&part))),
        None => false,
    }
}

fn is_credentials(name: &str, folders: &[&str]) -> bool {
    let (stem, extension) = name.split_once('.').unwrap_or((name, ""));
    let stems = [
        "credentials",
        "secrets",
        "passwords",
        "credential",
        "secret",
    ];
    let extensions = ["json", "yaml", "yml", "txt", "toml", "ini"];
    let within = |folder: &str| folders.last() == Some(&folder);
    (stems.contains(&stem) && extensions.contains(&extension))
        || matches!(
            name,
            ".git-credentials" | ".netrc" | ".pgpass" | ".pypirc" | ".my.cnf"
        )
        || (within(".aws") && matches!(name, "credentials" | "config"))
        || (within(".docker") && name == "config.json")
        || (within(".kube") && name == "config")
}

fn is_harmless_device(parts: &[&str]) -> bool {
    const HARMLESS: [&str; 10] = [
        "null", "zero", "full", "stdin", "stdout", "stderr", "tty", "random", "urandom", "console",
    ];
    let device = parts.get(1).copied().unwrap_or("");
    HARMLESS.contains(&device)
        || matches!(
            device,
            "fd" | "shm" | "pts" | "ptmx" | "mqueue" | "tcp" | "udp"
        )
}

/// The paths that a command writes or removes, as far as its words tell.
pub(super) fn written(call: &Call) -> Vec<String> {
    let mut out = call.targets.clone();
    let texts = |words: Vec<&str>| words.into_iter().map(str::to_owned).collect::<Vec<_>>();
    let plain = || texts(Options::read(call.args(), Spec::PLAIN).words());
    match call.program.as_str() {
        "cp" | "install" | "ln" | "rsync" | "scp" => out.extend(copied(call)),
        "mv" => {
            out.extend(copied(call));
            out.extend(plain());
        }
        "tee" | "rm" | "unlink" | "shred" | "touch" | "rmdir" | "vi" | "vim" | "nano" | "ed"
        | "emacs" | "srm" | "sponge" => out.extend(plain()),
        "truncate" => {
            let options = Options::read(call.args(), Spec::mixed("sr", &["size", "reference"]));
            out.extend(texts(options.words()));
        }
        "chmod" | "chown" | "chgrp" => out.extend(plain().into_iter().skip(1)),
        "sed" | "gsed" => out.extend(sed(call)),
        "perl" | "ruby" => {
            let options = Options::read(call.args(), Spec::mixed("eEI", &[]));
            if options.short('i') {
                out.extend(texts(options.words()));
            }
        }
        "dd" => {
            let files = call
                .args()
                .iter()
                .filter_map(|arg| arg.text.strip_prefix("of="));
            out.extend(files.map(str::to_owned));
        }
        "curl" => out.extend(texts(values(call, "o", &["output"]))),
        "wget" => out.extend(texts(values(call, "O", &["output-document"]))),
        "openssl" => out.extend(behind(call, "-out")),
        "ssh-keygen" => out.extend(behind(call, "-f")),
        "sort" => out.extend(texts(values(call, "o", &["output"]))),
        _ => {}
    }
    if let Some(line) = GitLine::read(call)
        && matches!(line.verb, "checkout" | "restore" | "rm" | "mv" | "clean")
    {
        out.extend(texts(Options::read(&line.args, Spec::PLAIN).words()));
    }
    out
}

fn values<'a>(
    call: &'a Call,
    letters: &'static str,
    names: &'static [&'static str],
) -> Vec<&'a str> {
    Options::read(call.args(), Spec::mixed(letters, names)).values(letters, names)
}

/// The word behind another one.
fn behind(call: &Call, word: &str) -> Vec<String> {
    let pairs = call.args().windows(2);
    let found = pairs.filter(|pair| pair[0].text == word);
    found.map(|pair| pair[1].text.clone()).collect()
}

/// Where copies end up: the last operand, or the names of the others inside of it.
fn copied(call: &Call) -> Vec<String> {
    let spec = Spec::mixed(
        "tSmogeF",
        &["target-directory", "suffix", "mode", "owner", "group"],
    );
    let options = Options::read(call.args(), spec);
    let words = options.words();
    let folder = options.values("t", &["target-directory"]).first().copied();
    let (sources, target) = match (folder, words.split_last()) {
        (Some(folder), _) => (words.as_slice(), folder),
        (None, Some((target, sources))) => (sources, *target),
        (None, None) => return Vec::new(),
    };
    let is_folder = folder.is_some() || sources.len() > 1 || target.ends_with(['/', '.']);
    if !is_folder {
        return vec![target.to_owned()];
    }
    let inside = |source: &&str| {
        let name = source
            .trim_end_matches('/')
            .rsplit('/')
            .next()
            .unwrap_or("");
        format!("{}/{name}", target.trim_end_matches('/'))
    };
    let mut out: Vec<String> = sources.iter().map(inside).collect();
    out.push(target.to_owned());
    out
}

/// The files of `sed -i`: without `-e` or `-f` the first operand is the script.
fn sed(call: &Call) -> Vec<String> {
    let in_place = call.args().iter().any(|arg| {
        let text = arg.text.as_str();
        let cluster = text.starts_with('-') && !text.starts_with("--");
        text.starts_with("--in-place")
            || (cluster
                && text[1..]
                    .chars()
                    .take_while(|c| !"efl".contains(*c))
                    .any(|c| c == 'i'))
    });
    if !in_place {
        return Vec::new();
    }
    // A suffix is glued to `-i`, so the letter ends its cluster.
    let options = Options::read(call.args(), Spec::mixed("efl", &["expression", "file"]));
    let scripted = !options.values("ef", &["expression", "file"]).is_empty();
    let words = options.words().into_iter().skip(usize::from(!scripted));
    words.map(str::to_owned).collect()
}
