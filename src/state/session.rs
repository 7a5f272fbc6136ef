//! Sessions of agents in a view: one register each, of the clone that they work in.

use crate::base::{ActorId, id::slug};
use crate::state::codec::decode;
use crate::state::record::Session;
use crate::state::view::View;

impl View {
    /// Reads `actors/<actor>/registers/session-<slug>.json`.
    pub fn put_session(&mut self, (actor, name): (&ActorId, &str), path: &str, bytes: &[u8]) {
        let why = match decode::<Session>(bytes) {
            Ok(session) if session.by.actor == *actor && slug(&session.session) == name => {
                let key = (actor.clone(), session.session.clone());
                self.sessions.insert(key, session);
                return;
            }
            Ok(_) => "it is the session of somebody else".to_owned(),
            Err(why) => why,
        };
        self.problem(path, why);
    }
}
