//! What a QA agent is asked about one surface.

use crate::base::text::foreign;
use crate::model::qa::QaSurface;

/// What it should know beside the surface.
#[derive(Debug, Clone, Copy)]
pub struct About<'a> {
    /// The feature, for people.
    pub feature: &'a str,
    /// What it is to do, in a sentence; may be empty.
    pub title: &'a str,
    /// The number of the round.
    pub round: u32,
}

/// The question.
pub fn prompt(about: About<'_>, surface: &QaSurface) -> String {
    let (feature, name) = (foreign(about.feature), foreign(&surface.name));
    let mut out = format!(
        "# QA of feature {feature}: {name}\n\n\
         You look at a finished feature as the people do who use it. The current folder holds the\n\
         whole of it. You change nothing in it: what you need to build or write goes into the folder\n\
         for temporary files that `TMPDIR` names.\n\n"
    );
    if !about.title.is_empty() {
        out += &format!("The feature: {}\n\n", foreign(about.title));
    }
    out += &format!(
        "This is round {}. The surface was found by:\n\n",
        about.round
    );
    for seen in &surface.seen {
        out += &format!("- `{}`\n", foreign(seen));
    }
    out += "\n## Checks\n\nTry each of them yourself, by running what was built; reading the code is no check.\n\n";
    for check in &surface.checks {
        out += &format!("- `{}`: {}\n", foreign(&check.id), foreign(&check.what));
    }
    out += &format!(
        "\n## Report\n\n\
         Write one JSON object to the path in the environment variable `WP_RESULT_FILE`:\n\n\
         ```json\n\
         {{\"schema_version\": 1, \"surface\": \"{name}\", \"status\": \"PASS\",\n \
         \"checks\": [{{\"id\": \"{first}\", \"status\": \"PASS\", \"evidence\": \"what you ran and what you saw\"}}],\n \
         \"issues\": [\"what else is wrong\"], \"recommendation\": \"what to do about it\"}}\n\
         ```\n\n\
         Every check of the list needs exactly one result, `PASS` or `FAIL`, with evidence; without\n\
         all of them the round counts as not passed. `status` is `FAIL` if one of them fails.\n",
        first = surface.checks.first().map_or("", |check| check.id.as_str()),
    );
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::qa::QaCheck;

    #[test]
    fn an_agent_is_told_the_surface_its_checks_and_the_form_of_the_report() {
        let surface = QaSurface {
            name: "cli".to_owned(),
            seen: vec!["bin/shelf".to_owned()],
            checks: vec![QaCheck {
                id: "cli-1".to_owned(),
                what: "It counts\nbooks.".to_owned(),
            }],
        };
        let about = About {
            feature: "add-shelf",
            title: "Keep books",
            round: 2,
        };
        insta::assert_snapshot!(prompt(about, &surface));
    }
}
