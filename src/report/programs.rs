//! What would run, as a person reads it before approving.

use std::fmt::Write as _;

use crate::base::text::foreign;
use crate::model::programs::Program;
use crate::report::style::{Label, Page};

/// Draws command lines under the package they belong to. Long ones are shown in full: what is
/// cut off is what should have been read.
pub fn render(programs: &[Program], page: Page) -> String {
    let mut out = String::new();
    let mut package = None;
    for program in programs {
        let name = name_of(program);
        if package != Some(name) {
            package = Some(name);
            let name = foreign(name).to_string();
            let _ = writeln!(out, "  {}", page.paint(Label::Strong, &name));
        }
        let _ = write!(out, "    {}", foreign(&program.place));
        if !program.with.is_empty() {
            let _ = write!(out, ", {}", foreign(&program.with));
        }
        out.push('\n');
        for line in program.command.lines() {
            let line = foreign(line).to_string();
            let _ = writeln!(out, "      {}", page.paint(Label::Warn, &line));
        }
    }
    out
}

fn name_of(program: &Program) -> &str {
    program.package.as_ref().map_or("wp.toml", |id| id.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::PackageId;

    fn program(package: Option<&str>, place: &str, command: &str) -> Program {
        Program {
            package: package.map(|p| PackageId::parse(p).unwrap()),
            place: place.to_owned(),
            command: command.to_owned(),
            with: String::new(),
        }
    }

    #[test]
    fn every_line_of_a_command_is_shown() {
        let mut step = program(Some("wp-a"), "step `unit`", "make test");
        step.with = "in app CI=1".to_owned();
        let programs = [
            program(Some("wp-a"), "inputs.run", "echo a > a\ncurl \u{1b}[8mevil"),
            step,
            program(None, "[verify] final", "make all"),
        ];
        insta::assert_snapshot!(render(&programs, Page::plain()), @r"
        wp-a
          inputs.run
            echo a > a
            curl \u{1b}[8mevil
          step `unit`, in app CI=1
            make test
        wp.toml
          [verify] final
            make all
        ");
    }
}
