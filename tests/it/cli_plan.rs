//! `validate` and `graph`: the contract of their answers, and bad input of every kind.

use std::time::{Duration, Instant};

use git_wp::base::json::Value;

use super::support::Scratch;
use super::support::plans::{Pkg, plan, plan_path};

fn codes(data: &Value) -> Vec<&str> {
    let findings = data["findings"].as_array().unwrap();
    findings
        .iter()
        .map(|f| f["code"].as_str().unwrap())
        .collect()
}

#[test]
fn a_valid_plan_is_told_by_id_by_path_and_alone() {
    let scratch = Scratch::new();
    scratch.add_plan(
        "add-a",
        &[Pkg::new("wp-one"), Pkg::new("wp-two").after(&["wp-one"])],
    );
    let before = scratch.belongings();
    for args in [
        &["validate", "--json"][..],
        &["validate", "add-a", "--json"],
        &["validate", &plan_path("add-a"), "--json"],
        &["--json", "validate", "openspec/changes/add-a"],
    ] {
        let data = scratch.wp(args).expect(0).data();
        assert_eq!(data["source"], plan_path("add-a"), "{args:?}");
        assert_eq!(data["format"], "work-packages");
        assert_eq!(data["feature"], "add-a");
        assert_eq!(data["packages"], 2);
        assert_eq!(data["valid"], true);
    }
    assert_eq!(scratch.belongings(), before);
    assert!(
        !scratch.path().join(".git/wp").exists(),
        "validate writes nothing"
    );
}

#[test]
fn findings_have_a_place_a_code_and_a_witness() {
    let scratch = Scratch::new();
    let overlap = [
        Pkg::new("wp-one").write(&["src/**/*.ts"]),
        Pkg::new("wp-two").write(&["src/api/**"]),
    ];
    scratch.write("plan.yaml", &plan("x", &overlap));
    let run = scratch.wp(&["validate", "plan.yaml", "--json"]).expect(1);
    let data = run.data();
    assert_eq!(data["valid"], false);
    let at = codes(&data)
        .iter()
        .position(|code| *code == "scope-overlap");
    let finding = &data["findings"][at.unwrap()];
    assert_eq!(finding["severity"], "error");
    assert!(finding["line"].as_u64().unwrap() > 1 && finding["column"].as_u64().unwrap() >= 1);
    let witness = finding["witness"].as_str().unwrap();
    assert!(
        witness.starts_with("src/api/") && witness.ends_with(".ts"),
        "{witness}"
    );
    assert_eq!(finding["packages"].as_array().unwrap().len(), 2);
    assert!(!finding["hint"].as_str().unwrap().is_empty());
    let text = scratch.wp(&["validate", "plan.yaml"]).expect(1).stdout;
    assert!(
        text.contains("plan.yaml:") && text.contains("error[scope-overlap]"),
        "{text}"
    );
}

#[test]
fn what_cannot_be_read_is_a_usage_error() {
    let scratch = Scratch::new();
    std::fs::create_dir_all(scratch.path().join("openspec/changes/linear")).unwrap();
    std::os::unix::fs::symlink("/etc/passwd", scratch.path().join("link.yaml")).unwrap();
    for (word, code) in [
        ("nosuch", "change-unknown"),
        ("linear", "plan-missing"),
        ("link.yaml", "plan-unreadable"),
        ("/dev/zero", "plan-unreadable"),
        ("../../nowhere", "change-unknown"),
    ] {
        let document = scratch
            .wp(&["validate", word, "--json"])
            .expect(2)
            .document();
        assert_eq!(document["error"]["code"], code, "{word}");
        assert_ne!(document["error"]["hint"].as_str().unwrap_or(""), "x");
    }
}

#[test]
fn a_plan_is_judged_outside_a_repository_too() {
    let scratch = Scratch::new();
    let folder = scratch.beside("plain");
    std::fs::create_dir(&folder).unwrap();
    std::fs::write(folder.join("p.yaml"), plan("x", &[Pkg::new("wp-one")])).unwrap();
    let run = super::support::run(scratch.wp_command_in(&folder, &["validate", "p.yaml"]));
    run.expect(0);
}

#[test]
fn a_graph_shows_levels_waves_path_and_pairs() {
    let scratch = Scratch::new();
    let packages = [
        Pkg::new("wp-a"),
        Pkg::new("wp-b").after(&["wp-a"]),
        Pkg::new("wp-c").after(&["wp-a"]),
        Pkg::new("wp-integration").after(&["wp-b"]),
    ];
    scratch.add_plan("x", &packages);
    let data = scratch.wp(&["graph", "--json"]).expect(0).data();
    assert_eq!(data["packages"][1]["level"], 1);
    assert_eq!(data["packages"][1]["depends_on"][0], "wp-a");
    let all = data["packages"][3]["effective_depends_on"]
        .as_array()
        .unwrap();
    assert!(
        all.iter().any(|id| id == "wp-c"),
        "integration comes after all: {all:?}"
    );
    assert_eq!(data["waves"][1].as_array().unwrap().len(), 2);
    assert_eq!(data["critical_path"].as_array().unwrap().len(), 3);
    assert_eq!(data["parallel_pairs"][0][0], "wp-b");
    assert_eq!(data["parallel_pairs"][0][1], "wp-c");
    let same = scratch
        .wp(&["graph", "x", "--format", "json"])
        .expect(0)
        .data();
    assert_eq!(same, data);
    for (format, start) in [("text", "wave 1\n"), ("mermaid", ""), ("dot", "digraph")] {
        let text = scratch
            .wp(&["graph", "x", "--format", format])
            .expect(0)
            .stdout;
        assert!(
            text.starts_with(start) && text.contains("wp-b"),
            "{format}: {text}"
        );
    }
}

