//! `git wp skill` through the binary: what it writes, leaves alone and takes out.

use std::fs;

use git_wp::base::json::Value;

use crate::support::Scratch;

fn states(data: &Value) -> Vec<&str> {
    let files = data["files"].as_array().unwrap();
    files
        .iter()
        .map(|file| file["state"].as_str().unwrap())
        .collect()
}

#[test]
fn skills_are_written_once_kept_and_taken_out() {
    let scratch = Scratch::new();
    let before = scratch.belongings();
    let list = scratch
        .wp(&["skill", "install", "--list", "--json"])
        .expect(0)
        .data();
    assert_eq!(states(&list), ["absent"; 10]);
    assert_eq!(scratch.belongings(), before);

    let data = scratch.wp(&["skill", "install", "--json"]).expect(0).data();
    assert_eq!(states(&data), ["written"; 10]);
    let path = scratch
        .path()
        .join(".claude/skills/team-implement/SKILL.md");
    let text = fs::read_to_string(&path).unwrap();
    assert!(
        text.starts_with("---\nname: team-implement\ndescription: "),
        "{text}"
    );
    assert!(
        scratch
            .path()
            .join(".agents/skills/orchestrate/SKILL.md")
            .exists()
    );
    let program = env!("CARGO_BIN_EXE_git-wp");
    let lines = data["mcp"].as_array().unwrap();
    assert_eq!(lines.len(), 8);
    for line in lines {
        assert!(line["text"].as_str().unwrap().contains(program), "{line}");
    }
    let after = scratch.belongings();
    let again = scratch.wp(&["skill", "install", "--json"]).expect(0).data();
    assert_eq!(states(&again), ["unchanged"; 10]);
    assert_eq!(scratch.belongings(), after);

    fs::write(&path, text.clone() + "\n## Ours\n").unwrap();
    let old = scratch.path().join(".claude/skills/orchestrate/SKILL.md");
    let outdated = fs::read_to_string(&old)
        .unwrap()
        .replace("# Orchestrate", "# Older");
    fs::write(&old, outdated).unwrap();
    let data = scratch
        .wp(&["skill", "install", "--agent", "claude", "--json"])
        .expect(0)
        .data();
    let expected = [
        "unchanged",
        "unchanged",
        "updated",
        "unchanged",
        "unchanged",
    ];
    assert_eq!(states(&data), expected);
    assert_eq!(data["mcp"].as_array().unwrap().len(), 1);
    scratch.wp(&["skill", "install", "--uninstall"]).expect(0);
    let left = fs::read_to_string(&path).unwrap();
    assert!(
        left.contains("## Ours") && !left.contains("git wp"),
        "{left}"
    );
    fs::remove_file(&path).unwrap();
    for folder in [".claude/skills/team-implement", ".claude/skills", ".claude"] {
        fs::remove_dir(scratch.path().join(folder)).unwrap();
    }
    assert_eq!(scratch.belongings(), before);
    assert!(!scratch.path().join(".agents").exists());
}

#[test]
fn files_of_others_are_never_touched() {
    let scratch = Scratch::new();
    let mine = ".claude/skills/orchestrate/SKILL.md";
    scratch.write(mine, "---\nname: orchestrate\n---\nmy own\n");
    let linked = scratch.path().join(".claude/skills/team-implement");
    fs::create_dir_all(&linked).unwrap();
    std::os::unix::fs::symlink("../../../README", linked.join("SKILL.md")).unwrap();
    for args in [
        &["skill", "install"][..],
        &["skill", "install", "--uninstall"],
    ] {
        let args = [args, &["--agent", "claude", "--json"]].concat();
        let data = scratch.wp(&args).expect(1).data();
        let foreign = states(&data)
            .into_iter()
            .filter(|s| s.starts_with("not ours"));
        assert_eq!(foreign.count(), 2);
        let text = fs::read_to_string(scratch.path().join(mine)).unwrap();
        assert!(text.ends_with("my own\n"));
        assert_eq!(
            fs::read_to_string(scratch.path().join("README")).unwrap(),
            "hello\n"
        );
    }
}

#[test]
fn a_home_has_its_own_and_a_room_has_none() {
    let scratch = Scratch::new();
    let before = scratch.belongings();
    let args = [
        "skill", "install", "--user", "--agent", "copilot", "claude", "--json",
    ];
    scratch.wp(&args).expect(0);
    for folder in [".copilot", ".claude"] {
        let path = scratch.beside("home").join(folder);
        assert!(path.join("skills/parallel-plan-feature/SKILL.md").exists());
    }
    assert_eq!(scratch.belongings(), before);
    let mut inside = scratch.wp_command(&args);
    inside.env("WP_ATTEMPT", "a1");
    crate::support::run(inside).expect(5);
    scratch
        .wp(&["skill", "install", "--agent", "nobody"])
        .expect(2);
}
