//! The whole dialect against an oracle that only knows the definition.
//!
//! The oracle matches by recursion on the text of a pattern and tries every short path over a
//! small alphabet; it shares no code with what it judges.

use super::index;
use super::{Certainty, Covering, Fold, Matcher, Pattern, Set};
use crate::base::RepoPath;

/// A fixed sequence: a failure can be run again.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) as usize) % sides
    }

    fn pick<'a>(&mut self, list: &[&'a str]) -> &'a str {
        list[self.roll(list.len())]
    }
}

const ATOMS: &[&str] = &[
    "a", "b", "c", "B", "*", "*", "?", "[ab]", "[!a]", "[b-c]", "[!B-C]", "{a,b}", "{ab,*c}", "**",
];

fn random_pattern(dice: &mut Dice) -> String {
    let segments: Vec<String> = (0..=dice.roll(3))
        .map(|_| match dice.roll(5) {
            0 => "**".to_owned(),
            1 => dice.pick(&["a", "b", "ab", "{a/b,c}", "{a,**}"]).to_owned(),
            _ => (0..=dice.roll(3)).map(|_| dice.pick(ATOMS)).collect(),
        })
        .collect();
    let end = if dice.roll(8) == 0 { "/" } else { "" };
    segments.join("/") + end
}

/// Every path of up to three segments with up to three letters, the longest ones left out.
fn universe() -> Vec<String> {
    let letters = ["a", "b", "B"];
    let mut words: Vec<String> = letters.map(str::to_owned).into();
    for first in letters {
        for second in letters {
            words.push(format!("{first}{second}"));
        }
    }
    let mut long = words.clone();
    for word in &words[3..] {
        long.extend(letters.iter().map(|l| format!("{word}{l}")));
    }
    let mut paths = long.clone();
    for first in &words {
        paths.extend(long.iter().map(|second| format!("{first}/{second}")));
        for second in &words[..8] {
            paths.extend(
                words
                    .iter()
                    .map(|third| format!("{first}/{second}/{third}")),
            );
        }
    }
    paths
}

fn oracle(pattern: &str, path: &str) -> bool {
    let pattern = if pattern.ends_with('/') {
        format!("{pattern}**")
    } else {
        pattern.to_owned()
    };
    spread(&pattern).iter().any(|one| {
        let segments: Vec<&str> = one.split('/').collect();
        let parts: Vec<&str> = path.split('/').collect();
        oracle_segments(&segments, &parts)
    })
}

/// Replaces the first innermost pair of braces until there is none.
fn spread(pattern: &str) -> Vec<String> {
    let Some(close) = pattern.find('}') else {
        return vec![pattern.to_owned()];
    };
    let open = pattern[..close].rfind('{').unwrap();
    let choices = pattern[open + 1..close].split(',');
    let texts = choices.map(|c| format!("{}{c}{}", &pattern[..open], &pattern[close + 1..]));
    texts.flat_map(|text| spread(&text)).collect()
}

fn oracle_segments(pattern: &[&str], path: &[&str]) -> bool {
    match pattern {
        [] => path.is_empty(),
        ["**"] => !path.is_empty(),
        ["**", rest @ ..] => (0..=path.len()).any(|i| oracle_segments(rest, &path[i..])),
        [first, rest @ ..] => {
            let Some((part, others)) = path.split_first() else {
                return false;
            };
            oracle_text(first.as_bytes(), part.as_bytes()) && oracle_segments(rest, others)
        }
    }
}

fn oracle_text(pattern: &[u8], text: &[u8]) -> bool {
    match pattern {
        [] => text.is_empty(),
        [b'*', rest @ ..] => (0..=text.len()).any(|i| oracle_text(rest, &text[i..])),
        [b'?', rest @ ..] => !text.is_empty() && oracle_text(rest, &text[1..]),
        [b'[', rest @ ..] => {
            let end = rest.iter().position(|&b| b == b']').unwrap();
            let (class, rest) = (&rest[..end], &rest[end + 1..]);
            let Some((first, others)) = text.split_first() else {
                return false;
            };
            let inside = match class.strip_prefix(b"!") {
                Some(class) => !oracle_class(class, *first),
                None => oracle_class(class, *first),
            };
            inside && oracle_text(rest, others)
        }
        [c, rest @ ..] => text.first() == Some(c) && oracle_text(rest, &text[1..]),
    }
}

