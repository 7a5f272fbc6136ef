//! Holes of the original's consensus and gate, each shown to pass there and closed here, and the
//! properties that hold for all reviews.

use proptest::prelude::*;

use super::*;
use crate::base::Oid;
use crate::model::{
    Adjudication, Axis, Criticality, Disposition, EarlierFinding, EarlierState, FindingKey,
    FindingType, Findings, LineRange, ReviewFailure, ReviewFinding, ReviewOutcome, ReviewSeverity,
    ReviewType, Reviewed, Ruling,
};

fn oid(digit: char) -> Oid {
    Oid::parse(&digit.to_string().repeat(40)).unwrap()
}

fn finding(text: &str, criticality: Criticality, disposition: Disposition) -> ReviewFinding {
    ReviewFinding {
        id: "1".to_owned(),
        kind: FindingType::Security,
        written_type: None,
        criticality,
        disposition,
        axis: Axis::Security,
        severity: ReviewSeverity::Critical,
        description: text.to_owned(),
        resolution: None,
        package_id: None,
        file_path: Some("src/db.py".to_owned()),
        line_range: Some(LineRange { start: 10, end: 12 }),
    }
}

fn review(reviewer: &str, round: u32, found: Vec<ReviewFinding>) -> Reviewed {
    let commit = oid(char::from_digit(round, 10).unwrap());
    Reviewed {
        reviewer: reviewer.to_owned(),
        vendor: format!("maker of {reviewer}"),
        author_vendor: Some("maker of worker".to_owned()),
        review_type: ReviewType::Implementation,
        package: None,
        commit,
        base: None,
        round,
        at: None,
        outcome: ReviewOutcome::Findings(Box::new(Findings {
            schema_version: 2,
            review_type: ReviewType::Implementation,
            target: "wp-a".to_owned(),
            reviewer: None,
            reviewer_vendor: None,
            commit: None,
            base: None,
            summary: None,
            earlier: Vec::new(),
            findings: found,
        })),
    }
}

fn failed(reviewer: &str, reason: ReviewFailure) -> Reviewed {
    Reviewed {
        outcome: ReviewOutcome::Failed {
            reason,
            detail: "why".to_owned(),
        },
        ..review(reviewer, 1, Vec::new())
    }
}

fn earlier(review: &mut Reviewed, key: FindingKey, state: EarlierState) {
    if let ReviewOutcome::Findings(findings) = &mut review.outcome {
        findings.earlier.push(EarlierFinding {
            key,
            state,
            note: None,
        });
    }
}

fn decide(reviews: &[Reviewed], round: u32) -> Decision {
    let commit = oid(char::from_digit(round, 10).unwrap());
    verdict(reviews, &commit, &ReviewRule::default(), &[]).decision
}

/// True if the original's gate lets these reviews pass: what one vendor alone says is rewritten to
/// `accept`, only `fix` and `escalate` of several are looked at, quorum and commit are not, and an
/// answer that failed is one without findings.
fn original_passes(reviews: &[Reviewed]) -> bool {
    let said: Vec<(&str, &ReviewFinding)> = reviews
        .iter()
        .flat_map(|review| {
            let list = review.findings().map_or(&[][..], |answer| &answer.findings);
            list.iter().map(|one| (review.vendor.as_str(), one))
        })
        .collect();
    !said.iter().any(|(vendor, one)| {
        let others: Vec<_> = said.iter().filter(|(by, _)| by != vendor).collect();
        let same = others
            .iter()
            .filter(|(_, other)| other.description == one.description);
        let mut same = same.map(|(_, other)| other.disposition).peekable();
        let confirmed = same.peek().is_some();
        let differs = same.any(|other| other != one.disposition);
        confirmed
            && (differs || matches!(one.disposition, Disposition::Fix | Disposition::Escalate))
    })
}

/// The original passes it, and ours says `word`.
fn hole(reviews: &[Reviewed], word: &str) {
    assert!(original_passes(reviews), "no hole of the original");
    assert_eq!(decide(reviews, 1).as_str(), word);
}

