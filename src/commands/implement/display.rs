//! Brings the messages for displays of Purple to those that a person configured: to a command,
//! once per message, or to an MCP server, as calls of its tool `purple_status`.
//!
//! From a thread of its own, in order. What cannot be delivered is told once, at the end.

use std::path::PathBuf;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

use crate::agent::words;
use crate::base::json::{Value, json};
use crate::base::{Error, Result, json, text};
use crate::model::Settings;
use crate::os::clock::Moment;
use crate::os::process::{Dialogue, Heard, Input, Invocation, Session, run_watched};

/// Longest time that one message may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// A display that fails so often in a row is left alone.
const FAILURES_MAX: u32 = 3;
/// The version of the protocol whose few messages are used here; servers of later ones know it.
const PROTOCOL: &str = "2024-11-05";
const TOOL: &str = "purple_status";

type Delivered = std::result::Result<(), String>;

/// Everyone who is told.
pub(super) struct Displays(Vec<Courier>);

impl Displays {
    /// As configured; a person's own settings win over those of the project.
    ///
    /// # Errors
    /// Usage: a command line cannot be split into words.
    pub(super) fn of(settings: &Settings, folder: &PathBuf) -> Result<Self> {
        let (own, project) = (&settings.purple, &settings.project.purple);
        let command = own
            .status_command
            .as_ref()
            .or(project.status_command.as_ref());
        let server = own
            .status_server
            .as_ref()
            .or(project.status_server.as_ref());
        let mut couriers = Vec::new();
        if let Some(line) = command {
            let call = invocation(("status command", "statusCommand"), line, folder)?;
            couriers.push(Courier::start(move |messages| by_command(&call, messages)));
        }
        if let Some(line) = server {
            let call = invocation(("status server", "statusServer"), line, folder)?;
            couriers.push(Courier::start(move |messages| by_server(&call, messages)));
        }
        Ok(Displays(couriers))
    }

    /// Hands one message on; does not wait.
    pub(super) fn send(&self, payload: &Value) {
        for courier in &self.0 {
            // A thread that is gone says nothing any more.
            let _ = courier.sender.send(payload.clone());
        }
    }

    /// Waits until everything was said; gives the first thing that went wrong with that.
    pub(super) fn close(self) -> Option<String> {
        let ended = self.0.into_iter().map(|courier| {
            drop(courier.sender);
            courier.thread.join().unwrap_or(None)
        });
        // All of them have to end, so none is left out once a fault is known.
        ended.collect::<Vec<_>>().into_iter().flatten().next()
    }
}

fn invocation((what, key): (&str, &str), line: &str, folder: &PathBuf) -> Result<Invocation> {
    let about = |why| {
        let message = format!("the {what} `{}` {why}", text::foreign(line));
        let hint = format!("git config wp.purple.{key} 'COMMAND LINE'");
        Error::usage("config", message).hint(hint)
    };
    let words = words::split(line).map_err(about)?;
    let Some((program, args)) = words.split_first() else {
        return Err(about("is empty".to_owned()));
    };
    Ok(Invocation::new(program, folder).args(args))
}

struct Courier {
    sender: Sender<Value>,
    thread: JoinHandle<Option<String>>,
}

impl Courier {
    fn start(work: impl FnOnce(Receiver<Value>) -> Option<String> + Send + 'static) -> Self {
        let (sender, receiver) = channel();
        let thread = std::thread::spawn(move || work(receiver));
        Courier { sender, thread }
    }
}

/// Delivers until there is nothing more, or it failed too often; gives the first fault.
fn in_order(
    messages: Receiver<Value>,
    mut deliver: impl FnMut(&Value) -> Delivered,
) -> Option<String> {
    let (mut first, mut failures) = (None, 0);
    for message in messages {
        if failures == FAILURES_MAX {
            continue;
        }
        match deliver(&message) {
            Ok(()) => failures = 0,
            Err(why) => {
                failures += 1;
                first.get_or_insert(why);
            }
        }
    }
    first
}

fn by_command(call: &Invocation, messages: Receiver<Value>) -> Option<String> {
    in_order(messages, |message| {
        let line = json::line(message).map_err(|e| e.message().to_owned())?;
        run(call, format!("{line}\n").into_bytes())
    })
}

fn run(invocation: &Invocation, message: Vec<u8>) -> Delivered {
    let name = name(invocation);
    let began = Moment::now();
    let call = invocation.clone().input(Input::Bytes(message));
    let ended = run_watched(&call, 0, Session::Own, &mut || began.elapsed() > PATIENCE);
    match ended {
        Err(error) => Err(error.message().to_owned()),
        Ok(None) => Err(too_long(&name)),
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

/// The server is started for the first message and, should it end, once more for the next.
fn by_server(call: &Invocation, messages: Receiver<Value>) -> Option<String> {
    let mut server = None;
    in_order(messages, |message| {
        if server.is_none() {
            server = Some(Server::start(call)?);
        }
        let told = server
            .as_mut()
            .map_or(Ok(()), |server| server.tell(message));
        if told.is_err() {
            server = None;
        }
        told
    })
}

struct Server {
    dialogue: Dialogue,
    name: String,
    asked: u64,
}

impl Server {
    fn start(call: &Invocation) -> std::result::Result<Self, String> {
        let dialogue = Dialogue::start(call).map_err(|error| error.message().to_owned())?;
        let mut server = Server {
            dialogue,
            name: name(call),
            asked: 0,
        };
        let about = json!({
            "protocolVersion": PROTOCOL,
            "capabilities": {},
            "clientInfo": {"name": "git-wp", "version": env!("CARGO_PKG_VERSION")},
        });
        server.ask("initialize", &about)?;
        server.say(&json!({"jsonrpc": "2.0", "method": "notifications/initialized"}))?;
        Ok(server)
    }

    fn tell(&mut self, payload: &Value) -> Delivered {
        let answer = self.ask("tools/call", &json!({"name": TOOL, "arguments": payload}))?;
        match answer["result"]["isError"].as_bool() {
            Some(true) => {
                let said = answer["result"]["content"][0]["text"].as_str();
                Err(self.refused(said.unwrap_or("no reason given")))
            }
            _ => Ok(()),
        }
    }

    fn say(&self, message: &Value) -> Delivered {
        let line = json::line(message).map_err(|e| e.message().to_owned())?;
        self.dialogue.say(&line);
        Ok(())
    }

    /// Asks, and waits for the answer to that; whatever else the server says is its own affair.
    fn ask(&mut self, method: &str, params: &Value) -> std::result::Result<Value, String> {
        self.asked += 1;
        let id = self.asked;
        self.say(&json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params}))?;
        let began = Moment::now();
        loop {
            let left = PATIENCE.saturating_sub(began.elapsed());
            let line = match self.dialogue.hear(left) {
                Heard::Line(line) => line,
                Heard::Silence => return Err(too_long(&self.name)),
                Heard::End => return Err(format!("`{}` ended without an answer", self.name)),
            };
            let Ok(answer) = json::parse(&line) else {
                continue;
            };
            if answer["id"].as_u64() != Some(id) {
                continue;
            }
            return match answer.get("error") {
                None => Ok(answer),
                Some(error) => Err(self.refused(error["message"].as_str().unwrap_or(""))),
            };
        }
    }

    fn refused(&self, why: &str) -> String {
        format!("`{}` refused a message: {}", self.name, text::foreign(why))
    }
}

fn name(call: &Invocation) -> String {
    text::foreign(&call.program().to_string_lossy()).to_string()
}

fn too_long(name: &str) -> String {
    format!("`{name}` took longer than {} s", PATIENCE.as_secs())
}
