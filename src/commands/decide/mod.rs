//! `git wp decide`: a person answers what agents, or the tool, may not decide.

mod revise;

use crate::base::json::json;
use crate::base::text::foreign;
use crate::base::{Error, FeatureId, Result, json};
use crate::commands::{Answer, Context};
use crate::model::Choice;
use crate::report::questions::{self as drawn, QuestionRow};
use crate::report::status::quoted;
use crate::state::asked::Said;
use crate::state::questions::{self, Question, State};
use crate::state::record::Resolution;
use crate::state::{Op, View};
use crate::store::Load;

/// Answer a question that only a person can answer
///
/// Without a choice: shows what is open, and what may be answered. While a question is open,
/// nothing that it stops starts or is finalised; what runs goes on. `git wp escalate --help` says
/// which types ask, and what they stop. Refuses inside a worktree of an attempt.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  git wp decide
  git wp decide add-auth e-k3x9q7w2mv retry
  git wp decide e-k3x9q7w2mv accept-risk --reason 'the key was revoked'")]
pub(super) struct Args {
    /// The feature, the id of the question, the choice; the feature may be left out
    #[arg(value_name = "[FEATURE] ID CHOICE", num_args = 0..=3)]
    words: Vec<String>,
    /// Why, for those who read it later
    #[arg(short = 'm', long, value_name = "TEXT", default_value = "")]
    reason: String,
}

/// Shows or answers.
pub(super) fn run(args: &Args, cx: &mut Context<'_>) -> Result<Answer> {
    cx.refuse_in_room("decide")?;
    let store = cx.store()?;
    let view = store.view(&Load::All)?;
    let wanted = Wanted::of(&args.words, &view)?;
    let Some((choice, id)) = wanted.choice.zip(wanted.id) else {
        return listed(&wanted, &view, cx);
    };
    let (feature, question) = only(&view, (wanted.feature.as_ref(), id))?;
    demand_open(&question, choice, &args.reason)?;
    // The file first: an answer that could not be carried out would have to be taken back.
    let revised = revise::revise(cx, &view, (&feature, choice))?;
    let resolution = Resolution {
        question: id.to_owned(),
        choice: choice.to_owned(),
        reason: args.reason.clone(),
        by: cx.by()?,
    };
    let said = Said::Resolve {
        feature: feature.clone(),
        resolution,
    };
    cx.change(&store, Op::Say(Box::new(said)))?;
    let view = store.view(&Load::Features(vec![feature.clone()]))?;
    let left = { view.features.get(&feature) }.map_or(0, |full| questions::open(full).len());
    let shown = quoted(feature.as_str());
    let next = match (&revised, left) {
        (Some(revised), _) => revised.next(&shown),
        (None, 0) => vec![format!("git wp implement {shown}")],
        (None, _) => vec![format!("git wp decide {shown}")],
    };
    let mut text = format!("answered {id} with {choice}\n");
    if let Some(revised) = &revised {
        text += &revised.text();
    }
    for line in &next {
        text += &format!("next: {line}\n");
    }
    let data = json!({
        "feature": feature,
        "question": id,
        "choice": choice,
        "reason": args.reason,
        "open": left,
        "revised": revised.as_ref().map(json::value).transpose()?,
        "next": next,
    });
    Ok(Answer::done(data, text))
}

/// What the words of the command line name.
struct Wanted<'a> {
    feature: Option<FeatureId>,
    id: Option<&'a str>,
    choice: Option<&'a str>,
}

impl<'a> Wanted<'a> {
    fn of(words: &'a [String], view: &View) -> Result<Self> {
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let known = |word: &str| FeatureId::parse(word).filter(|id| view.briefs.contains_key(id));
        let is_asked = |word: &str| {
            view.features
                .values()
                .any(|f| questions::find(f, word).is_some())
        };
        let of = |feature, id, choice| Wanted {
            feature,
            id,
            choice,
        };
        Ok(match words.as_slice() {
            [] => of(None, None, None),
            [one] if known(one).is_some() && !is_asked(one) => of(known(one), None, None),
            [id] => of(None, Some(id), None),
            [feature, id] if known(feature).is_some() && !is_asked(feature) => {
                of(known(feature), Some(id), None)
            }
            [id, choice] => of(None, Some(id), Some(choice)),
            [feature, id, choice] => match known(feature) {
                Some(feature) => of(Some(feature), Some(id), Some(choice)),
                None => {
                    let message = format!("there is no feature `{}`", foreign(feature));
                    return Err(
                        Error::usage("feature-unknown", message).hint("git wp status --all")
                    );
                }
            },
            _ => of(None, None, None),
        })
    }
}

