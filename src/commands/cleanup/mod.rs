//! `git wp cleanup`: worktrees of attempts that ended, by exact ids; and everything that a feature
//! leaves behind once it is merged.

mod after;
mod feature;

use std::path::Path;

use crate::base::json::{Value, json};
use crate::base::text::{count, foreign};
use crate::base::{AttemptId, Error, Result, json, text};
use crate::commands::{Answer, Context, policy};
use crate::os::clock;
use crate::report::table::{Cell, Table};
use crate::state::request::AttemptFact;
use crate::state::view::AttemptView;
use crate::state::{Op, View, record};
use crate::store::{Load, Store};
use crate::worktree::{Room, Rooms};

/// Remove what ended attempts and merged features leave
///
/// Without arguments it lists the worktrees of attempts that ended and changes nothing. With a
/// feature that is part of your branch it releases its locks, removes its worktrees and the
/// branches whose commits something else holds, and writes a plan of what was left undone. Before
/// a worktree goes, everything in it that is not ignored is saved under refs/wp/salvage/.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  git wp cleanup                  # what could go
  git wp cleanup --yes 01kam...
  git wp cleanup add-auth -n      # what would go with a feature that is merged
  git wp cleanup add-auth --unmerged")]
pub(super) struct Args {
    /// A feature that is merged
    #[arg(value_name = "CHANGE")]
    change: Option<String>,
    /// Remove the worktrees of exactly these attempts
    #[arg(long, value_name = "ATTEMPT", num_args = 1.., conflicts_with = "change")]
    yes: Vec<String>,
    /// Show what would be done; change nothing
    #[arg(short = 'n', long, requires = "change")]
    dry_run: bool,
    /// The branch of which the feature has to be part [default: the branch of HEAD]
    #[arg(long, value_name = "BRANCH", requires = "change")]
    onto: Option<String>,
    /// Remove also branches whose commits nothing else holds; they are saved under refs/wp/salvage/
    #[arg(long, requires = "change")]
    unmerged: bool,
    /// Run `openspec archive` for the change
    #[arg(long, requires = "change")]
    archive: bool,
}

/// Lists or removes.
pub(super) fn run(args: &Args, cx: &mut Context<'_>) -> Result<Answer> {
    if let Some(word) = &args.change {
        let wanted = feature::Wanted {
            word,
            onto: args.onto.as_deref(),
            dry_run: args.dry_run,
            unmerged: args.unmerged,
            archive: args.archive,
        };
        return feature::run(wanted, cx);
    }
    let store = cx.store()?;
    let view = store.view(&Load::All)?;
    let rooms = super::rooms::open(cx)?;
    let all = rooms.list()?;
    let ended = all.iter().filter(|room| !is_live(&view, room.attempt()));
    let ended: Vec<&Room> = ended.collect();
    if args.yes.is_empty() {
        return list(cx, &view, &ended);
    }
    cx.refuse_in_room("cleanup")?;
    let permit = policy::demand(cx, "cleanup", (&args.yes.join(" "), None))?;
    let mut chosen = Vec::new();
    for word in &args.yes {
        chosen.push(choose(word, &all, &ended)?);
    }
    // Rooms go one by one, so what permits it is recorded before the first of them does.
    for answer in cx.submit(&store, vec![permit.change()])? {
        answer.map_err(Error::from)?;
    }
    let mut done: Vec<Value> = Vec::new();
    let mut text = String::new();
    for room in chosen {
        let (entry, line) = remove(cx, &store, (&view, &rooms), room)?;
        done.push(entry);
        text.push_str(&line);
    }
    let data = json!({"removed": done, "count": done.len(), "truncated": false});
    Ok(Answer::done(data, text))
}

