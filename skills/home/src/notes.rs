//! Notes: what somebody wants kept, in their own words, until it is deleted.

use crate::{list_plan, text};
use alloc::{borrow::ToOwned, format, string::String};
use loqa_skill_sdk::{Ask, ListOp, Prepared, Reads, Request, same_item, wording};

/// The list they are on: no device of a household, and in every one.
pub const LIST: &str = "loqa.notes";
/// As many are read at a time, the latest.
const READ: usize = 5;

/// Answers a request about notes.
pub fn prepare(request: &Request, reads: &dyn Reads) -> Prepared {
    let notes = reads.list(LIST);
    let change = |op, confirm| list_plan(LIST, [op].into(), confirm, reads);
    if request.intent == "note_add" {
        return match text(request, "note") {
            None => Prepared::Ask(Ask {
                followup: "note".to_owned(),
                question: "What shall I write down?".to_owned(),
            }),
            Some(note) if notes.iter().any(|known| same_item(known, note)) => {
                Prepared::Say("I have that note already.".to_owned())
            }
            Some(note) => change(ListOp::Add(note.to_owned()), None),
        };
    }
    let Some(last) = notes.last() else {
        return Prepared::Say("You have no notes.".to_owned());
    };
    let count = match notes.len() {
        1 => "note".to_owned(),
        many => format!("{many} notes"),
    };
    match request.intent.as_str() {
        "note_last" => Prepared::Say(format!("Your last note: {last}.")),
        "note_remove" => change(ListOp::Remove(last.clone()), None),
        "note_clear" => change(ListOp::Clear, Some(format!("Shall I delete your {count}?"))),
        _ => {
            let latest = &notes[notes.len().saturating_sub(READ)..];
            let which = match notes.len() {
                ..=READ => format!("your {count}"),
                _ => format!("the last {READ} of your {count}"),
            };
            Prepared::Say(format!(
                "{}: {}.",
                wording::sentence(&which),
                latest.join("; ")
            ))
        }
    }
}

/// What was done.
pub fn done(op: &ListOp) -> String {
    match op {
        ListOp::Add(note) => format!("Noted: {note}."),
        ListOp::Remove(note) => format!("I've deleted the note: {note}."),
        ListOp::Clear => "Your notes are deleted.".to_owned(),
        ListOp::Replace(_) => "Your notes are as they were.".to_owned(),
    }
}
