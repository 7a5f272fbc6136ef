//! The steps of one verification, one after the other.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::path::{Component, Path, PathBuf};
use std::time::Duration;

use crate::base::{Error, Kind, Oid, Redactor, RepoPath, Result, text, time};
use crate::model::{Evidence, Step, StepEvidence, StepKind, StepState, Tier};
use crate::os::process::{
    self, Ended, Invocation, Job, Outcome, Sink, Status, Tail, Watch, sink, supervise,
};
use crate::os::{clock, file, random};

/// Bytes of output kept in memory; redaction may need to see what comes before the tail.
const TAIL_KEPT: usize = 16 << 10;
/// Bytes of the tail that is recorded.
const TAIL_MAX: usize = 4 << 10;
/// Paths that are named in a note.
const NAMED_MAX: usize = 5;

/// What one step may take.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Longest run.
    pub wall: Duration,
    /// Time between TERM and KILL.
    pub grace: Duration,
    /// Bytes of output of all steps that are kept in the log.
    pub log_bytes: u64,
}

/// What to verify, where and how.
pub struct Verify<'a> {
    /// The steps, in order.
    pub steps: &'a [Step],
    /// What is required; recorded, not judged here.
    pub tier: Tier,
    /// The tree that stands in the room.
    pub tree: &'a Oid,
    /// The room.
    pub room: &'a Path,
    /// The whole environment of the commands, without that of their step.
    pub env: &'a BTreeMap<OsString, OsString>,
    /// What one step may take.
    pub limits: Limits,
    /// The local log of all steps, mode 0600.
    pub log: &'a Path,
    /// Knows the secrets of the environment.
    pub redactor: &'a Redactor,
    /// Tracked files that are no longer as in the tree.
    pub changed_tracked: &'a dyn Fn() -> Result<Vec<RepoPath>>,
}

/// The names under which steps are recorded: the n-th of one name is `name#n`.
pub fn labels(steps: &[Step]) -> Vec<String> {
    let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
    let label = |step: &'_ Step, count: usize| match count {
        1 => step.name.clone(),
        n => format!("{}#{n}", step.name),
    };
    steps
        .iter()
        .map(|step| {
            let count = seen.entry(&step.name).or_default();
            *count += 1;
            label(step, *count)
        })
        .collect()
}

/// Runs all steps. `reuse` gives what is known of a step, by its label, from the same tree.
///
/// Commands may depend on what earlier commands left in the room, so known results are used
/// either for all command steps or for none. `ci` steps are recorded as delegated and `manual`
/// ones as awaiting, unless `reuse` has an answer. After the first red step all others are
/// recorded as skipped.
///
/// # Errors
/// The run was stopped through `watch`, or the machine failed. A red step is no error.
pub fn run(
    verify: &Verify<'_>,
    reuse: &dyn Fn(&str, &Step) -> Option<StepEvidence>,
    watch: &Watch,
) -> Result<Evidence> {
    let labels = labels(verify.steps);
    let known: Vec<Option<StepEvidence>> = labels
        .iter()
        .zip(verify.steps)
        .map(|(label, step)| reuse(label, step))
        .collect();
    let all_known = verify
        .steps
        .iter()
        .zip(&known)
        .all(|(step, known)| known.is_some() || !is_command(step));
    let mut commands = Commands {
        verify,
        log: None,
        watch,
    };
    let mut steps: Vec<StepEvidence> = Vec::new();
    for ((step, label), known) in verify.steps.iter().zip(labels).zip(known) {
        let red = |done: &StepEvidence| done.state == StepState::Failed;
        let known = known.filter(|_| all_known || !is_command(step));
        let done = if steps.iter().any(red) {
            evidence(step, label, StepState::Skipped)
        } else if let Some(known) = known {
            StepEvidence {
                name: label,
                reused: true,
                ..known
            }
        } else {
            match &step.kind {
                StepKind::Ci { .. } => evidence(step, label, StepState::Delegated),
                StepKind::Manual { .. } => evidence(step, label, StepState::Awaiting),
                StepKind::Command { .. } => commands.run(step, label)?,
            }
        };
        steps.push(done);
    }
    commands.finish(&mut steps)?;
    Ok(Evidence {
        tree: verify.tree.clone(),
        tier: verify.tier,
        steps,
    })
}

