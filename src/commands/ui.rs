//! The only standard output and standard error of the program.
//!
//! Standard output is the answer, standard error the story. With `--json` exactly one document
//! goes to standard output, at every exit. A reader that went away is no error.

use std::ffi::OsString;
use std::fmt::Write as _;
use std::io::{self, IsTerminal, Write};
use std::panic::PanicHookInfo;

use clap::ValueEnum;

use crate::base::json::{self, Value, json};
use crate::base::{Error, ExitCode, text};
use crate::commands::Global;
use crate::config::terminal::{self, Terminal};
use crate::report::{self, Page, Style};

/// When text is coloured.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum ColorChoice {
    /// On a terminal, unless `NO_COLOR` is set.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// What a verb answers: one value, as text for people and as data for programs.
#[derive(Debug)]
pub struct Answer {
    /// How the command ends.
    pub exit: ExitCode,
    /// The document's `data`.
    pub data: Value,
    /// The same for people; nothing is added to it.
    pub text: String,
}

impl Answer {
    /// A positive answer.
    pub fn done(data: Value, text: impl Into<String>) -> Self {
        Answer {
            exit: ExitCode::Done,
            data,
            text: text.into(),
        }
    }

    /// The same answer with another exit code.
    #[must_use]
    pub fn exit(mut self, exit: ExitCode) -> Self {
        self.exit = exit;
        self
    }
}

