//! Fifty heads merged in memory, against `git merge` in a worktree.

use std::time::Duration;

use git_wp::base::{AttemptId, FeatureId, Oid, PackageId, Timestamp};
use git_wp::git::{Person, Repo};
use git_wp::integrate::couple::Said;
use git_wp::integrate::merge::{self, MergeInput, MessageParts};
use git_wp::integrate::{Coupled, Coupling, MergeOutcome, Shadow, couple, tips};
use git_wp::model::{ScopeMode, ScopeSpec};
use git_wp::scope::{Fold, Set};

use crate::scene::{Scene, timed};
use crate::tell;

const HEADS: usize = 50;
const FILES: usize = 2_000;

/// Prints the ratio.
pub(crate) fn merge() {
    let scene = scene();
    let ours = ours(&scene);
    let theirs = timed(|| {
        scene.git(&["worktree", "add", "-q", "-b", "theirs", "../theirs", "main"]);
        for i in 0..HEADS {
            let (path, head) = ("../theirs", format!("head{i}"));
            scene.git(&["-C", path, "merge", "-q", "--no-ff", "-m", &head, &head]);
        }
    });
    tell("merge of 50 heads / git merge in a worktree", ours, theirs);
}

/// Heads that each change a file of their own.
fn scene() -> Scene {
    let scene = Scene::new();
    scene.files(FILES);
    for i in 0..HEADS {
        scene.git(&["switch", "-q", "-c", &format!("head{i}"), "main"]);
        scene.write(&format!("dir{i}/file"), "changed\n");
        scene.commit("work");
    }
    scene.git(&["switch", "-q", "main"]);
    scene
}

fn ours(scene: &Scene) -> Duration {
    let oid = |rev: &str| Oid::parse(&scene.git(&["rev-parse", rev])).unwrap();
    let heads: Vec<Oid> = (0..HEADS).map(|i| oid(&format!("head{i}"))).collect();
    let base = oid("main");
    let repo = Repo::discover(&scene.path()).unwrap();
    timed(|| {
        let shadow = Shadow::open(&repo).unwrap();
        let mut tip = base.clone();
        for (i, head) in heads.iter().enumerate() {
            tip = one(&shadow, (&tip, head, &base), i);
        }
    })
}

fn one(shadow: &Shadow, (tip, head, base): (&Oid, &Oid, &Oid), i: usize) -> Oid {
    let spec = ScopeSpec {
        write_allow: vec![format!("dir{i}/**")],
        ..ScopeSpec::default()
    };
    let scope = Set::parse(&spec, Fold::None).unwrap();
    let person = Person {
        name: "Ann".to_owned(),
        email: "ann@example.org".to_owned(),
    };
    let outcome = merge::merge(
        shadow,
        &MergeInput {
            tip,
            head,
            base,
            scope: &scope,
            mode: ScopeMode::Strict,
            left_out: None,
            granted: &[],
            owner_of: &|_| None,
            message: MessageParts {
                feature: &FeatureId::parse("x").unwrap(),
                package: &PackageId::parse("p").unwrap(),
                role: "general",
                title: "",
                attempt: &AttemptId::parse(&format!("a{i}")).unwrap(),
                by: &person,
                at: Timestamp::from_millis(0),
                trailers: &[],
            },
        },
    );
    match outcome.unwrap() {
        MergeOutcome::Merged(merged) => merged.commit,
        other => panic!("{other:?}"),
    }
}

/// Fifty clean heads coupled behind a target, conflicts looked for first, against the same with
/// five heads by `git merge` in a worktree.
pub(crate) fn train() {
    const FEW: usize = 5;
    let scene = scene();
    let oid = |rev: &str| Oid::parse(&scene.git(&["rev-parse", rev])).unwrap();
    let heads: Vec<Oid> = (0..HEADS).map(|i| oid(&format!("head{i}"))).collect();
    let target = oid("main");
    let repo = Repo::discover(&scene.path()).unwrap();
    let person = Person {
        name: "Ann".to_owned(),
        email: "ann@example.org".to_owned(),
    };
    let ours = timed(|| {
        let shadow = Shadow::open(&repo).unwrap();
        let (_, pairs) = tips::pairs(&shadow, &target, &heads).unwrap();
        assert!(pairs.is_empty(), "they are clean");
        let mut tip = target.clone();
        for (i, head) in heads.iter().enumerate() {
            let said = Said {
                feature: &FeatureId::parse(&format!("head{i}")).unwrap(),
                title: "",
                into: "main",
                train: "bench",
                by: &person,
                at: Timestamp::from_millis(0),
            };
            let (tip_before, target) = (tip.clone(), &target);
            let coupling = Coupling {
                tip: &tip_before,
                head,
                target,
                said,
            };
            match couple(&shadow, &coupling).unwrap() {
                Coupled::Merged { commit } => tip = commit,
                other => panic!("{other:?}"),
            }
        }
    });
    let theirs = timed(|| {
        scene.git(&["worktree", "add", "-q", "-b", "few", "../few", "main"]);
        for i in 0..FEW {
            let head = format!("head{i}");
            scene.git(&["-C", "../few", "merge", "-q", "--no-ff", "-m", &head, &head]);
        }
    });
    tell(
        "train of 50 heads / git merge of 5 in a worktree",
        ours,
        theirs,
    );
}
