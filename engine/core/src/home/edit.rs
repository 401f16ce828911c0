//! One change of a `home.toml`, as its owner would have typed it: comments, order and all other
//! lines stay.

use super::Home;
use crate::{
    document::{FileError, Node, Position, is_id},
    grammar::normalize,
};
use loqa_protocol::{
    HomeEdit,
    view::{Area, Device},
};
use toml_edit::{
    Array, ArrayOfTables, DocumentMut, InlineTable, Item, Table, TableLike, Value, value,
};

/// Why a change is not made.
#[derive(Clone, PartialEq, Debug)]
pub struct Unfit {
    /// The key of the room or device that cannot be so, if it is one key alone.
    pub field: Option<&'static str>,
    /// Everything that would be wrong with the file.
    pub errors: Vec<FileError>,
}

/// The keys that an edit sets, in the order in which a new entry is written.
const FIELDS: [&str; 8] = [
    "id", "name", "aliases", "area", "kind", "confirm", "features", "floor",
];

/// The file's text with one change, and the household that it then describes. `file` only names
/// the file in errors.
///
/// # Errors
/// [`Unfit`]: the text is none that can be changed, or would be a household no longer.
pub fn edited(file: &str, text: &str, edit: &HomeEdit) -> Result<(String, Home), Unfit> {
    let unfit = |errors| Unfit {
        field: None,
        errors,
    };
    let home = Home::parse(file, text).map_err(unfit)?;
    let mut document: DocumentMut = text.parse().map_err(|error: toml_edit::TomlError| {
        let message = format!("this is not TOML: {}", error.message());
        unfit(vec![FileError::new(file, Position::START, message, "")])
    })?;
    let gone = |what: &str, id: &str| {
        let message = format!("there is no {what} `{id}`");
        unfit(vec![FileError::new(file, Position::START, message, "")])
    };
    let (list, id) = match edit {
        HomeEdit::Device(device) => {
            let known = |id: &str| home.device(id).is_some();
            let id = id_of(&device.id, &device.name, "device", known);
            set(&mut document, "device", &id, &of_device(&id, device));
            ("device", id)
        }
        HomeEdit::Area(area) => {
            let id = id_of(&area.id, &area.name, "area", |id| home.area(id).is_some());
            set(&mut document, "area", &id, &of_area(&id, area));
            ("area", id)
        }
        HomeEdit::RemoveDevice(id) => {
            home.device(id).ok_or_else(|| gone("device", id))?;
            remove(&mut document, "device", id);
            ("device", id.clone())
        }
        HomeEdit::RemoveArea(id) => {
            home.area(id).ok_or_else(|| gone("area", id))?;
            remove(&mut document, "area", id);
            for device in entries(&mut document, "device") {
                if device.get("area").and_then(Item::as_str) == Some(id) {
                    device.remove("area");
                }
            }
            ("area", id.clone())
        }
    };
    let text = document.to_string();
    match Home::parse(file, &text) {
        Ok(home) => Ok((text, home)),
        Err(errors) => Err(Unfit {
            field: field(file, &text, list, &id, &errors),
            errors,
        }),
    }
}

/// An id for files and programs, made of the name if there is none yet.
fn id_of(id: &str, name: &str, otherwise: &str, known: impl Fn(&str) -> bool) -> String {
    if !id.is_empty() {
        return id.to_owned();
    }
    let words = normalize(name);
    let letter = |c: char| if c.is_ascii_alphanumeric() { c } else { '_' };
    let made: String = words.join("_").to_lowercase().chars().map(letter).collect();
    let base = Some(made).filter(|made| is_id(made));
    let base = base.unwrap_or_else(|| otherwise.to_owned());
    let mut id = base.clone();
    for number in 2.. {
        if !known(&id) {
            break;
        }
        id = format!("{base}_{number}");
    }
    id
}

/// What each key of [`FIELDS`] is to be; `None` for what goes without saying.
type Values = [Option<Value>; FIELDS.len()];

fn of_device(id: &str, device: &Device) -> Values {
    [
        Some(id.into()),
        Some(device.name.trim().into()),
        texts(&device.aliases),
        device.area.as_deref().map(Value::from),
        Some(device.kind.as_str().into()),
        device.confirm.then(|| true.into()),
        texts(&device.features),
        None,
    ]
}

fn of_area(id: &str, area: &Area) -> Values {
    let mut values = Values::default();
    values[0] = Some(id.into());
    values[1] = Some(area.name.trim().into());
    values[2] = texts(&area.aliases);
    values[7] = area.floor.as_deref().map(Value::from);
    values
}