#[test]
fn u27_a_lone_critical_finding_blocks() {
    let sql = finding("SQL injection", Criticality::Critical, Disposition::Fix);
    hole(
        &[review("a", 1, vec![sql]), review("b", 1, Vec::new())],
        "changes-requested",
    );
}

#[test]
fn u27_a_lone_high_finding_blocks() {
    let leak = finding("token in the log", Criticality::High, Disposition::Fix);
    hole(
        &[review("a", 1, vec![leak]), review("b", 1, Vec::new())],
        "changes-requested",
    );
}

#[test]
fn u27_regenerate_never_passes() {
    let redo = finding("start over", Criticality::Low, Disposition::Regenerate);
    hole(
        &[
            review("a", 1, vec![redo.clone()]),
            review("b", 1, Vec::new()),
        ],
        "changes-requested",
    );
    hole(
        &[
            review("a", 1, vec![redo.clone()]),
            review("b", 1, vec![redo]),
        ],
        "changes-requested",
    );
}

#[test]
fn u27_a_lone_escalation_reaches_a_person() {
    let ask = finding("is this legal", Criticality::Low, Disposition::Escalate);
    hole(
        &[review("a", 1, vec![ask]), review("b", 1, Vec::new())],
        "escalate",
    );
}

#[test]
fn u27_a_reviewer_cannot_accept_what_is_critical() {
    let shrug = finding("known hole", Criticality::Critical, Disposition::Accept);
    hole(
        &[review("a", 1, vec![shrug]), review("b", 1, Vec::new())],
        "escalate",
    );
}

#[test]
fn u27_no_quorum_is_no_approval() {
    hole(&[review("a", 1, Vec::new())], "no-quorum");
    hole(&[], "no-quorum");
    let none = ReviewRule {
        quorum: 0,
        ..ReviewRule::default()
    };
    assert_eq!(
        verdict(&[], &oid('1'), &none, &[]).decision.as_str(),
        "no-quorum"
    );
}

#[test]
fn u27_a_failed_review_is_no_vote() {
    for reason in ReviewFailure::ALL {
        let reviews = [review("a", 1, Vec::new()), failed("b", reason)];
        hole(&reviews, "no-quorum");
        let Decision::NoQuorum(reasons) = decide(&reviews, 1) else {
            panic!("{reason:?}")
        };
        assert_eq!(reasons[0], "1 of 2 reviews count");
        assert_eq!(reasons[1], format!("`b` {}: why", reason.as_str()));
    }
}

#[test]
fn u27_the_same_reviewer_twice_is_one_vote() {
    hole(
        &[review("a", 1, Vec::new()), review("a", 1, Vec::new())],
        "no-quorum",
    );
}

#[test]
fn u08_a_review_of_another_commit_says_nothing() {
    let old = Reviewed {
        commit: oid('7'),
        ..review("b", 1, Vec::new())
    };
    hole(&[review("a", 1, Vec::new()), old], "no-quorum");
}

#[test]
fn u08_an_answer_that_names_another_commit_is_no_vote() {
    let mut liar = review("b", 1, Vec::new());
    if let ReviewOutcome::Findings(findings) = &mut liar.outcome {
        findings.commit = Some("7777777".to_owned());
    }
    hole(&[review("a", 1, Vec::new()), liar], "no-quorum");
}

#[test]
fn no_disposition_is_rewritten() {
    let fix = finding("slow query here", Criticality::Low, Disposition::Fix);
    let accept = finding("slow query here", Criticality::High, Disposition::Accept);
    let reviews = [
        review("a", 1, vec![fix.clone()]),
        review("b", 1, vec![accept.clone()]),
    ];
    let read = consensus(&reviews, &oid('1'), &ReviewRule::default(), &[]);
    assert_eq!(read.clusters.len(), 1);
    let cluster = &read.clusters[0];
    assert_eq!(cluster.standing, Standing::Disagreement);
    assert_eq!(
        cluster.criticality,
        Criticality::High,
        "the highest is agreed"
    );
    let said: Vec<_> = cluster
        .raised
        .iter()
        .map(|one| one.finding.clone())
        .collect();
    assert_eq!(said, [accept, fix], "as they were written");
    assert_eq!(
        cluster.call,
        Call::Changes,
        "one wants it fixed, one calls it high"
    );
}

