//! The store on every backend: memory and four repository formats.

use std::cell::RefCell;

use git_wp::model::{Deviation, Durability, Settings};
use git_wp::state::asked::Said;
use git_wp::state::record::{Decided, Judge, Sentence};
use git_wp::state::request::AttemptFact;
use git_wp::state::{Op, Refusal, Request, View};
use git_wp::store::{Accepted, Load, Memory, Owner, Seat, Store};

use crate::support::state::{
    self, at, claim, claim_with, end, feature, land, landed, lock, package, publish, steal, unlock,
};
use crate::support::{FORMATS, Scratch};

fn settings() -> Settings {
    Settings {
        durability: Durability::Off,
        ..Settings::default()
    }
}

/// Runs `test` on memory and on every repository format.
fn everywhere(test: impl Fn(&dyn Fn() -> Store)) {
    let memory = Memory::new();
    test(&|| Store::in_memory(&memory));
    for format in FORMATS {
        let scratch = Scratch::with_format(format);
        let repo = scratch.repo();
        test(&|| Store::open(&repo, &settings(), Seat::Outside));
        scratch.assert_sound();
    }
}

fn published(store: &Store) {
    let blob = store.put_blob(b"plan").unwrap();
    let names = ["p", "q", "r"].map(str::to_owned);
    let outcome = one(store, publish("t-publish", &blob, &names));
    assert!(matches!(outcome, Ok(Accepted::Committed(_))), "{outcome:?}");
}

fn one(store: &Store, request: Request) -> Result<Accepted, Refusal> {
    store.submit(vec![request]).unwrap().remove(0)
}

fn refused(store: &Store, request: Request) -> &'static str {
    one(store, request).unwrap_err().code()
}

fn full(store: &Store) -> View {
    View::clone(&store.view(&Load::All).unwrap())
}

#[test]
fn a_package_goes_from_publication_to_merge() {
    everywhere(|open| {
        let store = open();
        assert_eq!(full(&store), View::default());
        published(&store);
        one(&store, claim("t1", "p", "a1")).unwrap();
        one(&store, land("t2", 1, ("p", "a1"), 1)).unwrap();
        assert_eq!(refused(&store, end("t3", ("p", "a1"), 1)), "landing");
        assert_eq!(refused(&store, steal("t4", ("p", "a2"), 1)), "landing");
        one(&store, landed("t5", 1)).unwrap();
        assert_eq!(one(&store, landed("t6", 1)), Ok(Accepted::Unchanged));
        assert_eq!(refused(&store, claim("t7", "p", "a3")), "already-merged");

        let view = full(&store);
        assert_eq!(view.problems, []);
        let brief = &view.briefs[&feature()];
        assert_eq!((brief.packages, brief.merged, brief.live.len()), (3, 1, 0));
        let p = &view.features[&feature()].packages[&package("p")];
        assert_eq!(p.accept.as_ref().unwrap().attempt.as_str(), "a1");
        assert_eq!(full(&open()), view, "another handle sees the same");
    });
}

#[test]
fn another_handle_sees_the_same_after_every_step() {
    everywhere(|open| {
        let (one_store, other) = (open(), open());
        published(&one_store);
        for (i, request) in [
            claim("t1", "p", "a1"),
            lock("t2", "docs/**", "s1"),
            end("t3", ("p", "a1"), 1),
            claim("t4", "p", "a2"),
            unlock("t5", "docs/**", "s1"),
            lock("t6", "flag:x/*", "s1"),
        ]
        .into_iter()
        .enumerate()
        {
            let store = if i % 2 == 0 { &one_store } else { &other };
            one(store, request).unwrap();
            assert_eq!(full(&one_store), full(&other));
            assert_eq!(full(&open()), full(&other));
        }
    });
}

#[test]
fn a_transaction_takes_effect_once() {
    everywhere(|open| {
        let store = open();
        published(&store);
        let first = one(&store, claim("t1", "p", "a1"));
        one(&store, end("t2", ("p", "a1"), 1)).unwrap();
        assert_eq!(one(&store, claim("t1", "p", "a1")), first);
        assert_eq!(one(&open(), claim("t1", "p", "a1")), first);
        let both = open()
            .submit(vec![claim("t3", "p", "a2"), claim("t3", "p", "a2")])
            .unwrap();
        assert_eq!(both[0], both[1]);
        let txns: Vec<_> = store
            .history(99)
            .unwrap()
            .into_iter()
            .map(|c| c.txn)
            .collect();
        let names: Vec<_> = txns.iter().map(git_wp::base::TxnId::as_str).collect();
        assert_eq!(names, ["t3", "t2", "t1", "t-publish"]);
        assert!(store.find_txn(&txns[1]).unwrap().is_some());
    });
}

