//! `git wp capabilities`: what coordination can do here, found out by trying.

use crate::base::Result;
use crate::base::json::{Map, Value, json};
use crate::commands::verbs::capabilities;
use crate::commands::{Answer, Context};
use crate::report::table::{Cell, Table};

/// Say what coordination can do here, found out by trying
///
/// A read-only repository, a ref that is refused or a git that is too old make a flag false, with
/// the reason. The state is not changed.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  git wp capabilities --json")]
pub(super) struct Args {}

/// Tries.
pub(super) fn run(_: &Args, cx: &mut Context<'_>) -> Result<Answer> {
    let tried = capabilities::probe(cx);
    let mut data = Map::new();
    let mut reasons = Map::new();
    let mut table = Table::new(0);
    for flag in &tried.flags {
        data.insert(flag.name.to_owned(), Value::from(flag.available));
        if let Some(why) = &flag.reason {
            reasons.insert(flag.name.to_owned(), Value::from(why.as_str()));
        }
        let word = if flag.available { "yes" } else { "no" };
        let why = flag.reason.as_deref().unwrap_or("");
        table.row(vec![Cell::new(flag.name), Cell::new(word), Cell::new(why)]);
    }
    data.insert("reasons".to_owned(), Value::Object(reasons));
    data.insert(
        "COORDINATOR_AVAILABLE".to_owned(),
        json!(tried.flags.iter().any(|f| f.available)),
    );
    data.insert("COORDINATION_TRANSPORT".to_owned(), json!("mcp"));
    Ok(Answer::done(
        Value::Object(data),
        table.render(cx.ui.page()),
    ))
}
