//! Interface files that packages agree on. Optional and typed.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The contracts of a plan.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Contracts {
    /// Counts edits after dispatch, from 1.
    pub revision: u32,
    /// The entry document, if the plan names one.
    pub primary: Option<String>,
    /// All files, each once, in order of appearance.
    pub files: Vec<Contract>,
    /// Folder of generated Python types.
    pub generated_pydantic: Option<String>,
    /// Folder of generated TypeScript types.
    pub generated_typescript: Option<String>,
    /// The mock server command as written, shown and never started by the runner.
    pub mock_command: Option<String>,
    /// Where that mock server answers.
    pub mock_base_url: Option<String>,
    /// The broker of consumer-driven contract tests.
    pub pact_broker: Option<String>,
    /// Folder of consumer-driven contract tests.
    pub pact_consumer_dir: Option<String>,
}

impl Contracts {
    /// Everything an agent should know beside the files themselves: what it is, and its value.
    pub fn advice(&self) -> Vec<(String, String)> {
        let line = |what: &str, value: &Option<String>| {
            value.clone().map(|value| (what.to_owned(), value))
        };
        [
            line("entry document", &self.primary),
            line("generated Python models", &self.generated_pydantic),
            line("generated TypeScript types", &self.generated_typescript),
            line("mock server command", &self.mock_command),
            line("mock server address", &self.mock_base_url),
            line("Pact broker", &self.pact_broker),
            line("Pact consumer tests", &self.pact_consumer_dir),
        ]
        .into_iter()
        .flatten()
        .collect()
    }
}

/// One contract file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contract {
    /// As written: relative to the repository root, else to the plan's folder.
    pub path: String,
    /// How it is checked.
    pub kind: ContractKind,
}

/// How a contract file is checked.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum ContractKind {
    /// Parsed as OpenAPI 3.
    Openapi,
    /// Parsed and compiled as JSON Schema.
    JsonSchema,
    /// Must exist.
    Sql,
    /// Must exist.
    Proto,
    /// Must exist.
    None,
}

impl ContractKind {
    /// The word in JSON and messages.
    pub fn as_str(self) -> &'static str {
        match self {
            ContractKind::Openapi => "openapi",
            ContractKind::JsonSchema => "json-schema",
            ContractKind::Sql => "sql",
            ContractKind::Proto => "proto",
            ContractKind::None => "none",
        }
    }
}