#[test]
fn small_things_pass_and_are_kept() {
    let nit = finding("a typo", Criticality::Low, Disposition::Fix);
    let reviews = [
        review("a", 1, vec![nit.clone()]),
        review("b", 1, Vec::new()),
    ];
    let verdict = verdict(&reviews, &oid('1'), &ReviewRule::default(), &[]);
    assert_eq!(verdict.decision, Decision::Approved);
    assert_eq!(verdict.consensus.clusters.len(), 1);
    assert_eq!(
        verdict.consensus.clusters[0].standing,
        Standing::Unconfirmed
    );
    let both = [review("a", 1, vec![nit.clone()]), review("b", 1, vec![nit])];
    assert_eq!(
        decide(&both, 1).as_str(),
        "changes-requested",
        "two want it fixed"
    );
}

#[test]
fn a_reviewer_of_the_authors_vendor_counts_only_where_that_is_allowed() {
    let own = Reviewed {
        vendor: "maker of worker".to_owned(),
        ..review("b", 1, Vec::new())
    };
    let reviews = [review("a", 1, Vec::new()), own];
    assert_eq!(decide(&reviews, 1), Decision::Approved);
    let strict = ReviewRule {
        independence: Independence::Required,
        ..ReviewRule::default()
    };
    let judged = verdict(&reviews, &oid('1'), &strict, &[]);
    let Decision::NoQuorum(reasons) = judged.decision else {
        panic!("{judged:?}")
    };
    assert_eq!(
        reasons,
        ["1 of 2 reviews count", "`b` is of the author's own vendor"]
    );
    let two = ReviewRule {
        vendors_min: 3,
        ..ReviewRule::default()
    };
    assert_eq!(
        verdict(&reviews, &oid('1'), &two, &[]).decision.as_str(),
        "no-quorum"
    );
}

fn ruled(key: FindingKey, ruling: Ruling, evidence: &str, commit: Option<Oid>) -> Adjudication {
    Adjudication {
        key,
        ruling,
        evidence: evidence.to_owned(),
        by: "ann".to_owned(),
        commit,
    }
}

#[test]
fn a_ruling_of_a_person_counts_with_evidence_and_for_its_commit() {
    let sql = finding("SQL injection", Criticality::Critical, Disposition::Fix);
    let reviews = [
        review("a", 1, vec![sql.clone()]),
        review("b", 1, Vec::new()),
    ];
    let key = key(&sql);
    let says = |ruling: Adjudication| {
        let rule = ReviewRule::default();
        verdict(&reviews, &oid('1'), &rule, &[ruling])
            .decision
            .as_str()
            .to_owned()
    };
    for ruling in [
        Ruling::FalsePositive,
        Ruling::AcceptedRisk,
        Ruling::Deferred,
    ] {
        assert_eq!(
            says(ruled(key.clone(), ruling, "see #12", None)),
            "approved"
        );
    }
    assert_eq!(
        says(ruled(key.clone(), Ruling::Fixed, "seen", Some(oid('1')))),
        "approved"
    );
    for void in [
        ruled(key.clone(), Ruling::FalsePositive, " ", None),
        ruled(key.clone(), Ruling::Fixed, "seen", None),
        ruled(key.clone(), Ruling::Fixed, "seen", Some(oid('2'))),
        ruled(
            FindingKey::of("another"),
            Ruling::FalsePositive,
            "seen",
            None,
        ),
    ] {
        assert_eq!(says(void.clone()), "changes-requested", "{void:?}");
    }
}