fn texts(texts: &[String]) -> Option<Value> {
    let array: Array = texts.iter().map(|text| text.trim()).collect();
    (!array.is_empty()).then(|| array.into())
}

/// Sets the keys of an entry of a list, which is added if it is not there.
fn set(document: &mut DocumentMut, list: &str, id: &str, values: &Values) {
    let found = entries(document, list)
        .into_iter()
        .find(|entry| entry.get("id").and_then(Item::as_str) == Some(id));
    if let Some(entry) = found {
        return set_keys(entry, values);
    }
    let item = document
        .entry(list)
        .or_insert_with(|| ArrayOfTables::new().into());
    match item {
        Item::Value(Value::Array(array)) => {
            let mut entry = InlineTable::new();
            set_keys(&mut entry, values);
            array.push(entry);
        }
        Item::ArrayOfTables(tables) => {
            let mut entry = Table::new();
            set_keys(&mut entry, values);
            tables.push(entry);
        }
        // No other form was a household.
        _ => {}
    }
}

fn set_keys(entry: &mut dyn TableLike, values: &Values) {
    for (key, wanted) in FIELDS.into_iter().zip(values) {
        let known = entry.get_mut(key).and_then(Item::as_value_mut);
        match (known, wanted) {
            (Some(known), Some(wanted)) if same(known, wanted) => {}
            (Some(known), Some(wanted)) => {
                // What stands beside it stays.
                let beside = known.decor().clone();
                *known = wanted.clone();
                *known.decor_mut() = beside;
            }
            (Some(known), None) if known.as_bool() == Some(false) => {}
            (Some(_), None) => drop(entry.remove(key)),
            (None, Some(wanted)) => drop(entry.insert(key, value(wanted.clone()))),
            (None, None) => {}
        }
    }
}

fn same(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Array(one), Value::Array(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| same(one, other))
        }
        _ => one.as_str() == other.as_str() && one.as_bool() == other.as_bool(),
    }
}

fn remove(document: &mut DocumentMut, list: &str, id: &str) {
    let is_it = |entry: &dyn TableLike| entry.get("id").and_then(Item::as_str) == Some(id);
    match document.get_mut(list) {
        Some(Item::Value(Value::Array(array))) => {
            array.retain(|entry| !entry.as_inline_table().is_some_and(|entry| is_it(entry)));
        }
        Some(Item::ArrayOfTables(tables)) => tables.retain(|entry| !is_it(entry)),
        _ => {}
    }
}

/// All entries of a list, in whichever of TOML's two forms it is written.
fn entries<'d>(document: &'d mut DocumentMut, list: &str) -> Vec<&'d mut dyn TableLike> {
    match document.get_mut(list) {
        Some(Item::Value(Value::Array(array))) => array
            .iter_mut()
            .filter_map(Value::as_inline_table_mut)
            .map(|entry| entry as &mut dyn TableLike)
            .collect(),
        Some(Item::ArrayOfTables(tables)) => tables
            .iter_mut()
            .map(|entry| entry as &mut dyn TableLike)
            .collect(),
        _ => Vec::new(),
    }
}

/// Which key of the entry the errors are about: one of its own, or one that another entry has in
/// vain because of it.
fn field(
    file: &str,
    text: &str,
    list: &str,
    id: &str,
    errors: &[FileError],
) -> Option<&'static str> {
    let node = Node::from_toml(file, text).ok()?;
    let at = errors.first()?.position();
    let entries = node.get(list)?.items();
    let entry = entries.iter().find(|entry| entry.text_of("id") == id)?;
    let key = |key: &str| FIELDS.into_iter().find(|field| *field == key);
    let own = entry.entries().iter().find(|own| {
        own.at == at || own.value.at == at || own.value.items().iter().any(|item| item.at == at)
    });
    if let Some(own) = own {
        return key(&own.key);
    }
    let names = |entry: &Node| -> Vec<(&'static str, Node)> {
        let aliases = entry.get("aliases").map(Node::items).unwrap_or_default();
        let aliases = aliases.iter().map(|alias| ("aliases", alias.clone()));
        let name = entry.get("name").map(|name| ("name", name.clone()));
        name.into_iter().chain(aliases).collect()
    };
    let sound = |node: &Node| normalize(node.text().unwrap_or_default());
    let (_, other) = entries
        .iter()
        .flat_map(names)
        .find(|(_, name)| name.at == at)?;
    let mut own = names(entry).into_iter();
    own.find(|(_, name)| sound(name) == sound(&other))
        .map(|(field, _)| field)
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::{Expect, expect};

    const HOME: &str = r#"# Ours.
