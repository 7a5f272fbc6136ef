//! The execution summary for people: Markdown, readable as it stands.

use std::fmt::Write as _;
use std::time::Duration;

use crate::base::text::{count, foreign};
use crate::base::{PackageId, time};
use crate::report::qa;
use crate::report::status::quoted;
use crate::report::summary::evidence::StepRow;
use crate::report::summary::{Summary, TimelineRow, repairs};
use crate::report::used;

/// Draws the whole summary.
pub fn render(summary: &Summary) -> String {
    let mut out = String::new();
    head(&mut out, summary);
    timeline(&mut out, summary);
    agents(&mut out, summary);
    contracts(&mut out, summary);
    scope(&mut out, summary);
    evidence(&mut out, summary);
    last_check(&mut out, summary);
    risk(&mut out, summary);
    list(&mut out, "Lock keys", &summary.lock_keys);
    awaiting(&mut out, summary);
    deviations(&mut out, summary);
    repairs::draw(&mut out, summary);
    if let Some(view) = &summary.qa {
        heading(&mut out, "QA");
        out.push_str(&qa::section(view));
    }
    list(&mut out, "Degraded", &summary.degraded);
    out
}

fn head(out: &mut String, summary: &Summary) {
    let title = summary.title.as_deref().unwrap_or(summary.feature.as_str());
    let _ = writeln!(out, "# {}\n", inline(title));
    let merged = summary
        .timeline
        .iter()
        .filter(|r| r.merge.is_some())
        .count();
    let _ = writeln!(
        out,
        "**{}**: {merged} of {} merged into `{}` in {}.\n",
        summary.result.as_str(),
        count(summary.timeline.len(), "package"),
        code(&summary.branch),
        time::human(Duration::from_secs(summary.seconds)),
    );
    if let Some(usage) = &summary.usage {
        let _ = writeln!(out, "- agents used {}", used::words(usage));
    }
    let _ = writeln!(out, "- feature `{}`", code(summary.feature.as_str()));
    let _ = writeln!(
        out,
        "- from {} to {}",
        summary.base.short(),
        summary.head.short()
    );
    let plan = &summary.plan;
    let _ = write!(out, "- plan `{}`", code(&plan.source));
    let _ = write!(out, ", revision {}", plan.plan_revision);
    let _ = write!(out, ", contracts revision {}", plan.contracts_revision);
    let _ = writeln!(out, ", sha256 {}", plan.sha256.get(..12).unwrap_or(""));
    if !plan.attempts_match {
        let _ = writeln!(
            out,
            "- some packages were made for an earlier version of the plan"
        );
    }
}

fn timeline(out: &mut String, summary: &Summary) {
    heading(out, "Timeline");
    let mut heads = vec![
        "package", "level", "after", "status", "tries", "time", "merge",
    ];
    // Not every agent tells.
    heads.extend(summary.usage.map(|_| "used"));
    row(out, &heads);
    row(out, &vec!["---"; heads.len()]);
    for package in &summary.timeline {
        let after: Vec<&str> = package.after.iter().map(PackageId::as_str).collect();
        let span = package.seconds.map(Duration::from_secs).map(time::human);
        let used = package.usage.as_ref().map(used::words);
        let merge = package.merge.as_ref().map_or("", |oid| oid.short());
        let (level, tries) = (package.level.to_string(), package.attempts.to_string());
        let (after, span) = (after.join(" "), span.unwrap_or_default());
        let mut cells = vec![
            package.package.as_str(),
            &level,
            &after,
            package.status.as_str(),
        ];
        cells.extend([tries.as_str(), &span, merge]);
        let used = used.unwrap_or_default();
        cells.extend(summary.usage.map(|_| used.as_str()));
        row(out, &cells);
    }
    bars(out, summary);
}

/// One bar per package over the time of the run.
fn bars(out: &mut String, summary: &Summary) {
    let rows: Vec<&TimelineRow> = summary
        .timeline
        .iter()
        .filter(|r| r.started.is_some())
        .collect();
    let first = rows.iter().filter_map(|r| r.started).min();
    let last = rows.iter().filter_map(|r| r.ended.or(r.started)).max();
    let Some((first, last)) = first.zip(last) else {
        return;
    };
    let whole = last.since(first).as_millis().max(1);
    let width = rows
        .iter()
        .map(|r| r.package.as_str().chars().count())
        .max()
        .unwrap_or(0);
    out.push_str("\n```text\n");
    for row in rows {
        let at = |time: Option<crate::base::Timestamp>| {
            let offset = time.unwrap_or(last).since(first).as_millis();
            usize::try_from(offset * BAR_COLUMNS / whole).unwrap_or(0)
        };
        let (from, to) = (at(row.started), at(row.ended));
        let bar = format!(
            "{}{}",
            " ".repeat(from),
            "#".repeat((to - from.min(to)).max(1))
        );
        let name = foreign(row.package.as_str()).to_string();
        let _ = writeln!(out, "{name:width$}  {bar}");
    }
    out.push_str("```\n");
}

