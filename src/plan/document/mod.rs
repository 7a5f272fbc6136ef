//! A plan that is a document: read by its format's reader, given meaning by its profile.

mod body;
mod edges;
mod overlap;
mod packages;
mod paths;
mod places;
mod to_do;

pub use body::terms;
pub use to_do::to_do;

use crate::base::text::foreign;
use crate::base::{ContentHash, FeatureId, PackageId};
use crate::model::{Code, Contracts, Feature, Finding, Format, Plan, ScopeMode};
use crate::plan::explain::finding;
use crate::plan::limits;
use crate::plan::node::Span;
use crate::plan::outline::{FileEntry, FileMode, Outline, Text};
use crate::plan::profile::{self, Barrier, Profile};
use crate::plan::span::Spans;
use crate::plan::work_packages::Parsed;

/// More elements are refused.
const ITEMS_MAX: usize = 10_000;

/// What a caller may say about reading a document.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Asked {
    /// Groups that are done one after the other, instead of what the profile says.
    pub barrier: Option<BarrierAsked>,
}

/// A barrier that was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BarrierAsked {
    /// None, whatever the profile says.
    None,
    /// This one.
    Of(Barrier),
}

impl BarrierAsked {
    /// The word that is recorded.
    pub fn as_str(self) -> &'static str {
        match self {
            BarrierAsked::None => "none",
            BarrierAsked::Of(barrier) => barrier.label(),
        }
    }

    /// The barrier with this word.
    pub fn parse(word: &str) -> Option<Self> {
        let all = [Barrier::Wave, Barrier::Phase, Barrier::Group];
        let all = all.map(BarrierAsked::Of);
        let mut all = std::iter::once(BarrierAsked::None).chain(all);
        all.find(|barrier| barrier.as_str() == word)
    }
}

/// Gives meaning to what a reader found. `source` is how findings name the file.
pub(super) fn parse(
    outline: Outline,
    text: &Text<'_>,
    (format, profile): (Format, &Profile),
    asked: Asked,
) -> Parsed {
    let mut findings = outline.findings.clone();
    if outline.items.is_empty() {
        let message = format!("no {} was found in the file", profile.unit);
        let hint = "name the format with --format if it is not what was taken";
        let (code, source) = (Code::Schema, text.source);
        findings.push(finding(
            source,
            code,
            Span::TOP,
            message,
            hint.to_owned(),
            Vec::new(),
        ));
    }
    if outline.items.len() > ITEMS_MAX {
        let message = format!(
            "the file has {} elements, at most {ITEMS_MAX} are read",
            outline.items.len()
        );
        let hint = "split it into several features".to_owned();
        let code = Code::HostileInput;
        findings.push(finding(
            text.source,
            code,
            Span::TOP,
            message,
            hint,
            Vec::new(),
        ));
        return Parsed {
            plan: None,
            findings,
            spans: Spans::default(),
            outline: Some(outline),
        };
    }
    let barrier = match asked.barrier {
        Some(BarrierAsked::None) => None,
        Some(BarrierAsked::Of(barrier)) => Some(barrier),
        None => profile.barrier,
    };
    let (edges, shared) = edges::of(&outline, profile, barrier);
    for (a, b, path) in &shared {
        findings.push(shared_file(&outline, text, (*a, *b), path));
    }
    let folder = feature_folder(format, text.source);
    let (mut kept, mut listed) = (Vec::new(), Vec::new());
    for (at, (item, edges)) in outline.items.iter().zip(edges).enumerate() {
        let body = body::of(item, text);
        match packages::of(item, &body, profile, (folder, edges)) {
            Some(package) => {
                kept.push(at);
                listed.push(package);
            }
            None => findings.push(nameless(&outline, text, at)),
        }
    }
    for (&at, package) in kept.iter().zip(&listed) {
        let alone = package.scope.mode == ScopeMode::Open;
        findings.extend(unread_paths(&outline, text, at, alone));
    }
    findings.sort_by_key(|f| (f.line, f.column, f.code));
    let spans = places::of(&outline, text, &kept);
    let plan = Plan {
        source: text.source.to_owned(),
        format,
        hash: ContentHash::of(text.whole.as_bytes()),
        feature: feature(&outline, folder, text.source),
        contracts: Contracts {
            revision: 1,
            ..Contracts::default()
        },
        packages: listed,
        settled: Vec::new(),
    };
    Parsed {
        plan: Some(plan),
        findings,
        spans,
        outline: Some(outline),
    }
}

