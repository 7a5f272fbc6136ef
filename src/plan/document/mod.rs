//! A plan that is a document: read by its format's reader, given meaning by its profile.

mod body;
mod edges;
mod lints;
mod overlap;
mod packages;
mod paths;
mod places;
mod to_do;

pub use body::terms;
pub use to_do::to_do;

use crate::base::{ContentHash, FeatureId};
use crate::model::{Code, Contracts, Feature, Format, Plan, ScopeMode};
use crate::plan::limits;
use crate::plan::node::Span;
use crate::plan::outline::{Outline, Text};
use crate::plan::outline_of;
use crate::plan::profile::{self, Barrier, Profile, feature_folder};
use crate::plan::span::Spans;
use crate::plan::work_packages::{Parsed, broken};

/// More elements are refused.
const ITEMS_MAX: usize = 10_000;

/// What a caller may say about reading a document.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Asked {
    /// Groups that are done one after the other, instead of what the profile says.
    pub barrier: Option<BarrierAsked>,
    /// Whether what is needed softly is not waited for.
    pub eager: bool,
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

impl Asked {
    /// What orders the work, with what the profile says where nothing was asked.
    fn order(self, profile: &Profile) -> edges::Order {
        let barrier = match self.barrier {
            Some(BarrierAsked::None) => None,
            Some(BarrierAsked::Of(barrier)) => Some(barrier),
            None => profile.barrier,
        };
        edges::Order {
            barrier,
            eager: self.eager,
        }
    }
}

/// Gives meaning to what a reader found.
fn parse(
    outline: Outline,
    text: &Text<'_>,
    (format, profile): (Format, &Profile),
    asked: Asked,
) -> Parsed {
    let mut findings = outline.findings.clone();
    findings.extend(lints::number(&outline, text, profile));
    if outline.items.len() > ITEMS_MAX {
        return Parsed {
            plan: None,
            findings,
            spans: Spans::default(),
            outline: Some(outline),
        };
    }
    let (edges, shared) = edges::of(&outline, profile, asked.order(profile));
    let shared = shared.iter();
    findings.extend(shared.map(|(a, b, path)| lints::shared_file(&outline, text, (*a, *b), path)));
    let folder = feature_folder(format, text.source);
    let (mut kept, mut listed) = (Vec::new(), Vec::new());
    for (at, (item, edges)) in outline.items.iter().zip(edges).enumerate() {
        let body = body::of(item, text);
        match packages::of(item, &body, profile, (folder, edges)) {
            Some(package) => {
                let alone = package.scope.mode == ScopeMode::Open;
                findings.extend(lints::unread_paths(item, text, alone));
                kept.push(at);
                listed.push(package);
            }
            None => findings.push(lints::nameless(item, text)),
        }
    }
    findings.sort_by_key(|f| (f.line, f.column, f.code));
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
        spans: places::of(&outline, text, &kept),
        outline: Some(outline),
    }
}

/// Reads a document whose format is known.
pub(super) fn read(bytes: &[u8], source: &str, format: Format, asked: Asked) -> Option<Parsed> {
    let profile = profile::of(format)?;
    let refused =
        |message: &str, hint: &str| broken(source, Code::HostileInput, Span::TOP, message, hint);
    if bytes.len() > limits::BYTES_MAX {
        let message = format!(
            "the file has {} bytes, at most {} are read",
            bytes.len(),
            limits::BYTES_MAX
        );
        return Some(refused(&message, "split it into several plans"));
    }
    let Ok(whole) = std::str::from_utf8(bytes) else {
        return Some(refused("the file is not UTF-8", "save it as UTF-8"));
    };
    let text = Text::new(whole, source);
    let outline = outline_of::read_outline(format, &text)?;
    Some(parse(outline, &text, (format, profile), asked))
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