const BAR_COLUMNS: u128 = 48;

fn agents(out: &mut String, summary: &Summary) {
    if summary.agents.is_empty() {
        return;
    }
    heading(out, "Agents");
    row(out, &["agent", "sandbox", "why"]);
    row(out, &["---"; 3]);
    for agent in &summary.agents {
        row(out, &[&agent.agent, agent.sandbox.as_str(), &agent.why]);
    }
}

fn contracts(out: &mut String, summary: &Summary) {
    heading(out, "Contracts");
    if summary.contracts.is_empty() {
        out.push_str("The plan names no contract.\n");
        return;
    }
    row(out, &["file", "kind", "changed by"]);
    row(out, &["---"; 3]);
    for contract in &summary.contracts {
        let by: Vec<&str> = contract.changed_by.iter().map(PackageId::as_str).collect();
        let by = if by.is_empty() {
            "nobody".to_owned()
        } else {
            by.join(" ")
        };
        row(out, &[&contract.path, contract.kind.as_str(), &by]);
    }
    if summary.contract_checks.is_empty() {
        return;
    }
    out.push_str("\nChecked on the merged tree:\n\n");
    for check in &summary.contract_checks {
        let word = if check.passed { "passed" } else { "failed" };
        let note = check.note.as_deref().unwrap_or_default();
        let note = if note.is_empty() { "" } else { ": " }.to_owned() + &inline(note);
        let _ = writeln!(out, "- {word} `{}`{note}", inline(&check.what));
    }
}

fn scope(out: &mut String, summary: &Summary) {
    heading(out, "Scope");
    row(out, &["package", "files", "gate", "refused before"]);
    row(out, &["---"; 4]);
    for package in &summary.scope {
        let gate = if package.passed {
            "passed"
        } else {
            "not recorded"
        };
        let refused = package.refused.join(", ");
        row(
            out,
            &[
                package.package.as_str(),
                &package.files.to_string(),
                gate,
                &refused,
            ],
        );
    }
}

fn evidence(out: &mut String, summary: &Summary) {
    heading(out, "Evidence");
    row(
        out,
        &["package", "tier", "step", "kind", "state", "time", "what"],
    );
    row(out, &["---"; 7]);
    for package in &summary.evidence {
        if package.steps.is_empty() {
            row(
                out,
                &[
                    package.package.as_str(),
                    &package.tier,
                    "none",
                    "",
                    "",
                    "",
                    "",
                ],
            );
        }
        for step in &package.steps {
            let [kind, state, span, what] = step_cells(step);
            let (id, tier) = (package.package.as_str(), package.tier.as_str());
            row(out, &[id, tier, &step.name, &kind, &state, &span, &what]);
        }
    }
}

fn step_cells(step: &StepRow) -> [String; 4] {
    let span = time::human(Duration::from_millis(step.millis));
    let what = match &step.url {
        Some(url) => format!("{} ({url})", step.what),
        None => step.what.clone(),
    };
    [step.kind.clone(), step.state.clone(), span, what]
}

fn last_check(out: &mut String, summary: &Summary) {
    heading(out, "Final verification");
    let Some(check) = &summary.last_check else {
        out.push_str("Not reached.\n");
        return;
    };
    if check.steps.is_empty() {
        out.push_str("None is configured: no integration package has steps, `wp.toml` has no ");
        out.push_str("`[verify] final`, and OpenSpec is not installed.\n");
        return;
    }
    row(out, &["step", "kind", "state", "time", "what"]);
    row(out, &["---"; 5]);
    for step in &check.steps {
        let [kind, state, span, what] = step_cells(step);
        row(out, &[&step.name, &kind, &state, &span, &what]);
    }
}

fn risk(out: &mut String, summary: &Summary) {
    heading(out, "Risk");
    let _ = writeln!(out, "Class: **{}**.", summary.risk.class);
    if summary.risk.rules.is_empty() {
        out.push_str("No database contract, migration or OpenAPI file changed.\n");
    }
    for rule in &summary.risk.rules {
        let paths: Vec<String> = rule.paths.iter().map(|p| format!("`{p}`")).collect();
        let _ = writeln!(out, "\n- {}: {}", rule.rule, paths.join(", "));
    }
}

