//! What `init` writes into the configuration for a remote.

use crate::base::Result;
use crate::git::remote::Remote;

impl Remote {
    /// Adds a refspec that the user's own `git fetch` then follows, unless it is there; `false`
    /// then.
    ///
    /// Give one with a `*`: `git fetch` fails as a whole for as long as the remote lacks a ref
    /// that is named exactly.
    pub fn add_fetch_refspec(&self, refspec: &str) -> Result<bool> {
        let key = format!("remote.{}.fetch", self.name);
        self.repo.git().add_local(&key, refspec)
    }
}
