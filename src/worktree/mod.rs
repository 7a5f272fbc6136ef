//! The room of one attempt: create, equip, checkpoint, salvage, remove.
