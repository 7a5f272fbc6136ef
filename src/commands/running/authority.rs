//! The authority that a run works with, where that is a remote.

use std::time::Duration;

use crate::base::text::foreign;
use crate::base::{Error, Kind, Result};
use crate::commands::{Context, exchange, init};
use crate::os::clock::Moment;
use crate::store::Store;

/// Time between two exchanges while nothing else makes one.
const REST: Duration = Duration::from_secs(3);

/// Makes the remote that was named the authority of this clone, if none is set, and brings what is
/// new there. A remote that cannot be reached is warned of: what is known here goes on.
///
/// # Errors
/// Usage, if another remote is the authority; those of `git wp init --remote`; an authority that
/// was rewound.
pub(in crate::commands) fn join(cx: &mut Context<'_>, named: Option<&str>) -> Result<()> {
    match (cx.settings()?.remote, named) {
        (None, None) => Ok(()),
        (None, Some(name)) => init::join(cx, name),
        (Some(set), Some(name)) if set != name => {
            let (set, name) = (foreign(&set), foreign(name));
            let message = format!("`{set}` decides here, and only one remote can: not `{name}`");
            Err(Error::usage("other-remote", message).hint(format!("--remote {set}")))
        }
        (Some(_), _) => {
            let store = cx.store()?;
            if let Some(why) = exchange::now(cx, &store)? {
                let message = format!("{why}; claims are provisional meanwhile");
                cx.ui.warn("offline", &message);
            }
            Ok(())
        }
    }
}

/// Looks at the authority from time to time, for whoever waits for others.
pub(in crate::commands) struct Watch {
    last: Moment,
}

impl Watch {
    /// It was looked at just now.
    pub(in crate::commands) fn begin() -> Self {
        Watch {
            last: Moment::now(),
        }
    }

    /// Looks, if it is time and there is one.
    ///
    /// # Errors
    /// As [`join`], except that too many lost races are none.
    pub(in crate::commands) fn look(&mut self, cx: &mut Context<'_>, store: &Store) -> Result<()> {
        if self.last.elapsed() < REST || cx.settings()?.remote.is_none() {
            return Ok(());
        }
        let looked = exchange::now(cx, store);
        self.last = Moment::now();
        match looked {
            Err(error) if error.kind() != Kind::Busy => Err(error),
            Ok(_) | Err(_) => Ok(()),
        }
    }
}
