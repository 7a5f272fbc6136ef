//! What an attempt's stream came to: session, use, tools, files, trouble.

use std::collections::BTreeSet;

use crate::agent::stream::event::{Ending, Event, Tool, Weight};
use crate::base::text;
use crate::model::{ParserKind, Trouble, Usage};

/// Files that are remembered by name.
const FILES_MAX: usize = 1000;
/// Characters of an id of a session.
const SESSION_MAX: usize = 200;
/// Bytes of its last text.
const SAID_MAX: usize = 256 << 10;
/// Characters of what is shown of it.
const HEARD_MAX: usize = 160;

/// The fold of a stream.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Digest {
    /// The id by which the agent goes on with this conversation.
    pub session: Option<String>,
    /// What was used, as far as it was told.
    pub usage: Usage,
    /// What that counts.
    pub counting: Counting,
    /// How often a tool was used.
    pub tools: u64,
    /// Files that the agent changed or tried to, as it says, below its room where they are; the
    /// first thousand.
    pub files: BTreeSet<String>,
    /// Why it stopped, in its own word.
    pub stop: Option<String>,
    /// Events that were read.
    pub events: u64,
    /// Lines that nobody knew.
    pub unknown: u64,
    /// True if the agent said that nothing follows.
    pub finished: bool,
    /// What is wrong, unless the agent got over it.
    pub trouble: Option<Trouble>,
    /// What was wrong last, whatever became of it.
    pub last_trouble: Option<Trouble>,
}

/// What a use is counted from.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Counting {
    /// From the start of this process.
    #[default]
    Attempt,
    /// From the start of the session: what an earlier attempt used is part of it, see
    /// [`Usage::since`].
    Session,
}

impl Digest {
    /// The digest of a stream of that kind.
    pub(super) fn of(kind: ParserKind) -> Self {
        Digest {
            counting: match kind {
                ParserKind::Codex => Counting::Session,
                _ => Counting::Attempt,
            },
            ..Digest::default()
        }
    }
}

/// Folds events.
#[derive(Debug)]
pub(super) struct Fold {
    pub(super) digest: Digest,
    kind: ParserKind,
    /// What is wrong may pass: it is forgotten when the agent goes on.
    passing: bool,
    /// What was counted piece by piece, while nothing was said of the whole.
    pieces: Usage,
    in_all: bool,
    /// The last thing that was said or done.
    heard: String,
    /// What was heard last is a piece, to which the next one is added.
    in_pieces: bool,
    /// Its last text, whole, and whether a piece is added to it.
    said: String,
    is_open: bool,
    repeated: Repeated,
    room: String,
}

impl Fold {
    /// `room` is the folder below which files are named.
    pub(super) fn new(kind: ParserKind, room: &str) -> Self {
        Fold {
            digest: Digest::of(kind),
            kind,
            passing: false,
            pieces: Usage::default(),
            in_all: false,
            heard: String::new(),
            in_pieces: false,
            said: String::new(),
            is_open: false,
            repeated: Repeated::default(),
            room: room.trim_end_matches('/').to_owned(),
        }
    }

    /// True if what is wrong may have passed by now.
    pub(super) fn passing(&self) -> bool {
        self.passing
    }

    /// What was said or done last, as it came.
    pub(super) fn heard(&self) -> &str {
        &self.heard
    }

    /// Its last text, whole up to a limit.
    pub(super) fn said(&self) -> &str {
        self.said.trim()
    }

    /// Lines of plain text and pieces make one text until a tool is used.
    fn say(&mut self, text: &str, is_part: bool) {
        if !(is_part && self.is_open) {
            self.said.clear();
        }
        let left = SAID_MAX.saturating_sub(self.said.len());
        self.said.push_str(text::head(text, left));
        self.is_open = is_part;
    }

    /// How often in a row the same was done or said.
    pub(super) fn in_a_row(&self) -> u32 {
        self.repeated.tools.count.max(self.repeated.texts.count)
    }

