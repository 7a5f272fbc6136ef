//! Clones that exchange their state through a real remote.

use git_wp::base::Kind;
use git_wp::model::{Durability, EndReason, Settings};
use git_wp::state::Op;
use git_wp::store::sync::{SyncMode, SyncResult};
use git_wp::store::{Seat, Store};

use crate::support::FORMATS;
use crate::support::state::{
    attempt, claim, end, feature, lock, package, publish, request, steal, unlock,
};
use crate::support::team::{Clone, Team};

fn published(clone: &Clone) {
    let blob = clone.store.put_blob(b"plan").unwrap();
    let names = ["p", "q", "r"].map(str::to_owned);
    clone.ask(publish("t-publish", &blob, &names)).unwrap();
}

/// Two clones that share a state with a published plan.
fn pair(team: &Team) -> (Clone, Clone) {
    let (one, two) = (team.join("one"), team.join("two"));
    assert_eq!(one.sync().result, SyncResult::Pushed);
    published(&one);
    let report = one.sync();
    assert_eq!((report.result, report.tries), (SyncResult::Pushed, 1));
    assert!(report.facts_out > 0);
    assert_eq!(two.sync().result, SyncResult::Adopted);
    (one, two)
}

fn claim_of<'a>(clone: &'a Clone, aid: &str) -> &'a str {
    let view = clone.view();
    let known = &view.features[&feature()].packages[&package("p")].attempts[&attempt(aid)];
    if known.is_superseded() {
        "superseded"
    } else if view.tentative.grants.contains(&attempt(aid)) {
        "provisional"
    } else if known.epoch.is_some() {
        "confirmed"
    } else {
        "nothing"
    }
}

#[test]
fn two_clones_come_to_the_same_state_and_one_look_tells_so() {
    for format in FORMATS {
        let team = Team::with_format(format);
        let (one, two) = pair(&team);
        assert_eq!(one.tree(), two.tree(), "{format:?}");
        let (a, b) = (one.sync(), two.sync());
        assert_eq!(
            (a.result, b.result),
            (SyncResult::InSync, SyncResult::InSync)
        );
        assert_eq!((a.tries, b.tries), (0, 0));
        assert_eq!(one.view(), two.view());
    }
}

#[test]
fn of_two_claims_the_one_that_arrives_first_is_confirmed() {
    for format in FORMATS {
        let team = Team::with_format(format);
        let (one, two) = pair(&team);
        one.ask(claim("t1", "p", "a1")).unwrap();
        two.ask(claim("t2", "p", "a2")).unwrap();
        assert_eq!(claim_of(&one, "a1"), "provisional");
        assert_eq!(claim_of(&two, "a2"), "provisional");
        let won = two.sync();
        assert_eq!(won.confirmed.len(), 1);
        assert_eq!(claim_of(&two, "a2"), "confirmed");
        let lost = one.sync();
        assert_eq!(lost.superseded.len(), 1);
        assert_eq!(lost.superseded[0].attempt, attempt("a1"));
        assert_eq!(claim_of(&one, "a1"), "superseded");
        two.sync();
        assert_eq!(one.tree(), two.tree());
        assert_eq!(claim_of(&two, "a1"), "superseded");
        one.git(&["fsck", "--strict", "--no-dangling"]);
        team.git(&["fsck", "--strict", "--no-dangling"]);
    }
}

#[test]
fn what_was_asked_offline_is_settled_in_order() {
    let team = Team::new();
    let (one, two) = pair(&team);
    team.cut_off(|| {
        one.ask(claim("t1", "p", "a1")).unwrap();
        one.ask(end("t2", ("p", "a1"), 1)).unwrap();
        one.ask(claim("t3", "p", "a2")).unwrap();
        one.ask(lock("t4", "flag:x", "s1")).unwrap();
        one.ask(unlock("t5", "flag:x", "s1")).unwrap();
        let report = one.sync();
        assert_eq!((report.result, report.tries), (SyncResult::Offline, 0));
    });
    // Somebody else was there and is gone again: epochs are other ones by now.
    two.ask(claim("u1", "p", "b1")).unwrap();
    two.ask(end("u2", ("p", "b1"), 1)).unwrap();
    two.sync();
    let report = one.sync();
    assert_eq!(report.confirmed.len(), 2, "{report:?}");
    assert_eq!(report.refused, []);
    two.sync();
    assert_eq!(one.tree(), two.tree());
    let view = two.view();
    let known = &view.features[&feature()].packages[&package("p")];
    assert_eq!(known.live().unwrap().attempt, attempt("a2"));
    assert_eq!(known.live().unwrap().epoch, 3);
    assert!(view.locks["flag:x"].live().is_none());
}

