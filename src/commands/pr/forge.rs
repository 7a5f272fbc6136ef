//! The programs of code hosts, `gh` and `glab`: argument arrays, never a shell, never a push.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::base::json;
use crate::base::text::{cut, foreign};
use crate::base::{Error, Result};
use crate::commands::pr::place::Place;
use crate::os::clock::Moment;
use crate::os::process::{Finished, Invocation, Session, Status, find_program, run_watched};

/// Longest time for one answer.
const TIME_MAX: Duration = Duration::from_secs(120);
/// Bytes of one answer that are read.
const ANSWER_MAX: u64 = 1 << 20;
/// Characters of a refusal that are shown.
const SHOWN_MAX: usize = 400;

/// A program that opens pull requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Forge {
    /// GitHub's.
    Gh,
    /// GitLab's.
    Glab,
}

/// What is to be opened.
pub(super) struct Request {
    pub(super) title: String,
    pub(super) body: String,
    /// The file that holds the body.
    pub(super) file: PathBuf,
    pub(super) branch: String,
    pub(super) into: Option<String>,
    pub(super) draft: bool,
}

/// What came of it.
pub(super) struct Opened {
    /// False if it was open already and got the new text.
    pub(super) is_new: bool,
    pub(super) url: String,
}

impl Forge {
    /// The program that fits a host, as its name tells.
    pub(super) fn of(place: &Place) -> Option<Forge> {
        if place.host.contains("github") {
            Some(Forge::Gh)
        } else if place.host.contains("gitlab") {
            Some(Forge::Glab)
        } else {
            None
        }
    }

