//! What a plan document says, before a profile decides what it means.
//!
//! Every reader of a Markdown format gives an [`Outline`]: elements with verbatim ids, every
//! statement of order with its place, and the byte ranges that writing back patches. Nothing is
//! guessed and nothing is dropped silently: what contradicts itself is a finding.

pub mod ascii;
pub mod drawn;
pub mod files;
pub mod paths;
mod text;
pub mod words;

use std::collections::BTreeMap;
use std::ops::Range;

pub use text::{Line, Text};

use crate::base::PackageId;
use crate::model::{Code, EdgeOrigin, Finding, ItemKind, ItemStatus};

/// More findings of one document are not told.
const FINDINGS_MAX: usize = 1_000;

/// A document as read.
#[derive(Debug, Clone, PartialEq)]
pub struct Outline {
    /// The title, without the words that only name the format.
    pub title: Option<String>,
    /// The header of the document, as written and in order.
    pub meta: Vec<Field>,
    /// A status of the whole document, where the format has one.
    pub mark: Option<Mark>,
    /// The elements in file order; children come after their parents.
    pub items: Vec<Item>,
    /// Groups that order their members as wholes: waves, phases, tracks, groups.
    pub groups: Vec<Group>,
    /// What contradicts itself. Rules that every format shares are the check's.
    pub findings: Vec<Finding>,
}

/// An element of a document.
#[derive(Debug, Clone, PartialEq)]
pub struct Item {
    /// Verbatim id.
    pub id: String,
    /// What it is.
    pub kind: ItemKind,
    /// Its title, without id, marker and labels.
    pub title: String,
    /// Position of the element it belongs to.
    pub parent: Option<usize>,
    /// It may be left out.
    pub optional: bool,
    /// `phase`, `wave`, `track`, `group`, `story`, `agent` ... as written; `parallel` is there,
    /// with the mark as written, if it may run beside its neighbours in the file.
    pub labels: BTreeMap<String, String>,
    /// What it says it waits for, in the order it says so.
    pub depends_on: Vec<Dependency>,
    /// Whether it has a dependency field at all; an empty one says that it waits for nothing.
    pub declares_order: bool,
    /// The files it names.
    pub scope: DeclaredScope,
    /// Boxes and bullets inside that are its steps.
    pub steps: Vec<Step>,
    /// How it is to be checked, in words.
    pub checks: Vec<String>,
    /// Its other fields, as written and in order.
    pub fields: Vec<Field>,
    /// Its status.
    pub mark: Mark,
    /// The verdict of a review, where the document tells one.
    pub verdict: Option<Verdict>,
    /// Bytes from its first line to the end of its last.
    pub range: Range<usize>,
    /// The line it begins at, from 1.
    pub line: u32,
    /// The character of that line it begins at, from 1.
    pub column: u32,
}

/// A status as written, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mark {
    /// What it means.
    pub status: ItemStatus,
    /// The marker, verbatim: `NOT STARTED`, `x`, a blank. Empty if there is none.
    pub text: String,
    /// The bytes of the marker alone. Where there is no marker: the empty range at which one would
    /// be put; `None` if the format has no place for it.
    pub range: Option<Range<usize>>,
    /// How it is written there.
    pub style: MarkStyle,
}

/// How a format writes a status.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MarkStyle {
    /// Words in the bracket at the end of a heading: `[NOT STARTED]`; the range is the words.
    Bracket,
    /// One character in a box: `[x]`; the range is the character.
    Box,
    /// Words after a field name, without brackets; the range is the words.
    Words,
    /// The document holds no status of it.
    Nowhere,
}

/// One thing that an element waits for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dependency {
    /// What.
    pub to: Target,
    /// Which outcome lets it go on.
    pub when: When,
    /// Whether it must wait.
    pub strength: Strength,
    /// Where the document says so.
    pub origin: EdgeOrigin,
    /// What was said beside it, for instance a reason in parentheses.
    pub note: Option<String>,
    /// The line, from 1.
    pub line: u32,
}

/// The other end of a dependency. Selectors stay selectors until a plan is made of the outline.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// One element, by verbatim id; it may not exist.
    Item(String),
    /// Every element with this label, for instance `track` = `A`.
    Label {
        /// `phase`, `track`, `group`, `wave`.
        name: String,
        /// As in [`Item::labels`].
        value: String,
    },
    /// Everything of these kinds before it; all kinds if empty.
    AllPrior(Vec<ItemKind>),
}

/// Which outcome of a dependency lets an element go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// It is done.
    Done,
    /// Its review approved.
    Approved,
    /// Its review asked for changes.
    ChangesRequested,
}

/// Whether a dependency must be waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Strength {
    /// Always.
    Hard,
    /// Preferred; work may begin without it.
    Soft,
    /// Only so that two do not meet; nothing of the other is needed.
    OrderOnly,
}

