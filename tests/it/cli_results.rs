//! What an agent claims of its result is held against git and the plan, and never believed; what is
//! agreed in contracts is checked on the merged tree.

use git_wp::base::json::Value;

use super::support::Scratch;
use super::support::plans::{Pkg, plan, plan_path};

fn claims(rest: &str) -> String {
    format!(
        "mkdir -p wp-a && echo a > wp-a/file && printf '%s' '{{\"done\":1{rest}}}' > \"$WP_RESULT_FILE\""
    )
}

fn run_with(package: Pkg, exit: i32) -> (Scratch, Value) {
    let scratch = Scratch::new();
    scratch.add_plan("x", &[package]);
    scratch.wp(&["approve", "x"]).expect(0);
    let data = scratch
        .wp(&["implement", "x", "--json"])
        .expect(exit)
        .data();
    (scratch, data)
}

fn deviations(scratch: &Scratch) -> Vec<String> {
    let report = scratch.wp(&["report", "x", "--json"]).data();
    let rows = report["deviations"]
        .as_array()
        .unwrap_or(&Vec::new())
        .clone();
    let ours = rows
        .iter()
        .filter(|row| row["deviation"]["kind"] == "contradicted-claim");
    ours.map(|row| row["deviation"]["detail"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn every_forged_claim_is_named_and_changes_nothing() {
    for (claim, told) in [
        (
            r#","scope":{"write_allow":["**"],"read_allow":["**"],"deny":[]}"#,
            "`scope.write_allow` claims `**`, the plan says no",
        ),
        (
            r#","files_modified":["wp-a/file","etc/passwd"]"#,
            "`files_modified` claims `etc/passwd`, the diff says no",
        ),
        (
            r#","files_modified":[]"#,
            "`files_modified` does not tell `wp-a/file`, the diff does",
        ),
        (
            r#","verification":{"tier":"C","passed":true,"steps":[]}"#,
            "`verification.tier` is claimed to be C, A is required",
        ),
        (
            r#","verification":{"tier":"A","passed":true,"steps":[{"name":"dreamt"}]}"#,
            "`verification.steps` claims `dreamt`, the plan says no",
        ),
        (
            r#","plan_revision":7"#,
            "`plan_revision` is claimed to be 7, it is 1",
        ),
        (
            r#","contracts_revision":7"#,
            "`contracts_revision` is claimed to be 7, it is 1",
        ),
        (r#","attempt":7"#, "`attempt` is claimed to be 7, it is 1"),
    ] {
        let (scratch, data) = run_with(Pkg::new("wp-a").tier('A').run(&claims(claim)), 0);
        assert_eq!(data["result"], "merged");
        let found = deviations(&scratch);
        assert!(found.iter().any(|line| line == told), "{claim}: {found:?}");
    }
    let honest = r#","status":"completed","files_modified":["wp-a/file"],"plan_revision":1"#;
    let (scratch, _) = run_with(Pkg::new("wp-a").run(&claims(honest)), 0);
    assert_eq!(deviations(&scratch), Vec::<String>::new());
}

#[test]
fn a_widened_echo_widens_no_scope() {
    let run = claims(r#","scope":{"write_allow":["**"],"read_allow":["**"],"deny":[]}"#);
    let (_, data) = run_with(
        Pkg::new("wp-a").run(&format!("{run}; mkdir etc; echo x > etc/passwd")),
        1,
    );
    let why = data["packages"][0]["why"].as_str().unwrap();
    assert!(
        why.contains("refused at the gate") && why.contains("etc/passwd"),
        "{why}"
    );
}

#[test]
fn who_says_that_it_failed_has_failed_and_who_contradicts_itself_too() {
    for (claim, told) in [
        (
            r#","status":"failed","error_code":"TIMEOUT""#,
            "says that it failed: TIMEOUT",
        ),
        (
            r#","status":"completed","verification":{"tier":"C","passed":false,"steps":[]}"#,
            "verification did not pass",
        ),
        (
            r#","status":"completed","scope_check":{"passed":false,"violations":["x"]}"#,
            "scope was not kept",
        ),
    ] {
        let (_, data) = run_with(Pkg::new("wp-a").run(&claims(claim)), 1);
        let package = &data["packages"][0];
        assert_eq!(package["status"], "failed", "{claim}");
        let why = package["why"].as_str().unwrap();
        assert!(why.contains(told), "{why}");
    }
}

fn with_contract(packages: &[Pkg], path: &str, kind: &str) -> String {
    plan("x", packages).replace(
        "contracts:\n  revision: 1\n",
        &format!("contracts:\n  revision: 1\n  files:\n    - {{path: {path}, kind: {kind}}}\n"),
    )
}

fn contract_checks(data: &Value) -> Vec<(bool, String)> {
    let rows = data["contract_checks"].as_array().unwrap().iter();
    rows.map(|row| {
        let note = row["note"].as_str().unwrap_or_default().to_owned();
        (row["passed"].as_bool().unwrap(), note)
    })
    .collect()
}

#[test]
fn a_contract_is_compliant_if_it_is_what_was_approved_on_the_merged_tree() {
    let approve = |write: &str, run: &str| {
        let package = Pkg::new("wp-a").write(&[write]).run(run);
        let scratch = Scratch::new();
        scratch.write("api/t.json", "{\"type\": \"object\"}\n");
        scratch.write(
            &plan_path("x"),
            &with_contract(&[package], "api/t.json", "json-schema"),
        );
        scratch.commit("plan");
        scratch.wp(&["approve", "x"]).expect(0);
        scratch
    };
    let keeps = approve("src/**", "mkdir src; echo x > src/x");
    let data = keeps.wp(&["implement", "x", "--json"]).expect(0).data();
    assert_eq!(contract_checks(&data), [(true, String::new())]);

    let everything = approve("**", "echo '{\"type\": \"array\"}' > api/t.json");
    let data = everything
        .wp(&["implement", "x", "--json"])
        .expect(1)
        .data();
    assert_eq!(data["result"], "failed");
    let note = "changed since it was approved as revision 1".to_owned();
    assert_eq!(contract_checks(&data), [(false, note)]);

    let named = approve("api/**", "echo '{\"type\": \"array\"}' > api/t.json");
    let data = named.wp(&["implement", "x", "--json"]).expect(0).data();
    assert_eq!(
        contract_checks(&data),
        [(true, "changed in the scope of `wp-a`".to_owned())]
    );

    let broken = approve("api/**", "echo '{\"type\": 7}' > api/t.json");
    let data = broken.wp(&["implement", "x", "--json"]).expect(1).data();
    assert!(!contract_checks(&data)[0].0);
}

#[test]
fn commands_that_hold_the_whole_against_its_contracts_need_trust_and_decide() {
    let scratch = Scratch::new();
    scratch.write("wp.toml", "[contracts]\nverify = [\"test -f wp-b/file\"]\n");
    scratch.add_plan("x", &[Pkg::new("wp-a")]);
    scratch.wp(&["approve", "x"]).expect(0);
    let document = scratch
        .wp(&["implement", "x", "--json"])
        .expect(5)
        .document();
    assert_eq!(document["error"]["code"], "not-trusted");
    scratch.wp(&["trust"]).expect(0);
    let data = scratch.wp(&["implement", "x", "--json"]).expect(1).data();
    assert_eq!(data["result"], "failed");
    assert_eq!(data["contract_checks"][0]["what"], "test -f wp-b/file");
    assert_eq!(data["contract_checks"][0]["passed"], false);
}