#[test]
fn a_graph_is_drawn_in_spite_of_findings() {
    let scratch = Scratch::new();
    let packages = [
        Pkg::new("wp-a").after(&["wp-b"]),
        Pkg::new("wp-b").after(&["wp-a"]),
    ];
    scratch.add_plan("x", &packages);
    let run = scratch.wp(&["graph", "x", "--json"]).expect(0);
    let warnings = run.document()["warnings"].clone();
    let codes: Vec<&str> = warnings
        .as_array()
        .unwrap()
        .iter()
        .map(|w| w["code"].as_str().unwrap())
        .collect();
    assert!(codes.contains(&"cycle"), "{codes:?}");
}

/// Each: a name, the bytes, and a code that must be among the findings.
fn bad_plans() -> Vec<(&'static str, Vec<u8>, &'static str)> {
    let good = plan("x", &[Pkg::new("wp-one")]);
    let with = |from: &str, to: &str| {
        assert!(good.contains(from), "{from}");
        good.replace(from, to).into_bytes()
    };
    let bomb = "a: &a [x,x]\nb: &b [*a,*a]\nc: [*b,*b]\n".to_owned();
    let many: String = (0..100_000)
        .map(|i| format!("  - package_id: p{i}\n"))
        .collect();
    let many = format!("schema_version: 1\nfeature: {{id: x}}\npackages:\n{many}");
    let cyclic = [Pkg::new("a").after(&["b"]), Pkg::new("b").after(&["a"])];
    vec![
        ("aliases", bomb.into_bytes(), "hostile-input"),
        ("deep", "[".repeat(200_000).into_bytes(), "hostile-input"),
        ("huge", vec![b' '; 3 << 20], "hostile-input"),
        (
            "tag",
            b"!!python/object:os.system {}\n".to_vec(),
            "hostile-input",
        ),
        ("binary", vec![0, 159, 146, 150], "hostile-input"),
        ("empty", Vec::new(), "schema"),
        ("not a map", b"- 1\n".to_vec(), "schema"),
        (
            "repeated key",
            with("feature:", "schema_version: 1\nfeature:"),
            "hostile-input",
        ),
        (
            "repeated id",
            plan("x", &[Pkg::new("a"), Pkg::new("a")]).into_bytes(),
            "duplicate-id",
        ),
        (
            "nan",
            with("priority: 5", "priority: .nan"),
            "hostile-input",
        ),
        (
            "infinite",
            with("priority: 5", "priority: 1e999"),
            "hostile-input",
        ),
        (
            "large number",
            with("priority: 5", "priority: 1180591620717411303424"),
            "hostile-input",
        ),
        ("climbing", with("wp-one/**", "../x"), "glob"),
        ("git folder", with("wp-one/**", ".GIT/config"), "glob"),
        ("absolute", with("wp-one/**", "/etc/passwd"), "glob"),
        (
            "device",
            with("package_id: wp-one", "package_id: CON"),
            "schema",
        ),
        (
            "option",
            with("package_id: wp-one", "package_id: -x"),
            "schema",
        ),
        (
            "long option",
            with("id: x\n", "id: --upload-pack=x\n"),
            "schema",
        ),
        ("cycle", plan("x", &cyclic).into_bytes(), "cycle"),
        (
            "nobody",
            with("depends_on: []", "depends_on: [ghost]"),
            "dangling-dependency",
        ),
        (
            "lock key",
            with("keys: []", "keys: [\"api:get /x\"]"),
            "lock-key",
        ),
        ("many", many.into_bytes(), "hostile-input"),
    ]
}

#[test]
fn bad_input_of_every_kind_is_refused_with_its_place_within_a_second() {
    let scratch = Scratch::new();
    for (name, bytes, code) in bad_plans() {
        std::fs::write(scratch.path().join("bad.yaml"), bytes).unwrap();
        let before = scratch.belongings();
        let begin = Instant::now();
        let run = scratch.wp(&["validate", "bad.yaml", "--json"]);
        let took = begin.elapsed();
        let data = run.expect(1).data();
        assert!(codes(&data).contains(&code), "{name}: {data}");
        for finding in data["findings"].as_array().unwrap() {
            assert_eq!(finding["file"], "bad.yaml", "{name}");
            assert!(finding["line"].as_u64().unwrap() >= 1, "{name}");
            assert!(
                !finding["hint"].as_str().unwrap().is_empty(),
                "{name}: {finding}"
            );
        }
        // The promise is one second in a release build; tests run unoptimised and side by side.
        assert!(took < Duration::from_secs(10), "{name} took {took:?}");
        for verb in ["approve", "graph", "status"] {
            let code = scratch.wp(&[verb, "bad.yaml", "--json"]).code;
            assert!(matches!(code, 0..=2), "{verb} {name}: {code}");
        }
        assert_eq!(scratch.belongings(), before, "{name}");
        assert_eq!(scratch.git(&["for-each-ref", "refs/wp"]), "", "{name}");
    }
}
