//! Where an agent keeps a conversation, and how another room goes on with it.
//!
//! Some agents file their conversations under the folder in which they work, and another attempt
//! works in another folder: then the file is copied to where the agent will look for it, or the
//! agent is told where it is.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use crate::base::Result;
use crate::model::{Account, AgentProfile, Durability};
use crate::os::file::{self, Access};

/// A longer conversation is not gone on with.
const BYTES_MAX: u64 = 256 << 20;
/// Letters of a session's name by which some agents name its file.
const SHORT: usize = 8;
const ROOM: &str = "{cwd_dashed}";

/// A conversation that goes on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conversation {
    /// Its name.
    pub session: String,
    /// Where it is kept, if its agent says.
    pub file: Option<PathBuf>,
}

/// The conversation of an attempt that is worth going on with: one in which nothing was answered
/// yet has nothing to go on from.
pub fn worth_going_on(account: &Account) -> Option<&str> {
    let has_begun = account.usage.output > 0 || account.tool_calls > 0;
    account.session.as_deref().filter(|_| has_begun)
}

/// The conversation `session` of an agent that worked in the first of `rooms`, as it is found from
/// the second; `None` if it is not.
///
/// # Errors
/// A file cannot be read or written.
pub fn bring(
    profile: &AgentProfile,
    session: &str,
    rooms: (&Path, &Path),
    home: Option<&Path>,
) -> Result<Option<Conversation>> {
    let found = |file| Conversation {
        session: session.to_owned(),
        file,
    };
    let Some(template) = &profile.session_file else {
        return Ok(Some(found(None)));
    };
    let Some(from) = place(template, session, rooms.0, home)? else {
        return Ok(None);
    };
    if !template.contains(ROOM) {
        return Ok(Some(found(Some(from))));
    }
    let Some(bytes) = file::read_bounded(&from, BYTES_MAX)? else {
        return Ok(None);
    };
    let Some(to) = path(template, session, rooms.1, home) else {
        return Ok(None);
    };
    if let Some(folder) = to.parent() {
        file::make_private_dirs(folder)?;
    }
    file::replace(&to, &bytes, Access::Private, Durability::Off)?;
    Ok(Some(found(Some(to))))
}

/// The file of a conversation that is there. A `*` in a part of the template is any text.
fn place(
    template: &str,
    session: &str,
    room: &Path,
    home: Option<&Path>,
) -> Result<Option<PathBuf>> {
    let Some(path) = path(template, session, room, home) else {
        return Ok(None);
    };
    let mut found = vec![PathBuf::new()];
    for part in path.components() {
        let part = part.as_os_str().to_string_lossy();
        let Some((head, tail)) = part.split_once('*') else {
            for path in &mut found {
                path.push(&*part);
            }
            continue;
        };
        let mut next = Vec::new();
        for folder in found {
            let fits = |name: &OsString| {
                let name = name.to_string_lossy();
                let long = name.len() >= head.len() + tail.len();
                long && name.starts_with(head) && name.ends_with(tail)
            };
            let names = file::names(&folder)?.into_iter().filter(fits);
            next.extend(names.map(|name| folder.join(name)));
        }
        found = next;
    }
    found.retain(|path| path.is_file());
    Ok(found.into_iter().max())
}

/// `None` where the name of the session could lead elsewhere, or there is no home folder.
fn path(template: &str, session: &str, room: &Path, home: Option<&Path>) -> Option<PathBuf> {
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    if session.is_empty() || !session.chars().all(is_name) {
        return None;
    }
    let dashed = |c: char| if c.is_ascii_alphanumeric() { c } else { '-' };
    let dashed: String = room.to_string_lossy().chars().map(dashed).collect();
    let path = template
        .replace("{session}", session)
        .replace("{session_short}", session.get(..SHORT).unwrap_or(session))
        .replace(ROOM, &dashed);
    match path.strip_prefix("~/") {
        Some(below) => Some(home?.join(below)),
        None => Some(PathBuf::from(path)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Usage;

    fn keeps(template: &str) -> AgentProfile {
        AgentProfile {
            session_file: Some(template.to_owned()),
            ..AgentProfile::default()
        }
    }

    const ROOMS: (&str, &str) = ("/a b/wp-1", "/a b/wp-2");

    fn find(profile: &AgentProfile, session: &str, home: &Path) -> Option<Conversation> {
        let rooms = (Path::new(ROOMS.0), Path::new(ROOMS.1));
        bring(profile, session, rooms, Some(home)).unwrap()
    }

    #[test]
    fn a_conversation_is_found_from_the_next_room() {
        let home = tempfile::tempdir().unwrap();
        let profile = keeps("~/.x/projects/{cwd_dashed}/{session}.jsonl");
        assert_eq!(find(&profile, "s-1", home.path()), None, "there is none");
        let from = home.path().join(".x/projects/-a-b-wp-1");
        std::fs::create_dir_all(&from).unwrap();
        std::fs::write(from.join("s-1.jsonl"), "said\n").unwrap();
        let to = home.path().join(".x/projects/-a-b-wp-2/s-1.jsonl");
        let found = find(&profile, "s-1", home.path()).unwrap();
        assert_eq!(found.file.as_ref(), Some(&to));
        assert_eq!(std::fs::read_to_string(to).unwrap(), "said\n");
        assert_eq!(
            find(&profile, "../../s-1", home.path()),
            None,
            "it leads elsewhere"
        );
    }

    #[test]
    fn one_that_is_named_by_its_agent_is_looked_for() {
        let home = tempfile::tempdir().unwrap();
        let profile = keeps("~/.y/*/chats/session-*-{session_short}.jsonl");
        let chats = home.path().join(".y/wp-1/chats");
        std::fs::create_dir_all(&chats).unwrap();
        let file = chats.join("session-2026-11-21-0123abcd.jsonl");
        std::fs::write(&file, "").unwrap();
        std::fs::write(chats.join("session-2026-11-21-ffffffff.jsonl"), "").unwrap();
        let found = find(&profile, "0123abcd-4567", home.path()).unwrap();
        assert_eq!(found.file, Some(file));
        assert_eq!(find(&profile, "99999999-4567", home.path()), None);
    }

    #[test]
    fn an_agent_that_files_by_name_alone_needs_nothing() {
        let plain = AgentProfile::default();
        let found = bring(&plain, "any", (Path::new("/1"), Path::new("/2")), None).unwrap();
        assert_eq!(found.unwrap().file, None);
    }

    #[test]
    fn nothing_was_said_where_nothing_was_answered() {
        let account = |output, tool_calls| Account {
            session: Some("s".to_owned()),
            usage: Usage {
                output,
                ..Usage::default()
            },
            tool_calls,
            ..Account::default()
        };
        assert_eq!(worth_going_on(&account(0, 0)), None);
        assert_eq!(worth_going_on(&account(1, 0)), Some("s"));
        assert_eq!(worth_going_on(&account(0, 1)), Some("s"));
    }
}
