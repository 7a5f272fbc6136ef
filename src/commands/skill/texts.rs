//! The skills themselves, and the block of a file that is ours.
//!
//! A file is a head (`---` to `---`) and a block between two marks. Only the block is ours once the
//! file is there: what somebody wrote around it stays, and so does a head that they changed.

/// A skill.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Skill {
    /// Its name, and that of its folder.
    pub(super) name: &'static str,
    /// Head and body.
    text: &'static str,
}

/// All of them.
pub(super) const ALL: [Skill; 5] = [
    Skill {
        name: "parallel-plan-feature",
        text: include_str!("../../../skills/parallel-plan-feature.md"),
    },
    Skill {
        name: "parallel-implement-feature",
        text: include_str!("../../../skills/parallel-implement-feature.md"),
    },
    Skill {
        name: "orchestrate",
        text: include_str!("../../../skills/orchestrate.md"),
    },
    Skill {
        name: "spec-parallel-execute",
        text: include_str!("../../../skills/spec-parallel-execute.md"),
    },
    Skill {
        name: "team-implement",
        text: include_str!("../../../skills/team-implement.md"),
    },
];

const BEGIN: &str =
    "<!-- git wp: begin; `git wp skill install` keeps what is between the marks -->";
const END: &str = "<!-- git wp: end -->";

impl Skill {
    /// The head, with its lines of `---`.
    fn head(self) -> &'static str {
        let end = self.text[4..].find("\n---\n").map_or(0, |at| at + 4 + 5);
        &self.text[..end]
    }

    /// What it is for.
    pub(super) fn description(self) -> &'static str {
        let line = self
            .head()
            .lines()
            .find_map(|line| line.strip_prefix("description: "));
        line.unwrap_or_default()
    }

    fn block(self) -> String {
        let body = self.text[self.head().len()..].trim();
        format!("{BEGIN}\n\n{body}\n\n{END}\n")
    }

    /// The file as it is made.
    pub(super) fn file(self) -> String {
        format!("{}\n{}", self.head(), self.block())
    }

    /// A file with the block as it is now; `None` if the file is not ours.
    pub(super) fn put_into(self, file: &str) -> Option<String> {
        let (before, after) = around(file)?;
        Some(format!("{before}{}{after}", self.block()))
    }

    /// A file without the block; `None` if it is not ours, empty if nothing of anybody is left.
    pub(super) fn take_out_of(self, file: &str) -> Option<String> {
        let (before, after) = around(file)?;
        let is_bare = before.trim_end() == self.head().trim_end() && after.trim().is_empty();
        Some(match is_bare {
            true => String::new(),
            false => format!("{before}{after}"),
        })
    }
}

/// What stands before and after the one block.
fn around(file: &str) -> Option<(&str, &str)> {
    let begin = line_at(file, BEGIN)?;
    let end = begin + line_at(&file[begin..], END)?;
    let after = &file[end + END.len()..];
    let after = after.strip_prefix('\n').unwrap_or(after);
    let is_alone = line_at(after, BEGIN).is_none() && line_at(&file[..begin], END).is_none();
    is_alone.then_some((&file[..begin], after))
}

/// Where a line begins that is exactly this.
fn line_at(text: &str, line: &str) -> Option<usize> {
    let mut from = 0;
    for found in text.split_inclusive('\n') {
        if found.trim_end_matches('\n') == line {
            return Some(from);
        }
        from += found.len();
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Command lines of a skill: fenced ones, and those between single ticks.
    fn commands(text: &str) -> Vec<String> {
        let mut found = Vec::new();
        for line in text.lines() {
            let plain = line.trim();
            if plain.starts_with("git wp ") {
                found.push(plain.to_owned());
            }
            let inline = line.split('`').skip(1).step_by(2);
            found.extend(
                inline
                    .filter(|code| code.starts_with("git wp "))
                    .map(str::to_owned),
            );
        }
        found
    }

    #[test]
    fn every_command_line_of_a_skill_is_one() {
        for skill in ALL {
            let lines = commands(skill.text);
            assert!(lines.len() >= 5, "{}: {lines:?}", skill.name);
            for line in lines {
                let words = crate::agent::words::split(&line).unwrap();
                let argv = std::iter::once("git-wp".to_owned()).chain(words.into_iter().skip(2));
                let parsed = crate::commands::command().try_get_matches_from(argv);
                assert!(
                    parsed.is_ok(),
                    "{}: {line}: {}",
                    skill.name,
                    parsed.unwrap_err()
                );
            }
        }
    }

    #[test]
    fn heads_have_the_form_of_agent_skills() {
        for skill in ALL {
            let lines: Vec<&str> = skill.head().lines().collect();
            assert_eq!(lines[0], "---");
            assert_eq!(lines[1], format!("name: {}", skill.name));
            assert_eq!((lines.len(), lines[3]), (4, "---"));
            let plain = |c: char| c.is_ascii_lowercase() || c == '-';
            assert!(skill.name.len() <= 64 && skill.name.chars().all(plain));
            let description = skill.description();
            assert!((50..=1024).contains(&description.len()), "{description}");
            assert!(!description.contains(": ") && !description.contains('#'));
        }
    }

    #[test]
    fn what_people_add_around_the_block_survives() {
        let skill = ALL[0];
        let file = skill.file();
        assert_eq!(skill.put_into(&file).as_ref(), Some(&file));
        assert_eq!(skill.take_out_of(&file).as_deref(), Some(""));
        let theirs = file.replace("description: ", "description: ours, ") + "\n## House rules\n";
        assert_eq!(skill.put_into(&theirs).as_ref(), Some(&theirs));
        let old = theirs.replace("# Parallel plan feature", "# An older text");
        assert_eq!(skill.put_into(&old).as_ref(), Some(&theirs));
        let left = skill.take_out_of(&theirs).unwrap();
        assert!(left.contains("ours, ") && left.ends_with("\n## House rules\n"));
        assert!(!left.contains("git wp"), "{left}");
    }

    #[test]
    fn files_without_one_whole_block_are_not_ours() {
        let skill = ALL[0];
        let file = skill.file();
        for foreign in [
            String::new(),
            "---\nname: parallel-plan-feature\n---\nmine\n".to_owned(),
            file.replace(END, ""),
            file.replace(BEGIN, ""),
            format!("{file}{file}"),
            file.replace(BEGIN, &format!("  {BEGIN}")),
        ] {
            assert_eq!(skill.put_into(&foreign), None, "{foreign}");
            assert_eq!(skill.take_out_of(&foreign), None);
        }
    }
}
