//! What an operation makes of a list.

use crate::{EffectError, ListOp};
use alloc::{format, string::String, vec::Vec};

impl ListOp {
    /// Changes `items` (oldest first).
    ///
    /// # Errors
    /// An item to be removed is not there; nothing was changed then.
    pub fn apply(&self, items: &mut Vec<String>) -> Result<(), EffectError> {
        match self {
            ListOp::Add(item) => items.push(item.clone()),
            ListOp::Remove(item) => {
                let index = items.iter().position(|known| same_item(known, item));
                let index =
                    index.ok_or_else(|| EffectError(format!("{item} is not on the list.")))?;
                items.remove(index);
            }
            ListOp::Clear => items.clear(),
            ListOp::Replace(all) => items.clone_from(all),
        }
        Ok(())
    }
}

/// Whether two spellings are one item: `Milk` and `milk`.
pub fn same_item(one: &str, other: &str) -> bool {
    one.to_lowercase() == other.to_lowercase()
}
