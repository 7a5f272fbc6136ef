//! What an agent's own hook asks before it uses a tool, or tells after it, in the dialect of each
//! program; and how it has to be told that this may not be. Nothing is judged here.
//!
//! What is no question is refused: nothing is guessed of what stands before a write.

use std::path::PathBuf;

use crate::base::json::{self, Map, Value, json};
use crate::base::{Error, Result};

/// Whose words a question is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Dialect {
    /// Claude Code; Codex speaks it too, and so does our plugin for opencode.
    Claude,
    /// Gemini CLI.
    Gemini,
    /// Cursor.
    Cursor,
    /// Copilot CLI.
    Copilot,
}

/// Whether the tool was used already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// It waits for the answer.
    Before,
    /// It is done; the answer reaches the model.
    After,
}

/// What an agent is about to do, or did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    dialect: Dialect,
    /// Before or after.
    pub moment: Moment,
    /// The folder it is done in, if it says so.
    pub folder: Option<PathBuf>,
    /// The command line.
    pub command: Option<String>,
    /// Files that are written, moved or removed by it.
    pub paths: Vec<PathBuf>,
    /// Files and folders that are read or searched by it.
    pub reads: Vec<PathBuf>,
}

/// Tools that run a command line, in small letters.
const SHELLS: [&str; 8] = [
    "bash",
    "exec_command",
    "local_shell",
    "powershell",
    "run_shell_command",
    "shell",
    "shell_command",
    "terminal",
];

/// Tools that write files.
const WRITERS: [&str; 15] = [
    "apply_patch",
    "create",
    "delete",
    "edit",
    "edit_file",
    "multiedit",
    "notebookedit",
    "patch",
    "replace",
    "str_replace_editor",
    "strreplace",
    "tabwrite",
    "write",
    "write_file",
    "writefile",
];

/// Tools that read files or search folders.
const READERS: [&str; 14] = [
    "codebase_search",
    "glob",
    "grep",
    "grep_search",
    "list",
    "list_dir",
    "list_directory",
    "ls",
    "notebookread",
    "read",
    "read_file",
    "readfile",
    "search_file_content",
    "view",
];

/// Where such tools name the file.
const PATH_FIELDS: [&str; 7] = [
    "file_path",
    "filePath",
    "notebook_path",
    "path",
    "absolute_path",
    "target_file",
    "filename",
];

/// Where a tool that takes a patch has it.
const PATCH_FIELDS: [&str; 4] = ["command", "input", "patch", "patchText"];

/// What stands before the name of a file in a patch.
const PATCH_LINES: [&str; 4] = [
    "*** Add File: ",
    "*** Delete File: ",
    "*** Move to: ",
    "*** Update File: ",
];

impl Question {
    /// Reads one.
    ///
    /// # Errors
    /// Usage, `hook-input`: it is none, or names a tool without what that tool works on.
    pub fn parse(bytes: &[u8]) -> Result<Self> {
        let value = json::parse(bytes).map_err(|e| wrong("it is not JSON").because(e))?;
        let Value::Object(said) = value else {
            return Err(wrong("it is no JSON object"));
        };
        let event = text(&said, "hook_event_name").unwrap_or_default();
        let dialect = match (event, said.contains_key("toolName")) {
            (_, true) => Dialect::Copilot,
            ("BeforeTool" | "AfterTool", _) => Dialect::Gemini,
            ("", _) => Dialect::Claude,
            (name, _) if name.starts_with(char::is_lowercase) => Dialect::Cursor,
            _ => Dialect::Claude,
        };
        let is_after = event.to_ascii_lowercase().starts_with("after")
            || event.to_ascii_lowercase().starts_with("post");
        let mut question = Question {
            dialect,
            moment: if is_after {
                Moment::After
            } else {
                Moment::Before
            },
            folder: text(&said, "cwd").map(PathBuf::from),
            command: None,
            paths: Vec::new(),
            reads: Vec::new(),
        };
        if event.ends_with("ShellExecution") {
            question.of_tool("shell", &said)?;
            return Ok(question);
        }
        let name = ["tool_name", "toolName"]
            .iter()
            .find_map(|key| text(&said, key));
        let name = name.ok_or_else(|| wrong("it names no tool"))?;
        let input = ["tool_input", "toolArgs"]
            .iter()
            .find_map(|key| said.get(*key));
        question.of_tool(&name.to_ascii_lowercase(), &arguments(input)?)?;
        Ok(question)
    }

