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
fn no_colour_reaches_a_pipe_unless_it_is_asked_for() {
    let scratch = Scratch::new();
    assert!(!scratch.wp(&["nosuch"]).stderr.contains('\u{1b}'));
    let asked = scratch.wp(&["--color", "always", "help", "nosuch"]);
    assert!(asked.stderr.contains('\u{1b}'));
}