fn oracle_class(class: &[u8], letter: u8) -> bool {
    match class {
        [low, b'-', high] => (*low..=*high).contains(&letter),
        letters => letters.contains(&letter),
    }
}

/// A random pattern, and for each path of the universe whether the oracle lets it match.
struct Sample {
    text: String,
    pattern: Pattern,
    hits: Vec<bool>,
}

fn samples(count: usize, fold: Fold, paths: &[String]) -> Vec<Sample> {
    let mut dice = Dice(7);
    let lower = |text: &str| match fold {
        Fold::None => text.to_owned(),
        Fold::Case => text.to_lowercase(),
    };
    let sample = |text: String| Sample {
        pattern: Pattern::parse(&text).unwrap(),
        hits: paths
            .iter()
            .map(|p| oracle(&lower(&text), &lower(p)))
            .collect(),
        text,
    };
    (0..count)
        .map(|_| sample(random_pattern(&mut dice)))
        .collect()
}

#[test]
fn matching_agrees_with_the_definition() {
    let paths = universe();
    for fold in [Fold::None, Fold::Case] {
        for sample in samples(150, fold, &paths) {
            let set = Set::new(vec![sample.pattern.clone()], Vec::new(), fold);
            let few = Matcher::new(&set, 1);
            let many = Matcher::new(&set, 1_000_000);
            for (path, &hit) in paths.iter().zip(&sample.hits) {
                let path = RepoPath::from(path.as_str());
                let answers = [few.contains(&path), many.contains(&path)];
                assert_eq!(
                    answers,
                    [hit, hit],
                    "{} on {path} with {fold:?}",
                    sample.text
                );
            }
        }
    }
}

/// Where a glob library takes shortcuts by name and extension.
#[test]
fn many_paths_are_matched_as_few_around_dots() {
    let mut dice = Dice(5);
    let mut text =
        |atoms: &[&str]| -> String { (0..=dice.roll(4)).map(|_| dice.pick(atoms)).collect() };
    let paths: Vec<RepoPath> = (0..3_000)
        .map(|_| RepoPath::from(text(&["a", ".", "/", ".b", "é"]).as_str()))
        .filter(|path| !path.is_hostile())
        .collect();
    let patterns = (0..3_000).map(|_| text(&["a", ".", "/", "*", "**/", ".b", "/**", "é"]));
    let patterns: Vec<Pattern> = patterns.filter_map(|p| Pattern::parse(&p).ok()).collect();
    assert!(paths.len() > 500 && patterns.len() > 1_000);
    let mut hits = 0;
    for pattern in &patterns[..1_000] {
        let set = Set::new(vec![pattern.clone()], Vec::new(), Fold::None);
        let (few, many) = (Matcher::new(&set, 1), Matcher::new(&set, 1_000_000));
        for path in &paths[..300] {
            let hit = few.contains(path);
            assert_eq!(many.contains(path), hit, "{pattern} on {path}");
            hits += usize::from(hit);
        }
    }
    assert!(hits > 1_000, "{hits}");
}

#[test]
fn intersection_agrees_with_trying_every_path() {
    let paths = universe();
    let (mut shared, mut pairs) = (0, 0);
    for fold in [Fold::None, Fold::Case] {
        let samples = samples(160, fold, &paths);
        for (i, left) in samples.iter().enumerate() {
            for right in &samples[i..] {
                pairs += 1;
                let names = format!("{} and {} with {fold:?}", left.text, right.text);
                let Some(overlap) = left.pattern.intersection(&right.pattern, fold) else {
                    let both = left
                        .hits
                        .iter()
                        .zip(&right.hits)
                        .position(|(a, b)| *a && *b);
                    assert_eq!(both.map(|at| &paths[at]), None, "{names}");
                    continue;
                };
                shared += 1;
                assert_eq!(overlap.certainty, Certainty::Proven, "{names}");
                for text in [&left.text, &right.text] {
                    let text = if fold == Fold::Case {
                        text.to_lowercase()
                    } else {
                        text.clone()
                    };
                    assert!(
                        oracle(&text, &overlap.witness),
                        "{names}: {}",
                        overlap.witness
                    );
                }
            }
        }
    }
    assert!(
        pairs > 20_000 && shared > 2_000 && shared < pairs,
        "{shared} of {pairs}"
    );
}