/// A group that orders its members as a whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// `wave`, `phase`, `track`, `group`.
    pub label: String,
    /// As in [`Item::labels`].
    pub value: String,
    /// What people call it.
    pub title: Option<String>,
    /// Verbatim ids that the statement itself lists, if it does.
    pub members: Vec<String>,
    /// What the group as a whole waits for.
    pub depends_on: Vec<Dependency>,
    /// Whether it says at all what it waits for; then no barrier holds it.
    pub declares_order: bool,
    /// The map it belongs to, where a document has several that contradict each other.
    pub map: Option<String>,
    /// The line, from 1.
    pub line: u32,
}

/// The files an element names.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DeclaredScope {
    /// Whether it says anything.
    pub state: ScopeState,
    /// In order.
    pub entries: Vec<FileEntry>,
}

/// Whether an element says which files it changes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ScopeState {
    /// It names files.
    Declared,
    /// It says that it changes none.
    Nothing,
    /// It says nothing that can be read as a path.
    #[default]
    Absent,
}

/// One file of a declared scope.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileEntry {
    /// Path or glob, verbatim.
    pub path: String,
    /// What is done with it.
    pub mode: FileMode,
    /// Only under a condition: allowed, not required.
    pub optional: bool,
    /// What was said beside it.
    pub note: Option<String>,
    /// The line, from 1.
    pub line: u32,
}

/// What an element does with a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileMode {
    /// It does not say.
    Any,
    /// Makes it.
    Create,
    /// Changes it.
    Modify,
    /// Removes it.
    Delete,
    /// Looks at it only.
    Read,
}

/// A step inside an element.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// Its own id, verbatim.
    pub id: Option<String>,
    /// The text, without box and id.
    pub text: String,
    /// Its box; [`MarkStyle::Nowhere`] for a plain bullet.
    pub mark: Mark,
    /// What was noted behind it, for instance `(completed)` or a deviation.
    pub note: Option<String>,
    /// The line, from 1.
    pub line: u32,
}

/// A named value of a document or an element.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    /// The name, verbatim, without markup.
    pub name: String,
    /// The value, verbatim; several lines are joined by line feeds.
    pub value: String,
    /// The line of the name, from 1.
    pub line: u32,
}

/// The verdict of a review as the document tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// What it means.
    pub ruling: Ruling,
    /// The words.
    pub text: String,
    /// The line, from 1.
    pub line: u32,
}

/// What a review came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ruling {
    /// It may go on.
    Approved,
    /// It may go on, with small changes.
    ApprovedWithChanges,
    /// It has to be worked on again.
    ChangesRequested,
}

impl Item {
    /// Work of which nothing is known but its name and its status.
    pub fn new(id: &str, title: String, mark: Mark) -> Self {
        Item {
            id: id.to_owned(),
            kind: ItemKind::Work,
            title,
            parent: None,
            optional: false,
            labels: BTreeMap::new(),
            depends_on: Vec::new(),
            declares_order: false,
            scope: DeclaredScope::default(),
            steps: Vec::new(),
            checks: Vec::new(),
            fields: Vec::new(),
            mark,
            verdict: None,
            range: 0..0,
            line: 1,
            column: 1,
        }
    }
}

impl Group {
    /// One that says nothing of its members or its order.
    pub fn new(label: &str, value: &str, title: &str, line: u32) -> Self {
        Group {
            label: label.to_owned(),
            value: value.to_owned(),
            title: (!title.is_empty()).then(|| title.to_owned()),
            members: Vec::new(),
            depends_on: Vec::new(),
            declares_order: false,
            map: None,
            line,
        }
    }
}

impl Outline {
    /// One that holds nothing yet.
    pub fn new() -> Self {
        Outline {
            title: None,
            meta: Vec::new(),
            mark: None,
            items: Vec::new(),
            groups: Vec::new(),
            findings: Vec::new(),
        }
    }

    /// The first element with this id.
    pub fn item(&self, id: &str) -> Option<&Item> {
        self.items.iter().find(|item| item.id == id)
    }

    /// Adds a finding about the text at `byte`. A document in which everything is wrong is told so
    /// by the first thousand.
    pub fn find(&mut self, text: &Text<'_>, byte: usize, code: Code, lint: Lint<'_>) {
        if self.findings.len() >= FINDINGS_MAX {
            return;
        }
        let (line, column) = text.place(byte);
        let ids = lint.items.iter();
        self.findings.push(Finding {
            severity: code.severity(),
            code,
            message: lint.message,
            hint: lint.hint.to_owned(),
            file: text.source.to_owned(),
            line,
            column,
            packages: ids.filter_map(|id| PackageId::parse(id)).collect(),
            witness: None,
        });
    }
}

impl Default for Outline {
    fn default() -> Self {
        Outline::new()
    }
}

/// What a finding of a reader says.
#[derive(Debug)]
pub struct Lint<'a> {
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub hint: &'a str,
    /// The elements concerned, by verbatim id.
    pub items: &'a [&'a str],
}
