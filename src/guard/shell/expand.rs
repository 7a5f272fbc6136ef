//! Words to arguments: variables that the text itself sets, braces, splitting. What only a running
//! shell can know stays as it is written, and the argument says so.

use std::collections::BTreeMap;

use super::{Assign, Part, Quote, Script, Word};

/// A variable holds no more.
const VALUE_MAX: usize = 16 << 10;
/// All expansions of one text together hold no more characters.
const BUDGET: usize = 4 << 20;
/// A word becomes no more arguments by its braces.
const BRACES_MAX: usize = 64;

/// An argument as the program would see it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::guard) struct Arg {
    /// The text; what is not known stands in it as `$name` or `$(...)`.
    pub(in crate::guard) text: String,
    /// True if a part of it is not known.
    pub(in crate::guard) open: bool,
}

impl Arg {
    /// A known text.
    #[cfg(test)]
    pub(in crate::guard) fn known(text: impl Into<String>) -> Self {
        Arg {
            text: text.into(),
            open: false,
        }
    }
}

/// Variables, and how much more may be expanded.
#[derive(Debug, Clone)]
pub(in crate::guard) struct Scope {
    values: BTreeMap<String, String>,
    budget: usize,
}

impl Scope {
    /// What every shell has.
    pub(in crate::guard) fn new() -> Self {
        let values = [("IFS", " \t\n"), ("HOME", "~"), ("PWD", ".")];
        let values = values.map(|(name, value)| (name.to_owned(), value.to_owned()));
        Scope {
            values: values.into(),
            budget: BUDGET,
        }
    }

    /// True if something was left out.
    pub(in crate::guard) fn is_spent(&self) -> bool {
        self.budget == 0
    }

    /// Remembers a value; one that is not known is forgotten.
    pub(in crate::guard) fn assign(&mut self, assign: &Assign) {
        let args = self.fields(&assign.value, Split::Never);
        match args.first() {
            Some(arg) if arg.open => {
                self.values.remove(&assign.name);
            }
            Some(arg) => self.set(&assign.name, &arg.text),
            None => self.set(&assign.name, ""),
        }
    }

    /// Remembers a value.
    pub(in crate::guard) fn set(&mut self, name: &str, value: &str) {
        let value = crate::base::text::head(value, VALUE_MAX);
        self.values.insert(name.to_owned(), value.to_owned());
    }

    /// Forgets a value.
    pub(in crate::guard) fn unset(&mut self, name: &str) {
        self.values.remove(name);
    }

    /// The arguments that words become.
    pub(in crate::guard) fn args(&mut self, words: &[Word]) -> Vec<Arg> {
        let each = words.iter().map(|word| self.fields(word, Split::Blanks));
        each.collect::<Vec<_>>().concat()
    }

    /// The one text that a word becomes, without splitting.
    pub(in crate::guard) fn text(&mut self, word: &Word) -> Arg {
        let mut args = self.fields(word, Split::Never);
        args.pop().unwrap_or_default()
    }

    fn fields(&mut self, word: &Word, split: Split) -> Vec<Arg> {
        let mut fields = Fields {
            done: Vec::new(),
            now: Field::default(),
            split,
        };
        self.add(&word.parts, &mut fields);
        fields.end();
        match split {
            Split::Never => fields.done.into_iter().map(Field::arg).collect(),
            Split::Blanks => fields.done.into_iter().flat_map(Field::braces).collect(),
        }
    }

    fn add(&mut self, parts: &[Part], fields: &mut Fields) {
        for part in parts {
            match part {
                Part::Text { text, quote } => self.put(text, *quote, fields),
                Part::Variable {
                    name,
                    inner,
                    fallback,
                    quote,
                } => match self.values.get(name).cloned() {
                    Some(value) if *quote == Quote::Quoted => {
                        self.put(&value, Quote::Quoted, fields);
                    }
                    Some(value) => self.put_split(&value, fields),
                    None if *fallback && !inner.is_empty() => self.add(inner, fields),
                    None => {
                        fields.now.open = true;
                        self.put(&format!("${name}"), Quote::Quoted, fields);
                    }
                },
                Part::Run {
                    source,
                    script,
                    quote,
                } => match self.said(script) {
                    Some(text) if *quote == Quote::Quoted => {
                        self.put(&text, Quote::Quoted, fields);
                    }
                    Some(text) => self.put_split(&text, fields),
                    None => {
                        fields.now.open = true;
                        self.put(source, Quote::Quoted, fields);
                    }
                },
            }
        }
    }

    /// What a substitution gives that only says something.
    fn said(&mut self, script: &Script) -> Option<String> {
        let [only] = script.commands.as_slice() else {
            return None;
        };
        let args = self.args(&only.words);
        if args.iter().any(|arg| arg.open) {
            return None;
        }
        let said = said(&args, None)?;
        Some(said.trim_end_matches('\n').to_owned())
    }