    fn of_tool(&mut self, name: &str, input: &Map<String, Value>) -> Result<()> {
        // Others change nothing in the repository.
        let (is_shell, is_writer) = (SHELLS.contains(&name), WRITERS.contains(&name));
        if is_shell {
            let command = text(input, "command").map(str::to_owned);
            let command = command.or_else(|| Some(words(input.get("command")?)));
            let command = command.ok_or_else(|| wrong("the tool has no `command`"))?;
            if command.contains("*** Begin Patch") {
                self.paths = patched(&command);
            }
            self.command = Some(command);
        } else if is_writer {
            let named = PATH_FIELDS.iter().filter_map(|field| text(input, field));
            self.paths = named.map(PathBuf::from).collect();
            let patches = PATCH_FIELDS.iter().filter_map(|field| text(input, field));
            self.paths.extend(patches.flat_map(patched));
            if self.paths.is_empty() {
                return Err(wrong("the tool has no `file_path`"));
            }
        } else if READERS.contains(&name) {
            // Without a path it looks at the room, which shows what may be read.
            let named = PATH_FIELDS.iter().filter_map(|field| text(input, field));
            self.reads = named.map(PathBuf::from).collect();
        }
        Ok(())
    }

    /// The document that refuses it.
    pub fn refusal(&self, reason: &str) -> Value {
        match (self.dialect, self.moment) {
            (Dialect::Claude, Moment::Before) => json!({"hookSpecificOutput": {
                "hookEventName": "PreToolUse",
                "permissionDecision": "deny",
                "permissionDecisionReason": reason,
            }}),
            (Dialect::Claude, Moment::After) => json!({"decision": "block", "reason": reason}),
            (Dialect::Gemini, _) => json!({"decision": "deny", "reason": reason}),
            (Dialect::Cursor, _) => json!({
                "permission": "deny",
                "agent_message": reason,
                "user_message": reason,
            }),
            (Dialect::Copilot, _) => json!({
                "permissionDecision": "deny",
                "permissionDecisionReason": reason,
            }),
        }
    }
}

fn text<'a>(object: &'a Map<String, Value>, key: &str) -> Option<&'a str> {
    object.get(key)?.as_str()
}

/// The arguments of a tool; some programs send them as text.
fn arguments(input: Option<&Value>) -> Result<Map<String, Value>> {
    let parsed = match input {
        None => return Ok(Map::new()),
        Some(Value::String(text)) => json::parse(text.as_bytes()).ok(),
        Some(other) => Some(other.clone()),
    };
    match parsed {
        Some(Value::Object(object)) => Ok(object),
        _ => Err(wrong("what the tool works on is no JSON object")),
    }
}

/// A list of words as a command line; the guard reads it as a shell would.
fn words(list: &Value) -> String {
    let words = list.as_array().into_iter().flatten();
    let words = words.filter_map(Value::as_str);
    let quoted = words.map(|word| match word.contains(|c: char| !is_plain(c)) {
        true => format!("'{}'", word.replace('\'', r"'\''")),
        false => word.to_owned(),
    });
    quoted.collect::<Vec<_>>().join(" ")
}

fn is_plain(c: char) -> bool {
    c.is_alphanumeric() || "-_./=:@%+,".contains(c)
}

