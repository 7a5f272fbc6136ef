//! SARIF 2.1.0: findings, gate violations and failed steps where code is shown.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::base::json::{Value, json};
use crate::base::text::{cut, foreign};
use crate::base::{FeatureId, Oid};
use crate::report::alerts::Alert;

/// Readers of such files refuse more.
const RESULTS_MAX: usize = 5_000;
/// The form that the document claims.
const SCHEMA: &str = "https://json.schemastore.org/sarif-2.1.0.json";

/// What a document is about.
#[derive(Debug, Clone, Copy)]
pub struct Subject<'a> {
    /// The feature.
    pub feature: &'a FeatureId,
    /// The commit that was looked at.
    pub head: Option<&'a Oid>,
    /// The file that stands for what has no place of its own: the plan.
    pub home: &'a str,
    /// The version of this program.
    pub version: &'a str,
}

/// Draws the document.
pub fn render(subject: Subject<'_>, alerts: &[Alert]) -> Value {
    let mut rules: BTreeMap<&str, usize> =
        alerts.iter().map(|one| (one.rule.as_str(), 0)).collect();
    for (at, index) in rules.values_mut().enumerate() {
        *index = at;
    }
    let shown = alerts.iter().take(RESULTS_MAX);
    let results: Vec<Value> = shown
        .map(|one| result(subject, one, rules[&*one.rule]))
        .collect();
    let described: Vec<Value> = rules.keys().map(|rule| described(rule)).collect();
    let mut properties = json!({"feature": subject.feature});
    if let Some(head) = subject.head {
        properties["commit"] = json!(head);
    }
    if alerts.len() > RESULTS_MAX {
        properties["leftOut"] = json!(alerts.len() - RESULTS_MAX);
    }
    json!({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {
                "name": "git-wp",
                "semanticVersion": subject.version,
                "rules": described,
            }},
            "automationDetails": {"id": format!("git-wp/{}/", subject.feature)},
            "columnKind": "unicodeCodePoints",
            "originalUriBaseIds": {"ROOT": {"description": {"text": "the top of the repository"}}},
            "properties": properties,
            "results": results,
        }],
    })
}

fn described(rule: &str) -> Value {
    let (family, name) = rule.split_once('/').unwrap_or(("", rule));
    let text = match family {
        "review" => format!(
            "A reviewer found a flaw of the kind {}",
            name.replace('_', " ")
        ),
        "gate" => format!("A change breaks the rule {name} of the gate"),
        _ => "A verification step failed".to_owned(),
    };
    json!({"id": shown(rule), "shortDescription": {"text": shown(&text)}})
}

fn result(subject: Subject<'_>, alert: &Alert, index: usize) -> Value {
    let mut physical = json!({"artifactLocation": {
        "uri": uri(alert.path.as_deref().unwrap_or(subject.home)),
        "uriBaseId": "ROOT",
    }});
    if let Some(lines) = alert.lines {
        let (start, end) = (lines.start.max(1), lines.end.max(lines.start).max(1));
        physical["region"] = json!({"startLine": start, "endLine": end});
    }
    let mut location = json!({"physicalLocation": physical});
    if let Some(package) = &alert.package {
        let name = shown(package.as_str());
        location["logicalLocations"] = json!([{"name": name, "kind": "package"}]);
    }
    let text = foreign(&alert.text).multi_line().to_string();
    let mut out = json!({
        "ruleId": shown(&alert.rule),
        "ruleIndex": index,
        "level": alert.level.as_str(),
        "message": {"text": text},
        "locations": [location],
        "partialFingerprints": {"gitWp/v1": shown(&alert.key)},
    });
    if let Some(why) = &alert.set_aside {
        let why = shown(&cut(why, 1_000));
        out["suppressions"] =
            json!([{"kind": "external", "status": "accepted", "justification": why}]);
    }
    out
}

fn shown(text: &str) -> String {
    foreign(text).to_string()
}

