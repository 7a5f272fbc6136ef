//! Each code of a finding: a plan that has it, and a near miss that has not.

use git_wp::base::json;
use git_wp::check::{Context, Report, validate};
use git_wp::model::{Code, Finding, Severity};
use git_wp::scope::Fold;

const SOURCE: &str = "openspec/changes/x/work-packages.yaml";

/// A package in full; `also` replaces or adds lines, each given as `field: value`.
fn package(id: &str, depends_on: &str, write: &str, also: &[(&str, &str)]) -> String {
    let step = "{name: test, kind: command, command: 'cargo test', \
        evidence: {artifacts: [], result_keys: []}}";
    let mut fields = vec![
        ("task_type", "implement".to_owned()),
        ("description", "does it".to_owned()),
        ("depends_on", depends_on.to_owned()),
        ("locks", "{files: [], keys: []}".to_owned()),
        (
            "scope",
            format!("{{write_allow: [{write}], read_allow: ['**']}}"),
        ),
        ("worktree", format!("{{name: {id}}}")),
        ("verification", format!("{{steps: [{step}]}}")),
        ("outputs", "{result_keys: [files_modified]}".to_owned()),
    ];
    for (name, value) in also {
        match fields.iter_mut().find(|(field, _)| field == name) {
            Some((_, old)) => *old = (*value).to_owned(),
            None => fields.push((name, (*value).to_owned())),
        }
    }
    let lines: String = fields
        .iter()
        .map(|(name, value)| format!("    {name}: {value}\n"))
        .collect();
    format!("  - package_id: {id}\n{lines}")
}

fn plan(head: &str, packages: &[String]) -> String {
    format!(
        "schema_version: 1\nfeature: {{id: x, plan_revision: 1}}\n{head}packages:\n{}",
        packages.concat()
    )
}

fn judged(text: &str) -> Report {
    judged_with(text, Fold::None)
}

fn judged_with(text: &str, fold: Fold) -> Report {
    let files = |path: &str| match path {
        "api.yaml" => Some(b"openapi: 3.0.3\ninfo: {title: T, version: '1'}\npaths: {}\n".to_vec()),
        "openspec/changes/x/schema.json" => Some(b"{\"type\": \"object\"}".to_vec()),
        "broken.yaml" => Some(b"openapi: 3.0.3\n".to_vec()),
        "README.md" => Some(b"# Contracts".to_vec()),
        _ => None,
    };
    let context = Context {
        read_file: &files,
        program_exists: &|program| program == "cargo",
        extra_namespaces: &["team".to_owned()],
        fold,
    };
    validate(text.as_bytes(), SOURCE, &context)
}

fn with(report: &Report, code: Code) -> Vec<&Finding> {
    report.findings.iter().filter(|f| f.code == code).collect()
}

/// `bad` has exactly one finding of `code`, `good` has none; returns that finding.
fn rule(code: Code, bad: &str, good: &str) -> Finding {
    let near = judged(good);
    assert_eq!(
        with(&near, code),
        Vec::<&Finding>::new(),
        "near miss\n{good}"
    );
    let report = judged(bad);
    let found = with(&report, code);
    assert_eq!(found.len(), 1, "{bad}\n{:#?}", report.findings);
    assert_eq!(found[0].severity, code.severity());
    assert_eq!(
        report.valid,
        code.severity() == Severity::Warning,
        "{:#?}",
        report.findings
    );
    assert_eq!(found[0].file, SOURCE);
    found[0].clone()
}

fn place(finding: &Finding) -> (u32, u32) {
    (finding.line, finding.column)
}

fn ids(finding: &Finding) -> Vec<&str> {
    finding
        .packages
        .iter()
        .map(git_wp::base::PackageId::as_str)
        .collect()
}

#[test]
fn a_plan_without_faults_has_no_findings() {
    let text = plan(
        "contracts: {revision: 1, files: [{path: api.yaml, kind: openapi}, \
            {path: schema.json, kind: json-schema}]}\n",
        &[
            package(
                "wp-a",
                "[]",
                "src/a/**",
                &[(
                    "locks",
                    "{files: [src/a/x], keys: ['component:a', 'team:x']}",
                )],
            ),
            package("wp-b", "[wp-a]", "'src/**'", &[]),
            package("wp-integration", "[wp-a, wp-b]", "'**'", &[]),
        ],
    );
    let report = judged(&text);
    assert_eq!(report.findings, []);
    assert!(report.valid);
    assert_eq!(report.packages, 3);
}

