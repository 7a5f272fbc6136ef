//! What coordination can do here and now, found out by trying.
//!
//! Nothing of the state is changed: a ref beside it is made and taken back.

use serde::Serialize;

use crate::base::{Error, Oid, RefName, Result};
use crate::commands::Context;
use crate::git::Expected;
use crate::git::version::Version;
use crate::model::Durability;
use crate::os::file::{self, Access};
use crate::os::random;
use crate::state::record::FORMAT_VERSION;
use crate::store::Load;

/// The names that skills ask for, and what each of them needs.
const FLAGS: [(&str, Need); 8] = [
    ("CAN_LOCK", Need::Write),
    ("CAN_QUEUE_WORK", Need::Write),
    ("CAN_DISCOVER", Need::Write),
    ("CAN_GUARDRAILS", Need::Settings),
    ("CAN_HANDOFF", Need::Write),
    ("CAN_MEMORY", Need::Write),
    ("CAN_POLICY", Need::Settings),
    ("CAN_AUDIT", Need::Read),
];

/// Without these packages run one after the other.
const REQUIRED: [&str; 3] = ["CAN_DISCOVER", "CAN_QUEUE_WORK", "CAN_LOCK"];

#[derive(Clone, Copy, PartialEq, Eq)]
enum Need {
    /// The configuration can be read.
    Settings,
    /// The state can be read.
    Read,
    /// The state can be changed.
    Write,
}

/// One of the flags.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(in crate::commands) struct Capability {
    /// For instance `CAN_LOCK`.
    pub name: &'static str,
    /// Whether it works.
    pub available: bool,
    /// Why not.
    pub reason: Option<String>,
}

/// All of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(in crate::commands) struct Capabilities {
    /// In a fixed order.
    pub flags: Vec<Capability>,
}

impl Capabilities {
    /// What is missing that parallel work needs, each with the reason.
    pub(in crate::commands) fn missing(&self) -> Vec<String> {
        let required = { self.flags.iter() }.filter(|flag| REQUIRED.contains(&flag.name));
        let missing = required.filter(|flag| !flag.available);
        missing
            .map(|flag| {
                let why = flag.reason.as_deref().unwrap_or("it does not work");
                format!("{}: {why}", flag.name)
            })
            .collect()
    }
}

/// Tries all of them. What fails is an answer.
pub(in crate::commands) fn probe(cx: &mut Context<'_>) -> Capabilities {
    let settings = cx.settings().map(drop);
    let read = settings.as_ref().map_err(words).and_then(|()| {
        let tried = reads(cx);
        tried.map_err(|error| words(&error))
    });
    let write = match &read {
        Ok(()) => writes(cx).map_err(|error| words(&error)),
        Err(why) => Err(why.clone()),
    };
    let settings = settings.map_err(|error| words(&error));
    let flag = |(name, need): (&'static str, Need)| {
        let tried = match need {
            Need::Settings => &settings,
            Need::Read => &read,
            Need::Write => &write,
        };
        Capability {
            name,
            available: tried.is_ok(),
            reason: tried.clone().err(),
        }
    };
    Capabilities {
        flags: FLAGS.into_iter().map(flag).collect(),
    }
}

fn words(error: &Error) -> String {
    let mut text = error.to_string();
    for cause in error.causes() {
        text.push_str(": ");
        text.push_str(&cause);
    }
    text
}

fn reads(cx: &mut Context<'_>) -> Result<()> {
    Version::of_git()?.check()?;
    let view = cx.store()?.view(&Load::Briefs)?;
    if view.format > FORMAT_VERSION {
        let message = format!(
            "the state has format {}, newer than this program",
            view.format
        );
        return Err(Error::damaged("format", message));
    }
    let meta = { view.problems.iter() }.find(|problem| problem.path.starts_with("meta"));
    match meta {
        Some(problem) => {
            let message = format!("the record `{}` is damaged: {}", problem.path, problem.why);
            Err(Error::damaged("record", message))
        }
        None => Ok(()),
    }
}

/// Does what a transaction does, beside the state: a file of ours, an object, a ref.
fn writes(cx: &mut Context<'_>) -> Result<()> {
    let name = random::id(10)?;
    if let Some(attempt) = cx.env().attempt()? {
        // What a room asks for goes through its inbox; that is all it may write.
        let inbox = cx.store()?.inbox(&attempt)?;
        return touch(&inbox.join(format!("probe-{name}")));
    }
    let repo = cx.repo()?;
    file::make_private_dirs(&repo.wp_dir())?;
    touch(&repo.wp_dir().join(format!("probe-{name}")))?;
    let blob: Oid = cx.store()?.put_blob(b"")?;
    let place = cx.settings()?.state_ref;
    let place = place
        .as_str()
        .rsplit_once('/')
        .map_or("refs/wp", |(folder, _)| folder);
    let probe = RefName::parse(&format!("{place}/probe-{name}"));
    let probe = probe.ok_or_else(|| Error::bug("a probe has no ref name"))?;
    let refs = repo.refs();
    let swap = |new: Option<&Oid>, old: &Expected| {
        let swapped = refs.swap(&probe, new, old, "wp: probe", Durability::Off);
        swapped.map_err(|error| error.into_error(&probe))
    };
    // A branch names a commit; where the state is one, so is the probe.
    let target = match (place.starts_with("refs/heads"), repo.refs().head()?.oid) {
        (true, Some(head)) => head,
        _ => blob,
    };
    swap(Some(&target), &Expected::Absent)?;
    swap(None, &Expected::Is(target.clone()))
}

fn touch(path: &std::path::Path) -> Result<()> {
    file::create_new(path, b"", Access::Private)?;
    file::remove(path).map(drop)
}
