//! `pr`, `implement --pr`, and the reports for code hosts, with scripts in place of their programs.

use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use git_wp::base::json;

use super::support::plans::Pkg;
use super::support::{Run, Scratch, run};

/// A merged feature `x`, a remote whose address is on `host`, and a folder for programs.
struct Shop {
    scratch: Scratch,
    bin: PathBuf,
}

impl Shop {
    fn new(host: &str) -> Shop {
        let scratch = Scratch::new();
        scratch.add_plan("x", &[Pkg::new("wp-a").check("there", "test -f wp-a/file")]);
        scratch.wp(&["approve", "x"]).expect(0);
        let bare = scratch.beside("bare.git");
        scratch.git(&["init", "-q", "--bare", bare.to_str().unwrap()]);
        let url = format!("https://{host}/ann/shop.git");
        scratch.git(&["remote", "add", "origin", &url]);
        let key = format!("url.{}.insteadOf", bare.display());
        scratch.git(&["config", &key, &url]);
        let bin = scratch.beside("bin");
        std::fs::create_dir_all(&bin).unwrap();
        Shop { scratch, bin }
    }

    fn merged(host: &str) -> Shop {
        let shop = Shop::new(host);
        shop.scratch.wp(&["implement", "x"]).expect(0);
        shop
    }

    fn push(&self) {
        self.scratch.git(&["push", "-q", "origin", "openspec/x"]);
    }

    /// A program that logs its arguments one per line and says `listed` to a question for what is
    /// open, `said` to anything else.
    fn program(&self, name: &str, listed: &str, said: &str) {
        let log = self.bin.join("log");
        let script = format!(
            "#!/bin/sh\nfor word in \"$@\"; do printf '%s\\n' \"$word\" >> '{log}'; done\n\
             echo -- >> '{log}'\nif [ \"$2\" = list ]; then echo '{listed}'; else {said}; fi\n",
            log = log.display()
        );
        let path = self.bin.join(name);
        std::fs::write(&path, script).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.bin.join("log")).unwrap_or_default()
    }

    fn wp(&self, args: &[&str]) -> Run {
        let mut command = self.scratch.wp_command(args);
        let path = std::env::var("PATH").unwrap();
        command.env("PATH", format!("{}:{path}", self.bin.display()));
        run(command)
    }
}

const GH_URL: &str = "echo https://github.com/ann/shop/pull/7";

#[test]
fn gh_opens_a_pull_request_with_the_body_in_a_file() {
    let shop = Shop::merged("github.com");
    shop.push();
    shop.program("gh", "[]", GH_URL);
    let data = shop
        .wp(&["pr", "x", "--base", "main", "--draft", "--json"])
        .expect(0)
        .data();
    assert_eq!(data["url"], "https://github.com/ann/shop/pull/7");
    assert_eq!(data["opened"], true);
    let log = shop.log();
    let (listed, created) = log.split_once("--\n").unwrap();
    assert!(
        listed.contains("--head=openspec/x\n--state=open\n"),
        "{log}"
    );
    let file = created
        .lines()
        .find_map(|line| line.strip_prefix("--body-file="))
        .unwrap();
    let wanted = format!(
        "pr\ncreate\n--repo=github.com/ann/shop\n--head=openspec/x\n--title=Do x\n\
         --body-file={file}\n--base=main\n--draft\n--\n"
    );
    assert_eq!(created, wanted);
    let body = std::fs::read_to_string(file).unwrap();
    assert!(
        body.contains("## Packages") && body.contains("1 of 1 green"),
        "{body}"
    );
    assert!(body.contains("- [x] every package is merged"), "{body}");
    assert!(!log.contains("push") && !log.contains("force"), "{log}");
}

#[test]
fn a_pull_request_that_is_open_gets_the_new_text() {
    let shop = Shop::merged("github.com");
    shop.push();
    shop.program(
        "gh",
        "[{\"number\":7,\"url\":\"https://github.com/ann/shop/pull/7\"}]",
        "true",
    );
    let data = shop.wp(&["pr", "x", "--json"]).expect(0).data();
    assert_eq!(data["updated"], true);
    assert_eq!(data["url"], "https://github.com/ann/shop/pull/7");
    let log = shop.log();
    assert!(
        log.contains("pr\nedit\n7\n--repo=github.com/ann/shop\n--body-file="),
        "{log}"
    );
    assert!(!log.contains("create"), "{log}");
}

#[test]
fn glab_opens_a_merge_request() {
    let shop = Shop::merged("gitlab.example.org");
    shop.push();
    shop.program(
        "glab",
        "[]",
        "echo https://gitlab.example.org/ann/shop/-/merge_requests/3",
    );
    let text = shop.wp(&["pr", "x"]).expect(0).stdout;
    assert_eq!(
        text,
        "opened https://gitlab.example.org/ann/shop/-/merge_requests/3\n"
    );
    let log = shop.log();
    let wanted = "mr\ncreate\n--repo=gitlab.example.org/ann/shop\n--source-branch=openspec/x\n";
    assert!(log.contains(wanted), "{log}");
    assert!(log.contains("--yes\n--\n"), "{log}");
}

