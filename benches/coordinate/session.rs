//! One MCP session: `git wp mcp` as a child, asked line by line.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Stdio};

use git_wp::base::json::{self, Value};

use crate::scene::Scene;

/// A child that ends with this value.
pub(crate) struct Session {
    child: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
    id: u32,
}

impl Session {
    /// Starts the child and shakes hands.
    pub(crate) fn open(scene: &Scene, name: &str) -> Self {
        let mut command = scene.program();
        command.arg("mcp").env("SESSION_ID", name);
        command.env("AGENT_ID", name).env("AGENT_TYPE", "bench");
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        let mut session = Session {
            input: child.stdin.take(),
            child,
            output,
            id: 0,
        };
        session.ask(
            "initialize",
            "{\"protocolVersion\":\"2025-06-18\",\"capabilities\":{},\
             \"clientInfo\":{\"name\":\"bench\",\"version\":\"1\"}}",
        );
        session.say("{\"jsonrpc\":\"2.0\",\"method\":\"notifications/initialized\"}");
        session
    }

    /// Calls a tool, which must succeed.
    pub(crate) fn call(&mut self, tool: &str, arguments: &str) {
        let told = self.ask(
            "tools/call",
            &format!("{{\"name\":\"{tool}\",\"arguments\":{arguments}}}"),
        );
        let success = &told["result"]["structuredContent"]["success"];
        assert_eq!(success, &Value::Bool(true), "{tool}: {told}");
    }

    fn ask(&mut self, method: &str, parameters: &str) -> Value {
        self.id += 1;
        self.say(&format!(
            "{{\"jsonrpc\":\"2.0\",\"id\":{},\"method\":\"{method}\",\"params\":{parameters}}}",
            self.id
        ));
        let mut line = String::new();
        self.output.read_line(&mut line).unwrap();
        json::parse(line.trim_end().as_bytes()).unwrap()
    }

    fn say(&mut self, line: &str) {
        let input = self.input.as_mut().unwrap();
        input.write_all(format!("{line}\n").as_bytes()).unwrap();
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        // It ends with its input.
        self.input = None;
        let _ = self.child.wait();
    }
}
