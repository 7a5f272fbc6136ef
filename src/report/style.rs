//! Labels to colours: the one place that knows an escape sequence.

use crate::model::{PackageStatus, RunResult, Severity, StepState};

/// What a piece of text is, for the eye.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Label {
    /// Ordinary text.
    Plain,
    /// Done and well.
    Good,
    /// Failed or forbidden.
    Bad,
    /// Worth a look.
    Warn,
    /// Under way.
    Busy,
    /// Of second rank.
    Dim,
    /// A heading or a name.
    Strong,
}

/// Whether labels become colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// No escape sequence is written.
    Plain,
    /// ANSI colours.
    Ansi,
}

/// The sheet that text is laid out for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Page {
    /// Whether labels become colours.
    pub style: Style,
    /// Columns; lines are cut to fit where a picture can be cut.
    pub width: usize,
}

impl Page {
    /// A sheet without colours, wide enough that nothing is cut: files, pipes, tests.
    pub fn plain() -> Self {
        Page {
            style: Style::Plain,
            width: WIDTH_UNBOUNDED,
        }
    }

    /// Paints `text`.
    pub fn paint(self, label: Label, text: &str) -> String {
        self.style.paint(label, text)
    }
}

const WIDTH_UNBOUNDED: usize = 10_000;

impl Style {
    /// Wraps `text` in the colour of `label`.
    pub fn paint(self, label: Label, text: &str) -> String {
        let code = match label {
            Label::Plain => "",
            Label::Good => "32",
            Label::Bad => "1;31",
            Label::Warn => "33",
            Label::Busy => "36",
            Label::Dim => "2",
            Label::Strong => "1",
        };
        if self == Style::Plain || code.is_empty() || text.is_empty() {
            return text.to_owned();
        }
        format!("\u{1b}[{code}m{text}\u{1b}[0m")
    }
}

impl From<PackageStatus> for Label {
    fn from(status: PackageStatus) -> Label {
        match status {
            PackageStatus::Merged => Label::Good,
            PackageStatus::Failed => Label::Bad,
            PackageStatus::Running | PackageStatus::Review => Label::Busy,
            PackageStatus::Blocked | PackageStatus::Cancelled | PackageStatus::Awaiting => {
                Label::Warn
            }
            PackageStatus::Pending => Label::Dim,
            PackageStatus::Ready => Label::Plain,
        }
    }
}

impl From<RunResult> for Label {
    fn from(result: RunResult) -> Label {
        match result {
            RunResult::Merged => Label::Good,
            RunResult::Partial | RunResult::Stopped => Label::Warn,
            RunResult::Failed => Label::Bad,
        }
    }
}

impl From<Severity> for Label {
    fn from(severity: Severity) -> Label {
        match severity {
            Severity::Error => Label::Bad,
            Severity::Warning => Label::Warn,
        }
    }
}

impl From<StepState> for Label {
    fn from(state: StepState) -> Label {
        match state {
            StepState::Passed => Label::Good,
            StepState::Failed => Label::Bad,
            StepState::Skipped => Label::Dim,
            StepState::Awaiting | StepState::Delegated => Label::Warn,
        }
    }
}