[[area]]
id = "kitchen"   # downstairs
name = "kitchen"

# Above the table.
[[device]]
id = "lamp"
name = "lamp"        # a gift
area = "kitchen"
kind = "light"
confirm = false

[[device]]
id = "freezer"
name = "freezer"
kind = "switch"
"#;

    fn device(id: &str, name: &str, aliases: &[&str]) -> Device {
        Device {
            id: id.into(),
            name: name.into(),
            aliases: aliases.iter().map(ToString::to_string).collect(),
            area: Some("kitchen".into()),
            kind: "light".into(),
            ..Device::default()
        }
    }

    /// Only the lines that differ.
    fn check(text: &str, edit: HomeEdit, expected: Expect) {
        let shown = match edited("home.toml", text, &edit) {
            Ok((after, _)) => {
                let (before, after): (Vec<_>, Vec<_>) =
                    (text.lines().collect(), after.lines().collect());
                let gone = before.iter().filter(|line| !after.contains(line));
                let new = after.iter().filter(|line| !before.contains(line));
                let gone = gone.map(|line| format!("- {line}\n"));
                gone.chain(new.map(|line| format!("+ {line}\n"))).collect()
            }
            Err(Unfit { field, errors }) => {
                let errors = errors.iter().map(|error| format!("{error}\n"));
                format!("{field:?}\n{}", errors.collect::<String>())
            }
        };
        expected.assert_eq(&shown);
    }

    #[test]
    fn one_entry_changes_and_every_other_line_stays() {
        check(
            HOME,
            HomeEdit::Device(device("lamp", "big lamp", &["moon"])),
            expect![[r#"
                - name = "lamp"        # a gift
                + name = "big lamp"        # a gift
                + aliases = ["moon"]
            "#]],
        );
        check(
            HOME,
            HomeEdit::Device(device("", "Küche 2", &[])),
            expect![[r#"
                + id = "k_che_two"
                + name = "Küche 2"
            "#]],
        );
        check(
            HOME,
            HomeEdit::RemoveArea("kitchen".into()),
            expect![[r#"
                - # Ours.
                - [[area]]
                - id = "kitchen"   # downstairs
                - name = "kitchen"
                - area = "kitchen"
            "#]],
        );
        check(
            HOME,
            HomeEdit::Device(device("lamp", "lamp", &[])),
            expect![""],
        );
    }

    #[test]
    fn a_list_within_brackets_stays_one() {
        let text = "device = [{ id = \"lamp\", name = \"lamp\", kind = \"light\" }]\narea = [{ id = \"kitchen\", name = \"kitchen\" }]\n";
        check(
            text,
            HomeEdit::Device(device("", "moon", &[])),
            expect![[r#"
                - device = [{ id = "lamp", name = "lamp", kind = "light" }]
                + device = [{ id = "lamp", name = "lamp", kind = "light" }, { id = "moon", name = "moon", area = "kitchen", kind = "light" }]
            "#]],
        );
        check(
            "",
            HomeEdit::Area(Area {
                name: "Attic".into(),
                ..Area::default()
            }),
            expect![[r#"
                + [[area]]
                + id = "attic"
                + name = "Attic"
            "#]],
        );
    }

    #[test]
    fn what_a_key_cannot_be_is_told_of_that_key() {
        check(
            HOME,
            HomeEdit::Device(device("", "moon", &["LAMP"])),
            expect![[r#"
                Some("aliases")
                home.toml:22:12: a second device `LAMP` in area `kitchen`
                  help: the first is in line 9: give each one of its own
            "#]],
        );
        // The one that comes first in the file takes the name of a later one.
        let freezer = Device {
            area: None,
            ..device("lamp", "freezer", &[])
        };
        check(
            HOME,
            HomeEdit::Device(freezer),
            expect![[r#"
                Some("name")
                home.toml:15:8: a second device `freezer`
                  help: the first is in line 9: give each one of its own
            "#]],
        );
        check(
            HOME,
            HomeEdit::Device(device("lamp", "", &[])),
            expect![[r#"
                Some("name")
                home.toml:9:8: this text is empty
                  help: write something, or remove the line
            "#]],
        );
        check(
            HOME,
            HomeEdit::RemoveDevice("moon".into()),
            expect![[r#"
                None
                home.toml:1:1: there is no device `moon`
            "#]],
        );
    }
}
