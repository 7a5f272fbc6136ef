//! Findings of several reviewers that are one, by place and kind.
//!
//! Whether two findings are one is a symmetric question about the two alone, and clusters are what
//! hangs together by it. So clusters do not depend on the order of reviewers, and one more finding
//! can join clusters but never tear one apart.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::model::{Adjudication, Criticality, Disposition, FindingKey, LineRange, ReviewFinding};
use crate::review::key::{key, kind_word};
use crate::review::standing::{Call, Standing, Word, call, standing};
use crate::review::words::{place, shared, words};

/// Lines that two reviewers may be apart and still mean the same.
const LINES_APART_MAX: u32 = 2;
/// Hundredths of shared words from which two findings in one file are one whatever their kind.
const WORDS_ALONE: usize = 50;
/// The same where the kind is the same, too.
const WORDS_OF_KIND: usize = 25;
/// The same where no file is named.
const WORDS_WITHOUT_FILE: usize = 35;

/// One finding as one reviewer raised it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Raised {
    /// Who raised it.
    pub reviewer: String,
    /// Who makes the reviewer.
    pub vendor: String,
    /// The finding's name across rounds.
    pub key: FindingKey,
    /// What was raised, as it was written.
    pub finding: ReviewFinding,
    /// A person's ruling that counts for the commit.
    pub ruling: Option<Adjudication>,
}

/// Findings that are one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Cluster {
    /// The name of the first of the worst.
    pub key: FindingKey,
    /// How many say it, and whether they agree.
    pub standing: Standing,
    /// The worst that anybody says.
    pub criticality: Criticality,
    /// The gravest that anybody wants; what each wants stands in `raised`.
    pub disposition: Disposition,
    /// What it calls for.
    pub call: Call,
    /// Why.
    pub why: String,
    /// Who says what; the worst first.
    pub raised: Vec<Raised>,
}

impl Cluster {
    /// The finding that speaks for all: the first of the worst.
    pub fn first(&self) -> &ReviewFinding {
        &self.raised[0].finding
    }

    /// The keys of all findings in it; a ruling on the whole is one on each of them.
    pub fn keys(&self) -> BTreeSet<FindingKey> {
        self.raised.iter().map(|one| one.key.clone()).collect()
    }

    /// True if it keeps the commit from going on.
    pub fn blocks(&self) -> bool {
        self.call != Call::Passes
    }
}

/// Groups what was raised; the gravest call first, then the worst, then by place.
pub(super) fn cluster(mut raised: Vec<Raised>, from: Criticality) -> Vec<Cluster> {
    raised.sort_by_cached_key(order);
    raised.dedup();
    let looks: Vec<Look> = raised.iter().map(Look::of).collect();
    let mut parts = Parts::new(raised.len());
    for at in candidates(&looks).values() {
        for (i, &a) in at.iter().enumerate() {
            for &b in &at[i + 1..] {
                if looks[a].may_join(&looks[b]) && looks[a].same(&looks[b]) {
                    parts.join(a, b);
                }
            }
        }
    }
    let mut groups: BTreeMap<usize, Vec<Raised>> = BTreeMap::new();
    for (at, one) in raised.into_iter().enumerate() {
        groups.entry(parts.root(at)).or_default().push(one);
    }
    let mut clusters: Vec<Cluster> = groups
        .into_values()
        .map(|group| judge(group, from))
        .collect();
    clusters.sort_by(|a, b| {
        let rank = |c: &Cluster| std::cmp::Reverse((c.call, c.criticality));
        rank(a)
            .cmp(&rank(b))
            .then_with(|| order(&a.raised[0]).cmp(&order(&b.raised[0])))
    });
    clusters
}

/// True if `a` and `b` are one finding, whoever raised them.
pub(super) fn alike(a: &ReviewFinding, b: &ReviewFinding) -> bool {
    Look::at("", a).same(&Look::at("", b))
}

/// The worst first, then by place, text and reviewer: an order that no order of input changes.
fn order(one: &Raised) -> impl Ord + use<> {
    let finding = &one.finding;
    (
        std::cmp::Reverse((finding.criticality, finding.disposition)),
        finding.file_path.as_deref().map(place),
        finding.line_range,
        one.key.clone(),
        one.reviewer.clone(),
        finding.id.clone(),
        finding.description.clone(),
    )
}

