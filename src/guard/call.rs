//! One command as it would be started.

use crate::guard::shell::Arg;

/// One program with its arguments.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Call {
    /// The program without its folder; empty for a redirection alone.
    pub(super) program: String,
    /// Program and arguments.
    pub(super) argv: Vec<Arg>,
    /// What it reads, where that is written in the text.
    pub(super) stdin: Option<String>,
    /// Programs whose output it reads.
    pub(super) upstream: Vec<String>,
    /// The programs that start it, the outermost first.
    pub(super) through: Vec<String>,
    /// Files that its redirections write.
    pub(super) targets: Vec<String>,
}

impl Call {
    /// The arguments behind the program.
    pub(super) fn args(&self) -> &[Arg] {
        self.argv.get(1..).unwrap_or_default()
    }
}

/// `rm` for `/bin/rm`; a word that is not known stays whole.
pub(super) fn base_name(word: &str) -> String {
    if word.starts_with("$(") || word.starts_with("<(") {
        return word.to_owned();
    }
    let name = word.rsplit('/').next().unwrap_or(word);
    name.strip_suffix(".exe").unwrap_or(name).to_owned()
}

/// What a command starts.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Inner {
    /// A text that a shell reads.
    Text(String),
    /// Words.
    Argv(Vec<Arg>),
}

/// Words that are a command line, if there are any.
pub(super) fn argv(words: Vec<Arg>) -> Vec<Inner> {
    match words.is_empty() {
        true => Vec::new(),
        false => vec![Inner::Argv(words)],
    }
}

/// Words with blanks between them.
pub(super) fn joined(args: &[Arg]) -> String {
    let words: Vec<&str> = args.iter().map(|arg| arg.text.as_str()).collect();
    words.join(" ")
}