#[test]
fn a_clone_that_is_taken_over_from_can_do_no_harm() {
    let team = Team::new();
    let (one, two) = pair(&team);
    one.ask(claim("t1", "p", "a1")).unwrap();
    one.sync();
    two.sync();
    two.ask(steal("u1", ("p", "b1"), 1)).unwrap();
    assert_eq!(two.sync().confirmed.len(), 1);
    // It does not know yet, and says that it failed.
    one.ask(end("t2", ("p", "a1"), 1)).unwrap();
    let report = one.sync();
    assert_eq!(report.refused.len(), 1);
    let view = one.view();
    let known = &view.features[&feature()].packages[&package("p")];
    assert_eq!(known.live().unwrap().attempt, attempt("b1"));
    let end = known.attempts[&attempt("a1")].end.as_ref().unwrap();
    assert_eq!(end.reason, EndReason::Lost);
}

#[test]
fn a_tip_that_came_alone_is_fetched_with_all_that_it_reaches() {
    for format in FORMATS {
        let team = Team::with_format(format);
        let (one, two) = pair(&team);
        one.ask(claim("t1", "p", "a1")).unwrap();
        one.sync();
        // A fetch that was killed had got as far as this.
        let tip = one.git(&["rev-parse", "refs/wp/state"]);
        let (fan, rest) = tip.split_at(2);
        let store = two.path.join(".git/objects").join(fan);
        std::fs::create_dir_all(&store).unwrap();
        let object = one.path.join(".git/objects").join(fan).join(rest);
        std::fs::copy(object, store.join(rest)).unwrap();
        assert_eq!(two.sync().result, SyncResult::Adopted);
        assert_eq!(one.tree(), two.tree());
        two.git(&["fsck", "--strict", "--no-dangling"]);
    }
}

#[test]
fn what_is_recorded_while_others_push_is_never_lost() {
    let team = Team::new();
    let (one, two) = pair(&team);
    for round in 0..5 {
        one.ask(lock(&format!("t{round}"), &format!("flag:a{round}"), "s1"))
            .unwrap();
        two.ask(lock(&format!("u{round}"), &format!("flag:b{round}"), "s2"))
            .unwrap();
        two.sync();
        one.sync();
    }
    two.sync();
    assert_eq!(one.tree(), two.tree());
    assert_eq!(
        one.view()
            .locks
            .values()
            .filter(|l| l.live().is_some())
            .count(),
        10
    );
}

#[test]
fn a_plain_push_that_fast_forwards_is_harmless() {
    let team = Team::new();
    let (one, two) = pair(&team);
    one.ask(claim("t1", "p", "a1")).unwrap();
    one.git(&["push", "-q", "origin", "refs/wp/state"]);
    two.sync();
    assert_eq!(claim_of(&two, "a1"), "nothing");
    two.ask(claim("u1", "p", "b1")).unwrap();
    assert_eq!(two.sync().confirmed.len(), 1);
    let report = one.sync();
    assert_eq!(report.superseded.len(), 1, "{report:?}");
    two.sync();
    assert_eq!(one.tree(), two.tree());
}

