//! Every command that a text would start: through `sh -c`, `sudo`, `xargs`, pipes, substitutions.

use crate::guard::call::{Call, Inner, base_name};
use crate::guard::shell::{Part, Scope, Script, Trouble, parse, said};
use crate::guard::wrappers;

/// More commands are not followed.
const CALLS_MAX: usize = 4_096;
/// Commands that start each other are not followed deeper.
const DEPTH_MAX: usize = 24;
/// Texts inside of texts are read up to this many bytes in all.
const REREAD_MAX: usize = 2 << 20;
/// Programs remembered of one pipeline.
const UPSTREAM_MAX: usize = 32;

/// What was found in a text.
#[derive(Debug, Default)]
pub(super) struct Calls {
    /// In the order in which they are written, wrappers before what they start.
    pub(super) list: Vec<Call>,
    /// Why there may be more.
    pub(super) trouble: Option<Trouble>,
}

/// Reads a text.
pub(super) fn calls(text: &str) -> Calls {
    let mut walk = Walk {
        scope: Scope::new(),
        found: Calls::default(),
        unread: REREAD_MAX,
    };
    walk.text(text, &[]);
    if walk.scope.is_spent() {
        walk.note(Trouble::Size);
    }
    walk.found
}

/// The programs that a text names, without following them; for what a substitution holds.
pub(super) fn programs(text: &str) -> Vec<String> {
    let script = parse(text);
    let mut scope = Scope::new();
    let mut out = Vec::new();
    for command in &script.commands {
        let args = scope.args(&command.words);
        out.extend(args.first().map(|arg| base_name(&arg.text)));
    }
    out
}

struct Walk {
    scope: Scope,
    found: Calls,
    unread: usize,
}

impl Walk {
    fn note(&mut self, trouble: Trouble) {
        self.found.trouble.get_or_insert(trouble);
    }

    fn text(&mut self, text: &str, through: &[String]) {
        let Some(left) = self.unread.checked_sub(text.len()) else {
            return self.note(Trouble::Size);
        };
        self.unread = left;
        let script = parse(text);
        if let Some(trouble) = script.trouble {
            self.note(trouble);
        }
        self.script(&script, through);
    }

    fn script(&mut self, script: &Script, through: &[String]) {
        let mut upstream: Vec<String> = Vec::new();
        let mut output: Option<String> = None;
        for simple in &script.commands {
            for word in simple.all_words() {
                self.runs(&word.parts, through);
            }
            if !simple.piped {
                upstream.clear();
                output = None;
            }
            for assign in &simple.assigns {
                self.scope.assign(assign);
            }
            let argv = self.scope.args(&simple.words);
            let written = simple.targets.iter().map(|word| self.scope.text(word).text);
            let targets: Vec<String> = written.collect();
            let stdin = match &simple.stdin {
                Some(word) => Some(self.scope.text(word).text),
                None => output.take(),
            };
            output = said(&argv, stdin.as_deref());
            if argv.is_empty() && targets.is_empty() {
                continue;
            }
            let from = self.found.list.len();
            let call = Call {
                program: argv
                    .first()
                    .map(|arg| base_name(&arg.text))
                    .unwrap_or_default(),
                argv,
                stdin,
                upstream: upstream.clone(),
                through: through.to_vec(),
                targets,
            };
            self.call(call);
            let started = self.found.list[from..].iter().map(|call| &call.program);
            let room = UPSTREAM_MAX.saturating_sub(upstream.len());
            upstream.extend(started.take(room).cloned());
        }
    }

    fn runs(&mut self, parts: &[Part], through: &[String]) {
        for part in parts {
            match part {
                Part::Run { script, .. } => self.script(script, through),
                Part::Variable { inner, .. } => self.runs(inner, through),
                Part::Text { .. } => {}
            }
        }
    }

    fn call(&mut self, call: Call) {
        if self.found.list.len() >= CALLS_MAX {
            return self.note(Trouble::Size);
        }
        if call.through.len() >= DEPTH_MAX {
            return self.note(Trouble::Depth);
        }
        self.remember(&call);
        let inner = wrappers::inner(&call);
        let mut through = call.through.clone();
        through.push(call.program.clone());
        let (stdin, upstream) = (call.stdin.clone(), call.upstream.clone());
        self.found.list.push(call);
        for next in inner {
            match next {
                Inner::Text(text) => self.text(&text, &through),
                Inner::Argv(argv) => {
                    let Some(first) = argv.first() else { continue };
                    self.call(Call {
                        program: base_name(&first.text),
                        argv,
                        stdin: stdin.clone(),
                        upstream: upstream.clone(),
                        through: through.clone(),
                        targets: Vec::new(),
                    });
                }
            }
        }
    }

    /// `export A=b` and its relatives, `unset A`, `read A`.
    fn remember(&mut self, call: &Call) {
        match call.program.as_str() {
            "export" | "declare" | "typeset" | "local" | "readonly" => {
                for arg in call.args() {
                    match arg.text.split_once('=') {
                        Some((name, value)) if !arg.open => self.scope.set(name, value),
                        Some((name, _)) => self.scope.unset(name),
                        None => {}
                    }
                }
            }
            "unset" | "read" => {
                for arg in call.args() {
                    self.scope.unset(&arg.text);
                }
            }
            _ => {}
        }
    }
}
