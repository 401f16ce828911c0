//! Two households as one: the owner's, and what another system knows beside it.

use super::{Area, Device, Home};
use crate::grammar::normalize;
use std::collections::{HashMap, HashSet};

/// Two households as one.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Joined {
    /// The owner's rooms and devices, then the others.
    pub home: Home,
    /// Names of the others' devices that are not in it: something else is called so there, or nobody
    /// can say them.
    pub hidden: Vec<String>,
}

impl Home {
    /// This household with `others` beside it. Where names clash in a place, this household's win, then
    /// the earlier; a room that is called the same, or has the same id, is the same room.
    pub fn joined(&self, others: &Home) -> Joined {
        let mut home = self.clone();
        let mut hidden = Vec::new();
        let mut rooms: HashMap<String, String> = HashMap::new();
        let mut names = HashSet::new();
        for area in &self.areas {
            for name in said(&area.name, &area.aliases) {
                rooms.insert(name.clone(), area.id.clone());
                names.insert((None, name));
            }
        }
        // Another's room → its id here.
        let mut here: HashMap<&str, String> = HashMap::new();
        for area in &others.areas {
            let Some(name) = folded(&area.name) else {
                continue;
            };
            let same = rooms.get(&name).cloned();
            let same = same.or_else(|| self.area(&area.id).map(|area| area.id.clone()));
            if same.is_none() {
                rooms.insert(name.clone(), area.id.clone());
                names.insert((None, name));
                let aliases = free(&area.aliases, None, &mut names);
                home.areas.push(Area {
                    aliases,
                    ..area.clone()
                });
            }
            here.insert(&area.id, same.unwrap_or_else(|| area.id.clone()));
        }
        let mut names = HashSet::new();
        for device in &self.devices {
            for name in said(&device.name, &device.aliases) {
                names.insert((device.area.clone(), name));
            }
        }
        for device in &others.devices {
            let area = device
                .area
                .as_deref()
                .and_then(|area| here.get(area))
                .cloned();
            let name = folded(&device.name).map(|name| (area.clone(), name));
            let known = self.device(&device.id).is_some();
            if known || !name.is_some_and(|name| names.insert(name)) {
                hidden.push(device.name.clone());
                continue;
            }
            let aliases = free(&device.aliases, area.as_ref(), &mut names);
            home.devices.push(Device {
                aliases,
                area,
                ..device.clone()
            });
        }
        Joined { home, hidden }
    }
}

/// A name as it sounds, if it can be said.
fn folded(name: &str) -> Option<String> {
    Some(normalize(name).join(" ")).filter(|name| !name.is_empty())
}

fn said<'n>(name: &'n str, aliases: &'n [String]) -> impl Iterator<Item = String> + 'n {
    let aliases = aliases.iter().map(String::as_str);
    std::iter::once(name).chain(aliases).filter_map(folded)
}

/// The aliases that nothing else in the place is called; they are taken from now on.
fn free(
    aliases: &[String],
    place: Option<&String>,
    names: &mut HashSet<(Option<String>, String)>,
) -> Vec<String> {
    let mut free = aliases.to_vec();
    free.retain(|alias| {
        let name = folded(alias);
        name.is_some_and(|name| names.insert((place.cloned(), name)))
    });
    free
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::expect;
    use std::fmt::Write;

    #[test]
    fn the_owners_names_win_and_rooms_of_one_name_are_one_room() {
        let own = r#"
            [[area]]
            id = "cook"
            name = "kitchen"
            aliases = ["galley"]
            [[device]]
            id = "lamp"
            name = "ceiling light"
            aliases = ["big light"]
            area = "cook"
            kind = "light"
        "#;
        let others = r#"
            [[area]]
            id = "a1"
            name = "Kitchen"
            [[area]]
            id = "a2"
            name = "Pantry"
            aliases = ["Galley", "larder"]
            [[device]]
            id = "one"
            name = "Ceiling Light"
            area = "a1"
            kind = "light"
            [[device]]
            id = "two"
            name = "Worktop"
            aliases = ["Big Light", "counter"]
            area = "a1"
            kind = "light"
            [[device]]
            id = "three"
            name = "Ceiling Light"
            area = "a2"
            kind = "light"
            [[device]]
            id = "lamp"
            name = "Moon"
            kind = "light"
        "#;
        let home = |text| Home::parse("home.toml", text).unwrap();
        let joined = home(own).joined(&home(others));
        let mut shown = String::new();
        for Area {
            id, name, aliases, ..
        } in &joined.home.areas
        {
            writeln!(shown, "area {id}: {name} {aliases:?}").unwrap();
        }
        for device in &joined.home.devices {
            let Device {
                id,
                name,
                aliases,
                area,
                ..
            } = device;
            writeln!(shown, "{id}: {name} {aliases:?} in {area:?}").unwrap();
        }
        writeln!(shown, "hidden: {:?}", joined.hidden).unwrap();
        expect![[r#"
            area cook: kitchen ["galley"]
            area a2: Pantry ["larder"]
            lamp: ceiling light ["big light"] in Some("cook")
            two: Worktop ["counter"] in Some("cook")
            three: Ceiling Light [] in Some("a2")
            hidden: ["Ceiling Light", "Moon"]
        "#]]
        .assert_eq(&shown);
    }
}
