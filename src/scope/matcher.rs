//! Matching many paths against one scope.
//!
//! Few paths are matched by our own automata, many by globset: compiling a glob set costs as much
//! as matching some two thousand paths without it. Both give the same answers.

use globset::{Candidate, GlobBuilder, GlobSet, GlobSetBuilder};

use crate::base::RepoPath;
use crate::scope::fold::Fold;
use crate::scope::program::{Op, Program};
use crate::scope::set::Set;

/// From this many paths on a compiled set pays.
const COMPILED_FROM: usize = 2_000;

/// A scope prepared for a number of paths.
pub struct Matcher {
    fold: Fold,
    allow: List,
    deny: List,
}

impl Matcher {
    /// Prepares `set` for about `paths` questions.
    pub fn new(set: &Set, paths: usize) -> Matcher {
        let list = |programs: Vec<&Program>| {
            if paths >= COMPILED_FROM {
                List::compiled(&programs)
            } else {
                List::plain(&programs)
            }
        };
        Matcher {
            fold: set.fold(),
            allow: list(set.write_programs().iter().flatten().collect()),
            deny: list(set.deny_programs().iter().collect()),
        }
    }

    /// True if the set holds `path`.
    pub fn contains(&self, path: &RepoPath) -> bool {
        match self.fold {
            Fold::None => self.holds(path.as_bytes()),
            Fold::Case => self.holds(&self.fold.apply(path.as_bytes())),
        }
    }

    fn holds(&self, folded: &[u8]) -> bool {
        self.allow.matches(folded) && !self.deny.matches(folded)
    }
}

/// Some programs, as far as possible in one glob set.
struct List {
    compiled: GlobSet,
    plain: Vec<Program>,
}

impl List {
    fn plain(programs: &[&Program]) -> List {
        List {
            compiled: GlobSet::empty(),
            plain: programs.iter().map(|&p| p.clone()).collect(),
        }
    }

    /// What globset cannot say (it takes `?` and classes for bytes) stays with our automata.
    fn compiled(programs: &[&Program]) -> List {
        let mut builder = GlobSetBuilder::new();
        let mut plain = Vec::new();
        for &program in programs {
            let glob = glob_text(program).and_then(|text| {
                let mut glob = GlobBuilder::new(&text);
                glob.literal_separator(true).backslash_escape(false);
                glob.build().ok()
            });
            match glob {
                Some(glob) => drop(builder.add(glob)),
                None => plain.push(program.clone()),
            }
        }
        match builder.build() {
            Ok(compiled) => List { compiled, plain },
            Err(_) => List::plain(programs),
        }
    }

    fn matches(&self, folded: &[u8]) -> bool {
        self.plain.iter().any(|p| p.matches(folded))
            || self
                .compiled
                .is_match_candidate(&Candidate::from_bytes(folded))
    }
}

/// The program in globset's words.
fn glob_text(program: &Program) -> Option<String> {
    let mut out = String::new();
    for op in program.ops() {
        match op {
            Op::Char(c @ ('*' | '?' | '[' | ']' | '{' | '}')) => out.extend(['[', *c, ']']),
            Op::Char(c) => out.push(*c),
            Op::Star => out.push('*'),
            Op::Deep => out.push_str("**/"),
            Op::Rest => out.push_str("**"),
            Op::Within | Op::Tail => {}
            Op::One | Op::Class(_) => return None,
        }
    }
    Some(out)
}