#[test]
fn the_report_has_the_shape_that_scripts_read() {
    let report = judged(&plan("", &[package("wp-a", "[wp-z]", "a", &[])]));
    let value = json::value(&report).unwrap();
    assert_eq!(
        value,
        json::json!({
            "source": SOURCE, "format": "work-packages", "feature": "x", "packages": 1,
            "valid": false,
            "findings": [{
                "severity": "error", "code": "dangling-dependency",
                "message": "`wp-a` waits for `wp-z`, which is not a package",
                "hint": "write `wp-a` if you mean that",
                "file": SOURCE, "line": 7, "column": 18, "packages": ["wp-a"],
            }],
        })
    );
}

#[test]
fn schema() {
    let good = plan("", &[package("wp-a", "[]", "a", &[])]);
    let finding = rule(
        Code::Schema,
        &good.replace("schema_version: 1", "schema_version: '1'"),
        &good,
    );
    assert_eq!(place(&finding), (1, 17));
    assert_eq!(finding.hint, "write the number without quotes");
    for (from, to, message) in [
        (
            "    task_type: implement\n",
            "",
            "`packages[0]` has no `task_type`",
        ),
        (
            "task_type: implement",
            "task_typ: implement",
            "`packages[0]` has no field `task_typ`",
        ),
        (
            "description: does it",
            "description: 7",
            "`packages[0].description` is `7`, it must be text",
        ),
        (
            "wp-a\n",
            "WP\n",
            "`packages[0].package_id` does not have its form: `WP`",
        ),
        (
            "kind: command",
            "kind: shell",
            "is `shell`, which is not one of its values",
        ),
        (
            ", command: 'cargo test'",
            "",
            "`packages[0].verification.steps[0]` has no `command`",
        ),
        (
            "plan_revision: 1",
            "plan_revision: 0",
            "`feature.plan_revision` is 0, at least 1 is needed",
        ),
        (
            "steps: [{name: test",
            "steps: [{name: ''",
            "`packages[0].verification.steps[0].name` is empty",
        ),
        (
            "read_allow: ['**']",
            "read_allow: []",
            "`packages[0].scope.read_allow` is an empty list",
        ),
        (
            "depends_on: []",
            "depends_on: [b, b]",
            "`packages[0].depends_on` names the same entry twice",
        ),
        (
            "files: [], keys",
            "files: ['/etc/x'], keys",
            "does not have its form: `/etc/x`",
        ),
        (
            "worktree: {name: wp-a}",
            "worktree: null",
            "`packages[0].worktree` is empty, it must be a mapping",
        ),
        (
            "feature: {id: x, ",
            "feature: {id: x y, ",
            "`feature.id` does not have its form",
        ),
    ] {
        let bad = good.replace(from, to);
        assert_ne!(bad, good, "{from}");
        let report = judged(&bad);
        let found = with(&report, Code::Schema);
        let all: Vec<&str> = found.iter().map(|f| f.message.as_str()).collect();
        assert!(all.iter().any(|m| m.contains(message)), "{to}: {all:?}");
        assert!(
            found
                .iter()
                .all(|f| f.line > 0 && f.column > 0 && !f.hint.is_empty()),
            "{found:?}"
        );
    }
}

#[test]
fn packages_are_judged_together_even_where_the_form_is_broken() {
    let broken = "  - title: without an id\n";
    let text = plan(
        "",
        &[
            package("wp-a", "[wp-b]", "a", &[]),
            broken.to_owned(),
            package("wp-b", "[wp-a]", "a", &[("priority", "urgent")]),
            "  - 7\n".to_owned(),
        ],
    );
    let report = judged(&text);
    assert_eq!(report.packages, 2);
    assert_eq!(with(&report, Code::Cycle).len(), 1);
    let schema = with(&report, Code::Schema);
    assert!(
        schema
            .iter()
            .any(|f| f.message.contains("`packages[1]` has no `package_id`"))
    );
    assert!(
        schema
            .iter()
            .any(|f| f.message.contains("`packages[2].priority`") && ids(f) == ["wp-b"])
    );
    assert!(schema.iter().any(|f| f.message.contains("`packages[3]`")));
}

