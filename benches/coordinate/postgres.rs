//! A PostgreSQL of its own in a scratch folder: on a Unix socket, nothing listens elsewhere.

use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::expect;
use crate::scene::scratch;
use crate::wire::Connection;

/// Where distributions put the programs that are not on PATH.
const HOMES: &str = "/usr/lib/postgresql";
/// What is needed beside `initdb`.
const PROGRAMS: [&str; 3] = ["postgres", "pg_ctl", "psql"];
const PATIENCE: Duration = Duration::from_secs(20);

/// A server that ends with this value.
pub(crate) struct Postgres {
    programs: PathBuf,
    user: Option<u32>,
    server: Child,
    folder: TempDir,
}

impl Postgres {
    /// Makes a cluster and starts it.
    pub(crate) fn start() -> Result<Self, String> {
        let programs = programs().ok_or("`initdb` is neither on PATH nor in PG_BIN")?;
        let user = unprivileged()?;
        let folder = scratch();
        let public = PermissionsExt::from_mode(0o711);
        std::fs::set_permissions(folder.path(), public).unwrap();
        let own = folder.path().join("pg");
        std::fs::create_dir(&own).unwrap();
        if let Some(user) = user {
            chown(&own, Some(user), None).unwrap();
        }
        let data = own.join("data");
        let mut init = by(&programs.join("initdb"), user, &own);
        init.args([
            "-U",
            "bench",
            "-A",
            "trust",
            "-E",
            "UTF8",
            "--locale=C",
            "-D",
        ]);
        expect(init.arg(&data));
        let mut server = by(&programs.join("postgres"), user, &own);
        server.arg("-D").arg(&data).arg("-k").arg(&own);
        for setting in [
            "listen_addresses=",
            "fsync=on",
            "synchronous_commit=on",
            "max_connections=100",
        ] {
            server.args(["-c", setting]);
        }
        let server = server.stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        let postgres = Postgres {
            programs,
            user,
            server: server.map_err(|e| e.to_string())?,
            folder,
        };
        postgres.wait()?;
        Ok(postgres)
    }

    fn wait(&self) -> Result<(), String> {
        let begun = Instant::now();
        while Connection::open(&self.socket()).is_err() {
            if begun.elapsed() > PATIENCE {
                return Err("the server does not answer".to_owned());
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(())
    }

    fn own(&self) -> PathBuf {
        self.folder.path().join("pg")
    }

    /// Where it listens.
    pub(crate) fn socket(&self) -> PathBuf {
        self.own().join(".s.PGSQL.5432")
    }

    /// Fresh tables, with work that can be claimed.
    pub(crate) fn prepare(&self, tasks: usize) {
        self.run(&format!(
            "drop table if exists locks, tasks;
             create table locks (key text primary key, session text, expires timestamptz);
             create table tasks (id bigserial primary key, kind text, description text,
               priority int not null, session text, claimed timestamptz);
             create index on tasks (priority, id) where session is null;
             insert into tasks (kind, description, priority)
               select 'test', 'do ' || i, 5 from generate_series(1, {tasks}) i"
        ));
    }

    /// How many are taken of what `lock` or `claim` take.
    pub(crate) fn taken(&self, verb: &str) -> usize {
        let count = match verb {
            "lock" => "select count(*) from locks",
            _ => "select count(*) from tasks where session is not null",
        };
        expect(self.client(count).stderr(Stdio::inherit()))
            .parse()
            .unwrap()
    }

    /// One statement by a process of its own, which must succeed.
    pub(crate) fn psql(&self, sql: &str) {
        let status = self.client(sql).stdout(Stdio::null()).status();
        assert!(status.unwrap().success(), "{sql}");
    }

    fn run(&self, sql: &str) {
        expect(&mut self.client(sql));
    }

    fn client(&self, sql: &str) -> Command {
        let mut client = Command::new(self.programs.join("psql"));
        client.args(["-X", "-q", "-At", "-v", "ON_ERROR_STOP=1", "-U", "bench"]);
        client.env("PGHOST", self.own());
        client.args(["-d", "postgres", "-c", sql]);
        client
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        let mut stop = by(&self.programs.join("pg_ctl"), self.user, &self.own());
        stop.args(["stop", "-s", "-m", "fast", "-D"]);
        let _ = stop.arg(self.own().join("data")).status();
        let _ = self.server.wait();
    }
}

/// The folder that holds `initdb`.
fn programs() -> Option<PathBuf> {
    let named = std::env::var_os("PG_BIN").map(PathBuf::from);
    let path = std::env::var_os("PATH").unwrap_or_default();
    let on_path: Vec<PathBuf> = std::env::split_paths(&path).collect();
    let homes = std::fs::read_dir(HOMES).into_iter().flatten().flatten();
    let mut homes: Vec<PathBuf> = homes.map(|home| home.path().join("bin")).collect();
    homes.sort();
    homes.reverse();
    let mut all = named.into_iter().chain(on_path).chain(homes);
    all.find_map(|folder| {
        // Behind links: `psql` on PATH may be a script that looks for the real one.
        let real = folder.join("initdb").canonicalize().ok()?;
        let real = real.parent()?.to_owned();
        let is_whole = { PROGRAMS.iter() }.all(|name| real.join(name).is_file());
        is_whole.then_some(real)
    })
}

/// Whom the server runs as: it refuses to be root.
fn unprivileged() -> Result<Option<u32>, String> {
    if !rustix::process::geteuid().is_root() {
        return Ok(None);
    }
    let users = std::fs::read_to_string("/etc/passwd").map_err(|e| e.to_string())?;
    let id_of = |wanted: &str| {
        let mut rows = users.lines().map(|row| row.split(':').collect::<Vec<_>>());
        let row = rows.find(|row| row.first() == Some(&wanted))?;
        row.get(2)?.parse().ok()
    };
    let user = id_of("postgres").or_else(|| id_of("nobody"));
    let user = user.ok_or("root cannot run it, and there is no user `postgres` or `nobody`")?;
    Ok(Some(user))
}

fn by(program: &Path, user: Option<u32>, folder: &Path) -> Command {
    let mut command = Command::new(program);
    command.current_dir(folder);
    if let Some(user) = user {
        command.uid(user);
    }
    command
}
