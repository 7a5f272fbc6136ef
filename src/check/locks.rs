//! Rules about claims: lock-key, lock-overlap, lock-outside-scope.

use std::collections::{BTreeMap, BTreeSet};

use crate::base::text::foreign;
use crate::check::context::Context;
use crate::check::subject::{FINDINGS_MAX, Subject, nothing};
use crate::model::{Code, Finding, LockKey};
use crate::scope::{Covering, Pattern, Set, index};

/// Keys with `*` or parameters that are compared; a plan has a handful.
const WIDE_KEYS_MAX: usize = 1_000;

/// `lock-key`: keys have their canonical form.
pub(super) fn lock_key(subject: &Subject<'_>, context: &Context<'_>) -> Vec<Finding> {
    let mut out = Vec::new();
    for (i, package) in subject.packages() {
        for key in &package.locks.keys {
            let Err(why) = LockKey::parse(key.as_str(), context.extra_namespaces) else {
                continue;
            };
            if out.len() >= FINDINGS_MAX {
                return out;
            }
            let span = subject.item(i, "locks/keys", key.as_str());
            let shown = foreign(key.as_str());
            let message = format!("`{shown}` is not a lock key: {}", foreign(&why));
            out.push(subject.finding(Code::LockKey, span, &[i], message, remedy(key)));
        }
    }
    out
}

/// What was probably meant: most wrong keys name a part of the program.
fn remedy(key: &LockKey) -> String {
    let rest = key
        .as_str()
        .split_once(':')
        .map_or(key.as_str(), |(_, rest)| rest);
    let component = format!("component:{}", rest.to_lowercase());
    match LockKey::parse(&component, &[]) {
        Ok(key) => format!(
            "write `{}` for a part of the program",
            foreign(key.as_str())
        ),
        Err(_) => "write `namespace:name`, for instance `component:task-store`".to_owned(),
    }
}

/// `lock-overlap`: packages that can run at the same time claim different things.
pub(super) fn lock_overlap(subject: &Subject<'_>) -> Vec<Finding> {
    let mut out = file_overlap(subject);
    out.extend(too_many_wide_keys(subject));
    out.extend(key_overlap(subject));
    out
}

fn too_many_wide_keys(subject: &Subject<'_>) -> Option<Finding> {
    let keys = subject
        .packages()
        .flat_map(|(_, package)| &package.locks.keys);
    let wide = keys.filter(|key| fixed_beginning(key).is_some()).count();
    (wide > WIDE_KEYS_MAX).then(|| {
        let span = subject.spans.key("/packages");
        let message = format!(
            "the plan has {wide} lock keys with `*` or parameters, at most {WIDE_KEYS_MAX} are \
             compared"
        );
        subject.finding(
            Code::HostileInput,
            span,
            &[],
            message,
            "lock fewer, plainer keys",
        )
    })
}

fn file_overlap(subject: &Subject<'_>) -> Vec<Finding> {
    let none = nothing();
    let sets = subject.rivals(&subject.files, &none);
    let pairs = index::first_overlaps(&sets, FINDINGS_MAX, |a, b| subject.compete(a, b));
    let finding = |(a, b, overlap): &index::Pair| {
        let span = subject.item(*b, "locks/files", &overlap.right);
        let what = format!("the file `{}`", foreign(&overlap.witness));
        let mut finding = conflict(subject, (*a, *b), &what, span);
        finding.witness = Some(overlap.witness.clone());
        finding
    };
    pairs.iter().map(finding).collect()
}

fn key_overlap(subject: &Subject<'_>) -> Vec<Finding> {
    let mut found: BTreeSet<(usize, usize)> = BTreeSet::new();
    let mut out = Vec::new();
    for ((a, left), (b, right)) in meeting(subject) {
        let pair = (a.min(b), a.max(b));
        if a == b || out.len() >= FINDINGS_MAX || !subject.compete(a, b) || !found.insert(pair) {
            continue;
        }
        let (earlier, later, key) = if a < b { (a, b, right) } else { (b, a, left) };
        let what = if left == right {
            format!("`{}`", foreign(left.as_str()))
        } else {
            format!(
                "`{}` and `{}`, which meet",
                foreign(left.as_str()),
                foreign(right.as_str())
            )
        };
        let span = subject.item(later, "locks/keys", key.as_str());
        out.push(conflict(subject, (earlier, later), &what, span));
    }
    out
}

