//! The books of team-implement: a commit per wave, and one at the end with the summary.

use std::collections::{BTreeMap, BTreeSet};

use crate::base::{ContentHash, PackageId, Result};
use crate::model::ItemStatus;
use crate::plan::outline::{Item, Outline, Text};
use crate::plan::outline_of::read_outline;
use crate::plan::write_back::{self, NewStatus, Whose};
use crate::report::books::project_state::{self, TaskState};
use crate::report::books::{Entry, Progress, team_papers, team_text, tick};

const STATE: &str = "specs/state.json";
const LIST: &str = "specs/TODO.md";

type Files = BTreeMap<String, Option<Vec<u8>>>;

/// What is known of a task and of its plan, for every paper.
pub(super) struct Task<'a> {
    pub(super) progress: &'a Progress<'a>,
    pub(super) outline: Outline,
    /// From the plan's header, else from the name of its folder.
    pub(super) number: u64,
    /// `specs/NNN_slug`.
    folder: String,
    /// Two digits that the papers of this round begin with.
    pub(super) round: String,
    /// Waves in order, each with its phases.
    pub(super) waves: Vec<(String, Vec<usize>)>,
}

/// The commits that are due.
pub(super) fn entries(progress: &Progress<'_>, whole: &str) -> Result<Vec<Entry>> {
    let Some(task) = Task::new(progress, whole)? else {
        return Ok(Vec::new());
    };
    let mut text = whole.to_owned();
    let mut out = Vec::new();
    for (wave, phases) in &task.waves {
        out.extend(task.wave(&mut text, wave, phases)?);
    }
    if progress.is_over {
        out.extend(task.end(&text, !out.is_empty())?);
    }
    Ok(out)
}

/// The return text; `None` if the plan is not there.
pub(super) fn returned(progress: &Progress<'_>) -> Result<Option<String>> {
    let Some(bytes) = (progress.read)(&progress.plan.source)? else {
        return Ok(None);
    };
    let Ok(whole) = std::str::from_utf8(&bytes) else {
        return Ok(None);
    };
    let task = Task::new(progress, whole)?;
    Ok(task.map(|task| team_text::returned(&task)))
}

impl<'a> Task<'a> {
    fn new(progress: &'a Progress<'a>, whole: &str) -> Result<Option<Self>> {
        let plan = progress.plan;
        let Some(outline) = read_outline(plan.format, &Text::new(whole, &plan.source)) else {
            return Ok(None);
        };
        let folder = plan.source.rsplit_once("/plans/");
        let folder = folder.map_or("", |(folder, _)| folder);
        let header = outline.meta.iter().find(|field| field.name == "Task");
        let name = folder.rsplit('/').next().unwrap_or("");
        let number = header.and_then(|field| digits(&field.value));
        let number = number.or_else(|| digits(name)).unwrap_or(0);
        let state = (progress.read)(STATE)?;
        let round = state.and_then(|state| project_state::round(&state, number));
        Ok(Some(Task {
            progress,
            waves: waves(&outline),
            number,
            folder: folder.to_owned(),
            round: format!("{:02}", round.unwrap_or(1)),
            outline,
        }))
    }

    pub(super) fn item(&self, at: usize) -> &Item {
        &self.outline.items[at]
    }

    /// How a phase stands: as the run knows it, else as the file says.
    pub(super) fn status(&self, item: &Item) -> ItemStatus {
        let known = PackageId::parse(&item.id);
        let known = known.and_then(|id| self.progress.statuses.get(&id).copied());
        known.unwrap_or(item.mark.status)
    }

    pub(super) fn is_done(&self, at: usize) -> bool {
        self.status(self.item(at)).is_settled()
    }

    /// The path of a paper below the task's folder.
    pub(super) fn path(&self, below: &str) -> String {
        match self.folder.is_empty() {
            true => below.to_owned(),
            false => format!("{}/{below}", self.folder),
        }
    }

    /// `sess_<seconds>_<six digits>`, the same for the whole run.
    pub(super) fn session(&self) -> String {
        let run = self.progress.run;
        let hash = ContentHash::of(run.run.as_str().as_bytes());
        format!("sess_{}_{}", run.by.at.seconds(), hash.short(6))
    }

    fn list(&self, phases: &[usize], wanted: impl Fn(usize) -> bool) -> String {
        let phases = phases.iter().filter(|&&at| wanted(at));
        let ids: Vec<&str> = phases.map(|&at| self.item(at).id.as_str()).collect();
        ids.join(", ")
    }

    /// The commit of a wave, once all of its phases are done; at the end of a run also of a part.
    fn wave(&self, text: &mut String, wave: &str, phases: &[usize]) -> Result<Option<Entry>> {
        let complete = phases.iter().all(|&at| self.is_done(at));
        if !complete && !self.progress.is_over {
            return Ok(None);
        }
        let ids: BTreeSet<&str> = phases.iter().map(|&at| self.item(at).id.as_str()).collect();
        let done = |id: &PackageId| self.progress.statuses.get(id) == Some(&ItemStatus::Done);
        let own = |id: &PackageId| done(id) && ids.contains(id.as_str());
        let (after, ticked) = tick(text, self.progress, own);
        if ticked.is_empty() {
            return Ok(None);
        }
        *text = self.with_plan_status(after, ItemStatus::Running);
        let mut files = Files::new();
        for (id, _) in &ticked {
            let Some(item) = self.outline.item(id.as_str()) else {
                continue;
            };
            let paper = team_papers::results_path(self, item);
            if (self.progress.read)(&paper)?.is_none() {
                let content = team_papers::results(self, item);
                files.insert(paper, Some(content.into_bytes()));
            }
            let mut attempts = team_papers::attempts(self, &item.id).into_iter();
            if attempts.any(team_papers::failed) {
                self.diagnosis(&mut files, id)?;
            }
        }
        self.put_plan(&mut files, text);
        let (n, all) = (self.number, self.list(phases, |_| true));
        let subject = match complete {
            true => format!("task {n}: complete wave {wave} (phases {all})"),
            false => {
                let done = self.list(phases, |at| self.is_done(at));
                format!("task {n}: wave {wave} phases {done} (of {all})")
            }
        };
        Ok(Some(self.commit(&subject, files)))
    }

