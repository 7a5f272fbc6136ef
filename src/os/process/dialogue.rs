//! A program that is spoken to line by line while it runs, for instance a server on its own
//! standard input and output.
//!
//! It never makes this process wait without an end: lines are written by a thread of their own,
//! and who listens says for how long. It is killed with its children when the dialogue is dropped.

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStdin, ChildStdout, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::Duration;

use crate::base::Result;
use crate::os::process::child;
use crate::os::process::invocation::Invocation;
use crate::os::process::watched::{Session, kill};

/// Bytes of the longest line; the program counts as ended where it says a longer one.
const LINE_MAX: u64 = 1 << 20;

/// A running program and the two ends of the conversation.
pub struct Dialogue {
    child: Child,
    said: Sender<Vec<u8>>,
    heard: Receiver<Vec<u8>>,
}

/// What came while somebody listened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Heard {
    /// A line, without its end.
    Line(Vec<u8>),
    /// Nothing so far.
    Silence,
    /// It says nothing any more.
    End,
}

impl Dialogue {
    /// Starts the program; what it writes to its standard error is dropped. It dies with the
    /// thread that started it.
    ///
    /// # Errors
    /// The program cannot be started.
    pub fn start(invocation: &Invocation) -> Result<Self> {
        let mut command = invocation.command()?;
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null());
        child::lead_session(&mut command);
        let mut child = child::spawn(&mut command).map_err(|e| invocation.cannot_start(e))?;
        let (said, to_write) = channel();
        let (read, heard) = channel();
        if let Some(input) = child.stdin.take() {
            thread::spawn(move || write(input, &to_write));
        }
        if let Some(output) = child.stdout.take() {
            thread::spawn(move || listen(output, &read));
        }
        Ok(Dialogue { child, said, heard })
    }

    /// Says one line. That nobody hears it is found by listening for the answer.
    pub fn say(&self, line: &str) {
        let _ = self.said.send(format!("{line}\n").into_bytes());
    }

    /// Waits for the next line.
    pub fn hear(&self, patience: Duration) -> Heard {
        match self.heard.recv_timeout(patience) {
            Ok(line) => Heard::Line(line),
            Err(RecvTimeoutError::Timeout) => Heard::Silence,
            Err(RecvTimeoutError::Disconnected) => Heard::End,
        }
    }
}

impl Drop for Dialogue {
    fn drop(&mut self) {
        kill(self.child.id(), Session::Own);
        // It was killed; there is nobody to tell what became of it.
        let _ = child::wait(&mut self.child);
    }
}

fn write(mut input: ChildStdin, lines: &Receiver<Vec<u8>>) {
    for line in lines {
        if input.write_all(&line).and_then(|()| input.flush()).is_err() {
            return;
        }
    }
}

fn listen(output: ChildStdout, lines: &Sender<Vec<u8>>) {
    let mut output = BufReader::new(output);
    loop {
        let mut line = Vec::new();
        let read = output.by_ref().take(LINE_MAX).read_until(b'\n', &mut line);
        let whole = line.pop() == Some(b'\n');
        if read.is_err() || !whole || lines.send(line).is_err() {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: Duration = Duration::from_secs(60);

    fn shell(script: &str) -> Dialogue {
        Dialogue::start(&Invocation::new("sh", "/").args(["-c", script])).unwrap()
    }

    #[test]
    fn what_is_said_is_answered_line_by_line() {
        let echo = shell("while read -r line; do echo \"$line, too\"; done");
        for word in ["one", "two"] {
            echo.say(word);
            let answer = format!("{word}, too").into_bytes();
            assert_eq!(echo.hear(LONG), Heard::Line(answer));
        }
        assert_eq!(echo.hear(Duration::ZERO), Heard::Silence);
    }

    #[test]
    fn one_that_ends_says_so_and_speaking_to_it_harms_nobody() {
        let gone = shell("echo bye");
        assert_eq!(gone.hear(LONG), Heard::Line(b"bye".to_vec()));
        assert_eq!(gone.hear(LONG), Heard::End);
        gone.say("anybody there");
    }

    #[test]
    fn one_that_does_not_listen_is_killed_with_its_children() {
        let deaf = shell("sleep 300 & wait");
        deaf.say(&"x".repeat(1 << 18));
        assert_eq!(deaf.hear(Duration::ZERO), Heard::Silence);
        drop(deaf);
    }
}