/// A key and the package that claims it.
type Claimed<'s> = (usize, &'s LockKey);

/// Claims of the same key or of keys that meet. Plain keys meet their equals only, so just the
/// few that stand for many are compared with all others.
fn meeting<'s>(subject: &'s Subject<'_>) -> Vec<(Claimed<'s>, Claimed<'s>)> {
    let mut plain: BTreeMap<&str, Vec<Claimed<'_>>> = BTreeMap::new();
    let mut wide: Vec<(&str, Claimed<'_>)> = Vec::new();
    for (i, package) in subject.packages() {
        for key in &package.locks.keys {
            match fixed_beginning(key) {
                Some(beginning) => wide.push((beginning, (i, key))),
                None => plain.entry(key.as_str()).or_default().push((i, key)),
            }
        }
    }
    wide.truncate(WIDE_KEYS_MAX);
    let mut out = Vec::new();
    for owners in plain.values() {
        let owners = &owners[..owners.len().min(FINDINGS_MAX)];
        for (n, &a) in owners.iter().enumerate() {
            out.extend(owners[n + 1..].iter().map(|&b| (a, b)));
        }
    }
    for (n, &(beginning, left)) in wide.iter().enumerate() {
        for &(other, right) in &wide[n + 1..] {
            let may = beginning.starts_with(other) || other.starts_with(beginning);
            if may && left.0 != right.0 && left.1.meets(right.1) {
                out.push((left, right));
            }
        }
        let near = plain
            .range(beginning..)
            .take_while(|(key, _)| key.starts_with(beginning));
        for (_, owners) in near.filter(|(_, owners)| left.1.meets(owners[0].1)) {
            out.extend(owners.iter().map(|&right| (left, right)));
        }
    }
    out
}

/// What a key that stands for many begins with; `None` for a key that stands for itself.
fn fixed_beginning(key: &LockKey) -> Option<&str> {
    let text = key.as_str();
    let star = text.find('*');
    let parameter = match key.namespace() {
        "api" => [
            text.find('{'),
            text.find("/:"),
            text.strip_suffix('/').map(str::len),
        ]
        .into_iter()
        .flatten()
        .min(),
        _ => None,
    };
    let end = star.into_iter().chain(parameter).min()?;
    Some(&text[..end])
}

fn conflict(
    subject: &Subject<'_>,
    (a, b): (usize, usize),
    what: &str,
    span: crate::plan::Span,
) -> Finding {
    let id = |i: usize| foreign(subject.plan.packages[i].id.as_str()).to_string();
    let (left, right) = (id(a), id(b));
    let message = format!("`{left}` and `{right}` can run at the same time and both lock {what}");
    let hint = "let one wait for the other (`depends_on`), or lock less";
    subject.finding(Code::LockOverlap, span, &[a, b], message, hint)
}

/// `lock-outside-scope`: a package locks what it may write.
pub(super) fn lock_outside_scope(subject: &Subject<'_>) -> Vec<Finding> {
    let mut out = Vec::new();
    for (i, _) in subject.packages() {
        for pattern in subject.files[i].write() {
            let Covering::Missing(path) = subject.writes[i].covers(pattern) else {
                continue;
            };
            if locks_a_folder(&subject.writes[i], pattern) {
                continue;
            }
            if out.len() >= FINDINGS_MAX {
                return out;
            }
            let span = subject.item(i, "locks/files", pattern.as_str());
            let written = foreign(pattern.as_str());
            let message = if pattern.is_literal() {
                format!("the locked file `{written}` is not in the package's own write scope")
            } else {
                let path = foreign(&path).to_string();
                format!("`{written}` locks `{path}`, which the package may not write")
            };
            let hint = "add it to `write_allow`, or remove the lock";
            out.push(subject.finding(Code::LockOutsideScope, span, &[i], message, hint));
        }
    }
    out
}

/// A folder may be locked by its name alone; then what lies in it must be writable.
fn locks_a_folder(write: &Set, pattern: &Pattern) -> bool {
    let below = Pattern::parse(&format!("{}/**", pattern.normal()));
    pattern.is_literal() && below.is_ok_and(|below| matches!(write.covers(&below), Covering::Full))
}