fn is_command(step: &Step) -> bool {
    matches!(step.kind, StepKind::Command { .. })
}

fn evidence(step: &Step, name: String, state: StepState) -> StepEvidence {
    StepEvidence {
        name,
        kind: step.kind.as_str().to_owned(),
        state,
        what: match &step.kind {
            StepKind::Command { command, .. } => command.clone(),
            StepKind::Ci {
                workflow,
                required_checks,
                provider,
            } => match workflow {
                Some(workflow) => format!("{provider}: {workflow}"),
                None => format!("{provider}: {}", required_checks.join(", ")),
            },
            StepKind::Manual { instructions } => instructions.clone(),
        },
        exit_code: None,
        millis: 0,
        at: clock::now(),
        tail: String::new(),
        note: None,
        reused: false,
    }
}

/// The command steps, which share a room and a log.
struct Commands<'a> {
    verify: &'a Verify<'a>,
    log: Option<sink::Log>,
    watch: &'a Watch,
}

impl Commands<'_> {
    fn run(&mut self, step: &Step, label: String) -> Result<StepEvidence> {
        let StepKind::Command {
            command,
            cwd,
            env,
            expect_exit_code,
        } = &step.kind
        else {
            return Err(Error::bug("a step that is no command was started"));
        };
        let mut done = evidence(step, label, StepState::Failed);
        let folder = match folder_in(self.verify.room, cwd.as_deref()) {
            Ok(folder) => folder,
            Err(why) => {
                done.note = Some(why);
                return Ok(done);
            }
        };
        let (outcome, tail) = self.start(command, &folder, env)?;
        done.tail = self.verify.redactor.tail(&tail.text(), TAIL_MAX);
        done.millis = u64::try_from(outcome.took.as_millis()).unwrap_or(u64::MAX);
        done.exit_code = match outcome.status {
            Status::Code(code) if outcome.ended == Ended::Alone => Some(code),
            _ => None,
        };
        done.note = self
            .failure(&outcome, *expect_exit_code)
            .or_else(|| self.missing(step, &folder));
        if done.note.is_none() {
            done.state = StepState::Passed;
        }
        Ok(done)
    }

    fn start(
        &mut self,
        command: &str,
        folder: &Path,
        step_env: &BTreeMap<String, String>,
    ) -> Result<(Outcome, Tail)> {
        let log = self.log()?;
        log.write(format!("$ {}\n", self.verify.redactor.redact(command)).as_bytes());
        let tail = Tail::new(TAIL_KEPT);
        let sink = || Sink::Both(Box::new(Sink::Log(log.clone())), Box::new(tail.sink()));
        let mut env = self.verify.env.clone();
        let ceiling = self.verify.room.parent().unwrap_or(self.verify.room);
        env.insert("GIT_CEILING_DIRECTORIES".into(), ceiling.into());
        env.insert("PWD".into(), folder.into());
        env.extend(step_env.iter().map(|(k, v)| (k.into(), v.into())));
        let job = Job {
            invocation: Invocation::new("sh", folder)
                .args([OsStr::new("-c"), OsStr::new(command)])
                .only_env(env),
            mark: Some(("WP_VERIFICATION".to_owned(), random::id(12)?)),
            limits: process::Limits {
                wall: Some(self.verify.limits.wall),
                silence: None,
                grace: self.verify.limits.grace,
            },
            stdout: sink(),
            stderr: sink(),
        };
        let outcome = supervise(job, self.watch)?;
        if outcome.ended == Ended::Stopped {
            let message = "the verification was stopped";
            return Err(Error::new(Kind::Interrupted, "stopped", message));
        }
        Ok((outcome, tail))
    }

    /// The log, made when the first command needs it.
    fn log(&mut self) -> Result<sink::Log> {
        if let Some(log) = &self.log {
            return Ok(log.clone());
        }
        if let Some(folder) = self.verify.log.parent() {
            file::make_private_dirs(folder)?;
        }
        let log = sink::Log::create(self.verify.log, self.verify.limits.log_bytes)?;
        Ok(self.log.insert(log).clone())
    }

    fn failure(&self, outcome: &Outcome, expected: i32) -> Option<String> {
        match (outcome.ended, outcome.status) {
            (Ended::WallLimit, _) => {
                let limit = time::human(self.verify.limits.wall);
                Some(format!("ran longer than its limit of {limit}"))
            }
            (_, Status::Code(code)) if code == expected => None,
            (_, Status::Code(_)) if expected == 0 => {
                Some("did not end with exit code 0".to_owned())
            }
            (_, Status::Code(_)) => Some(format!("did not end with exit code {expected}")),
            (_, Status::Signal(signal)) => Some(format!("was ended by signal {signal}")),
        }
    }

    /// Declared artifacts that are not there, from the step's folder or from the root.
    fn missing(&self, step: &Step, folder: &Path) -> Option<String> {
        let there = |name: &String| {
            let plain = Path::new(name)
                .components()
                .all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
            plain && (folder.join(name).exists() || self.verify.room.join(name).exists())
        };
        let missing: Vec<&String> = step.artifacts.iter().filter(|name| !there(name)).collect();
        (!missing.is_empty()).then(|| {
            let names: Vec<String> = missing
                .iter()
                .map(|name| format!("`{}`", text::foreign(name)))
                .collect();
            format!("did not leave {}", names.join(", "))
        })
    }

    /// Closes the log, and notes on the last command that the steps changed the tree.
    fn finish(&mut self, steps: &mut [StepEvidence]) -> Result<()> {
        let Some(log) = self.log.take() else {
            return Ok(());
        };
        log.finish()?;
        let changed = (self.verify.changed_tracked)()?;
        let ran = |step: &&mut StepEvidence| {
            step.kind == "command" && step.state != StepState::Skipped && !step.reused
        };
        if let Some(last) = steps
            .iter_mut()
            .rev()
            .find(ran)
            .filter(|_| !changed.is_empty())
        {
            let note = changed_note(&changed);
            last.note = Some(match last.note.take() {
                Some(before) => format!("{before}; {note}"),
                None => note,
            });
        }
        Ok(())
    }
}

