//! Machines that storm, hammer and are cut off, with real git and the real binary: small versions
//! of what `tests/machines.sh` does at full size.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use super::support::machines::Machines;
use super::support::plans::Pkg;
use super::support::{Run, git_command, run};

/// A sequence that is the same in every run of a test.
struct Noise(u64);

impl Noise {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % limit as u64).unwrap()
    }
}

/// Path and blob of every record of a state.
fn records(machines: &Machines, name: &str, revision: &str) -> BTreeMap<String, String> {
    let list = machines.git(name, &["ls-tree", "-r", revision]);
    let record = |line: &str| {
        let (meta, path) = line.split_once('\t').unwrap();
        let blob = meta.split(' ').nth(2).unwrap();
        (path.to_owned(), blob.to_owned())
    };
    list.lines().map(record).collect()
}

/// After quiet exchanges all states are one, sound, and hold every fact that `tips` had.
fn agree(machines: &Machines, names: &[&str], tips: &[(String, String)]) -> Vec<String> {
    for name in names.iter().chain(names) {
        let run = machines.wp(name, &["sync"]);
        assert!(matches!(run.code, 0 | 3), "{}", run.stderr);
    }
    let all = records(machines, names[0], "refs/wp/state");
    for name in names {
        assert_eq!(machines.tree(name), machines.tree(names[0]));
        machines.git(name, &["fsck", "--strict", "--no-dangling"]);
    }
    machines.remote_git(&["fsck", "--strict", "--no-dangling"]);
    for (name, tip) in tips {
        for (path, blob) in records(machines, name, tip) {
            let lost = path.contains("/facts/") && all.get(&path) != Some(&blob);
            assert!(!lost, "{path} of {name}");
        }
    }
    let commits = machines.remote_git(&["rev-list", "--first-parent", "refs/wp/state"]);
    let mut newer = all.clone();
    for commit in commits.lines() {
        let older = records(machines, names[0], commit);
        let fixed = older
            .iter()
            .filter(|(path, _)| !path.contains("/registers/"));
        for (path, blob) in fixed {
            assert_eq!(newer.get(path), Some(blob), "{path} after {commit}");
        }
        newer = older;
    }
    all.into_keys().collect()
}

/// Packages and locks are granted again only after the grant before ended.
fn at_most_one_owner(paths: &[String]) {
    let mut slots = BTreeMap::<&str, (usize, usize)>::new();
    for path in paths {
        let Some((slot, rest)) = path.split_once("/rights/") else {
            continue;
        };
        let name = rest.rsplit('/').next().unwrap();
        let counts = slots.entry(slot).or_default();
        counts.0 += usize::from(name.starts_with("grant-"));
        counts.1 += usize::from(name.starts_with("end-"));
    }
    for (slot, (grants, ends)) in slots {
        assert!(grants <= ends + 1, "{slot}: {grants} grants, {ends} ends");
    }
}

/// Runs a command and kills it after `millis`, children and all, if it is not over.
fn killed(mut command: Command, millis: u64) {
    use std::os::unix::process::CommandExt;
    command.stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = command.process_group(0).spawn().unwrap();
    std::thread::sleep(Duration::from_millis(millis));
    kill_group(&mut child);
}

fn kill_group(child: &mut Child) {
    let group = format!("-{}", child.id());
    let mut kill = Command::new("kill");
    kill.args(["-9", "--", &group]).stderr(Stdio::null());
    let _ = kill.status();
    child.wait().unwrap();
}

#[test]
fn clones_that_are_killed_at_random_come_to_one_state_with_everything_in_it() {
    let packages = ["wp-a", "wp-b", "wp-c"];
    let machines = Machines::pair(&packages.map(Pkg::new));
    machines.join("m3");
    let names = ["m1", "m2", "m3"];
    let mut noise = Noise(88_172_645_463_325_252);
    let (mut tips, mut claims) = (Vec::new(), Vec::new());
    for _ in 0..36 {
        let name = names[noise.below(3)];
        let package = format!("x/{}", packages[noise.below(3)]);
        let key = format!("flag:{}", noise.below(3));
        let (package, key) = (package.as_str(), key.as_str());
        let ways: [&[&str]; 6] = [
            &["task", "claim", package, "--as", name],
            &["task", "release", package, "--as", name],
            &["lock", "acquire", key, "--as", name],
            &["lock", "release", key, "--as", name],
            &["sync"],
            &["sync"],
        ];
        let args = ways[noise.below(ways.len())];
        if noise.below(4) == 0 {
            killed(machines.wp_command(name, args), noise.below(200) as u64);
            continue;
        }
        let mut command = machines.wp_command(name, args);
        command.arg("--json");
        let run: Run = run(command);
        assert!(matches!(run.code, 0 | 2 | 3 | 4), "{args:?}: {run:?}");
        if matches!(run.code, 0 | 4) {
            tips.push((
                name.to_owned(),
                machines.git(name, &["rev-parse", "refs/wp/state"]),
            ));
            if args[..1] == ["task"] && args[1] == "claim" {
                claims.push(run.data()["attempt"].as_str().unwrap().to_owned());
            }
        }
    }
    assert!(!claims.is_empty());
    let paths = agree(&machines, &names, &tips);
    at_most_one_owner(&paths);
    for attempt in claims {
        let facts = format!("/facts/{attempt}/");
        assert!(paths.iter().any(|path| path.contains(&facts)), "{attempt}");
    }
}

