//! Clients of databases and other stores: which of their words and inputs are statements.

use super::sql;
use crate::guard::builtin::{Builtin, DROP_TABLE, TRUNCATE_TABLE};
use crate::guard::call::Call;
use crate::guard::options::{Options, Spec};

/// Adds the rules that the command touches.
pub(super) fn detect(call: &Call, out: &mut Vec<Builtin>) {
    let statements = statements(call);
    for text in statements
        .iter()
        .map(String::as_str)
        .chain(call.stdin.as_deref())
    {
        if is_client(&call.program) {
            sql::detect(text, out);
        }
    }
    let words: Vec<&str> = call.args().iter().map(|arg| arg.text.as_str()).collect();
    let has = |word: &str| words.iter().any(|w| w.eq_ignore_ascii_case(word));
    let holds = |text: &str| words.iter().any(|w| w.contains(text));
    match call.program.as_str() {
        "dropdb" => out.push(DROP_TABLE),
        "mysqladmin" if has("drop") => out.push(DROP_TABLE),
        "redis-cli" | "valkey-cli" if has("flushall") || has("flushdb") => {
            out.push(TRUNCATE_TABLE);
        }
        "mongosh" | "mongo" if holds("dropDatabase(") || holds(".drop(") => out.push(DROP_TABLE),
        "mongosh" | "mongo" if holds("deleteMany({})") => out.push(TRUNCATE_TABLE),
        "rails" | "rake" if has("db:drop") || has("db:reset") => out.push(DROP_TABLE),
        "prisma" if has("reset") && has("migrate") => out.push(DROP_TABLE),
        "supabase" if has("reset") && has("db") => out.push(DROP_TABLE),
        _ => {}
    }
}

fn is_client(program: &str) -> bool {
    matches!(
        program,
        "psql"
            | "mysql"
            | "mariadb"
            | "sqlite3"
            | "sqlite"
            | "duckdb"
            | "sqlcmd"
            | "cockroach"
            | "clickhouse-client"
            | "clickhouse"
            | "bq"
            | "pgcli"
            | "mycli"
            | "litecli"
            | "usql"
            | "sqlplus"
            | "snowsql"
            | "trino"
            | "cqlsh"
            | "turso"
    )
}

/// The statements among the words.
fn statements(call: &Call) -> Vec<String> {
    let read = |letters, names| Options::read(call.args(), Spec::mixed(letters, names));
    let owned = |texts: Vec<&str>| texts.into_iter().map(str::to_owned).collect();
    match call.program.as_str() {
        "psql" | "pgcli" | "usql" => {
            let options = read(
                "cdfhopUvFPRT",
                &["command", "dbname", "host", "port", "username"],
            );
            owned(options.values("c", &["command"]))
        }
        "mysql" | "mariadb" | "mycli" | "cockroach" | "cqlsh" | "litecli" => {
            let options = read("euhPDS", &["execute", "user", "host", "port", "database"]);
            owned(options.values("e", &["execute"]))
        }
        "sqlcmd" => owned(read("QqSUPd", &[]).values("Qq", &[])),
        "clickhouse-client" | "clickhouse" => {
            owned(read("qhud", &["query", "host", "user"]).values("q", &["query"]))
        }
        "snowsql" => owned(read("qacu", &["query"]).values("q", &["query"])),
        "trino" => owned(read("", &["execute"]).values("", &["execute"])),
        // The database, then statements.
        "sqlite3" | "sqlite" | "duckdb" | "bq" | "turso" => {
            let options = read("c", &["cmd"]);
            let mut texts = options.words();
            texts.extend(options.values("c", &["cmd"]));
            for option in ["-cmd", "--cmd"] {
                let pairs = call.args().windows(2).filter(|pair| pair[0].text == option);
                texts.extend(pairs.map(|pair| pair[1].text.as_str()));
            }
            owned(texts)
        }
        _ => Vec::new(),
    }
}
