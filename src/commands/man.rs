//! `git wp man`: manual pages, so that `git wp --help` finds one.

use std::path::{Path, PathBuf};

use crate::base::json::json;
use crate::base::{Error, Result};
use crate::commands::{self, Answer};
use crate::model::Durability;
use crate::os::file::{self, Access};

/// Write manual pages
///
/// Git answers `git wp --help` with `man git-wp`; write the pages to a folder that man searches,
/// for instance ~/.local/share/man/man1. Without a folder the main page is printed.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  git wp man --dir ~/.local/share/man/man1
  git wp man > git-wp.1")]
pub(super) struct Args {
    /// Write all pages to this folder
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
}

/// Prints or writes the pages.
pub(super) fn run(args: &Args) -> Result<Answer> {
    let mut command = commands::command();
    command.build();
    let Some(folder) = &args.dir else {
        let page = page(&command)?;
        return Ok(Answer::done(json!({"page": page}), page));
    };
    file::make_shared_dirs(folder)?;
    let mut written = Vec::new();
    write_all(folder, &command, &mut written)?;
    let text = format!("wrote {} pages to {}\n", written.len(), folder.display());
    let data = json!({"dir": folder.display().to_string(), "pages": written});
    Ok(Answer::done(data, text))
}

fn write_all(folder: &Path, command: &clap::Command, written: &mut Vec<String>) -> Result<()> {
    let name = command.get_display_name().unwrap_or(command.get_name());
    let file_name = format!("{name}.1");
    let page = page(command)?;
    file::replace(
        &folder.join(&file_name),
        page.as_bytes(),
        Access::Shared,
        Durability::Off,
    )?;
    written.push(file_name);
    for sub in command.get_subcommands().filter(|s| !s.is_hide_set()) {
        write_all(folder, sub, written)?;
    }
    Ok(())
}

fn page(command: &clap::Command) -> Result<String> {
    let mut bytes = Vec::new();
    clap_mangen::Man::new(command.clone())
        .render(&mut bytes)
        .map_err(|e| Error::io("cannot write a manual page", e))?;
    String::from_utf8(bytes).map_err(|e| Error::bug("a manual page is not UTF-8").because(e))
}
