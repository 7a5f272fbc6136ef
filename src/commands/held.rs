//! Sessions that hold something, and who holds it instead.

use crate::base::json::json;
use crate::base::{Error, ExitCode, Kind, Result, json};
use crate::commands::{Answer, Context};
use crate::os::random;
use crate::state::Refusal;

/// The session that was named; the attempt inside a room; else a fresh one.
///
/// # Errors
/// Usage: the name is empty or holds control characters.
pub(super) fn session(cx: &Context<'_>, named: Option<&str>) -> Result<String> {
    if let Some(named) = named {
        let fits = !named.trim().is_empty()
            && named.chars().count() <= SESSION_CHARS_MAX
            && !named.chars().any(char::is_control);
        return match fits {
            true => Ok(named.to_owned()),
            false => Err(
                Error::usage("session", "a session needs a name of visible characters")
                    .hint("--session NAME"),
            ),
        };
    }
    match cx.env().attempt()? {
        Some(attempt) => Ok(attempt.as_str().to_owned()),
        None => Ok(format!("s-{}", random::attempt_id()?)),
    }
}

const SESSION_CHARS_MAX: usize = 128;

/// The answer to somebody who came too late: the holder as data for programs, an error for people.
///
/// # Errors
/// The refusal, for people, or if it is not about a holder.
pub(super) fn refused(refusal: &Refusal, cx: &Context<'_>) -> Result<Answer> {
    let hint = next(refusal);
    let error = Error::from(refusal.clone());
    if error.kind() != Kind::Lost {
        return Err(error);
    }
    if !cx.ui.is_json() {
        return Err(error.hint(hint).hint("wait for it, or ask the holder"));
    }
    let mut data = json!({
        "code": refusal.code(),
        "message": refusal.to_string(),
        "hint": hint,
        "claim": "lost",
    });
    if let Refusal::Held(holder) = refusal {
        data["holder"] = json::value(holder)?;
    }
    Ok(Answer::done(data, String::new()).exit(ExitCode::Lost))
}

/// The command that says more about the holder.
fn next(refusal: &Refusal) -> String {
    let Refusal::Held(holder) = refusal else {
        return "git wp status".to_owned();
    };
    match (
        &holder.feature,
        &holder.package,
        holder.what.strip_prefix("task "),
    ) {
        (Some(feature), Some(package), _) => format!("git wp why {feature}/{package}"),
        (_, _, Some(task)) => format!("git wp task show {task}"),
        _ => "git wp lock list".to_owned(),
    }
}
