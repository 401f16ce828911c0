//! Names of devices and areas as trees of words, apart from the sentences, so that a device is
//! added without compiling those again.

use super::{
    network::{Network, WordId},
    normalize,
};
use crate::home::{DeviceKind, Home};
use std::collections::HashMap;

/// The trees.
#[derive(Clone, Debug, Default)]
pub(super) struct Names {
    nodes: Vec<TreeNode>,
    /// Ids of devices and then of routines, by mark.
    pub device_ids: Vec<String>,
    pub area_ids: Vec<String>,
}

#[derive(Clone, Debug, Default)]
struct TreeNode {
    children: Vec<(WordId, u32)>,
    /// Devices that are called this, with their kind's bit.
    ends: Vec<(u32, u16)>,
    /// Kinds of the devices at or below it.
    kinds: u16,
}

/// The bit of a kind.
pub(super) fn bit(kind: DeviceKind) -> u16 {
    1 << kind as u16
}

/// The bit of routines, which are called by their names as devices are.
pub(super) const ROUTINES: u16 = 1 << 15;
/// The bits of all devices.
pub(super) const ALL_DEVICES: u16 = ROUTINES - 1;

const DEVICES: u32 = 0;
const AREAS: u32 = 1;

impl Names {
    /// The names of a household. Words are numbered by `network`.
    pub fn new(home: &Home, network: &mut Network) -> Names {
        let mut names = Names {
            nodes: vec![TreeNode::default(), TreeNode::default()],
            ..Names::default()
        };
        let mut index: HashMap<(u32, WordId), u32> = HashMap::new();
        let area_names: HashMap<&str, Vec<String>> = home
            .areas
            .iter()
            .map(|area| {
                (
                    area.id.as_str(),
                    std::iter::once(&area.name)
                        .chain(&area.aliases)
                        .map(|name| normalize(name).join(" "))
                        .collect(),
                )
            })
            .collect();
        let mut called: HashMap<String, usize> = HashMap::new();
        for device in &home.devices {
            for name in std::iter::once(&device.name).chain(&device.aliases) {
                *called.entry(normalize(name).join(" ")).or_default() += 1;
            }
        }
        for (mark, device) in home.devices.iter().enumerate() {
            names.device_ids.push(device.id.clone());
            let places = device
                .area
                .as_deref()
                .and_then(|area| area_names.get(area))
                .cloned()
                .unwrap_or_default();
            for name in std::iter::once(&device.name).chain(&device.aliases) {
                let name = normalize(name).join(" ");
                names.insert(
                    DEVICES,
                    &name,
                    mark as u32,
                    bit(device.kind),
                    network,
                    &mut index,
                );
                let shared = called.get(&name).is_some_and(|devices| *devices > 1);
                for place in &places {
                    if name.contains(place.as_str()) {
                        continue;
                    }
                    let mut forms = vec![format!("{place} {name}")];
                    // Only what needs its room is said with it afterwards: a name that may be
                    // continued keeps everybody waiting for the rest.
                    if shared {
                        forms.extend([
                            format!("{name} in the {place}"),
                            format!("{name} in {place}"),
                        ]);
                    }
                    for form in forms {
                        names.insert(
                            DEVICES,
                            &form,
                            mark as u32,
                            bit(device.kind),
                            network,
                            &mut index,
                        );
                    }
                }
            }
        }
        for routine in &home.routines {
            let mark = names.device_ids.len() as u32;
            names.device_ids.push(routine.id.clone());
            for name in std::iter::once(&routine.name).chain(&routine.aliases) {
                let name = normalize(name).join(" ");
                names.insert(DEVICES, &name, mark, ROUTINES, network, &mut index);
            }
        }
        for (mark, area) in home.areas.iter().enumerate() {
            names.area_ids.push(area.id.clone());
            for name in std::iter::once(&area.name).chain(&area.aliases) {
                names.insert(
                    AREAS,
                    &normalize(name).join(" "),
                    mark as u32,
                    u16::MAX,
                    network,
                    &mut index,
                );
            }
        }
        names
    }

