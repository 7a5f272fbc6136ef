//! The audit trail.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Items, items};
use crate::base::json;
use crate::base::{Error, Result, Timestamp};
use crate::commands::mcp::desk::Work;
use crate::commands::mcp::reply::Reply;
use crate::commands::verbs::audit::{self, Wanted};

/// Entries of one answer.
const LIMIT_MAX: usize = 1000;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Query {
    agent_id: Option<String>,
    operation: Option<String>,
    feature: Option<String>,
    package: Option<String>,
    /// RFC 3339
    since: Option<String>,
    limit: Option<usize>,
}

#[derive(Serialize, JsonSchema)]
pub(super) struct Trail {
    entries: Items,
    truncated: bool,
}

/// Reads it, newest first.
pub(super) fn query(work: &mut Work<'_>, asked: Query) -> Result<Reply<Trail>> {
    let since = |text: String| {
        let at = Timestamp::parse(&text);
        at.ok_or_else(|| Error::usage("arguments", format!("`{text}` is no RFC 3339 time")))
    };
    let wanted = Wanted {
        agent: asked.agent_id,
        operation: asked.operation,
        feature: asked.feature,
        package: asked.package,
        since: asked.since.map(since).transpose()?,
        limit: asked.limit.unwrap_or(20).min(LIMIT_MAX),
    };
    let found = audit::query(&*work.store()?, &wanted)?;
    let rows: Result<Vec<_>> = found.entries.iter().map(json::value).collect();
    Ok(Reply::yes(Trail {
        entries: items(rows?.into_iter())?,
        truncated: found.truncated,
    }))
}