    /// The last commit of a run: the summary where everything is done, else what is in the way.
    fn end(&self, text: &str, moved: bool) -> Result<Option<Entry>> {
        let whole = (0..self.outline.items.len()).all(|at| self.is_done(at));
        let statuses = self.progress.statuses;
        let open = |id: &PackageId| statuses.get(id).is_some_and(|status| !status.is_settled());
        let (after, ticked) = tick(text, self.progress, open);
        let summary = team_papers::summary_path(self);
        // The summary is written once: what is written at every look would never end.
        let is_due = whole && (self.progress.read)(&summary)?.is_none();
        if !moved && ticked.is_empty() && !is_due {
            return Ok(None);
        }
        let mut files = Files::new();
        for (id, _) in &ticked {
            self.diagnosis(&mut files, id)?;
        }
        let status = match whole {
            true => ItemStatus::Done,
            false => ItemStatus::Running,
        };
        self.put_plan(&mut files, &self.with_plan_status(after, status));
        let summary = whole.then(|| team_papers::summary_path(self));
        if let Some(path) = &summary {
            let content = team_papers::summary(self);
            files.insert(path.clone(), Some(content.into_bytes()));
        }
        let meta = team_papers::return_meta(self, summary.as_deref());
        files.insert(self.path(".return-meta.json"), Some(meta.into_bytes()));
        self.project(&mut files, summary.as_deref())?;
        let subject = match whole {
            true => format!("task {}: complete team implementation", self.number),
            false => format!("task {}: partial team implementation", self.number),
        };
        Ok(Some(self.commit(&subject, files)))
    }

    /// The debug report of a phase, once.
    fn diagnosis(&self, files: &mut Files, id: &PackageId) -> Result<()> {
        let paper = team_papers::debug_path(self, id.as_str());
        if (self.progress.read)(&paper)?.is_none() {
            let content = team_papers::debug(self, id);
            files.insert(paper, Some(content.into_bytes()));
        }
        Ok(())
    }

    /// The project's own list of tasks, where there is one.
    fn project(&self, files: &mut Files, summary: Option<&str>) -> Result<()> {
        let at = self.progress.now.to_string();
        let state = TaskState {
            number: self.number,
            status: match summary {
                Some(_) => "completed",
                None => "implementing",
            },
            at: &at,
            summary,
        };
        let bytes = (self.progress.read)(STATE)?;
        if let Some(after) = bytes.and_then(|bytes| project_state::state_json(&bytes, &state)) {
            files.insert(STATE.to_owned(), Some(after));
        }
        let list = (self.progress.read)(LIST)?;
        let list = list.and_then(|bytes| String::from_utf8(bytes).ok());
        if let Some(after) = list.and_then(|list| project_state::todo(&list, &state)) {
            files.insert(LIST.to_owned(), Some(after.into_bytes()));
        }
        Ok(())
    }

    fn put_plan(&self, files: &mut Files, text: &str) {
        let path = self.progress.plan.source.clone();
        files.insert(path, Some(text.as_bytes().to_vec()));
    }

    fn with_plan_status(&self, text: String, status: ItemStatus) -> String {
        let plan = self.progress.plan;
        let named = (plan.format, plan.source.as_str());
        let to = NewStatus::Status(status);
        // A plan without a status of its own stays without.
        write_back::set_status(&text, named, Whose::Plan, &to).unwrap_or(text)
    }

    fn commit(&self, subject: &str, files: Files) -> Entry {
        Entry {
            files,
            message: format!("{subject}\n\nSession: {}\n", self.session()),
        }
    }
}

/// The first number in a text.
fn digits(text: &str) -> Option<u64> {
    let text = text.trim_start_matches(|c: char| !c.is_ascii_digit());
    let end = text.find(|c: char| !c.is_ascii_digit());
    text[..end.unwrap_or(text.len())].parse().ok()
}

/// The waves of the table; where it has none, a phase is a wave.
fn waves(outline: &Outline) -> Vec<(String, Vec<usize>)> {
    let mut waves: Vec<(String, Vec<usize>)> = Vec::new();
    for (at, item) in outline.items.iter().enumerate() {
        let wave = item.labels.get("wave").unwrap_or(&item.id);
        match waves.iter_mut().find(|(name, _)| name == wave) {
            Some((_, phases)) => phases.push(at),
            None => waves.push((wave.clone(), vec![at])),
        }
    }
    waves.sort_by_key(|(name, _)| name.parse::<u64>().unwrap_or(u64::MAX));
    waves
}