#[test]
fn a_rewound_authority_freezes_rights_and_facts_still_come() {
    let team = Team::new();
    let (one, two) = pair(&team);
    let old = team.git(&["rev-parse", "refs/wp/state"]);
    one.ask(claim("t1", "p", "a1")).unwrap();
    one.sync();
    two.sync();
    team.git(&["update-ref", "refs/wp/state", &old]);
    let three = team.join("three");
    three.sync();
    three.ask(lock("v1", "flag:x", "s3")).unwrap();
    three.sync();
    let report = one.sync();
    assert_eq!(report.result, SyncResult::Rewound);
    assert!(report.facts_in > 0, "{report:?}");
    assert_eq!(claim_of(&one, "a1"), "confirmed");
    let refusal = one.ask(claim("t2", "q", "a2")).unwrap_err();
    assert_eq!(refusal.code(), "damaged");
    let report = one.try_sync(SyncMode::AcceptRewind, None).unwrap();
    assert_eq!(report.result, SyncResult::Pushed);
    // Its request waited again, and nobody else had the package.
    assert_eq!(claim_of(&one, "a1"), "confirmed");
    one.ask(claim("t3", "q", "a3")).unwrap();
    assert_eq!(one.sync().confirmed.len(), 1);
    // All that the others have seen is there again.
    assert_eq!(two.sync().result, SyncResult::Adopted);
    assert_eq!(three.sync().result, SyncResult::Adopted);
    assert_eq!(one.tree(), two.tree());
    assert_eq!(one.tree(), three.tree());
    assert_eq!(one.view().authority.unwrap().generation, 2);
}

#[test]
fn an_authority_that_only_went_back_gets_again_what_was_seen_of_it() {
    let team = Team::new();
    let (one, two) = pair(&team);
    let old = team.git(&["rev-parse", "refs/wp/state"]);
    one.ask(claim("t1", "p", "a1")).unwrap();
    one.sync();
    team.git(&["update-ref", "refs/wp/state", &old]);
    assert_eq!(one.sync().result, SyncResult::Rewound);
    one.try_sync(SyncMode::AcceptRewind, None).unwrap();
    assert_eq!(claim_of(&one, "a1"), "confirmed");
    two.sync();
    assert_eq!(claim_of(&two, "a1"), "confirmed");
    team.git(&["update-ref", "-d", "refs/wp/state"]);
    assert_eq!(two.sync().result, SyncResult::Offline);
    two.try_sync(SyncMode::AcceptRewind, None).unwrap();
    assert_eq!(one.sync().result, SyncResult::Adopted);
    assert_eq!(one.tree(), two.tree());
}

#[test]
fn what_is_no_state_is_refused_and_changes_nothing_here() {
    let team = Team::new();
    let (one, two) = pair(&team);
    let good = team.git(&["rev-parse", "refs/wp/state"]);
    let before = two.git(&["rev-parse", "refs/wp/state"]);
    let actor = "actors/x/registers/beat.json";
    let huge = vec![b' '; 2 << 20];
    let cases: [(&str, &str, &[u8]); 8] = [
        ("garbage", "100644", b"x\n"),
        ("meta/format.json", "100644", b"{\"v\":2}\n"),
        ("meta/more.json", "100644", b"{}\n"),
        (actor, "120000", b"/etc/passwd"),
        (actor, "100755", b"{}\n"),
        (actor, "100644", b"{\"seq\": 1}\n"),
        (actor, "100644", &huge),
        ("memories/aa/x.json", "100644", b"{ \"a\":1}\n"),
    ];
    for (path, mode, content) in cases {
        one.push_by_hand(path, mode, content);
        let error = two.try_sync(SyncMode::Normal, None).unwrap_err();
        assert_eq!(error.kind(), Kind::Damaged, "{path} {mode}: {error}");
        assert_eq!(two.git(&["rev-parse", "refs/wp/state"]), before);
        two.ask(lock(
            &format!("u-{}", path.len() + content.len()),
            "flag:y",
            "s",
        ))
        .unwrap();
        two.ask(unlock(
            &format!("w-{}", path.len() + content.len()),
            "flag:y",
            "s",
        ))
        .unwrap();
        let here = two.git(&["rev-parse", "refs/wp/state"]);
        assert_ne!(here, before);
        two.git(&["update-ref", "refs/wp/state", &before]);
        std::fs::remove_file(two.path.join(".git/wp/journal")).unwrap();
        team.git(&["update-ref", "refs/wp/state", &good]);
    }
    assert_eq!(two.sync().result, SyncResult::InSync);
}

