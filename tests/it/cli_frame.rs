//! What every verb has in common: one document, exit codes, help, quiet pipes.

use std::process::Stdio;

use super::support::Scratch;

#[test]
fn a_wrong_command_line_is_a_usage_error_in_both_forms() {
    let scratch = Scratch::new();
    for args in [
        &["nosuchverb"][..],
        &["completions", "--nosuch"],
        &["completions", "x"],
        &[],
    ] {
        let text = scratch.wp(args).expect(2);
        assert_eq!(text.stdout, "", "{args:?}");
        assert!(text.stderr.starts_with("error: "), "{}", text.stderr);
        assert!(text.stderr.contains("\nhint: "), "{}", text.stderr);
        let mut args = args.to_vec();
        args.push("--json");
        let document = scratch.wp(&args).expect(2).document();
        assert_eq!(document["error"]["code"], "usage", "{args:?}");
    }
}

#[test]
fn help_and_version_are_answers() {
    let scratch = Scratch::new();
    for args in [
        &["-h"][..],
        &["help"],
        &["help", "completions"],
        &["--version"],
    ] {
        let run = scratch.wp(args).expect(0);
        assert!(!run.stdout.is_empty() && run.stderr.is_empty(), "{args:?}");
    }
    let codes = scratch.wp(&["help", "exit-codes"]).expect(0).stdout;
    for code in [
        "0 ", "1 ", "2 ", "3 ", "4 ", "5 ", "6 ", "70 ", "75 ", "130 ",
    ] {
        assert!(codes.contains(&format!("\n    {code}")), "{code}");
    }
    scratch.wp(&["help", "nosuch"]).expect(2);
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let scratch = Scratch::new();
    let mut command = scratch.wp_command(&["man"]);
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    assert!(output.stderr.is_empty());
}

#[test]
fn manual_pages_are_written_for_every_verb() {
    let scratch = Scratch::new();
    let dir = scratch.beside("man");
    let data = scratch
        .wp(&["man", "--dir", dir.to_str().unwrap(), "--json"])
        .expect(0)
        .data();
    for page in data["pages"].as_array().unwrap() {
        let text = std::fs::read_to_string(dir.join(page.as_str().unwrap())).unwrap();
        assert!(text.contains(".SH NAME"), "{page}");
    }
    assert!(dir.join("git-wp.1").is_file());
}

#[test]
fn completions_exist_for_every_shell() {
    let scratch = Scratch::new();
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let script = scratch.wp(&["completions", shell]).expect(0).stdout;
        assert!(script.contains("completions"), "{shell}");
    }
}

#[test]
fn bash_completes_verbs_sub_verbs_and_values_also_behind_git() {
    let scratch = Scratch::new();
    let script = scratch.wp(&["completions", "bash"]).expect(0).stdout;
    let file = scratch.beside("completion.bash");
    std::fs::write(&file, script).unwrap();
    let ask = |words: &[&str]| {
        let line = words.iter().map(|word| format!("'{word}'"));
        let line: Vec<String> = line.collect();
        // As git's own completion calls it, and as bash calls it for the program itself.
        let asked = format!(
            "source {}; words=({}); cword={}; _git_wp; echo \"${{COMPREPLY[*]}}\"
            COMP_WORDS=(git-wp {}); COMP_CWORD={}
            _git__wp git-wp \"${{COMP_WORDS[COMP_CWORD]}}\" \"${{COMP_WORDS[COMP_CWORD-1]}}\"
            echo \"${{COMPREPLY[*]}}\"",
            file.display(),
            line.join(" "),
            words.len() - 1,
            line[2..].join(" "),
            words.len() - 2,
        );
        let output = std::process::Command::new("bash")
            .args(["-c", &asked])
            .output();
        // A machine without bash completes nothing in it.
        let output = output.ok()?;
        let text = String::from_utf8(output.stdout).unwrap();
        let answers: Vec<String> = text.lines().map(str::to_owned).collect();
        assert_eq!(answers[0], answers[1], "{words:?}");
        Some(answers[0].clone())
    };
    let Some(verbs) = ask(&["git", "wp", ""]) else {
        return;
    };
    let help = scratch.wp(&["-h"]).expect(0).stdout;
    let listed = help.lines().skip_while(|line| *line != "Commands:").skip(1);
    let listed = listed.take_while(|line| line.starts_with("  "));
    for verb in listed.filter_map(|line| line.split_whitespace().next()) {
        assert!(verbs.split(' ').any(|word| word == verb), "{verb}: {verbs}");
    }
    assert_eq!(ask(&["git", "wp", "impl"]).unwrap(), "implement");
    assert_eq!(ask(&["git", "wp", "task", "cl"]).unwrap(), "claim");
    let flag = ask(&["git", "wp", "implement", "--sched"]).unwrap();
    assert_eq!(flag, "--schedule-only");
    let formats = ask(&["git", "wp", "validate", "--plan-format", "team"]).unwrap();
    assert_eq!(formats, "team-plan");
}

#[test]
fn no_colour_reaches_a_pipe_unless_it_is_asked_for() {
    let scratch = Scratch::new();
    assert!(!scratch.wp(&["nosuch"]).stderr.contains('\u{1b}'));
    let asked = scratch.wp(&["--color", "always", "help", "nosuch"]);
    assert!(asked.stderr.contains('\u{1b}'));
}
