//! Which surfaces a tree has: one rule per surface, a function of the list of files and of what is
//! in some of them. Looks at what was built, never at what an agent says was built.

use crate::base::RepoPath;
use crate::base::json::{self, Value};

/// Gives the text of a file of the tree; `None` if it has none.
pub type Read<'a> = dyn Fn(&str) -> Option<String> + 'a;

/// The files of a tree, and what is in them.
#[derive(Clone, Copy)]
pub struct Tree<'a> {
    /// Every path.
    pub files: &'a [RepoPath],
    /// Their texts.
    pub read: &'a Read<'a>,
}

/// Files of one kind that are looked into.
const LOOKED_INTO_MAX: usize = 400;
/// Folders in which nothing is what the project itself built.
const FOREIGN: [&str; 7] = [
    ".git",
    "dist",
    "node_modules",
    "target",
    "third_party",
    "vendor",
    "venv",
];
/// Folders of tests and examples: what they use, the project need not offer.
const BESIDE: [&str; 6] = ["examples", "fixtures", "test", "tests", "docs", "benches"];

const WEB_PACKAGES: [&str; 12] = [
    "@angular/core",
    "@remix-run/react",
    "@sveltejs/kit",
    "astro",
    "gatsby",
    "next",
    "nuxt",
    "preact",
    "react-dom",
    "solid-js",
    "svelte",
    "vue",
];
const API_PACKAGES: [&str; 8] = [
    "@hapi/hapi",
    "@nestjs/core",
    "apollo-server",
    "express",
    "fastify",
    "hono",
    "koa",
    "restify",
];
const CLI_PACKAGES: [&str; 6] = ["@oclif/core", "cac", "citty", "commander", "meow", "yargs"];
const API_CRATES: [&str; 6] = ["actix-web", "axum", "poem", "rocket", "tonic", "warp"];
const CLI_CRATES: [&str; 5] = ["argh", "bpaf", "clap", "lexopt", "pico-args"];
const API_PYTHON: [&str; 7] = [
    "from django",
    "from fastapi",
    "from flask",
    "from sanic",
    "from starlette",
    "import fastapi",
    "import flask",
];
const CLI_PYTHON: [&str; 5] = [
    "import argparse",
    "import click",
    "from click",
    "import typer",
    "from typer",
];

/// What shows a web interface.
pub(super) fn web(tree: Tree<'_>) -> Vec<String> {
    let mut seen = Vec::new();
    for path in tree.own() {
        match name(&path) {
            "index.html" | "index.htm" => seen.push(path),
            "package.json" => {
                let found = tree.npm(&path, &WEB_PACKAGES);
                seen.extend(found.map(|package| format!("{path}: {package}")));
            }
            _ => {}
        }
    }
    seen
}

/// What shows an API.
pub(super) fn api(tree: Tree<'_>) -> Vec<String> {
    let mut seen = Vec::new();
    for path in tree.own() {
        match name(&path) {
            "package.json" => {
                let found = tree.npm(&path, &API_PACKAGES);
                seen.extend(found.map(|package| format!("{path}: {package}")));
            }
            "Cargo.toml" => {
                let found = tree.cargo(&path, &API_CRATES);
                seen.extend(found.map(|package| format!("{path}: {package}")));
            }
            file if is_openapi_name(file) => {
                let text = (tree.read)(&path).unwrap_or_default();
                let head: Vec<&str> = text.lines().take(20).map(str::trim_start).collect();
                let says = |word: &str| head.iter().any(|line| line.starts_with(word));
                if says("openapi:")
                    || says("swagger:")
                    || says("\"openapi\"")
                    || says("\"swagger\"")
                {
                    seen.push(path);
                }
            }
            file if file.ends_with(".proto") => {
                let text = (tree.read)(&path).unwrap_or_default();
                if text
                    .lines()
                    .any(|line| line.trim_start().starts_with("service "))
                {
                    seen.push(path);
                }
            }
            file if file.ends_with(".py") => {
                let found = tree.python(&path, &API_PYTHON);
                seen.extend(found.map(|line| format!("{path}: {line}")));
            }
            _ => {}
        }
    }
    seen
}

