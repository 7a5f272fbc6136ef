//! Foreign crates and dangerous words live in one place each.

use super::Findings;
use super::floors::House;
use super::source::{finds, rust_files};

/// A word of code and the only files or folders that may hold it.
struct Home {
    word: &'static str,
    places: &'static [&'static str],
}

const fn home(word: &'static str, places: &'static [&'static str]) -> Home {
    Home { word, places }
}

const WORDS: &[Home] = &[
    home("Command::new", &["src/os/"]),
    home("SystemTime::now", &["src/os/clock.rs"]),
    home("Instant::now", &["src/os/clock.rs"]),
    home("std::env", &["src/config/", "src/main.rs"]),
    home("env::var", &["src/config/", "src/main.rs"]),
    home("env::args", &["src/config/", "src/main.rs"]),
    home("println!", &["src/commands/ui.rs"]),
    home("eprintln!", &["src/commands/ui.rs"]),
    home("print!", &["src/commands/ui.rs"]),
    home("eprint!", &["src/commands/ui.rs"]),
    home("stdout()", &["src/commands/ui.rs", "src/os/terminal.rs"]),
    home("stderr()", &["src/commands/ui.rs", "src/os/terminal.rs"]),
    home("process::exit", &["src/main.rs"]),
];

const CRATES: &[Home] = &[
    home("clap", &["src/commands/", "src/main.rs"]),
    home("clap_complete", &["src/commands/"]),
    home("clap_mangen", &["src/commands/"]),
    home("fs2", &["src/os/"]),
    home("gix", &["src/git/"]),
    home("globset", &["src/scope/"]),
    home("jiff", &["src/base/time.rs"]),
    home("jsonschema", &["src/plan/"]),
    home("landlock", &["src/os/"]),
    home("libyaml_safer", &["src/plan/"]),
    home("oas3", &["src/plan/"]),
    home("petgraph", &["src/graph/"]),
    home("rmcp", &["src/commands/mcp/"]),
    home("rustix", &["src/os/"]),
    home("serde_json", &["src/base/json.rs"]),
    home("serde_yaml", &["src/plan/"]),
    home("sha2", &["src/base/hash.rs"]),
    home("signal_hook", &["src/os/"]),
    home("similar", &["src/report/"]),
    home("tempfile", &["src/os/"]),
    home("tokio", &["src/commands/mcp/"]),
    home("toml", &["src/config/"]),
];

/// Above the waterline none of these has a home.
const WET: &[&str] = &[
    "std::fs",
    "std::process",
    "std::net",
    "std::thread",
    "std::os",
];

#[test]
fn dangerous_words_and_foreign_crates_stay_at_home() {
    let mut findings = Findings::new(
        "each dangerous word and each foreign crate has one home (DESIGN 4)",
        "call the wrapper in its home, or add one there",
    );
    for source in rust_files("src") {
        let away = |home: &&Home| !home.places.iter().any(|p| source.path.starts_with(p));
        for line in source.lines.iter().filter(|line| !line.test) {
            for home in WORDS.iter().filter(away) {
                if !finds(&line.code, home.word).is_empty() {
                    let place = home.places.join(" or ");
                    findings.at(&source, line, format!("`{}` belongs in {place}", home.word));
                }
            }
            for home in CRATES
                .iter()
                .filter(away)
                .filter(|h| uses(&line.code, h.word))
            {
                let place = home.places.join(" or ");
                findings.at(&source, line, format!("`{}` belongs in {place}", home.word));
            }
        }
    }
    findings.end();
}

/// True if the line names something of the crate: `name::` that is no part of a longer path.
fn uses(code: &str, name: &str) -> bool {
    let path = format!("{name}::");
    finds(code, &path)
        .into_iter()
        .any(|at| !code[..at].ends_with("::"))
}

#[test]
fn only_one_file_knows_the_program_git() {
    let mut findings = Findings::new(
        "the program name `git` stands in src/git/cmd.rs only",
        "run git through `git::cmd`, whose allowlist and options every call needs",
    );
    for source in rust_files("src") {
        // The guard reads command lines of others; it starts nothing.
        if source.path == "src/git/cmd.rs" || source.path.starts_with("src/guard/") {
            continue;
        }
        for line in source.lines.iter().filter(|line| !line.test) {
            // The JSON field `git` of a result is another word.
            let field = source.path == "src/agent/result_file.rs";
            if !field && line.strings.iter().any(|text| text == "git") {
                findings.at(&source, line, "names the program");
            }
        }
    }
    findings.end();
}

#[test]
fn nothing_above_the_waterline_touches_the_world() {
    let house = House::read();
    let mut findings = Findings::new(
        "above the waterline there is no disk, clock, process, environment or git",
        "take the value as an argument; the floor that may look hands it in",
    );
    for source in rust_files("src").iter().filter(|s| house.is_dry(&s.path)) {
        for line in source.lines.iter().filter(|line| !line.test) {
            for word in WET.iter().filter(|w| !finds(&line.code, w).is_empty()) {
                findings.at(source, line, format!("uses `{word}`"));
            }
        }
    }
    findings.end();
}