    /// One device of each kind, one routine and one area, which stand for all of them: they are called by the
    /// names of their lists.
    pub fn tokens(network: &mut Network) -> Names {
        let mut names = Names {
            nodes: vec![TreeNode::default(), TreeNode::default()],
            ..Names::default()
        };
        let index = &mut HashMap::new();
        for (mark, kind) in DeviceKind::ALL.into_iter().enumerate() {
            let name = format!("{{{}}}", kind.as_str());
            names.insert(DEVICES, &name, mark as u32, bit(kind), network, index);
            names.device_ids.push(name);
        }
        let mark = names.device_ids.len() as u32;
        names.insert(DEVICES, "{routine}", mark, ROUTINES, network, index);
        names.device_ids.push("{routine}".into());
        names.insert(AREAS, "{area}", 0, u16::MAX, network, index);
        names.area_ids.push("{area}".into());
        names.sorted()
    }

    fn insert(
        &mut self,
        root: u32,
        name: &str,
        mark: u32,
        kind: u16,
        network: &mut Network,
        index: &mut HashMap<(u32, WordId), u32>,
    ) {
        if name.is_empty() {
            return;
        }
        let mut at = root;
        self.nodes[at as usize].kinds |= kind;
        for word in name.split(' ') {
            let word = network.word(word);
            let nodes = &mut self.nodes;
            let next = *index.entry((at, word)).or_insert_with(|| {
                nodes.push(TreeNode::default());
                let new = (nodes.len() - 1) as u32;
                nodes[at as usize].children.push((word, new));
                new
            });
            self.nodes[next as usize].kinds |= kind;
            at = next;
        }
        if !self.nodes[at as usize].ends.contains(&(mark, kind)) {
            self.nodes[at as usize].ends.push((mark, kind));
        }
    }

    /// Sorted, so that a word is found by halving.
    pub fn sorted(mut self) -> Names {
        for node in &mut self.nodes {
            node.children.sort_unstable();
        }
        self
    }

    pub fn devices(&self) -> u32 {
        DEVICES
    }

    pub fn areas(&self) -> u32 {
        AREAS
    }

    /// The first device of these kinds with this name.
    pub fn devices_at(&self, node: u32, kinds: u16) -> Option<u32> {
        self.nodes[node as usize]
            .ends
            .iter()
            .find(|(_, kind)| kind & kinds != 0)
            .map(|(mark, _)| *mark)
    }

    pub fn area_at(&self, node: u32) -> Option<u32> {
        self.nodes[node as usize]
            .ends
            .first()
            .map(|(mark, _)| *mark)
    }

    /// Kinds of the devices (or areas) whose names begin with a word.
    pub fn opens(&self, root: u32, word: WordId) -> Option<u16> {
        let child = self.child(root, word, u16::MAX)?;
        Some(self.nodes[child as usize].kinds)
    }

    /// One word further, if a device of these kinds lies there.
    pub fn child(&self, node: u32, word: WordId, kinds: u16) -> Option<u32> {
        let children = &self.nodes[node as usize].children;
        let at = children
            .binary_search_by_key(&word, |(word, _)| *word)
            .ok()?;
        let child = children[at].1;
        (self.nodes[child as usize].kinds & kinds != 0).then_some(child)
    }

    /// Words that may follow.
    pub fn following(&self, node: u32, kinds: u16) -> impl Iterator<Item = WordId> + '_ {
        self.nodes[node as usize]
            .children
            .iter()
            .filter(move |(_, child)| self.nodes[*child as usize].kinds & kinds != 0)
            .map(|(word, _)| *word)
    }

    /// Every name of the devices of these kinds (or of all areas), as words.
    pub fn spoken(&self, areas: bool, kinds: u16, network: &Network) -> Vec<String> {
        let mut all = Vec::new();
        let mut todo = vec![(if areas { AREAS } else { DEVICES }, String::new())];
        while let Some((node, said)) = todo.pop() {
            let tree = &self.nodes[node as usize];
            if tree.ends.iter().any(|(_, kind)| kind & kinds != 0) {
                all.push(said.clone());
            }
            for (word, child) in &tree.children {
                if self.nodes[*child as usize].kinds & kinds != 0 {
                    let word = &network.spelling[*word as usize];
                    todo.push((
                        *child,
                        if said.is_empty() {
                            word.clone()
                        } else {
                            format!("{said} {word}")
                        },
                    ));
                }
            }
        }
        all.sort_unstable();
        all
    }
}