/// What shows a command line.
pub(super) fn cli(tree: Tree<'_>) -> Vec<String> {
    let mut seen = Vec::new();
    for path in tree.own() {
        match name(&path) {
            "package.json" => {
                let bin = tree
                    .json(&path)
                    .is_some_and(|value| !value["bin"].is_null());
                seen.extend(bin.then(|| format!("{path}: bin")));
                let found = tree.npm(&path, &CLI_PACKAGES);
                seen.extend(found.map(|package| format!("{path}: {package}")));
            }
            "Cargo.toml" => {
                let text = (tree.read)(&path).unwrap_or_default();
                let bin = text.lines().any(|line| line.trim() == "[[bin]]");
                seen.extend(bin.then(|| format!("{path}: [[bin]]")));
                let found = tree.cargo(&path, &CLI_CRATES);
                seen.extend(found.map(|package| format!("{path}: {package}")));
            }
            "pyproject.toml" | "setup.cfg" | "setup.py" => {
                let text = (tree.read)(&path).unwrap_or_default();
                let words = [
                    "console_scripts",
                    "[project.scripts]",
                    "[tool.poetry.scripts]",
                ];
                let found = words.into_iter().find(|word| text.contains(word));
                seen.extend(found.map(|word| format!("{path}: {word}")));
            }
            file if file.ends_with(".py") => {
                let found = tree.python(&path, &CLI_PYTHON);
                seen.extend(found.map(|line| format!("{path}: {line}")));
            }
            _ if is_program_folder(&path) => seen.push(path),
            _ => {}
        }
    }
    seen
}