#[test]
fn a_batch_is_one_commit_and_each_request_sees_those_before_it() {
    everywhere(|open| {
        let store = open();
        published(&store);
        let outcomes = store
            .submit(vec![
                claim("t1", "p", "a1"),
                claim("t2", "p", "a2"),
                claim("t3", "q", "a3"),
            ])
            .unwrap();
        assert_eq!(outcomes[0], outcomes[2]);
        let Err(Refusal::Held(holder)) = &outcomes[1] else {
            panic!("{outcomes:?}");
        };
        assert_eq!(holder.attempt.as_str(), "a1");
        let changes = store.history(2).unwrap();
        assert_eq!(changes[0].commit, changes[1].commit);
        assert_eq!(
            (changes[0].op.as_str(), changes[0].target.as_str()),
            ("claim", "add-auth/q")
        );
    });
}

#[test]
fn what_is_missing_or_not_allowed_is_refused_and_writes_nothing() {
    everywhere(|open| {
        let store = open();
        let absent = state::oid('d');
        let names = ["p".to_owned()];
        assert_eq!(
            refused(&store, publish("t0", &absent, &names)),
            "missing-object"
        );
        assert_eq!(store.tip().unwrap(), None);
        published(&store);
        let tip = store.tip().unwrap();
        assert_eq!(refused(&store, claim("t1", "unknown", "a1")), "unknown");
        assert_eq!(refused(&store, end("t2", ("p", "a1"), 1)), "unknown");
        assert_eq!(refused(&store, steal("t3", ("p", "a1"), 1)), "invalid");
        let waits = claim_with("t4", ("q", "a1"), |c| c.after.push(package("p")));
        assert_eq!(refused(&store, waits), "not-ready");
        let mut needy = claim("t5", "p", "a1");
        needy.needs.push(absent);
        assert_eq!(refused(&store, needy), "missing-object");
        assert_eq!(store.tip().unwrap(), tip);
        assert_eq!(full(&store).problems, []);
    });
}

#[test]
fn the_plan_comes_back_as_it_was_published() {
    everywhere(|open| {
        let store = open();
        published(&store);
        let bytes = store.plan_bytes(&feature(), &state::plan_hash()).unwrap();
        assert_eq!(bytes.as_deref(), Some(&b"plan"[..]));
        let other = git_wp::base::ContentHash::of(b"x");
        assert_eq!(store.plan_bytes(&feature(), &other).unwrap(), None);
        let since = full(&store).features[&feature()].opens[0].by.at;
        assert_eq!(since, at(0));
    });
}

#[test]
fn a_derived_value_is_computed_once_and_again_after_a_change() {
    let scratch = Scratch::new();
    let repo = scratch.repo();
    let open = || Store::open(&repo, &settings(), Seat::Outside);
    let count = |store: &Store, computed: &mut u32| {
        let value = store.derived(&feature(), "count", |records| {
            *computed += 1;
            records.packages.len()
        });
        value.unwrap()
    };
    let mut computed = 0;
    assert_eq!(count(&open(), &mut computed), None);
    published(&open());
    assert_eq!(count(&open(), &mut computed), Some(0));
    assert_eq!(count(&open(), &mut computed), Some(0));
    assert_eq!(computed, 1);
    one(&open(), claim("t1", "p", "a1")).unwrap();
    assert_eq!(count(&open(), &mut computed), Some(1));
    let cache = scratch.path().join(".git/wp/cache");
    for entry in std::fs::read_dir(&cache).unwrap() {
        std::fs::write(entry.unwrap().path(), "rubbish").unwrap();
    }
    assert_eq!(count(&open(), &mut computed), Some(1));
    assert_eq!(computed, 3);
    std::fs::remove_dir_all(&cache).unwrap();
    assert_eq!(full(&open()).problems, []);
}