#[test]
fn machines_that_hammer_one_remote_lose_no_update() {
    let machines = Machines::pair(&[Pkg::new("wp-a")]);
    machines.join("m3");
    machines.join("m4");
    let names = ["m1", "m2", "m3", "m4"];
    std::thread::scope(|scope| {
        for name in names {
            let machines = &machines;
            scope.spawn(move || {
                for n in 0..3 {
                    let key = format!("flag:{name}-{n}");
                    let args = ["lock", "acquire", &key, "--as", name, "--sync"];
                    let run = machines.wp(name, &args);
                    // 75: too many lost races; what was asked waits for the next exchange.
                    assert!(matches!(run.code, 0 | 4 | 75), "{run:?}");
                }
            });
        }
    });
    let paths = agree(&machines, &names, &[]);
    let grants = paths.iter().filter(|path| path.contains("/grant-"));
    assert_eq!(grants.count(), 12);
    let quiet = machines.data("m4", 0, &["sync"]);
    assert_eq!(
        (&quiet["result"], &quiet["tries"]),
        (&"in-sync".into(), &0.into())
    );
}

/// `git daemon` for the remote, on a port of its own.
struct Daemon(Child, u16);

impl Daemon {
    fn start(machines: &Machines) -> Self {
        use std::os::unix::process::CommandExt;
        let port = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = port.local_addr().unwrap().port();
        let mut command = git_command(&machines.remote());
        let base = format!(
            "--base-path={}",
            machines.remote().parent().unwrap().display()
        );
        command.args([
            "daemon",
            "--export-all",
            "--enable=receive-pack",
            "--reuseaddr",
        ]);
        command.args(["--listen=127.0.0.1", &format!("--port={port}"), &base]);
        // A group of its own: git starts the daemon as a child.
        command.process_group(0).stdout(Stdio::null());
        let child = command.stderr(Stdio::null()).spawn().unwrap();
        let daemon = Daemon(child, port);
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            std::thread::sleep(Duration::from_millis(10));
        }
        daemon
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        kill_group(&mut self.0);
    }
}

/// Passes connections on to `port`; each is cut after as many bytes to the host as `budget` says.
fn proxy(port: u16, budget: &Arc<AtomicU64>) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let own = listener.local_addr().unwrap().port();
    let budget = Arc::clone(budget);
    std::thread::spawn(move || {
        for client in listener.incoming() {
            let (client, left) = (client.unwrap(), budget.load(Ordering::SeqCst));
            let server = TcpStream::connect(("127.0.0.1", port)).unwrap();
            let back = (server.try_clone().unwrap(), client.try_clone().unwrap());
            std::thread::spawn(move || pump(client, server, left));
            std::thread::spawn(move || pump(back.0, back.1, u64::MAX));
        }
    });
    own
}

fn pump(mut from: TcpStream, mut to: TcpStream, mut left: u64) {
    let mut buffer = [0; 4096];
    while let Ok(size @ 1..) = from.read(&mut buffer) {
        let part = size.min(usize::try_from(left).unwrap_or(usize::MAX));
        left -= part as u64;
        if to.write_all(&buffer[..part]).is_err() || part < size {
            let _ = from.shutdown(Shutdown::Both);
            let _ = to.shutdown(Shutdown::Both);
            return;
        }
    }
    let _ = to.shutdown(Shutdown::Write);
}

#[test]
fn a_push_that_is_cut_anywhere_is_made_good_by_the_next_exchange() {
    let machines = Machines::pair(&[Pkg::new("wp-a")]);
    let daemon = Daemon::start(&machines);
    let budget = Arc::new(AtomicU64::new(u64::MAX));
    let port = proxy(daemon.1, &budget);
    let url = format!("git://127.0.0.1:{port}/remote.git");
    machines.git("m2", &["remote", "set-url", "origin", &url]);
    machines.wp("m2", &["sync"]).expect(0);
    let mut ends = BTreeMap::<i32, u32>::new();
    for round in 0..12 {
        let key = format!("flag:r{round}");
        machines
            .wp("m2", &["lock", "acquire", &key, "--as", "m2"])
            .expect(4);
        budget.store(50 << round, Ordering::SeqCst);
        let run = machines.wp("m2", &["sync"]);
        assert!(matches!(run.code, 0 | 4 | 75), "{run:?}");
        *ends.entry(run.code).or_default() += 1;
        budget.store(u64::MAX, Ordering::SeqCst);
        machines.wp("m2", &["sync"]).expect(0);
        let held = machines.data("m2", 0, &["lock", "list"]);
        assert!(!held.to_string().contains("provisional"), "{held}");
    }
    assert!(ends.len() > 1, "some were cut and some were not: {ends:?}");
    let paths = agree(&machines, &["m1", "m2"], &[]);
    assert_eq!(
        paths.iter().filter(|path| path.contains("/grant-")).count(),
        12
    );
}
