//! Builds the tree from the scanner's events and refuses what the guard forbids on the way.

use std::collections::{HashMap, HashSet};

use libyaml_safer::{EventData, ScalarStyle};

use crate::base::json::INTEGER_MAX;
use crate::base::text::{cut, foreign};
use crate::plan::limits::{DEPTH_MAX, Policy};
use crate::plan::node::{Data, Entry, Node, Span};
use crate::plan::scan::{Refusal, hostile};
use crate::plan::{scalar, tags};

/// The tree so far.
pub(super) struct Builder {
    policy: Policy,
    skipped: usize,
    open: Vec<Open>,
    root: Option<Node>,
    documents: usize,
    weight: usize,
    anchors: HashMap<String, Node>,
}

/// A list or mapping whose end has not been seen.
struct Open {
    start: Span,
    anchor: Option<String>,
    kind: Kind,
}

enum Kind {
    List(Vec<Node>),
    Map(OpenMap),
}

#[derive(Default)]
struct OpenMap {
    entries: Vec<Entry>,
    seen: HashSet<String>,
    key: Option<(String, Span)>,
}

impl Builder {
    /// Starts a tree; `skipped` bytes of the file stand before the text that is scanned.
    pub(super) fn new(policy: Policy, skipped: usize) -> Self {
        Builder {
            policy,
            skipped,
            open: Vec::new(),
            root: None,
            documents: 0,
            weight: 0,
            anchors: HashMap::new(),
        }
    }

    /// The finished tree; `None` if no document was seen.
    pub(super) fn finish(self) -> Option<Node> {
        self.root
    }

    /// Takes the next event. Its span is in the scanned text.
    pub(super) fn event(&mut self, data: EventData, span: Span) -> Result<(), Refusal> {
        match data {
            EventData::DocumentStart { .. } => self.document(span),
            EventData::Alias { anchor } => self.alias(&anchor, span),
            EventData::Scalar {
                anchor,
                tag,
                value,
                style,
                ..
            } => {
                self.may_have(anchor.as_deref(), tag.as_deref(), span)?;
                self.scalar(value, style, anchor, span)
            }
            EventData::SequenceStart { anchor, tag, .. } => {
                self.may_have(anchor.as_deref(), tag.as_deref(), span)?;
                self.start(Kind::List(Vec::new()), anchor, span)
            }
            EventData::MappingStart { anchor, tag, .. } => {
                self.may_have(anchor.as_deref(), tag.as_deref(), span)?;
                self.start(Kind::Map(OpenMap::default()), anchor, span)
            }
            EventData::SequenceEnd | EventData::MappingEnd => self.end(span),
            EventData::StreamStart { .. }
            | EventData::StreamEnd
            | EventData::DocumentEnd { .. } => Ok(()),
        }
    }

    fn document(&mut self, span: Span) -> Result<(), Refusal> {
        self.documents += 1;
        if self.documents > 1 {
            let hint = "keep one document, without `---` in the middle";
            return Err(hostile("a second document begins here", hint, span));
        }
        Ok(())
    }

    fn may_have(&self, anchor: Option<&str>, tag: Option<&str>, span: Span) -> Result<(), Refusal> {
        if tag.is_some() {
            return Err(tags::refusal(span));
        }
        match anchor {
            Some(name) if self.policy == Policy::Plan => Err(hostile(
                format!("an anchor (`&{}`) stands here", foreign(&cut(name, 40))),
                "write the value out where it is used, or quote a value that begins with &",
                span,
            )),
            _ => Ok(()),
        }
    }

    fn alias(&mut self, name: &str, span: Span) -> Result<(), Refusal> {
        if self.policy == Policy::Plan {
            return Err(hostile(
                format!("an alias (`*{}`) stands here", foreign(&cut(name, 40))),
                "quote patterns that start with *, or write the value out",
                span,
            ));
        }
        let Some(node) = self.anchors.get(name).cloned() else {
            let hint = "define the anchor before its first use";
            return Err(hostile(
                "an alias without its anchor stands here",
                hint,
                span,
            ));
        };
        self.grow(weigh(&node), span)?;
        self.place(node, None)
    }

    fn scalar(
        &mut self,
        value: String,
        style: ScalarStyle,
        anchor: Option<String>,
        span: Span,
    ) -> Result<(), Refusal> {
        self.grow(1, span)?;
        let plain = style == ScalarStyle::Plain;
        if let Some(Open {
            kind: Kind::Map(map),
            ..
        }) = self.open.last_mut()
            && map.key.is_none()
        {
            let span = shift(span, self.skipped);
            return map.key(value, plain, self.policy, span);
        }
        let data = if plain {
            self.resolve(&value, span)?
        } else {
            Data::Text(value)
        };
        let span = shift(span, self.skipped);
        self.place(Node { span, data }, anchor)
    }

