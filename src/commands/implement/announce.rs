//! Tells displays of Purple how its tickets stand: on the stream of events, and to what a person
//! configured. Whatever goes wrong with that is a warning, and the run goes on.

use crate::base::json::Value;
use crate::base::{FeatureId, PackageId, Result, text};
use crate::commands::Context;
use crate::commands::implement::display::Displays;
use crate::commands::reading::ValidPlan;
use crate::commands::running::listen::Live;
use crate::engine::{Event, EventKind, RunReport};
use crate::model::{EndReason, PackageStatus, RunResult};
use crate::os::clock;
use crate::report::books::{accepted, in_short, notes};
use crate::report::purple_status::{Board, News};
use crate::state::FeatureView;
use crate::store::{Load, Store};

/// Listens to a run and tells of it.
pub(super) struct Announcer<'a> {
    live: &'a Live,
    feature: FeatureId,
    told: Option<Told>,
}

struct Told {
    board: Board,
    store: Store,
    is_announced: bool,
    displays: Displays,
}

impl<'a> Announcer<'a> {
    /// For the run of a plan; silent for plans of which nobody expects it.
    ///
    /// # Errors
    /// Usage: the command line cannot be split into words.
    pub(super) fn new(cx: &mut Context<'_>, live: &'a Live, valid: &ValidPlan) -> Result<Self> {
        let whole = String::from_utf8_lossy(&valid.text);
        let told = match Board::new(&valid.plan, &whole) {
            None => None,
            Some(board) => Some(Told {
                board,
                store: cx.store()?,
                is_announced: false,
                displays: Displays::of(&cx.settings()?, &cx.root()?)?,
            }),
        };
        Ok(Announcer {
            live,
            feature: valid.plan.feature.id.clone(),
            told,
        })
    }

    /// Tells one event, and what it means for a ticket.
    pub(super) fn tell(&mut self, event: &Event) {
        self.live.tell(event);
        let Some(told) = &mut self.told else {
            return;
        };
        let payloads = match event.event {
            EventKind::RunStarted | EventKind::RunResumed => {
                told.is_announced = true;
                told.board.announce(&told.records(&self.feature))
            }
            _ => told.heard(event, &self.feature),
        };
        self.send(payloads);
    }

    /// Tells the end, and waits until everything was said; gives what went wrong with that.
    pub(super) fn close(mut self, report: Option<&RunReport>) -> Option<String> {
        let mut last = Vec::new();
        let told = self.told.as_mut().filter(|told| told.is_announced);
        if let (Some(told), Some(report)) = (told, report) {
            let rows = report.standing.packages.iter();
            for row in rows.filter(|row| row.status == PackageStatus::Failed) {
                let why = told.why(&self.feature, &row.id, &row.why);
                last.extend(told.board.hear(&row.id, News::GivenUp(&why)));
            }
            if report.result == RunResult::Merged {
                last.push(told.board.complete());
            }
        }
        self.send(last);
        self.told?.displays.close()
    }

    fn send(&self, payloads: Vec<Value>) {
        for payload in payloads {
            if let Some(told) = &self.told {
                told.displays.send(&payload);
            }
            let event = EventKind::PurpleStatus.of(&self.feature, clock::now());
            self.live.tell(&event.purple_status(payload));
        }
    }
}

impl Told {
    fn heard(&mut self, event: &Event, feature: &FeatureId) -> Vec<Value> {
        let Some(id) = &event.package else {
            return Vec::new();
        };
        let word = event.word.as_deref();
        let message = match event.event {
            EventKind::AttemptStarted => self.board.hear(id, News::Begun(&event.text)),
            EventKind::Landed => {
                let summary = self.summary(feature, id);
                self.board.hear(id, News::Merged(&summary))
            }
            EventKind::AttemptEnded if word == Some(EndReason::Failed.as_str()) => {
                let why = self.why(feature, id, &event.text);
                self.board.hear(id, News::Failed(&why))
            }
            _ => None,
        };
        message.into_iter().collect()
    }

    /// Why an attempt failed, with what its agent says of it.
    fn why(&self, feature: &FeatureId, id: &PackageId, found: &str) -> String {
        let records = self.records(feature);
        let package = records.packages.get(id);
        let said = package.and_then(accepted).and_then(notes);
        match said {
            Some(said) => format!("{found}: {}", text::foreign(&said).multi_line()),
            None => found.to_owned(),
        }
    }

    fn summary(&self, feature: &FeatureId, id: &PackageId) -> String {
        let records = self.records(feature);
        let package = records.packages.get(id);
        let attempt = package.and_then(accepted);
        attempt.map(in_short).unwrap_or_default()
    }

    /// What cannot be read now is left out of the message.
    fn records(&self, feature: &FeatureId) -> FeatureView {
        let view = self.store.view(&Load::Features(vec![feature.clone()]));
        let found = view
            .ok()
            .and_then(|view| view.features.get(feature).cloned());
        found.unwrap_or_default()
    }
}
