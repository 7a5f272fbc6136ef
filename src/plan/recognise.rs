//! Which format a file is in: its content decides, its path is a hint; and the one way to read a
//! plan of any format.

use crate::model::{Code, Format};
use crate::plan::detect::Likeness;
use crate::plan::document::{self, Asked};
use crate::plan::limits;
use crate::plan::node::Span;
use crate::plan::outline::Text;
use crate::plan::outline_of;
use crate::plan::work_packages::{self, Parsed};

/// Formats of documents, the most particular first: it wins where two are as likely.
pub const DOCUMENTS: [Format; 7] = [
    Format::TeamPlan,
    Format::Purple,
    Format::SpeckittyTasks,
    Format::SpeckitTasks,
    Format::SpecTasks,
    Format::KiroTasks,
    Format::OpenspecTasks,
];

/// Reads a plan. `source` is how findings name the file; without `format` it is recognised.
pub fn open(bytes: &[u8], source: &str, format: Option<Format>, asked: Asked) -> Parsed {
    let format = match format {
        Some(format) => Some(format),
        None => recognise(bytes, source),
    };
    let Some(format) = format else {
        return unrecognised(source);
    };
    match document::read(bytes, source, format, asked) {
        Some(parsed) => parsed,
        None => work_packages::read(bytes, source),
    }
}

/// The format of a file; `None` if it looks like none.
pub fn recognise(bytes: &[u8], source: &str) -> Option<Format> {
    let extension = source
        .rsplit_once('.')
        .map_or("", |(_, extension)| extension);
    if !matches!(extension, "md" | "markdown" | "mdc" | "txt") {
        return Some(Format::WorkPackages);
    }
    let whole = std::str::from_utf8(bytes).ok()?;
    if whole.len() > limits::BYTES_MAX {
        // The reader says so, whichever it is.
        return DOCUMENTS.first().copied();
    }
    let text = Text::new(whole, source);
    let mut best = (Likeness::No, None);
    for format in DOCUMENTS {
        let likeness = outline_of::likeness(format, &text, source);
        if likeness > best.0 {
            best = (likeness, Some(format));
        }
    }
    best.1
}

fn unrecognised(source: &str) -> Parsed {
    let message = "the file is in no plan format that is known";
    let words: Vec<&str> = DOCUMENTS.iter().map(|format| format.as_str()).collect();
    let hint = format!("name it with --plan-format: {}", words.join(", "));
    work_packages::broken(source, Code::Schema, Span::TOP, message, &hint)
}
