//! What a room needs before work starts: files from the main checkout.
//!
//! Only what git ignores in the room is brought in: anything else would be committed as the
//! agent's work, and a secret among it published. Nothing that stands in the room or is tracked
//! there is overwritten, and no link is followed, in the checkout or in the room. Of the three
//! ways only `hardlink` makes hard links, because somebody asked: see [`RoomSettings`].

use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use crate::base::{RepoPath, Result, text};
use crate::git::{Git, Sub};
use crate::model::settings::RoomSettings;
use crate::os::file;
use crate::os::share::{Bring, Share};
use crate::worktree::wanted;

/// Asked for in a folder, to learn whether the folder is ignored before it exists.
const PROBE: &str = ".wp-probe";

/// What was brought into a room, and what not.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Equipped {
    /// Files and folders that came. They are nobody's work: they are never committed.
    pub brought: Vec<RepoPath>,
    /// A line for each thing that was left out.
    pub left_out: Vec<String>,
}

/// Brings what `settings` name from the checkout `main` into the room at `path`.
///
/// # Errors
/// A name of the settings leads out of the checkout, or a file cannot be brought.
pub fn equip(path: &Path, main: &Path, settings: &RoomSettings) -> Result<Equipped> {
    let mut done = Equipped::default();
    let lists = [
        (Share::Copy, &settings.copy),
        (Share::Symlink, &settings.link),
        (Share::Hardlink, &settings.hardlink),
    ];
    let mut wanted: Vec<(Share, PathBuf)> = Vec::new();
    for (share, names) in lists {
        for name in names {
            let found = wanted::find(main, name)?;
            done.left_out.extend(found.left_out);
            wanted.extend(found.paths.into_iter().map(|path| (share, path)));
        }
    }
    wanted.retain(|(_, name)| {
        let reachable = is_reachable(path, main, name);
        if !reachable {
            let shown = text::foreign(&name.to_string_lossy()).to_string();
            let line = format!("`{shown}` is behind a link in the worktree, which is not followed");
            done.left_out.push(line);
        }
        reachable
    });
    if wanted.is_empty() {
        return Ok(done);
    }
    let ignored = ignored(path, main, wanted.iter().map(|(_, name)| name.as_path()))?;
    let tracked = tracked(path)?;
    let is_taken = |place: &Path| {
        let below = place.strip_prefix(path).map(Path::as_os_str);
        below.is_ok_and(|below| tracked.contains(below))
    };
    for (share, name) in wanted {
        let shown = text::foreign(&name.to_string_lossy()).to_string();
        if !ignored.contains(&name) {
            done.left_out.push(format!(
                "`{shown}` is not ignored by git, so it would be committed; add it to .gitignore"
            ));
        } else {
            make_folders(path, &name)?;
            let bring = Bring {
                share,
                is_taken: &is_taken,
            };
            let left_out = bring.run(&main.join(&name), &path.join(&name))?;
            done.left_out.extend(left_out.special.iter().map(|path| {
                let shown = text::foreign(&path.to_string_lossy()).to_string();
                format!("`{shown}` is neither a file nor a folder")
            }));
            done.brought
                .push(RepoPath::from_bytes(name.as_os_str().as_bytes()));
        }
    }
    Ok(done)
}

/// True if no folder on the way to `name` is a link or a file in the room, nor the place of a
/// folder itself.
fn is_reachable(room: &Path, main: &Path, name: &Path) -> bool {
    let is_folder = |path: &Path| fs::symlink_metadata(path).is_ok_and(|meta| meta.is_dir());
    let way = match is_folder(&main.join(name)) {
        true => name,
        false => name.parent().unwrap_or(name),
    };
    let mut place = room.to_owned();
    way.components().all(|part| {
        place.push(part);
        fs::symlink_metadata(&place).map_or(true, |meta| meta.is_dir())
    })
}

fn make_folders(room: &Path, name: &Path) -> Result<()> {
    match name.parent() {
        Some(folder) => file::make_shared_dirs(&room.join(folder)),
        None => Ok(()),
    }
}

/// Those of `names` that git ignores in the room, by the room's own rules.
fn ignored<'a>(
    room: &Path,
    main: &Path,
    names: impl Iterator<Item = &'a Path>,
) -> Result<BTreeSet<PathBuf>> {
    let mut input = Vec::new();
    for name in names {
        // A rule for folders does not match a folder that is not there; what is in it matches.
        let is_folder = fs::symlink_metadata(main.join(name)).is_ok_and(|meta| meta.is_dir());
        let asked = if is_folder { &name.join(PROBE) } else { name };
        input.extend_from_slice(asked.as_os_str().as_bytes());
        input.push(0);
    }
    // `check-ignore` takes paths, not patterns, and refuses to be told so.
    let git = Git::in_folder(room).env("GIT_LITERAL_PATHSPECS", "0");
    let call = git.call(Sub::CheckIgnore).args(["-z", "--stdin"]);
    let answer = call.input(input).run()?;
    if answer.code == 1 {
        return Ok(BTreeSet::new());
    }
    let items = crate::git::cmd::split_items(&answer.output()?)
        .ok_or_else(|| crate::git::cmd::malformed(Sub::CheckIgnore))?;
    let paths = items.into_iter().map(|item| {
        let path = PathBuf::from(OsStr::from_bytes(&item));
        match path.file_name() == Some(OsStr::new(PROBE)) {
            true => path.parent().map(Path::to_owned).unwrap_or_default(),
            false => path,
        }
    });
    Ok(paths.collect())
}

/// All paths that the room's index names, also those that a sparse room does not show.
fn tracked(room: &Path) -> Result<BTreeSet<OsString>> {
    let git = Git::in_folder(room);
    let items = git.call(Sub::LsFiles).args(["-z", "--cached"]).items()?;
    let names = items.iter().map(|item| OsStr::from_bytes(item).to_owned());
    Ok(names.collect())
}
