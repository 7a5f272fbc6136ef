//! A client that writes its JSON-RPC by hand: no library, so that the bytes are what is tested.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use git_wp::base::json::{self, Value, json};

use crate::support::Scratch;

/// Longer than any answer takes.
const PATIENCE: Duration = Duration::from_secs(60);

/// A server and the way to talk with it.
pub(super) struct Client {
    child: Child,
    input: Option<ChildStdin>,
    lines: Receiver<String>,
    asked: i64,
}

/// What a tool answered.
#[derive(Debug)]
pub(super) struct Told {
    pub(super) is_error: bool,
    pub(super) text: String,
    pub(super) data: Value,
}

impl Client {
    /// Starts a server in the checkout and shakes hands.
    pub(super) fn start(scratch: &Scratch, env: &[(&str, &str)]) -> Self {
        let mut client = Self::unopened(scratch, &scratch.path(), env);
        client.open();
        client
    }

    /// Starts a server and says nothing.
    pub(super) fn unopened(scratch: &Scratch, folder: &Path, env: &[(&str, &str)]) -> Self {
        Self::of(scratch.wp_command_in(folder, &["mcp"]), env)
    }

    /// Starts this server and says nothing.
    pub(super) fn of(mut command: Command, env: &[(&str, &str)]) -> Self {
        let command = command.envs(env.iter().copied());
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let out = BufReader::new(child.stdout.take().unwrap());
        let (said, lines) = channel();
        std::thread::spawn(move || {
            for line in out.lines().map_while(Result::ok) {
                if said.send(line).is_err() {
                    break;
                }
            }
        });
        Client {
            input: child.stdin.take(),
            child,
            lines,
            asked: 0,
        }
    }

    /// The handshake; gives what the server says of itself.
    pub(super) fn open(&mut self) -> Value {
        let who = json!({"name": "test", "version": "1"});
        let said = self.ask(
            "initialize",
            json!({"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": who}),
        );
        self.write(r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#);
        said["result"].clone()
    }

    /// Writes one line as it is.
    pub(super) fn write(&mut self, line: &str) {
        self.write_bytes(line.as_bytes());
    }

    /// Writes one line of any bytes.
    pub(super) fn write_bytes(&mut self, line: &[u8]) {
        let input = self.input.as_mut().unwrap();
        input.write_all(line).unwrap();
        input.write_all(b"\n").unwrap();
        input.flush().unwrap();
    }

    /// The next line of the server; every one is JSON-RPC.
    #[track_caller]
    pub(super) fn hear(&mut self) -> Value {
        let line = self
            .lines
            .recv_timeout(PATIENCE)
            .expect("an answer in time");
        let message = json::parse(line.as_bytes()).expect("standard output carries JSON only");
        assert_eq!(message["jsonrpc"], "2.0", "{line}");
        message
    }

    /// Asks, and gives the whole answer.
    #[track_caller]
    pub(super) fn ask(&mut self, method: &str, params: Value) -> Value {
        let id = self.send(method, params);
        let answer = self.hear();
        assert_eq!(answer["id"], id, "{answer}");
        answer
    }

    /// Asks and does not wait; gives the id.
    pub(super) fn send(&mut self, method: &str, params: Value) -> i64 {
        self.asked += 1;
        let id = self.asked;
        let line = json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params});
        self.write(&line.to_string());
        id
    }

    /// Calls a tool.
    #[track_caller]
    pub(super) fn call(&mut self, tool: &str, arguments: Value) -> Told {
        let params = json!({"name": tool, "arguments": arguments});
        let answer = self.ask("tools/call", params);
        told(&answer)
    }

    /// Calls a tool that has to say yes.
    #[track_caller]
    pub(super) fn yes(&mut self, tool: &str, arguments: Value) -> Value {
        let told = self.call(tool, arguments);
        assert!(!told.is_error, "{tool}: {}", told.text);
        told.data
    }

    /// Calls a tool that has to say no; gives what it says and its data.
    #[track_caller]
    pub(super) fn no(&mut self, tool: &str, arguments: Value) -> (String, Value) {
        let told = self.call(tool, arguments);
        assert!(told.is_error, "{tool}: {}", told.data);
        assert!(told.text.contains("next: "), "{tool}: {}", told.text);
        (told.text, told.data)
    }

    /// Kills the server at once.
    pub(super) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// The process.
    pub(super) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Ends the input; gives how the server ended and what else it said.
    pub(super) fn end(mut self) -> (ExitStatus, Vec<Value>) {
        drop(self.input.take());
        self.wait()
    }

    /// Waits for the end.
    pub(super) fn wait(mut self) -> (ExitStatus, Vec<Value>) {
        let status = self.child.wait().unwrap();
        let parse = |line: String| json::parse(line.as_bytes()).unwrap();
        (status, self.lines.iter().map(parse).collect())
    }
}

/// Reads the answer of a tool.
#[track_caller]
pub(super) fn told(answer: &Value) -> Told {
    let result = &answer["result"];
    let text = result["content"][0]["text"].as_str();
    Told {
        is_error: result["isError"] == true,
        text: text.expect("a tool answers text").to_owned(),
        data: result["structuredContent"].clone(),
    }
}
