//! What runs now: a line per package with its agent, elapsed time and last sign of life.

use std::collections::BTreeMap;

use crate::base::text::{cut, foreign};
use crate::base::{PackageId, Timestamp, time};
use crate::report::event_line::EventLine;
use crate::report::style::{Label, Page};

/// What is known of a run while it is on. Fed with events, drawn whenever somebody looks.
#[derive(Debug, Clone, Default)]
pub struct Progress {
    packages: usize,
    merged: usize,
    running: BTreeMap<PackageId, Running>,
}

#[derive(Debug, Clone)]
struct Running {
    agent: String,
    since: Timestamp,
    doing: String,
    heard: Timestamp,
}

impl Progress {
    /// Adds this many packages, some of them merged already.
    pub fn add(&mut self, packages: usize, merged: usize) {
        self.packages += packages;
        self.merged += merged;
    }

    /// Takes note of an event; `agent` is who runs packages in this run.
    pub fn observe(&mut self, event: &EventLine, agent: &str) {
        let Some(package) = &event.package else {
            return;
        };
        match event.kind.as_str() {
            "attempt-started" | "attempt-adopted" => {
                let running = Running {
                    agent: agent.to_owned(),
                    since: event.at,
                    doing: "working".to_owned(),
                    heard: event.at,
                };
                self.running.insert(package.clone(), running);
            }
            "attempt-finished" => self.now(package, "at the gate", event.at),
            "gate" => self.now(package, "verifying", event.at),
            "verified" | "landing" => self.now(package, "merging", event.at),
            "landed" => {
                self.merged += 1;
                self.running.remove(package);
            }
            "attempt-ended" => {
                self.running.remove(package);
            }
            _ => {}
        }
    }

    /// Takes note of something the agent said.
    pub fn heard(&mut self, package: &PackageId, line: &str, at: Timestamp) {
        self.now(package, line, at);
    }

    fn now(&mut self, package: &PackageId, doing: &str, at: Timestamp) {
        if let Some(running) = self.running.get_mut(package) {
            doing.clone_into(&mut running.doing);
            running.heard = at;
        }
    }

    /// Draws the lines as they are at `now`, at most `lines_max` of them.
    pub fn render(&self, now: Timestamp, lines_max: usize, page: Page) -> Vec<String> {
        let names = self.running.keys().map(|id| id.as_str().chars().count());
        let width = names.max().unwrap_or(0);
        let mut lines: Vec<String> = self
            .running
            .iter()
            .take(lines_max.saturating_sub(1))
            .map(|(id, running)| line(id, running, now, (width, page)))
            .collect();
        let (merged, all, live) = (self.merged, self.packages, self.running.len());
        let sum = format!("{merged} of {all} merged, {live} running");
        lines.push(page.paint(Label::Dim, &sum));
        lines
    }
}

fn line(id: &PackageId, running: &Running, now: Timestamp, sheet: (usize, Page)) -> String {
    let (width, page) = sheet;
    let elapsed = time::human(now.since(running.since));
    let silent = now.since(running.heard);
    let mut doing = foreign(&running.doing).to_string();
    if silent.as_secs() >= SILENCE_SHOWN {
        doing = format!("{doing} ({} ago)", time::human(silent));
    }
    let name = format!("{:width$}", foreign(id.as_str()).to_string());
    let head = format!("{name}  {}  {elapsed:>7}  ", foreign(&running.agent));
    let room = page.width.saturating_sub(head.chars().count() + 1).max(8);
    format!("{}{}", page.paint(Label::Busy, &head), cut(&doing, room))
}

/// Seconds without a sign of life that are worth a mention.
const SILENCE_SHOWN: u64 = 10;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::style::Style;

    fn event(kind: &str, package: &str, seconds: i64) -> EventLine {
        EventLine {
            at: Timestamp::from_millis(seconds * 1000),
            package: PackageId::parse(package),
            attempt: None,
            kind: kind.to_owned(),
            word: String::new(),
            text: String::new(),
            commit: None,
        }
    }

    #[test]
    fn there_is_a_line_per_running_package() {
        let mut progress = Progress::default();
        progress.add(4, 0);
        for (kind, package, seconds) in [
            ("attempt-started", "wp-contracts", 0),
            ("landed", "wp-contracts", 3),
            ("attempt-started", "wp-api", 3),
            ("attempt-started", "wp-ui", 4),
            ("attempt-finished", "wp-ui", 60),
        ] {
            progress.observe(&event(kind, package, seconds), "shell");
        }
        let api = PackageId::parse("wp-api").unwrap();
        let said = "compiling a rather long list of things\u{1b}[2J";
        progress.heard(&api, said, Timestamp::from_millis(40_000));
        let page = Page {
            style: Style::Plain,
            width: 60,
        };
        let lines = progress.render(Timestamp::from_millis(65_000), 10, page);
        assert!(lines.iter().all(|l| l.chars().count() <= 60));
        insta::assert_snapshot!(lines.join("\n"), @r"
        wp-api  shell   1m 02s  compiling a rather long list of th…
        wp-ui   shell   1m 01s  at the gate
        1 of 4 merged, 2 running
        ");
    }
}
