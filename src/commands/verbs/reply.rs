//! The answer of a verb that asks for a right.

use serde::Serialize;

use crate::base::{Result, json};
use crate::commands::confirm::{Firmness, Outcome};
use crate::commands::{Answer, Context, held};
use crate::state::Refusal;

/// What became of it.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::commands) enum Reply<T> {
    /// It stands, as firmly as this says.
    Done(T, Firmness),
    /// Somebody else holds it, or a rule forbids it. Nothing was changed.
    Refused(Refusal),
}

impl<T> Reply<T> {
    /// The reply to an outcome; `data` is only made where it stands.
    ///
    /// # Errors
    /// Those of `data`.
    pub(in crate::commands) fn of(
        outcome: Outcome,
        data: impl FnOnce() -> Result<T>,
    ) -> Result<Self> {
        Ok(match outcome {
            Outcome::Stands(firmness) => Reply::Done(data()?, firmness),
            Outcome::Refused(refusal) => Reply::Refused(refusal),
        })
    }
}

impl<T: Serialize> Reply<T> {
    /// The same as a command answers it.
    ///
    /// # Errors
    /// The refusal, where it is an error for people.
    pub(in crate::commands) fn answer(
        self,
        cx: &Context<'_>,
        text: impl FnOnce(&T) -> String,
    ) -> Result<Answer> {
        match self {
            Reply::Done(data, firmness) => Ok(firmness.answer(json::value(&data)?, text(&data))),
            Reply::Refused(refusal) => held::refused(&refusal, cx),
        }
    }
}
