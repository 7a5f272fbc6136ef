//! What agents leave for each other lies on shelves, one record per file, fanned out by its name.

use crate::base::TxnId;
use crate::state::layout::common::json;
use crate::state::layout::room::fan;

/// A folder at the root with one record per file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shelf {
    /// `Handoff`
    Handoffs,
    /// `Memory`
    Memories,
    /// `Retraction`
    Retractions,
    /// `Decided`
    Decisions,
}

impl Shelf {
    /// Every shelf.
    pub const ALL: [Shelf; 4] = [
        Shelf::Handoffs,
        Shelf::Memories,
        Shelf::Retractions,
        Shelf::Decisions,
    ];

    /// The folder.
    pub fn folder(self) -> &'static str {
        match self {
            Shelf::Handoffs => "handoffs",
            Shelf::Memories => "memories",
            Shelf::Retractions => "retractions",
            Shelf::Decisions => "decisions",
        }
    }

    /// The shelf in this folder.
    pub fn at(folder: &str) -> Option<Shelf> {
        Shelf::ALL.into_iter().find(|s| s.folder() == folder)
    }

    /// Path of the record that the transaction `id` made.
    pub fn record(self, id: &TxnId) -> String {
        format!("{}/{}/{id}.json", self.folder(), fan(id.as_str()))
    }
}

/// Reads the path of a record below the folder of its shelf.
pub fn shelf_slot(rest: &str) -> Option<TxnId> {
    let (h2, name) = rest.split_once('/')?;
    let id = TxnId::parse(json(name)?)?;
    (fan(id.as_str()) == h2).then_some(id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_stands_where_its_name_says() {
        let id = TxnId::parse("t1").unwrap();
        for shelf in Shelf::ALL {
            let path = shelf.record(&id);
            let (folder, rest) = path.split_once('/').unwrap();
            assert_eq!(Shelf::at(folder), Some(shelf));
            assert_eq!(shelf_slot(rest), Some(id.clone()));
        }
        assert_eq!(shelf_slot("zz/t1.json"), None);
        assert_eq!(shelf_slot("t1.json"), None);
    }
}
