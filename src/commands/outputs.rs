//! What the reports of a feature are made from: records, statuses, reviews, the last summary.

use crate::base::json::Value;
use crate::base::{Oid, Result};
use crate::commands::feature::Found;
use crate::report::pull_request::{PullRequest, QaRow, records};
use crate::report::reviews::{self, SubjectReview};
use crate::report::view::StatusView;
use crate::state::record::{RunEnded, RunStarted};
use crate::store::Store;

/// Everything that a report of one feature may need.
pub(super) struct Outputs {
    /// The feature and its records.
    pub found: Found,
    /// Where its packages stand.
    pub status: StatusView,
    /// What reviewers say.
    pub reviews: Vec<SubjectReview>,
    /// The summary of the last run that ended, for people; empty if there is none.
    pub text: String,
    /// What the newest round of QA found.
    qa: Vec<QaRow>,
    /// What is left for later.
    follow_up: Vec<String>,
    /// Its title, if the summary has one.
    title: Option<String>,
}

impl Outputs {
    /// Reads what there is.
    ///
    /// # Errors
    /// The text of the summary cannot be read.
    pub(super) fn read(store: &Store, found: Found) -> Result<Outputs> {
        let mut status = StatusView::of(&found.id, &found.records);
        status.mark(&found.view.tentative);
        let ended = last_ended(&found);
        let text = match ended {
            Some((_, ended)) => String::from_utf8_lossy(&store.blob(&ended.text)?).into_owned(),
            None => String::new(),
        };
        let title = ended.and_then(|(_, ended)| ended.summary["title"].as_str());
        Ok(Outputs {
            title: title.map(str::to_owned),
            reviews: reviews::of(&found.records),
            qa: records::qa_rows(&found.records),
            follow_up: records::follow_up(&found.records),
            status,
            text,
            found,
        })
    }

    /// The last run that ended: how it began and how it ended.
    pub(super) fn last(&self) -> Option<(&RunStarted, &RunEnded)> {
        last_ended(&self.found)
    }

    /// Where the feature stood when that run ended.
    pub(super) fn head(&self) -> Option<&Oid> {
        self.last().map(|(_, ended)| &ended.head)
    }

    /// The file that stands for what has no place of its own.
    pub(super) fn home(&self) -> String {
        let source = self
            .last()
            .and_then(|(_, ended)| ended.summary["plan"]["source"].as_str());
        source.unwrap_or("wp.toml").to_owned()
    }

    /// What a pull request says.
    pub(super) fn pull_request(&self) -> PullRequest<'_> {
        const NONE: &Value = &Value::Null;
        PullRequest {
            feature: &self.found.id,
            title: self.title.as_deref(),
            status: &self.status,
            summary: self.last().map_or(NONE, |(_, ended)| &ended.summary),
            text: &self.text,
            reviews: &self.reviews,
            qa: &self.qa,
            records: &self.found.records,
            follow_up: &self.follow_up,
        }
    }
}

fn last_ended(found: &Found) -> Option<(&RunStarted, &RunEnded)> {
    let mut runs = found.records.runs.values().rev();
    runs.find_map(|run| Some((&run.started, run.ended.as_ref()?)))
}