fn changed_note(changed: &[RepoPath]) -> String {
    let names: Vec<String> = changed
        .iter()
        .take(NAMED_MAX)
        .map(|path| format!("`{path}`"))
        .collect();
    let more = match changed.len().saturating_sub(NAMED_MAX) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    format!(
        "the steps changed tracked files: {}{more}",
        names.join(", ")
    )
}

/// The folder in which a command runs; it lies below the root, also by its real path.
fn folder_in(room: &Path, cwd: Option<&str>) -> Result<PathBuf, String> {
    let Some(cwd) = cwd else {
        return Ok(room.to_owned());
    };
    let shown = text::foreign(cwd).to_string();
    let plain = Path::new(cwd)
        .components()
        .all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
    let folder = room.join(cwd);
    let real = |path: &Path| std::fs::canonicalize(path);
    match (plain, real(room), real(&folder)) {
        (false, ..) => Err(format!("its folder `{shown}` is not below the root")),
        (true, Ok(root), Ok(real)) if real.starts_with(&root) => Ok(folder),
        (true, Ok(_), Ok(_)) => Err(format!("its folder `{shown}` leads out of the tree")),
        _ => Err(format!("its folder `{shown}` is not there")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_of_one_name_are_numbered() {
        let step = |name: &str| Step {
            name: name.to_owned(),
            kind: StepKind::Manual {
                instructions: String::new(),
            },
            artifacts: Vec::new(),
            result_keys: Vec::new(),
        };
        let steps = [step("a"), step("b"), step("a"), step("a")];
        assert_eq!(labels(&steps), ["a", "b", "a#2", "a#3"]);
    }
}
