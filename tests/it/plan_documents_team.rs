//! Team plans: real ones against what is known of them, and damaged ones.

use git_wp::base::json::{self, Value};
use git_wp::model::{Code, Format};
use git_wp::plan::outline::{Item, MarkStyle, Outline, ScopeState, Target};

use crate::support::documents::{
    corpus, damage_is_survived, documents, fences_change_nothing, outline, repetition_is_cheap,
};

const TEAM: Format = Format::TeamPlan;

fn strings(value: &Value) -> Vec<String> {
    let list = value.as_array().unwrap().iter();
    list.map(|v| v.as_str().unwrap().to_owned()).collect()
}

fn targets<'a>(list: impl Iterator<Item = &'a Target>) -> Vec<String> {
    let id = |target: &Target| match target {
        Target::Item(id) => id.clone(),
        other => format!("{other:?}"),
    };
    list.map(id).collect()
}

fn same_phase(name: &str, item: &Item, truth: &Value) {
    let place = format!("{name}, phase {}", item.id);
    assert_eq!(truth["id"], item.id.as_str(), "{place}");
    assert_eq!(truth["name"], item.title.as_str(), "{place}");
    assert_eq!(truth["status"], item.mark.text.as_str(), "{place}");
    assert_eq!(item.mark.style, MarkStyle::Bracket, "{place}");
    let waits = targets(item.depends_on.iter().map(|d| &d.to));
    assert_eq!(
        item.declares_order,
        truth["depends_on"].is_array(),
        "{place}"
    );
    if item.declares_order {
        assert_eq!(strings(&truth["depends_on"]), waits, "{place}");
    }
    let files = item.scope.entries.iter().map(|e| e.path.clone());
    assert_eq!(
        strings(&truth["files"]),
        files.collect::<Vec<_>>(),
        "{place}"
    );
    let nothing = item.scope.state == ScopeState::Nothing;
    assert_eq!(truth["files_none"], nothing, "{place}");
    let boxes = |ticked: bool| {
        let boxes = item.steps.iter().filter(|s| s.mark.style == MarkStyle::Box);
        boxes.filter(|s| (s.mark.text != " ") == ticked).count()
    };
    assert_eq!(truth["checked"], boxes(true), "{place}");
    assert_eq!(truth["unchecked"], boxes(false), "{place}");
    let deviations = item
        .steps
        .iter()
        .filter_map(|step| step.note.as_deref()?.strip_prefix("deviation:"));
    let words = deviations.filter_map(|note| note.split_whitespace().next());
    assert_eq!(
        strings(&truth["deviations"]),
        words.collect::<Vec<_>>(),
        "{place}"
    );
}

fn same_waves(name: &str, outline: &Outline, truth: &Value) {
    let waves = truth["waves"].as_array().unwrap();
    assert_eq!(outline.groups.len(), waves.len(), "{name}");
    for (group, wave) in outline.groups.iter().zip(waves) {
        assert_eq!(wave["wave"], group.value.as_str(), "{name}");
        assert_eq!(strings(&wave["phases"]), group.members, "{name}");
        let blocked = targets(group.depends_on.iter().map(|d| &d.to));
        assert_eq!(strings(&wave["blocked_by"]), blocked, "{name}");
    }
}

#[test]
fn team_plans_are_read_as_they_are_known() {
    let found = documents("team-plans");
    if found.is_empty() {
        return;
    }
    let truth = std::fs::read(corpus().join("team-plans-truth.json")).unwrap();
    let truth = json::parse(&truth).unwrap();
    let mut phases = 0;
    for (name, source) in &found {
        let truth = &truth["plans"][name.as_str()];
        let outline = outline(TEAM, source);
        let known = truth["phases"].as_array().unwrap();
        assert_eq!(outline.items.len(), known.len(), "{name}");
        for (item, known) in outline.items.iter().zip(known) {
            same_phase(name, item, known);
            phases += 1;
        }
        same_waves(name, &outline, truth);
        let mark = outline.mark.as_ref().unwrap();
        assert_eq!(truth["plan_status"], mark.text.as_str(), "{name}");
        let flags = strings(&truth["flags"]);
        let serious = |c: Code| matches!(c, Code::Contradiction | Code::RepeatedId);
        let told = outline.findings.iter().filter(|f| serious(f.code));
        let told = told
            .filter(|f| !f.message.starts_with("the plan is"))
            .count();
        assert_eq!(
            flags.is_empty(),
            told == 0,
            "{name}: {:?}",
            outline.findings
        );
    }
    assert_eq!((found.len(), phases), (60, 208));
}

#[test]
fn plans_without_dependency_fields_are_read_too() {
    for (name, source) in documents("team-plans-nodeps") {
        let outline = outline(TEAM, &source);
        assert!(outline.items.len() > 1, "{name}");
        assert!(outline.items.iter().all(|i| !i.title.is_empty()), "{name}");
    }
}

#[test]
fn an_open_fence_anywhere_changes_no_phase() {
    let mut found = documents("team-plans");
    found.truncate(12);
    found.extend(documents("team-plans-nodeps").into_iter().take(8));
    fences_change_nothing(TEAM, &found);
}

#[test]
fn damaged_plans_do_not_bring_the_reader_down() {
    let mut found = documents("team-plans");
    found.truncate(6);
    damage_is_survived(TEAM, &found);
}

#[test]
fn no_line_of_a_plan_is_slow_by_its_number() {
    repetition_is_cheap(
        TEAM,
        &[
            "### Phase 1: a [X]",
            "**Depends on**: 1-99, 1-99, 1-99",
            "| Wave | Phases | Blocked by |",
            "- [ ] `a` *(",
            "### Phase 1: [[[[[[[[[[[[[]]]]",
            "(",
            "**Depends on**: (1 - 1 - 1, 2",
        ],
    );
}
