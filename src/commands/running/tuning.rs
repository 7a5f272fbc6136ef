//! Which agents a run is given, and what they are asked for: words of the command line, and how
//! they are recorded.

use std::collections::BTreeMap;

use crate::agent::{self, Staff};
use crate::base::Result;
use crate::base::json::{Value, json};
use crate::model::{Plan, Roster};

/// What agents are asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq, clap::Args)]
pub(in crate::commands) struct Tuning {
    /// The model that the agent is asked to use, where it can be asked
    #[arg(long, value_name = "MODEL")]
    model: Option<String>,
    /// How much the agent is asked to think, where it can be asked: see `git wp agents profiles`
    #[arg(long, value_name = "EFFORT")]
    effort: Option<String>,
}

impl Tuning {
    /// The names under which it is recorded.
    pub(in crate::commands) const NAMES: [&str; 2] = ["model", "effort"];

    /// As asked for now, and where nothing is, as the run has it that goes on.
    pub(in crate::commands) fn over(&self, recorded: &BTreeMap<String, Value>) -> Self {
        let [model, effort] = Tuning::NAMES.map(|name| {
            let value = recorded.get(name).and_then(Value::as_str);
            value.map(str::to_owned)
        });
        Tuning {
            model: self.model.clone().or(model),
            effort: self.effort.clone().or(effort),
        }
    }

    /// Puts it on record.
    pub(in crate::commands) fn record(&self, options: &mut BTreeMap<String, Value>) {
        let values = [&self.model, &self.effort];
        for (name, value) in Tuning::NAMES.into_iter().zip(values) {
            if let Some(value) = value {
                options.insert(name.to_owned(), json!(value));
            }
        }
    }

    /// The agents for the packages of `plan`: the one that is `named`, else who is configured for
    /// a package, else the `usual` one.
    ///
    /// # Errors
    /// One of them does not exist, or cannot be asked for the model or the effort.
    pub(in crate::commands) fn staff(
        &self,
        plan: &Plan,
        roster: &Roster,
        (named, usual): (Option<&str>, &str),
    ) -> Result<Staff> {
        let asked = agent::Asked {
            agent: named,
            model: self.model.as_deref(),
            effort: self.effort.as_deref(),
            usual,
        };
        agent::staff(plan, roster, &asked)
    }
}
