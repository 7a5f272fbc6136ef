//! The `id` / `tasks` / `dependencies` dialect: turned into the full form before it is read.
//!
//! Names are changed, places stay. What has no counterpart stays too and is reported as not read.

use crate::base::json::Value;
use crate::plan::node::{Data, Entry, Node, Span};

/// Old name, new name, at the level of a package.
const PACKAGE: [(&str, &str); 3] = [
    ("id", "package_id"),
    ("name", "title"),
    ("dependencies", "depends_on"),
];

/// True if packages of `root` are written in the simple dialect.
pub(super) fn is_simple(root: &Node) -> bool {
    let packages = root.get("packages").map_or(&[][..], Node::items);
    let has = |name: &str| packages.iter().any(|package| package.get(name).is_some());
    let headed = root.get("feature").is_none() && root.get("change_id").is_some();
    !has("package_id") && (has("id") || (headed && packages.is_empty()))
}

/// The schema of the dialect: the full one, where only an id and a list of packages are needed.
pub(super) fn relax(schema: &Value) -> Value {
    let mut schema = schema.clone();
    loosen(&mut schema);
    let mut need = |pointer: &str, names: &[&str]| {
        if let Some(object) = schema.pointer_mut(pointer).and_then(Value::as_object_mut) {
            let names = names.iter().map(|n| Value::from(*n)).collect();
            object.insert("required".to_owned(), Value::Array(names));
        }
    };
    need("", &["packages"]);
    need("/$defs/Package", &["package_id"]);
    need("/$defs/Step", &["kind"]);
    // One package is still the least that can be run.
    if let Some(packages) = schema.pointer_mut("/properties/packages") {
        packages["minItems"] = Value::from(1);
    }
    schema
}

fn loosen(schema: &mut Value) {
    match schema {
        Value::Object(object) => {
            if object.contains_key("allOf") {
                return;
            }
            for keyword in ["required", "minItems", "maxLength", "pattern"] {
                object.shift_remove(keyword);
            }
            object.values_mut().for_each(loosen);
        }
        Value::Array(items) => items.iter_mut().for_each(loosen),
        _ => {}
    }
}

/// Renames what the dialect calls differently; `text` is the file the tree was read from.
pub(super) fn normalise(root: &mut Node, text: &[u8]) {
    let Data::Map(entries) = &mut root.data else {
        return;
    };
    entries.retain(|e| !matches!(e.key.as_str(), "schema_version" | "version"));
    let feature = entries.iter().any(|e| e.key == "feature");
    for entry in &mut *entries {
        match (entry.key.as_str(), &mut entry.value.data) {
            ("change_id", _) if !feature => head(entry),
            ("packages", Data::List(packages)) => {
                for package in packages {
                    normalise_package(package, text);
                }
            }
            _ => {}
        }
    }
}

/// `change_id: x` becomes `feature: {id: x}`.
fn head(entry: &mut Entry) {
    let span = entry.value.span;
    let id = std::mem::replace(
        &mut entry.value,
        Node {
            span,
            data: Data::Null,
        },
    );
    let inner = Entry {
        key: "id".to_owned(),
        key_span: entry.key_span,
        value: id,
    };
    entry.key = "feature".to_owned();
    entry.value.data = Data::Map(vec![inner]);
}

fn normalise_package(package: &mut Node, text: &[u8]) {
    let Data::Map(entries) = &mut package.data else {
        return;
    };
    rename(entries, &PACKAGE);
    let tasks = take(entries, "tasks").map(|entry| (entry.key_span, list(&entry.value, text)));
    let acceptance = take(entries, "acceptance").map(|e| (e.key_span, list(&e.value, text)));
    for (head, block) in [("Tasks:", tasks), ("Acceptance:", acceptance)] {
        if let Some((span, lines)) = block {
            describe(entries, head, &lines, span);
        }
    }
    let command = take(entries, "test_command");
    for entry in &mut *entries {
        match (entry.key.as_str(), &mut entry.value.data) {
            ("package_id", _) => worded(&mut entry.value, text),
            ("depends_on", Data::List(items)) => {
                for item in items {
                    worded(item, text);
                }
            }
            ("scope", Data::Map(lists)) => rename(lists, &[("write_deny", "deny")]),
            ("verification", Data::Text(_)) => verify(&mut entry.value),
            _ => {}
        }
    }
    if let Some(command) = command {
        test(entries, command);
    }
}

