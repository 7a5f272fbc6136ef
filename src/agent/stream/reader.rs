//! Reads both streams of one agent: bytes in, a [`Digest`] and the last activity out.

use crate::agent::stream::digest::{Digest, Fold};
use crate::agent::stream::event::{Event, Weight, Wrong};
use crate::agent::stream::lines::Lines;
use crate::agent::stream::{
    claude, codex, copilot, cursor, gemini, goose, opencode, plain, resets, trouble,
};
use crate::base::json::{self, Value};
use crate::base::{Timestamp, text};
use crate::model::agent_profile::TroubleTexts;
use crate::model::{AgentProfile, ParserKind, Trouble};

/// The reader of one agent's output.
#[derive(Debug)]
pub struct Reader {
    kind: ParserKind,
    texts: TroubleTexts,
    final_events: Vec<String>,
    now: Timestamp,
    out: Lines,
    err: Lines,
    seen: Seen,
    fold: Fold,
}

/// How an agent left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Left {
    /// With exit code 0: what could pass has passed.
    Well,
    /// In any other way.
    Badly,
    /// It was stopped because it did the same again and again: what it got over may be why.
    Repeating,
}

/// What the parsers have to know of the lines before.
#[derive(Debug, Default)]
struct Seen {
    claude: claude::Seen,
    codex: codex::Seen,
    cursor: cursor::Seen,
}

impl Reader {
    /// A reader for `profile`; `room` is the folder below which files are named, `now` the time
    /// from which spans are counted.
    pub fn new(profile: &AgentProfile, room: &str, now: Timestamp) -> Self {
        Reader {
            kind: profile.parser,
            texts: profile.trouble.clone(),
            final_events: profile.final_events.clone(),
            now,
            out: Lines::default(),
            err: Lines::default(),
            seen: Seen::default(),
            fold: Fold::new(profile.parser, room),
        }
    }

    /// Takes bytes of standard output.
    pub fn take_stdout(&mut self, bytes: &[u8]) {
        if self.kind == ParserKind::None {
            return;
        }
        let mut lines = std::mem::take(&mut self.out);
        lines.take(bytes, &mut |line, cut| self.line(line, cut));
        self.out = lines;
    }

    /// Takes bytes of standard error, which no agent gives a form to: only known texts count.
    pub fn take_stderr(&mut self, bytes: &[u8]) {
        if self.kind == ParserKind::None {
            return;
        }
        let mut lines = std::mem::take(&mut self.err);
        lines.take(bytes, &mut |line, _| {
            self.rumour(&String::from_utf8_lossy(line));
        });
        self.err = lines;
    }

    /// Takes what has no line feed at its end, when nothing more comes.
    pub fn close(&mut self) {
        let mut lines = std::mem::take(&mut self.out);
        lines.close(&mut |line, cut| self.line(line, cut));
        let mut lines = std::mem::take(&mut self.err);
        lines.close(&mut |line, _| self.rumour(&String::from_utf8_lossy(line)));
    }

    /// False if nobody reads what the agent says.
    pub fn is_listening(&self) -> bool {
        self.kind != ParserKind::None
    }

    /// What it came to so far.
    pub fn digest(&self) -> &Digest {
        &self.fold.digest
    }

    /// What the agent did or said last; empty if nobody knows. Foreign text.
    pub fn heard(&self) -> &str {
        self.fold.heard()
    }

    /// The agent's last text, whole up to 256 KiB; empty if nobody knows. Foreign text.
    pub fn said(&self) -> &str {
        self.fold.said()
    }

    /// How often in a row it did or said the same.
    pub fn in_a_row(&self) -> u32 {
        self.fold.in_a_row()
    }

    /// What was wrong when the agent left so.
    pub fn trouble(&self, left: Left) -> Option<Trouble> {
        let digest = &self.fold.digest;
        match left {
            Left::Well if self.fold.passing() => None,
            Left::Well | Left::Badly => digest.trouble.clone(),
            Left::Repeating => digest.trouble.clone().or(digest.last_trouble.clone()),
        }
    }

    /// Reads a time of day in what is wrong as one of a machine that is `offset` seconds east of
    /// UTC.
    pub fn settle_reset(&mut self, offset: i64) {
        let digest = &mut self.fold.digest;
        for trouble in [&mut digest.trouble, &mut digest.last_trouble] {
            if let Some(trouble) = trouble
                .as_mut()
                .filter(|trouble| trouble.resets_at.is_none())
            {
                let words = &self.texts.resets;
                trouble.resets_at = resets::read(&trouble.text, words, self.now, Some(offset));
            }
        }
    }

    fn line(&mut self, line: &[u8], cut: bool) {
        if self.kind == ParserKind::Lines {
            let text = String::from_utf8_lossy(line);
            let mut events = Vec::new();
            plain::read(text::head(&text, PLAIN_MAX), &mut events);
            self.fold.digest.events += 1;
            return self.take_all(events);
        }
        if line.iter().all(u8::is_ascii_whitespace) {
            return;
        }
        self.fold.digest.events += 1;
        let parsed = match cut {
            true => None,
            false => parse(line),
        };
        let Some(value) = parsed.filter(Value::is_object) else {
            self.fold.digest.unknown += 1;
            // Before its stream begins, an agent may say in plain words why it cannot.
            return self.rumour(&String::from_utf8_lossy(&line[..line.len().min(PLAIN_MAX)]));
        };
        let mut events = Vec::new();
        let known = self.events(&value, &mut events);
        if !known {
            self.fold.digest.unknown += 1;
        }
        self.take_all(events);
        let kind = value.get("type").and_then(Value::as_str);
        if kind.is_some_and(|kind| self.final_events.iter().any(|last| last == kind)) {
            self.fold.digest.finished = true;
        }
    }

    fn events(&mut self, value: &Value, out: &mut Vec<Event>) -> bool {
        match self.kind {
            ParserKind::Claude => claude::read(value, &mut self.seen.claude, out),
            ParserKind::Codex => codex::read(value, &mut self.seen.codex, out),
            ParserKind::Cursor => cursor::read(value, &mut self.seen.cursor, out),
            ParserKind::Gemini => gemini::read(value, out),
            ParserKind::Opencode => opencode::read(value, out),
            ParserKind::Copilot => copilot::read(value, out),
            ParserKind::Goose => goose::read(value, out),
            ParserKind::Lines | ParserKind::None => true,
        }
    }

    fn take_all(&mut self, events: Vec<Event>) {
        for event in events {
            match event {
                Event::Trouble(wrong) => self.wrong(&wrong),
                event => self.fold.take(event),
            }
        }
    }

    fn wrong(&mut self, wrong: &Wrong) {
        if let Some(trouble) = trouble::judge(wrong, &self.texts, self.now) {
            self.fold.trouble(trouble, wrong.weight);
        }
    }

    fn rumour(&mut self, line: &str) {
        let line = text::head(line, PLAIN_MAX);
        self.wrong(&Wrong::new(line, Weight::Rumour));
    }
}

/// Bytes of a plain line that are looked at.
const PLAIN_MAX: usize = 8 << 10;

/// The JSON of a line; bytes that are no text are replaced.
fn parse(line: &[u8]) -> Option<Value> {
    match json::parse(line) {
        Ok(value) => Some(value),
        Err(_) if std::str::from_utf8(line).is_ok() => None,
        Err(_) => json::parse(String::from_utf8_lossy(line).as_bytes()).ok(),
    }
}
