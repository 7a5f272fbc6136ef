//! How the command line program of a coding agent is run, as data.
//!
//! One value per agent, read from a TOML file: the built-in ones, with what a user's own files say
//! over them. Nothing here fills in a placeholder, starts a program or judges what it says.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// The agent program as its file describes it.
///
/// Words may hold placeholders: `{prompt_file} {prompt} {model} {effort} {session} {cwd}
/// {mcp_config} {mcp_toml} {settings} {run_folder} {feature} {package} {attempt}`. They are
/// replaced inside words, so no value becomes a second argument.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AgentProfile {
    /// What people call it.
    pub title: String,
    /// Whose model it uses if nobody says otherwise, for instance `anthropic`; a review is given
    /// to another vendor.
    pub vendor: String,
    /// The program and its words, first part of the command line.
    pub run: Vec<String>,
    /// Words that follow where a value is there.
    pub with: WithValue,
    /// Words at the very end.
    pub last: Vec<String>,
    /// How the prompt gets in.
    pub prompt: PromptChannel,
    /// Variables that are set; one whose placeholder has no value is left out.
    pub set: BTreeMap<String, String>,
    /// Variables passed on beside the allowlist; a name may end with `*`.
    pub pass: Vec<String>,
    /// Variables that are never passed on.
    pub unset: Vec<String>,
    /// Who reads its output.
    pub parser: ParserKind,
    /// Types of the events after which nothing follows, where they are not the parser's own.
    pub final_events: Vec<String>,
    /// Seconds that it may live on after its final event; 0 is without limit.
    pub linger_seconds: u32,
    /// The same tool call or line so many times in a row is a loop; 0 is without limit.
    pub repeat: u32,
    /// The values that `--effort` may have; empty where it has no such option.
    pub efforts: Vec<String>,
    /// 0 to 4, compared with a package's `min_trust_level`.
    pub trust: u8,
    /// Agents that are tried in turn where this one has no quota left or may not log in.
    pub fallback: Vec<String>,
    /// Where it keeps a conversation, if it files them by the folder in which it works; with
    /// `{session}`, `{session_short}` (its first eight letters), `*` for any text, and
    /// `{cwd_dashed}` for that folder, a dash for whatever is no letter or digit. With the last
    /// one the file is copied for the next room; without, it is handed on as `{session_file}`.
    pub session_file: Option<String>,
    /// The command line that prints its version.
    pub version: Vec<String>,
    /// Files and folders that it writes outside of its room, with `~` for the home folder: state
    /// and caches, of its own and of the tools it is bound to start.
    pub writes: Vec<String>,
    /// How it is held in its room.
    pub sandbox: SandboxDefault,
    /// How it is kept from writing outside of its scope before it does.
    pub hooks: HooksDefault,
    /// Texts by which its troubles are known.
    pub trouble: TroubleTexts,
}

/// Words of a command line that stand there only with a value; in this order.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct WithValue {
    /// With a model.
    pub model: Vec<String>,
    /// With a reasoning effort.
    pub effort: Vec<String>,
    /// With the MCP server of this program.
    pub mcp_config: Vec<String>,
    /// With the file that [`AgentProfile::hooks`] is about.
    pub settings: Vec<String>,
    /// Where the runner confines it, see [`SandboxLevel`].
    pub confined: Vec<String>,
    /// Where the runner does not.
    pub free: Vec<String>,
    /// With the session of an earlier attempt, which goes on then.
    pub session: Vec<String>,
}

/// How a prompt reaches an agent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PromptChannel {
    /// On standard input.
    #[default]
    Stdin,
    /// As the word `{prompt}`; one that is too long for a command line is named by its file.
    Argument,
    /// In the file `{prompt_file}`.
    File,
}

/// Who reads the output of an agent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ParserKind {
    /// `stream-json` of Claude Code; Amp speaks it too.
    Claude,
    /// `codex exec --json`.
    Codex,
    /// `stream-json` of Gemini CLI.
    Gemini,
    /// `opencode run --format json`.
    Opencode,
    /// The JSON lines of Copilot CLI.
    Copilot,
    /// `stream-json` of Cursor.
    Cursor,
    /// `stream-json` of goose.
    Goose,
    /// Plain text, line by line.
    Lines,
    /// Nobody.
    #[default]
    None,
}

