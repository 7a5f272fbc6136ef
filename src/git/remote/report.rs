//! What `git push --porcelain` says of each ref.

use crate::base::RefName;

/// What became of one ref.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Said {
    /// It holds what was pushed.
    Done,
    /// Git here saw that it is not what was expected, or left it out because of another.
    NotSent,
    /// The other side refused, with this reason.
    Refused(String),
    /// It was sent and no answer came.
    Unclear,
}

/// The whole answer.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Report {
    /// In the order in which git told them.
    said: Vec<(String, Said)>,
    /// Git said that it came to its end.
    ended: bool,
}

impl Report {
    pub(super) fn parse(stdout: &[u8]) -> Report {
        let text = String::from_utf8_lossy(stdout);
        let whole = match text.rfind('\n') {
            Some(end) => &text[..end],
            None => "",
        };
        Report {
            said: whole.lines().filter_map(line).collect(),
            ended: whole.lines().next_back() == Some("Done"),
        }
    }

    /// True if git told of every one of `targets` that it is done, and of its own end.
    pub(super) fn is_done<'a>(&self, mut targets: impl Iterator<Item = &'a RefName>) -> bool {
        self.ended && targets.all(|target| self.of(target) == Some(&Said::Done))
    }

    /// True if what became of every one of `targets` is told, and something was not done.
    pub(super) fn is_clear_no<'a>(&self, mut targets: impl Iterator<Item = &'a RefName>) -> bool {
        self.said.iter().any(|(_, said)| *said != Said::Done)
            && targets.all(|target| !matches!(self.of(target), None | Some(Said::Unclear)))
    }

    /// The reasons that the other side gave, each once.
    pub(super) fn reasons(&self) -> Vec<&str> {
        let mut out: Vec<&str> = Vec::new();
        for (_, said) in &self.said {
            match said {
                Said::Refused(reason) if !out.contains(&reason.as_str()) => out.push(reason),
                _ => {}
            }
        }
        out
    }

    fn of(&self, target: &RefName) -> Option<&Said> {
        let found = self.said.iter().find(|(name, _)| name == target.as_str());
        found.map(|(_, said)| said)
    }
}

/// `<flag> TAB <from>:<to> TAB <summary>`.
fn line(line: &str) -> Option<(String, Said)> {
    let mut fields = line.splitn(3, '\t');
    let (flag, names, summary) = (fields.next()?, fields.next()?, fields.next()?);
    let (_, target) = names.split_once(':')?;
    let said = match (flag, summary) {
        (" " | "+" | "-" | "*" | "=", _) => Said::Done,
        ("!", text) if text.starts_with("[rejected]") => Said::NotSent,
        ("!", text) => match text.strip_prefix("[remote rejected]") {
            Some(reason) => {
                let reason = reason.trim().trim_start_matches('(').trim_end_matches(')');
                Said::Refused(reason.to_owned())
            }
            None => Said::Unclear,
        },
        _ => return None,
    };
    Some((target.to_owned(), said))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> RefName {
        RefName::parse(text).unwrap()
    }

    #[test]
    fn every_ref_has_to_be_told_and_the_end_too() {
        let (a, b) = (name("refs/wp/a"), name("refs/wp/b"));
        let one = "To x\n*\t01:refs/wp/a\t[new reference]\n";
        let report = Report::parse(format!("{one}Done\n").as_bytes());
        assert!(report.is_done([&a].into_iter()));
        assert!(!report.is_done([&a, &b].into_iter()));
        assert!(!report.is_clear_no([&a, &b].into_iter()));
        for cut in [one, &format!("{one}Done")] {
            assert!(
                !Report::parse(cut.as_bytes()).is_done([&a].into_iter()),
                "{cut}"
            );
        }
        assert!(!Report::parse(b"").is_done([&a].into_iter()));
    }

    #[test]
    fn refusals_keep_their_reason() {
        let text = "To x\n!\t01:refs/wp/a\t[remote rejected] (pre-receive hook declined)\n\
                    !\t01:refs/wp/b\t[rejected] (stale info)\n\
                    !\t01:refs/wp/c\t[remote failure] (remote failed to report status)\nDone\n";
        let report = Report::parse(text.as_bytes());
        assert_eq!(report.reasons(), ["pre-receive hook declined"]);
        assert_eq!(report.of(&name("refs/wp/b")), Some(&Said::NotSent));
        assert_eq!(report.of(&name("refs/wp/c")), Some(&Said::Unclear));
    }
}
