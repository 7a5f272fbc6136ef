//! What happens in a run, told while it happens: lines that move on a terminal, plain lines
//! elsewhere, and one JSON line per fact where somebody asked for it.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use crate::base::text::cut;
use crate::base::{Error, FeatureId, Result, json};
use crate::commands::Context;
use crate::commands::running::setup::Activities;
use crate::commands::ui::{self, Story};
use crate::engine::{Event, Job};
use crate::os::clock;
use crate::report::event_line::{self, EventLine};
use crate::report::progress::Progress;
use crate::report::spec_text::Board;

/// Time between two drawings of moving lines.
const REST: Duration = Duration::from_millis(500);
/// Moving lines at most; the rest of the screen belongs to the story.
const LINES_MAX: usize = 16;

/// The listener of one run.
pub(in crate::commands) struct Live {
    screen: Arc<Mutex<Screen>>,
    ticker: Option<(Sender<()>, JoinHandle<()>)>,
}

/// What all threads draw on.
struct Screen {
    story: Story,
    progress: Progress,
    /// Who does the work, by feature.
    agents: BTreeMap<FeatureId, String>,
    /// How far the list is, where the plan is one.
    board: Option<Board>,
    name_width: usize,
    events: Events,
    failure: Option<Error>,
}

/// Where events go as JSON.
enum Events {
    Nowhere,
    Stdout,
    File(File),
}

impl Live {
    /// Begins to listen.
    ///
    /// # Errors
    /// The events file cannot be made.
    pub(in crate::commands) fn new(events: Option<&Path>, cx: &Context<'_>) -> Result<Self> {
        let events = match events {
            None => Events::Nowhere,
            Some(path) if path.as_os_str() == "-" => Events::Stdout,
            Some(path) => {
                let about = |e| Error::io(format!("cannot write `{}`", path.display()), e);
                Events::File(File::create(cx.here().join(path)).map_err(about)?)
            }
        };
        let story = cx.ui.story_teller();
        let is_live = story.is_live();
        let screen = Arc::new(Mutex::new(Screen {
            story,
            progress: Progress::default(),
            agents: BTreeMap::new(),
            board: None,
            name_width: 0,
            events,
            failure: None,
        }));
        let ticker = is_live.then(|| ticker(Arc::clone(&screen)));
        Ok(Live { screen, ticker })
    }

    /// Makes a feature known before anything of it is told.
    pub(in crate::commands) fn enter(&self, job: &Job, merged: usize) {
        let items = job.agenda.items();
        let widths = items.iter().map(|item| item.id.as_str().chars().count());
        let mut screen = lock(&self.screen);
        screen.name_width = screen.name_width.max(widths.max().unwrap_or(0));
        let usual = job.options.hands.common.first();
        let usual = usual.map(|hand| hand.agent.clone()).unwrap_or_default();
        let first = screen.agents.insert(job.feature.clone(), usual);
        if first.is_none() {
            screen.progress.add(items.len(), merged);
        }
    }

    /// Tells of a list of tasks with the block that its users know.
    pub(in crate::commands) fn watch(&self, board: Board) {
        lock(&self.screen).board = Some(board);
    }

    /// For the threads that watch agents.
    pub(in crate::commands) fn activity(&self) -> Activities {
        let screen = Arc::clone(&self.screen);
        Box::new(move |package, activity| {
            let mut screen = lock(&screen);
            screen.progress.heard(package, &activity.line, clock::now());
        })
    }

    /// Tells one event.
    pub(in crate::commands) fn tell(&self, event: &Event) {
        lock(&self.screen).tell(event);
    }

    /// For a thread that serves a feature.
    pub(in crate::commands) fn teller(&self) -> impl Fn(&Event) + Send + use<> {
        let screen = Arc::clone(&self.screen);
        move |event| lock(&screen).tell(event)
    }

    /// Takes moving lines away and stops listening.
    ///
    /// # Errors
    /// An event could not be written.
    pub(in crate::commands) fn close(self) -> Result<()> {
        if let Some((sender, thread)) = self.ticker {
            drop(sender);
            // A ticker that panicked has drawn its last line already.
            let _ = thread.join();
        }
        let mut screen = lock(&self.screen);
        screen.story.clear();
        screen.failure.take().map_or(Ok(()), Err)
    }
}

impl Screen {
    fn tell(&mut self, event: &Event) {
        let line = line_of(event);
        let agent = self.agents.get(&event.feature);
        let agent = agent.map_or("", String::as_str);
        self.progress.observe(&line, agent);
        if line.is_told() {
            let shown = event_line::render(&line, self.name_width, self.story.page());
            self.story.line(&shown);
        }
        let news = self
            .board
            .as_mut()
            .is_some_and(|board| board.observe(&line));
        if news && !self.story.is_live() {
            let block = self.board.iter().flat_map(|board| board.lines(event.at));
            block.for_each(|line| self.story.line(&line));
        }
        self.draw();
        if let Err(error) = self.write(event) {
            self.failure.get_or_insert(error);
        }
    }

    fn draw(&mut self) {
        if self.story.is_live() {
            let (now, page) = (clock::now(), self.story.page());
            let mut lines = self.progress.render(now, LINES_MAX, page);
            let block = self.board.iter().flat_map(|board| board.lines(now));
            lines.extend(block.map(|line| cut(&line, page.width)));
            self.story.draw(&lines);
        }
    }

    fn write(&mut self, event: &Event) -> Result<()> {
        match &mut self.events {
            Events::Nowhere => Ok(()),
            Events::Stdout => {
                ui::stream(&json::line(event)?);
                Ok(())
            }
            Events::File(file) => {
                let line = format!("{}\n", json::line(event)?);
                let written = file.write_all(line.as_bytes());
                written.map_err(|e| Error::io("cannot write an event", e))
            }
        }
    }
}

fn ticker(screen: Arc<Mutex<Screen>>) -> (Sender<()>, JoinHandle<()>) {
    let (sender, receiver) = channel();
    let thread = std::thread::spawn(move || {
        while receiver.recv_timeout(REST) == Err(RecvTimeoutError::Timeout) {
            lock(&screen).draw();
        }
    });
    (sender, thread)
}

fn lock(screen: &Mutex<Screen>) -> MutexGuard<'_, Screen> {
    screen.lock().unwrap_or_else(PoisonError::into_inner)
}

fn line_of(event: &Event) -> EventLine {
    let kind = json::value(&event.event).ok();
    let kind = kind.as_ref().and_then(|k| k.as_str()).unwrap_or("event");
    EventLine {
        at: event.at,
        package: event.package.clone(),
        attempt: event.attempt.clone(),
        kind: kind.to_owned(),
        word: event.word.clone().unwrap_or_default(),
        text: event.text.clone(),
        commit: event.commit.clone(),
    }
}
