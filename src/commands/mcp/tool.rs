//! The list of tools: name, one line for the agent, schemas from the types, and what to call.

use std::sync::LazyLock;

use schemars::JsonSchema;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::desk::{Seat, Work};
use super::reply::{Reply, Told};
use super::{schema, tools};
use crate::base::json::{self, Map, Value};
use crate::base::{Error, Result};

/// What a tool does to the state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Effect {
    /// Nothing.
    Reads,
    /// It writes; an attempt may do so for itself.
    Writes,
    /// It writes what an attempt has no business with.
    Outside,
}

type Call = Box<dyn Fn(&mut Work<'_>, Map<String, Value>) -> Told + Send + Sync>;

/// A tool.
pub(super) struct Listed {
    /// Its name, the original's where the original has it.
    pub(super) name: &'static str,
    /// What it is for, in few words.
    pub(super) about: &'static str,
    /// What it does.
    pub(super) effect: Effect,
    /// The schema of its arguments.
    pub(super) input: Map<String, Value>,
    /// The schema of its answer.
    pub(super) output: Map<String, Value>,
    call: Call,
}

impl Listed {
    /// Does it.
    pub(super) fn call(&self, work: &mut Work<'_>, arguments: Map<String, Value>) -> Told {
        (self.call)(work, arguments)
    }
}

/// A tool whose schemas follow from what `run` takes and gives.
pub(super) fn tool<A, R>(
    (name, effect): (&'static str, Effect),
    about: &'static str,
    run: fn(&mut Work<'_>, A) -> Result<Reply<R>>,
) -> Listed
where
    A: DeserializeOwned + JsonSchema + 'static,
    R: Serialize + JsonSchema + 'static,
{
    Listed {
        name,
        about,
        effect,
        input: schema::of_arguments::<A>(),
        output: schema::of_answer::<R>(),
        call: Box::new(move |work, arguments| {
            let asked = read::<A>(arguments, name);
            Told::of(asked.and_then(|asked| run(work, asked)))
        }),
    }
}

/// An argument that is `null` was left out.
fn read<A: DeserializeOwned>(mut arguments: Map<String, Value>, name: &str) -> Result<A> {
    arguments.retain(|_, value| !value.is_null());
    let text = json::line(&arguments)?;
    json::parse_as(text.as_bytes()).map_err(|error| {
        let message = format!("the arguments of {name} do not fit: {}", error.message());
        Error::usage("arguments", message).hint(format!("the schema of {name} in tools/list"))
    })
}

static ALL: LazyLock<Vec<Listed>> = LazyLock::new(tools::all);

/// What somebody at `seat` is offered.
pub(super) fn listed(seat: Seat) -> Vec<&'static Listed> {
    let offered = |tool: &&Listed| seat == Seat::Outside || tool.effect != Effect::Outside;
    ALL.iter().filter(offered).collect()
}

/// The tool of that name, offered or not: who calls it elsewhere is told what to do instead.
pub(super) fn named(name: &str) -> Option<&'static Listed> {
    ALL.iter().find(|tool| tool.name == name)
}