fn choose<'a>(word: &str, all: &'a [Room], ended: &[&'a Room]) -> Result<&'a Room> {
    let is = |room: &&Room| room.attempt().as_str() == word;
    if let Some(room) = ended.iter().copied().find(is) {
        return Ok(room);
    }
    let shown = foreign(word).to_string();
    Err(match all.iter().any(|room| is(&room)) {
        true => Error::policy("attempt-live", format!("attempt `{shown}` still works"))
            .hint("git wp cancel FEATURE/PACKAGE"),
        false => Error::usage(
            "room-unknown",
            format!("attempt `{shown}` has no worktree here"),
        )
        .hint("git wp cleanup"),
    })
}

fn list(cx: &Context<'_>, view: &View, ended: &[&Room]) -> Result<Answer> {
    let mut table = Table::new(0);
    table.head(&["attempt", "package", "outcome", "size", "worktree"]);
    let mut rows: Vec<Value> = Vec::new();
    let mut bytes = 0;
    for room in ended {
        let reason = attempt(view, room.attempt()).and_then(|a| a.end.as_ref());
        let outcome = reason.map_or("unknown", |end| end.reason.as_str());
        let target = format!("{}/{}", room.feature(), room.package());
        let path = room.path().display().to_string();
        // Whoever wants to clean up wants to know; `status` is content with what was measured.
        let disk = room.size();
        bytes += disk.bytes;
        rows.push(json!({
            "attempt": room.attempt(),
            "feature": room.feature(),
            "package": room.package(),
            "outcome": outcome,
            "branch": room.branch().short(),
            "path": path,
            "exists": Path::new(&path).exists(),
            "disk": json::value(&disk)?,
        }));
        table.row(vec![
            Cell::new(room.attempt().as_str()),
            Cell::new(target),
            Cell::new(outcome),
            Cell::new(text::bytes(disk.bytes)),
            Cell::new(path),
        ]);
    }
    let mut out = match ended.is_empty() {
        true => "nothing to clean up\n".to_owned(),
        false => table.render(cx.ui.page()),
    };
    if !ended.is_empty() {
        let number = count(ended.len(), "worktree");
        out.push_str(&format!(
            "{number}, {}; to remove one: git wp cleanup --yes ATTEMPT\n",
            text::bytes(bytes)
        ));
    }
    let data = json!({
        "rooms": rows,
        "count": rows.len(),
        "truncated": false,
        "bytes": bytes,
    });
    Ok(Answer::done(data, out))
}

fn remove(
    cx: &mut Context<'_>,
    store: &Store,
    (view, rooms): (&View, &Rooms),
    room: &Room,
) -> Result<(Value, String)> {
    let removal = rooms.remove(room)?;
    let saved = removal.salvage.commit.clone();
    let kept_by = room.salvage_ref()?;
    if let (Some(commit), true) = (&saved, attempt(view, room.attempt()).is_some()) {
        let fact = AttemptFact::Salvage(record::Salvage {
            commit: commit.clone(),
            kept_by: kept_by.clone(),
            extent: None,
            at: clock::now(),
        });
        let op = Op::Note {
            feature: room.feature().clone(),
            package: room.package().clone(),
            attempt: room.attempt().clone(),
            fact,
        };
        for answer in cx.submit(store, vec![(op, vec![commit.clone()])])? {
            answer.map_err(Error::from)?;
        }
    }
    let mut line = format!("removed the worktree of {}\n", room.attempt());
    if let Some(commit) = &saved {
        line.push_str(&format!(
            "saved what was in it as {} under {kept_by}\n",
            commit.short()
        ));
    }
    if let Some(folder) = &removal.kept {
        line.push_str(&format!(
            "kept {}, which is something else now\n",
            folder.display()
        ));
    }
    let entry = json!({
        "attempt": room.attempt(),
        "saved": saved,
        "kept_by": saved.as_ref().map(|_| &kept_by),
        "branch": room.branch().short(),
    });
    Ok((entry, line))
}

fn is_live(view: &View, id: &AttemptId) -> bool {
    view.briefs
        .values()
        .flat_map(|brief| &brief.live)
        .any(|(_, grant)| grant.attempt == *id)
}

fn attempt<'a>(view: &'a View, id: &AttemptId) -> Option<&'a AttemptView> {
    let packages = view
        .features
        .values()
        .flat_map(|feature| feature.packages.values());
    packages
        .filter_map(|package| package.attempts.get(id))
        .next()
}