/// A path as a relative reference: no scheme, no way up, everything unusual in `%XX`.
fn uri(path: &str) -> String {
    let path = path.replace('\\', "/");
    let parts = path
        .split('/')
        .filter(|part| !matches!(*part, "" | "." | ".."));
    let mut out = String::new();
    for part in parts {
        if !out.is_empty() {
            out.push('/');
        }
        for byte in part.bytes() {
            if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
                out.push(char::from(byte));
            } else {
                let _ = write!(out, "%{byte:02X}");
            }
        }
    }
    if out.is_empty() { ".".to_owned() } else { out }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::PackageId;
    use crate::model::LineRange;
    use crate::report::alerts::AlertLevel;

    fn alert(rule: &str, path: Option<&str>) -> Alert {
        Alert {
            rule: rule.to_owned(),
            level: AlertLevel::Error,
            text: "it \u{1b}[31mis wrong".to_owned(),
            package: PackageId::parse("wp-a"),
            path: path.map(str::to_owned),
            lines: Some(LineRange { start: 3, end: 0 }),
            key: "f-1".to_owned(),
            set_aside: None,
        }
    }

    fn drawn(alerts: &[Alert]) -> Value {
        let feature = FeatureId::parse("add-auth").unwrap();
        let head = Oid::parse(&"a".repeat(40)).unwrap();
        let subject = Subject {
            feature: &feature,
            head: Some(&head),
            home: "openspec/changes/add-auth/work-packages.yaml",
            version: "1.2.3",
        };
        render(subject, alerts)
    }

    /// The constraints of the published schema on what we write.
    fn check(document: &Value) {
        assert_eq!(document["version"], "2.1.0");
        assert_eq!(document["$schema"], SCHEMA);
        let run = &document["runs"][0];
        let driver = &run["tool"]["driver"];
        assert!(driver["name"].as_str().is_some_and(|name| !name.is_empty()));
        let version = driver["semanticVersion"].as_str().unwrap();
        assert_eq!(version.split('.').count(), 3);
        let rules = driver["rules"].as_array().unwrap();
        let mut ids: Vec<&str> = rules
            .iter()
            .map(|rule| rule["id"].as_str().unwrap())
            .collect();
        let all = ids.len();
        ids.dedup();
        assert_eq!(ids.len(), all, "rules are unique");
        for rule in rules {
            assert!(
                rule["shortDescription"]["text"]
                    .as_str()
                    .is_some_and(|t| !t.is_empty())
            );
        }
        assert!(matches!(
            run["columnKind"].as_str(),
            Some("utf16CodeUnits" | "unicodeCodePoints")
        ));
        for result in run["results"].as_array().unwrap() {
            let index = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
            assert_eq!(rules[index]["id"], result["ruleId"]);
            let level = result["level"].as_str().unwrap();
            assert!(matches!(level, "none" | "note" | "warning" | "error"));
            assert!(
                result["message"]["text"]
                    .as_str()
                    .is_some_and(|text| !text.is_empty())
            );
            let places = result["locations"].as_array().unwrap();
            assert_eq!(places.len(), 1, "viewers drop results without a place");
            let place = &places[0]["physicalLocation"];
            let uri = place["artifactLocation"]["uri"].as_str().unwrap();
            let plain = |c: char| c.is_ascii_alphanumeric() || "-._~/%".contains(c);
            assert!(
                uri.chars().all(plain) && !uri.starts_with('/') && !uri.is_empty(),
                "{uri}"
            );
            assert!(
                run["originalUriBaseIds"][place["artifactLocation"]["uriBaseId"].as_str().unwrap()]
                    .is_object()
            );
            if let Some(region) = place["region"].as_object() {
                let (start, end) = (&region["startLine"], &region["endLine"]);
                assert!(start.as_u64().unwrap() >= 1 && end.as_u64() >= start.as_u64());
            }
            for fingerprint in result["partialFingerprints"].as_object().unwrap().values() {
                assert!(fingerprint.is_string());
            }
            for one in result["suppressions"].as_array().unwrap_or(&Vec::new()) {
                assert!(matches!(
                    one["kind"].as_str(),
                    Some("inSource" | "external")
                ));
                assert!(matches!(
                    one["status"].as_str(),
                    Some("accepted" | "underReview" | "rejected")
                ));
            }
        }
    }

    #[test]
    fn every_document_keeps_the_published_form() {
        check(&drawn(&[]));
        let mut ruled = alert("review/security", Some("src/a b.py"));
        ruled.set_aside = Some("false_positive: see #3 (ann)".to_owned());
        let document = drawn(&[
            alert("review/security", Some("src/a.py")),
            alert("gate/not-allowed", Some("../../etc/passwd")),
            alert("step/failed", None),
            alert("gate/denied", Some("javascript:alert(1)")),
            ruled,
        ]);
        check(&document);
        let results = document["runs"][0]["results"].as_array().unwrap();
        let uri = |at: usize| {
            let place = &results[at]["locations"][0]["physicalLocation"];
            place["artifactLocation"]["uri"].as_str().unwrap()
        };
        assert_eq!(uri(1), "etc/passwd", "no way out of the repository");
        assert_eq!(uri(2), "openspec/changes/add-auth/work-packages.yaml");
        assert_eq!(uri(3), "javascript%3Aalert%281%29", "no scheme");
        assert_eq!(uri(4), "src/a%20b.py");
        assert!(!document.to_string().contains('\u{1b}'));
    }

    #[test]
    fn what_is_too_much_is_left_out_and_said() {
        let many: Vec<Alert> = (0..RESULTS_MAX + 7)
            .map(|_| alert("step/failed", None))
            .collect();
        let document = drawn(&many);
        check(&document);
        assert_eq!(document["runs"][0]["properties"]["leftOut"], 7);
    }
}