/// The files that the patches in `text` change.
fn patched(text: &str) -> Vec<PathBuf> {
    let named = text.lines().filter_map(|line| {
        let line = line.trim();
        PATCH_LINES.iter().find_map(|head| line.strip_prefix(head))
    });
    named.map(|name| PathBuf::from(name.trim())).collect()
}

fn wrong(why: &str) -> Error {
    let message = format!("this is no question of an agent's hook: {why}");
    Error::usage("hook-input", message)
        .hint("PreToolUse of Claude Code: tool_name and tool_input as JSON")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(value: &Value) -> Question {
        Question::parse(value.to_string().as_bytes()).unwrap()
    }

    fn paths(question: &Question) -> Vec<&str> {
        question.paths.iter().map(|p| p.to_str().unwrap()).collect()
    }

    #[test]
    fn files_and_commands_are_found_in_every_dialect() {
        let patch = "*** Begin Patch\n*** Add File: /r/a\n+x\n*** Update File: b\n*** Move to: c\n\
                     *** Delete File: d\n*** End Patch\n";
        for (value, files) in [
            (
                json!({"tool_name": "Write", "tool_input": {"file_path": "a", "content": "x"}}),
                vec!["a"],
            ),
            (
                json!({"tool_name": "NotebookEdit", "tool_input": {"notebook_path": "a"}}),
                vec!["a"],
            ),
            (
                json!({"tool_name": "apply_patch", "tool_input": {"command": patch}}),
                vec!["/r/a", "b", "c", "d"],
            ),
            (
                json!({"hook_event_name": "BeforeTool", "tool_name": "replace", "tool_input": {"file_path": "a"}}),
                vec!["a"],
            ),
            (
                json!({"tool_name": "edit", "tool_input": {"filePath": "a"}}),
                vec!["a"],
            ),
            (
                json!({"toolName": "create", "toolArgs": "{\"path\": \"a\"}"}),
                vec!["a"],
            ),
            (
                json!({"hook_event_name": "preToolUse", "tool_name": "Write", "tool_input": {"file_path": "a"}}),
                vec!["a"],
            ),
            (
                json!({"tool_name": "Read", "tool_input": {"file_path": "a"}}),
                vec![],
            ),
        ] {
            let question = read(&value);
            assert_eq!(paths(&question), files, "{value}");
            assert_eq!(question.command, None);
        }
        for value in [
            json!({"tool_name": "Bash", "tool_input": {"command": "ls -l"}}),
            json!({"tool_name": "local_shell", "tool_input": {"command": ["ls", "-l"]}}),
            json!({"hook_event_name": "beforeShellExecution", "command": "ls -l", "cwd": "/r"}),
            json!({"toolName": "bash", "toolArgs": {"command": "ls -l"}}),
        ] {
            assert_eq!(read(&value).command.as_deref(), Some("ls -l"), "{value}");
        }
        let heredoc = format!("apply_patch <<'EOF'\n{patch}EOF");
        let value = json!({"tool_name": "Bash", "tool_input": {"command": heredoc}});
        assert_eq!(paths(&read(&value)), ["/r/a", "b", "c", "d"]);
    }

    #[test]
    fn each_is_refused_in_its_own_words() {
        let shell = json!({"command": "x"});
        for (event, key) in [
            ("PreToolUse", "hookSpecificOutput"),
            ("PostToolUse", "decision"),
            ("BeforeTool", "decision"),
            ("preToolUse", "permission"),
        ] {
            let value = json!({"hook_event_name": event, "tool_name": "Bash", "tool_input": shell});
            assert!(read(&value).refusal("no").get(key).is_some(), "{event}");
        }
        let value = json!({"toolName": "bash", "toolArgs": shell});
        assert_eq!(read(&value).refusal("no")["permissionDecision"], "deny");
        let value =
            json!({"hook_event_name": "PostToolUse", "tool_name": "Bash", "tool_input": shell});
        assert_eq!(read(&value).moment, Moment::After);
    }
}
