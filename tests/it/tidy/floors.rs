//! Who may import whom.

use std::collections::{BTreeMap, BTreeSet};

use super::Findings;
use super::source::{Line, Source, finds, lex, root, rust_files};

/// The floor of each top module, as `src/lib.rs` says, and which lie above the waterline.
pub(super) struct House {
    floors: BTreeMap<String, usize>,
    dry: BTreeSet<String>,
}

impl House {
    pub(super) fn read() -> House {
        let text = std::fs::read_to_string(root().join("src/lib.rs")).unwrap();
        let (mut floor, mut water) = (None, false);
        let mut house = House {
            floors: BTreeMap::new(),
            dry: BTreeSet::new(),
        };
        for line in text.lines() {
            if let Some(number) = line.strip_prefix("// F") {
                floor = Some(
                    number
                        .trim()
                        .parse()
                        .expect("a floor is `// F` and a number"),
                );
            } else if line.contains("waterline") {
                water = true;
            } else if let Some(name) = line.trim().strip_prefix("pub mod ") {
                let name = name.trim_end_matches(';').to_owned();
                let floor = floor.expect("a floor stands before the first module");
                if !water {
                    house.dry.insert(name.clone());
                }
                house.floors.insert(name, floor);
            }
        }
        assert!(
            house.floors.len() > 10 && !house.dry.is_empty(),
            "cannot read src/lib.rs"
        );
        house
    }

    /// True if the file is above the waterline.
    pub(super) fn is_dry(&self, path: &str) -> bool {
        top_module(path).is_some_and(|module| self.dry.contains(module))
    }
}

/// `scope` for `src/scope/set.rs`.
fn top_module(path: &str) -> Option<&str> {
    let inner = path.strip_prefix("src/")?;
    let name = inner.split('/').next()?;
    Some(name.trim_end_matches(".rs")).filter(|name| !matches!(*name, "lib" | "main"))
}

/// What follows `crate::` on this line and the next ones: the first names of each path.
fn crate_imports(lines: &[Line], at: usize) -> Vec<String> {
    imports_from("crate::", lines, at)
}

fn imports_from(root: &str, lines: &[Line], at: usize) -> Vec<String> {
    let mut out = Vec::new();
    let code = &lines[at].code;
    for column in finds(code, root) {
        let mut rest = code[column + root.len()..].to_owned();
        if !rest.starts_with('{') {
            out.push(name_at(&rest));
            continue;
        }
        for line in &lines[at + 1..] {
            if rest.contains(';') {
                break;
            }
            rest.push(' ');
            rest.push_str(&line.code);
        }
        let mut depth = 0;
        for (i, c) in rest.char_indices() {
            match c {
                '{' => depth += 1,
                '}' => depth -= 1,
                _ => {}
            }
            if depth == 1 && matches!(c, '{' | ',') {
                out.push(name_at(rest[i + 1..].trim_start()));
            }
            if depth == 0 {
                break;
            }
        }
    }
    out.retain(|name| !name.is_empty());
    out
}

fn name_at(text: &str) -> String {
    let is_name = |c: &char| c.is_alphanumeric() || *c == '_';
    text.chars().take_while(is_name).collect()
}

#[test]
fn modules_import_lower_floors_only() {
    let house = House::read();
    let mut findings = Findings::new(
        "a module imports lower floors only; siblings are blind to each other (DESIGN 4)",
        "move the shared type down (often to `model`), or let a higher floor compose the two",
    );
    for source in rust_files("src") {
        let Some(own) = top_module(&source.path) else {
            continue;
        };
        let Some(&floor) = house.floors.get(own) else {
            findings.say(&source.path, "is in no floor of src/lib.rs");
            continue;
        };
        for (i, line) in source.lines.iter().enumerate() {
            for name in crate_imports(&source.lines, i) {
                match house.floors.get(&name) {
                    Some(_) if name == own => {}
                    Some(&other) if other < floor => {}
                    Some(&other) => {
                        let what = format!("`{own}` (F{floor}) imports `{name}` (F{other})");
                        findings.at(&source, line, what);
                    }
                    None => findings.at(&source, line, format!("`crate::{name}` is no module")),
                }
            }
        }
    }
    findings.end();
}

#[test]
fn nothing_climbs_out_of_its_module() {
    let mut findings = Findings::new(
        "`super` stays inside the top module",
        "name other modules as `crate::module::Name`, so that the floor test sees them",
    );
    for source in rust_files("src") {
        let depth = source.path.trim_end_matches("/mod.rs").matches('/').count();
        for line in &source.lines {
            let nested = usize::from(line.code.starts_with("    ") && line.test);
            let climbs = longest_climb(&line.code);
            if climbs >= depth + nested && climbs > 0 {
                findings.at(&source, line, "climbs to the crate root");
            }
        }
    }
    findings.end();
}