impl ParserKind {
    /// All of them, in the order of help texts.
    pub const ALL: [ParserKind; 9] = [
        ParserKind::Claude,
        ParserKind::Codex,
        ParserKind::Gemini,
        ParserKind::Opencode,
        ParserKind::Copilot,
        ParserKind::Cursor,
        ParserKind::Goose,
        ParserKind::Lines,
        ParserKind::None,
    ];

    /// The word in configuration.
    pub fn as_str(self) -> &'static str {
        match self {
            ParserKind::Claude => "claude",
            ParserKind::Codex => "codex",
            ParserKind::Gemini => "gemini",
            ParserKind::Opencode => "opencode",
            ParserKind::Copilot => "copilot",
            ParserKind::Cursor => "cursor",
            ParserKind::Goose => "goose",
            ParserKind::Lines => "lines",
            ParserKind::None => "none",
        }
    }

    /// The parser of that word.
    pub fn parse(word: &str) -> Option<Self> {
        ParserKind::ALL
            .into_iter()
            .find(|kind| kind.as_str() == word)
    }
}

/// How an agent is held in its room unless somebody says otherwise.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SandboxDefault {
    /// How far it may write.
    pub level: SandboxLevel,
    /// Why, in one line for people.
    pub why: String,
}

/// How an agent is asked before it uses a tool.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct HooksDefault {
    /// What `{settings}` is.
    pub kind: HooksKind,
    /// What is enforced by it, or why nothing is, in one line for people.
    pub why: String,
}

/// The file `{settings}` of an agent, outside of its room.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum HooksKind {
    /// None: it takes hooks from files of the project or of its user only, and those are theirs.
    #[default]
    None,
    /// Settings of Claude Code: hooks before and after tools, and rules that deny.
    Claude,
    /// A script that a hook of Codex calls.
    Codex,
    /// A policy of Gemini CLI: which files may be written.
    Gemini,
    /// A configuration of opencode that names a plugin beside it.
    Opencode,
}

/// How far an agent may write.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SandboxLevel {
    /// As far as its user.
    #[default]
    Off,
    /// Its room, what git needs for its commits, and what its profile lists.
    Repo,
    /// Of its room only the write scope of its package.
    Scope,
}

impl SandboxLevel {
    /// The level of that word.
    pub fn parse(word: &str) -> Option<Self> {
        let all = [SandboxLevel::Off, SandboxLevel::Repo, SandboxLevel::Scope];
        all.into_iter().find(|level| level.as_str() == word)
    }

    /// The word in configuration.
    pub fn as_str(self) -> &'static str {
        match self {
            SandboxLevel::Off => "off",
            SandboxLevel::Repo => "repo",
            SandboxLevel::Scope => "scope",
        }
    }
}

/// What an agent's room shares with the repository.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Isolation {
    /// Objects, refs and configuration: a worktree.
    Worktree,
    /// Nothing that can be written there: a clone that reads the repository's objects.
    Clone,
}

impl Isolation {
    /// The highest trust whose agents work in clones unless somebody says otherwise.
    const CLONE_TRUST: u8 = 1;

    /// What was `asked` for, else what fits this trust.
    pub fn of(asked: Option<Self>, trust: u8) -> Self {
        asked.unwrap_or(match trust {
            0..=Self::CLONE_TRUST => Isolation::Clone,
            _ => Isolation::Worktree,
        })
    }

    /// The isolation of that word.
    pub fn parse(word: &str) -> Option<Self> {
        let all = [Isolation::Worktree, Isolation::Clone];
        all.into_iter().find(|one| one.as_str() == word)
    }

    /// The word in configuration.
    pub fn as_str(self) -> &'static str {
        match self {
            Isolation::Worktree => "worktree",
            Isolation::Clone => "clone",
        }
    }
}

/// Texts in an agent's errors that tell what is wrong, in any case of letters.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TroubleTexts {
    /// No quota is left, for a time.
    pub quota: Vec<String>,
    /// It is not logged in, or its key is refused.
    pub auth: Vec<String>,
    /// Nobody pays.
    pub billing: Vec<String>,
    /// The conversation is too long for the model.
    pub context: Vec<String>,
    /// The service is overloaded or out of order.
    pub overloaded: Vec<String>,
    /// What stands before the time at which the quota is there again.
    pub resets: Vec<String>,
}
