//! How an agent's program is made to ask us before it writes: a file of its own kind, made for each
//! attempt outside of the work tree and named on its command line or in its environment. No file
//! of the project or of the user is touched.

use std::path::{Path, PathBuf};

use crate::base::json::{self, Value, json};
use crate::base::{AttemptId, FeatureId, PackageId, Result};
use crate::model::agent_profile::HooksKind;
use crate::model::{Durability, ScopeMode, ScopeSpec};
use crate::os::file::{self, Access};
use crate::scope::Pattern;

/// Entries of the main checkout that get a rule of their own.
const ENTRIES_MAX: usize = 200;
/// Seconds that an agent waits for an answer.
const PATIENCE: u32 = 60;

/// What the file has to know.
#[derive(Debug, Clone, Copy)]
pub struct Wiring<'a> {
    /// This program.
    pub program: &'a Path,
    /// The folder for the file: that of the attempt, which its agent cannot write if it is
    /// confined.
    pub folder: &'a Path,
    /// The room.
    pub room: &'a Path,
    /// The result file; it can be written.
    pub result_file: &'a Path,
    /// The git folder of the repository.
    pub common_dir: &'a Path,
    /// The main checkout, if there is one.
    pub main: Option<&'a Path>,
    /// Where the package may write.
    pub scope: &'a ScopeSpec,
    /// Whether it has to ask before it reads, too.
    pub asks_reads: bool,
    /// The feature.
    pub feature: &'a FeatureId,
    /// The package.
    pub package: &'a PackageId,
    /// The attempt.
    pub attempt: &'a AttemptId,
}

impl Wiring<'_> {
    /// Writes the file of a kind; `None` if there is none, or if a path in it could not be
    /// written as that kind of file needs it.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn write(&self, kind: HooksKind) -> Result<Option<PathBuf>> {
        let plain = [self.program, self.folder, self.room, self.result_file];
        let is_plain = |path: &&Path| path.to_str().is_some_and(|path| !path.contains(UNPLAIN));
        if !plain.iter().all(is_plain) {
            return Ok(None);
        }
        file::make_private_dirs(self.folder)?;
        Ok(Some(match kind {
            HooksKind::None => return Ok(None),
            HooksKind::Claude => self.put("claude.json", &json::pretty(&self.claude())?)?,
            HooksKind::Codex => {
                let script = format!("#!/bin/sh\nexec {} hook agent\n", self.quoted());
                let path = self.folder.join("codex-hook");
                file::replace(&path, script.as_bytes(), Access::Program, Durability::Off)?;
                path
            }
            HooksKind::Gemini => match self.gemini() {
                Some(policy) => self.put("gemini.toml", &policy)?,
                None => return Ok(None),
            },
            HooksKind::Opencode => {
                let plugin = self.put("opencode.js", &self.plugin()?)?;
                self.put("opencode.json", &json::pretty(&self.opencode(&plugin))?)?
            }
        }))
    }

    fn put(&self, name: &str, text: &str) -> Result<PathBuf> {
        let path = self.folder.join(name);
        file::replace(&path, text.as_bytes(), Access::Private, Durability::Off)?;
        Ok(path)
    }

    /// The program as a word for a shell.
    fn quoted(&self) -> String {
        format!("'{}'", self.program.display())
    }

    fn claude(&self) -> Value {
        let command = format!("{} hook agent", self.quoted());
        let hook = json!({"type": "command", "command": command, "timeout": PATIENCE});
        let mut matcher = "Bash|Write|Edit|MultiEdit|NotebookEdit".to_owned();
        if self.asks_reads {
            matcher.push_str("|Read|Glob|Grep|LS|NotebookRead");
        }
        json!({
            "hooks": {
                "PreToolUse": [{
                    "matcher": matcher,
                    "hooks": [hook],
                }],
                "PostToolUse": [{"matcher": "Bash", "hooks": [hook]}],
            },
            "permissions": {"deny": self.denied()},
        })
    }

    /// Rules against writing to the main checkout and to what is shared in the folder of git. They
    /// hold for commands in which the program recognises a write, too.
    fn denied(&self) -> Vec<String> {
        let mut rules = Vec::new();
        let mut deny = |path: PathBuf| {
            // A rule is a pattern: a name that would be read as one gets none.
            if let Some(path) = path
                .to_str()
                .filter(|path| !path.contains(['*', '?', '[', '(']))
            {
                rules.extend([format!("Edit(/{path})"), format!("Edit(/{path}/**)")]);
            }
        };
        for name in [
            "config",
            "hooks",
            "refs",
            "packed-refs",
            "info",
            "HEAD",
            "index",
        ] {
            deny(self.common_dir.join(name));
        }
        let Some(main) = self.main else {
            return rules;
        };
        let names = file::names(main).unwrap_or_default();
        for name in names.into_iter().take(ENTRIES_MAX) {
            let path = main.join(name);
            let holds = [self.common_dir, self.room].map(|kept| kept.starts_with(&path));
            if holds == [false, false] {
                deny(path);
            }
        }
        rules
    }

    /// Nothing may be written; what the package may write, and the result, may, a rule for each.
    fn gemini(&self) -> Option<String> {
        if self.scope.mode != ScopeMode::Strict {
            return None;
        }
        let plain = |path: &Path| {
            let text = path.to_string_lossy();
            let escape = |c: char| match c.is_ascii_punctuation() && c != '/' {
                true => format!("\\{c}"),
                false => c.to_string(),
            };
            text.chars().map(escape).collect::<String>()
        };
        let (room, result) = (plain(self.room), plain(self.result_file));
        let patterns = self.scope.write_allow.iter();
        let allowed = patterns.filter_map(|text| Some(Pattern::parse(text).ok()?.expression()));
        let allowed = allowed.map(|may| format!("(?:{room}/|\\./|){may}"));
        let scope = self.scope.write_allow.join(", ").replace(['\'', '\n'], " ");
        let tools = "toolName = [\"write_file\", \"replace\"]";
        let package = self.package;
        let mut policy = format!(
            "[[rule]]\n{tools}\nargsPattern = '\"file_path\":\"'\ndecision = \"deny\"\n\
             priority = 900\ndenyMessage = 'this is outside the scope of {package}, which may \
             write: {scope}; if the work needs it, ask with git wp escalate'\n"
        );
        for may in std::iter::once(result).chain(allowed) {
            let expression = format!("\"file_path\":\"{may}\"");
            if expression.contains('\'') || expression.len() > EXPRESSION_MAX {
                return None;
            }
            policy.push_str(&format!(
                "\n[[rule]]\n{tools}\nargsPattern = '{expression}'\ndecision = \"allow\"\n\
                 priority = 950\n"
            ));
        }
        Some(policy)
    }

    fn plugin(&self) -> Result<String> {
        let program = json::line(self.program)?;
        Ok(format!(
            "import {{ spawnSync }} from \"node:child_process\"\n\
             export const GitWp = async ({{ directory }}) => ({{\n  \
               \"tool.execute.before\": async (input, output) => {{\n    \
                 const asked = {{ hook_event_name: \"PreToolUse\", tool_name: input.tool,\n      \
                   tool_input: output.args, cwd: directory }}\n    \
                 const told = spawnSync({program}, [\"hook\", \"agent\"],\n      \
                   {{ input: JSON.stringify(asked), cwd: directory, encoding: \"utf8\" }})\n    \
                 if (told.status === 2) throw new Error(told.stderr || \"git wp refuses this\")\n    \
                 const text = (told.stdout || \"\").trim()\n    \
                 if (text) throw new Error(\n      \
                   JSON.parse(text).hookSpecificOutput.permissionDecisionReason)\n  \
               }},\n}})\n"
        ))
    }

    /// With our server: it takes none on its command line.
    fn opencode(&self, plugin: &Path) -> Value {
        json!({
            "plugin": [format!("file://{}", plugin.display())],
            "mcp": {"git-wp": {
                "type": "local",
                "command": [self.program, "mcp"],
                "environment": {
                    "WP_FEATURE": self.feature,
                    "WP_PACKAGE": self.package,
                    "WP_ATTEMPT": self.attempt,
                },
                "enabled": true,
            }},
        })
    }
}

