//! Reviews through the binary: what reviewers find is fixed in packages of its own and reviewed
//! again, what only a person can settle blocks, and nothing that was not reviewed is handed on.

use std::fs;

use super::support::Scratch;
use super::support::plans::Pkg;

/// Writes a flaw first, and puts it right in a fix.
const AUTHOR: &str = r#"
folder=${WP_PACKAGE#wp-fix-}
folder=${folder%-2}
mkdir -p "$folder"
case $WP_PACKAGE in
  wp-fix-*) cp "$WP_PROMPT_FILE" "$(dirname "$0")/fix-prompt"; echo good > "$folder/file" ;;
  *) echo bad > "$folder/file" ;;
esac
echo "$WP_PACKAGE" >> "$(dirname "$0")/order"
"#;

/// Wants a flaw fixed as long as it is there.
const CAREFUL: &str = r#"
cp "$WP_PROMPT_FILE" "$(dirname "$0")/review-prompt"
git rev-parse HEAD >> "$(dirname "$0")/reviewed"
echo review >> "$(dirname "$0")/order"
if grep -q bad wp-a/file; then
  cat > "$WP_RESULT_FILE" <<'END'
{"schema_version": 2, "review_type": "implementation", "target": "x", "findings": [
  {"id": 1, "type": "correctness", "criticality": "high", "disposition": "fix",
   "axis": "correctness", "severity": "critical", "description": "the file is bad",
   "resolution": "write good", "file_path": "wp-a/file", "line_range": {"start": 1, "end": 1}}]}
END
else
  echo '{"schema_version": 2, "review_type": "implementation", "target": "x", "findings": []}' \
    > "$WP_RESULT_FILE"
fi
"#;

fn finding(criticality: &str, disposition: &str) -> String {
    format!(
        "cat > \"$WP_RESULT_FILE\" <<'END'\n\
         {{\"schema_version\": 2, \"review_type\": \"implementation\", \"target\": \"x\",\n\
         \"findings\": [{{\"id\": 1, \"type\": \"security\", \"criticality\": \"{criticality}\",\n\
         \"disposition\": \"{disposition}\", \"axis\": \"security\", \"severity\": \"critical\",\n\
         \"description\": \"SQL is put together by hand\", \"file_path\": \"wp-a/file\"}}]}}\nEND\n"
    )
}

const CONTENT: &str = r#"
echo '{"schema_version": 2, "review_type": "implementation", "target": "x", "findings": []}' \
  > "$WP_RESULT_FILE"
"#;

/// A repository with an approved plan; `agents` are scripts by name.
fn scene(packages: &[Pkg], agents: &[(&str, &str)]) -> Scratch {
    let scratch = Scratch::new();
    scratch.add_plan("x", packages);
    scratch.wp(&["approve", "x"]).expect(0);
    for (name, script) in agents {
        let path = scratch.beside(&format!("{name}.sh"));
        fs::write(&path, script).unwrap();
        let command = format!("sh {}", path.display());
        scratch.git(&["config", &format!("wp.agent.{name}.command"), &command]);
        // They leave their traces beside the repository.
        scratch.git(&["config", &format!("wp.agent.{name}.sandbox"), "off"]);
    }
    scratch
}

fn beside(scratch: &Scratch, name: &str) -> String {
    fs::read_to_string(scratch.beside(name)).unwrap_or_default()
}

const RUN: [&str; 4] = ["implement", "x", "--agent", "author"];

fn run<'a>(more: &[&'a str]) -> Vec<&'a str> {
    let mut all = RUN.to_vec();
    all.extend(more);
    all
}

fn gate(scratch: &Scratch, code: i32) -> Vec<(String, String)> {
    let data = scratch.wp(&["gate", "x", "--json"]).expect(code).data();
    assert_eq!(data["verdict"], if code == 0 { "READY" } else { "BLOCKED" });
    let reasons = data["reasons"].as_array().unwrap().iter();
    let text = |v: &git_wp::base::json::Value| v.as_str().unwrap_or_default().to_owned();
    reasons
        .map(|r| (text(&r["code"]), text(&r["key"])))
        .collect()
}

