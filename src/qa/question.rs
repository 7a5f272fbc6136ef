//! What a person is asked once the rounds are used up, with everything collected.

use crate::base::FeatureId;
use crate::model::qa::QaRound;
use crate::qa::round::{self, Verdict};
use crate::qa::standing::Answer;

/// What may be answered, the usual one first: word and what it does.
pub const OFFERS: [(&str, &str); 3] = [
    (
        "retry",
        "what failed is repaired, and one more round is made",
    ),
    (
        "accept",
        "you take the failures on, with a reason, and the feature is finished as it is",
    ),
    ("stop", "no more rounds: the feature is not finished"),
];

/// The longest details of a question, in bytes.
const DETAILS_MAX: usize = 7000;

/// What a word answers.
pub fn parse(word: &str) -> Option<Answer> {
    match word {
        "retry" => Some(Answer::Retry),
        "accept" => Some(Answer::Accept),
        "stop" => Some(Answer::Stop),
        _ => None,
    }
}

/// What to type to answer the question after this round.
pub fn id(feature: &FeatureId, round: u32) -> String {
    format!("qa-{}-{round}", feature.slug())
}

/// The question in a sentence.
pub fn summary(rounds: &[&QaRound]) -> String {
    let count = |wanted| {
        let all = rounds
            .iter()
            .filter(|round| round::verdict(round) == wanted);
        all.count()
    };
    let (failed, void) = (count(Verdict::Fail), count(Verdict::Void));
    let made = rounds.len();
    format!("no QA round passed: {failed} of {made} failed, {void} void; how should it go on?")
}

/// Everything that was found, round by round, the last one first.
pub fn details(rounds: &[&QaRound]) -> String {
    let mut out = String::new();
    for round in rounds.iter().rev() {
        let word = round::verdict(round).as_str();
        out += &format!("round {}: {word}\n", round.number);
        for line in round::failures(round).iter().chain(&round::voids(round)) {
            out += &format!("- {}\n", line.replace('\n', "; "));
        }
    }
    crate::base::text::cut(&out, DETAILS_MAX)
}
