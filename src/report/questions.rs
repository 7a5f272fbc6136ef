//! What agents and the tool ask: every escalation as a row, and the open ones as questions with
//! what may be answered. The words of whoever asks are data of unknown intent.

use serde::{Deserialize, Serialize};

use crate::base::text::foreign;
use crate::base::{AttemptId, FeatureId, PackageId, Timestamp};
use crate::model::escalation::{EscalationImpact, EscalationKind, EscalationSeverity};
use crate::model::{FeatureFate, PackageFate};
use crate::report::style::{Label, Page};
use crate::report::table::{Cell, Table};
use crate::state::FeatureView;
use crate::state::questions::{self, Question, State};
use crate::state::record::Offer;

/// An escalation, however it stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EscalationRow {
    /// Its id.
    pub id: String,
    /// The package; `null`: the feature as a whole.
    pub package: Option<PackageId>,
    /// What it is about.
    #[serde(rename = "type")]
    pub kind: EscalationKind,
    /// How bad it is.
    pub severity: EscalationSeverity,
    /// In a sentence.
    pub summary: String,
    /// True if only a person can decide it.
    pub requires_human: bool,
    /// The agent that asks.
    pub agent: String,
    /// When.
    pub at: Timestamp,
    /// `noted`, `open`, `revising`, `given-up` or `settled`.
    pub state: String,
    /// What was answered.
    pub answer: Option<AnswerRow>,
}

/// What was answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AnswerRow {
    /// One of the choices.
    pub choice: String,
    /// Why; may be empty.
    pub reason: String,
    /// `user@host`.
    pub by: String,
    /// When.
    pub at: Timestamp,
}

/// A question that waits for an answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct QuestionRow {
    /// Its id.
    pub id: String,
    /// What it is about.
    #[serde(rename = "type")]
    pub kind: EscalationKind,
    /// How bad it is.
    pub severity: EscalationSeverity,
    /// The package; `null`: the feature as a whole.
    pub package: Option<PackageId>,
    /// The attempt that asks; `null`: none does.
    pub attempt: Option<AttemptId>,
    /// The agent that asks.
    pub agent: String,
    /// In a sentence.
    pub summary: String,
    /// In full.
    pub details: Option<String>,
    /// What the agent would do.
    pub proposed_action: Option<String>,
    /// What it touches, as the agent says.
    pub impact: Option<EscalationImpact>,
    /// What happens to its package meanwhile.
    pub package_meanwhile: PackageFate,
    /// What happens to the feature meanwhile.
    pub feature_meanwhile: FeatureFate,
    /// What may be answered, the usual answer first.
    pub choices: Vec<Offer>,
    /// What to type, with the usual answer.
    pub next: String,
    /// When it was asked.
    pub at: Timestamp,
}

/// Every escalation of the feature, oldest first.
pub fn escalations(view: &FeatureView) -> Vec<EscalationRow> {
    questions::all(view).iter().map(escalation).collect()
}

/// The open questions of the feature, oldest first.
pub fn open(feature: &FeatureId, view: &FeatureView) -> Vec<QuestionRow> {
    let open = questions::open(view);
    open.iter().map(|question| row(feature, question)).collect()
}

/// One question.
pub fn row(feature: &FeatureId, question: &Question<'_>) -> QuestionRow {
    let (asked, said) = (question.asked, &question.asked.escalation);
    let choices = question.choices();
    let usual = choices.first().map_or("CHOICE", |offer| &offer.word);
    let next = format!(
        "git wp decide {} {} {}",
        foreign(feature.as_str()),
        said.escalation_id,
        foreign(usual)
    );
    QuestionRow {
        id: said.escalation_id.clone(),
        kind: said.kind,
        severity: said.severity,
        package: asked.package.clone(),
        attempt: asked.attempt.clone(),
        agent: asked.agent.clone(),
        summary: said.summary.clone(),
        details: said.details.clone(),
        proposed_action: said.proposed_action.clone(),
        impact: said.impact.clone(),
        package_meanwhile: question.treatment.package,
        feature_meanwhile: question.treatment.feature,
        next,
        choices,
        at: asked.by.at,
    }
}

fn escalation(question: &Question<'_>) -> EscalationRow {
    let (asked, said) = (question.asked, &question.asked.escalation);
    EscalationRow {
        id: said.escalation_id.clone(),
        package: asked.package.clone(),
        kind: said.kind,
        severity: said.severity,
        summary: said.summary.clone(),
        requires_human: said.requires_human,
        agent: asked.agent.clone(),
        at: asked.by.at,
        state: question.state.as_str().to_owned(),
        answer: question.answer.map(|answer| AnswerRow {
            choice: answer.choice.clone(),
            reason: answer.reason.clone(),
            by: answer.by.label.clone(),
            at: answer.by.at,
        }),
    }
}

/// Draws what was escalated and waits for nobody; the open questions stand apart.
pub fn render_escalations(rows: &[EscalationRow], page: Page) -> String {
    let mut table = Table::new(2);
    let is_open = |row: &&EscalationRow| row.state == State::Open.as_str();
    let others: Vec<_> = rows.iter().filter(|row| !is_open(row)).collect();
    if others.is_empty() {
        return String::new();
    }
    for row in others {
        let package = row.package.as_ref().map_or("", |id| id.as_str());
        let answer = row.answer.as_ref();
        let answer = answer.map(|a| format!("{} by {}", a.choice, a.by));
        table.row(vec![
            Cell::new(package),
            Cell::labelled(Label::Warn, row.severity.as_str()),
            Cell::new(row.kind.as_str()),
            Cell::new(&row.summary),
            Cell::new(answer.unwrap_or_default()),
        ]);
    }
    let head = page.paint(Label::Warn, "escalated");
    format!("\n{head}\n{}", table.render(page))
}

/// Draws open questions, each with what may be answered.
pub fn render(feature: &FeatureId, rows: &[QuestionRow], page: Page) -> String {
    let mut out = String::new();
    for row in rows {
        let about = match &row.package {
            Some(package) => format!("{feature}/{package}"),
            None => feature.to_string(),
        };
        let head = format!("question {}", foreign(&row.id));
        out += &format!(
            "\n{}: {} {} of {} by {}\n  {}\n",
            page.paint(Label::Warn, &head),
            row.severity.as_str(),
            row.kind.as_str(),
            foreign(&about),
            foreign(&row.agent),
            foreign(&row.summary),
        );
        for (word, text) in [
            ("details", &row.details),
            ("proposed", &row.proposed_action),
        ] {
            for (i, line) in text.iter().flat_map(|text| text.lines()).enumerate() {
                let word = if i == 0 { word } else { "" };
                out += &format!("  {word:8} {}\n", foreign(line));
            }
        }
        if row.feature_meanwhile == FeatureFate::Pauses {
            out += "  nothing new starts and nothing is finalised until it is answered\n";
        }
        let mut table = Table::new(2);
        for offer in &row.choices {
            let (word, does) = (foreign(&offer.word).to_string(), foreign(&offer.does));
            table.row(vec![Cell::new(&word), Cell::new(does.to_string())]);
        }
        out += &format!("{}  {}\n", table.render(page), row.next);
    }
    out
}
