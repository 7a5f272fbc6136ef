//! A plan that is approved again while its feature is under way: what is kept and what is done
//! again.

use git_wp::base::json::Value;

use super::support::Scratch;
use super::support::plans::{Pkg, plan, plan_path};

fn approve(scratch: &Scratch, text: &str) {
    scratch.write(&plan_path("x"), text);
    scratch.commit("the plan");
    scratch.wp(&["approve", "x"]).expect(0);
}

fn revised(packages: &[Pkg], revision: u32) -> String {
    let text = plan("x", packages);
    text.replace("plan_revision: 1", &format!("plan_revision: {revision}"))
}

fn implement(scratch: &Scratch, exit: i32) -> Value {
    scratch
        .wp(&["implement", "x", "--json"])
        .expect(exit)
        .data()
}

fn fates(data: &Value) -> Vec<(String, String, String)> {
    let rows = data["reuse"].as_array().unwrap().iter();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    rows.map(|r| (text(&r["package"]), text(&r["fate"]), text(&r["as"])))
        .collect()
}

fn fate(package: &str, fate: &str, result_of: &str) -> (String, String, String) {
    (package.to_owned(), fate.to_owned(), result_of.to_owned())
}

fn merges(scratch: &Scratch) -> usize {
    let log = scratch.git(&["rev-list", "--merges", "--count", "openspec/x"]);
    log.trim().parse().unwrap()
}

#[test]
fn a_revision_that_changes_no_definition_redoes_nothing() {
    let packages = [Pkg::new("wp-a"), Pkg::new("wp-b").after(&["wp-a"])];
    let scratch = Scratch::new();
    approve(&scratch, &plan("x", &packages));
    assert_eq!(implement(&scratch, 0)["reuse"].as_array().unwrap().len(), 0);
    let before = merges(&scratch);
    // Another number, another comment, another order of keys: the same work.
    let text = format!("# a remark\n{}", revised(&packages, 2));
    approve(&scratch, &text.replace("priority: 5", "priority: 1"));
    let data = implement(&scratch, 0);
    assert_eq!(data["result"], "merged");
    assert_eq!(
        fates(&data),
        [
            fate("wp-a", "reused", "wp-a"),
            fate("wp-b", "reused", "wp-b")
        ]
    );
    assert_eq!(merges(&scratch), before);
}

#[test]
fn what_is_merged_and_defined_otherwise_is_done_again_and_nothing_else() {
    let first = [Pkg::new("wp-a"), Pkg::new("wp-b"), Pkg::new("wp-old")];
    let scratch = Scratch::new();
    approve(&scratch, &plan("x", &first));
    implement(&scratch, 0);
    let second = [
        Pkg::new("wp-a").run("echo second > wp-a/file"),
        Pkg::new("wp-b"),
        Pkg::new("wp-c")
            .after(&["wp-a"])
            .run("mkdir wp-c && cp wp-a/file wp-c/file"),
    ];
    approve(&scratch, &revised(&second, 2));
    let status = scratch.wp(&["status", "x", "--json"]).expect(0).data();
    let ids: Vec<_> = status["packages"]
        .as_array()
        .unwrap()
        .iter()
        .map(|p| p["id"].clone())
        .collect();
    assert_eq!(ids, ["wp-a", "wp-b", "wp-c", "wp-rev2-wp-a"]);
    let data = implement(&scratch, 0);
    assert_eq!(data["result"], "merged");
    assert_eq!(
        fates(&data),
        [
            fate("wp-a", "reused", "wp-rev2-wp-a"),
            fate("wp-b", "reused", "wp-b"),
            fate("wp-c", "reused", "wp-c"),
            fate("wp-old", "removed", ""),
        ]
    );
    // Who comes after it started from the new result.
    assert_eq!(scratch.git(&["show", "openspec/x:wp-c/file"]), "second");
    assert_eq!(scratch.git(&["show", "openspec/x:wp-old/file"]), "wp-old");
    // Back to how it was is a revision too.
    approve(&scratch, &revised(&first, 3));
    let data = implement(&scratch, 0);
    assert_eq!(fates(&data)[0], fate("wp-a", "reused", "wp-rev3-wp-a"));
    assert_eq!(scratch.git(&["show", "openspec/x:wp-a/file"]), "wp-a");
}