/// The one question of this id.
fn only<'v>(
    view: &'v View,
    (feature, id): (Option<&FeatureId>, &str),
) -> Result<(FeatureId, Question<'v>)> {
    let features = view.features.iter();
    let concerned = features.filter(|(known, _)| feature.is_none_or(|f| f == *known));
    let mut found: Vec<_> = concerned
        .filter_map(|(known, records)| Some((known.clone(), questions::find(records, id)?)))
        .collect();
    let shown = foreign(id).to_string();
    match (found.pop(), found.is_empty()) {
        (Some(one), true) => Ok(one),
        (Some(_), false) => {
            let message = format!("several features ask `{shown}`");
            Err(Error::usage("question-ambiguous", message)
                .hint(format!("git wp decide FEATURE {shown} CHOICE")))
        }
        (None, _) => {
            let message = format!("nothing with the id `{shown}` was asked");
            Err(Error::usage("question-unknown", message).hint("git wp decide"))
        }
    }
}

/// Says in time, and with what to type, why an answer is none.
fn demand_open(question: &Question<'_>, choice: &str, reason: &str) -> Result<()> {
    let id = foreign(question.id()).to_string();
    if let Some(earlier) = question.answer {
        let message = format!(
            "`{id}` was answered already: {} by {}",
            earlier.choice, earlier.by.label
        );
        return Err(Error::usage("question-answered", message).hint("git wp decide"));
    }
    if question.state != State::Open {
        let message = format!("`{id}` is recorded, and waits for no answer");
        return Err(Error::usage("question-noted", message).hint("git wp decide"));
    }
    let choices = question.choices();
    if !choices.iter().any(|offer| offer.word == choice) {
        let words: Vec<&str> = choices.iter().map(|offer| offer.word.as_str()).collect();
        let message = format!("`{}` is no answer to `{id}`", foreign(choice));
        let hint = format!("one of {}", words.join(", "));
        return Err(Error::usage("choice-unknown", message).hint(hint));
    }
    if choice == Choice::AcceptRisk.as_str() && reason.trim().is_empty() {
        let message = "a risk is accepted with a reason";
        let hint = format!("git wp decide {id} {choice} --reason TEXT");
        return Err(Error::usage("reason-missing", message).hint(hint));
    }
    Ok(())
}

fn listed(wanted: &Wanted<'_>, view: &View, cx: &Context<'_>) -> Result<Answer> {
    let page = cx.ui.page();
    let mut rows: Vec<(&FeatureId, QuestionRow)> = Vec::new();
    if let Some(id) = wanted.id {
        let (feature, question) = only(view, (wanted.feature.as_ref(), id))?;
        if question.state != State::Open {
            demand_open(&question, "", "")?;
        }
        let (known, _) = { view.features.iter() }
            .find(|(known, _)| **known == feature)
            .ok_or_else(|| Error::bug("a feature went away"))?;
        rows.push((known, drawn::row(known, &question)));
    } else {
        for (feature, records) in &view.features {
            if wanted.feature.as_ref().is_none_or(|id| id == feature) {
                let open = drawn::open(feature, records).into_iter();
                rows.extend(open.map(|row| (feature, row)));
            }
        }
    }
    let mut text = String::new();
    let mut data = Vec::new();
    for (feature, row) in &rows {
        text += drawn::render(feature, std::slice::from_ref(row), page).trim_start_matches('\n');
        let mut value = json::value(row)?;
        value["feature"] = json!(feature);
        data.push(value);
    }
    if rows.is_empty() {
        text += "nothing waits for an answer\n";
    }
    let data = json!({"questions": data, "count": rows.len(), "truncated": false});
    Ok(Answer::done(data, text))
}
