//! Every knob, with its default and its limits.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::base::RefName;
use crate::model::agent_profile::{Isolation, ParserKind, SandboxLevel};
use crate::model::guard::{GuardSettings, PolicySettings};

/// What configuration decides. Read once at the border; inside, the field is handed down, not this.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// The ref that holds the state (`wp.ref`).
    pub state_ref: RefName,
    /// How hard a transaction is made durable (`wp.durability`).
    pub durability: Durability,
    /// Feature branch template with `{change}` (`wp.branch`); `None`: by plan format.
    pub branch_template: Option<String>,
    /// Where worktrees stand (`wp.worktreeDir`); `None`: beside the checkout.
    pub worktree_dir: Option<String>,
    /// Packages at the same time (`wp.jobs`); `None`: the number of CPUs, at most 8.
    pub jobs: Option<usize>,
    /// The agent if none is named (`wp.agent`).
    pub default_agent: Option<String>,
    /// What git config says about agents, by name (`wp.agent.NAME.*`).
    pub agents: BTreeMap<String, AgentSettings>,
    /// Who is chosen for which packages.
    pub choice: AgentChoice,
    /// How often an agent may do the same in a row (`wp.repeat`), 0 without limit; `None`: as its
    /// profile says.
    pub repeat: Option<u32>,
    /// Time between two checkpoints of an agent's room (`wp.checkpointSeconds`).
    pub checkpoint: Duration,
    /// An agent that says nothing this long is stopped (`wp.silenceMinutes`).
    pub silence: Duration,
    /// Time between TERM and KILL (`wp.graceSeconds`).
    pub grace: Duration,
    /// Bytes of an agent's output that are kept (`wp.logBytes`).
    pub log_bytes: u64,
    /// Largest blob a package may add (`wp.maxBlobBytes`).
    pub max_blob_bytes: u64,
    /// How long a command waits for the transaction lock (`wp.lockSeconds`).
    pub lock_wait: Duration,
    /// The remote whose state decides who may act (`wp.remote`); `None`: this repository's own.
    pub remote: Option<String>,
    /// The ref of the state on that remote (`wp.remoteRef`).
    pub remote_ref: RefName,
    /// Whether that remote takes several refs in one step (`wp.atomic`).
    pub atomic: bool,
    /// A machine that shows no sign of life for this long may be taken over from
    /// (`wp.leaseSeconds`).
    pub lease: Duration,
    /// The longest time between two looks at that remote while a run goes on (`wp.pollSeconds`).
    pub poll: Duration,
    /// Who is told how tickets stand (`wp.purple.*`); wins over what `wp.toml` says.
    pub purple: PurpleSettings,
    /// How far agents are confined (`wp.sandbox`); `None`: what the profile of an agent says.
    pub sandbox: Option<SandboxLevel>,
    /// What rooms share with the repository (`wp.isolation`); `None`: by the trust of the agent.
    pub isolation: Option<Isolation>,
    /// Further folders and files that confined agents may write (`wp.sandboxWritable`, several).
    pub sandbox_writable: Vec<String>,
    /// What `wp.toml` says.
    pub project: Project,
}

/// What git config says about one agent; everything that is not said is as in its profile.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AgentSettings {
    /// The command line template, split into words without a shell
    /// (`wp.agent.NAME.command`); it replaces the words of a profile.
    pub command: Option<String>,
    /// Names of environment variables passed on beside the allowlist.
    pub env: Vec<String>,
    /// 0 to 4 (`wp.agent.NAME.trust`), compared with a package's `min_trust_level`.
    pub trust: Option<u8>,
    /// The model, where nobody asks for another.
    pub model: Option<String>,
    /// The reasoning effort, where nobody asks for another.
    pub effort: Option<String>,
    /// Who reads its output.
    pub parser: Option<ParserKind>,
    /// Agents that are tried in turn after this one; none of them where it says `none`.
    pub fallback: Option<Vec<String>>,
    /// How often the same may come in a row; 0 is without limit.
    pub repeat: Option<u32>,
    /// How far it is confined (`wp.agent.NAME.sandbox`); wins over [`Settings::sandbox`].
    pub sandbox: Option<SandboxLevel>,
    /// What its rooms share with the repository (`wp.agent.NAME.isolation`); wins over
    /// [`Settings::isolation`].
    pub isolation: Option<Isolation>,
    /// Folders and files outside its room that it writes (`wp.agent.NAME.writable`, several).
    pub writable: Vec<String>,
}

