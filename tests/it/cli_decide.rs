//! Questions and answers: what an escalation stops, who is asked, and how it goes on.

use git_wp::base::json::Value;

use super::support::plans::Pkg;
use super::support::{Scratch, run};

/// An agent that leaves a result with these escalations and deviations, and ends well.
fn asks(id: &str, rest: &str) -> String {
    format!(
        "mkdir -p {id} && echo {id} > {id}/file && printf '%s' '{{{rest}}}' > \"$WP_RESULT_FILE\""
    )
}

fn escalates(id: &str, kind: &str, severity: &str) -> String {
    let item = format!(r#"{{"type":"{kind}","severity":"{severity}","summary":"about {id}"}}"#);
    asks(id, &format!(r#""escalations":[{item}]"#))
}

fn approved(packages: &[Pkg]) -> Scratch {
    let scratch = Scratch::new();
    scratch.add_plan("x", packages);
    scratch.wp(&["approve", "x"]).expect(0);
    scratch
}

fn status_of<'a>(data: &'a Value, id: &str) -> &'a str {
    let packages = data["packages"].as_array().unwrap();
    let package = packages.iter().find(|p| p["id"] == id).unwrap();
    package["status"].as_str().unwrap()
}

fn implement(scratch: &Scratch, exit: i32) -> Value {
    scratch
        .wp(&["implement", "x", "--json"])
        .expect(exit)
        .data()
}

#[test]
fn a_blocking_question_stops_everything_new_and_an_answer_lets_it_go_on() {
    let scratch = approved(&[
        Pkg::new("wp-a").run(&escalates("wp-a", "CONTRACT_REVISION_REQUIRED", "BLOCKING")),
        Pkg::new("wp-b").after(&["wp-a"]),
    ]);
    let data = implement(&scratch, 1);
    assert_eq!(data["result"], "partial");
    assert_eq!(status_of(&data, "wp-a"), "awaiting");
    let questions = data["questions"].as_array().unwrap();
    assert_eq!(questions.len(), 1);
    let asked = &questions[0];
    assert_eq!(asked["type"], "CONTRACT_REVISION_REQUIRED");
    assert_eq!(asked["package"], "wp-a");
    assert_eq!(asked["summary"], "about wp-a");
    assert_eq!(asked["feature_meanwhile"], "pauses");
    assert_eq!(asked["choices"][0]["word"], "bump-contracts");
    let id = asked["id"].as_str().unwrap();
    assert_eq!(
        asked["next"],
        format!("git wp decide x {id} bump-contracts")
    );

    // The same everywhere, and asking again changes nothing.
    let status = scratch.wp(&["status", "x", "--json"]).expect(0).data();
    assert_eq!(status["questions"][0], *asked);
    let listed = scratch.wp(&["decide", "--json"]).expect(0).data();
    assert_eq!(listed["questions"][0]["id"], id);
    let text = scratch.wp(&["status", "x"]).expect(0).stdout;
    assert!(
        text.contains(&format!("git wp decide x {id} bump-contracts")),
        "{text}"
    );
    assert!(text.contains("nothing new starts"), "{text}");
    assert_eq!(implement(&scratch, 1)["questions"][0]["id"], id);

    scratch
        .wp(&["decide", "x", id, "approve", "-m", "the contract holds"])
        .expect(0);
    let data = implement(&scratch, 0);
    assert_eq!(data["result"], "merged");
    assert_eq!(data["questions"].as_array().unwrap().len(), 0);
    let status = scratch.wp(&["status", "x", "--json"]).expect(0).data();
    assert_eq!(status["escalations"][0]["state"], "settled");
    assert_eq!(
        status["escalations"][0]["answer"]["reason"],
        "the contract holds"
    );
    scratch.assert_sound();
}

#[test]
fn what_is_no_answer_is_refused_with_what_would_be_one() {
    let scratch =
        approved(&[Pkg::new("wp-a").run(&escalates("wp-a", "SECURITY_ESCALATION", "LOW"))]);
    let data = implement(&scratch, 1);
    let id = data["questions"][0]["id"].as_str().unwrap().to_owned();
    let refused = |args: &[&str], code: &str| {
        let mut all = vec!["decide", "--json"];
        all.extend(args);
        let error = scratch.wp(&all).expect(2).document()["error"].clone();
        assert_eq!(error["code"], code, "{args:?}: {error}");
        error["hint"].as_str().unwrap_or_default().to_owned()
    };
    assert_eq!(
        refused(&["e-nosuch", "retry"], "question-unknown"),
        "git wp decide"
    );
    refused(&["y", &id, "retry"], "feature-unknown");
    let hint = refused(&[&id, "bump-contracts"], "choice-unknown");
    assert_eq!(hint, "one of accept-risk, bump-plan, retry, reject");
    let hint = refused(&[&id, "accept-risk"], "reason-missing");
    assert!(hint.contains("--reason"), "{hint}");
    let answer = ["decide", &id, "accept-risk", "--reason", "a test key"];
    scratch.wp(&answer).expect(0);
    refused(
        &[&id, "accept-risk", "--reason", "again"],
        "question-answered",
    );
    implement(&scratch, 0);
    let none = scratch.wp(&["decide"]).expect(0).stdout;
    assert_eq!(none, "nothing waits for an answer\n");
}

#[test]
fn no_agent_answers_not_in_its_room_and_not_through_its_inbox() {
    let scratch = approved(&[
        Pkg::new("wp-a").run(&escalates("wp-a", "PLAN_REVISION_REQUIRED", "BLOCKING")),
        Pkg::new("wp-b"),
    ]);
    let data = implement(&scratch, 1);
    let id = data["questions"][0]["id"].as_str().unwrap();
    let mut inside = scratch.wp_command(&["decide", "x", id, "approve", "--json"]);
    inside.env("WP_ATTEMPT", "a-some-attempt");
    let error = run(inside).expect(5).document();
    assert_eq!(error["error"]["code"], "in-room");
    assert_eq!(implement(&scratch, 1)["questions"][0]["id"], id);
}

#[test]
fn one_package_waits_and_the_others_are_merged() {
    let scratch = approved(&[
        Pkg::new("wp-a").run(&escalates("wp-a", "PLAN_REVISION_REQUIRED", "HIGH")),
        Pkg::new("wp-b"),
        Pkg::new("wp-c").after(&["wp-a"]),
    ]);
    let data = implement(&scratch, 1);
    assert_eq!(status_of(&data, "wp-a"), "awaiting");
    assert_eq!(status_of(&data, "wp-b"), "merged");
    assert_eq!(status_of(&data, "wp-c"), "pending");
    let id = data["questions"][0]["id"].as_str().unwrap();
    scratch.wp(&["decide", id, "retry"]).expect(0);
    // The new attempt asks the same, and is a question of its own.
    let data = implement(&scratch, 1);
    let again = data["questions"][0]["id"].as_str().unwrap();
    assert_ne!(again, id);
    scratch
        .wp(&["decide", again, "reject", "-m", "not worth it"])
        .expect(0);
    let data = implement(&scratch, 1);
    assert_eq!(data["result"], "failed");
    assert_eq!(status_of(&data, "wp-a"), "failed");
    assert_eq!(status_of(&data, "wp-c"), "blocked");
    let why = scratch.wp(&["why", "x/wp-a"]).expect(0).stdout;
    assert!(why.contains("not worth it"), "{why}");
}

#[test]
fn a_scope_violation_fails_its_package_whatever_its_work_shows() {
    let scratch = approved(&[
        Pkg::new("wp-a")
            .retries(3)
            .run(&escalates("wp-a", "SCOPE_VIOLATION", "BLOCKING")),
        Pkg::new("wp-b"),
    ]);
    let data = implement(&scratch, 1);
    assert_eq!(data["result"], "failed");
    assert_eq!(status_of(&data, "wp-a"), "failed");
    assert_eq!(status_of(&data, "wp-b"), "merged");
    let package = &data["packages"][0];
    assert_eq!(
        package["attempts"].as_array().unwrap().len(),
        1,
        "no retry is spent on it"
    );
    assert_eq!(data["questions"][0]["choices"][0]["word"], "bump-plan");
}

#[test]
fn what_is_in_the_way_is_tried_again_without_a_retry_and_then_has_failed() {
    let fails = |kind: &str| {
        let item = format!(r#"{{"type":"{kind}","severity":"HIGH","summary":"taken"}}"#);
        let result = asks("wp-a", &format!(r#""escalations":[{item}]"#));
        format!("{result}; exit 7")
    };
    for (kind, attempts) in [("ENV_RESOURCE_CONFLICT", 2), ("RESOURCE_CONFLICT", 4)] {
        let scratch = approved(&[Pkg::new("wp-a").run(&fails(kind))]);
        let data = implement(&scratch, 1);
        let tried = data["packages"][0]["attempts"].as_array().unwrap();
        assert_eq!(tried.len(), attempts, "{kind}: {data}");
        assert_eq!(status_of(&data, "wp-a"), "failed");
        let why = data["packages"][0]["why"].as_str().unwrap();
        assert!(why.ends_with(&format!("{kind} again")), "{why}");
        assert_eq!(data["questions"].as_array().unwrap().len(), 0);
    }
}

#[test]
fn a_flaky_test_is_recorded_and_blocks_nothing() {
    let kind = "FLAKY_TEST_QUARANTINE_REQUEST";
    let scratch = approved(&[Pkg::new("wp-a").run(&escalates("wp-a", kind, "NON_BLOCKING"))]);
    let data = implement(&scratch, 0);
    assert_eq!(data["result"], "merged");
    let status = scratch.wp(&["status", "x", "--json"]).expect(0).data();
    assert_eq!(status["escalations"][0]["type"], kind);
    assert_eq!(status["escalations"][0]["state"], "noted");
}

#[test]
fn a_deviation_that_blocks_asks_and_one_that_does_not_is_told() {
    let blocking = r#""deviations":[{"description":"no index","severity":"blocking"}]"#;
    let correctable = r#""deviations":[{"description":"renamed","severity":"correctable"}]"#;
    let scratch = approved(&[
        Pkg::new("wp-a").run(&asks("wp-a", blocking)),
        Pkg::new("wp-b").run(&asks("wp-b", correctable)),
    ]);
    let data = implement(&scratch, 1);
    let questions = data["questions"].as_array().unwrap();
    assert_eq!(questions.len(), 1, "{data}");
    assert_eq!(questions[0]["type"], "PLAN_REVISION_REQUIRED");
    assert_eq!(questions[0]["summary"], "blocking deviation: no index");
}

#[test]
fn a_word_that_nobody_knows_asks_a_person() {
    let scratch = approved(&[Pkg::new("wp-a").run(&escalates("wp-a", "BOREDOM", "ENORMOUS"))]);
    let data = implement(&scratch, 1);
    let asked = &data["questions"][0];
    assert_eq!(asked["summary"], "BOREDOM ENORMOUS: about wp-a");
}

#[test]
fn who_was_told_to_reassign_asks_for_another_agent() {
    let scratch =
        approved(&[Pkg::new("wp-a").run(&escalates("wp-a", "VERIFICATION_INFEASIBLE", "HIGH"))]);
    let data = implement(&scratch, 1);
    let id = data["questions"][0]["id"].as_str().unwrap();
    scratch.wp(&["decide", id, "reassign"]).expect(0);
    let data = implement(&scratch, 1);
    let why = data["waits"][0]["why"].as_str().unwrap();
    assert!(why.contains("--agent"), "{why}");
}

#[test]
fn the_tables_in_the_help_and_in_the_readme_are_those_of_the_code() {
    use git_wp::model::procedure::PROCEDURES;
    let scratch = Scratch::new();
    let help = scratch.wp(&["escalate", "--help"]).expect(0).stdout;
    let readme = include_str!("../../README.md");
    for row in &PROCEDURES {
        let word = row.kind.as_str();
        assert!(
            help.contains(&word.to_lowercase().replace('_', "-")),
            "{word}"
        );
        let treatments = [row.blocking, row.middle, row.slight]
            .map(|t| format!("{}/{}", t.package.as_str(), t.feature.as_str()));
        let choices: Vec<_> = row.choices.iter().map(|c| c.as_str()).collect();
        let line = format!(
            "| {word} | {} | {} | {} |",
            row.kind.usual_severity().as_str(),
            treatments.join(" | "),
            choices.join(", ")
        );
        assert!(readme.contains(&line), "README lacks: {line}");
    }
}
