//! Brings files of one folder into another: copied, or shared by links. What is there stays.
//!
//! Links are never followed, neither where files come from nor where they go.

use std::fs::{self, File, Metadata};
use std::io;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use crate::base::{Error, Result};

/// Deepest folder nesting that is brought.
const DEPTH_MAX: usize = 256;

/// How a file comes to another place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Share {
    /// A file of its own. Data is shared until somebody writes, where the file system can do that
    /// (reflink); never a hard link, through which a write would reach the original.
    Copy,
    /// A symbolic link to the original. Folders are made, and what is in them is linked: an ignore
    /// rule that ends with `/` does not match a link.
    Symlink,
    /// A hard link, or a copy where there can be none. A write in place reaches the original.
    Hardlink,
}

/// Where files come from and go to, and which places stay free.
pub struct Bring<'a> {
    /// How.
    pub share: Share,
    /// True for a place to which nothing may come.
    pub is_taken: &'a dyn Fn(&Path) -> bool,
}

/// What was not brought, by where it stands.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LeftOut {
    /// Sockets, pipes, devices.
    pub special: Vec<PathBuf>,
}

impl Bring<'_> {
    /// Brings the file, folder or link at `from` to `to`, whose folder exists. What stands at a
    /// place already stays as it is.
    ///
    /// # Errors
    /// Something cannot be read or written, or folders are nested too deeply.
    pub fn run(&self, from: &Path, to: &Path) -> Result<LeftOut> {
        let mut left_out = LeftOut::default();
        self.entry(from, to, 0, &mut left_out)?;
        Ok(left_out)
    }

    fn entry(&self, from: &Path, to: &Path, depth: usize, left_out: &mut LeftOut) -> Result<()> {
        let about = |e| {
            let (from, to) = (from.display(), to.display());
            Error::io(format!("cannot bring `{from}` to `{to}`"), e)
        };
        let meta = fs::symlink_metadata(from).map_err(about)?;
        let kind = meta.file_type();
        if kind.is_dir() {
            return self.folder((from, &meta), to, depth, left_out);
        }
        if (self.is_taken)(to) || fs::symlink_metadata(to).is_ok() {
            return Ok(());
        }
        if self.share == Share::Symlink {
            return symlink(from, to).map_err(about);
        }
        if kind.is_symlink() {
            let target = fs::read_link(from).map_err(about)?;
            return symlink(target, to).map_err(about);
        }
        if !kind.is_file() {
            left_out.special.push(from.to_owned());
            return Ok(());
        }
        if self.share == Share::Hardlink && fs::hard_link(from, to).is_ok() {
            return Ok(());
        }
        copy_file(from, to, meta.permissions().mode()).map_err(about)
    }

    fn folder(
        &self,
        (from, meta): (&Path, &Metadata),
        to: &Path,
        depth: usize,
        left_out: &mut LeftOut,
    ) -> Result<()> {
        let about = |e| Error::io(format!("cannot bring `{}`", from.display()), e);
        if depth == DEPTH_MAX {
            let message = format!("`{}` is nested too deeply to copy", from.display());
            return Err(Error::usage("too-deep", message));
        }
        let is_new = match fs::symlink_metadata(to) {
            Ok(there) if there.is_dir() => false,
            // A file or a link stands there, and stays.
            Ok(_) => return Ok(()),
            Err(_) if self.share == Share::Symlink && depth > 0 => {
                return symlink(from, to).map_err(about);
            }
            Err(_) => fs::create_dir(to).map(|()| true).map_err(about)?,
        };
        for entry in fs::read_dir(from).map_err(about)? {
            let name = entry.map_err(about)?.file_name();
            self.entry(&from.join(&name), &to.join(&name), depth + 1, left_out)?;
        }
        if is_new && self.share != Share::Symlink {
            // Last, so that a folder without write permission can be filled.
            fs::set_permissions(to, meta.permissions()).map_err(about)?;
        }
        Ok(())
    }
}

fn copy_file(from: &Path, to: &Path, mode: u32) -> io::Result<()> {
    let source = File::open(from)?;
    let target = fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(mode & 0o777)
        .open(to)?;
    if !reflink(&source, &target) {
        io::copy(&mut &source, &mut &target)?;
    }
    target.set_permissions(fs::Permissions::from_mode(mode & 0o777))
}

#[cfg(target_os = "linux")]
fn reflink(source: &File, target: &File) -> bool {
    rustix::fs::ioctl_ficlone(target, source).is_ok()
}

#[cfg(not(target_os = "linux"))]
fn reflink(_source: &File, _target: &File) -> bool {
    false
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::MetadataExt;

    fn bring(share: Share, from: &Path, to: &Path) -> LeftOut {
        let is_taken = &|_: &Path| false;
        Bring { share, is_taken }.run(from, to).unwrap()
    }

    #[test]
    fn a_copy_has_the_content_modes_and_links_and_is_no_hard_link() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::create_dir_all(at("a/b")).unwrap();
        fs::write(at("a/b/run"), "#!").unwrap();
        fs::set_permissions(at("a/b/run"), fs::Permissions::from_mode(0o755)).unwrap();
        symlink("b/run", at("a/link")).unwrap();
        let _socket = std::os::unix::net::UnixListener::bind(at("a/socket")).unwrap();
        let left_out = bring(Share::Copy, &at("a"), &at("c"));
        assert_eq!(left_out.special, [at("a/socket")]);
        assert_eq!(fs::read(at("c/b/run")).unwrap(), b"#!");
        let meta = fs::metadata(at("c/b/run")).unwrap();
        assert_eq!(
            (meta.permissions().mode() & 0o777, meta.nlink()),
            (0o755, 1)
        );
        assert_eq!(fs::read_link(at("c/link")).unwrap(), Path::new("b/run"));
    }

    #[test]
    fn what_is_there_stays_and_taken_places_stay_free() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::create_dir_all(at("a")).unwrap();
        for name in ["a/old", "a/new", "a/taken"] {
            fs::write(at(name), "theirs").unwrap();
        }
        fs::create_dir(at("c")).unwrap();
        fs::write(at("c/old"), "mine").unwrap();
        let is_taken = |path: &Path| path.ends_with("taken");
        for share in [Share::Copy, Share::Symlink, Share::Hardlink] {
            let bring = Bring {
                share,
                is_taken: &is_taken,
            };
            bring.run(&at("a"), &at("c")).unwrap();
            assert_eq!(fs::read(at("c/old")).unwrap(), b"mine");
            assert_eq!(fs::read(at("c/new")).unwrap(), b"theirs");
            assert!(!at("c/taken").exists());
        }
    }

    #[test]
    fn hard_links_share_files_and_no_folder_leads_out() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::create_dir_all(at("a/b")).unwrap();
        fs::create_dir(at("outside")).unwrap();
        fs::write(at("a/b/file"), "x").unwrap();
        bring(Share::Hardlink, &at("a"), &at("h"));
        let inode = |name: &str| fs::metadata(at(name)).unwrap().ino();
        assert_eq!(inode("a/b/file"), inode("h/b/file"));
        fs::create_dir(at("l")).unwrap();
        symlink(at("outside"), at("l/b")).unwrap();
        bring(Share::Copy, &at("a"), &at("l"));
        assert!(fs::read_dir(at("outside")).unwrap().next().is_none());
        bring(Share::Symlink, &at("a"), &at("s"));
        assert!(fs::symlink_metadata(at("s")).unwrap().is_dir());
        assert_eq!(fs::read_link(at("s/b")).unwrap(), at("a/b"));
    }
}