    pub(super) fn take(&mut self, event: Event) {
        match event {
            Event::Session(id) => {
                if is_session(&id) {
                    self.digest.session = Some(id);
                }
            }
            Event::Begun => self.goes_on(),
            Event::Text(said) => self.text(&said),
            Event::Piece(piece) => self.piece(&piece),
            Event::Tool(tool) => self.tool(&tool),
            Event::Touched(path) => self.touched(&path),
            Event::Used(used) => {
                self.pieces.add(&used);
                if !self.in_all {
                    self.digest.usage = self.pieces;
                }
            }
            Event::UsedInAll(used) => {
                self.in_all = true;
                self.digest.usage = used;
            }
            Event::Stopped(word) => self.digest.stop = Some(text::cut(&word, HEARD_MAX)),
            // Judged before it gets here.
            Event::Trouble(_) => {}
            Event::Final(ending) => {
                self.digest.finished = true;
                if ending == Ending::Well {
                    self.digest.trouble = None;
                }
            }
        }
    }

    /// Something is wrong. What is known better is kept.
    pub(super) fn trouble(&mut self, mut trouble: Trouble, weight: Weight) {
        use crate::model::TroubleKind::Other;
        if let Some(known) = &mut self.digest.trouble {
            if weight == Weight::Rumour {
                // The rest of what was said at length: a trace of calls, a body in JSON.
                known.resets_at = known.resets_at.or(trouble.resets_at);
                return;
            }
            if trouble.kind == Other && known.kind != Other {
                trouble.kind = known.kind;
            }
            if trouble.kind == known.kind {
                trouble.resets_at = trouble.resets_at.or(known.resets_at);
            }
        }
        self.hear(&trouble.text.clone());
        self.passing = weight != Weight::Final;
        self.digest.last_trouble = Some(trouble.clone());
        self.digest.trouble = Some(trouble);
    }

    /// The agent does something: it has not ended, and got over what was in its way.
    fn goes_on(&mut self) {
        self.digest.finished = false;
        if self.passing {
            self.digest.trouble = None;
        }
    }

    fn text(&mut self, said: &str) {
        let said = said.trim();
        if said.is_empty() {
            return;
        }
        // In plain text an error is followed by words about it.
        if self.kind != ParserKind::Lines {
            self.goes_on();
        }
        match self.kind {
            ParserKind::Lines => self.say(&format!("{said}\n"), true),
            _ => self.say(said, false),
        }
        self.hear(said);
        self.repeated.texts.take(hash(said));
    }

    fn piece(&mut self, piece: &str) {
        if piece.is_empty() {
            return;
        }
        self.goes_on();
        self.say(piece, true);
        let line = piece.rsplit('\n').find(|line| !line.trim().is_empty());
        match (piece.contains('\n'), line) {
            (true, Some(line)) => self.hear(line),
            (true, None) => {}
            (false, _) if !self.in_pieces => self.hear(piece),
            (false, _) => {
                let mut whole = format!("{}{piece}", self.heard);
                if whole.chars().count() > HEARD_MAX {
                    piece.clone_into(&mut whole);
                }
                self.hear(&whole);
            }
        }
        self.in_pieces = true;
    }

    fn tool(&mut self, tool: &Tool) {
        self.goes_on();
        self.is_open = false;
        self.digest.tools += 1;
        self.repeated.tools.take(tool.key);
        self.hear(format!("{} {}", tool.name, tool.what).trim_end());
    }

    fn touched(&mut self, path: &str) {
        let inside = path
            .strip_prefix(&self.room)
            .filter(|_| !self.room.is_empty());
        let inside = inside.and_then(|rest| rest.strip_prefix('/'));
        if self.digest.files.len() < FILES_MAX {
            self.digest.files.insert(inside.unwrap_or(path).to_owned());
        }
    }

    fn hear(&mut self, said: &str) {
        self.in_pieces = false;
        let line = said.lines().find(|line| !line.trim().is_empty());
        self.heard = text::cut(line.unwrap_or(""), HEARD_MAX);
    }
}

/// True for what can safely stand as a word of a command line.
fn is_session(id: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | ':' | '-');
    !id.is_empty() && id.len() <= SESSION_MAX && !id.starts_with('-') && id.chars().all(plain)
}

fn hash(text: &str) -> u64 {
    use std::hash::{DefaultHasher, Hash, Hasher};
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    hasher.finish()
}

/// The same in a row. Texts between two uses of a tool do not make them another row.
#[derive(Debug, Default)]
struct Repeated {
    tools: Row,
    texts: Row,
}

#[derive(Debug, Default)]
struct Row {
    last: Option<u64>,
    count: u32,
}

impl Row {
    fn take(&mut self, key: u64) {
        self.count = match self.last == Some(key) {
            true => self.count.saturating_add(1),
            false => 1,
        };
        self.last = Some(key);
    }
}