#[test]
fn what_a_room_asks_for_waits_in_its_inbox_and_is_its_own() {
    let scratch = Scratch::new();
    let repo = scratch.repo();
    let store = Store::open(&repo, &settings(), Seat::Outside);
    published(&store);
    one(&store, claim("t1", "p", "a1")).unwrap();
    one(&store, claim("t2", "q", "a2")).unwrap();
    let attempt = state::attempt("a1");
    let room = Store::open(&repo, &settings(), Seat::Room { attempt });
    // It asks for the lock in the name of another session, and for what no agent may have.
    for request in [
        lock("r1", "flag:x", "a2"),
        end("r2", ("q", "a2"), 1),
        land("r3", 1, ("p", "a1"), 1),
        lock("r4", "q/x.rs", "a2"),
    ] {
        assert_eq!(one(&room, request), Ok(Accepted::Queued));
    }
    let owner = Owner {
        feature: feature(),
        package: package("p"),
        attempt: state::attempt("a1"),
        actor: state::by().actor,
        label: "ann@host".to_owned(),
    };
    let inbox = store.inbox(&owner.attempt).unwrap();
    std::fs::write(inbox.join("x.req"), "rubbish").unwrap();
    let passed = store.drain_inbox(&owner, &|_| {}).unwrap();
    let accepted: Vec<bool> = passed.iter().map(|p| p.outcome.is_ok()).collect();
    assert_eq!(accepted.iter().filter(|ok| **ok).count(), 1, "{passed:?}");
    let view = full(&store);
    let (_, held) = view.locks["flag:x"].live().unwrap();
    assert_eq!(held.session, "a1");
    assert_eq!(view.briefs[&feature()].live.len(), 2);
    assert_eq!(store.drain_inbox(&owner, &|_| {}).unwrap(), []);
    // Its locks end with it.
    one(&store, end("t9", ("p", "a1"), 1)).unwrap();
    assert!(full(&store).locks["flag:x"].live().is_none());
}

#[test]
fn an_agent_grants_nothing_to_itself_by_what_it_says_of_its_attempt() {
    let scratch = Scratch::new();
    let repo = scratch.repo();
    let store = Store::open(&repo, &settings(), Seat::Outside);
    published(&store);
    one(&store, claim("t1", "p", "a1")).unwrap();
    let attempt = state::attempt("a1");
    let seat = Seat::Room {
        attempt: attempt.clone(),
    };
    let room = Store::open(&repo, &settings(), seat);
    let kinds = [
        Deviation::SCOPE_GRANTED,
        "amended-scope",
        Deviation::SCOPE_REQUEST,
        "agent-completed",
    ];
    for (n, kind) in kinds.into_iter().enumerate() {
        let said = Op::Note {
            feature: feature(),
            package: package("p"),
            attempt: attempt.clone(),
            fact: AttemptFact::Deviation(Deviation {
                kind: kind.to_owned(),
                detail: String::new(),
                paths: vec!["docs/x".into()],
                at: at(1),
            }),
        };
        one(&room, state::request(&format!("r{n}"), said)).unwrap();
    }
    let allowed = Decided {
        judge: Judge::Policy,
        operation: "merge".to_owned(),
        resource: String::new(),
        sentence: Sentence::Allow,
        rules: Vec::new(),
        reason: String::new(),
        trust: 4,
        profile: None,
        feature: None,
        package: None,
        agent: None,
        kind: None,
        session: None,
        by: state::by(),
    };
    let denied = Decided {
        sentence: Sentence::Deny,
        ..allowed.clone()
    };
    for (n, decided) in [allowed, denied].into_iter().enumerate() {
        let said = Op::Say(Box::new(Said::Decided(decided)));
        one(&room, state::request(&format!("s{n}"), said)).unwrap();
    }
    let owner = Owner {
        feature: feature(),
        package: package("p"),
        attempt: attempt.clone(),
        actor: state::by().actor,
        label: "ann@host".to_owned(),
    };
    let heard = RefCell::new(Vec::new());
    let heed = |said: &Deviation| heard.borrow_mut().push(said.kind.clone());
    store.drain_inbox(&owner, &heed).unwrap();
    assert_eq!(heard.into_inner(), ["scope-request", "agent-completed"]);
    let view = full(&store);
    let package = &view.features[&feature()].packages[&package("p")];
    let kinds = package.attempts[&attempt].deviations.iter();
    let mut kinds: Vec<&str> = kinds.map(|d| d.kind.as_str()).collect();
    kinds.sort_unstable();
    assert_eq!(kinds, ["agent-completed", "scope-request"]);
    let decisions = store.decisions().unwrap().items;
    let [(_, only)] = decisions.as_slice() else {
        panic!("{decisions:?}");
    };
    assert_eq!(only.sentence, Sentence::Deny);
    assert_eq!(only.session.as_deref(), Some("a1"));
}
