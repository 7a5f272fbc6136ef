//! What may be changed, answered by the engine that hooks and the gate ask too.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::notes;
use crate::base::{Error, PackageId, RepoPath, Result, text};
use crate::commands::feature;
use crate::commands::mcp::desk::Work;
use crate::commands::mcp::reply::Reply;
use crate::commands::reading::{self, Linear};
use crate::commands::verbs::escalations::Question;
use crate::hook::{Bounds, Neighbour, RoomScope};
use crate::model::escalation::{EscalationKind, EscalationSeverity};
use crate::model::{Deviation, Plan};
use crate::scope::{Change, EntryMode, Fold, patch};
use crate::state::Op;
use crate::state::request::AttemptFact;

/// Paths of one question.
const PATHS_MAX: usize = 10_000;
/// Characters of a reason that stand in the summary.
const SUMMARY_MAX: usize = 200;
/// Bytes of a reason.
const REASON_MAX: usize = 4 << 10;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Check {
    paths: Option<Vec<String>>,
    diff: Option<String>,
    /// FEATURE/PACKAGE; in a room: its own
    package: Option<String>,
}

#[derive(Serialize, JsonSchema)]
pub(super) struct Checked {
    allowed: bool,
    package: String,
    refused: Vec<Refused>,
    write_allow: Vec<String>,
}

#[derive(Serialize, JsonSchema)]
struct Refused {
    path: String,
    rule: String,
    reason: String,
    owner: Option<String>,
    ask: &'static str,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Request {
    paths: Vec<String>,
    reason: String,
    /// FEATURE/PACKAGE; in a room: its own
    package: Option<String>,
}

#[derive(Serialize, JsonSchema)]
pub(super) struct Requested {
    success: bool,
    request_id: Option<String>,
    allowed: Vec<String>,
    routed: Vec<Refused>,
}

/// Judges paths or a patch.
pub(super) fn check(work: &mut Work<'_>, asked: Check) -> Result<Reply<Checked>> {
    let changes = changes(&asked)?;
    let (package, bounds) = bounds(work, asked.package.as_deref())?;
    let refused: Vec<Refused> = { bounds.refused(changes)?.into_iter() }
        .map(|refused| Refused {
            path: refused.path.to_text(),
            rule: refused.rule.as_str().to_owned(),
            ask: match (refused.rule.is_about_scope(), &refused.owner) {
                (false, _) => "nobody may; change something else",
                (true, Some(_)) => "its owner; or request_scope, and leave it alone meanwhile",
                (true, None) => "request_scope; no unfinished package has it",
            },
            owner: refused.owner.map(|id| id.to_string()),
            reason: refused.detail,
        })
        .collect();
    Ok(Reply::yes(Checked {
        allowed: refused.is_empty(),
        package: package.to_string(),
        write_allow: bounds.scope.write_allow,
        refused,
    }))
}

/// Asks for paths outside the scope. In a room the supervisor grants what is provably free; what is
/// not goes to the owner of the path, or to whoever runs the feature. Nothing is granted here.
pub(super) fn request(work: &mut Work<'_>, asked: Request) -> Result<Reply<Requested>> {
    let mut routed = refused(work, &asked)?;
    if !routed.is_empty() && asked.package.is_none() && ask_supervisor(work, (&asked, &routed))? {
        routed = refused(work, &asked)?;
    }
    let is_refused = |path: &&String| !routed.iter().any(|refused| refused.path == **path);
    let allowed = { asked.paths.iter() }.filter(is_refused).cloned().collect();
    let mut request_id = None;
    if !routed.is_empty() {
        let lines: Vec<String> = { routed.iter() }
            .map(|refused| {
                let owner = refused.owner.as_deref().unwrap_or("nobody");
                format!("{} ({}; owner: {owner})", refused.path, refused.rule)
            })
            .collect();
        let target = asked.package.as_deref();
        let question = Question {
            feature: notes::feature_of(work, target)?,
            package: notes::about(work, target)?.1,
            kind: EscalationKind::ScopeViolation,
            // Who asks may find another way: only who cannot go on escalates.
            severity: Some(EscalationSeverity::Low),
            summary: text::cut(&asked.reason, SUMMARY_MAX),
            details: Some(format!("{}\n\n{}", asked.reason, lines.join("\n"))),
            proposed_action: Some("add the paths to write_allow of the package".to_owned()),
            requires_human: false,
            keys: asked.paths.clone(),
            impacts: Vec::new(),
        };
        request_id = Some(notes::file(work, &question)?);
    }
    Ok(Reply::yes(Requested {
        success: true,
        request_id,
        allowed,
        routed,
    }))
}

