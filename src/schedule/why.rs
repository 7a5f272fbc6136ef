//! Why a package is not running: one reason each.

use std::fmt;

use crate::base::{PackageId, text};

/// Why a package does not start now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Why {
    /// These are not merged yet.
    Needs(Vec<PackageId>),
    /// This one failed, was cancelled or is blocked itself.
    Blocked(PackageId),
    /// Somebody else holds the package, a lock or an overlapping scope.
    Held {
        /// Who, and what both want.
        who: String,
        /// Whether a live process of this machine holds it, so that it pays to wait.
        until: Until,
    },
    /// Every place of the run is taken.
    Places,
    /// The agent is not trusted enough.
    Trust {
        /// What the package asks for.
        needs: u8,
        /// What the agent has.
        has: u8,
    },
    /// The feature or the package is paused or cancelled.
    OnHold(String),
    /// The run was told to do other packages only.
    NotSelected,
    /// The run does this package only, and these are missing.
    SelectedWithout(Vec<PackageId>),
    /// Another package failed and the run was told to stop then.
    StoppedAfter(PackageId),
    /// The claim was refused.
    Refused(String),
    /// A signal stopped the run.
    Stopping,
}

/// What can end a wait for a holder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Until {
    /// A live process of this machine finishes.
    ItEnds,
    /// Somebody gives it back, whenever that is.
    SomebodyActs,
}

impl Why {
    /// True if it pays to wait although nothing of this run is under way.
    pub fn passes(&self) -> bool {
        let Why::Held { until, .. } = self else {
            return false;
        };
        *until == Until::ItEnds
    }
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Why::Needs(ids) => write!(f, "waits for {}", quoted(ids)),
            Why::Blocked(id) => write!(f, "blocked by `{id}`"),
            Why::Held { who, .. } => write!(f, "{}", text::foreign(who)),
            Why::Places => f.write_str("every place of the run is taken"),
            Why::Trust { needs, has } => {
                write!(
                    f,
                    "needs an agent of trust level {needs}, this one has {has}"
                )
            }
            Why::OnHold(why) => write!(f, "{}", text::foreign(why)),
            Why::NotSelected => f.write_str("not selected with --only"),
            Why::SelectedWithout(ids) => {
                write!(f, "needs {}, not selected with --only", quoted(ids))
            }
            Why::StoppedAfter(id) => write!(f, "not started because `{id}` failed"),
            Why::Refused(why) => write!(f, "{}", text::foreign(why)),
            Why::Stopping => f.write_str("the run is stopping"),
        }
    }
}

fn quoted(ids: &[PackageId]) -> String {
    let names: Vec<String> = ids.iter().map(|id| format!("`{id}`")).collect();
    names.join(", ")
}
