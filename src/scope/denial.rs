//! Everything denied, as one automaton over sets of states.
//!
//! Built as far as a search asks for it; the search bounds how many sets there may be.

use std::collections::HashMap;
use std::rc::Rc;

use crate::scope::program::{Op, Program, after, is_final, is_tail, skip, takes};

/// The subset automaton of all denied programs, built on demand.
pub(super) struct Denials<'a> {
    programs: &'a [&'a Program],
    sets: Vec<Subset>,
    ids: HashMap<Rc<[Spot]>, u32>,
    steps: HashMap<(u32, char), u32>,
}

/// A program and a state of it.
type Spot = (u32, u32);

struct Subset {
    spots: Rc<[Spot]>,
    accepts: bool,
    hopeless: bool,
}

impl<'a> Denials<'a> {
    /// Nothing is built yet.
    pub(super) fn new(programs: &'a [&'a Program]) -> Self {
        Denials {
            programs,
            sets: Vec::new(),
            ids: HashMap::new(),
            steps: HashMap::new(),
        }
    }

    /// How many sets were built.
    pub(super) fn len(&self) -> usize {
        self.sets.len()
    }

    fn ops(&self, program: u32) -> &'a [Op] {
        self.programs[program as usize].ops()
    }

    /// The set after the text that was skipped.
    pub(super) fn start(&mut self, head: &str) -> u32 {
        let mut spots = Vec::new();
        for program in 0..self.programs.len() as u32 {
            self.close(program, 0, &mut spots);
        }
        let start = self.intern(spots);
        head.chars().fold(start, |id, c| self.step(id, c))
    }

    fn close(&self, program: u32, at: u32, spots: &mut Vec<Spot>) {
        let mut next = Some(at);
        while let Some(at) = next {
            spots.push((program, at));
            next = skip(self.ops(program), at);
        }
    }

    fn intern(&mut self, mut spots: Vec<Spot>) -> u32 {
        spots.sort_unstable();
        spots.dedup();
        if let Some(&id) = self.ids.get(spots.as_slice()) {
            return id;
        }
        let id = self.sets.len() as u32;
        let is = |f: fn(&[Op], u32) -> bool| spots.iter().any(|&(p, at)| f(self.ops(p), at));
        let (accepts, hopeless) = (is(is_final), is(is_tail));
        let spots: Rc<[Spot]> = spots.into();
        self.ids.insert(Rc::clone(&spots), id);
        self.sets.push(Subset {
            spots,
            accepts,
            hopeless,
        });
        id
    }

    /// The set after one more character.
    pub(super) fn step(&mut self, id: u32, c: char) -> u32 {
        if self.programs.is_empty() {
            return id;
        }
        if let Some(&next) = self.steps.get(&(id, c)) {
            return next;
        }
        let mut spots = Vec::new();
        for &(program, at) in self.sets[id as usize].spots.iter() {
            let ops = self.ops(program);
            if ops.get(at as usize).is_some_and(|op| takes(op, c)) {
                self.close(program, after(ops, at, c), &mut spots);
            }
        }
        let next = self.intern(spots);
        self.steps.insert((id, c), next);
        next
    }

    /// True if the text read so far is denied.
    pub(super) fn accepts(&self, id: u32) -> bool {
        self.sets[id as usize].accepts
    }

    /// True if everything that could follow is denied.
    pub(super) fn is_hopeless(&self, id: u32) -> bool {
        self.sets[id as usize].hopeless
    }
}