#[test]
fn records_that_vanish_are_noticed() {
    let team = Team::new();
    let (one, two) = pair(&team);
    let tree = one.git(&["rev-parse", "refs/wp/state:meta"]);
    let tree = tree.trim();
    let made = {
        let mut command = crate::support::git_command(&one.path);
        command.args(["mktree"]).stdin(std::process::Stdio::piped());
        command.stdout(std::process::Stdio::piped());
        let mut child = command.spawn().unwrap();
        use std::io::Write;
        let line = format!("040000 tree {tree}\tmeta\n");
        child
            .stdin
            .take()
            .unwrap()
            .write_all(line.as_bytes())
            .unwrap();
        let output = child.wait_with_output().unwrap();
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    };
    let commit = one.git(&["commit-tree", &made, "-p", "refs/wp/state", "-m", "less"]);
    one.git(&["push", "-q", "origin", &format!("{commit}:refs/wp/state")]);
    let before = two.tree();
    let report = two.sync();
    assert_eq!(report.result, SyncResult::Rewound);
    assert!(report.notes[0].contains("gone or changed"), "{report:?}");
    assert_eq!(two.tree(), before);
}

#[test]
fn a_clone_with_a_history_of_its_own_joins_and_keeps_it() {
    let team = Team::new();
    let (one, two) = pair(&team);
    let three = team.join("three");
    // It decided for itself until now.
    let settings = Settings {
        durability: Durability::Off,
        ..Settings::default()
    };
    let own = Store::open(&three.repo, &settings, Seat::Outside);
    let blob = own.put_blob(b"plan").unwrap();
    let mut first = publish("v1", &blob, &["p".to_owned(), "q".to_owned()]);
    first.actor = three.by.actor.clone();
    let mut second = claim("v2", "p", "c1");
    second.actor = three.by.actor.clone();
    let mut third = claim("v3", "q", "c2");
    third.actor = three.by.actor.clone();
    for request in [first, second, third] {
        own.submit(vec![request]).unwrap().remove(0).unwrap();
    }
    one.ask(claim("t1", "p", "a1")).unwrap();
    one.sync();
    let report = three.sync();
    assert_eq!(report.result, SyncResult::Pushed);
    assert_eq!(claim_of(&three, "a1"), "confirmed");
    assert_eq!(claim_of(&three, "c1"), "superseded");
    let view = three.view();
    let other = &view.features[&feature()].packages[&package("q")];
    assert_eq!(other.live().unwrap().attempt, attempt("c2"));
    one.sync();
    two.sync();
    assert_eq!(one.tree(), two.tree());
    assert_eq!(one.tree(), three.tree());
    assert_eq!(two.view().problems, []);
}

#[test]
fn only_the_integrator_lands_and_its_role_can_be_taken_over() {
    let team = Team::new();
    let (one, two) = pair(&team);
    let ask = |steal| Op::Integrate {
        feature: feature(),
        steal,
    };
    one.ask(request("t1", ask(None))).unwrap();
    two.ask(request("u1", ask(None))).unwrap();
    one.sync();
    let report = two.sync();
    assert_eq!(report.refused.len(), 1);
    assert!(two.ask(request("u2", ask(None))).is_err());
    two.ask(request("u3", ask(Some(1)))).unwrap();
    two.sync();
    one.sync();
    let view = one.view();
    let live = view.features[&feature()].integrator().unwrap();
    assert_eq!((live.epoch, live.by.actor.as_str()), (2, "two"));
}

#[test]
fn a_dry_run_changes_nothing_anywhere() {
    let team = Team::new();
    let (one, two) = pair(&team);
    one.ask(claim("t1", "p", "a1")).unwrap();
    let (here, there) = (one.tree(), team.git(&["rev-parse", "refs/wp/state"]));
    let report = one.try_sync(SyncMode::DryRun, None).unwrap();
    assert_eq!(
        (report.result, report.confirmed.len()),
        (SyncResult::Pushed, 1)
    );
    assert_eq!(
        (one.tree(), team.git(&["rev-parse", "refs/wp/state"])),
        (here, there)
    );
    assert_eq!(claim_of(&one, "a1"), "provisional");
    drop(two);
}