fn refused(work: &mut Work<'_>, asked: &Request) -> Result<Vec<Refused>> {
    let question = Check {
        paths: Some(asked.paths.clone()),
        diff: None,
        package: asked.package.clone(),
    };
    Ok(check(work, question)?.into_data().refused)
}

/// Lays the request into the inbox of this room; true once the supervisor has looked at it.
fn ask_supervisor(work: &mut Work<'_>, (asked, refused): (&Request, &[Refused])) -> Result<bool> {
    let Some(attempt) = work.session.attempt.clone() else {
        return Ok(false);
    };
    let common = work.cx.repo()?.common_dir().to_owned();
    let Some(room) = RoomScope::read(&common, &attempt)? else {
        return Ok(false);
    };
    let paths = refused
        .iter()
        .map(|refused| RepoPath::from(refused.path.as_str()));
    let redactor = work.cx.redactor();
    let request = Op::Note {
        feature: room.feature,
        package: room.package,
        attempt,
        fact: AttemptFact::Deviation(Deviation {
            kind: Deviation::SCOPE_REQUEST.to_owned(),
            detail: redactor.redact(text::head(&asked.reason, REASON_MAX)),
            paths: paths.collect(),
            at: work.cx.now(),
        }),
    };
    let store = work.store()?;
    work.cx.change(&store, request)?;
    work.is_settled()
}

fn changes(asked: &Check) -> Result<Vec<Change>> {
    let mut all = asked
        .diff
        .as_deref()
        .map(patch::changes)
        .unwrap_or_default();
    let paths = asked.paths.iter().flatten();
    all.extend(paths.map(|path| Change {
        path: RepoPath::from(path.as_str()),
        old: EntryMode::Absent,
        new: EntryMode::File,
        size: None,
        target: None,
    }));
    match all.len() {
        0 => Err(Error::usage("paths", "there is no path in what was asked")
            .hint("scope_check with paths, or with the text of git diff as diff")),
        n if n > PATHS_MAX => {
            let message = format!("{n} paths are too many at once; {PATHS_MAX} are not");
            Err(Error::usage("paths", message))
        }
        _ => Ok(all),
    }
}

/// Of the room; outside, of the package that is named.
fn bounds(work: &mut Work<'_>, named: Option<&str>) -> Result<(PackageId, Bounds)> {
    if let (Some(attempt), None) = (&work.session.attempt, named) {
        let common = work.cx.repo()?.common_dir().to_owned();
        if let Some(room) = RoomScope::read(&common, attempt)? {
            return Ok((room.package.clone(), Bounds::from(&room)));
        }
    }
    let named = named.ok_or_else(|| {
        Error::usage("package", "which package?").hint("scope_check with package FEATURE/PACKAGE")
    })?;
    let target = feature::package_target(named)?;
    let store = work.store()?;
    let found = feature::find(&mut work.cx, &store, target.feature.as_deref())?;
    let valid = match found.view.features.contains_key(&found.id) {
        true => reading::published(&mut work.cx, &store, (&found.id, &found.records))?,
        false => reading::valid(&mut work.cx, Some(found.id.as_str()), Linear::Allowed)?,
    };
    let plan = valid.plan;
    of_plan(&plan, &target.package, work.cx.settings()?.max_blob_bytes)
}

fn of_plan(plan: &Plan, id: &PackageId, max_blob_bytes: u64) -> Result<(PackageId, Bounds)> {
    let package = plan.packages.iter().find(|p| p.id == *id).ok_or_else(|| {
        Error::usage("package-unknown", format!("the plan has no package `{id}`"))
    })?;
    let others = plan.packages.iter().filter(|p| p.id != *id);
    let bounds = Bounds {
        scope: package.scope.clone(),
        others: others
            .map(|p| Neighbour {
                package: p.id.clone(),
                scope: p.scope.clone(),
            })
            .collect(),
        fold: Fold::None,
        max_blob_bytes,
    };
    Ok((id.clone(), bounds))
}
