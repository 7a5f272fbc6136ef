//! A work package: what to do, where it may write, what it claims, how it is verified.

use serde::{Deserialize, Serialize};

use crate::base::PackageId;
use crate::base::json::{Map, Value};
use crate::model::listing::Listing;
use crate::model::lock_key::LockKey;
use crate::model::scope_spec::{ScopeMode, ScopeSpec};
use crate::model::verification::Verification;

/// One node of a plan. Every field has the value the runner uses: defaults are already inherited.
#[derive(Debug, Clone, PartialEq)]
pub struct Package {
    /// The id, verbatim.
    pub id: PackageId,
    /// A title for people.
    pub title: Option<String>,
    /// The kind of task as written, for instance `implement` or `integration`.
    pub task_type: String,
    /// What is to be done; the heart of the prompt.
    pub description: String,
    /// The role as written.
    pub role: Option<String>,
    /// 1 (most urgent) to 10.
    pub priority: u8,
    /// The model archetype as written.
    pub archetype: Option<String>,
    /// What must be merged before this starts, as written.
    pub depends_on: Vec<Edge>,
    /// Claims beside the write scope.
    pub locks: Locks,
    /// Where it may read and write.
    pub scope: ScopeSpec,
    /// The worktree as written.
    pub worktree: Worktree,
    /// Wall-clock limit of one attempt, in minutes.
    pub timeout_minutes: u32,
    /// How often a failed attempt is followed by another.
    pub retry_budget: u32,
    /// 0 to 4; an agent below it is not given the package.
    pub min_trust_level: u8,
    /// How the result is verified.
    pub verification: Verification,
    /// Free parameters; `inputs.run` is what the shell agent runs.
    pub inputs: Map<String, Value>,
    /// What must come out.
    pub outputs: Outputs,
    /// Hints about size and kind, as written.
    pub metadata: Map<String, Value>,
    /// `stacked` packages are marked so in the merge commit and the summary.
    pub decomposition: Option<String>,
    /// Position in the stack.
    pub stack_position: Option<u32>,
    /// Declared surfaces of influence, as written.
    pub context_impact: Option<Value>,
    /// How it stands in its document, where the plan is one.
    pub listing: Option<Listing>,
}

impl Package {
    /// Title, or the first line of the description.
    pub fn label(&self) -> &str {
        self.title
            .as_deref()
            .unwrap_or_else(|| self.description.lines().next().unwrap_or(""))
    }

    /// What the package is for in the run; the one rule is [`Role::of`].
    pub fn kind(&self) -> Role {
        Role::of(self)
    }

    /// True if nothing else may run while this does: it shares its worktree or declares no scope.
    pub fn runs_alone(&self) -> bool {
        self.worktree.mode == WorktreeMode::Shared || self.scope.mode == ScopeMode::Open
    }

    /// The words for commit subjects: the written role, else the task type.
    pub fn role_word(&self) -> &str {
        self.role.as_deref().unwrap_or(&self.task_type)
    }
}

/// What a package is for in the run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Merges and checks the whole; comes last, exempt from overlap rules.
    Integration,
    /// Writes or checks the contracts; gets the proposal and the contract templates.
    Contracts,
    /// Server side; gets the backend parts of the design.
    Backend,
    /// Client side; gets the frontend parts of the design.
    Frontend,
    /// Anything else.
    General,
}

impl Role {
    /// Decides by role, then id, then task type, in any spelling.
    ///
    /// An integration package says so by role, by id, or by a task type of the family
    /// integrate / integration; three conventions are in use and all are honoured.
    pub fn of(package: &Package) -> Role {
        let role = package.role.as_deref().unwrap_or("");
        let texts = [role, package.id.as_str(), package.task_type.as_str()];
        let words: Vec<String> = texts.iter().flat_map(|text| words(text)).collect();
        let has = |list: &[&str]| words.iter().any(|w| list.contains(&w.as_str()));
        if has(&["integrate", "integration", "integrator", "integrating"]) {
            Role::Integration
        } else if has(&["contract", "contracts"]) {
            Role::Contracts
        } else if has(&["frontend", "ui", "web", "client"]) {
            Role::Frontend
        } else if has(&["backend", "api", "server", "service", "db", "database"]) {
            Role::Backend
        } else {
            Role::General
        }
    }
}

fn words(text: &str) -> Vec<String> {
    text.split(|c: char| !c.is_alphanumeric())
        .filter(|w| !w.is_empty())
        .map(str::to_lowercase)
        .collect()
}

/// Exclusive claims of a package, held for the life of an attempt.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Locks {
    /// Paths or globs, normalised like scope patterns.
    pub files: Vec<String>,
    /// Logical keys.
    pub keys: Vec<LockKey>,
    /// Lease of the claim, in minutes; 0 records an intent that excludes nobody.
    pub ttl_minutes: u32,
    /// Why, for those who have to wait.
    pub reason: Option<String>,
}

/// The worktree a package asks for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Worktree {
    /// The name as written; shown, never used as a path.
    pub name: Option<String>,
    /// How it is made.
    pub mode: WorktreeMode,
}

/// How a package shares its worktree.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum WorktreeMode {
    /// A worktree of its own.
    #[default]
    Isolated,
    /// Never beside another package of the same feature: it still gets a worktree of its own, but
    /// runs alone.
    Shared,
}

/// What must come out of a package.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Outputs {
    /// Keys the result must carry.
    pub result_keys: Vec<String>,
    /// Files that must exist in the merged tree.
    pub artifacts: Vec<String>,
}

/// One dependency and where the plan says so.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Edge {
    /// The package that must be merged first.
    pub on: PackageId,
    /// Why the edge is there.
    pub origin: EdgeOrigin,
}

/// Where an edge comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EdgeOrigin {
    /// Written in the package's own dependency field.
    Field,
    /// Written in a header line.
    Header,
    /// Written in a table of waves or dependencies.
    Table,
    /// Drawn in a graph.
    Graph,
    /// A barrier between groups.
    Barrier,
    /// Added because two scopes or lock sets overlap.
    Overlap,
    /// Added because an integration package comes after all others.
    Integration,
    /// The default of the format.
    Default,
}