#[test]
fn a_living_supervisor_shows_a_sign_of_life() {
    let team = Team::new();
    let (one, two) = pair(&team);
    one.try_sync(SyncMode::Normal, Some(&[attempt("a1")]))
        .unwrap();
    let again = one
        .try_sync(SyncMode::Normal, Some(&[attempt("a1")]))
        .unwrap();
    assert_eq!(again.result, SyncResult::InSync);
    two.sync();
    assert_eq!(two.view().beats[&one.by.actor].seq, 1);
}

#[test]
fn what_a_clone_granted_while_it_decided_for_itself_counts_if_nobody_else_was_faster() {
    let team = Team::new();
    let (one, two) = pair(&team);
    let own = Settings {
        durability: Durability::Off,
        ..Settings::default()
    };
    let alone = Store::open(&one.repo, &own, Seat::Outside);
    let mut request = claim("t1", "p", "a1");
    request.actor = one.by.actor.clone();
    alone.submit(vec![request]).unwrap().remove(0).unwrap();
    assert_eq!(one.sync().result, SyncResult::Pushed);
    two.sync();
    assert_eq!(claim_of(&two, "a1"), "confirmed");
    let mut request = claim("t2", "q", "a2");
    request.actor = one.by.actor.clone();
    alone.submit(vec![request]).unwrap().remove(0).unwrap();
    two.ask(claim("u1", "q", "b2")).unwrap();
    assert_eq!(two.sync().confirmed.len(), 1);
    one.sync();
    two.sync();
    assert_eq!(one.tree(), two.tree());
    let view = one.view();
    let known = &view.features[&feature()].packages[&package("q")];
    assert_eq!(known.live().unwrap().attempt, attempt("b2"));
    assert!(known.attempts[&attempt("a2")].is_superseded());
}

#[test]
fn a_remote_that_shows_nothing_at_all_is_out_of_reach_and_not_rewound() {
    let team = Team::new();
    let (one, _two) = pair(&team);
    let state = team.git(&["rev-parse", "refs/wp/state"]);
    team.git(&["update-ref", "-d", "refs/wp/state"]);
    assert_eq!(one.sync().result, SyncResult::Offline);
    // Others have something there, so the state is gone indeed.
    team.git(&["update-ref", "refs/heads/main", &state]);
    assert_eq!(one.sync().result, SyncResult::Rewound);
    team.git(&["update-ref", "-d", "refs/heads/main"]);
    let report = one.try_sync(SyncMode::AcceptRewind, None).unwrap();
    assert_eq!(report.result, SyncResult::Pushed);
}

#[test]
fn a_lock_that_a_killed_push_left_at_the_remote_is_named() {
    let team = Team::new();
    let (one, _two) = pair(&team);
    one.ask(claim("t1", "p", "a1")).unwrap();
    let lock = team.remote().join("refs/wp/state.lock");
    std::fs::write(&lock, "").unwrap();
    let error = one.try_sync(SyncMode::Normal, None).unwrap_err();
    assert_eq!(error.code(), "remote-locked");
    std::fs::remove_file(lock).unwrap();
    assert_eq!(one.sync().confirmed.len(), 1);
}

#[test]
fn a_commit_that_was_about_to_be_pushed_when_nothing_was_heard_any_more_is_pushed_again() {
    let team = Team::new();
    let (one, _two) = pair(&team);
    let head = one.git(&["rev-parse", "HEAD"]);
    let path = one.path.join(".git/wp/remotes/origin.json");
    let known = std::fs::read_to_string(&path).unwrap();
    let name = "refs/wp/heads/add-auth/p/a1";
    let owed = format!("\"owed\":{{\"{name}\":\"{head}\"}}");
    assert!(known.contains("\"owed\":{}"), "{known}");
    std::fs::write(&path, known.replace("\"owed\":{}", &owed)).unwrap();
    assert_eq!(one.sync().result, SyncResult::InSync);
    assert_eq!(team.git(&["rev-parse", name]), head);
    let known = std::fs::read_to_string(&path).unwrap();
    assert!(known.contains("\"owed\":{}"), "{known}");
}