impl Settings {
    /// What the rooms of the agent `name` share with the repository.
    pub fn isolation_of(&self, name: &str, trust: u8) -> Isolation {
        let own = self.agents.get(name).and_then(|own| own.isolation);
        Isolation::of(own.or(self.isolation), trust)
    }
}

/// Trust of an agent of which nobody says how far it goes: it may write, which is what plans ask
/// for unless they say otherwise.
pub const TRUST_STANDARD: u8 = 2;

/// Who is chosen for which packages, by words of the plan that are compared and never obeyed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AgentChoice {
    /// By a package's archetype (`wp.archetype.NAME.*`).
    pub archetypes: BTreeMap<String, Chosen>,
    /// By its role (`wp.role.NAME.*`).
    pub roles: BTreeMap<String, Chosen>,
    /// By one of its labels (`wp.label.NAME.*`).
    pub labels: BTreeMap<String, Chosen>,
}

/// What is chosen for one word.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Chosen {
    /// The agent.
    pub agent: Option<String>,
    /// Its model.
    pub model: Option<String>,
    /// Its reasoning effort.
    pub effort: Option<String>,
}

/// How hard a transaction is made durable before it is acknowledged.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Durability {
    /// Objects, ref and directories are flushed: survives a power cut.
    #[default]
    Full,
    /// Data is flushed once per batch, directories are not: consistent, the last may be lost.
    Fast,
    /// Nothing is flushed: survives a crash of the program only.
    Off,
}

/// The committed part of the configuration, `wp.toml`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "snake_case")]
pub struct Project {
    /// `[verify]`
    pub verify: VerifySettings,
    /// `[contracts]`
    pub contracts: ContractSettings,
    /// `[worktree]`
    pub worktree: RoomSettings,
    /// `[locks]`
    pub locks: LockSettings,
    /// `[guard]`
    pub guard: GuardSettings,
    /// `[policy]`
    pub policy: PolicySettings,
    /// `[purple]`
    pub purple: PurpleSettings,
    /// `[review]`
    pub review: ReviewSettings,
    /// `[qa]`
    pub qa: QaSettings,
}

/// `[qa]` of `wp.toml`: agents look at the finished feature as people would use it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct QaSettings {
    /// Whether every run does; else those that are asked to (`implement --qa`).
    pub on: bool,
    /// Surfaces beside web, API and CLI, and what is added to those.
    pub surface: Vec<SurfaceSettings>,
}

/// `[[qa.surface]]` of `wp.toml`: a way in which people use what is built.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SurfaceSettings {
    /// Its name; `web`, `api` and `cli` are known without being named.
    pub name: String,
    /// Patterns of files that show that it is there; none: as it is known.
    pub detect: Vec<String>,
    /// Texts of which one has to stand in such a file; none: any file will do.
    pub contains: Vec<String>,
    /// What is looked at, in sentences.
    pub checks: Vec<String>,
}

impl SurfaceSettings {
    /// True if it says itself where the surface is seen.
    pub fn says_where(&self) -> bool {
        !self.detect.is_empty()
    }
}

/// `[verify]` of `wp.toml`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct VerifySettings {
    /// Command lines run on the finished feature, after the integration package's steps.
    #[serde(rename = "final")]
    pub final_commands: Vec<String>,
    /// Whether a package's own steps run again on a merged tree they were not green on.
    pub on_merge: OnMerge,
    /// Wall-clock limit of one command, in minutes; 0 means 30.
    pub timeout_minutes: u32,
}

/// `[contracts]` of `wp.toml`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ContractSettings {
    /// Command lines that hold the finished feature against its contracts.
    pub verify: Vec<String>,
}

/// When the steps of a package run again.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OnMerge {
    /// On every merged tree that differs from the one they were green on.
    #[default]
    Package,
    /// Never; the final verification is the only check of the whole.
    None,
}

/// `[worktree]` of `wp.toml`: what a room needs before work starts.
///
/// Only what git ignores is brought in. Names may be patterns; one without wildcards names one
/// file or folder.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RoomSettings {
    /// Copied from the main checkout, for instance `.env`: what happens to a copy happens to
    /// nothing else, so it may share data only by copy-on-write, never be a hard link.
    pub copy: Vec<String>,
    /// Shared with the main checkout by symbolic links, for instance `node_modules`: who writes
    /// through them writes there, and a sandbox can see that.
    pub link: Vec<String>,
    /// Shared with the main checkout file by file as hard links: fast for large stores that nobody
    /// changes in place. A file changed in place is changed there too, and no sandbox sees it.
    pub hardlink: Vec<String>,
    /// Command lines run in a new room; they need `git wp trust`.
    pub setup: Vec<String>,
    /// Command lines run in a room when its work has ended, however; they need `git wp trust`.
    pub teardown: Vec<String>,
    /// Ignored folders of the room that a confined agent may write beside its scope, for instance
    /// `target`.
    pub writable: Vec<String>,
    /// Which files a room holds.
    pub sparse: Sparse,
    /// Ports reserved for each attempt, at most [`PORTS_MAX`]; 0: none.
    pub ports: u16,
    /// Whether files of git LFS are fetched; else rooms hold their pointers.
    pub lfs: bool,
    /// Whether files of submodules are brought in.
    pub submodules: bool,
}

