//! Splits arguments into options and operands, as getopt and git do: clusters, values, `--`.

use crate::guard::shell::Arg;

/// Which options take a value in the next argument, and where options end.
#[derive(Debug, Clone, Copy)]
pub(super) struct Spec {
    /// Letters.
    pub(super) shorts: &'static str,
    /// Long names without dashes.
    pub(super) longs: &'static [&'static str],
    /// Whether options may follow operands.
    pub(super) order: Order,
}

/// Whether options may follow operands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    /// They may.
    Mixed,
    /// The first operand ends them: the rest is somebody else's command line.
    First,
}

impl Spec {
    /// No option takes a value.
    pub(super) const PLAIN: Spec = Spec::mixed("", &[]);

    /// Options anywhere.
    pub(super) const fn mixed(shorts: &'static str, longs: &'static [&'static str]) -> Self {
        Spec {
            shorts,
            longs,
            order: Order::Mixed,
        }
    }

    /// Options up to the first operand.
    pub(super) const fn first(shorts: &'static str, longs: &'static [&'static str]) -> Self {
        Spec {
            shorts,
            longs,
            order: Order::First,
        }
    }
}

/// Arguments, sorted.
#[derive(Debug, Default)]
pub(super) struct Options<'a> {
    flags: Vec<Flag<'a>>,
    /// What is no option.
    pub(super) rest: Vec<&'a Arg>,
    /// The operands behind `--`, if it is there.
    pub(super) behind: Option<Vec<&'a Arg>>,
}

#[derive(Debug)]
struct Flag<'a> {
    name: Name<'a>,
    value: Option<&'a str>,
}

#[derive(Debug, PartialEq, Eq)]
enum Name<'a> {
    Short(char),
    Long(&'a str),
}

impl<'a> Options<'a> {
    /// Reads the arguments behind the program.
    pub(super) fn read(args: &'a [Arg], spec: Spec) -> Self {
        let mut out = Options::default();
        let mut args = args.iter();
        while let Some(arg) = args.next() {
            let text = arg.text.as_str();
            if text == "--" {
                let behind: Vec<&Arg> = args.by_ref().collect();
                out.rest.extend(&behind);
                out.behind = Some(behind);
            } else if let Some(long) = text.strip_prefix("--") {
                let (name, mut value) = match long.split_once('=') {
                    Some((name, value)) => (name, Some(value)),
                    None => (long, None),
                };
                if value.is_none() && spec.longs.contains(&name) {
                    value = args.next().map(|arg| arg.text.as_str());
                }
                out.flag(Name::Long(name), value);
            } else if text.len() > 1 && text.starts_with('-') {
                for (at, letter) in text.char_indices().skip(1) {
                    if !spec.shorts.contains(letter) {
                        out.flag(Name::Short(letter), None);
                        continue;
                    }
                    let inside = &text[at + letter.len_utf8()..];
                    let value = match inside {
                        "" => args.next().map(|arg| arg.text.as_str()),
                        inside => Some(inside),
                    };
                    out.flag(Name::Short(letter), value);
                    break;
                }
            } else {
                out.rest.push(arg);
                if spec.order == Order::First {
                    out.rest.extend(args.by_ref());
                }
            }
        }
        out
    }

    fn flag(&mut self, name: Name<'a>, value: Option<&'a str>) {
        self.flags.push(Flag { name, value });
    }

    /// True if the letter is among the options.
    pub(super) fn short(&self, letter: char) -> bool {
        self.flags
            .iter()
            .any(|flag| flag.name == Name::Short(letter))
    }

    /// True if the long option is there, or a beginning of it of at least `least` letters.
    pub(super) fn long(&self, name: &str, least: usize) -> bool {
        self.flags.iter().any(|flag| match flag.name {
            Name::Long(given) => given == name || (given.len() >= least && name.starts_with(given)),
            Name::Short(_) => false,
        })
    }

    /// True for the letter or the exact long name.
    pub(super) fn has(&self, letter: char, name: &str) -> bool {
        self.short(letter) || self.long(name, name.len())
    }

    /// The values of a letter and of a long option, in order.
    pub(super) fn values(&self, letters: &str, names: &[&str]) -> Vec<&'a str> {
        let wanted = |flag: &&Flag<'a>| match flag.name {
            Name::Short(c) => letters.contains(c),
            Name::Long(given) => names.contains(&given),
        };
        let found = self.flags.iter().filter(wanted);
        found.filter_map(|flag| flag.value).collect()
    }

    /// The operands as texts.
    pub(super) fn words(&self) -> Vec<&'a str> {
        self.rest.iter().map(|arg| arg.text.as_str()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clusters_values_and_the_end_of_options_are_read() {
        let args: Vec<Arg> = ["-xn", "5", "a", "--to=b", "--from", "c", "-k9", "--", "-z"]
            .into_iter()
            .map(Arg::known)
            .collect();
        let options = Options::read(&args, Spec::mixed("nk", &["from"]));
        assert!(options.short('x') && options.has('n', "number") && !options.short('z'));
        assert_eq!(options.values("nk", &["to", "from"]), ["5", "b", "c", "9"]);
        assert_eq!(options.words(), ["a", "-z"]);
        assert_eq!(options.behind.as_ref().map(Vec::len), Some(1));
        assert!(options.long("to", 1) && options.long("from", 4) && !options.long("form", 3));
        let first = Options::read(&args, Spec::first("n", &[]));
        assert_eq!(first.words().len(), 7);
    }
}