fn awaiting(out: &mut String, summary: &Summary) {
    if summary.awaiting.is_empty() {
        return;
    }
    heading(out, "Awaiting an answer");
    for step in &summary.awaiting {
        let name = format!("{}/{}", summary.feature, step.package);
        let _ = writeln!(
            out,
            "- {} step `{}` of `{}`: {}\n  `git wp evidence {} {} --pass`",
            step.kind,
            code(&step.step),
            code(step.package.as_str()),
            inline(&step.what),
            code(&quoted(&name)),
            code(&quoted(&step.step)),
        );
    }
}

fn deviations(out: &mut String, summary: &Summary) {
    if summary.deviations.is_empty() {
        return;
    }
    heading(out, "Deviations");
    for row in &summary.deviations {
        let (id, number) = (code(row.package.as_str()), row.number);
        let detail = inline(&row.deviation.detail);
        let _ = writeln!(
            out,
            "- `{id}` try {number}, {}: {detail}",
            row.deviation.kind
        );
    }
}

fn list(out: &mut String, title: &str, lines: &[String]) {
    if lines.is_empty() {
        return;
    }
    heading(out, title);
    for line in lines {
        let _ = writeln!(out, "- {}", inline(line));
    }
}

pub(super) fn heading(out: &mut String, title: &str) {
    let _ = writeln!(out, "\n## {title}\n");
}

fn row(out: &mut String, cells: &[&str]) {
    let cells: Vec<String> = cells
        .iter()
        .map(|c| inline(c).replace('|', "\\|"))
        .collect();
    let _ = writeln!(out, "| {} |", cells.join(" | "));
}

/// One line of foreign text that cannot open a tag, a link or a heading.
pub(super) fn inline(text: &str) -> String {
    let text = foreign(text).to_string().replace("\\u{a}", " ");
    text.replace('<', "&lt;").replace('[', "\\[")
}

