//! Which agents are tried for a package, in turn: from the user's configuration alone. Words of
//! the plan are compared with it and never followed.

use std::collections::BTreeMap;

use crate::agent::profile::Profile;
use crate::agent::staff::Staff;
use crate::base::json::Value;
use crate::base::{Error, Result, text};
use crate::model::settings::Chosen;
use crate::model::{Package, Plan, Roster};

/// What somebody asks for on the command line.
#[derive(Debug, Clone, Copy, Default)]
pub struct Asked<'a> {
    /// The agent for every package; it counts more than what is configured for some.
    pub agent: Option<&'a str>,
    /// The model of whichever agent is the first.
    pub model: Option<&'a str>,
    /// Its reasoning effort.
    pub effort: Option<&'a str>,
    /// The agent where nothing else is said.
    pub usual: &'a str,
}

/// The agents for `package`, the first of them first; the others stand in where it has no quota
/// left or may not log in.
///
/// A label counts more than the role, and the role more than the archetype.
///
/// # Errors
/// One of them does not exist, or cannot be asked for the model or the effort.
pub fn choose(package: &Package, roster: &Roster, asked: &Asked<'_>) -> Result<Vec<Profile>> {
    by_rules(&rules(package, roster), roster, asked)
}

/// The role of agents that repair what failed its verification: `wp.role.debugger.*`.
const DEBUGGER: &str = "debugger";

/// The agents that repair; none of their own where nobody is chosen for that.
///
/// # Errors
/// As [`choose`].
fn debuggers(roster: &Roster, asked: &Asked<'_>) -> Result<Vec<Profile>> {
    match roster.choice.roles.get(DEBUGGER) {
        Some(rule) => by_rules(&[rule], roster, asked),
        None => Ok(Vec::new()),
    }
}

/// The role of agents that look at a finished feature: `wp.role.qa.*`, and `wp.role.qa-web.*` for
/// one surface.
pub const QA: &str = "qa";

/// Who is chosen to look at what; whoever does the packages is no choice for that.
fn qa(roster: &Roster, asked: &Asked<'_>) -> Result<BTreeMap<String, Profile>> {
    let nobody = Asked {
        usual: asked.usual,
        ..Asked::default()
    };
    let mut out = BTreeMap::new();
    for (role, rule) in &roster.choice.roles {
        let surface = match role.strip_prefix(QA) {
            Some("") => Some(""),
            Some(rest) => rest.strip_prefix('-'),
            None => None,
        };
        if let Some(surface) = surface {
            let first = by_rules(&[rule], roster, &nobody)?.into_iter().next();
            out.extend(first.map(|profile| (surface.to_owned(), profile)));
        }
    }
    Ok(out)
}

fn by_rules(rules: &[&Chosen], roster: &Roster, asked: &Asked<'_>) -> Result<Vec<Profile>> {
    let said = |part: fn(&Chosen) -> Option<&String>| {
        let mut found = rules.iter().filter_map(|rule| part(rule));
        found.next().map(String::as_str)
    };
    let chosen = said(|rule| rule.agent.as_ref());
    let name = asked.agent.or(chosen).unwrap_or(asked.usual);
    let (model, effort) = (asked.model, asked.effort);
    // A model of a rule belongs to the agent of that rule, not to another that was asked for.
    let of_rule = asked.agent.is_none() || asked.agent == chosen;
    let rule_model = said(|rule| rule.model.as_ref()).filter(|_| of_rule);
    let rule_effort = said(|rule| rule.effort.as_ref()).filter(|_| of_rule);
    let first = Profile::find(name, roster)?;
    let first = first.asked(model.or(rule_model), effort.or(rule_effort))?;
    chain(first, roster, effort.or(rule_effort))
}

/// [`choose`] for every package of a plan.
///
/// # Errors
/// As [`choose`].
pub fn staff(plan: &Plan, roster: &Roster, asked: &Asked<'_>) -> Result<Staff> {
    let name = asked.agent.unwrap_or(asked.usual);
    let first = Profile::find(name, roster)?;
    // Where every package has an agent of its own, the usual one need not know what is asked for.
    let common = first.asked(asked.model, asked.effort);
    let common = common.and_then(|first| chain(first, roster, asked.effort));
    let mut own = BTreeMap::new();
    let mut is_used = plan.packages.is_empty();
    for package in &plan.packages {
        let chain = choose(package, roster, asked)?;
        match &common {
            Ok(common) if *common == chain => is_used = true,
            _ => drop(own.insert(package.id.clone(), chain)),
        }
    }
    let common = match (common, is_used, plan.packages.first()) {
        (Err(_), false, Some(package)) => own.get(&package.id).cloned().unwrap_or_default(),
        (common, ..) => common?,
    };
    let debug = debuggers(roster, asked)?;
    let qa = qa(roster, asked)?;
    Ok(Staff {
        common,
        own,
        debug,
        qa,
    })
}

/// The agent with those that stand in for it, each once, and theirs in turn.
fn chain(first: Profile, roster: &Roster, effort: Option<&str>) -> Result<Vec<Profile>> {
    let mut chain = vec![first];
    let mut at = 0;
    while let Some(profile) = chain.get(at) {
        let (name, next) = (profile.name.clone(), profile.data.fallback.clone());
        for other in next {
            if chain.iter().any(|known| known.name == other) {
                continue;
            }
            let found = Profile::find(&other, roster).map_err(|error| {
                let (name, other) = (text::foreign(&name), text::foreign(&other));
                let message = format!(
                    "agent `{name}` falls back to `{other}`: {}",
                    error.message()
                );
                Error::usage("agent-fallback", message)
                    .hint(format!("git config wp.agent.{name}.fallback none"))
            })?;
            // A model is one agent's; an effort goes with whoever knows that word.
            let effort = effort.filter(|effort| found.knows_effort(effort));
            chain.push(found.asked(None, effort)?);
        }
        at += 1;
    }
    Ok(chain)
}