#[test]
fn duplicate_id() {
    let twice = [
        package("wp-a", "[]", "a", &[]),
        package("wp-a", "[]", "b", &[]),
    ];
    let once = [
        package("wp-a", "[]", "a", &[]),
        package(
            "wp-A".to_lowercase().replace("-a", "-a2").as_str(),
            "[]",
            "b",
            &[],
        ),
    ];
    let finding = rule(Code::DuplicateId, &plan("", &twice), &plan("", &once));
    assert_eq!(place(&finding), (13, 17));
    assert!(finding.message.contains("the first stands on line 4"));
}

#[test]
fn dangling_dependency() {
    let bad = plan(
        "",
        &[
            package("wp-a", "[]", "a", &[]),
            package("wp-b", "[wp_a]", "b", &[]),
        ],
    );
    let finding = rule(
        Code::DanglingDependency,
        &bad,
        &bad.replace("[wp_a]", "[wp-a]"),
    );
    assert_eq!(finding.hint, "write `wp-a` if you mean that");
    assert_eq!(place(&finding), (16, 18));
}

#[test]
fn cycle() {
    let three = |last: &str| {
        plan(
            "",
            &[
                package("wp-a", "[wp-b]", "a", &[]),
                package("wp-b", "[wp-c]", "b", &[]),
                package("wp-c", last, "c", &[]),
            ],
        )
    };
    let finding = rule(Code::Cycle, &three("[wp-a]"), &three("[]"));
    assert_eq!(
        finding.message,
        "packages wait for each other: wp-a -> wp-b -> wp-c -> wp-a"
    );
    assert_eq!(ids(&finding), ["wp-a", "wp-b", "wp-c"]);
    assert_eq!(place(&finding), (7, 18));
    let own = rule(Code::Cycle, &three("[wp-c]"), &three("[]"));
    assert_eq!(own.message, "packages wait for each other: wp-c -> wp-c");
}

fn two(left: &str, right: &str) -> String {
    plan(
        "",
        &[
            package("wp-a", "[]", left, &[]),
            package("wp-b", "[]", right, &[]),
        ],
    )
}

#[test]
fn scope_overlap() {
    let finding = rule(
        Code::ScopeOverlap,
        &two("lib/**, src/**/a.py", "doc/x, src/x/*.py"),
        &two("src/**/a.py", "src/x/*.js"),
    );
    assert_eq!(finding.witness.as_deref(), Some("src/x/a.py"));
    assert_eq!(ids(&finding), ["wp-a", "wp-b"]);
    assert!(
        finding
            .message
            .contains("`src/**/a.py` on line 9 and `src/x/*.py` on line 18")
    );
    assert_eq!(place(&finding), (18, 34));
}

#[test]
fn scopes_that_the_original_takes_for_disjoint_are_found_with_a_witness() {
    for (left, right) in [
        ("src/**/a.py", "src/x/*.py"),
        ("src/api/**", "src/**/users.py"),
        ("src/a*", "src/*b"),
        ("src/*/a.py", "src/x/*"),
        ("'**/*.py'", "setup.py"),
        ("'a/[xy].py'", "'a/[yz].py'"),
        ("./src/a.py", "src/a.py"),
        ("src/api/", "src/api/x.py"),
        ("'src/{a,b}.py'", "src/a.py"),
    ] {
        let report = judged(&two(left, right));
        let found = with(&report, Code::ScopeOverlap);
        assert_eq!(found.len(), 1, "{left} {right}");
        assert!(found[0].witness.is_some());
    }
    // Under shell rules `*` would cross `/`; here it does not.
    for (left, right) in [
        ("src/*.py", "src/sub/x.py"),
        ("docs/*.md", "docs/guides/*.md"),
    ] {
        assert!(judged(&two(left, right)).valid, "{left} {right}");
    }
}

