//! Counts a revision of a plan up in its own file: the bytes of one number, nothing else.

use crate::plan::work_packages::{Parsed, read};

/// What gets a new revision.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Revised {
    /// The plan: `feature.plan_revision`.
    Plan,
    /// The contracts: `contracts.revision`.
    Contracts,
}

impl Revised {
    /// How the field is called.
    pub fn field(self) -> &'static str {
        match self {
            Revised::Plan => "feature.plan_revision",
            Revised::Contracts => "contracts.revision",
        }
    }

    fn pointer(self) -> &'static str {
        match self {
            Revised::Plan => "/feature/plan_revision",
            Revised::Contracts => "/contracts/revision",
        }
    }

    fn of(self, parsed: &Parsed) -> Option<u32> {
        let plan = parsed.plan.as_ref()?;
        Some(match self {
            Revised::Plan => plan.feature.plan_revision,
            Revised::Contracts => plan.contracts.revision,
        })
    }
}

/// A plan whose file says another revision now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bumped {
    /// The text of the file.
    pub text: String,
    /// The revision before.
    pub from: u32,
    /// The revision now.
    pub to: u32,
}

/// The file with a revision above `published`: one more than that, and the file as it is where it
/// says more already. `None`: the file has no such number, as most formats have none.
///
/// # Errors
/// A sentence fragment: the file would be read differently otherwise.
pub fn bump(
    bytes: &[u8],
    (source, what): (&str, Revised),
    published: u32,
) -> Result<Option<Bumped>, String> {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return Ok(None);
    };
    let before = read(bytes, source);
    let Some(from) = what
        .of(&before)
        .filter(|_| before.spans.has(what.pointer()))
    else {
        return Ok(None);
    };
    let to = from.max(published.saturating_add(1));
    let span = before.spans.at(what.pointer());
    let written = text.get(span.start..span.end);
    if written != Some(from.to_string().as_str()) {
        return Err(format!(
            "`{}` is not written as a plain number",
            what.field()
        ));
    }
    let after = format!("{}{to}{}", &text[..span.start], &text[span.end..]);
    let again = read(after.as_bytes(), source);
    let same = match (&before.plan, &again.plan) {
        (Some(old), Some(new)) => old.packages == new.packages && old.feature.id == new.feature.id,
        _ => false,
    };
    match same && what.of(&again) == Some(to) {
        true => Ok(Some(Bumped {
            text: after,
            from,
            to,
        })),
        false => Err("something else would be read differently".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAN: &str = "# mine\r\nschema_version: 1\nfeature:\n  id: x   # the id\n  \
                        plan_revision:   3 # count me\ncontracts: {revision: 1}\npackages: []\n";

    fn bumped(text: &str, what: Revised, published: u32) -> Option<Bumped> {
        bump(text.as_bytes(), ("plan.yaml", what), published).unwrap()
    }

    #[test]
    fn one_number_changes_and_no_other_byte() {
        let plan = bumped(PLAN, Revised::Plan, 3).unwrap();
        assert_eq!((plan.from, plan.to), (3, 4));
        assert_eq!(plan.text, PLAN.replace("   3 #", "   4 #"));
        let contracts = bumped(PLAN, Revised::Contracts, 9).unwrap();
        assert_eq!(
            contracts.text,
            PLAN.replace("revision: 1}", "revision: 10}")
        );
    }

    #[test]
    fn what_was_counted_up_already_and_what_has_no_number_stays() {
        assert_eq!(bumped(PLAN, Revised::Plan, 1).unwrap().text, PLAN);
        assert_eq!(bumped("- [ ] 1. task\n", Revised::Plan, 1), None);
        assert_eq!(
            bumped("feature: {id: x}\npackages: []\n", Revised::Plan, 1),
            None
        );
    }
}
