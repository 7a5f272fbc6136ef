//! What is left of a plan as a plan of its own: unfinished packages and unchecked boxes.
//!
//! A package keeps every field that it has; what is merged is no longer waited for.

use std::collections::BTreeSet;

use crate::base::json::{Map, Value, json};
use crate::base::{Error, FeatureId, PackageId, Result};
use crate::model::{Edge, Feature, Format, Plan};
use crate::plan::limits::Policy;
use crate::plan::{export, guard};

/// The text of a `work-packages.yaml` with the packages of `plan` that are `open`, for the feature
/// `id`. `text` is the plan's own.
///
/// # Errors
/// The text is not what the plan was read from.
pub fn packages(
    (plan, text): (&Plan, &[u8]),
    open: &BTreeSet<PackageId>,
    id: &FeatureId,
) -> Result<String> {
    match plan.format {
        Format::WorkPackages => of_yaml((plan, text), open, id),
        _ => of_plan(plan, open, id),
    }
}

fn title(plan: &Plan) -> String {
    let feature = &plan.feature;
    let title = feature.title.as_deref().unwrap_or(feature.id.as_str());
    format!("What is left of: {title}")
}

fn of_yaml(
    (plan, text): (&Plan, &[u8]),
    open: &BTreeSet<PackageId>,
    id: &FeatureId,
) -> Result<String> {
    let broken = || Error::bug("a plan that was read is no mapping");
    let root = guard::read(text, Policy::Plan).map_err(|_| broken())?;
    let Some(Value::Object(mut root)) = root.map(|root| root.to_json()) else {
        return Err(broken());
    };
    let header = json!({"id": id, "title": title(plan), "plan_revision": 1});
    let mut feature = match root.remove("feature") {
        Some(Value::Object(feature)) => feature,
        _ => Map::new(),
    };
    if let Value::Object(header) = header {
        feature.extend(header);
    }
    root.insert("feature".to_owned(), Value::Object(feature));
    let is_open = |value: &Value| {
        let id = value.as_str().and_then(PackageId::parse);
        id.is_some_and(|id| open.contains(&id))
    };
    if let Some(Value::Array(packages)) = root.get_mut("packages") {
        packages.retain(|package| is_open(&package["package_id"]));
        for package in packages {
            if let Some(Value::Array(after)) = package.get_mut("depends_on") {
                after.retain(is_open);
            }
        }
    }
    serde_yaml::to_string(&root)
        .map_err(|e| Error::bug("a plan cannot be written as YAML").because(e.to_string()))
}

fn of_plan(plan: &Plan, open: &BTreeSet<PackageId>, id: &FeatureId) -> Result<String> {
    let mut left = plan.clone();
    left.feature = Feature {
        id: id.clone(),
        title: Some(title(plan)),
        plan_revision: 1,
        ..left.feature
    };
    left.packages.retain(|package| open.contains(&package.id));
    for package in &mut left.packages {
        let is_open = |edge: &Edge| open.contains(&edge.on);
        package.depends_on.retain(is_open);
    }
    export::work_packages(&left).map(|(text, _)| text)
}

/// The unchecked boxes of a task list below their headings; `None` if there are none.
pub fn boxes(text: &str) -> Option<String> {
    let mut out = String::new();
    let mut headings: Vec<&str> = Vec::new();
    let mut inside: Option<usize> = None;
    let mut found = false;
    for line in text.lines() {
        let bare = line.trim_start();
        let indent = line.len() - bare.len();
        if let Some(level) = heading(line) {
            headings.retain(|above| heading(above).is_some_and(|above| above < level));
            headings.push(line);
            inside = None;
            continue;
        }
        let is_box = |mark: &str| {
            ["- [", "* ["].iter().any(|dash| {
                bare.strip_prefix(dash)
                    .is_some_and(|rest| rest.starts_with(mark))
            })
        };
        if is_box(" ]") {
            for heading in headings.drain(..) {
                out.push_str(&format!(
                    "{}{heading}\n\n",
                    if out.is_empty() { "" } else { "\n" }
                ));
            }
            inside = Some(indent);
            found = true;
        } else if inside.is_some_and(|at| bare.is_empty() || indent <= at) || is_box("") {
            inside = None;
        }
        if inside.is_some() {
            out.push_str(line);
            out.push('\n');
        }
    }
    found.then_some(out)
}

fn heading(line: &str) -> Option<usize> {
    let level = line.bytes().take_while(|b| *b == b'#').count();
    (level > 0 && line[level..].starts_with(' ')).then_some(level)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unchecked_boxes_keep_their_headings_and_what_belongs_to_them() {
        let text = "# Tasks\n\n## 1. Done\n\n- [x] 1.1 a\n  - note of a\n\n## 2. Left\n\n\
                    - [x] 2.1 b\n- [ ] 2.2 c\n  more of c\n- [x] 2.3 d\n  more of d\n\n\
                    ## 3. Also\n\n* [ ] 3.1 e\n";
        let left = "# Tasks\n\n\n## 2. Left\n\n- [ ] 2.2 c\n  more of c\n\n## 3. Also\n\n\
                    * [ ] 3.1 e\n";
        assert_eq!(boxes(text).as_deref(), Some(left));
        assert_eq!(boxes("# Tasks\n\n- [x] a\n"), None);
        assert_eq!(boxes(""), None);
    }
}
