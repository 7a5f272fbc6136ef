//! How long one lock and one claim take: as a whole process and inside a session, for 1, 8 and
//! 32 workers at once, beside PostgreSQL doing the same on the same disk.
//!
//! `cargo bench --bench coordinate` runs all, `-- claim`, `-- lock`, `-- 8` only such parts.
//! What the columns mean and what is compared with what stands in `benches/README.md`.

#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a measurement")]

mod figures;
mod postgres;
mod scene;
mod session;
mod wire;

use std::process::Command;
use std::sync::Barrier;
use std::time::{Duration, Instant};

use figures::{Figures, Worker};
use postgres::Postgres;
use scene::Scene;
use session::Session;
use wire::Connection;

/// Workers at once, and how often each of them asks.
const CROWDS: [(usize, usize); 3] = [(1, 60), (8, 12), (32, 6)];

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verb {
    Lock,
    Claim,
}

impl Verb {
    fn name(self) -> &'static str {
        match self {
            Verb::Lock => "lock",
            Verb::Claim => "claim",
        }
    }

    /// The statement that does it in a database.
    fn sql(self, who: usize, turn: usize) -> String {
        match self {
            Verb::Lock => format!(
                "insert into locks (key, session, expires) values \
                 ('{}', 's{who}', now() + interval '2 hours') \
                 on conflict (key) do nothing returning key",
                key(who, turn)
            ),
            Verb::Claim => format!(
                "update tasks set session = 's{who}', claimed = now() where id = \
                 (select id from tasks where session is null order by priority, id \
                 for update skip locked limit 1) returning id"
            ),
        }
    }
}

fn key(who: usize, turn: usize) -> String {
    format!("src/w{who}/f{turn}.rs")
}

fn main() {
    let asked: Vec<String> = std::env::args()
        .skip(1)
        .filter(|a| !a.starts_with('-'))
        .collect();
    let wanted = |name: &str, among: &[&str]| {
        let some = asked.iter().any(|a| among.contains(&a.as_str()));
        !some || asked.iter().any(|a| a == name)
    };
    let postgres = Postgres::start();
    match &postgres {
        Ok(_) => println!("PostgreSQL: fsync on, Unix socket, one connection per call"),
        Err(why) => println!("PostgreSQL is left out: {why}"),
    }
    println!("{}", Figures::HEAD);
    for (crowd, turns) in CROWDS {
        for verb in [Verb::Lock, Verb::Claim] {
            if wanted(verb.name(), &["lock", "claim"])
                && wanted(&crowd.to_string(), &["1", "8", "32"])
            {
                whole(verb, (crowd, turns), postgres.as_ref().ok());
                inside(verb, (crowd, turns), postgres.as_ref().ok());
            }
        }
    }
}

/// A process per call, against a `psql` per call.
fn whole(verb: Verb, (crowd, turns): (usize, usize), postgres: Option<&Postgres>) {
    let scene = Scene::new();
    scene.tasks(crowd * turns);
    let ours = together(crowd, turns, |who| {
        let scene = &scene;
        move |turn| scene.ask(&arguments(verb, who, turn))
    });
    let theirs = postgres.map(|postgres| {
        postgres.prepare(crowd * turns);
        let theirs = together(crowd, turns, |who| {
            move |turn| postgres.psql(&verb.sql(who, turn))
        });
        assert_eq!(postgres.taken(verb.name()), crowd * turns);
        theirs
    });
    tell((verb, "process", crowd), &ours, theirs.as_ref());
}

/// A session per worker, against a connection per call from a process that stays.
fn inside(verb: Verb, (crowd, turns): (usize, usize), postgres: Option<&Postgres>) {
    let scene = Scene::new();
    scene.tasks(crowd * turns);
    let ours = together(crowd, turns, |who| {
        let mut session = Session::open(&scene, &format!("s{who}"));
        session.call("register_session", "{}");
        move |turn| match verb {
            Verb::Lock => {
                let key = key(who, turn);
                session.call("acquire_lock", &format!("{{\"file_path\":\"{key}\"}}"));
            }
            Verb::Claim => session.call("get_work", "{}"),
        }
    });
    let theirs = postgres.map(|postgres| {
        postgres.prepare(crowd * turns);
        let socket = postgres.socket();
        let theirs = together(crowd, turns, |who| {
            let socket = socket.clone();
            move |turn| {
                let mut connection = Connection::open(&socket).unwrap();
                connection.run(&verb.sql(who, turn)).unwrap();
                connection.close().unwrap();
            }
        });
        assert_eq!(postgres.taken(verb.name()), crowd * turns);
        theirs
    });
    tell((verb, "session", crowd), &ours, theirs.as_ref());
}

fn arguments(verb: Verb, who: usize, turn: usize) -> Vec<String> {
    let words = match verb {
        Verb::Lock => vec!["lock".to_owned(), "acquire".to_owned(), key(who, turn)],
        Verb::Claim => vec!["task".to_owned(), "claim".to_owned()],
    };
    words
        .into_iter()
        .chain(["--session".to_owned(), format!("s{who}")])
        .collect()
}

/// Lets as many workers as the crowd has begin at the same moment; each prepares itself first.
fn together<W: FnMut(usize)>(
    crowd: usize,
    turns: usize,
    prepare: impl Fn(usize) -> W + Sync,
) -> Figures {
    let start = Barrier::new(crowd);
    let workers = std::thread::scope(|scope| {
        let hands: Vec<_> = (0..crowd)
            .map(|who| {
                let (start, prepare) = (&start, &prepare);
                scope.spawn(move || {
                    let mut work = prepare(who);
                    start.wait();
                    one(turns, &mut work)
                })
            })
            .collect();
        hands.into_iter().map(|h| h.join().unwrap()).collect()
    });
    Figures::of(workers)
}

fn one(turns: usize, work: &mut impl FnMut(usize)) -> Worker {
    let begun = Instant::now();
    let calls: Vec<Duration> = (0..turns)
        .map(|turn| {
            let start = Instant::now();
            work(turn);
            start.elapsed()
        })
        .collect();
    Worker {
        calls,
        begun,
        ended: Instant::now(),
    }
}

fn tell((verb, how, crowd): (Verb, &str, usize), ours: &Figures, theirs: Option<&Figures>) {
    let what = format!("{} {how}", verb.name());
    println!("{}", ours.line(&what, crowd, "git wp"));
    if let Some(theirs) = theirs {
        println!("{}", theirs.line(&what, crowd, "PostgreSQL"));
        println!("{}", ours.ratio(theirs));
    }
}

/// Runs a program that must succeed and gives what it said.
fn expect(command: &mut Command) -> String {
    let output = command.output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {errors}");
    String::from_utf8(output.stdout)
        .unwrap()
        .trim_end()
        .to_owned()
}
