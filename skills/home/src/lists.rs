//! Shopping and other lists.

use crate::{list_plan, notes, text};
use alloc::{borrow::ToOwned, format, string::String, vec, vec::Vec};
use loqa_skill_sdk::{Device, ListOp, Prepared, Reads, Request, same_item, wording};

/// Items that hold an "and" and are one thing all the same.
const PAIRS: &[&str] = &[
    "mac and cheese",
    "macaroni and cheese",
    "half and half",
    "salt and pepper",
    "salt and vinegar chips",
    "fish and chips",
    "ham and cheese",
    "peanut butter and jelly",
    "cookies and cream",
    "sweet and sour sauce",
];

/// Answers a request about lists.
///
/// # Errors
/// A sentence that says why nothing can be done.
pub fn prepare(request: &Request, reads: &dyn Reads) -> Result<Prepared, String> {
    let list = chosen(request, reads)?;
    let name = wording::the(&list.name);
    let items = reads.list(&list.id);
    let has = |item: &str| items.iter().any(|known| same_item(known, item));
    let item = text(request, "item").map(tidy).unwrap_or_default();
    if item.is_empty()
        && matches!(
            request.intent.as_str(),
            "list_add" | "list_remove" | "list_has"
        )
    {
        return Err("I didn't get what.".to_owned());
    }
    Ok(match request.intent.as_str() {
        "list_add" => {
            let wanted = parts(&item);
            let fresh: Vec<&str> = wanted.iter().copied().filter(|item| !has(item)).collect();
            if fresh.is_empty() {
                let (verb, all) = (verb(&wanted), wording::sentence(&wording::join(&wanted)));
                return Err(format!("{all} {verb} already on {name}."));
            }
            list_plan(
                &list.id,
                fresh
                    .into_iter()
                    .map(|item| ListOp::Add(item.to_owned()))
                    .collect(),
                confirm(&list, "change"),
                reads,
            )
        }
        "list_remove" => {
            let wanted = if has(&item) {
                vec![item.as_str()]
            } else {
                parts(&item)
            };
            if let Some(missing) = wanted.iter().find(|item| !has(item)) {
                return Err(format!(
                    "{} {} not on {name}.",
                    wording::sentence(missing),
                    verb(&[missing])
                ));
            }
            list_plan(
                &list.id,
                wanted
                    .into_iter()
                    .map(|item| ListOp::Remove(item.to_owned()))
                    .collect(),
                confirm(&list, "change"),
                reads,
            )
        }
        "list_has" if has(&item) => {
            Prepared::Say(format!("Yes, {item} {} on {name}.", verb(&[&item])))
        }
        "list_has" => Prepared::Say(format!("No, {item} {} not on {name}.", verb(&[&item]))),
        _ if items.is_empty() => Prepared::Say(format!("{} is empty.", wording::sentence(&name))),
        "list_clear" => {
            let question = format!(
                "Shall I clear {name}? It has {}.",
                wording::count(items.len() as u64, "item")
            );
            list_plan(&list.id, vec![ListOp::Clear], Some(question), reads)
        }
        _ => Prepared::Say(format!("On {name}: {}.", wording::join(&items))),
    })
}

/// What was done, from the operations that succeeded (list id, operation).
pub fn done(changed: &[(String, ListOp)], devices: &[Device]) -> String {
    let Some((list, first)) = changed.first() else {
        return String::new();
    };
    if list == notes::LIST {
        return notes::done(first);
    }
    let name = devices
        .iter()
        .find(|device| device.id == *list)
        .map_or_else(|| list.clone(), |device| wording::the(&device.name));
    let items: Vec<&str> = changed
        .iter()
        .filter_map(|(_, op)| match op {
            ListOp::Add(item) | ListOp::Remove(item) => Some(item.as_str()),
            ListOp::Clear | ListOp::Replace(_) => None,
        })
        .collect();
    match first {
        ListOp::Add(_) => format!("I've added {} to {name}.", wording::join(&items)),
        ListOp::Remove(_) => format!("I've taken {} off {name}.", wording::join(&items)),
        ListOp::Clear => format!("{} is empty now.", wording::sentence(&name)),
        ListOp::Replace(_) => format!("{} is as it was.", wording::sentence(&name)),
    }
}

/// The list named, else the shopping list, else the first.
fn chosen(request: &Request, reads: &dyn Reads) -> Result<Device, String> {
    let lists: Vec<Device> = reads
        .devices()
        .into_iter()
        .filter(|device| device.kind == "list")
        .collect();
    if let Some(id) = text(request, "list") {
        return lists
            .into_iter()
            .find(|list| list.id == id)
            .ok_or_else(|| format!("I don't know the list {id}."));
    }
    let shopping = lists
        .iter()
        .find(|list| list.name.to_lowercase().contains("shopping"));
    shopping
        .or(lists.first())
        .cloned()
        .ok_or_else(|| "There is no list in this house.".to_owned())
}

fn confirm(list: &Device, what: &str) -> Option<String> {
    list.confirm
        .then(|| format!("Shall I {what} {}?", wording::the(&list.name)))
}

/// Free text without the words that only introduce it.
fn tidy(item: &str) -> String {
    let words = item.split_whitespace().collect::<Vec<_>>().join(" ");
    let shorter = ["some more ", "some ", "more ", "the "]
        .iter()
        .find_map(|lead| words.strip_prefix(lead));
    shorter
        .filter(|rest| !rest.is_empty())
        .unwrap_or(&words)
        .to_owned()
}

/// "Eggs and milk" are two items.
fn parts(item: &str) -> Vec<&str> {
    if PAIRS.iter().any(|pair| same_item(pair, item)) {
        return vec![item];
    }
    let parts: Vec<&str> = item
        .split(" and ")
        .map(str::trim)
        .filter(|part| !part.is_empty())
        .collect();
    if parts.is_empty() { vec![item] } else { parts }
}

fn verb(items: &[&str]) -> &'static str {
    match items {
        [one] if !wording::is_plural(one) => "is",
        _ => "are",
    }
}
