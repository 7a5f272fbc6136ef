//! The worker in a room: prompt, profile, supervision, collection.