#[test]
fn intersection_with_denials_agrees_with_trying_every_path() {
    let paths = universe();
    let mut dice = Dice(11);
    let (mut shared, mut rounds) = (0, 0);
    for fold in [Fold::None, Fold::Case] {
        let samples = samples(120, fold, &paths);
        while rounds < 1_500 * (1 + usize::from(fold == Fold::Case)) {
            rounds += 1;
            let mut pick = || &samples[dice.roll(samples.len())];
            let (left, right, deny) = (pick(), pick(), [pick(), pick(), pick()]);
            let list = |samples: &[&Sample]| samples.iter().map(|s| s.pattern.clone()).collect();
            let one = Set::new(list(&[left]), list(&deny[..2]), fold);
            let two = Set::new(list(&[right]), list(&deny[2..]), fold);
            let texts = [left, right, deny[0], deny[1], deny[2]].map(|s| s.text.as_str());
            let names = texts.join(" ");
            let denied = |at: usize| deny.iter().any(|d| d.hits[at]);
            let Some(overlap) = one.intersection(&two) else {
                let all = 0..paths.len();
                let found = all
                    .into_iter()
                    .find(|&at| left.hits[at] && right.hits[at] && !denied(at));
                assert_eq!(found.map(|at| &paths[at]), None, "{names}");
                continue;
            };
            shared += 1;
            assert_eq!(overlap.certainty, Certainty::Proven);
            let lower = |text: &str| {
                if fold == Fold::Case {
                    text.to_lowercase()
                } else {
                    text.to_owned()
                }
            };
            let said = |s: &Sample| oracle(&lower(&s.text), &overlap.witness);
            assert!(said(left) && said(right), "{names}: {}", overlap.witness);
            assert!(
                !deny.iter().any(|d| said(d)),
                "{names}: {}",
                overlap.witness
            );
        }
    }
    assert!(shared > 200 && shared < rounds, "{shared} of {rounds}");
}

#[test]
fn covering_agrees_with_trying_every_path() {
    let paths = universe();
    let samples = samples(120, Fold::None, &paths);
    let mut dice = Dice(13);
    let mut full = 0;
    for _ in 0..4_000 {
        let mut pick = || &samples[dice.roll(samples.len())];
        let (inner, outer, more, deny) = (pick(), pick(), pick(), pick());
        let write = vec![outer.pattern.clone(), more.pattern.clone()];
        let set = Set::new(write, vec![deny.pattern.clone()], Fold::None);
        let inside = |path: &str| {
            (oracle(&outer.text, path) || oracle(&more.text, path)) && !oracle(&deny.text, path)
        };
        match set.covers(&inner.pattern) {
            Covering::Full => {
                full += 1;
                let hits = paths.iter().zip(&inner.hits).filter(|(_, hit)| **hit);
                for (path, _) in hits {
                    assert!(inside(path), "{} in {set:?}: {path}", inner.text);
                }
            }
            Covering::Missing(path) => {
                assert!(
                    oracle(&inner.text, &path) && !inside(&path),
                    "{}: {path}",
                    inner.text
                );
            }
            Covering::Unknown => panic!("{} is no hard question", inner.text),
        }
    }
    assert!(full > 50, "{full}");
}

#[test]
fn the_index_finds_what_comparing_all_pairs_finds() {
    let mut dice = Dice(17);
    let mut list = |count: usize| -> Vec<Pattern> {
        let texts = (0..count).map(|_| random_pattern(&mut dice));
        texts
            .map(|text| Pattern::parse(&format!("d/{text}")).unwrap())
            .collect()
    };
    let sets: Vec<Set> = (0..60)
        .map(|_| Set::new(list(2), list(1), Fold::None))
        .collect();
    let sets: Vec<&Set> = sets.iter().collect();
    let asked = |i: usize, j: usize| !(i + j).is_multiple_of(7);
    let found = index::first_overlaps(&sets, usize::MAX, asked);
    let mut expected = Vec::new();
    for i in 0..sets.len() {
        for j in (i + 1..sets.len()).filter(|&j| asked(i, j)) {
            expected.extend(sets[i].intersection(sets[j]).map(|overlap| (i, j, overlap)));
        }
    }
    assert!(!found.is_empty());
    assert_eq!(found, expected);
}