#[test]
fn a_ruling_on_one_finding_does_not_cover_another_in_its_cluster() {
    let one = finding("SQL injection in find", Criticality::High, Disposition::Fix);
    let other = finding(
        "SQL injection in find and drop",
        Criticality::Critical,
        Disposition::Fix,
    );
    let reviews = [
        review("a", 1, vec![one.clone()]),
        review("b", 1, vec![other.clone()]),
    ];
    let rulings = [ruled(key(&one), Ruling::FalsePositive, "seen", None)];
    let judged = verdict(&reviews, &oid('1'), &ReviewRule::default(), &rulings);
    assert_eq!(judged.consensus.clusters.len(), 1);
    assert_eq!(judged.decision.as_str(), "changes-requested");
}

#[test]
fn an_approval_does_not_outlive_its_commit() {
    let reviews = [review("a", 1, Vec::new()), review("b", 1, Vec::new())];
    assert_eq!(decide(&reviews, 1), Decision::Approved);
    let Decision::NoQuorum(reasons) = decide(&reviews, 2) else {
        panic!("approved")
    };
    assert_eq!(reasons[1], "`a` looked at 1111111111, not at 2222222222");
}

#[test]
fn what_a_re_review_calls_still_open_blocks_as_it_was_raised() {
    let sql = finding("SQL injection", Criticality::Critical, Disposition::Fix);
    let first = [
        review("a", 1, vec![sql.clone()]),
        review("b", 1, Vec::new()),
    ];
    let mut again = review("b", 2, Vec::new());
    earlier(&mut again, key(&sql), EarlierState::Open);
    let mut fixed = review("a", 2, Vec::new());
    earlier(&mut fixed, key(&sql), EarlierState::Fixed);
    let reviews = [first.to_vec(), vec![fixed.clone(), again]].concat();
    let Decision::ChangesRequested(clusters) = decide(&reviews, 2) else {
        panic!("approved")
    };
    assert_eq!(clusters[0].first(), &sql);
    let reviews = [first.to_vec(), vec![fixed, review("b", 2, Vec::new())]].concat();
    assert_eq!(decide(&reviews, 2), Decision::Approved);
    let mut strange = review("b", 2, Vec::new());
    earlier(
        &mut strange,
        FindingKey::of("unheard of"),
        EarlierState::Open,
    );
    let reviews = [vec![review("a", 2, Vec::new())], vec![strange]].concat();
    assert_eq!(decide(&reviews, 2).as_str(), "changes-requested");
}

#[test]
fn findings_are_one_by_place_and_kind() {
    let base = finding(
        "the query is built by hand",
        Criticality::High,
        Disposition::Fix,
    );
    let one = |change: &dyn Fn(&mut ReviewFinding)| {
        let mut other = base.clone();
        other.description = "user input reaches the statement".to_owned();
        change(&mut other);
        let reviews = [
            review("a", 1, vec![base.clone()]),
            review("b", 1, vec![other]),
        ];
        consensus(&reviews, &oid('1'), &ReviewRule::default(), &[])
            .clusters
            .len()
            == 1
    };
    assert!(one(&|_| {}), "the same lines and kind");
    assert!(one(&|f| f.file_path = Some("./src/db.py:11".to_owned())));
    assert!(
        one(&|f| f.line_range = Some(LineRange { start: 14, end: 20 })),
        "two lines apart"
    );
    assert!(!one(
        &|f| f.line_range = Some(LineRange { start: 40, end: 44 })
    ));
    assert!(!one(&|f| f.file_path = Some("src/web.py".to_owned())));
    assert!(!one(&|f| {
        f.kind = FindingType::Style;
        f.axis = Axis::Readability;
    }));
    assert!(one(&|f| {
        f.line_range = None;
        f.description = "here the query is built by hand".to_owned();
    }));
    assert!(!one(&|f| f.line_range = None), "no lines and other words");
}

