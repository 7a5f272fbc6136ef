//! Tells displays of Purple how its tickets stand: on the stream of events, and to a command that
//! a person configured. Whatever goes wrong with that is a warning, and the run goes on.

use std::path::PathBuf;
use std::sync::mpsc::{Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

use crate::agent::words;
use crate::base::json::Value;
use crate::base::{Error, FeatureId, PackageId, Result, json, text};
use crate::commands::Context;
use crate::commands::reading::ValidPlan;
use crate::commands::running::listen::Live;
use crate::engine::{Event, EventKind, RunReport};
use crate::model::{EndReason, PackageStatus, RunResult, Settings};
use crate::os::clock::{self, Moment};
use crate::os::process::{Input, Invocation, Session, run_watched};
use crate::report::books::{accepted, in_short, notes};
use crate::report::purple_status::{Board, News};
use crate::state::FeatureView;
use crate::store::{Load, Store};

/// Longest time that the command may take for one message.
const PATIENCE: Duration = Duration::from_secs(10);
/// A command that fails so often in a row is left alone.
const FAILURES_MAX: u32 = 3;

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
    courier: Option<Courier>,
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
                courier: Courier::of(&cx.settings()?, cx.root()?)?,
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
        self.told?.courier?.close()
    }

    fn send(&self, payloads: Vec<Value>) {
        let courier = self.told.as_ref().and_then(|told| told.courier.as_ref());
        for payload in payloads {
            if let Some(courier) = courier {
                courier.send(&payload);
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

/// Brings messages to the command, in order, from a thread of its own.
struct Courier {
    sender: Sender<Vec<u8>>,
    thread: JoinHandle<Option<String>>,
}

impl Courier {
    fn of(settings: &Settings, folder: PathBuf) -> Result<Option<Self>> {
        let command = settings.purple_status_command.as_deref();
        let Some(line) = command.or(settings.project.purple.status_command.as_deref()) else {
            return Ok(None);
        };
        let about = |why| {
            let message = format!("the status command `{}` {why}", text::foreign(line));
            Error::usage("config", message)
                .hint("git config wp.purple.statusCommand 'COMMAND LINE'")
        };
        let words = words::split(line).map_err(about)?;
        let Some((program, args)) = words.split_first() else {
            return Err(about("is empty".to_owned()));
        };
        let invocation = Invocation::new(program, folder).args(args);
        let (sender, receiver) = channel::<Vec<u8>>();
        let thread = std::thread::spawn(move || {
            let (mut first, mut failures) = (None, 0);
            for message in receiver {
                if failures == FAILURES_MAX {
                    continue;
                }
                match deliver(&invocation, message) {
                    Ok(()) => failures = 0,
                    Err(why) => {
                        failures += 1;
                        first.get_or_insert(why);
                    }
                }
            }
            first
        });
        Ok(Some(Courier { sender, thread }))
    }

    fn send(&self, payload: &Value) {
        if let Ok(line) = json::line(payload) {
            // A thread that is gone says nothing any more.
            let _ = self.sender.send(format!("{line}\n").into_bytes());
        }
    }

    fn close(self) -> Option<String> {
        drop(self.sender);
        self.thread.join().unwrap_or(None)
    }
}

fn deliver(invocation: &Invocation, message: Vec<u8>) -> std::result::Result<(), String> {
    let program = invocation.program().to_string_lossy().into_owned();
    let name = text::foreign(&program);
    let began = Moment::now();
    let call = invocation.clone().input(Input::Bytes(message));
    let ended = run_watched(&call, 0, Session::Own, &mut || began.elapsed() > PATIENCE);
    match ended {
        Err(error) => Err(error.message().to_owned()),
        Ok(None) => Err(format!(
            "`{name}` took longer than {} s",
            PATIENCE.as_secs()
        )),
        Ok(Some(done)) if !done.status.is_success() => {
            let said = String::from_utf8_lossy(&done.stderr);
            let said = said.lines().next().unwrap_or_default().trim().to_owned();
            let said = match said.is_empty() {
                true => String::new(),
                false => format!(": {}", text::foreign(&said)),
            };
            Err(format!("`{name}` failed{said}"))
        }
        Ok(Some(_)) => Ok(()),
    }
}
