//! Opens things when they are first asked for. It has no verb in it.

use crate::commands::Ui;

/// What a verb works with.
#[derive(Debug)]
pub struct Context<'a> {
    /// How to talk.
    pub ui: &'a mut Ui,
}

impl<'a> Context<'a> {
    /// Nothing is opened yet.
    pub fn new(ui: &'a mut Ui) -> Self {
        Context { ui }
    }
}
