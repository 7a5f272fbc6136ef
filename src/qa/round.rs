//! What one round comes to.

use crate::model::qa::{QaCheck, QaReading, QaResult, QaRound, QaStatus, QaSurface};

/// The verdict over a round.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Every planned check holds.
    Pass,
    /// Every planned check has a result, and one at least does not hold.
    Fail,
    /// A planned check has no result, or an agent did what it must not: nothing is known.
    Void,
}

impl Verdict {
    /// The word in JSON and messages.
    pub fn as_str(self) -> &'static str {
        match self {
            Verdict::Pass => "pass",
            Verdict::Fail => "fail",
            Verdict::Void => "void",
        }
    }
}

/// The verdict. An agent's own word on the whole counts only against itself.
pub fn verdict(round: &QaRound) -> Verdict {
    let each = round.plan.iter().map(|surface| {
        let Some(reading) = reading(round, surface).filter(|r| r.faults.is_empty()) else {
            return Verdict::Void;
        };
        let results: Option<Vec<&QaResult>> = surface
            .checks
            .iter()
            .map(|check| result(reading, check))
            .collect();
        let says_fail = reading
            .report
            .as_ref()
            .is_some_and(|r| r.status == QaStatus::Fail);
        match results {
            None => Verdict::Void,
            Some(all) if says_fail || all.iter().any(|r| r.status == QaStatus::Fail) => {
                Verdict::Fail
            }
            Some(_) => Verdict::Pass,
        }
    });
    let each: Vec<Verdict> = each.collect();
    match (each.contains(&Verdict::Void), each.contains(&Verdict::Fail)) {
        (true, _) => Verdict::Void,
        (false, true) => Verdict::Fail,
        (false, false) => Verdict::Pass,
    }
}

/// What was made of a surface; of several readings the first.
pub fn reading<'a>(round: &'a QaRound, surface: &QaSurface) -> Option<&'a QaReading> {
    let mut readings = round.readings.iter();
    readings.find(|reading| reading.surface == surface.name)
}

/// The result of a planned check; `None` if there is none, or more than one.
pub fn result<'a>(reading: &'a QaReading, check: &QaCheck) -> Option<&'a QaResult> {
    let mut all = reading.report.iter().flat_map(|report| &report.checks);
    let mut own = all.by_ref().filter(|result| result.id == check.id);
    let first = own.next()?;
    match own.next() {
        None if !first.evidence.trim().is_empty() => Some(first),
        _ => None,
    }
}

/// Planned checks that do not hold, with what was seen, and what else is wrong.
pub fn failures(round: &QaRound) -> Vec<String> {
    let mut out = Vec::new();
    for surface in &round.plan {
        let Some(reading) = reading(round, surface) else {
            continue;
        };
        for check in &surface.checks {
            let result = result(reading, check).filter(|r| r.status == QaStatus::Fail);
            out.extend(
                result.map(|r| format!("{}: {}\nseen: {}", check.id, check.what, r.evidence)),
            );
        }
        let issues = reading.report.iter().flat_map(|report| &report.issues);
        out.extend(issues.map(|issue| format!("{}: {issue}", surface.name)));
    }
    out
}

/// Why nothing is known of a surface, in a line each.
pub fn voids(round: &QaRound) -> Vec<String> {
    let mut out = Vec::new();
    for surface in &round.plan {
        let name = &surface.name;
        let Some(reading) = reading(round, surface) else {
            out.push(format!("{name}: nobody looked"));
            continue;
        };
        out.extend(
            reading
                .faults
                .iter()
                .map(|fault| format!("{name}: {fault}")),
        );
        let missing = surface
            .checks
            .iter()
            .filter(|check| result(reading, check).is_none());
        let missing: Vec<&str> = missing.map(|check| check.id.as_str()).collect();
        if !missing.is_empty() && reading.faults.is_empty() {
            out.push(format!(
                "{name}: no single result with evidence for {}",
                missing.join(", ")
            ));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Oid;
    use crate::model::qa::QaReport;

    fn round(results: &[(&str, QaStatus, &str)], faults: &[&str]) -> QaRound {
        let check = |id: &str| QaCheck {
            id: id.to_owned(),
            what: "it works".to_owned(),
        };
        let result = |(id, status, evidence): &(&str, QaStatus, &str)| QaResult {
            id: (*id).to_owned(),
            status: *status,
            evidence: (*evidence).to_owned(),
        };
        QaRound {
            number: 1,
            commit: Oid::parse(&"1".repeat(40)).unwrap(),
            merged: 1,
            plan: vec![QaSurface {
                name: "cli".to_owned(),
                seen: Vec::new(),
                checks: vec![check("cli-1"), check("cli-2")],
            }],
            readings: vec![QaReading {
                surface: "cli".to_owned(),
                agent: "qa".to_owned(),
                report: Some(QaReport {
                    schema_version: 1,
                    surface: "cli".to_owned(),
                    status: QaStatus::Pass,
                    checks: results.iter().map(result).collect(),
                    issues: Vec::new(),
                    recommendation: None,
                }),
                faults: faults.iter().map(|fault| (*fault).to_owned()).collect(),
            }],
        }
    }

    #[test]
    fn a_round_counts_only_with_one_result_and_evidence_for_every_planned_check() {
        use QaStatus::{Fail, Pass};
        let both = [("cli-1", Pass, "ok"), ("cli-2", Pass, "ok")];
        assert_eq!(verdict(&round(&both, &[])), Verdict::Pass);
        // Whatever it says of the whole.
        let one = [("cli-1", Pass, "ok"), ("cli-2", Fail, "it said no")];
        assert_eq!(verdict(&round(&one, &[])), Verdict::Fail);
        assert_eq!(
            failures(&round(&one, &[])),
            ["cli-2: it works\nseen: it said no"]
        );
        for void in [
            round(&both[..1], &[]),
            round(&[("cli-1", Pass, "ok"), ("cli-2", Pass, " ")], &[]),
            round(&[both[0], both[1], ("cli-2", Fail, "no")], &[]),
            round(&both, &["it changed files"]),
            round(&[("cli-1", Fail, "no")], &[]),
        ] {
            assert_eq!(verdict(&void), Verdict::Void, "{void:?}");
            assert!(!voids(&void).is_empty());
        }
        let mut nobody = round(&both, &[]);
        nobody.readings.clear();
        assert_eq!(verdict(&nobody), Verdict::Void);
    }

    #[test]
    fn an_agent_that_says_fail_is_taken_at_its_word() {
        let both = [
            ("cli-1", QaStatus::Pass, "ok"),
            ("cli-2", QaStatus::Pass, "ok"),
        ];
        let mut round = round(&both, &[]);
        round.readings[0].report.as_mut().unwrap().status = QaStatus::Fail;
        assert_eq!(verdict(&round), Verdict::Fail);
    }
}
