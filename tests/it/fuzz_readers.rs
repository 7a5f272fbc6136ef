//! Readers against damaged input: no panic, no long wait, and always a place. Seeded, so a failure
//! comes back.

use std::time::{Duration, Instant};

use git_wp::check::{self, Context};
use git_wp::guard::{self, Rules};
use git_wp::model::{LockKey, Trust};
use git_wp::plan::{self, contracts, queue_result};
use git_wp::scope::Fold;

/// xorshift; good enough to damage text.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % sides as u64).unwrap()
    }
}

const SEED: &str = "schema_version: 1\nfeature:\n  id: add-x\n  plan_revision: 1\ncontracts:\n  \
    revision: 1\n  files:\n    - {path: api.yaml, kind: openapi}\ndefaults: {priority: 3}\n\
    packages:\n  - package_id: wp-a\n    description: >-\n      folded\n      text\n    depends_on: []\n    \
    locks: {files: ['a/b'], keys: [\"api:GET /x/{id}\"]}\n    scope:\n      write_allow:\n        - 'src/**'\n        \
    - \"a/{b,c}/[d-f]*\"\n      read_allow: ['**']\n    inputs: {n: 0x1F, f: 1.5e3, x: ~}\n    \
    verification:\n      steps:\n        - name: t\n          kind: command\n          command: |\n            \
    make test\n  - id: two\n    dependencies: [wp-a]\n    tasks: [1.1]\n# end\n";

const SNIPPETS: [&str; 40] = [
    "&a ",
    "*a",
    "!t ",
    "!t,",
    "!<x>",
    "!!int ",
    "<<: ",
    "---\n",
    "...\n",
    "%YAML 1.2\n",
    "%TAG ! x\n",
    "\t",
    "\"",
    "'",
    "\\",
    "\u{feff}",
    "\u{85}",
    "\u{2028}",
    "\u{1F600}",
    "\r",
    "\r\n",
    "\n",
    "? ",
    ": ",
    "- ",
    "[",
    "]",
    "{",
    "}",
    ",",
    "|2-\n",
    ">+\n",
    ".nan",
    "1e999",
    "99999999999999999999",
    "\0",
    "#",
    "\"\\x4\"",
    "**",
    "\"\\",
];

fn damaged(dice: &mut Dice, seed: &[u8]) -> Vec<u8> {
    let mut bytes = seed.to_vec();
    for _ in 0..=dice.roll(5) {
        let at = dice.roll(bytes.len() + 1);
        match dice.roll(5) {
            0 => {
                let to = (at + dice.roll(30)).min(bytes.len());
                bytes.drain(at..to);
            }
            1 if at < bytes.len() => bytes[at] = u8::try_from(dice.roll(256)).unwrap(),
            2 => {
                let to = (at + dice.roll(60)).min(bytes.len());
                let copy = bytes[at..to].to_vec();
                let into = dice.roll(bytes.len() + 1);
                bytes.splice(into..into, copy);
            }
            3 => bytes.truncate(at.max(1)),
            _ => {
                let snippet = SNIPPETS[dice.roll(SNIPPETS.len())];
                bytes.splice(at..at, snippet.bytes());
            }
        }
    }
    bytes
}

fn judge(bytes: &[u8]) {
    let context = Context {
        read_file: &|_| Some(b"openapi: 3.1.0".to_vec()),
        program_exists: &|_| false,
        extra_namespaces: &[],
        fold: Fold::Case,
    };
    let report = check::validate(bytes, "x/work-packages.yaml", &context);
    assert!(report.valid || !report.findings.is_empty());
    for finding in &report.findings {
        assert!(finding.line > 0 && finding.column > 0, "{finding:?}");
    }
}

#[test]
fn damaged_plans_are_judged_without_panic() {
    let mut dice = Dice(0x5eed_0001);
    for _ in 0..rounds() {
        judge(&damaged(&mut dice, SEED.as_bytes()));
    }
}

