//! Sizes, heads, and words that have no place in finished code.

use std::fs;

use super::Findings;
use super::source::{Line, Source, finds, item_end, relative, root, rust_files, walk};

const FILE_LINES_MAX: usize = 400;
const FUNCTION_LINES_MAX: usize = 60;
const COLUMNS_MAX: usize = 100;
const HEAD_LINES_MAX: usize = 8;

fn all_files() -> Vec<Source> {
    let mut all = rust_files("src");
    all.extend(rust_files("tests"));
    all.extend(rust_files("benches"));
    all
}

#[test]
fn every_file_begins_with_what_it_is() {
    let mut findings = Findings::new(
        "every file begins with a `//!` head of a few lines",
        "say what the file is, what it promises, what it must not do",
    );
    for source in all_files() {
        let head = source
            .lines
            .iter()
            .map_while(|l| l.text.strip_prefix("//!"));
        let head = without_drawings(head);
        let map = source.path == "src/lib.rs";
        if !map && (head == 0 || head > HEAD_LINES_MAX) {
            findings.say(&source.path, format!("has a head of {head} lines"));
        }
    }
    findings.end();
}

/// The number of lines of prose: what draws a tree may be long.
fn without_drawings<'a>(head: impl Iterator<Item = &'a str>) -> usize {
    let mut drawing = false;
    head.filter(|line| {
        let fence = line.trim_start().starts_with("```");
        drawing ^= fence;
        !fence && !drawing && !line.trim().is_empty()
    })
    .count()
}

#[test]
fn files_functions_and_lines_stay_small() {
    let mut findings = Findings::new(
        "400 lines per file without tests, 60 per function, 100 columns per line",
        "split where the names are good",
    );
    for source in all_files() {
        let own = source.lines.iter().filter(|line| !line.test).count();
        if own > FILE_LINES_MAX {
            findings.say(&source.path, format!("has {own} lines"));
        }
        for line in &source.lines {
            let columns = line.text.chars().count();
            // rustfmt cannot break a text, and we do not ask people to.
            let quotes = line.inside || line.text.contains('"');
            if columns > COLUMNS_MAX && !quotes {
                findings.at(&source, line, format!("has {columns} columns"));
            }
        }
        for (i, line) in source.lines.iter().enumerate() {
            if line.test || !begins_function(line) {
                continue;
            }
            let length = item_end(&source.lines, i) - i + 1;
            if length > FUNCTION_LINES_MAX {
                findings.at(
                    &source,
                    line,
                    format!("begins a function of {length} lines"),
                );
            }
        }
    }
    findings.end();
}

fn begins_function(line: &Line) -> bool {
    let mut code = line.code.trim_start();
    for word in [
        "pub(super) ",
        "pub(crate) ",
        "pub ",
        "const ",
        "async ",
        "unsafe ",
    ] {
        code = code.strip_prefix(word).unwrap_or(code);
    }
    code.starts_with("fn ")
}

#[test]
fn finished_code_holds_no_loose_ends() {
    let mut findings = Findings::new(
        "no unwrap outside tests, no `allow`, no notes to oneself, no glob imports",
        "return the error, prove it with `expect(\"why\")`, or do what the note says",
    );
    let notes = [
        concat!("TO", "DO"),
        concat!("FIX", "ME"),
        concat!("XX", "X"),
        concat!("HA", "CK"),
    ];
    let macros = ["todo!", "unimplemented!", "dbg!"];
    for source in all_files() {
        for line in &source.lines {
            // The name of a file of projects that use team-implement is no note.
            let text = line.text.replace(concat!("TO", "DO.md"), "");
            for note in notes.iter().filter(|n| !finds(&text, n).is_empty()) {
                findings.at(&source, line, format!("holds `{note}`"));
            }
            if line.code.contains("#[allow(") || line.code.contains("#![allow(") {
                findings.at(&source, line, "use `#[expect(lint, reason = \"...\")]`");
            }
            if line.test {
                continue;
            }
            for word in macros.iter().filter(|w| !finds(&line.code, w).is_empty()) {
                findings.at(&source, line, format!("holds `{word}`"));
            }
            if line.code.contains(".unwrap()") {
                findings.at(&source, line, "unwraps");
            }
            let import = line.code.trim_start().trim_start_matches("pub ");
            if import.starts_with("use ") && import.contains("::*") {
                findings.at(&source, line, "imports everything");
            }
        }
    }
    findings.end();
}

#[test]
fn nothing_names_the_machine_it_was_written_on() {
    let mut findings = Findings::new(
        "no path of one machine stands in the repository",
        "use a path relative to the repository, or a temporary folder",
    );
    let machine = [
        concat!("/wo", "rk/"),
        concat!("/tmp", "/h/"),
        concat!("/ro", "ot/"),
    ];
    let mut files = Vec::new();
    for folder in ["src", "tests", "benches", "hooks", "schemas", ".ci"] {
        walk(&root().join(folder), &mut files);
    }
    let top = fs::read_dir(root())
        .unwrap()
        .map(|entry| entry.unwrap().path());
    files.extend(top.filter(|path| path.is_file()));
    files.sort();
    for file in files {
        let Ok(text) = fs::read_to_string(&file) else {
            continue;
        };
        for (i, line) in text.lines().enumerate() {
            let begins = |at: usize| {
                !line[..at].ends_with(|c: char| c.is_alphanumeric() || "/_-.}>".contains(c))
            };
            let named = |path: &&&str| line.match_indices(**path).any(|(at, _)| begins(at));
            for path in machine.iter().filter(named) {
                findings.say(
                    &format!("{}:{}", relative(&file), i + 1),
                    format!("names `{path}`"),
                );
            }
        }
    }
    findings.end();
}

#[test]
fn every_test_file_is_run() {
    let mut findings = Findings::new(
        "every file in tests/it is a module of tests/it/main.rs",
        "add `mod name;` there",
    );
    let main = fs::read_to_string(root().join("tests/it/main.rs")).unwrap();
    for entry in fs::read_dir(root().join("tests/it")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        let listed = main
            .lines()
            .any(|line| line.trim() == format!("mod {name};"));
        if name != "main" && !listed {
            findings.say(&relative(&path), "is not compiled");
        }
    }
    findings.end();
}
