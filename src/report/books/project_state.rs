//! `specs/state.json` and `specs/TODO.md` of team-implement: patched where they say something of
//! the task, byte for byte the same everywhere else.

use crate::base::json;
use crate::plan::guard;
use crate::plan::limits::Policy;
use crate::plan::node::Node;

/// What both files should say of a task.
pub(super) struct TaskState<'a> {
    /// Its number.
    pub(super) number: u64,
    /// For instance `completed`.
    pub(super) status: &'a str,
    /// When, as RFC 3339.
    pub(super) at: &'a str,
    /// The summary that was written, from the top of the repository.
    pub(super) summary: Option<&'a str>,
}

/// `state.json` with the status of the task; `None` if it does not know the task or says so
/// already.
pub(super) fn state_json(bytes: &[u8], task: &TaskState<'_>) -> Option<Vec<u8>> {
    let root = guard::read(bytes, Policy::Foreign).ok()??;
    let project = project(&root, task.number)?;
    let status = project.get("status")?;
    if status.text() == Some(task.status) {
        return None;
    }
    let mut patches = vec![(status.span.start, status.span.end, quoted(task.status))];
    if let Some(updated) = project.get("last_updated") {
        patches.push((updated.span.start, updated.span.end, quoted(task.at)));
    }
    let artifacts = project.get("artifacts").zip(task.summary);
    if let Some((start, end, text)) = artifacts.and_then(|(list, path)| link(bytes, list, path)) {
        patches.push((start, end, text));
    }
    patches.sort_by_key(|(start, ..)| std::cmp::Reverse(*start));
    let mut out = bytes.to_vec();
    for (start, end, text) in patches {
        out.splice(start..end, text.into_bytes());
    }
    // What was patched must still be JSON.
    json::parse(&out).ok().map(|_| out)
}

/// The number of the round that the task is in, as its documents are numbered.
pub(super) fn round(bytes: &[u8], number: u64) -> Option<u64> {
    let root = guard::read(bytes, Policy::Foreign).ok()??;
    let next = project(&root, number)?
        .get("next_artifact_number")?
        .to_json();
    next.as_u64().map(|next| next.saturating_sub(1).max(1))
}

fn project(root: &Node, number: u64) -> Option<&Node> {
    let mut projects = root.get("active_projects")?.items().iter();
    projects.find(|project| {
        let found = project.get("project_number").map(Node::to_json);
        found.and_then(|value| value.as_u64()) == Some(number)
    })
}

/// One more artifact at the end of the list, set like those before it.
fn link(bytes: &[u8], list: &Node, path: &str) -> Option<(usize, usize, String)> {
    let items = list.items();
    let has = |item: &Node| item.get("path").and_then(Node::text) == Some(path);
    if items.iter().any(has) {
        return None;
    }
    let entry = format!(
        "{{\"path\": {}, \"type\": \"summary\", \"summary\": \"Team implementation\"}}",
        quoted(path)
    );
    let close = list.span.end.checked_sub(1)?;
    if bytes.get(close) != Some(&b']') {
        return None;
    }
    let Some(last) = items.last() else {
        return Some((list.span.start + 1, close, entry));
    };
    let line = bytes[..last.span.start].iter().rposition(|b| *b == b'\n');
    let before = &bytes[line.map_or(last.span.start, |at| at + 1)..last.span.start];
    let indent = String::from_utf8_lossy(before);
    let lead = match line.is_some() && indent.trim().is_empty() {
        true => format!(",\n{indent}"),
        false => ", ".to_owned(),
    };
    Some((last.span.end, last.span.end, lead + &entry))
}

fn quoted(text: &str) -> String {
    json::Value::from(text).to_string()
}

/// `TODO.md` with the status of the task and the link of its summary; `None` if it does not know
/// the task or says so already.
pub(super) fn todo(text: &str, task: &TaskState<'_>) -> Option<String> {
    let heading = format!("### {}. ", task.number);
    let marker = task.status.to_uppercase().replace('_', " ");
    let (mut out, mut inside, mut changed) = (String::with_capacity(text.len()), false, false);
    let mut linked = task.summary.is_none();
    for line in text.split_inclusive('\n') {
        if line.starts_with("### ") || line.starts_with("## ") {
            inside = line.starts_with(&heading);
        }
        let ending = &line[line.trim_end_matches(['\n', '\r']).len()..];
        if inside && line.starts_with("- **Summary**:") {
            linked = true;
        }
        let described = line.starts_with("**Description**") && inside;
        if let (true, false, Some(path)) = (described, linked, task.summary) {
            let path = path.strip_prefix("specs/").unwrap_or(path);
            out.push_str(&format!("- **Summary**: [{path}]{ending}"));
            linked = true;
        }
        match line.strip_prefix("- **Status**: [").filter(|_| inside) {
            Some(rest) if !rest.starts_with(&format!("{marker}]")) => {
                let after = rest.split_once(']').map_or("", |(_, after)| after);
                out.push_str(&format!("- **Status**: [{marker}]{after}"));
                changed = true;
            }
            _ => out.push_str(line),
        }
    }
    changed.then_some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    const STATE: &str = r#"{
  "version": 1,
  "active_projects": [
    {"project_number": 6, "status": "planned"},
    {
      "project_number": 7,
      "status": "planned",
      "last_updated": "x",
      "next_artifact_number": 3,
      "artifacts": [
        {"path": "a", "type": "plan"}
      ]
    }
  ]
}
"#;

    fn done() -> TaskState<'static> {
        TaskState {
            number: 7,
            status: "completed",
            at: "2026-01-02T03:04:05Z",
            summary: Some("specs/007_x/summaries/02_s.md"),
        }
    }

    #[test]
    fn only_the_task_changes_in_state_json() {
        let after = String::from_utf8(state_json(STATE.as_bytes(), &done()).unwrap()).unwrap();
        let entry = r#"{"path": "specs/007_x/summaries/02_s.md", "type": "summary", "#.to_owned()
            + r#""summary": "Team implementation"}"#;
        let expected = STATE
            .replace(
                "7,\n      \"status\": \"planned\"",
                "7,\n      \"status\": \"completed\"",
            )
            .replace("\"x\"", "\"2026-01-02T03:04:05Z\"")
            .replace("\"plan\"}", &format!("\"plan\"}},\n        {entry}"));
        assert_eq!(after, expected);
        assert_eq!(state_json(after.as_bytes(), &done()), None);
        assert_eq!(round(STATE.as_bytes(), 7), Some(2));
        let unknown = TaskState {
            number: 9,
            ..done()
        };
        assert_eq!(state_json(STATE.as_bytes(), &unknown), None);
        assert_eq!(state_json(b"{\"active_projects\": [", &done()), None);
    }

    #[test]
    fn only_the_task_changes_in_the_list_for_people() {
        let text = "## Tasks\r\n\r\n### 70. Other\r\n- **Status**: [PLANNED]\r\n\r\n\
            ### 7. Cache\r\n- **Status**: [PLANNED]\r\n- **Plan**: [p]\r\n**Description**: words\r\n";
        let expected = text
            .replace(
                "Cache\r\n- **Status**: [PLANNED]",
                "Cache\r\n- **Status**: [COMPLETED]",
            )
            .replace(
                "**Description**",
                "- **Summary**: [007_x/summaries/02_s.md]\r\n**Description**",
            );
        let after = todo(text, &done()).unwrap();
        assert_eq!(after, expected);
        assert_eq!(todo(&after, &done()), None);
    }
}