#[test]
fn it_refuses_what_is_not_merged_or_not_pushed() {
    let shop = Shop::new("github.com");
    shop.program("gh", "[]", GH_URL);
    let run = shop.wp(&["pr", "x", "--json"]).expect(1);
    assert_eq!(run.data()["code"], "not-merged");
    shop.scratch.wp(&["implement", "x"]).expect(0);
    let run = shop.wp(&["pr", "x"]).expect(1);
    assert!(
        run.stderr.contains("`openspec/x` is not on `origin`"),
        "{}",
        run.stderr
    );
    assert!(
        run.stderr.contains("git push origin openspec/x"),
        "{}",
        run.stderr
    );
    shop.push();
    shop.scratch.git(&["branch", "-f", "openspec/x", "main"]);
    let run = shop.wp(&["pr", "x", "--json"]).expect(1);
    assert_eq!(run.data()["code"], "not-pushed");
    assert_eq!(shop.log(), "", "the program was not asked");
}

#[test]
fn where_no_program_fits_it_says_what_to_paste_where() {
    let shop = Shop::merged("code.example.org");
    shop.push();
    let run = shop.wp(&["pr", "x"]).expect(1);
    assert!(
        run.stdout
            .contains("paste what follows: https://code.example.org/ann/shop\n")
    );
    assert!(run.stdout.contains("\nDo x\n") && run.stdout.contains("## Checklist"));
    let dry = shop.wp(&["pr", "x", "--dry-run", "--with", "gh"]).expect(0);
    let page = "https://code.example.org/ann/shop/compare/openspec/x?expand=1";
    assert!(dry.stdout.contains(page), "{}", dry.stdout);
}

#[test]
fn what_the_program_says_no_to_is_told() {
    let shop = Shop::merged("github.com");
    shop.push();
    shop.program("gh", "[]", "printf 'no \\033[31mrights\\n' >&2; exit 1");
    let run = shop.wp(&["pr", "x"]).expect(1);
    assert!(
        run.stderr.contains("`gh` said no: no \\u{1b}[31mrights"),
        "{}",
        run.stderr
    );
    shop.program("gh", "nonsense", "true");
    let run = shop.wp(&["pr", "x", "--json"]).expect(1);
    assert_eq!(run.data()["code"], "pr-refused");
}

#[test]
fn a_run_may_end_with_the_pull_request_and_never_fails_for_it() {
    let shop = Shop::new("github.com");
    shop.program("gh", "[]", GH_URL);
    let run = shop.wp(&["implement", "x", "--pr", "--json"]).expect(0);
    assert_eq!(run.data()["pr"]["opened"], false);
    let warning = run.document()["warnings"].to_string();
    assert!(warning.contains("git push origin openspec/x"), "{warning}");
    shop.push();
    let data = shop
        .wp(&["implement", "x", "--pr", "--json"])
        .expect(0)
        .data();
    assert_eq!(data["pr"]["url"], "https://github.com/ann/shop/pull/7");
}

#[test]
fn reports_for_code_hosts_tell_of_steps_and_what_is_wrong() {
    let scratch = Scratch::new();
    let failing = Pkg::new("wp-a").check("never", "echo broken; exit 3");
    scratch.add_plan("x", &[failing, Pkg::new("wp-b").check("fine", "true")]);
    scratch.wp(&["approve", "x"]).expect(0);
    scratch.wp(&["implement", "x"]).expect(1);
    let sarif = scratch
        .wp(&["report", "x", "--format", "sarif"])
        .expect(0)
        .stdout;
    let sarif = json::parse(sarif.as_bytes()).unwrap();
    let results = sarif["runs"][0]["results"].as_array().unwrap();
    assert_eq!(results.len(), 1, "{results:?}");
    assert_eq!(results[0]["ruleId"], "step/failed");
    assert_eq!(results[0]["level"], "error");
    let place = &results[0]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"];
    assert_eq!(*place, "openspec/changes/x/work-packages.yaml");
    let junit = scratch
        .wp(&["report", "x", "--format", "junit"])
        .expect(0)
        .stdout;
    let failure = "<failure message=\"exit code 3\" type=\"step\">broken";
    assert!(junit.contains(failure), "{junit}");
    assert!(
        junit.contains("<testcase name=\"fine\" classname=\"x.wp-b\""),
        "{junit}"
    );
    let pull = scratch
        .wp(&["report", "x", "--format", "pr"])
        .expect(0)
        .stdout;
    assert!(
        pull.starts_with("Do x\n\nFeature `x`: 1 of 2 packages merged"),
        "{pull}"
    );
    assert!(pull.contains("- [ ] every package is merged"), "{pull}");
    let markdown = scratch
        .wp(&["report", "x", "--format", "markdown"])
        .expect(0)
        .stdout;
    assert_eq!(markdown, scratch.wp(&["report", "x"]).expect(0).stdout);
}
