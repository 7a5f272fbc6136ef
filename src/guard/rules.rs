//! Which rules hold here: the built-in ones as `wp.toml` changes them, and the project's own.

use std::collections::BTreeMap;

use crate::base::{Error, Result, text};
use crate::guard::builtin::{self, Builtin};
use crate::model::guard::{GuardSettings, OwnRule};
use crate::model::{Level, Trust};

/// Whether a person on this machine said yes to the bytes of `wp.toml`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Consent {
    /// Everything in it counts.
    Given,
    /// Only what makes the guard stricter counts.
    Missing,
}

/// The rules that hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rules {
    changed: BTreeMap<String, Standing>,
    own: BTreeMap<String, OwnRule>,
    /// What would loosen the guard and does not count, for a warning.
    ignored: Vec<String>,
}

/// How a built-in rule stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    Off,
    On(Level, Trust),
}

impl Rules {
    /// Reads the settings.
    ///
    /// # Errors
    /// `wp-toml` (usage): a rule that nobody knows, a name used twice, a missing reason.
    pub fn read(settings: &GuardSettings, consent: Consent) -> Result<Self> {
        let mut rules = Rules::default();
        for (name, change) in &settings.change {
            let rule = known(name, "change")?;
            let (level, trust) = (
                change.level.unwrap_or(rule.level),
                change.min_trust.unwrap_or(rule.min_trust),
            );
            let looser = level < rule.level || trust < rule.min_trust;
            rules.put(name, Standing::On(level, trust), looser, consent);
        }
        for (name, reason) in &settings.off {
            known(name, "off")?;
            if reason.trim().is_empty() {
                let message = format!("wp.toml: `[guard.off] {name}` gives no reason");
                let hint = format!("{name} = \"why it is not needed here\"");
                return Err(Error::usage("wp-toml", message).hint(hint));
            }
            rules.put(name, Standing::Off, true, consent);
        }
        for (name, own) in &settings.rules {
            let name = text::foreign(name).to_string();
            if builtin::find(&name).is_some() {
                let message = format!("wp.toml: `[guard.rules.{name}]` is a built-in rule");
                let hint = format!("use [guard.change.{name}]");
                return Err(Error::usage("wp-toml", message).hint(hint));
            }
            if own.program.trim().is_empty() || own.why.trim().is_empty() {
                let message = format!("wp.toml: `[guard.rules.{name}]` needs `program` and `why`");
                return Err(Error::usage("wp-toml", message));
            }
            rules.own.insert(name, own.clone());
        }
        Ok(rules)
    }

    fn put(&mut self, name: &str, standing: Standing, looser: bool, consent: Consent) {
        if looser && consent == Consent::Missing {
            self.ignored.push(name.to_owned());
        } else {
            self.changed.insert(name.to_owned(), standing);
        }
    }

    /// Built-in rules that `wp.toml` would loosen, had a person said yes to it.
    pub fn ignored(&self) -> &[String] {
        &self.ignored
    }

    /// True for a built-in rule and for one of the project's own.
    pub fn knows(&self, name: &str) -> bool {
        builtin::find(name).is_some() || self.own.contains_key(name)
    }

    pub(super) fn standing(&self, rule: &Builtin) -> Standing {
        let changed = self.changed.get(rule.name).copied();
        changed.unwrap_or(Standing::On(rule.level, rule.min_trust))
    }

    pub(super) fn own(&self) -> impl Iterator<Item = (&String, &OwnRule)> {
        self.own.iter()
    }
}

fn known(name: &str, table: &str) -> Result<&'static Builtin> {
    builtin::find(name).ok_or_else(|| {
        let shown = text::foreign(name);
        let message = format!("wp.toml: `[guard.{table}]` names `{shown}`, which is no rule");
        let near = text::nearest(name, builtin::ALL.iter().map(|rule| rule.name));
        let error = Error::usage("wp-toml", message);
        match near {
            Some(near) => error.hint(format!("is `{near}` meant?")),
            None => error.hint("git wp guard rules"),
        }
    })
}