/// Most ports of one attempt.
pub const PORTS_MAX: u16 = 100;

/// `[worktree] sparse`: which files a room holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Sparse {
    /// All (`false`).
    #[default]
    Off,
    /// Those that the package may read or write, and all at the top (`true`).
    On,
    /// As `On`, and the hooks of agents refuse to read others (`"scope"`).
    Scope,
}

impl<'de> Deserialize<'de> for Sparse {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Word;
        impl serde::de::Visitor<'_> for Word {
            type Value = Sparse;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("true, false or \"scope\"")
            }
            fn visit_bool<E>(self, on: bool) -> Result<Sparse, E> {
                Ok(if on { Sparse::On } else { Sparse::Off })
            }
            fn visit_str<E: serde::de::Error>(self, word: &str) -> Result<Sparse, E> {
                match word {
                    "scope" => Ok(Sparse::Scope),
                    _ => Err(E::invalid_value(serde::de::Unexpected::Str(word), &self)),
                }
            }
        }
        from.deserialize_any(Word)
    }
}

/// `[locks]` of `wp.toml`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LockSettings {
    /// Further namespaces of lock keys.
    pub namespaces: Vec<String>,
}

/// `[review]` of `wp.toml`: how merged packages are reviewed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ReviewSettings {
    /// Whether every run is reviewed.
    pub required: bool,
    /// The agents that review, by name.
    pub reviewers: Vec<String>,
    /// Answers that a verdict needs.
    pub quorum: Option<u32>,
    /// Rounds before a person is asked.
    pub rounds: Option<u32>,
    /// Whether reviewers are asked to look for what breaks it.
    pub adversarial: bool,
    /// Whether a reviewer by the author's own vendor is no vote.
    pub independent: bool,
    /// Wall-clock limit of one review, in minutes; 0 means 20.
    pub timeout_minutes: u32,
}

impl ReviewSettings {
    /// The wall-clock limit of one review.
    pub fn limit(&self) -> Duration {
        let minutes = match self.timeout_minutes {
            0 => 20,
            minutes => minutes,
        };
        Duration::from_secs(u64::from(minutes) * 60)
    }
}

/// `[purple]` of `wp.toml`, and `wp.purple.*` of git config.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PurpleSettings {
    /// A command line, without a shell, that is started for every message about a ticket and gets
    /// it on standard input.
    pub status_command: Option<String>,
    /// A command line, without a shell, that is an MCP server on its standard input and output; its
    /// tool `purple_status` is called with every message about a ticket.
    pub status_server: Option<String>,
}

impl Project {
    /// True if the file names a program, so that it needs `git wp trust`.
    pub fn names_programs(&self) -> bool {
        !self.verify.final_commands.is_empty()
            || !self.contracts.verify.is_empty()
            || !self.worktree.setup.is_empty()
            || !self.worktree.teardown.is_empty()
            || self.purple != PurpleSettings::default()
    }
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            state_ref: RefName::parse("refs/wp/state").expect("a literal in the right form"),
            durability: Durability::Full,
            branch_template: None,
            worktree_dir: None,
            jobs: None,
            default_agent: None,
            agents: BTreeMap::new(),
            choice: AgentChoice::default(),
            repeat: None,
            checkpoint: Duration::from_secs(120),
            silence: Duration::from_secs(20 * 60),
            grace: Duration::from_secs(5),
            log_bytes: 64 << 20,
            max_blob_bytes: 10 << 20,
            lock_wait: Duration::from_secs(30),
            remote: None,
            remote_ref: RefName::parse("refs/wp/state").expect("a literal in the right form"),
            atomic: true,
            lease: Duration::from_secs(15 * 60),
            poll: Duration::from_secs(2),
            purple: PurpleSettings::default(),
            sandbox: None,
            isolation: None,
            sandbox_writable: Vec::new(),
            project: Project::default(),
        }
    }
}