#[test]
fn an_overlap_needs_two_packages_that_run_at_the_same_time() {
    let overlap = |a: &[(&str, &str)], b: &str, depends_on: &str| {
        let text = plan(
            "",
            &[
                package("wp-a", "[]", "src/**", a),
                package(b, depends_on, "src/x", &[]),
            ],
        );
        with(&judged(&text), Code::ScopeOverlap).len()
    };
    assert_eq!(overlap(&[], "wp-b", "[]"), 1);
    assert_eq!(overlap(&[], "wp-b", "[wp-a]"), 0);
    assert_eq!(overlap(&[], "wp-integration", "[]"), 0);
    assert_eq!(overlap(&[("role", "integrator")], "wp-b", "[]"), 0);
    assert_eq!(
        overlap(&[("worktree", "{name: a, mode: shared}")], "wp-b", "[]"),
        0
    );
    let scope = "{write_allow: ['src/**'], read_allow: ['**'], deny: [src/x]}";
    assert_eq!(overlap(&[("scope", scope)], "wp-b", "[]"), 0);
}

#[test]
fn case_decides_about_an_overlap_where_the_file_system_folds_it() {
    let text = two("src/User.ts", "src/user.ts");
    assert_eq!(with(&judged(&text), Code::ScopeOverlap).len(), 0);
    assert_eq!(
        with(&judged_with(&text, Fold::Case), Code::ScopeOverlap).len(),
        1
    );
}

fn locking(left: &str, right: &str) -> String {
    let lock = |text: &str| format!("{{files: [], keys: ['{text}']}}");
    plan(
        "",
        &[
            package("wp-a", "[]", "a", &[("locks", &lock(left))]),
            package("wp-b", "[]", "b", &[("locks", &lock(right))]),
        ],
    )
}

#[test]
fn lock_overlap() {
    let same = "api:GET /users/{id}";
    let finding = rule(
        Code::LockOverlap,
        &locking(same, "api:GET /users/:user"),
        &locking(same, "api:PUT /users/{id}"),
    );
    assert_eq!(ids(&finding), ["wp-a", "wp-b"]);
    assert_eq!(finding.line, 17);
    for (left, right) in [
        ("component:x", "component:x"),
        ("flag:billing/*", "flag:billing/new"),
        ("flag:a/*", "flag:*/b"),
        ("api:GET /x/", "api:GET /x"),
        ("db:migration-slot", "db:migration-slot"),
    ] {
        let report = judged(&locking(left, right));
        assert_eq!(
            with(&report, Code::LockOverlap).len(),
            1,
            "{left} {right} {:?}",
            report.findings
        );
    }
    for (left, right) in [
        ("flag:billing/*", "flag:bill/x"),
        ("component:x", "component:xy"),
    ] {
        assert_eq!(
            with(&judged(&locking(left, right)), Code::LockOverlap).len(),
            0,
            "{left}"
        );
    }
}

#[test]
fn locked_files_are_compared_as_patterns() {
    let lock = |text: &str| format!("{{files: [{text}], keys: []}}");
    let text = |left: &str, right: &str| {
        plan(
            "",
            &[
                package("wp-a", "[]", "a", &[("locks", &lock(left))]),
                package("wp-b", "[]", "b", &[("locks", &lock(right))]),
            ],
        )
    };
    let finding = rule(
        Code::LockOverlap,
        &text("db/*.sql", "db/001.sql"),
        &text("db/*.sql", "db/x/001.sql"),
    );
    assert_eq!(finding.witness.as_deref(), Some("db/001.sql"));
}

#[test]
fn lock_key() {
    let finding = rule(
        Code::LockKey,
        &locking("feature:x", "env:a"),
        &locking("feature:x:pause", "team:Any Thing"),
    );
    assert_eq!(
        finding.hint,
        "write `component:x` for a part of the program"
    );
    assert_eq!(place(&finding), (8, 31));
}

#[test]
fn glob() {
    for (bad, hint) in [
        ("/etc/x", "repository root"),
        ("../x", "repository root"),
        ("a/.GIT/x", "work tree"),
        ("'!a'", "deny"),
        ("'a[z'", "]"),
        ("'a\\b'", "/"),
    ] {
        let finding = rule(Code::Glob, &two(bad, "b"), &two("a", "b"));
        assert!(finding.hint.contains(hint), "{bad}: {}", finding.hint);
        assert_eq!(place(&finding), (9, 27), "{bad}");
    }
}