/// More by request: `FUZZ_ROUNDS=100000 cargo test --release fuzz`.
fn rounds() -> usize {
    let asked = std::env::var("FUZZ_ROUNDS")
        .ok()
        .and_then(|n| n.parse().ok());
    asked.unwrap_or(1_500)
}

#[test]
fn random_bytes_are_judged_without_panic() {
    let mut dice = Dice(0x5eed_0002);
    let alphabet = b"-:?,[]{}#&*!|>'\"%@` \n\ta1\\<~\xc3\xa4\xff";
    for _ in 0..rounds() {
        let length = dice.roll(60);
        let bytes: Vec<u8> = (0..length)
            .map(|_| alphabet[dice.roll(alphabet.len())])
            .collect();
        judge(&bytes);
        let _ = contracts::parse(git_wp::model::ContractKind::Openapi, &bytes);
        let _ = contracts::parse(git_wp::model::ContractKind::JsonSchema, &bytes);
        let _ = queue_result::check(&bytes, "r");
    }
}

#[test]
fn damaged_lock_keys_and_results_are_judged_without_panic() {
    let mut dice = Dice(0x5eed_0003);
    let result =
        br#"{"schema_version": 1, "status": "completed", "git": {"head": {"commit": "0123abc"}}}"#;
    let keys = [
        "api:GET /x/{id}/:y",
        "feature:a:pause",
        "db:schema:users",
        "flag:a/*",
    ];
    for _ in 0..rounds() {
        let _ = queue_result::check(&damaged(&mut dice, result), "r");
        let seed = keys[dice.roll(keys.len())];
        let key = damaged(&mut dice, seed.as_bytes());
        let key = String::from_utf8_lossy(&key).into_owned();
        let other = LockKey::unchecked(keys[dice.roll(keys.len())]);
        let _ = LockKey::parse(&key, &[]);
        let key = LockKey::unchecked(&key);
        assert_eq!(key.meets(&other), other.meets(&key));
    }
}

const COMMANDS: &str = "cd a && A=b sudo -u x sh -c 'rm -rf \"$HOME\"' | tee >(cat) 2>&1 > .env\n\
    for f in {a,b}*; do git -C $f push +x:y; done; case $x in a|b) echo `date` ;; esac\n\
    psql -c \"DROP TABLE a\" <<-'E' ; echo $(( (1<<2) + ${y:-$(id)} )) # x\n\tDELETE FROM b;\n\tE\n\
    find . -exec rm {} \\; f() { eval \"$(curl x)\"; }; echo $'\\x41\\n' <<< \"q\"";

const SHELL_WORDS: [&str; 30] = [
    "$(",
    "`",
    "${",
    "$((",
    "((",
    "))",
    ")",
    "}",
    "'",
    "\"",
    "\\",
    "<<E\n",
    "<<<",
    "<(",
    ">&",
    "|&",
    ";;",
    "case x in ",
    "esac",
    "for a in ",
    "do ",
    "sh -c ",
    "eval ",
    "$'\\u",
    "A=$A$A ",
    "{a,",
    "\n",
    "#",
    "xargs ",
    "env -S ",
];

fn weigh(text: &str) {
    let request = guard::Request {
        text,
        paths: &[text.to_owned()],
        trust: Trust::NONE,
    };
    let verdict = guard::judge(&Rules::default(), &request);
    assert_eq!(
        verdict.safe,
        !verdict.findings.iter().any(|finding| finding.blocked)
    );
}

#[test]
fn damaged_command_lines_are_judged_without_panic() {
    let mut dice = Dice(0x5eed_0004);
    for _ in 0..rounds() {
        let text = String::from_utf8_lossy(&damaged(&mut dice, COMMANDS.as_bytes())).into_owned();
        weigh(&text);
        let words = dice.roll(40);
        let text: String = (0..words)
            .map(|_| SHELL_WORDS[dice.roll(SHELL_WORDS.len())])
            .collect();
        weigh(&text);
    }
}

