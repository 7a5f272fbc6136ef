//! The order of concerns. Nobody else has an opinion.

use crate::schedule::decision::Decision;
use crate::schedule::input::Input;
use crate::schedule::picture::Picture;
use crate::schedule::{attend, finish, land, start};

/// What should happen next; pure, so asking twice gives the same answer.
///
/// An open landing comes first, because nobody may end or merge its attempts meanwhile. Then
/// those who hold something: the dead are looked after, results are gated and verified, failures
/// end. Then what is green is merged, and only then something new starts, so that a place is
/// given to finished work before new work. Empty means: wait for something to happen.
pub fn decide(input: Input<'_>) -> Vec<Decision> {
    let mut picture = Picture::new(input);
    land::role(&mut picture);
    land::settle(&mut picture);
    attend::holders(&mut picture);
    land::merge(&mut picture);
    land::review(&mut picture);
    start::ready(&mut picture);
    finish::tidy(&mut picture);
    finish::finish(&mut picture);
    picture.decisions
}