/// Gemini CLI drops rules with longer expressions.
const EXPRESSION_MAX: usize = 2048;

/// Characters that would have to be written otherwise in one of the files.
const UNPLAIN: [char; 6] = ['\'', '"', '\\', '\n', '$', '`'];

#[cfg(test)]
mod tests {
    use super::*;

    fn written(kind: HooksKind, mode: ScopeMode) -> Option<String> {
        let folder = tempfile::tempdir().unwrap();
        let scope = ScopeSpec {
            write_allow: vec!["src/*.rs".to_owned()],
            mode,
            ..ScopeSpec::default()
        };
        let wiring = Wiring {
            program: Path::new("/bin/git-wp"),
            folder: folder.path(),
            room: Path::new("/rooms/wp-a1"),
            result_file: Path::new("/run/out/result.json"),
            common_dir: Path::new("/repo/.git"),
            main: None,
            scope: &scope,
            asks_reads: false,
            feature: &FeatureId::parse("x").unwrap(),
            package: &PackageId::parse("wp-a").unwrap(),
            attempt: &AttemptId::parse("a1").unwrap(),
        };
        let path = wiring.write(kind).unwrap()?;
        Some(std::fs::read_to_string(path).unwrap())
    }

    #[test]
    fn each_kind_gets_a_file_that_calls_us() {
        let claude = written(HooksKind::Claude, ScopeMode::Strict).unwrap();
        let claude = json::parse(claude.as_bytes()).unwrap();
        let hook = &claude["hooks"]["PreToolUse"][0]["hooks"][0]["command"];
        assert_eq!(hook, "'/bin/git-wp' hook agent");
        let denied = claude["permissions"]["deny"].as_array().unwrap();
        assert!(
            denied.contains(&json!("Edit(//repo/.git/hooks/**)")),
            "{denied:?}"
        );
        let codex = written(HooksKind::Codex, ScopeMode::Strict).unwrap();
        assert!(codex.ends_with("exec '/bin/git-wp' hook agent\n"));
        let opencode = written(HooksKind::Opencode, ScopeMode::Strict).unwrap();
        assert!(opencode.contains("opencode.js"), "{opencode}");
        assert_eq!(written(HooksKind::None, ScopeMode::Strict), None);
    }

    #[test]
    fn a_policy_names_what_may_be_written_and_only_where_that_is_fixed() {
        let policy = written(HooksKind::Gemini, ScopeMode::Strict).unwrap();
        let may = r#"'"file_path":"(?:/rooms/wp\-a1/|\./|)(?:src/[^/"]*\.rs)"'"#;
        assert!(policy.contains(may), "{policy}");
        assert_eq!(written(HooksKind::Gemini, ScopeMode::Open), None);
    }
}