fn judge(group: Vec<Raised>, from: Criticality) -> Cluster {
    let word = |one: &'_ Raised| (one.finding.criticality, one.finding.disposition);
    let all: Vec<Word<'_>> = group.iter().map(said).collect();
    let open: Vec<Word<'_>> = group
        .iter()
        .filter(|one| one.ruling.is_none())
        .map(said)
        .collect();
    let (call, why) = call(&open, from);
    let standing = standing(&all);
    Cluster {
        key: group[0].key.clone(),
        standing,
        criticality: group
            .iter()
            .map(|one| word(one).0)
            .max()
            .unwrap_or(Criticality::Low),
        disposition: group
            .iter()
            .map(|one| word(one).1)
            .max()
            .unwrap_or(Disposition::Accept),
        call,
        why: why.to_owned(),
        raised: group,
    }
}

fn said(one: &Raised) -> Word<'_> {
    Word {
        reviewer: &one.reviewer,
        criticality: one.finding.criticality,
        disposition: one.finding.disposition,
    }
}

/// What is compared of a finding.
struct Look<'a> {
    reviewer: &'a str,
    file: Option<String>,
    finding: &'a ReviewFinding,
    words: BTreeSet<String>,
    key: FindingKey,
}

impl<'a> Look<'a> {
    fn of(raised: &'a Raised) -> Look<'a> {
        Look::at(&raised.reviewer, &raised.finding)
    }

    fn at(reviewer: &'a str, finding: &'a ReviewFinding) -> Look<'a> {
        Look {
            reviewer,
            file: finding.file_path.as_deref().map(place),
            finding,
            words: words(&finding.description),
            key: key(finding),
        }
    }

    /// One reviewer who lists two findings means two, unless they are the same word for word.
    fn may_join(&self, other: &Look<'_>) -> bool {
        self.reviewer != other.reviewer || self.key == other.key
    }

    /// Symmetric: says the same whichever is asked.
    fn same(&self, other: &Look<'_>) -> bool {
        if self.key == other.key {
            return true;
        }
        let kind = kind_word(self.finding) == kind_word(other.finding);
        let axis = self.finding.axis == other.finding.axis;
        let shared = || shared(&self.words, &other.words);
        match (&self.file, &other.file) {
            (Some(a), Some(b)) if a != b => false,
            (Some(_), Some(_)) => match (self.finding.line_range, other.finding.line_range) {
                (Some(a), Some(b)) if near(a, b) => kind || axis || shared() >= WORDS_OF_KIND,
                _ => shared() >= if kind { WORDS_OF_KIND } else { WORDS_ALONE },
            },
            (None, None) => {
                let package = self.finding.package_id == other.finding.package_id;
                package && kind && shared() >= WORDS_WITHOUT_FILE
            }
            _ => kind && shared() >= WORDS_ALONE,
        }
    }
}

fn near(a: LineRange, b: LineRange) -> bool {
    let wide = |range: LineRange| range.end.max(range.start).saturating_add(LINES_APART_MAX);
    a.start <= wide(b) && b.start <= wide(a)
}

/// Which findings may be one at all: those of one file, and those of no file with everything.
fn candidates<'a>(looks: &'a [Look<'_>]) -> BTreeMap<Option<&'a str>, Vec<usize>> {
    let mut at: BTreeMap<Option<&str>, Vec<usize>> = BTreeMap::new();
    let homeless: Vec<usize> = (0..looks.len())
        .filter(|&i| looks[i].file.is_none())
        .collect();
    for (i, look) in looks.iter().enumerate() {
        at.entry(look.file.as_deref()).or_default().push(i);
    }
    for (file, list) in &mut at {
        if file.is_some() {
            list.extend(&homeless);
        }
    }
    at
}

/// Sets that are joined; the smallest member names its set.
struct Parts(Vec<usize>);

impl Parts {
    fn new(len: usize) -> Parts {
        Parts((0..len).collect())
    }

    fn root(&self, mut at: usize) -> usize {
        while self.0[at] != at {
            at = self.0[at];
        }
        at
    }

    fn join(&mut self, a: usize, b: usize) {
        let (a, b) = (self.root(a), self.root(b));
        self.0[a.max(b)] = a.min(b);
    }
}