#[test]
fn hostile_input() {
    let good = two("'*.rs'", "b");
    let finding = rule(Code::HostileInput, &good.replace("'*.rs'", "*rs"), &good);
    assert!(finding.hint.contains("quote patterns that start with *"));
    assert_eq!(place(&finding), (9, 27));
    for bad in [
        "id: &a x",
        "id: !!str x",
        "id: x, <<: {}",
        "id: x, id: y",
        "id: .nan",
    ] {
        let finding = rule(Code::HostileInput, &good.replace("id: x", bad), &good);
        assert_eq!(finding.line, 2, "{bad}");
    }
}

#[test]
fn an_unquoted_star_before_a_slash_is_explained() {
    let report = judged("packages:\n  - **/*.ts\n");
    assert_eq!(report.findings[0].code, Code::Schema);
    assert_eq!(report.findings[0].hint, "quote patterns that start with *");
    assert_eq!(place(&report.findings[0]), (2, 5));
}

fn contracted(contracts: &str) -> String {
    plan(
        &format!("contracts: {contracts}\n"),
        &[package("wp-a", "[]", "a", &[])],
    )
}

#[test]
fn contract_missing() {
    let bad = contracted("{revision: 1, files: [{path: none.sql, kind: sql}]}");
    let finding = rule(
        Code::ContractMissing,
        &bad,
        &bad.replace("none.sql", "README.md"),
    );
    assert_eq!(place(&finding), (3, 41));
    // From the plan's folder, but never from outside of the repository.
    let relative = bad.replace("none.sql", "schema.json");
    assert_eq!(with(&judged(&relative), Code::ContractMissing).len(), 0);
    let outside = bad.replace("none.sql", "../../../api.yaml");
    assert_eq!(with(&judged(&outside), Code::ContractMissing).len(), 1);
}

#[test]
fn contract_invalid() {
    let bad = contracted("{revision: 1, openapi: {primary: broken.yaml, files: [broken.yaml]}}");
    let finding = rule(Code::ContractInvalid, &bad, &bad.replace("broken", "api"));
    assert!(finding.message.contains("info"), "{}", finding.message);
    assert_eq!(place(&finding), (3, 66));
}

#[test]
fn contract_kind() {
    let bad = contracted("{revision: 1, openapi: {primary: README.md, files: [README.md]}}");
    rule(
        Code::ContractKind,
        &bad,
        &bad.replace("README.md", "api.yaml"),
    );
    let said = bad.replace(
        "openapi: {primary: README.md, files: [README.md]}",
        "files: [{path: README.md, kind: none}]",
    );
    assert_eq!(judged(&said).findings, []);
}

#[test]
fn dialect() {
    let simple = "change_id: x\npackages:\n  - id: A.1\n    name: First\n    tasks: [1.1, '1.2']\n    \
        dependencies: []\n    verification: tier_b\n    scope: {write_allow: [a]}\n  - id: two\n    \
        dependencies: [A.1]\n    test_command: cargo test\n";
    let full = plan("", &[package("wp-a", "[]", "a", &[])]);
    rule(Code::Dialect, simple, &full);
    let plan = git_wp::plan::read(simple.as_bytes(), SOURCE).plan.unwrap();
    assert_eq!(plan.feature.id.as_str(), "x");
    let (first, second) = (&plan.packages[0], &plan.packages[1]);
    assert_eq!(first.id.as_str(), "A.1");
    assert_eq!(first.description, "First\n\nTasks:\n- 1.1\n- 1.2");
    assert_eq!(first.verification.tier.as_str(), "B");
    assert!(!first.runs_alone());
    assert_eq!(second.depends_on[0].on, first.id);
    assert!(second.runs_alone(), "no scope is declared");
    assert_eq!(second.verification.steps.len(), 1);
    let more = format!("{simple}    agent_hint: fast\n");
    let report = judged(&more);
    assert!(report.valid, "{:?}", report.findings);
    assert!(
        report
            .findings
            .iter()
            .any(|f| f.code == Code::Dialect && f.message.contains("agent_hint"))
    );
    // Without an id of the dialect it is the full form, with a fault.
    assert!(!judged("change_id: x\npackages:\n  - name: First\n").valid);
}

#[test]
fn program_missing() {
    let bad =
        plan("", &[package("wp-a", "[]", "a", &[])]).replace("cargo test", "cd x && nextest run");
    let finding = rule(
        Code::ProgramMissing,
        &bad,
        &bad.replace("nextest run", "cargo test"),
    );
    assert!(finding.message.contains("`nextest`"));
}

