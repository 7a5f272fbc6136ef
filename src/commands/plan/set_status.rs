//! `git wp plan set-status`: one status written back into a document, nothing else touched.

use std::path::Path;
use std::time::Duration;

use crate::base::json::json;
use crate::base::text::foreign;
use crate::base::{Error, Result};
use crate::commands::change::{self, Change};
use crate::commands::plan_words::PlanWords;
use crate::commands::reading::Linear;
use crate::commands::{Answer, Context};
use crate::model::{Durability, Format, ItemStatus};
use crate::os::lock::FileLock;
use crate::os::{clock, file, lock};
use crate::plan::write_back::{self, NewStatus, Refusal, Whose};
use crate::plan::{self, outline::Text, outline_of};

/// Write one status into a plan document
///
/// Changes the bytes of that one mark, reads the file again, and refuses if anything else would be
/// read differently. STATUS is a word of `git wp graph --json` (pending, running, in-review, done,
/// partial, blocked, failed, skipped, cancelled) or a marker of the format.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  git wp plan set-status specs/412_add_cache/plans/01_add-cache.md 2 done
  git wp plan set-status specs/412_add_cache/plans/01_add-cache.md 2 'NOT STARTED'
  git wp plan set-status add-login 1.2 done")]
pub(super) struct Args {
    /// A feature, or the path of a plan
    #[arg(value_name = "CHANGE|PATH")]
    change: String,
    /// The element, as the file names it
    id: String,
    /// The status
    status: String,
    #[command(flatten)]
    words: PlanWords,
}

/// Writes.
pub(super) fn run(args: &Args, cx: &mut Context<'_>) -> Result<Answer> {
    cx.refuse_in_room("plan set-status")?;
    let root = cx.root()?;
    // Taken before the file is read, so that two of these lose nothing of each other.
    let _lock = alone(cx, &root)?;
    let Change::Plan(file) = change::find(&args.change, cx.here(), &root)? else {
        let message = format!("the change `{}` has no plan", foreign(&args.change));
        return Err(Error::usage("plan-missing", message).hint("name the path of a plan"));
    };
    let format = args.words.how(Linear::Refused).format;
    let format = format.or_else(|| plan::recognise(&file.bytes, &file.source));
    let whole = std::str::from_utf8(&file.bytes)
        .map_err(|_| Error::usage("plan-unreadable", "the file is not UTF-8"))?;
    let source = &file.source;
    let refused = |refusal: &Refusal| refused(args, source, refusal);
    let format = format.ok_or_else(|| refused(&Refusal::NoDocument))?;
    let to = NewStatus::parse(&args.status);
    let whose = Whose::Item(&args.id);
    let after = write_back::set_status(whole, (format, source), whose, &to);
    let after = after.map_err(|refusal| refused(&refusal))?;
    let changed = after != whole;
    if changed {
        file::rewrite(&file.path, after.as_bytes(), Durability::Full)?;
    }
    let (status, marker) = standing(&after, (format, source), &args.id);
    let already = if changed { "" } else { " already" };
    let wanted = ItemStatus::parse(&args.status).filter(|wanted| *wanted != status);
    let mut text = format!(
        "{}: {} is {}{already}\n",
        foreign(source),
        foreign(&args.id),
        status.as_str()
    );
    if let Some(wanted) = wanted {
        text.push_str(&format!(
            "the format has no marker for {}; the nearest is `{}`\n",
            wanted.as_str(),
            foreign(&marker)
        ));
    }
    let data = json!({
        "source": source,
        "format": format,
        "id": args.id,
        "status": status,
        "source_status": marker,
        "changed": changed,
    });
    Ok(Answer::done(data, text))
}

/// Nobody else here writes a status while this is held. Outside a repository there is no place
/// for a lock.
fn alone(cx: &mut Context<'_>, root: &Path) -> Result<Option<FileLock>> {
    if !cx.has_repo()? {
        return Ok(None);
    }
    let path = cx.repo()?.wp_dir().join("plan.lock");
    let held = lock::lock(&path, LOCK_WAIT)?;
    held.announce(
        &format!("git wp plan set-status in {}", root.display()),
        clock::now(),
    );
    Ok(Some(held))
}

/// A status is written within milliseconds.
const LOCK_WAIT: Duration = Duration::from_secs(10);

fn standing(text: &str, (format, source): (Format, &str), id: &str) -> (ItemStatus, String) {
    let outline = outline_of::read_outline(format, &Text::new(text, source));
    let found = outline.as_ref().and_then(|outline| outline.item(id));
    found.map_or((ItemStatus::Unknown, String::new()), |item| {
        (item.mark.status, item.mark.text.clone())
    })
}

fn refused(args: &Args, source: &str, refusal: &Refusal) -> Error {
    let (id, source) = (foreign(&args.id), foreign(source));
    let message = format!("cannot set `{id}` of `{source}`: {refusal}");
    let (code, hint) = match refusal {
        Refusal::NoDocument => ("no-document", "git wp plan set-status -h".to_owned()),
        Refusal::Unknown | Refusal::Repeated => {
            ("element-unknown", format!("git wp graph {source}"))
        }
        Refusal::NoPlace => (
            "no-place",
            "its state is kept by git wp: git wp status".to_owned(),
        ),
        Refusal::NoMarker(_) => ("no-marker", "git wp plan set-status -h".to_owned()),
        Refusal::SideEffect(_) => (
            "side-effect",
            "edit the file by hand, and report it".to_owned(),
        ),
    };
    Error::usage(code, message).hint(hint)
}