/// How this invocation talks.
#[derive(Debug, Clone)]
pub struct Ui {
    command: String,
    format: Format,
    volume: Volume,
    color: ColorChoice,
    terminal: Terminal,
    warnings: Vec<Value>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Format {
    Text,
    Json,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Volume {
    Quiet,
    Normal,
    Verbose,
}

impl Ui {
    /// Guesses from the raw command line, so that a usage error is told in the right form too.
    pub fn new(argv: &[OsString]) -> Self {
        let words = argv.iter().skip(1).take_while(|a| *a != "--");
        let is_json = words.clone().any(|a| a == "--json");
        let verb = words
            .clone()
            .filter_map(|a| a.to_str())
            .find(|a| !a.starts_with('-'));
        Ui {
            command: verb.unwrap_or("").to_owned(),
            format: if is_json { Format::Json } else { Format::Text },
            volume: Volume::Normal,
            color: ColorChoice::Auto,
            terminal: terminal::read(),
            warnings: Vec::new(),
        }
    }

    /// Takes over what the parsed command line says.
    pub fn configure(&mut self, command: String, global: &Global) {
        self.command = command;
        self.format = if global.json {
            Format::Json
        } else {
            Format::Text
        };
        self.color = global.color;
        self.volume = match (global.quiet, global.verbose) {
            (true, _) => Volume::Quiet,
            (false, true) => Volume::Verbose,
            (false, false) => Volume::Normal,
        };
    }

    /// The sheet for standard output.
    pub fn page(&self) -> Page {
        self.sheet(io::stdout().is_terminal())
    }

    /// The sheet for standard error.
    pub fn story_page(&self) -> Page {
        self.sheet(io::stderr().is_terminal())
    }

    fn sheet(&self, is_terminal: bool) -> Page {
        let colored = match self.color {
            ColorChoice::Always => true,
            ColorChoice::Never => false,
            ColorChoice::Auto => is_terminal && self.terminal.likes_color,
        };
        Page {
            style: if colored { Style::Ansi } else { Style::Plain },
            width: match is_terminal {
                true => self.terminal.columns,
                false => Page::plain().width,
            },
        }
    }

    /// True if a program reads the answer.
    pub fn is_json(&self) -> bool {
        self.format == Format::Json
    }

    /// True if a person sits at the terminal and may be asked something, by git or ssh.
    pub fn is_attended(&self) -> bool {
        self.format == Format::Text && io::stdin().is_terminal() && io::stderr().is_terminal()
    }

    /// Somebody who tells a long story, from any thread: plain lines, or lines that move on a
    /// terminal. Silent with `-q`, and beside a JSON document unless there is a terminal or `-v`.
    pub fn story_teller(&self) -> Story {
        let is_terminal = io::stderr().is_terminal();
        let silent = match (self.volume, self.format) {
            (Volume::Quiet, _) => true,
            (Volume::Verbose, _) => false,
            (Volume::Normal, Format::Text) => false,
            (Volume::Normal, Format::Json) => !is_terminal,
        };
        let how = match (silent, is_terminal && self.terminal.moves) {
            (true, _) => How::Silent,
            (false, true) => How::Live,
            (false, false) => How::Lines,
        };
        Story {
            how,
            page: self.story_page(),
            drawn: 0,
        }
    }

    /// Tells a part of the story: nothing with `-q`, nothing beside a JSON document unless `-v`.
    pub fn note(&mut self, line: &str) {
        let least = match self.format {
            Format::Text => Volume::Normal,
            Format::Json => Volume::Verbose,
        };
        if self.volume >= least {
            self.story(&format!("{}\n", text::foreign(line)));
        }
    }

    /// Tells a detail: only with `-v`.
    pub fn detail(&mut self, line: &str) {
        if self.volume == Volume::Verbose {
            self.story(&format!("{}\n", text::foreign(line)));
        }
    }

    /// Warns: a line on standard error, or an entry of `warnings`.
    pub fn warn(&mut self, code: &str, message: &str) {
        self.warn_as(json!({"code": code, "message": message}), message);
    }

    /// Warns with an entry that has more than `code` and `message`; text shows `message`.
    pub fn warn_as(&mut self, entry: Value, message: &str) {
        match self.format {
            Format::Json => self.warnings.push(entry),
            Format::Text => {
                let line = report::error::warning(message, self.story_page());
                self.story(&line);
            }
        }
    }

    /// Answers with a JSON document, as if `--json` had been given.
    pub fn use_json(&mut self) {
        self.format = Format::Json;
    }

    /// Prints the answer and gives its exit code.
    pub fn answer(&mut self, answer: Answer) -> ExitCode {
        match self.format {
            Format::Text => write_all(&mut io::stdout().lock(), &answer.text),
            Format::Json => self.document(json!({
                "v": 1,
                "command": self.command,
                "ok": answer.exit == ExitCode::Done,
                "data": answer.data,
                "warnings": self.warnings,
            })),
        }
        answer.exit
    }

    /// Prints the error and gives its exit code.
    pub fn fail(&mut self, error: &Error) -> ExitCode {
        let exit = ExitCode::from(error.kind());
        match self.format {
            Format::Text => {
                let lines = report::error::render(error, self.story_page());
                self.story(&lines);
            }
            Format::Json => self.document(self.error_document(error, exit)),
        }
        exit
    }

    /// Says that the program is defective.
    pub fn panicked(&self, panic: &PanicHookInfo<'_>) {
        let place = panic.location().map(ToString::to_string);
        let payload = panic.payload();
        let what = payload
            .downcast_ref::<&str>()
            .copied()
            .or_else(|| payload.downcast_ref::<String>().map(String::as_str))
            .unwrap_or("no message");
        let place = place.unwrap_or_default();
        let error = Error::bug(format!("this is a defect of git wp, at {place}: {what}"))
            .hint("git wp doctor");
        match self.format {
            Format::Text => {
                let lines = report::error::render(&error, self.story_page());
                write_all(&mut io::stderr().lock(), &lines);
            }
            Format::Json => self.document(self.error_document(&error, ExitCode::Bug)),
        }
    }

    fn error_document(&self, error: &Error, exit: ExitCode) -> Value {
        let mut message = error.message().to_owned();
        for cause in error.causes() {
            if !message.contains(&cause) {
                let _ = write!(message, ": {cause}");
            }
        }
        let what = json!({
            "code": error.code(),
            "message": message,
            "hint": error.hints().join("\n"),
        });
        if exit.carries_data() {
            json!({
                "v": 1,
                "command": self.command,
                "ok": false,
                "data": what,
                "warnings": self.warnings,
            })
        } else {
            json!({"v": 1, "command": self.command, "ok": false, "error": what})
        }
    }

    fn document(&self, document: Value) {
        let line = json::line(&document).unwrap_or_default();
        write_all(&mut io::stdout().lock(), &format!("{line}\n"));
    }

    fn story(&self, text: &str) {
        write_all(&mut io::stderr().lock(), text);
    }
}

/// A story in many parts, on standard error.
#[derive(Debug)]
pub struct Story {
    how: How,
    page: Page,
    drawn: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum How {
    Silent,
    Lines,
    Live,
}

impl Story {
    /// The sheet it is written on.
    pub fn page(&self) -> Page {
        self.page
    }

    /// True if lines may move.
    pub fn is_live(&self) -> bool {
        self.how == How::Live
    }

    /// Adds a line, above the moving ones.
    pub fn line(&mut self, line: &str) {
        if self.how != How::Silent {
            let text = format!("{}{line}\n", self.erase());
            self.drawn = 0;
            write_all(&mut io::stderr().lock(), &text);
        }
    }

    /// Draws the moving lines anew.
    pub fn draw(&mut self, lines: &[String]) {
        if !self.is_live() {
            return;
        }
        let mut text = self.erase();
        for line in lines {
            let _ = writeln!(text, "{line}");
        }
        self.drawn = lines.len();
        write_all(&mut io::stderr().lock(), &text);
    }

    /// Takes the moving lines away.
    pub fn clear(&mut self) {
        self.draw(&[]);
    }

    /// Moves up over the moving lines and clears from there.
    fn erase(&self) -> String {
        match self.drawn {
            0 => String::new(),
            lines => format!("\u{1b}[{lines}A\u{1b}[J"),
        }
    }
}

/// Writes one line of a stream to standard output.
pub fn stream(line: &str) {
    write_all(&mut io::stdout().lock(), &format!("{line}\n"));
}

/// Writes and forgets: when the reader is gone there is nobody to tell.
fn write_all(out: &mut dyn Write, text: &str) {
    let written = out.write_all(text.as_bytes()).and_then(|()| out.flush());
    drop(written);
}