    fn put(&mut self, text: &str, quote: Quote, fields: &mut Fields) {
        fields.now.solid |= quote == Quote::Quoted;
        for c in text.chars() {
            if self.budget == 0 {
                return;
            }
            self.budget -= 1;
            fields.now.cells.push((c, quote));
        }
    }

    fn put_split(&mut self, text: &str, fields: &mut Fields) {
        if fields.split == Split::Never {
            return self.put(text, Quote::Quoted, fields);
        }
        for (i, piece) in text.split(|c: char| c.is_ascii_whitespace()).enumerate() {
            if i > 0 {
                fields.end();
            }
            if !piece.is_empty() {
                self.put(piece, Quote::Quoted, fields);
            }
        }
    }
}

/// What a command writes that only repeats: `echo`, `printf`, `cat` of what it reads.
pub(in crate::guard) fn said(args: &[Arg], stdin: Option<&str>) -> Option<String> {
    let (program, rest) = args.split_first()?;
    let texts = || rest.iter().map(|arg| arg.text.as_str());
    match program.text.rsplit('/').next()? {
        "echo" => {
            let words = texts().skip_while(|word| matches!(*word, "-n" | "-e" | "-ne" | "-en"));
            let line = words.collect::<Vec<_>>().join(" ");
            Some(format!("{}\n", line.replace("\\n", "\n")))
        }
        // Where a program is, is as good as its name.
        "which" => texts().next_back().map(str::to_owned),
        "command" | "type" if texts().any(|word| matches!(word, "-v" | "-p" | "-P")) => {
            texts().next_back().map(str::to_owned)
        }
        "printf" => Some(printf(&texts().collect::<Vec<_>>())),
        "cat" | "tee" if texts().all(|word| word == "-") || program.text.ends_with("tee") => {
            stdin.map(str::to_owned)
        }
        _ => None,
    }
}

fn printf(words: &[&str]) -> String {
    let words = match words {
        ["--", rest @ ..] => rest,
        all => all,
    };
    let Some((format, values)) = words.split_first() else {
        return String::new();
    };
    let mut out = String::new();
    let mut values = values.iter();
    let mut pieces = format.split("%s");
    out.push_str(pieces.next().unwrap_or(""));
    for piece in pieces {
        out.push_str(values.next().unwrap_or(&""));
        out.push_str(piece);
    }
    for value in values {
        out.push(' ');
        out.push_str(value);
    }
    out.replace("\\n", "\n")
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Split {
    Blanks,
    Never,
}

struct Fields {
    done: Vec<Field>,
    now: Field,
    split: Split,
}

impl Fields {
    /// What follows begins another argument.
    fn end(&mut self) {
        let now = std::mem::take(&mut self.now);
        if now.solid || !now.cells.is_empty() {
            self.done.push(now);
        }
    }
}

/// An argument under way.
#[derive(Debug, Clone, Default)]
struct Field {
    cells: Vec<(char, Quote)>,
    /// True if it is an argument even when it is empty.
    solid: bool,
    open: bool,
}

impl Field {
    fn arg(self) -> Arg {
        Arg {
            text: self.cells.into_iter().map(|(c, _)| c).collect(),
            open: self.open,
        }
    }

    /// `a{b,c}` is `ab ac`.
    fn braces(self) -> Vec<Arg> {
        let mut done = Vec::new();
        let mut todo = vec![self];
        while let Some(field) = todo.pop() {
            match field.first_braces() {
                Some(choices) if todo.len() + done.len() + choices.len() <= BRACES_MAX => {
                    todo.extend(choices.into_iter().rev());
                }
                Some(_) | None => done.push(field.arg()),
            }
        }
        done
    }

    fn first_braces(&self) -> Option<Vec<Field>> {
        let plain = |i: usize, wanted: char| self.cells[i] == (wanted, Quote::None);
        let from = (0..self.cells.len()).find(|&i| plain(i, '{'))?;
        let mut cuts = vec![from];
        let mut open = 0_usize;
        for i in from + 1..self.cells.len() {
            if plain(i, '{') {
                open += 1;
            } else if plain(i, '}') && open > 0 {
                open -= 1;
            } else if open == 0 && plain(i, ',') {
                cuts.push(i);
            } else if open == 0 && plain(i, '}') {
                cuts.push(i);
                break;
            }
        }
        let end = *cuts.last()?;
        if cuts.len() < 3 || !plain(end, '}') {
            return None;
        }
        let choice = |pair: &[usize]| Field {
            cells: [
                &self.cells[..from],
                &self.cells[pair[0] + 1..pair[1]],
                &self.cells[end + 1..],
            ]
            .concat(),
            solid: self.solid,
            open: self.open,
        };
        Some(cuts.windows(2).map(choice).collect())
    }
}