/// Renames entries unless the new name is taken.
fn rename(entries: &mut [Entry], names: &[(&str, &str)]) {
    for (from, to) in names {
        if !entries.iter().any(|e| e.key == *to)
            && let Some(entry) = entries.iter_mut().find(|e| e.key == *from)
        {
            entry.key = (*to).to_owned();
        }
    }
}

fn take(entries: &mut Vec<Entry>, key: &str) -> Option<Entry> {
    let at = entries.iter().position(|e| e.key == key)?;
    Some(entries.remove(at))
}

/// A number where a name belongs is the name as written.
fn worded(node: &mut Node, text: &[u8]) {
    if matches!(node.data, Data::Integer(_) | Data::Float(_)) {
        node.data = Data::Text(written(node, text));
    }
}

fn written(node: &Node, text: &[u8]) -> String {
    let bytes = text.get(node.span.start..node.span.end).unwrap_or(&[]);
    String::from_utf8_lossy(bytes).trim().to_owned()
}

fn list(node: &Node, text: &[u8]) -> Vec<String> {
    let one = |node: &Node| {
        node.text()
            .map_or_else(|| written(node, text), str::to_owned)
    };
    match &node.data {
        Data::List(items) => items.iter().map(one).collect(),
        _ => vec![one(node)],
    }
}

/// Appends a block to the description, which is what an agent reads.
fn describe(entries: &mut Vec<Entry>, head: &str, lines: &[String], span: Span) {
    let block: String = lines.iter().map(|line| format!("\n- {line}")).collect();
    let block = format!("{head}{block}");
    let title = entries
        .iter()
        .find(|e| e.key == "title")
        .and_then(|e| e.value.text());
    let title = title.map(str::to_owned);
    match entries.iter_mut().find(|e| e.key == "description") {
        Some(entry) => {
            if let Data::Text(text) = &mut entry.value.data {
                *text = format!("{}\n\n{block}", text.trim_end());
            }
        }
        None => {
            let text = title.map_or(block.clone(), |title| format!("{title}\n\n{block}"));
            entries.push(entry("description", Data::Text(text), span));
        }
    }
}

/// `verification: tier_b` names a tier; any other text is for a person to look at.
fn verify(node: &mut Node) {
    let word = node.text().unwrap_or("").trim().to_owned();
    let lower = word.to_lowercase();
    let tier = lower
        .strip_prefix("tier_")
        .or_else(|| lower.strip_prefix("tier "));
    let tier = tier.unwrap_or(&lower).to_uppercase();
    node.data = if matches!(tier.as_str(), "A" | "B" | "C") {
        Data::Map(vec![entry("tier_required", Data::Text(tier), node.span)])
    } else {
        Data::Map(vec![steps(
            "manual",
            "manual_instructions",
            word,
            node.span,
        )])
    };
}

/// `test_command: x` is a verification step beside what `verification` says.
fn test(entries: &mut Vec<Entry>, command: Entry) {
    let span = command.value.span;
    let text = command.value.text().unwrap_or("").to_owned();
    let steps = steps("command", "command", text, span);
    match entries.iter_mut().find(|e| e.key == "verification") {
        None => entries.push(entry("verification", Data::Map(vec![steps]), span)),
        Some(Entry {
            value: Node {
                data: Data::Map(map),
                ..
            },
            ..
        }) if !map.iter().any(|e| e.key == "steps") => {
            map.push(steps);
        }
        // Steps in full are there already; the command is put back to be reported as not read.
        Some(_) => entries.push(command),
    }
}

fn steps(kind: &str, field: &str, text: String, span: Span) -> Entry {
    let step = Data::Map(vec![
        entry("name", Data::Text("verification".to_owned()), span),
        entry("kind", Data::Text(kind.to_owned()), span),
        entry(field, Data::Text(text), span),
    ]);
    entry("steps", Data::List(vec![Node { span, data: step }]), span)
}

fn entry(key: &str, data: Data, span: Span) -> Entry {
    let value = Node { span, data };
    Entry {
        key: key.to_owned(),
        key_span: span,
        value,
    }
}