#[test]
fn what_a_review_finds_is_fixed_reviewed_again_and_merged() {
    let packages = [Pkg::new("wp-a"), Pkg::new("wp-b").after(&["wp-a"])];
    let agents = [("author", AUTHOR), ("one", CAREFUL), ("two", CAREFUL)];
    let scratch = scene(&packages, &agents);
    let data = scratch
        .wp(&run(&["--review", "--reviewer", "one,two", "--json"]))
        .expect(0)
        .data();
    assert_eq!(data["result"], "merged");
    assert_eq!(scratch.git(&["show", "openspec/x:wp-a/file"]), "good");

    // What grows on the package waited for the second review of it.
    let order = beside(&scratch, "order");
    let order: Vec<&str> = order.lines().collect();
    assert_eq!(order[0], "wp-a");
    assert_eq!(order[1..3], ["review", "review"]);
    assert_eq!(order[3], "wp-fix-wp-a");
    assert_eq!(order[4..6], ["review", "review"]);
    assert_eq!(order[6], "wp-b", "{order:?}");

    // The fix was told what was found, and reviewers saw exactly what was merged.
    let prompt = beside(&scratch, "fix-prompt");
    assert!(
        prompt.contains("the file is bad") && prompt.contains("write good"),
        "{prompt}"
    );
    let prompt = beside(&scratch, "review-prompt");
    assert!(prompt.contains("wp-b"), "{prompt}");
    let merges = scratch.git(&["log", "--merges", "--format=%H", "openspec/x"]);
    for commit in beside(&scratch, "reviewed").lines() {
        assert!(merges.contains(commit), "{commit} is no merge of\n{merges}");
    }
    gate(&scratch, 0);
    let status = scratch.wp(&["status", "x"]).expect(0).stdout;
    assert!(status.contains("wp-fix-wp-a"), "{status}");
    let shown = scratch.wp(&["review", "x", "--show"]).expect(0).stdout;
    assert!(shown.contains("approved"), "{shown}");
}

#[test]
fn a_lone_critical_finding_blocks_until_a_person_rules() {
    let agents = [
        ("author", AUTHOR),
        ("one", &finding("critical", "escalate")),
        ("two", CONTENT),
    ];
    let scratch = scene(&[Pkg::new("wp-a")], &agents);
    let before = scratch.wp(&run(&["--review", "--reviewer", "one,two", "--json"]));
    let data = before.expect(1).data();
    assert_eq!(data["result"], "partial");
    let branches = scratch.git(&[
        "branch",
        "--list",
        "openspec/x",
        "--format=%(refname:short)",
    ]);
    assert_eq!(branches, "", "nothing is handed on that is blocked");

    let reasons = gate(&scratch, 1);
    let finding = reasons.iter().find(|(code, _)| code == "finding");
    let key = &finding.unwrap_or_else(|| panic!("{reasons:?}")).1;
    let bare = scratch.wp(&["gate", "x", "--waive", key]);
    bare.expect(2);
    let waive = [
        "gate",
        "x",
        "--waive",
        key,
        "--reason",
        "it is a constant",
        "--as",
        "false-positive",
    ];
    scratch.wp(&waive);
    let data = scratch.wp(&["implement", "x", "--agent", "author", "--json"]);
    let data = data.expect(0).data();
    assert_eq!(data["result"], "merged");
    // Who runs it again need not say again that it is reviewed.
    let records = scratch
        .wp(&["review", "x", "--show", "--json"])
        .expect(0)
        .data();
    assert_eq!(records["packages"][0]["verdict"], "approved");
    gate(&scratch, 0);
    let data = scratch.wp(&["gate", "x", "--json"]).expect(0).data();
    assert_eq!(data["waived"], git_wp::base::json::json!([]));
    assert_eq!(scratch.git(&["show", "openspec/x:wp-a/file"]), "bad");
}

#[test]
fn an_answer_without_form_or_from_who_wrote_is_no_vote() {
    let agents = [
        ("author", AUTHOR),
        ("broken", "echo '{\"findings\": 3}' > \"$WP_RESULT_FILE\"\n"),
        ("writer", &format!("{CONTENT}echo x > wp-a/file\n")),
        ("silent", "true\n"),
        ("good", CONTENT),
        ("fine", CONTENT),
    ];
    let scratch = scene(&[Pkg::new("wp-a")], &agents);
    let words = run(&[
        "--reviewer",
        "broken,writer,silent",
        "--quorum",
        "1",
        "--json",
    ]);
    scratch.wp(&words).expect(1);
    let reasons = gate(&scratch, 1);
    assert!(
        reasons.contains(&("no-quorum".into(), "review:wp-a".into())),
        "{reasons:?}"
    );
    let shown = scratch.wp(&["review", "x", "--show"]).expect(1).stdout;
    for word in ["malformed", "wrote-to-tree", "missing"] {
        assert!(shown.contains(word), "{word}: {shown}");
    }
    // Others answer, and it goes on.
    scratch
        .wp(&["review", "x", "--reviewer", "good,fine"])
        .expect(0);
    let again = run(&["--reviewer", "good,fine", "--json"]);
    assert_eq!(scratch.wp(&again).expect(0).data()["result"], "merged");
    gate(&scratch, 0);
}

#[test]
fn nobody_who_reviews_is_missing_silently() {
    let scratch = scene(&[Pkg::new("wp-a")], &[]);
    scratch
        .wp(&["implement", "x", "--agent", "shell", "--reviewer", "nobody"])
        .expect(2);
    scratch
        .wp(&["implement", "x", "--agent", "shell"])
        .expect(0);
    gate(&scratch, 0);
    let none = scratch.wp(&["review", "x", "--show"]).expect(0).stdout;
    assert!(none.contains("nobody has reviewed anything yet"), "{none}");
}