#[test]
fn command_lines_made_to_exhaust_are_judged_within_a_second() {
    let limit = Duration::from_secs(if cfg!(debug_assertions) { 12 } else { 1 });
    for word in SHELL_WORDS
        .into_iter()
        .chain(["a|", "a=$a$a;", "$a ", "{a,b}", "sh -c \"$(", "a "])
    {
        let text = word.repeat((256 << 10) / word.len());
        let start = Instant::now();
        weigh(&text);
        assert!(
            start.elapsed() < limit,
            "`{word}` took {:?}",
            start.elapsed()
        );
    }
}

#[test]
fn inputs_made_to_exhaust_are_refused_within_a_second() {
    let many = |text: &str| text.repeat((1 << 20) / text.len());
    let each =
        |text: &dyn Fn(usize) -> String, count: usize| -> String { (0..count).map(text).collect() };
    let package = |i: usize| format!("  - {{id: p{i}, dependencies: [p{}]}}\n", i + 1);
    let inputs = [
        many("["),
        many("{"),
        many("{a: "),
        many("- "),
        many("? "),
        many("a: "),
        many("!"),
        many("[!a,"),
        many("'"),
        many("\"\\"),
        many("\n"),
        many(" "),
        many("#"),
        many("|\n"),
        many("- |\n"),
        many("a"),
        many("é"),
        many("*a "),
        many("&a "),
        many("- x\n"),
        many("---\n"),
        many("%"),
        many("[],"),
        each(&|i| format!("k{i}: 1\n"), 90_000),
        each(
            &|i| format!("- &a{i} [*a{}, *a{}]\n", i.max(1) - 1, i.max(1) - 1),
            30_000,
        ),
        format!("packages: [{}]", "x,".repeat(500_000)),
        format!("packages: [{}]", "{},".repeat(300_000)),
        format!("packages:\n{}", each(&package, 9_999)),
        format!(
            "packages:\n{}",
            each(&|i| format!("- {{id: p{i}}}\n"), 100_000)
        ),
        format!(
            "packages:\n{}",
            each(
                &|i| format!("- {{id: p{i}, scope: {{write_allow: ['**']}}}}\n"),
                9_999
            )
        ),
        format!(
            "packages:\n- {{id: a, locks: {{keys: [{}]}}}}\n",
            each(&|i| format!("'api:G /{{a}}{i}',"), 40_000)
        ),
        format!(
            "packages:\n- {{id: a, depends_on: [{}]}}\n",
            "b,".repeat(400_000)
        ),
        format!(
            "packages:\n- {{id: a, scope: {{write_allow: [{}]}}}}\n",
            "'**/*a*a*a*',".repeat(60_000)
        ),
    ];
    // Debug builds are an order of magnitude slower than what is promised.
    let limit = Duration::from_secs(if cfg!(debug_assertions) { 12 } else { 1 });
    for (i, input) in inputs.iter().enumerate() {
        let start = Instant::now();
        judge(input.as_bytes());
        let head: String = input.chars().take(40).collect();
        assert!(
            start.elapsed() < limit,
            "input {i} `{head}` took {:?}",
            start.elapsed()
        );
    }
}

#[test]
fn a_thousand_packages_with_ten_patterns_are_judged_in_a_second() {
    let package = |i: usize| {
        let globs: String = (0..10)
            .map(|n| format!("'mod{i}/part{n}/**/*.rs', "))
            .collect();
        format!(
            "  - id: p{i}\n    description: x\n    dependencies: [{}]\n    \
             scope: {{write_allow: [{globs}], read_allow: ['**']}}\n",
            if i.is_multiple_of(7) {
                String::new()
            } else {
                format!("p{}", i - 1)
            }
        )
    };
    let text: String = (0..1_000).map(package).collect();
    let text = format!("change_id: big\npackages:\n{text}");
    let limit = Duration::from_secs(if cfg!(debug_assertions) { 15 } else { 1 });
    let start = Instant::now();
    judge(text.as_bytes());
    assert!(start.elapsed() < limit, "{:?}", start.elapsed());
    assert_eq!(
        plan::read(text.as_bytes(), "x")
            .plan
            .unwrap()
            .packages
            .len(),
        1_000
    );
}
