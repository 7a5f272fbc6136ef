//! The execution plan: what can start, what waits and for what, what is left out.
//!
//! A group is what can be done once the groups before it are: the tasks of one track go into one
//! group as long as nothing of another track is needed in between.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::time::Duration;

use serde::Serialize;

use crate::base::text::{count, foreign};
use crate::base::{FeatureId, PackageId, time};
use crate::graph::Graph;
use crate::model::ItemKind;
use crate::report::spec_text::words::{self, Split};
use crate::report::spec_text::{TaskList, TaskRow};
use crate::schedule::forecast::Forecast;

/// What a run would do.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ExecutionPlan {
    /// The feature.
    pub feature: FeatureId,
    /// The first group, by track.
    pub ready: Vec<Lane>,
    /// The groups after it.
    pub waiting: Vec<Group>,
    /// What would not run, by reason.
    pub left: Vec<Left>,
    /// Rework that runs only if a review asks for it.
    pub rework: Vec<PackageId>,
    /// Tasks that would run.
    pub tasks: usize,
    /// Gates that would be reached.
    pub gates: usize,
    /// Tasks that are complete already.
    pub complete: usize,
    /// How long it takes by what earlier tasks of this feature took; `null` if none was measured.
    pub estimate: Option<Estimate>,
}

/// What of a track can start.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Lane {
    /// `Track A`, `Phase 1`; `null` for what stands in none.
    pub track: Option<String>,
    /// Its tasks.
    pub tasks: Vec<PackageId>,
    /// Its gates.
    pub gates: Vec<PackageId>,
}

/// What has to wait.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Group {
    /// From 2.
    pub group: usize,
    /// Its tasks.
    pub tasks: Vec<PackageId>,
    /// Its gates.
    pub gates: Vec<PackageId>,
    /// The groups that hold what it needs.
    pub depends_on: Vec<usize>,
    /// What it needs of them.
    pub waits_for: Vec<PackageId>,
}

/// What would not run.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Left {
    /// Why.
    pub why: String,
    /// The tasks.
    pub tasks: Vec<PackageId>,
    /// The gates.
    pub gates: Vec<PackageId>,
}

/// A time, and what it was taken from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Estimate {
    /// Seconds.
    pub seconds: u64,
    /// Tasks of earlier runs that were measured.
    pub measured: usize,
}

impl ExecutionPlan {
    /// The plan of what `forecast` says would run.
    pub fn of(list: &TaskList, graph: &Graph, forecast: &Forecast) -> Self {
        let groups = groups(list, graph, forecast);
        let last = groups.values().copied().max().unwrap_or(0);
        let of = |group: usize| -> Vec<&TaskRow> {
            let rows = list.rows.iter();
            rows.filter(|row| groups.get(&row.id) == Some(&group))
                .collect()
        };
        let none = BTreeMap::new();
        let running = list.rows.iter().filter(|row| groups.contains_key(&row.id));
        let runs: Split<'_> = running.collect();
        ExecutionPlan {
            feature: list.feature.clone(),
            ready: lanes(list, &of(1)),
            waiting: (2..=last)
                .map(|group| waiting(list, (group, &of(group)), graph, &groups))
                .collect(),
            left: left(list, forecast),
            rework: list
                .rows
                .iter()
                .filter(|row| row.kind == ItemKind::Rework && !row.is_done(&none))
                .map(|row| row.id.clone())
                .collect(),
            tasks: runs.tasks.len(),
            gates: runs.gates.len(),
            complete: complete(list, &groups, forecast),
            estimate: None,
        }
    }

    /// The text that users know.
    pub fn render(&self) -> String {
        let mut out = format!("Execution Plan for {}:\n", foreign(self.feature.as_str()));
        if !self.ready.is_empty() {
            out.push_str("\nReady to Execute (Group 1):\n");
        }
        for lane in &self.ready {
            let split = split(&lane.tasks, &lane.gates);
            let name = lane
                .track
                .as_ref()
                .map_or(String::new(), |t| format!("{t}: "));
            let _ = writeln!(out, "- {name}{}", words::counted(&split));
        }
        if !self.waiting.is_empty() {
            out.push_str("\nWaiting on Dependencies:\n");
        }
        for group in &self.waiting {
            let split = split(&group.tasks, &group.gates);
            let (number, tasks) = (group.group, words::listed(&split));
            let _ = writeln!(out, "- Group {number}: {tasks} ({})", self.reason(group));
        }
        if !self.left.is_empty() {
            out.push_str("\nNot in this run:\n");
        }
        for left in &self.left {
            let split = split(&left.tasks, &left.gates);
            let _ = writeln!(out, "- {} ({})", words::listed(&split), foreign(&left.why));
        }
        out.push('\n');
        out.push_str(&self.total());
        out.push_str(&self.reviews());
        out
    }

    /// `depends on Group 1, gates CR-A, PR-A`.
    fn reason(&self, group: &Group) -> String {
        let word = if group.depends_on.len() == 1 {
            "Group"
        } else {
            "Groups"
        };
        let numbers: Vec<String> = group.depends_on.iter().map(usize::to_string).collect();
        let mut reason = format!("depends on {word} {}", numbers.join(", "));
        let lanes = self.ready.iter().flat_map(|lane| &lane.gates);
        let all: BTreeSet<&PackageId> = lanes
            .chain(self.waiting.iter().flat_map(|group| &group.gates))
            .collect();
        let gates = group.waits_for.iter().filter(|id| all.contains(id));
        let gates: Vec<&PackageId> = gates.collect();
        if !gates.is_empty() {
            let _ = write!(reason, ", {}", words::gates(&gates));
        }
        reason
    }

