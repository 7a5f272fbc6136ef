//! Readies the files of an attempt and what is started for it.

use std::collections::BTreeMap;
use std::path::Path;

use crate::agent::order::Order;
use crate::agent::profile::Profile;
use crate::base::json::{self, Value, json};
use crate::base::{Error, Result};
use crate::model::{Durability, Mode, PromptChannel};
use crate::os::file::{self, Access};
use crate::os::process::{Input, Invocation};

/// Writes the prompt and clears the place of the result.
pub(super) fn prepare(order: &Order<'_>) -> Result<()> {
    let places = order.places;
    for path in [&places.prompt_file, &places.result_file, &places.log] {
        if let Some(folder) = path.parent() {
            file::make_private_dirs(folder)?;
        }
    }
    file::remove(&places.result_file)?;
    file::remove(&places.hypothesis_file)?;
    let servers = json::pretty(&servers(order))?;
    for (path, text) in [
        (&places.prompt_file, order.prompt),
        (&places.mcp_config, servers.as_str()),
    ] {
        file::replace(path, text.as_bytes(), Access::Private, Durability::Off)?;
    }
    Ok(())
}

/// The MCP server of this program, as most agents read it. What tells the server where it is
/// stands in it: not every agent hands its environment on.
fn servers(order: &Order<'_>) -> Value {
    json!({"mcpServers": {"git-wp": {
        "command": order.program,
        "args": ["mcp"],
        "env": {
            "WP_FEATURE": order.feature,
            "WP_PACKAGE": order.package.id,
            "WP_ATTEMPT": order.attempt,
        },
    }}})
}

/// The same as an inline table of TOML, whose strings are written like those of JSON.
pub(super) fn toml_server(order: &Order<'_>) -> Result<String> {
    let program = json::line(order.program)?;
    let feature = json::line(order.feature)?;
    let package = json::line(&order.package.id)?;
    let attempt = json::line(order.attempt)?;
    let env = format!("WP_FEATURE={feature},WP_PACKAGE={package},WP_ATTEMPT={attempt}");
    Ok(format!(
        "{{command={program},args=[\"mcp\"],env={{{env}}}}}"
    ))
}

/// What an agent is told whose prompt is too long for its command line.
pub(super) fn pointer(order: &Order<'_>) -> String {
    let file = order.places.prompt_file.display();
    format!("Read the file {file} to its end and do what it says.")
}

/// What is started.
pub(super) fn invocation(
    words: &[String],
    (profile, variables): (&Profile, BTreeMap<String, String>),
    order: &Order<'_>,
    scratch: &Path,
) -> Result<Invocation> {
    let (program, args) = words
        .split_first()
        .ok_or_else(|| Error::bug("an agent without a command line"))?;
    let places = order.places;
    let ceiling = order.room.parent().unwrap_or(order.room);
    let mut environment = order.environment.clone().without(&profile.data.unset);
    for (name, value) in variables {
        environment = environment.with(name, value);
    }
    let environment = environment
        .with("WP_FEATURE", order.feature.as_str())
        .with("WP_PACKAGE", order.package.id.as_str())
        .with("WP_ATTEMPT", order.attempt.as_str())
        .with("WP_MODE", order.mode.as_str())
        .with("WP_PROMPT_FILE", &order.places.prompt_file)
        .with("WP_RESULT_FILE", &order.places.result_file)
        .with("WP_MCP_CONFIG", &order.places.mcp_config)
        .with("GIT_CEILING_DIRECTORIES", ceiling)
        .with("PWD", order.room);
    let environment = match order.mode {
        Mode::Debug => environment.with("WP_HYPOTHESIS_FILE", &places.hypothesis_file),
        Mode::Implement => environment,
    };
    let environment = ["TMPDIR", "TMP", "TEMP"]
        .into_iter()
        .fold(environment, |env, name| env.with(name, scratch));
    Ok(Invocation::new(program, order.room)
        .args(args)
        .only_env(environment.vars().clone())
        .input(match profile.channel() {
            PromptChannel::Stdin => Input::Bytes(order.prompt.as_bytes().to_vec()),
            PromptChannel::Argument | PromptChannel::File => Input::Null,
        }))
}