/// Foreign text between back-ticks.
pub(super) fn code(text: &str) -> String {
    foreign(text).to_string().replace('`', "'")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::base::{FeatureId, Oid, RepoPath, Timestamp};
    use crate::model::{ContractKind, Deviation, PackageStatus, RunResult};
    use crate::report::summary::evidence::{EvidenceRow, FinalRow};
    use crate::report::summary::risk::RiskRule;
    use crate::report::summary::{ContractRow, DeviationRow, PlanRow, RepairRow, Risk, ScopeRow};
    use crate::report::view::AwaitingRow;

    fn oid(digit: char) -> Oid {
        Oid::parse(&digit.to_string().repeat(40)).unwrap()
    }

    fn id(text: &str) -> PackageId {
        PackageId::parse(text).unwrap()
    }

    fn span(name: &str, from: i64, to: i64) -> TimelineRow {
        TimelineRow {
            package: id(name),
            label: name.to_owned(),
            level: usize::from(from > 0),
            after: if from > 0 {
                vec![id("wp-a")]
            } else {
                Vec::new()
            },
            status: PackageStatus::Merged,
            attempts: 1,
            started: Some(Timestamp::from_millis(from)),
            ended: Some(Timestamp::from_millis(to)),
            seconds: Some((to - from) as u64 / 1000),
            usage: None,
            merge: Some(oid('b')),
        }
    }

    fn step(name: &str, state: &str) -> StepRow {
        StepRow {
            name: name.to_owned(),
            kind: "command".to_owned(),
            state: state.to_owned(),
            what: "make test | tee log".to_owned(),
            millis: 1200,
            url: None,
        }
    }

    fn summary() -> Summary {
        let path = |text: &str| RepoPath::from(text);
        Summary {
            v: 1,
            feature: FeatureId::parse("add-auth").unwrap(),
            title: Some("Add <b>authentication</b>".to_owned()),
            result: RunResult::Partial,
            branch: "openspec/add-auth".to_owned(),
            base: oid('a'),
            head: oid('c'),
            plan: PlanRow {
                source: "openspec/changes/add-auth/work-packages.yaml".to_owned(),
                sha256: "0123456789abcdef".repeat(4),
                plan_revision: 1,
                contracts_revision: 2,
                attempts_match: true,
            },
            started: Timestamp::from_millis(0),
            ended: Timestamp::from_millis(90_000),
            seconds: 90,
            options: BTreeMap::new(),
            usage: Some(crate::model::Usage {
                input: 12_000,
                cost_micros: Some(350_000),
                ..crate::model::Usage::default()
            }),
            agents: vec![crate::report::summary::AgentRow {
                agent: "claude".to_owned(),
                sandbox: crate::model::SandboxLevel::Repo,
                why: "seen under it".to_owned(),
            }],
            timeline: vec![span("wp-a", 0, 30_000), span("wp-b", 30_000, 90_000)],
            contract_checks: Vec::new(),
            contracts: vec![ContractRow {
                path: "contracts/openapi/v1.yaml".to_owned(),
                kind: ContractKind::Openapi,
                changed_by: vec![id("wp-a")],
            }],
            scope: vec![ScopeRow {
                package: id("wp-a"),
                files: 2,
                passed: true,
                refused: vec!["src/x.rs: not-allowed".to_owned()],
            }],
            evidence: vec![EvidenceRow {
                package: id("wp-a"),
                tier: "A".to_owned(),
                tree: Some(oid('d')),
                steps: vec![step("unit", "passed")],
            }],
            last_check: Some(FinalRow {
                commit: oid('c'),
                passed: true,
                steps: Vec::new(),
            }),
            lock_keys: vec!["api:GET /v1/users".to_owned()],
            risk: Risk {
                class: "high".to_owned(),
                rules: vec![RiskRule {
                    rule: "openapi".to_owned(),
                    paths: vec![path("contracts/openapi/v1.yaml")],
                }],
            },
            awaiting: vec![AwaitingRow {
                package: id("wp-b"),
                step: "look".to_owned(),
                kind: "manual".to_owned(),
                what: "open the page".to_owned(),
            }],
            deviations: vec![DeviationRow {
                package: id("wp-b"),
                number: 2,
                deviation: Deviation {
                    kind: "empty".to_owned(),
                    detail: "nothing was changed".to_owned(),
                    paths: Vec::new(),
                    at: Timestamp::from_millis(0),
                },
            }],
            qa: None,
            repairs: vec![RepairRow {
                package: id("wp-b"),
                number: 2,
                agent: "claude".to_owned(),
                failure: "verification step `unit` failed: `make` ended with 2".to_owned(),
                outcome: "failed".to_owned(),
                note: "verification step `unit` failed".to_owned(),
                hypotheses: Some("1. The table is missing: no.\n2. # The clock: yes.".to_owned()),
            }],
            degraded: vec!["merge-tree is too old: packages run one after the other".to_owned()],
        }
    }

    #[test]
    fn a_summary_tells_the_whole_run() {
        insta::assert_snapshot!(render(&summary()), @r"
        # Add &lt;b>authentication&lt;/b>

        **partial**: 2 of 2 packages merged into `openspec/add-auth` in 1m 30s.

        - agents used $0.35, 12.0k tokens
        - feature `add-auth`
        - from aaaaaaaaaa to cccccccccc
        - plan `openspec/changes/add-auth/work-packages.yaml`, revision 1, contracts revision 2, sha256 0123456789ab

        ## Timeline

        | package | level | after | status | tries | time | merge | used |
        | --- | --- | --- | --- | --- | --- | --- | --- |
        | wp-a | 0 |  | merged | 1 | 30s | bbbbbbbbbb |  |
        | wp-b | 1 | wp-a | merged | 1 | 1m 00s | bbbbbbbbbb |  |

        ```text
        wp-a  ################
        wp-b                  ################################
        ```

        ## Agents

        | agent | sandbox | why |
        | --- | --- | --- |
        | claude | repo | seen under it |

        ## Contracts

        | file | kind | changed by |
        | --- | --- | --- |
        | contracts/openapi/v1.yaml | openapi | wp-a |

        ## Scope

        | package | files | gate | refused before |
        | --- | --- | --- | --- |
        | wp-a | 2 | passed | src/x.rs: not-allowed |

        ## Evidence

        | package | tier | step | kind | state | time | what |
        | --- | --- | --- | --- | --- | --- | --- |
        | wp-a | A | unit | command | passed | 1s | make test \| tee log |

        ## Final verification

        None is configured: no integration package has steps, `wp.toml` has no `[verify] final`, and OpenSpec is not installed.

        ## Risk

        Class: **high**.

        - openapi: `contracts/openapi/v1.yaml`

        ## Lock keys

        - api:GET /v1/users

        ## Awaiting an answer

        - manual step `look` of `wp-b`: open the page
          `git wp evidence add-auth/wp-b look --pass`

        ## Deviations

        - `wp-b` try 2, empty: nothing was changed

        ## Repairs

        - `wp-b` try 2, `claude`: failed (verification step `unit` failed); to repair: verification step `unit` failed: `make` ended with 2

              1. The table is missing: no.
              2. # The clock: yes.

        ## Degraded

        - merge-tree is too old: packages run one after the other
        ");
    }
}