#[test]
fn a_key_survives_moved_lines_and_other_spelling_of_the_path() {
    let one = finding(
        "Line 10: `q` is built by hand.",
        Criticality::High,
        Disposition::Fix,
    );
    let mut other = finding(
        "line 22: q is built by hand",
        Criticality::Low,
        Disposition::Accept,
    );
    other.file_path = Some("./src/db.py".to_owned());
    other.line_range = None;
    assert_eq!(key(&one), key(&other));
    other.kind = FindingType::Style;
    assert_ne!(key(&one), key(&other));
}

fn rounds(counts: &[usize]) -> Vec<Reviewed> {
    let of_round = |(at, count): (usize, &usize)| {
        let number = u32::try_from(at + 1).unwrap();
        let found = (0..*count).map(|n| {
            let mut one = finding("x", Criticality::High, Disposition::Fix);
            one.description = format!("{} wrong", "flaw".repeat(at + 1));
            one.file_path = Some(format!("src/r{number}f{n}.py"));
            one
        });
        [
            review("a", number, found.collect()),
            review("b", number, Vec::new()),
        ]
    };
    counts.iter().enumerate().flat_map(of_round).collect()
}

#[test]
fn rounds_end_by_approval_stall_or_count() {
    let state = |counts: &[usize]| trend(&rounds(counts), &ReviewRule::default(), &[]).state;
    assert_eq!(state(&[]), TrendState::Open);
    assert_eq!(state(&[3]), TrendState::Going(2));
    assert_eq!(
        state(&[3, 4]),
        TrendState::Going(1),
        "other findings than before"
    );
    assert_eq!(state(&[3, 2, 1]), TrendState::Exhausted);
    assert_eq!(state(&[3, 1, 0]), TrendState::Settled);
    let stalled = TrendState::Stalled("3 blocking findings in round 3, 3 in round 1".to_owned());
    assert_eq!(state(&[3, 1, 3]), stalled);
}

#[test]
fn rework_that_leaves_its_findings_stalls() {
    let sql = finding("SQL injection", Criticality::Critical, Disposition::Fix);
    let mut reworded = sql.clone();
    reworded.description = "the statement can still be injected".to_owned();
    let reviews = [
        review("a", 1, vec![sql.clone()]),
        review("b", 1, Vec::new()),
        review("a", 2, vec![reworded]),
        review("b", 2, Vec::new()),
    ];
    let read = trend(&reviews, &ReviewRule::default(), &[]);
    assert_eq!(
        read.state,
        TrendState::Stalled("round 2 left what round 1 had found".to_owned())
    );
    assert_eq!(read.rounds[1].still, read.rounds[1].keys);
    let ruled = [ruled(key(&sql), Ruling::FalsePositive, "seen", None)];
    let one = trend(&reviews[..2], &ReviewRule::default(), &ruled);
    assert_eq!(one.state, TrendState::Settled);
}

#[test]
fn a_round_without_quorum_is_no_progress_but_is_counted() {
    let mut reviews = rounds(&[2]);
    for round in 2..=3 {
        reviews.push(Reviewed {
            round,
            commit: oid('2'),
            ..failed("a", ReviewFailure::Malformed)
        });
    }
    let read = trend(&reviews, &ReviewRule::default(), &[]);
    assert_eq!(read.rounds.len(), 1);
    assert_eq!(read.state, TrendState::Exhausted);
}

fn any_finding() -> impl Strategy<Value = ReviewFinding> {
    let words = prop::sample::subsequence(
        vec![
            "query", "lock", "never", "freed", "token", "leaks", "wrong", "slow",
        ],
        1..5,
    );
    let places = prop::option::of((0..3_u32, prop::option::of(1..30_u32)));
    let kinds = prop::sample::select(FindingType::ALL.to_vec());
    let bad = prop::sample::select(Criticality::ALL.to_vec());
    let wanted = prop::sample::select(Disposition::ALL.to_vec());
    (words, places, kinds, bad, wanted).prop_map(|(words, place, kind, bad, wanted)| {
        let mut one = finding(&words.join(" "), bad, wanted);
        one.kind = kind;
        one.file_path = place.map(|(file, _)| format!("src/{file}.py"));
        let line = place.and_then(|(_, line)| line);
        one.line_range = line.map(|line| LineRange {
            start: line,
            end: line + 2,
        });
        one
    })
}

