//! Where agents look for skills, and how each is told of an MCP server.

use std::path::Path;

use crate::base::Result;
use crate::base::json::{self, Value, json};

/// An agent's habits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Agent {
    /// Its name here.
    pub(super) name: &'static str,
    /// Its folder of skills in a project.
    pub(super) project: &'static str,
    /// The one in a home.
    pub(super) user: &'static str,
    mcp: Mcp,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mcp {
    /// `PROGRAM mcp add NAME -- COMMAND`
    Add(&'static str),
    /// Tables of `~/.codex/config.toml`
    Codex,
    /// A member `mcpServers` of this file
    Servers(&'static str),
    /// The same in `~/.copilot/mcp-config.json`, with kind and tools
    Copilot,
    /// A member `mcp` of `opencode.json`
    Opencode,
    /// `extensions` of `~/.config/goose/config.yaml`
    Goose,
}

const SHARED: (&str, &str) = (".agents/skills", ".agents/skills");

const fn agent(
    name: &'static str,
    (project, user): (&'static str, &'static str),
    mcp: Mcp,
) -> Agent {
    Agent {
        name,
        project,
        user,
        mcp,
    }
}

/// All that are known, by name.
pub(super) const ALL: [Agent; 8] = [
    agent("amp", SHARED, Mcp::Add("amp")),
    agent(
        "claude",
        (".claude/skills", ".claude/skills"),
        Mcp::Add("claude"),
    ),
    agent("codex", SHARED, Mcp::Codex),
    agent(
        "copilot",
        (".github/skills", ".copilot/skills"),
        Mcp::Copilot,
    ),
    agent("cursor", SHARED, Mcp::Servers(".cursor/mcp.json")),
    agent("gemini", SHARED, Mcp::Servers(".gemini/settings.json")),
    agent("goose", SHARED, Mcp::Goose),
    agent("opencode", SHARED, Mcp::Opencode),
];

/// Those whose two folders nearly all agents read.
pub(super) const USUAL: [&str; 2] = ["claude", "codex"];

/// What to type, or to write where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Line {
    /// `type` or a file.
    pub(super) place: String,
    /// The text.
    pub(super) text: String,
}

impl Agent {
    /// How the agent is told to start `program` as its MCP server.
    pub(super) fn mcp(self, program: &Path) -> Result<Line> {
        let path = program.to_string_lossy();
        let quoted = json::line(&*path)?;
        let line = |place: &str, text: String| Line {
            place: place.to_owned(),
            text,
        };
        Ok(match self.mcp {
            Mcp::Add(word) => {
                let path = format!("'{}'", path.replace('\'', "'\\''"));
                line("type", format!("{word} mcp add git-wp -- {path} mcp"))
            }
            Mcp::Codex => line(
                "~/.codex/config.toml",
                // A JSON string is a basic string of TOML, too.
                format!("[mcp_servers.git-wp]\ncommand = {quoted}\nargs = [\"mcp\"]"),
            ),
            Mcp::Servers(file) => {
                let server = json!({"command": path, "args": ["mcp"]});
                line(file, member("mcpServers", &server)?)
            }
            Mcp::Copilot => {
                let server =
                    json!({"type": "local", "command": path, "args": ["mcp"], "tools": ["*"]});
                line("~/.copilot/mcp-config.json", member("mcpServers", &server)?)
            }
            Mcp::Opencode => {
                let server = json!({"type": "local", "command": [path, "mcp"], "enabled": true});
                line("opencode.json", member("mcp", &server)?)
            }
            Mcp::Goose => line(
                "~/.config/goose/config.yaml",
                format!(
                    "extensions:\n  git-wp: {{name: git-wp, type: stdio, enabled: true, \
                     timeout: 300, cmd: {quoted}, args: [mcp]}}"
                ),
            ),
        })
    }
}

fn member(name: &str, server: &Value) -> Result<String> {
    json::line(&json!({name: {"git-wp": server}}))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_agent_is_told_of_the_program_by_its_whole_path() {
        let lines: Vec<String> = ALL
            .iter()
            .map(|agent| {
                let line = agent.mcp(Path::new("/opt/it's/git-wp")).unwrap();
                format!("{} ({}): {}", agent.name, line.place, line.text)
            })
            .collect();
        insta::assert_snapshot!("mcp_lines", lines.join("\n"));
    }
}