/// The rules for a package, the most telling first.
fn rules<'a>(package: &Package, roster: &'a Roster) -> Vec<&'a Chosen> {
    let choice = &roster.choice;
    let mut rules = Vec::new();
    for label in labels(package) {
        rules.extend(choice.labels.get(&label));
    }
    let role = package.role.as_deref();
    rules.extend(role.and_then(|role| choice.roles.get(role)));
    let archetype = package.archetype.as_deref();
    rules.extend(archetype.and_then(|archetype| choice.archetypes.get(archetype)));
    rules
}

/// What a package is labelled with: `metadata.labels`, and the places of an element in its
/// document, for instance `track:backend`.
fn labels(package: &Package) -> Vec<String> {
    let mut labels = Vec::new();
    match package.metadata.get("labels") {
        Some(Value::String(label)) => labels.push(label.clone()),
        Some(Value::Array(list)) => {
            labels.extend(list.iter().filter_map(Value::as_str).map(str::to_owned));
        }
        _ => {}
    }
    if let Some(listing) = &package.listing {
        let places = listing.labels.iter();
        labels.extend(places.map(|(name, value)| format!("{name}:{value}")));
    }
    labels
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::agent::sample;
    use crate::base::json::json;
    use crate::model::settings::AgentSettings;
    use crate::model::{AgentProfile, Listed};

    fn roster() -> Roster {
        let mut roster = Roster::default();
        for name in ["big", "small", "other"] {
            let mut profile = AgentProfile {
                run: vec![name.to_owned()],
                efforts: vec!["low".to_owned(), format!("{name}-high")],
                ..AgentProfile::default()
            };
            profile.with.model = vec!["{model}".to_owned()];
            profile.with.effort = vec!["{effort}".to_owned()];
            let listed = Listed {
                profile,
                ..Listed::default()
            };
            roster.profiles.insert(name.to_owned(), listed);
        }
        let chosen = |agent: &str, model: Option<&str>| Chosen {
            agent: Some(agent.to_owned()),
            model: model.map(str::to_owned),
            effort: None,
        };
        let choice = &mut roster.choice;
        choice
            .archetypes
            .insert("architect".to_owned(), chosen("big", Some("m1")));
        choice
            .roles
            .insert("docs".to_owned(), chosen("small", None));
        choice
            .labels
            .insert("hot".to_owned(), chosen("other", None));
        roster
    }

    fn fallback(roster: &mut Roster, name: &str, to: &[&str]) {
        let settings = AgentSettings {
            fallback: Some(to.iter().map(|name| (*name).to_owned()).collect()),
            ..AgentSettings::default()
        };
        roster.configured.insert(name.to_owned(), settings);
    }

    fn names(chain: &[Profile]) -> Vec<String> {
        let text = |profile: &Profile| {
            let words =
                [&profile.model, &profile.effort].map(|word| word.clone().unwrap_or_default());
            format!("{}/{}", profile.name, words.join("/"))
        };
        chain.iter().map(text).collect()
    }

    fn usual<'a>() -> Asked<'a> {
        Asked {
            usual: "small",
            ..Asked::default()
        }
    }

    #[test]
    fn the_most_telling_word_of_a_package_decides() {
        let roster = roster();
        let mut package = sample::package("wp-a");
        let chosen = |package: &Package| names(&choose(package, &roster, &usual()).unwrap());
        assert_eq!(chosen(&package), ["small//"]);
        package.archetype = Some("architect".to_owned());
        assert_eq!(chosen(&package), ["big/m1/"]);
        package.role = Some("docs".to_owned());
        assert_eq!(chosen(&package)[0].split('/').next(), Some("small"));
        package
            .metadata
            .insert("labels".to_owned(), json!(["x", "hot"]));
        assert_eq!(chosen(&package)[0].split('/').next(), Some("other"));
        package.metadata.insert("agent".to_owned(), json!("big"));
        package.description = "Use the agent big.".to_owned();
        assert_eq!(chosen(&package)[0].split('/').next(), Some("other"));
    }

    #[test]
    fn what_is_asked_for_counts_most_and_a_model_stays_with_its_agent() {
        let mut roster = roster();
        fallback(&mut roster, "big", &["small", "other"]);
        fallback(&mut roster, "small", &["big", "other"]);
        let mut package = sample::package("wp-a");
        package.archetype = Some("architect".to_owned());
        let mut asked = usual();
        asked.effort = Some("low");
        let chain = choose(&package, &roster, &asked).unwrap();
        assert_eq!(names(&chain), ["big/m1/low", "small//low", "other//low"]);
        asked.effort = Some("small-high");
        asked.agent = Some("small");
        let chain = choose(&package, &roster, &asked).unwrap();
        assert_eq!(names(&chain), ["small//small-high", "big//", "other//"]);
    }

    #[test]
    fn an_agent_that_is_not_there_is_named_with_who_wants_it() {
        let mut roster = roster();
        fallback(&mut roster, "small", &["nobody"]);
        let error = choose(&sample::package("a"), &roster, &usual()).unwrap_err();
        assert_eq!(error.code(), "agent-fallback");
        assert!(
            error
                .message()
                .starts_with("agent `small` falls back to `nobody`")
        );
        let mut asked = usual();
        asked.effort = Some("huge");
        asked.agent = Some("big");
        let error = choose(&sample::package("a"), &roster, &asked).unwrap_err();
        assert_eq!(error.code(), "agent-effort");
    }
}
