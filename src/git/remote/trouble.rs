//! Why talking to a remote did not work.

use crate::base::Error;

/// Why talking to a remote did not work.
#[derive(Debug)]
pub enum Trouble {
    /// It cannot be reached or read: network, time limit, no such repository, no permission.
    /// Nothing was changed there.
    Offline(Error),
    /// A push began and its end is not known: it may take effect even later. List the refs before
    /// anything is decided.
    Unknown(Error),
    /// Trying again will not help, or it is a matter of this side: another object format, too much
    /// content, refused objects, a full disk.
    Failed(Error),
}

impl Trouble {
    /// The error, whichever it is.
    pub fn into_error(self) -> Error {
        match self {
            Trouble::Offline(error) | Trouble::Unknown(error) | Trouble::Failed(error) => error,
        }
    }
}

impl From<Error> for Trouble {
    fn from(error: Error) -> Self {
        Trouble::Failed(error)
    }
}
