//! Removing files, overwriting disks, opening rights.

use crate::guard::builtin::{
    Builtin, CHMOD_RECURSIVE, DISK_DESTROY, FIND_DELETE, RM_RECURSIVE, RM_RECURSIVE_FORCE, RM_RF,
};
use crate::guard::call::Call;
use crate::guard::options::{Options, Spec};

/// Adds the rules that the command touches.
pub(super) fn detect(call: &Call, out: &mut Vec<Builtin>) {
    match call.program.as_str() {
        "rm" | "grm" | "rimraf" => rm(call, out),
        "find" => {
            let deletes = call.args().iter().any(|arg| arg.text == "-delete");
            out.extend(deletes.then_some(FIND_DELETE));
        }
        "rsync" => {
            let options = Options::read(call.args(), Spec::PLAIN);
            let dry = options.has('n', "dry-run");
            let deletes = ["delete", "delete-before", "delete-after", "delete-excluded"];
            let found = deletes.iter().any(|name| options.long(name, name.len()));
            out.extend((found && !dry).then_some(FIND_DELETE));
        }
        "shred" | "wipefs" | "blkdiscard" | "fdisk" | "sfdisk" | "sgdisk" | "parted" | "mkswap" => {
            let reads = ["-l", "--list", "--help", "--version"];
            let harmless = call
                .args()
                .iter()
                .any(|arg| reads.contains(&arg.text.as_str()));
            out.extend((!harmless && !call.args().is_empty()).then_some(DISK_DESTROY));
        }
        name if name == "mkfs" || name.starts_with("mkfs.") || name == "mke2fs" => {
            out.push(DISK_DESTROY);
        }
        "chmod" | "chown" | "chgrp" => chmod(call, out),
        _ => {}
    }
}

fn rm(call: &Call, out: &mut Vec<Builtin>) {
    let options = Options::read(call.args(), Spec::PLAIN);
    let whole = call.program == "rimraf";
    let recursive =
        whole || options.short('r') || options.short('R') || options.long("recursive", 1);
    let force = whole || options.short('f') || options.long("force", 1);
    let words = options.words();
    let hard = words.iter().any(|word| is_precious(word)) || options.long("no-preserve-root", 3);
    match (recursive, force) {
        (true, _) if hard => out.push(RM_RECURSIVE_FORCE),
        (true, true) => out.push(RM_RF),
        (true, false) => out.push(RM_RECURSIVE),
        (false, _) => {}
    }
    let many = |name: &String| matches!(name.as_str(), "find" | "fd" | "xargs" | "parallel");
    if !recursive && call.through.iter().any(many) {
        out.push(FIND_DELETE);
    }
}

/// The root, a folder right below it, a home, the current or an outer folder, a repository.
fn is_precious(path: &str) -> bool {
    let end = path.trim_end_matches(['/', '*']);
    let climbs = end.split('/').all(|part| matches!(part, "" | "." | ".."));
    let parts: Vec<&str> = end.split('/').filter(|part| !part.is_empty()).collect();
    let absolute = path.starts_with('/');
    let temporary = ["tmp", "var/tmp", "dev/shm"];
    match parts.as_slice() {
        [] => absolute || path.starts_with('*') || path.starts_with("./"),
        _ if climbs => true,
        [.., last] if *last == ".git" => true,
        [first] if first.starts_with('~') => true,
        [_] if absolute => !temporary.contains(&parts[0]),
        ["home" | "Users", _] if absolute => true,
        _ => false,
    }
}

fn chmod(call: &Call, out: &mut Vec<Builtin>) {
    let options = Options::read(call.args(), Spec::PLAIN);
    if !(options.short('R') || options.long("recursive", 3)) {
        return;
    }
    let words = options.words();
    let Some((mode, paths)) = words.split_first() else {
        return;
    };
    let opens = call.program == "chmod" && opens_to_all(mode);
    if opens
        || paths
            .iter()
            .any(|path| is_precious(path) && *path != "." && *path != "./")
    {
        out.push(CHMOD_RECURSIVE);
    }
}

/// `777`, `a+rwx`, `o+w`, `+w` for everybody.
fn opens_to_all(mode: &str) -> bool {
    let octal = mode.bytes().all(|b| (b'0'..=b'7').contains(&b));
    if octal {
        let last = mode.bytes().last().unwrap_or(b'0') - b'0';
        return last & 2 != 0;
    }
    mode.split(',').any(|clause| {
        let Some(at) = clause.find(['+', '=']) else {
            return false;
        };
        let (who, what) = clause.split_at(at);
        who.contains(['a', 'o']) && what.contains('w')
    })
}
