//! Interface files that packages agree on. Optional and typed.

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
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
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
