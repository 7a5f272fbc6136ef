//! What an agent is to do, where, how long, and who is told meanwhile.

use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::agent::conversation::Conversation;
use crate::agent::environment::Environment;
use crate::agent::sandbox::Fence;
use crate::base::{AttemptId, FeatureId};
use crate::model::{Mode, Package, Usage};

/// Where the files of one attempt stand, all outside its work tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Places {
    /// `wp/run/<aid>/prompt.md`, mode 0600.
    pub prompt_file: PathBuf,
    /// `wp/run/<aid>/out/result.json`; the agent may write it and what else is in its folder.
    pub result_file: PathBuf,
    /// `wp/run/<aid>/out/hypotheses.md`: what a debugger supposes and tries.
    pub hypothesis_file: PathBuf,
    /// `wp/run/<aid>/mcp.json`: how the agent starts its MCP server.
    pub mcp_config: PathBuf,
    /// `wp/run/<aid>/sandbox.json`: where a confined agent may write.
    pub rules: PathBuf,
    /// `wp/logs/<aid>.log`, mode 0600.
    pub log: PathBuf,
}

impl Places {
    /// The places of `attempt` below `wp_dir`, the `wp` folder of the common git folder.
    pub fn new(wp_dir: &Path, attempt: &AttemptId) -> Self {
        let run = wp_dir.join("run").join(attempt.as_str());
        Places {
            prompt_file: run.join("prompt.md"),
            result_file: run.join("out").join("result.json"),
            hypothesis_file: run.join("out").join("hypotheses.md"),
            mcp_config: run.join("mcp.json"),
            rules: run.join("sandbox.json"),
            log: wp_dir.join("logs").join(format!("{attempt}.log")),
        }
    }
}

/// When an agent is stopped, and how much of it is kept.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Longest run.
    pub wall: Duration,
    /// Longest time without output; `None` is without limit.
    pub silence: Option<Duration>,
    /// Time between TERM and KILL.
    pub grace: Duration,
    /// Bytes of output that are kept.
    pub log_bytes: u64,
    /// Time between two checkpoints; `None` is without.
    pub checkpoint: Option<Duration>,
}

/// One attempt to run.
pub struct Order<'a> {
    /// The feature.
    pub feature: &'a FeatureId,
    /// The package.
    pub package: &'a Package,
    /// The attempt; its id marks every process of the agent.
    pub attempt: &'a AttemptId,
    /// What it sets out to do.
    pub mode: Mode,
    /// The work tree, the agent's working folder.
    pub room: &'a Path,
    /// Where prompt, result and log stand.
    pub places: &'a Places,
    /// The prompt; it gets in as the profile says.
    pub prompt: &'a str,
    /// The conversation of an earlier attempt that is to go on.
    pub conversation: Option<&'a Conversation>,
    /// What was used in that session so far, for agents that count over all of it.
    pub spent: Usage,
    /// Settings for the agent's program, for instance tool hooks.
    pub settings: Option<&'a Path>,
    /// Allowlist, identity and git configuration; the `WP_` variables are added here.
    pub environment: Environment,
    /// When to stop.
    pub limits: Limits,
    /// This program, for the agent's MCP server.
    pub program: &'a Path,
    /// Where alone the agent may write; `None`: wherever its user may.
    pub fence: Option<&'a Fence>,
}

/// What an agent is doing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Activity {
    /// Its last line of output, made harmless for terminals.
    pub line: String,
    /// How long it runs.
    pub elapsed: Duration,
    /// Bytes it wrote so far.
    pub bytes: u64,
}

/// Who is told while an agent runs. Both are called from another thread than
/// [`crate::agent::supervise::run`].
#[derive(Clone, Copy)]
pub struct Observer<'a> {
    /// Called when something new was said.
    pub activity: &'a (dyn Fn(&Activity) + Sync),
    /// Called every [`Limits::checkpoint`].
    pub checkpoint: &'a (dyn Fn() + Sync),
}
