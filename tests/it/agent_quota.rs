//! What a run does when the service behind an agent refuses it, and what it does with what agents
//! tell of tokens and money. The agents are scripts that speak as Claude Code does.

use std::fs;

use super::support::Scratch;
use super::support::plans::Pkg;

/// Refused as long as the file `quota` stands beside the repository, after half of its work.
const AGENT: &str = r#"beside=$(dirname "$0")
echo "$WP_PACKAGE $*" >> "$beside/calls"
says() { printf '%s\n' "$1"; }
says '{"type":"system","subtype":"init","session_id":"s-1"}'
mkdir -p "$WP_PACKAGE"
if test -f "$beside/quota"; then
  echo half > "$WP_PACKAGE/half"
  says '{"type":"rate_limit_event","rate_limit_info":{"status":"rejected","resetsAt":RESETS,"rateLimitType":"five_hour"}}'
  says '{"type":"assistant","error":"rate_limit","message":{"content":[{"type":"text","text":"You have hit your session limit"}]},"session_id":"s-1"}'
  says '{"type":"result","subtype":"success","is_error":true,"api_error_status":429,"result":"You have hit your session limit","session_id":"s-1","total_cost_usd":0.25,"usage":{"input_tokens":100,"output_tokens":20}}'
  exit 1
fi
test -f "$WP_PACKAGE/half" && mv "$WP_PACKAGE/half" "$WP_PACKAGE/whole"
echo done > "$WP_PACKAGE/file"
says '{"type":"result","subtype":"success","is_error":false,"result":"done","session_id":"s-1","total_cost_usd":0.5,"usage":{"input_tokens":1000,"output_tokens":200}}'
"#;

/// A repository with this plan, and an agent `fake` of a profile of the user's own.
fn scene(packages: &[Pkg], resets: i64) -> Scratch {
    let scratch = Scratch::new();
    scratch.add_plan("x", packages);
    scratch.wp(&["approve", "x"]).expect(0);
    let agent = scratch.beside("agent.sh");
    fs::write(&agent, AGENT.replace("RESETS", &resets.to_string())).unwrap();
    fs::write(scratch.beside("quota"), "").unwrap();
    let profiles = scratch.beside("home/.config/git-wp/agents");
    fs::create_dir_all(&profiles).unwrap();
    let profile = format!(
        "title = \"Fake\"\nvendor = \"none\"\nrun = [\"sh\", \"{}\"]\nparser = \"claude\"\n\
         trust = 2\n[with]\nsession = [\"--resume\", \"{{session}}\"]\n\
         [sandbox]\nwhy = \"a test\"\n",
        agent.display()
    );
    fs::write(profiles.join("fake.toml"), profile).unwrap();
    scratch
}

fn calls(scratch: &Scratch) -> Vec<String> {
    let text = fs::read_to_string(scratch.beside("calls")).unwrap_or_default();
    text.lines().map(|line| line.trim().to_owned()).collect()
}

const RUN: [&str; 7] = ["implement", "x", "--agent", "fake", "-j", "1", "--json"];

#[test]
fn a_run_stops_where_no_quota_is_left_and_goes_on_in_the_same_conversation() {
    let packages = [Pkg::new("wp-a"), Pkg::new("wp-b"), Pkg::new("wp-c")];
    let scratch = scene(&packages, 1);
    let run = scratch.wp(&RUN).expect(1);
    assert_eq!(
        calls(&scratch).len(),
        1,
        "nobody else is started: {:?}",
        calls(&scratch)
    );
    let data = run.data();
    assert_eq!(data["result"], "partial");
    let cut = data["packages"].as_array().unwrap();
    let cut = cut
        .iter()
        .find(|p| !p["attempts"].as_array().unwrap().is_empty());
    let cut = cut.unwrap();
    assert_eq!(cut["attempts"][0]["outcome"], "unserved", "{cut}");
    assert_eq!(cut["attempts"][0]["account"]["session"], "s-1");
    assert_eq!(cut["usage"]["cost_micros"], 250_000);
    let text = scratch.wp(&["status", "x"]).expect(0).stdout;
    assert!(text.contains("$0.25, 120 tokens"), "{text}");

    fs::remove_file(scratch.beside("quota")).unwrap();
    let data = scratch.wp(&RUN).expect(0).data();
    assert_eq!(data["result"], "merged");
    let id = cut["id"].as_str().unwrap();
    let calls = calls(&scratch);
    assert_eq!(calls[1], format!("{id} --resume s-1"), "{calls:?}");
    assert_eq!(calls.len(), 4, "{calls:?}");
    // What was there before is gone on with, and no retry was used up: the plan allows none.
    let branch = data["branch"].as_str().unwrap();
    assert_eq!(
        scratch.git(&["show", &format!("{branch}:{id}/whole")]),
        "half"
    );
    let report = scratch.wp(&["report", "x"]).expect(0).stdout;
    assert!(
        report.contains("agents used $1.75, 3.7k tokens"),
        "{report}"
    );
    scratch.assert_sound();
}

#[test]
fn nothing_starts_before_the_time_that_the_service_told() {
    let packages = [Pkg::new("wp-a"), Pkg::new("wp-b")];
    let scratch = scene(&packages, 4_000_000_000);
    scratch.wp(&RUN).expect(1);
    let text = scratch.wp(&["implement", "x", "--agent", "fake"]).expect(1);
    assert_eq!(calls(&scratch).len(), 1, "{:?}", calls(&scratch));
    let told = "`fake` has no quota left until 2096-10-02 07:06:40 UTC";
    assert!(text.stdout.contains(told), "{}{}", text.stdout, text.stderr);
    // Another agent may go on meanwhile.
    let data = scratch.wp(&["implement", "x", "--agent", "shell", "--json"]);
    assert_eq!(data.expect(0).data()["result"], "merged");
}