    fn resolve(&self, word: &str, span: Span) -> Result<Data, Refusal> {
        match (scalar::resolve(word), self.policy) {
            (Ok(data), _) => Ok(data),
            (Err(scalar::NotANumber), Policy::Foreign) => {
                // Other standards allow numbers up to 2^64 and beyond; their size is not judged.
                Ok(Data::Float(word.parse().unwrap_or(INTEGER_MAX as f64)))
            }
            (Err(scalar::NotANumber), Policy::Plan) => Err(hostile(
                format!("the number `{}` is out of range", foreign(&cut(word, 40))),
                "write a number below 2^53, or put text in quotes",
                span,
            )),
        }
    }

    fn start(&mut self, kind: Kind, anchor: Option<String>, span: Span) -> Result<(), Refusal> {
        self.grow(1, span)?;
        if self.open.len() >= DEPTH_MAX {
            let message = format!("the file is nested more than {DEPTH_MAX} deep");
            return Err(hostile(
                message,
                "flatten it; a plan needs about 8 levels",
                span,
            ));
        }
        if let Some(Open {
            kind: Kind::Map(OpenMap { key: None, .. }),
            ..
        }) = self.open.last()
        {
            let hint = "write `name: value`; quote a name that begins with a bracket";
            return Err(hostile(
                "a list or mapping stands where a key belongs",
                hint,
                span,
            ));
        }
        let start = span;
        self.open.push(Open {
            start,
            anchor,
            kind,
        });
        Ok(())
    }

    fn end(&mut self, span: Span) -> Result<(), Refusal> {
        let Some(Open {
            start,
            anchor,
            kind,
        }) = self.open.pop()
        else {
            return Ok(());
        };
        let (data, last) = match kind {
            Kind::List(items) => {
                let last = items.last().map(|item| item.span.end);
                (Data::List(items), last)
            }
            Kind::Map(map) => {
                let last = map.entries.last().map(|entry| entry.value.span.end);
                (Data::Map(map.entries), last)
            }
        };
        // Without brackets the scanner sees the end only at the next token, comments later.
        let end = match last {
            Some(last) if span.start == span.end => last - self.skipped,
            _ => span.end,
        };
        let span = shift(Span { end, ..start }, self.skipped);
        self.place(Node { span, data }, anchor)
    }

    fn place(&mut self, node: Node, anchor: Option<String>) -> Result<(), Refusal> {
        if let Some(anchor) = anchor {
            self.grow(weigh(&node), node.span)?;
            self.anchors.insert(anchor, node.clone());
        }
        match self.open.last_mut() {
            None => self.root = Some(node),
            Some(Open {
                kind: Kind::List(items),
                ..
            }) => items.push(node),
            Some(Open {
                kind: Kind::Map(map),
                ..
            }) => map.value(node),
        }
        Ok(())
    }

    fn grow(&mut self, by: usize, span: Span) -> Result<(), Refusal> {
        self.weight = self.weight.saturating_add(by);
        let limit = self.policy.nodes_max();
        if self.weight > limit {
            let message = format!("the file has more than {limit} parts");
            return Err(hostile(message, "split the plan", span));
        }
        Ok(())
    }
}

impl OpenMap {
    fn key(&mut self, key: String, plain: bool, policy: Policy, span: Span) -> Result<(), Refusal> {
        let shown = foreign(&cut(&key, 40)).to_string();
        if plain && key == "<<" && policy == Policy::Plan {
            let hint = "write the merged entries out";
            return Err(hostile("a merge key (`<<`) stands here", hint, span));
        }
        if plain && policy == Policy::Plan && scalar::resolve(&key).is_err() {
            let message = format!("the number `{shown}` is out of range as a key");
            return Err(hostile(message, "put the key in quotes", span));
        }
        if !self.seen.insert(key.clone()) {
            let message = format!("the key `{shown}` is given twice");
            return Err(hostile(message, "keep one of the two entries", span));
        }
        self.key = Some((key, span));
        Ok(())
    }

    fn value(&mut self, value: Node) {
        if let Some((key, key_span)) = self.key.take() {
            self.entries.push(Entry {
                key,
                key_span,
                value,
            });
        }
    }
}

/// What a copy of this costs: parts, and text by the line.
fn weigh(node: &Node) -> usize {
    const TEXT_PER_PART: usize = 64;
    match &node.data {
        Data::List(items) => 1 + items.iter().map(weigh).sum::<usize>(),
        Data::Map(entries) => 1 + entries.iter().map(|e| 1 + weigh(&e.value)).sum::<usize>(),
        Data::Text(text) => 1 + text.len() / TEXT_PER_PART,
        Data::Null | Data::Bool(_) | Data::Integer(_) | Data::Float(_) => 1,
    }
}

fn shift(mut span: Span, by: usize) -> Span {
    span.start += by;
    span.end += by;
    span
}