#[test]
fn no_integration() {
    let bad = two("a", "b");
    rule(
        Code::NoIntegration,
        &bad,
        &bad.replace("wp-b", "wp-integrate"),
    );
    assert_eq!(
        with(
            &judged(&plan("", &[package("wp-a", "[]", "a", &[])])),
            Code::NoIntegration
        )
        .len(),
        0
    );
}

#[test]
fn lock_outside_scope() {
    let text = |file: &str| {
        plan(
            "",
            &[package(
                "wp-a",
                "[]",
                "src/**",
                &[("locks", &format!("{{files: [{file}], keys: []}}"))],
            )],
        )
    };
    rule(Code::LockOutsideScope, &text("doc/x"), &text("src/x"));
    rule(Code::LockOutsideScope, &text("'*.md'"), &text("src"));
}

#[test]
fn read_of_parallel_write() {
    let text = |read: &str| {
        let scope = format!("{{write_allow: [a], read_allow: [{read}]}}");
        plan(
            "",
            &[
                package("wp-a", "[]", "x", &[("scope", &scope)]),
                package("wp-b", "[]", "lib/*.rs", &[]),
            ],
        )
    };
    let finding = rule(
        Code::ReadOfParallelWrite,
        &text("lib/a.rs"),
        &text("lib/a.py, '**'"),
    );
    assert_eq!(ids(&finding), ["wp-a", "wp-b"]);
    assert_eq!(finding.witness.as_deref(), Some("lib/a.rs"));
}

#[test]
fn case_collision() {
    let finding = rule(
        Code::CaseCollision,
        &two("src/User.ts", "src/user.ts"),
        &two("src/User.ts", "src/users.ts"),
    );
    assert_eq!(finding.line, 18);
}

#[test]
fn advice() {
    let stack = |also: &[(&str, &str)]| plan("", &[package("wp-a", "[]", "a", also)]);
    rule(
        Code::Advice,
        &stack(&[("stack_position", "1")]),
        &stack(&[("stack_position", "1"), ("decomposition", "stacked")]),
    );
    let key = "contract:contracts/api.yaml";
    let head = "contracts: {revision: 1, files: [{path: api.yaml, kind: openapi}]}\n";
    let text = |key: &str| {
        plan(
            head,
            &[package(
                "wp-a",
                "[]",
                "a",
                &[("locks", &format!("{{files: [], keys: ['{key}']}}"))],
            )],
        )
    };
    rule(Code::Advice, &text(key), &text("contract:api.yaml"));
}

#[test]
fn defaults_are_inherited_and_a_package_wins() {
    let head = "defaults: {priority: 7, timeout_minutes: 30, retry_budget: 4, min_trust_level: 3, \
        verification_tier_required: C, lock_ttl_minutes: 15}\n";
    let own = [
        ("priority", "1"),
        ("retry_budget", "0"),
        ("locks", "{files: [], keys: [], ttl_minutes: 9}"),
    ];
    let text = plan(
        head,
        &[
            package("wp-a", "[]", "a", &[]),
            package("wp-b", "[wp-a]", "b", &own),
        ],
    );
    let plan = git_wp::plan::read(text.as_bytes(), SOURCE).plan.unwrap();
    let seen = |i: usize| {
        let p: &git_wp::model::Package = &plan.packages[i];
        (
            p.priority,
            p.timeout_minutes,
            p.retry_budget,
            p.min_trust_level,
            p.verification.tier.as_str(),
            p.locks.ttl_minutes,
        )
    };
    assert_eq!(seen(0), (7, 30, 4, 3, "C", 15));
    assert_eq!(seen(1), (1, 30, 0, 3, "C", 9));
}

#[test]
fn a_linear_plan_is_one_package_that_may_write_everything() {
    let feature = git_wp::base::FeatureId::parse("x").unwrap();
    let plan = git_wp::plan::linear(feature, "openspec/changes/x", "do it");
    assert_eq!(plan.packages.len(), 1);
    assert_eq!(plan.packages[0].id.as_str(), "wp-main");
    assert_eq!(plan.packages[0].scope.write_allow, ["**"]);
}