#[test]
fn another_agent_of_the_chain_takes_over() {
    let scratch = scene(&[Pkg::new("wp-a"), Pkg::new("wp-b")], 1);
    scratch.git(&["config", "wp.agent.fake.fallback", "other"]);
    let other = "mkdir -p $WP_PACKAGE; echo other > $WP_PACKAGE/file";
    fs::write(scratch.beside("other.sh"), other).unwrap();
    let command = format!("sh {}", scratch.beside("other.sh").display());
    scratch.git(&["config", "wp.agent.other.command", &command]);
    let data = scratch.wp(&RUN).expect(0).data();
    assert_eq!(data["result"], "merged");
    let agents = |package: usize| {
        let attempts = data["packages"][package]["attempts"]
            .as_array()
            .unwrap()
            .iter();
        let names = attempts.map(|attempt| attempt["agent"].as_str().unwrap().to_owned());
        names.collect::<Vec<_>>().join(" ")
    };
    let mut all = [agents(0), agents(1)];
    all.sort();
    assert_eq!(all, ["fake other", "other"]);
}

#[test]
fn nothing_starts_once_the_money_of_the_run_is_spent() {
    let packages = [Pkg::new("wp-a"), Pkg::new("wp-b"), Pkg::new("wp-c")];
    let scratch = scene(&packages, 1);
    fs::remove_file(scratch.beside("quota")).unwrap();
    let args = [&RUN[..], &["--max-cost", "0.75"]].concat();
    let run = scratch.wp(&args).expect(1);
    assert_eq!(calls(&scratch).len(), 2, "{:?}", calls(&scratch));
    let why = run.data().to_string();
    assert!(why.contains("the run has $1.00 of $0.75 spent"), "{why}");
    let args = [&RUN[..], &["--max-tokens", "9000"]].concat();
    scratch.wp(&args).expect(0);
}

/// Refused before it answered anything: there is nothing to go on with.
const DUMB: &str = r#"beside=$(dirname "$0")
echo "$WP_PACKAGE $*" >> "$beside/calls"
echo '{"type":"system","subtype":"init","session_id":"s-2"}'
if test -f "$beside/quota"; then
  echo '{"type":"result","subtype":"success","is_error":true,"api_error_status":401,"result":"Invalid API key","session_id":"s-2","usage":{"input_tokens":0,"output_tokens":0}}'
  exit 1
fi
mkdir -p "$WP_PACKAGE" && echo done > "$WP_PACKAGE/file"
"#;

#[test]
fn a_conversation_in_which_nothing_was_said_is_not_gone_on_with() {
    let scratch = scene(&[Pkg::new("wp-a")], 1);
    fs::write(scratch.beside("agent.sh"), DUMB).unwrap();
    scratch.wp(&RUN).expect(1);
    fs::remove_file(scratch.beside("quota")).unwrap();
    scratch.wp(&RUN).expect(0);
    assert_eq!(calls(&scratch), ["wp-a", "wp-a"]);
}

#[test]
fn a_conversation_that_is_lost_costs_nothing_but_a_new_one() {
    let scratch = scene(&[Pkg::new("wp-a")], 1);
    scratch.wp(&RUN).expect(1);
    fs::remove_file(scratch.beside("quota")).unwrap();
    let forgets = format!(
        "case \"$*\" in *--resume*) echo 'No conversation found' >&2\n\
         echo \"wp-a $*\" >> {}\nexit 1;; esac\n",
        scratch.beside("calls").display()
    );
    let agent = fs::read_to_string(scratch.beside("agent.sh")).unwrap();
    fs::write(scratch.beside("agent.sh"), forgets + &agent).unwrap();
    let data = scratch.wp(&RUN).expect(0).data();
    assert_eq!(calls(&scratch), ["wp-a", "wp-a --resume s-1", "wp-a"]);
    let attempts = data["packages"][0]["attempts"].as_array().unwrap();
    let outcomes: Vec<_> = attempts
        .iter()
        .map(|a| a["outcome"].as_str().unwrap())
        .collect();
    assert_eq!(outcomes, ["unserved", "unserved", "merged"]);
    // The work of the first attempt was not lost on the way.
    let branch = data["branch"].as_str().unwrap();
    assert_eq!(
        scratch.git(&["show", &format!("{branch}:wp-a/whole")]),
        "half"
    );
}

/// The keys of an agent are for the program of that agent.
#[test]
fn what_an_agent_is_given_reaches_no_command_and_no_other_agent() {
    let check = "test -z \"$FAKE_KEY\" && test -n \"$NAMED\"";
    let scratch = scene(&[Pkg::new("wp-a").check("no-key", check)], 1);
    fs::remove_file(scratch.beside("quota")).unwrap();
    let profile = scratch.beside("home/.config/git-wp/agents/fake.toml");
    let text = fs::read_to_string(&profile).unwrap();
    fs::write(&profile, format!("pass = [\"FAKE_*\"]\n{text}")).unwrap();
    scratch.git(&["config", "wp.agent.fake.env", "NAMED"]);
    let demand = "test -n \"$FAKE_KEY\" && test -n \"$NAMED\" || exit 9\n";
    let agent = fs::read_to_string(scratch.beside("agent.sh")).unwrap();
    fs::write(scratch.beside("agent.sh"), format!("{demand}{agent}")).unwrap();
    let mut run = scratch.wp_command(&RUN);
    let run = run.env("FAKE_KEY", "k").env("NAMED", "n").output().unwrap();
    assert!(
        run.status.success(),
        "{}",
        String::from_utf8_lossy(&run.stdout)
    );
}