fn any_reviews() -> impl Strategy<Value = Vec<Reviewed>> {
    let one = (
        0..4_usize,
        prop::collection::vec(any_finding(), 0..5),
        any::<bool>(),
    );
    prop::collection::vec(one, 0..6).prop_map(|list| {
        let names = ["a", "b", "c", "d"];
        let of = |(who, found, fails): (usize, Vec<ReviewFinding>, bool)| match fails {
            true if found.is_empty() => failed(names[who], ReviewFailure::Missing),
            _ => review(names[who], 1, found),
        };
        list.into_iter().map(of).collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(192))]

    #[test]
    fn no_order_of_reviews_or_findings_changes_the_verdict(
        reviews in any_reviews(),
        seed in any::<prop::sample::Index>(),
    ) {
        let mut other = reviews.clone();
        other.reverse();
        if !other.is_empty() {
            let at = seed.index(other.len());
            other.rotate_left(at);
        }
        for review in &mut other {
            if let ReviewOutcome::Findings(findings) = &mut review.outcome {
                findings.findings.reverse();
            }
        }
        let rule = ReviewRule::default();
        prop_assert_eq!(
            verdict(&reviews, &oid('1'), &rule, &[]),
            verdict(&other, &oid('1'), &rule, &[])
        );
        prop_assert_eq!(trend(&reviews, &rule, &[]), trend(&other, &rule, &[]));
    }

    #[test]
    fn one_more_finding_never_makes_a_verdict_better(
        reviews in any_reviews(),
        found in any_finding(),
        at in any::<prop::sample::Index>(),
        ruled_at in any::<prop::sample::Index>(),
    ) {
        let rule = ReviewRule::default();
        let all: Vec<ReviewFinding> = reviews.iter().filter_map(Reviewed::findings)
            .flat_map(|answer| answer.findings.clone()).collect();
        let rulings: Vec<Adjudication> = if all.is_empty() {
            Vec::new()
        } else {
            let key = key(&all[ruled_at.index(all.len())]);
            vec![ruled(key, Ruling::FalsePositive, "seen", None)]
        };
        let before = verdict(&reviews, &oid('1'), &rule, &rulings).decision.rank();
        let mut more = reviews;
        let voters = (0..more.len()).filter(|&i| more[i].findings().is_some());
        let voters: Vec<usize> = voters.collect();
        prop_assume!(!voters.is_empty());
        let voter = voters[at.index(voters.len())];
        if let ReviewOutcome::Findings(findings) = &mut more[voter].outcome {
            findings.findings.push(found.clone());
        }
        let judged = verdict(&more, &oid('1'), &rule, &rulings);
        prop_assert!(judged.decision.rank() >= before);
        let open = rulings.iter().all(|ruling| ruling.key != key(&found));
        if found.criticality == Criticality::Critical && open {
            prop_assert!(judged.decision != Decision::Approved);
        }
    }

    #[test]
    fn only_enough_valid_reviews_without_open_calls_approve(reviews in any_reviews()) {
        let judged = verdict(&reviews, &oid('1'), &ReviewRule::default(), &[]);
        if judged.decision == Decision::Approved {
            prop_assert!(judged.consensus.counted.len() >= 2);
            prop_assert_eq!(judged.consensus.blocking().count(), 0);
        }
        let raised: usize = judged.consensus.clusters.iter().map(|c| c.raised.len()).sum();
        let mut kept = 0;
        for name in ["a", "b", "c", "d"] {
            let own = reviews.iter().filter(|r| r.reviewer == name).filter_map(Reviewed::findings);
            let mut list: Vec<&ReviewFinding> = own.flat_map(|answer| &answer.findings).collect();
            list.sort_by_key(|one| format!("{one:?}"));
            list.dedup();
            kept += list.len();
        }
        prop_assert_eq!(raised, kept, "no finding is lost");
    }
}
