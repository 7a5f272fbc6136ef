//! What a tool answers: data of a known shape, and where the answer is no, the text that says who
//! or what stands in the way and what to do next.

use serde::Serialize;

use crate::base::json::{self, Value};
use crate::base::{Error, Result, text};

/// The answer of a tool.
pub(super) struct Reply<R> {
    data: R,
    no: Option<Error>,
}

impl<R> Reply<R> {
    /// It was done.
    pub(super) fn yes(data: R) -> Self {
        Reply { data, no: None }
    }

    /// It was not done: `why` says what to do instead.
    pub(super) fn no(data: R, why: Error) -> Self {
        let no = Some(why);
        Reply { data, no }
    }

    /// The data alone.
    pub(super) fn into_data(self) -> R {
        self.data
    }
}

/// The same for the protocol.
#[derive(Debug)]
pub(super) struct Told {
    /// The data; `Null` where there is none.
    pub(super) data: Value,
    /// Why not.
    pub(super) no: Option<String>,
}

impl Told {
    /// What a tool answered, or why it failed.
    pub(super) fn of<R: Serialize>(reply: Result<Reply<R>>) -> Self {
        match reply.and_then(|reply| Ok((json::value(&reply.data)?, reply.no))) {
            Ok((data, no)) => Told {
                data,
                no: no.as_ref().map(words),
            },
            Err(error) => Told::no(&error),
        }
    }

    /// It was not even tried.
    pub(super) fn no(error: &Error) -> Self {
        Told {
            data: Value::Null,
            no: Some(words(error)),
        }
    }
}

/// An error as an agent reads it: what, because of what, and the next thing to do.
fn words(error: &Error) -> String {
    let mut out = format!(
        "{}: {}",
        error.code(),
        text::foreign(error.message()).multi_line()
    );
    for cause in error.causes() {
        if !error.message().contains(&cause) {
            out.push_str(&format!("\ncause: {}", text::foreign(&cause)));
        }
    }
    for hint in error.hints() {
        out.push_str(&format!("\nnext: {}", text::foreign(hint)));
    }
    out
}