fn with_contract(packages: &[Pkg], revision: u32) -> String {
    plan("x", packages).replace(
        "contracts:\n  revision: 1\n",
        &format!(
            "contracts:\n  revision: {revision}\n  files:\n    - {{path: contracts/api.sql, kind: sql}}\n"
        ),
    )
}

#[test]
fn a_contract_bump_redoes_who_is_concerned_and_reuses_the_rest() {
    let asks = r#"{"escalations":[{"type":"CONTRACT_REVISION_REQUIRED","severity":"BLOCKING",
        "summary":"the table needs a column"}]}"#;
    let asks = format!(
        "mkdir -p wp-b && echo b > wp-b/file && \
         grep -q column contracts/api.sql || printf '%s' '{asks}' > \"$WP_RESULT_FILE\""
    );
    let contract = |text: &str| {
        Pkg::new("wp-contracts")
            .write(&["contracts/**"])
            .run(&format!("echo '{text}' > contracts/api.sql"))
    };
    let others = || {
        [
            Pkg::new("wp-keyed")
                .after(&["wp-contracts"])
                .keys(&["contract:contracts/api.sql"]),
            Pkg::new("wp-free").after(&["wp-contracts"]),
            // The others are merged when it asks.
            Pkg::new("wp-b")
                .after(&["wp-contracts", "wp-keyed", "wp-free"])
                .run(&asks),
        ]
    };
    let all = |text: &str| {
        let mut all = vec![contract(text)];
        all.extend(others());
        all
    };
    let scratch = Scratch::new();
    scratch.write("contracts/api.sql", "create table t;\n");
    approve(&scratch, &with_contract(&all("create table t;"), 1));
    let data = implement(&scratch, 1);
    assert_eq!(data["result"], "partial");
    let id = data["questions"][0]["id"].as_str().unwrap();
    let answer = scratch
        .wp(&["decide", "x", id, "bump-contracts", "--json"])
        .expect(0)
        .data();
    assert_eq!(answer["revised"]["field"], "contracts.revision");
    assert_eq!(
        (&answer["revised"]["from"], &answer["revised"]["to"]),
        (&1.into(), &2.into())
    );
    assert_eq!(answer["next"][1], "git wp approve x");
    let text = std::fs::read_to_string(scratch.path().join(plan_path("x"))).unwrap();
    assert_eq!(
        text,
        with_contract(&all("create table t;"), 2),
        "one number changed"
    );
    // Nothing goes on with the plan as it was, however it is asked for.
    scratch.wp(&["implement", "x"]).expect(5);

    scratch.write("contracts/api.sql", "create table t(column);\n");
    approve(&scratch, &with_contract(&all("create table t(column);"), 2));
    let data = implement(&scratch, 0);
    assert_eq!(data["result"], "merged");
    assert_eq!(
        fates(&data),
        [
            fate("wp-contracts", "reused", "wp-rev2-wp-contracts"),
            fate("wp-keyed", "reused", "wp-rev2-wp-keyed"),
            fate("wp-free", "reused", "wp-free"),
            fate("wp-b", "reused", "wp-b"),
        ]
    );
    let package = |id: &str| {
        let packages = data["packages"].as_array().unwrap();
        packages.iter().find(|p| p["id"] == id).unwrap().clone()
    };
    assert_eq!(package("wp-free")["attempts"].as_array().unwrap().len(), 1);
    assert_eq!(package("wp-b")["attempts"].as_array().unwrap().len(), 2);
    let sql = scratch.git(&["show", "openspec/x:contracts/api.sql"]);
    assert_eq!(sql, "create table t(column);");
}
