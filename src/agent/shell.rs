//! What the built-in agent `shell` runs: a package's own `inputs.run`.

use crate::base::json::Value;
use crate::base::{Error, Result, text};
use crate::model::{Package, Role};

/// The name of the built-in agent that runs a package's own `inputs.run`.
pub const SHELL: &str = "shell";

/// What `inputs.run` asks for; `None` where a package may have none.
pub(super) fn package_words(package: &Package) -> Result<Option<Vec<String>>> {
    let id = text::foreign(package.id.as_str()).to_string();
    let wrong = |message: String| {
        let hint = format!("write `inputs: {{run: \"COMMAND\"}}` in package `{id}`");
        Error::usage("agent-run", message).hint(hint)
    };
    match package.inputs.get("run") {
        Some(Value::String(line)) if !line.trim().is_empty() => {
            Ok(Some(["sh", "-c", line].map(str::to_owned).to_vec()))
        }
        Some(Value::Array(items)) if !items.is_empty() => {
            let words: Option<Vec<String>> = items
                .iter()
                .map(|item| item.as_str().map(str::to_owned))
                .collect();
            words
                .filter(|words| !words[0].is_empty())
                .map(Some)
                .ok_or_else(|| {
                    wrong(format!(
                        "`inputs.run` of package `{id}` is no list of words"
                    ))
                })
        }
        None if needs_nothing(package) => Ok(None),
        None => Err(wrong(format!(
            "agent `{SHELL}` has nothing to run for package `{id}`: it has no `inputs.run`"
        ))),
        Some(_) => Err(wrong(format!(
            "`inputs.run` of package `{id}` is neither a text nor a list of words"
        ))),
    }
}

/// An integration package merges and verifies, an empty scope verifies: neither has to change
/// anything.
fn needs_nothing(package: &Package) -> bool {
    package.kind() == Role::Integration || package.scope.write_allow.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::agent::sample;
    use crate::base::json::json;

    #[test]
    fn the_shell_agent_runs_what_the_package_says() {
        let words = |run: Option<Value>, write: &[&str], id: &str| {
            let mut package = sample::package(id);
            package
                .inputs
                .extend(run.map(|run| ("run".to_owned(), run)));
            package.scope.write_allow = write.iter().map(|p| (*p).to_owned()).collect();
            package_words(&package)
        };
        let some = words(Some(json!("echo hi")), &["a"], "x").unwrap().unwrap();
        assert_eq!(some, ["sh", "-c", "echo hi"]);
        let some = words(Some(json!(["touch", "a b"])), &["a"], "x").unwrap();
        assert_eq!(some.unwrap(), ["touch", "a b"]);
        assert!(words(None, &[], "x").unwrap().is_none());
        assert!(words(None, &["**"], "wp-integration").unwrap().is_none());
        for run in [json!(7), json!([]), json!(["a", 1]), json!("  ")] {
            assert!(words(Some(run), &["a"], "x").is_err());
        }
        let error = words(None, &["a"], "x").unwrap_err();
        assert_eq!(error.code(), "agent-run");
        assert!(error.hints()[0].contains("inputs"), "{:?}", error.hints());
    }
}