fn longest_climb(code: &str) -> usize {
    (1..6)
        .take_while(|&n| code.contains(&"super::".repeat(n)))
        .count()
}

#[test]
fn files_import_each_other_in_one_direction() {
    let mut findings = Findings::new(
        "no import cycles between the files of a module",
        "move what both need into a file of its own",
    );
    let files = rust_files("src");
    let mut modules: BTreeMap<&str, Vec<&Source>> = BTreeMap::new();
    for source in &files {
        if let Some(module) = top_module(&source.path) {
            modules.entry(module).or_default().push(source);
        }
    }
    for (module, sources) in modules {
        let edges = file_edges(module, &sources);
        for cycle in cycles(&edges) {
            findings.say(&format!("src/{module}"), cycle.join(" -> "));
        }
    }
    findings.end();
}

/// For each file or folder directly inside a module those it imports; `mod.rs` and tests aside.
fn file_edges(module: &str, sources: &[&Source]) -> BTreeMap<String, BTreeSet<String>> {
    let prefix = format!("src/{module}/");
    let part = |path: &str| {
        let inner = path.strip_prefix(&prefix).unwrap_or(path);
        inner
            .split('/')
            .next()
            .unwrap_or(inner)
            .trim_end_matches(".rs")
            .to_owned()
    };
    let parts: BTreeSet<String> = sources.iter().map(|s| part(&s.path)).collect();
    let mut edges: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for source in sources {
        let own = part(&source.path);
        if own == "mod" {
            continue;
        }
        let direct = source.path.matches('/').count() == 2;
        let mut climbs = vec![format!("crate::{module}::")];
        climbs.push(if direct { "super::" } else { "super::super::" }.to_owned());
        let code = (0..source.lines.len()).filter(|i| !source.lines[*i].test);
        let names = code.flat_map(|i| {
            let from = move |climb| imports_from(climb, &source.lines, i);
            climbs.iter().flat_map(move |climb| from(climb))
        });
        let others = names.filter(|name| parts.contains(name) && *name != own);
        edges.entry(own.clone()).or_default().extend(others);
    }
    edges
}

/// One way round for each file that reaches itself, each cycle once.
fn cycles(edges: &BTreeMap<String, BTreeSet<String>>) -> Vec<Vec<String>> {
    let mut out: Vec<Vec<String>> = Vec::new();
    for start in edges.keys() {
        if out.iter().flatten().any(|name| name == start) {
            continue;
        }
        let mut seen: BTreeMap<&String, &String> = BTreeMap::new();
        let mut stack = vec![start];
        while let Some(at) = stack.pop() {
            for next in edges.get(at).into_iter().flatten() {
                if seen.contains_key(next) {
                    continue;
                }
                seen.insert(next, at);
                stack.push(next);
            }
        }
        if seen.contains_key(start) {
            let mut way = vec![start.clone()];
            let mut at = seen[start];
            while at != start {
                way.push(at.clone());
                at = seen[at];
            }
            way.push(start.clone());
            way.reverse();
            out.push(way);
        }
    }
    out
}

#[test]
fn the_reader_of_imports_sees_every_form() {
    let forms = [
        ("use crate::scope::Set;", vec!["scope"]),
        (
            "use crate::{graph::Graph, plan::{a, b}, scope};",
            vec!["graph", "plan", "scope"],
        ),
        (
            "let x = crate::os::clock(crate::git::y);",
            vec!["os", "git"],
        ),
        ("// use crate::os;", vec![]),
        (
            "let text = \"crate::os\"; let c = '\"'; crate::base::x();",
            vec!["base"],
        ),
        (
            "let raw = r#\"crate::os \" \"#; crate::model::x();",
            vec!["model"],
        ),
        (
            "use crate::{\n    engine::Engine,\n    state,\n};",
            vec!["engine", "state"],
        ),
    ];
    for (text, expected) in forms {
        let lines = lex(text);
        let found: Vec<String> = (0..lines.len())
            .flat_map(|i| crate_imports(&lines, i))
            .collect();
        assert_eq!(found, expected, "{text}");
    }
    let edges = |list: &[(&str, &str)]| {
        let mut map: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for (from, to) in list {
            map.entry((*from).to_owned())
                .or_default()
                .insert((*to).to_owned());
        }
        map
    };
    assert_eq!(
        cycles(&edges(&[("a", "b"), ("b", "c"), ("c", "b")])),
        [["b", "c", "b"]]
    );
    assert!(cycles(&edges(&[("a", "b"), ("a", "c"), ("b", "c")])).is_empty());
}