    /// Its name.
    pub(super) fn program(self) -> &'static str {
        match self {
            Forge::Gh => "gh",
            Forge::Glab => "glab",
        }
    }

    /// True if it is installed.
    pub(super) fn is_here(self, path: Option<&OsStr>, folder: &Path) -> bool {
        path.is_some_and(|path| find_program(self.program(), path, folder).is_some())
    }

    /// The command line that opens it, for people.
    pub(super) fn line(self, request: &Request, place: Option<&Place>) -> Vec<String> {
        let mut line = vec![self.program().to_owned()];
        let here = Place {
            host: String::new(),
            path: "OWNER/NAME".to_owned(),
        };
        let body = match self {
            Forge::Gh => format!("--body-file={}", request.file.display()),
            Forge::Glab => "--description=TEXT".to_owned(),
        };
        line.extend(self.create(request, place.unwrap_or(&here), body));
        line
    }

    /// Opens it, or gives the open one the new text.
    ///
    /// # Errors
    /// The program cannot be run, takes too long, or says no.
    pub(super) fn open(self, request: &Request, place: &Place, root: &Path) -> Result<Opened> {
        let listed = self.ask(root, self.list(request, place))?;
        let listed = json::parse(&listed.stdout).map_err(|e| self.strange(e.message()))?;
        let first = listed.as_array().and_then(|list| list.first());
        if let Some(open) = first {
            let url = open[self.url_field()]
                .as_str()
                .unwrap_or_default()
                .to_owned();
            let number = open[self.number_field()].as_u64();
            let number = number.ok_or_else(|| self.strange("an entry has no number"))?;
            self.ask(root, self.edit(request, place, number))?;
            return Ok(Opened { is_new: false, url });
        }
        let body = self.body(request);
        let said = self.ask(root, self.create(request, place, body))?;
        let said = String::from_utf8_lossy(&said.stdout).into_owned();
        let words = said.split_whitespace().rev();
        let url = words.into_iter().find(|word| word.starts_with("https://"));
        Ok(Opened {
            is_new: true,
            url: url.unwrap_or_default().to_owned(),
        })
    }

    fn list(self, request: &Request, place: &Place) -> Vec<String> {
        let (repo, branch) = (repo(place), &request.branch);
        match self {
            Forge::Gh => owned(&[
                "pr",
                "list",
                &repo,
                &format!("--head={branch}"),
                "--state=open",
                "--limit=1",
                "--json=number,url",
            ]),
            Forge::Glab => owned(&[
                "mr",
                "list",
                &repo,
                &format!("--source-branch={branch}"),
                "--output=json",
                "--per-page=1",
            ]),
        }
    }

    fn create(self, request: &Request, place: &Place, body: String) -> Vec<String> {
        let (repo, branch) = (repo(place), &request.branch);
        let title = format!("--title={}", request.title);
        let (noun, source, into, extra) = match self {
            Forge::Gh => ("pr", "head", "base", None),
            Forge::Glab => ("mr", "source-branch", "target-branch", Some("--yes")),
        };
        let mut out = owned(&[
            noun,
            "create",
            &repo,
            &format!("--{source}={branch}"),
            &title,
        ]);
        out.push(body);
        out.extend(request.into.as_ref().map(|name| format!("--{into}={name}")));
        out.extend(request.draft.then(|| "--draft".to_owned()));
        out.extend(extra.map(str::to_owned));
        out
    }

    fn edit(self, request: &Request, place: &Place, number: u64) -> Vec<String> {
        let (repo, number, body) = (repo(place), number.to_string(), self.body(request));
        match self {
            Forge::Gh => owned(&["pr", "edit", &number, &repo, &body]),
            Forge::Glab => owned(&["mr", "update", &number, &repo, &body, "--yes"]),
        }
    }

    /// `gh` reads the body from its file; `glab` takes it as one argument only.
    fn body(self, request: &Request) -> String {
        match self {
            Forge::Gh => format!("--body-file={}", request.file.display()),
            Forge::Glab => format!("--description={}", request.body),
        }
    }

    fn url_field(self) -> &'static str {
        match self {
            Forge::Gh => "url",
            Forge::Glab => "web_url",
        }
    }

    fn number_field(self) -> &'static str {
        match self {
            Forge::Gh => "number",
            Forge::Glab => "iid",
        }
    }

    /// Runs it in the checkout. What the repository's own configuration would start is not heard:
    /// an agent can write there.
    fn ask(self, root: &Path, args: Vec<String>) -> Result<Finished> {
        let program = self.program();
        let invocation = Invocation::new(program, root)
            .args(args)
            .env("GIT_CONFIG_COUNT", "2")
            .env("GIT_CONFIG_KEY_0", "core.fsmonitor")
            .env("GIT_CONFIG_VALUE_0", "false")
            .env("GIT_CONFIG_KEY_1", "core.hooksPath")
            .env("GIT_CONFIG_VALUE_1", "/dev/null")
            .env("GH_PROMPT_DISABLED", "1")
            .env("NO_PROMPT", "true")
            .env("NO_COLOR", "1");
        let start = Moment::now();
        let give_up = &mut || start.elapsed() >= TIME_MAX;
        let done = run_watched(&invocation, ANSWER_MAX, Session::Own, give_up)?;
        let done = done.ok_or_else(|| {
            let message = format!("`{program}` gave no answer within {} s", TIME_MAX.as_secs());
            Error::negative("pr-refused", message).hint(format!("{program} auth status"))
        })?;
        if done.status == Status::Code(0) {
            return Ok(done);
        }
        let said = String::from_utf8_lossy(&done.stderr).into_owned();
        let said = foreign(&cut(said.trim(), SHOWN_MAX)).to_string();
        let message = format!("`{program}` said no: {said}");
        Err(Error::negative("pr-refused", message).hint(format!("{program} auth status")))
    }

    fn strange(self, why: &str) -> Error {
        let message = format!("`{}` answered what cannot be read: {why}", self.program());
        Error::negative("pr-refused", message).hint(format!("{} --version", self.program()))
    }
}

/// The repository in full, so that no other remote is guessed.
fn repo(place: &Place) -> String {
    match place.host.is_empty() {
        true => format!("--repo={}", place.path),
        false => format!("--repo={}/{}", place.host, place.path),
    }
}

fn owned(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}
