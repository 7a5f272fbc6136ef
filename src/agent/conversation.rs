//! Where an agent keeps a conversation, and how it is found again from another room.
//!
//! Some agents file their conversations under the folder in which they work. Another attempt works
//! in another folder, so the file is copied to where the agent will look for it.

use std::path::{Path, PathBuf};

use crate::base::Result;
use crate::model::{AgentProfile, Durability};
use crate::os::file::{self, Access};

/// A longer conversation is not gone on with.
const BYTES_MAX: u64 = 256 << 20;

/// Sees to it that the conversation `session` of an agent that worked in the first of `rooms` is
/// found from the second; false if it cannot be.
///
/// # Errors
/// The file cannot be read or written.
pub fn bring(
    profile: &AgentProfile,
    session: &str,
    rooms: (&Path, &Path),
    home: Option<&Path>,
) -> Result<bool> {
    let Some(template) = &profile.session_file else {
        return Ok(true);
    };
    let places = [rooms.0, rooms.1].map(|room| place(template, session, room, home));
    let [Some(from), Some(to)] = places else {
        return Ok(false);
    };
    let Some(bytes) = file::read_bounded(&from, BYTES_MAX)? else {
        return Ok(false);
    };
    if let Some(folder) = to.parent() {
        file::make_private_dirs(folder)?;
    }
    file::replace(&to, &bytes, Access::Private, Durability::Off)?;
    Ok(true)
}

/// The place of a conversation of an agent that works in `room`; `None` where the name of the
/// session could lead elsewhere, or there is no home folder.
fn place(template: &str, session: &str, room: &Path, home: Option<&Path>) -> Option<PathBuf> {
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    if session.is_empty() || !session.chars().all(is_name) {
        return None;
    }
    let dashed = |c: char| if c.is_ascii_alphanumeric() { c } else { '-' };
    let dashed: String = room.to_string_lossy().chars().map(dashed).collect();
    let path = template
        .replace("{session}", session)
        .replace("{cwd_dashed}", &dashed);
    match path.strip_prefix("~/") {
        Some(below) => Some(home?.join(below)),
        None => Some(PathBuf::from(path)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_conversation_is_found_from_the_next_room() {
        let home = tempfile::tempdir().unwrap();
        let profile = AgentProfile {
            session_file: Some("~/.x/projects/{cwd_dashed}/{session}.jsonl".to_owned()),
            ..AgentProfile::default()
        };
        let rooms = (Path::new("/a b/wp-1"), Path::new("/a b/wp-2"));
        let bring = |session: &str| bring(&profile, session, rooms, Some(home.path())).unwrap();
        assert!(!bring("s-1"), "there is none");
        let from = home.path().join(".x/projects/-a-b-wp-1");
        std::fs::create_dir_all(&from).unwrap();
        std::fs::write(from.join("s-1.jsonl"), "said\n").unwrap();
        assert!(bring("s-1"));
        let to = home.path().join(".x/projects/-a-b-wp-2/s-1.jsonl");
        assert_eq!(std::fs::read_to_string(to).unwrap(), "said\n");
        assert!(!bring("../../s-1"), "it leads elsewhere");
    }

    #[test]
    fn an_agent_that_files_by_name_alone_needs_nothing() {
        let rooms = (Path::new("/1"), Path::new("/2"));
        let plain = AgentProfile::default();
        assert!(bring(&plain, "any", rooms, None).unwrap());
    }
}