    fn total(&self) -> String {
        let mut parts = vec![count(self.tasks, "task")];
        if self.gates > 0 {
            parts.push(count(self.gates, "review gate"));
        }
        if self.complete > 0 {
            parts.push(format!("{} complete already", self.complete));
        }
        if let Some(Estimate { seconds, measured }) = self.estimate {
            let span = time::human(Duration::from_secs(seconds));
            let from = count(measured, "task");
            parts.push(format!("~{span} estimated from {from} measured"));
        }
        format!("Total: {}\n", parts.join(", "))
    }

    fn reviews(&self) -> String {
        let mut out = String::new();
        if self.gates > 0 {
            let _ = writeln!(
                out,
                "Gates: an agent writes the review, a person opens the gate: \
                 git wp evidence {}/GATE verdict --pass",
                foreign(self.feature.as_str())
            );
        }
        if !self.rework.is_empty() {
            let ids: Vec<&PackageId> = self.rework.iter().collect();
            let ids = words::names(&ids);
            let _ = writeln!(out, "Rework: {ids}, only if a review asks for changes");
        }
        out
    }
}

/// The group of everything that would run. Bars are sorted by their starts, so what a task needs
/// comes before it.
fn groups(list: &TaskList, graph: &Graph, forecast: &Forecast) -> BTreeMap<PackageId, usize> {
    let lanes = list.rows.iter().map(|row| (&row.id, row.lane.as_deref()));
    let lanes: BTreeMap<&PackageId, Option<&str>> = lanes.collect();
    let lane = |id: &PackageId| lanes.get(id).copied().flatten();
    let mut groups: BTreeMap<PackageId, usize> = BTreeMap::new();
    for bar in &forecast.bars {
        let id = &bar.package;
        let after = graph.effective(id).iter().filter_map(|edge| {
            let same = lane(id).is_some() && lane(&edge.on) == lane(id);
            groups.get(&edge.on).map(|group| group + usize::from(!same))
        });
        let group = after.max().unwrap_or(1);
        groups.insert(id.clone(), group);
    }
    groups
}

fn lanes(list: &TaskList, rows: &[&TaskRow]) -> Vec<Lane> {
    let lanes = list.lanes().into_iter().map(|lane| {
        let inside = rows.iter().filter(|row| row.lane.as_deref() == lane);
        let split: Split<'_> = inside.copied().collect();
        let (tasks, gates) = split.owned();
        Lane {
            track: lane.map(str::to_owned),
            tasks,
            gates,
        }
    });
    let holds = |lane: &Lane| !lane.tasks.is_empty() || !lane.gates.is_empty();
    lanes.filter(holds).collect()
}

fn waiting(
    list: &TaskList,
    (group, rows): (usize, &[&TaskRow]),
    graph: &Graph,
    groups: &BTreeMap<PackageId, usize>,
) -> Group {
    let edges = rows.iter().flat_map(|row| graph.effective(&row.id));
    let needed: BTreeSet<&PackageId> = edges.map(|edge| &edge.on).collect();
    let before = |id: &PackageId| groups.get(id).copied().filter(|other| *other < group);
    let in_order = list.rows.iter().map(|row| &row.id);
    let needed: Vec<&PackageId> = in_order
        .filter(|id| needed.contains(id) && before(id).is_some())
        .collect();
    let depends_on: BTreeSet<usize> = needed.iter().filter_map(|id| before(id)).collect();
    let split: Split<'_> = rows.iter().copied().collect();
    let (tasks, gates) = split.owned();
    Group {
        group,
        tasks,
        gates,
        depends_on: depends_on.into_iter().collect(),
        waits_for: needed.into_iter().cloned().collect(),
    }
}

fn left(list: &TaskList, forecast: &Forecast) -> Vec<Left> {
    let mut reasons: Vec<&str> = Vec::new();
    for (_, why) in &forecast.left {
        if !reasons.contains(&why.as_str()) {
            reasons.push(why);
        }
    }
    let of = |why: &str| {
        let ids = forecast.left.iter().filter(|(_, other)| other == why);
        let rows = ids.filter_map(|(id, _)| list.get(id));
        let split: Split<'_> = rows.collect();
        let (tasks, gates) = split.owned();
        let why = why.to_owned();
        Left { why, tasks, gates }
    };
    reasons.into_iter().map(of).collect()
}

/// Tasks that are ticked, or that the records know to be merged: they would not run, and nothing
/// keeps them from it.
fn complete(list: &TaskList, groups: &BTreeMap<PackageId, usize>, forecast: &Forecast) -> usize {
    let left: BTreeSet<&PackageId> = forecast.left.iter().map(|(id, _)| id).collect();
    let done = |row: &&TaskRow| !groups.contains_key(&row.id) && !left.contains(&row.id);
    list.tasks().filter(done).count()
}

fn split<'a>(tasks: &'a [PackageId], gates: &'a [PackageId]) -> Split<'a> {
    Split {
        tasks: tasks.iter().collect(),
        gates: gates.iter().collect(),
    }
}