impl<'a> Tree<'a> {
    /// Paths of the project's own code, as text.
    fn own(self) -> impl Iterator<Item = String> + use<'a> {
        let texts = self
            .files
            .iter()
            .filter_map(RepoPath::to_str)
            .map(str::to_owned);
        texts
            .filter(|path| {
                let mut folders: Vec<&str> = path.split('/').collect();
                folders.pop();
                let is_left_out =
                    |folder: &&str| FOREIGN.contains(folder) || BESIDE.contains(folder);
                !folders.iter().any(is_left_out)
            })
            .take(LOOKED_INTO_MAX * 50)
    }

    fn json(self, path: &str) -> Option<Value> {
        json::parse((self.read)(path)?.as_bytes()).ok()
    }

    /// The first of these packages that a `package.json` needs at run time.
    fn npm(self, path: &str, packages: &[&'static str]) -> Option<&'static str> {
        let value = self.json(path)?;
        let needs = value["dependencies"].as_object()?;
        packages
            .iter()
            .find(|package| needs.contains_key(**package))
            .copied()
    }

    /// The first of these crates that a `Cargo.toml` needs.
    fn cargo(self, path: &str, crates: &[&'static str]) -> Option<&'static str> {
        let text = (self.read)(path)?;
        let mut is_needs = false;
        for line in text.lines().map(str::trim) {
            if line.starts_with('[') {
                is_needs = matches!(line, "[dependencies]" | "[workspace.dependencies]");
                let table = line.strip_prefix("[dependencies.");
                let table = table.and_then(|name| name.strip_suffix(']'));
                let found = crates.iter().find(|name| table == Some(**name));
                if found.is_some() {
                    return found.copied();
                }
                continue;
            }
            let key = line.split(['=', '.']).next().unwrap_or_default().trim();
            let found = crates
                .iter()
                .find(|name| is_needs && **name == key.trim_matches('"'));
            if found.is_some() {
                return found.copied();
            }
        }
        None
    }

    /// The first line of a Python file that begins so.
    fn python(self, path: &str, begins: &[&'static str]) -> Option<&'static str> {
        let text = (self.read)(path)?;
        let lines = text.lines().take(80);
        let mut found = lines.filter_map(|line| begins.iter().find(|begin| starts(line, begin)));
        found.next().copied()
    }
}

/// True if a line begins with these words, and the last one ends there.
fn starts(line: &str, words: &str) -> bool {
    let rest = line.strip_prefix(words);
    rest.is_some_and(|rest| !rest.starts_with(|c: char| c.is_alphanumeric() || c == '_'))
}

fn name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

fn is_openapi_name(file: &str) -> bool {
    let stem = file.to_ascii_lowercase();
    let is_data = [".json", ".yaml", ".yml"]
        .iter()
        .any(|end| stem.ends_with(end));
    is_data && (stem.contains("openapi") || stem.contains("swagger") || stem == "v1.yaml")
}

/// A program without an ending in a `bin` folder.
fn is_program_folder(path: &str) -> bool {
    let mut parts = path.rsplit('/');
    let file = parts.next().unwrap_or_default();
    parts.next() == Some("bin") && (!file.contains('.') || file.ends_with(".sh"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(detector: fn(Tree<'_>) -> Vec<String>, files: &[(&str, &str)]) -> Vec<String> {
        let paths: Vec<RepoPath> = files
            .iter()
            .map(|(path, _)| RepoPath::from(*path))
            .collect();
        let read = |path: &str| {
            let found = files.iter().find(|(name, _)| *name == path);
            found.map(|(_, text)| (*text).to_owned())
        };
        detector(Tree {
            files: &paths,
            read: &read,
        })
    }

    #[test]
    fn a_web_interface_is_seen_by_its_framework_or_its_page() {
        let react = r#"{"dependencies": {"react-dom": "19"}}"#;
        assert_eq!(
            seen(web, &[("ui/package.json", react)]),
            ["ui/package.json: react-dom"]
        );
        assert_eq!(
            seen(web, &[("public/index.html", "")]),
            ["public/index.html"]
        );
        for (path, text) in [
            (
                "package.json",
                r#"{"devDependencies": {"react-dom": "19"}}"#,
            ),
            ("package.json", r#"{"dependencies": {"left-pad": "1"}}"#),
            ("package.json", "not JSON"),
            ("node_modules/x/index.html", ""),
            ("docs/index.html", ""),
            ("index.html.md", ""),
        ] {
            assert_eq!(seen(web, &[(path, text)]), [""; 0], "{path} {text}");
        }
    }

    #[test]
    fn an_api_is_seen_by_its_description_or_its_framework() {
        for (path, text, what) in [
            (
                "api/openapi.yaml",
                "# x\nopenapi: 3.1.0\n",
                "api/openapi.yaml",
            ),
            ("swagger.json", "{\n  \"swagger\": \"2.0\"}", "swagger.json"),
            ("p/a.proto", "service Shelf {}\n", "p/a.proto"),
            (
                "package.json",
                r#"{"dependencies": {"express": "5"}}"#,
                "package.json: express",
            ),
            (
                "Cargo.toml",
                "[dependencies]\naxum = \"0.8\"\n",
                "Cargo.toml: axum",
            ),
            (
                "Cargo.toml",
                "[dependencies.warp]\nversion = \"1\"\n",
                "Cargo.toml: warp",
            ),
            (
                "app/main.py",
                "from fastapi import FastAPI\n",
                "app/main.py: from fastapi",
            ),
        ] {
            assert_eq!(seen(api, &[(path, text)]), [what]);
        }
        for (path, text) in [
            ("openapi.yaml", "title: how we use openapi\n"),
            ("a.proto", "message Shelf {}\n"),
            ("Cargo.toml", "[dev-dependencies]\naxum = \"0.8\"\n"),
            ("Cargo.toml", "[dependencies]\naxum-extra = \"0.8\"\n"),
            ("tests/client.py", "from flask import Flask\n"),
            ("main.py", "from flasky import x\n"),
        ] {
            assert_eq!(seen(api, &[(path, text)]), [""; 0], "{path} {text}");
        }
    }

    #[test]
    fn a_command_line_is_seen_by_what_is_installed_or_what_reads_arguments() {
        for (path, text, what) in [
            ("package.json", r#"{"bin": "cli.js"}"#, "package.json: bin"),
            (
                "package.json",
                r#"{"dependencies": {"commander": "1"}}"#,
                "package.json: commander",
            ),
            (
                "Cargo.toml",
                "[[bin]]\nname = \"x\"\n",
                "Cargo.toml: [[bin]]",
            ),
            (
                "Cargo.toml",
                "[dependencies]\nclap.workspace = true\n",
                "Cargo.toml: clap",
            ),
            (
                "pyproject.toml",
                "[project.scripts]\nx = \"x:main\"\n",
                "pyproject.toml: [project.scripts]",
            ),
            (
                "setup.py",
                "entry_points={'console_scripts': []}",
                "setup.py: console_scripts",
            ),
            (
                "x/__main__.py",
                "import argparse\n",
                "x/__main__.py: import argparse",
            ),
            ("bin/shelf", "#!/bin/sh\n", "bin/shelf"),
        ] {
            assert_eq!(seen(cli, &[(path, text)]), [what]);
        }
        for (path, text) in [
            ("package.json", r#"{"dependencies": {"react": "1"}}"#),
            ("Cargo.toml", "[dependencies]\nserde = \"1\"\n"),
            ("lib.py", "import argparsing\n"),
            ("bin/readme.md", ""),
            ("tests/bin/shelf", ""),
        ] {
            assert_eq!(seen(cli, &[(path, text)]), [""; 0], "{path} {text}");
        }
    }
}