/// Reads a document whose format is known.
pub(super) fn read(bytes: &[u8], source: &str, format: Format, asked: Asked) -> Option<Parsed> {
    let profile = profile::of(format)?;
    let refused = |message: String, hint: &str| {
        let code = Code::HostileInput;
        Parsed {
            plan: None,
            findings: vec![finding(
                source,
                code,
                Span::TOP,
                message,
                hint.to_owned(),
                Vec::new(),
            )],
            spans: Spans::default(),
            outline: None,
        }
    };
    if bytes.len() > limits::BYTES_MAX {
        let message = format!(
            "the file has {} bytes, at most {} are read",
            bytes.len(),
            limits::BYTES_MAX
        );
        return Some(refused(message, "split it into several plans"));
    }
    let Ok(whole) = std::str::from_utf8(bytes) else {
        return Some(refused(
            "the file is not UTF-8".to_owned(),
            "save it as UTF-8",
        ));
    };
    let text = Text::new(whole, source);
    let outline = crate::plan::outline_of::read_outline(format, &text)?;
    Some(parse(outline, &text, (format, profile), asked))
}

/// The folder that holds what belongs to a feature, relative to the root; empty at the top.
fn feature_folder(format: Format, source: &str) -> &str {
    let folder = source.rsplit_once('/').map_or("", |(folder, _)| folder);
    let nested = match format {
        Format::TeamPlan => "plans",
        Format::Purple => "agent-written-specifications",
        Format::SpeckittyTasks => "tasks",
        _ => return folder,
    };
    match folder.rsplit_once('/') {
        Some((above, name)) if name == nested => above,
        None if folder == nested => "",
        _ => folder,
    }
}

/// The header: the feature is named after its folder, else after its file.
fn feature(outline: &Outline, folder: &str, source: &str) -> Feature {
    let name = folder.rsplit('/').next().unwrap_or("");
    let stem = source.rsplit('/').next().unwrap_or(source);
    let stem = stem.rsplit_once('.').map_or(stem, |(stem, _)| stem);
    let fits = |name: &&str| !name.is_empty() && !name.starts_with('.');
    let id = [name, stem]
        .into_iter()
        .filter(fits)
        .find_map(FeatureId::parse);
    Feature {
        id: id.unwrap_or_else(|| FeatureId::parse("unnamed").expect("a literal in the right form")),
        title: outline.title.clone(),
        plan_revision: 1,
        created_by: None,
        created_at: None,
    }
}

fn shared_file(outline: &Outline, text: &Text<'_>, (a, b): (usize, usize), path: &str) -> Finding {
    let (first, second) = (&outline.items[a], &outline.items[b]);
    let entries = second.scope.entries.iter();
    let line = entries
        .clone()
        .find(|entry| paths::literal(&entry.path).as_deref() == Some(path));
    let span = Span {
        line: line.map_or(second.line, |entry| entry.line),
        ..Span::TOP
    };
    let message = format!(
        "`{}` and `{}` could run side by side and both name `{}`; `{}` will wait",
        foreign(&first.id),
        foreign(&second.id),
        foreign(path),
        foreign(&second.id),
    );
    let hint = "let one depend on the other, or give them different files".to_owned();
    let both = [first, second];
    let packages = both.iter().filter_map(|item| PackageId::parse(&item.id));
    let mut finding = finding(
        text.source,
        Code::SharedFile,
        span,
        message,
        hint,
        packages.collect(),
    );
    finding.witness = Some(path.to_owned());
    finding
}

fn nameless(outline: &Outline, text: &Text<'_>, at: usize) -> Finding {
    let item = &outline.items[at];
    let span = Span {
        line: item.line,
        column: item.column,
        ..Span::TOP
    };
    let message = format!("`{}` cannot be an id", foreign(&item.id));
    let hint = "write 1 to 128 visible characters".to_owned();
    finding(text.source, Code::Schema, span, message, hint, Vec::new())
}

/// Files that are no path inside the repository: nothing may be written there, so say it.
fn unread_paths(outline: &Outline, text: &Text<'_>, at: usize, alone: bool) -> Vec<Finding> {
    let item = &outline.items[at];
    let entries = item.scope.entries.iter();
    let odd = entries.filter(|e| e.mode != FileMode::Read && paths::pattern(&e.path).is_none());
    let finding = |entry: &FileEntry| {
        let span = Span {
            line: entry.line,
            ..Span::TOP
        };
        let then = match alone {
            true => "; it names no other, so it runs alone",
            false => "; it is not part of the scope",
        };
        let message = format!(
            "`{}` names `{}`, which is no path inside the repository{then}",
            foreign(&item.id),
            foreign(&entry.path)
        );
        let hint = "write the path from the top of the repository".to_owned();
        let packages = PackageId::parse(&item.id).into_iter().collect();
        finding(text.source, Code::Unreadable, span, message, hint, packages)
    };
    odd.map(finding).collect()
}
