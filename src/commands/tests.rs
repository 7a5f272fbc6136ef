//! The command line as a whole: every verb says what it is, every argument too, and shows how it
//! is used.

use super::command;

/// Does something with every verb that people see, and its path, the program itself first.
fn walk(command: &clap::Command, path: &str, look: &mut dyn FnMut(&str, &clap::Command)) {
    look(path, command);
    for verb in command.get_subcommands().filter(|verb| !verb.is_hide_set()) {
        walk(verb, &format!("{path} {}", verb.get_name()), look);
    }
}

fn every_verb(look: &mut dyn FnMut(&str, &clap::Command)) {
    let mut command = command();
    command.build();
    walk(&command, "git wp", look);
}

#[test]
fn clap_finds_nothing_wrong_with_the_command_line() {
    command().debug_assert();
}

#[test]
fn every_verb_and_every_argument_says_what_it_is() {
    let mut seen = 0;
    every_verb(&mut |path, verb| {
        seen += 1;
        let about = verb.get_about().map(ToString::to_string);
        let about = about.unwrap_or_default();
        assert!(!about.is_empty(), "{path} says nothing of itself");
        for argument in verb.get_arguments() {
            let help = argument.get_help().map(ToString::to_string);
            let help = help.unwrap_or_default();
            let id = argument.get_id();
            assert!(!help.is_empty(), "{path}: `{id}` says nothing of itself");
            assert!(!help.ends_with('.'), "{path}: `{id}` ends with a full stop");
        }
    });
    assert!(seen > 50, "{seen}");
}

#[test]
fn every_verb_shows_how_it_is_used() {
    every_verb(&mut |path, verb| {
        let after = verb.get_after_help().map(ToString::to_string);
        let after = after.unwrap_or_default();
        let shown: Vec<&str> = { after.lines() }
            .filter_map(|line| line.strip_prefix("  "))
            .filter(|line| !line.starts_with(' '))
            .collect();
        assert!(!shown.is_empty(), "{path} shows no example");
        let head = match shown.len() {
            1 => "Example:\n",
            _ => "Examples:\n",
        };
        assert!(after.contains(head), "{path}: {after}");
        for line in shown {
            let names = line == path || line.starts_with(&format!("{path} "));
            assert!(names, "{path} shows another command: {line}");
            assert!(line.chars().count() <= 96, "{path}: too long: {line}");
        }
    });
}
