//! The machines of the household besides the hub, and how one becomes one of them.

use super::{Edited, Model};
use loqa_protocol::{ClientFrame, Hears, NodeEdit, NodeId, NodeSettings, Problem, ServerFrame};
use serde::Deserialize;

/// As long as the hub takes a code, from when it was shown or given, ms.
const VALID_MS: f64 = 3.0 * 60.0 * 1000.0;
/// Light around a QR code, in modules.
const QUIET: usize = 4;

/// What is known of nodes, and what becomes of a change.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Nodes {
    /// As the hub told last.
    pub shown: Option<Shown>,
    /// Why the hub cannot say it.
    pub trouble: Option<Problem>,
    /// What became of the last change.
    pub outcome: Edited,
    /// What it was about: a node, by its id; `None`: pairing.
    pub changed: Option<NodeId>,
    /// The pairing that was begun on this page, until it is over.
    pub begun: Option<Begun>,
    /// What came of the last one.
    pub over: Option<Over>,
    /// What was last asked for of pairing.
    wants: Want,
    asked: Option<u32>,
}

/// What the hub tells.
#[derive(Clone, PartialEq, Debug, Deserialize)]
pub struct Shown {
    /// All that are paired.
    pub nodes: Vec<Node>,
    /// Whether another one is.
    pub pairing: Pairing,
    /// Changes need the PIN of an owner.
    pub locked: bool,
}

/// A machine of the household.
#[derive(Clone, PartialEq, Debug, Deserialize)]
pub struct Node {
    /// For changes.
    #[serde(deserialize_with = "node_id")]
    pub id: NodeId,
    /// As people call it.
    pub name: String,
    /// `inference`, `puck` or `display`.
    pub roles: Vec<String>,
    /// The id of the room it is in; empty: none.
    pub room: String,
    /// How loud it is, percent.
    #[serde(default = "full")]
    pub volume: u8,
    /// It hears nothing.
    #[serde(default)]
    pub muted: bool,
    /// Whose words it may work on.
    #[serde(default)]
    pub hears: Hears,
    /// Unix ms.
    pub paired_at_ms: i64,
    /// What is known of it beyond that.
    #[serde(flatten)]
    pub link: Link,
}

/// How a machine is connected now, if it is.
#[derive(Clone, PartialEq, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Link {
    /// It is.
    pub linked: bool,
    /// It has missed its last beats.
    pub silent: bool,
    /// How long an answer takes on the way.
    pub rtt_ms: Option<f64>,
    /// How much of the machine is in use; more than 1 where work waits.
    pub load: Option<f64>,
    /// What it can do, such as `stt.whisper:rt`.
    pub offers: Vec<String>,
    /// Models that it has of the hub, on their way.
    pub models: Vec<Fetched>,
    /// Where in the network it is.
    pub address: String,
    /// How it has done what the hub asked of it.
    pub work: Vec<Work>,
}

/// A model on its way from the hub to a machine.
#[derive(Clone, PartialEq, Debug, Deserialize)]
pub struct Fetched {
    /// As the hub calls it.
    pub model: String,
    /// Bytes of it that are there.
    pub here: u64,
    /// Its length.
    pub bytes: u64,
    /// Why it does not get there.
    pub problem: Option<Problem>,
}

/// How a machine does one kind of work.
#[derive(Clone, PartialEq, Debug, Deserialize)]
pub struct Work {
    /// Such as `stt.whisper:small`.
    pub capability: String,
    /// 95 of its last 100 answers had begun by then.
    pub p95_ms: Option<f64>,
    /// It failed, and is asked again after so long.
    pub rests_s: Option<f64>,
    /// Why the last of it went there, if it did.
    pub reason: Option<String>,
}

/// Whether a machine is being paired.
#[derive(Clone, PartialEq, Debug, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum Pairing {
    /// None is.
    Closed {
        /// Since when: why the last was over.
        why: String,
    },
    /// One may come.
    Open {
        /// Wrong codes that are still forgiven.
        tries: u32,
    },
    /// One has come, and a person compares.
    Compare {
        /// What it must show as well.
        words: Vec<String>,
        /// Which it says to be.
        node: Coming,
    },
}

/// A machine that is not one of the household yet.
#[derive(Clone, PartialEq, Debug, Deserialize)]
pub struct Coming {
    /// To accept it.
    #[serde(deserialize_with = "node_id")]
    pub id: NodeId,
    /// As it says.
    pub name: String,
    /// Likewise.
    pub roles: Vec<String>,
}

/// A pairing that was begun on this page.
#[derive(Clone, PartialEq, Debug)]
pub struct Begun {
    /// What is shown to the machine; `None`: the machine shows something.
    pub code: Option<Code>,
    /// Where the machine reaches the hub.
    pub addresses: Vec<String>,
    /// When it began, on the clock of [`Model::apply`].
    at_ms: f64,
}

/// What is typed or scanned at a machine.
#[derive(Clone, PartialEq, Debug)]
pub struct Code {
    /// `4082 1957`
    pub digits: String,
    /// What the QR code holds.
    pub text: Option<String>,
    /// The QR code.
    pub qr: Option<Qr>,
}

/// A QR code as a shape.
#[derive(Clone, PartialEq, Debug)]
pub struct Qr {
    /// Modules along each side, with the light around them.
    pub side: usize,
    /// The dark ones, as the path of an SVG in which a module has the length 1.
    pub path: String,
}

/// What came of a pairing.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Over {
    /// The machine of this name is one of the household.
    Paired(String),
    /// The person said that the words differ.
    TurnedAway,
    /// It ended by itself, as the hub says.
    Ended(String),
}

/// How far a pairing is, for somebody who looks at this page.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Stage {
    /// There is none.
    Closed,
    /// A code is shown here.
    Shows,
    /// The machine shows one, which was typed here.
    Waits,
    /// It was begun on another page, or in another way.
    Elsewhere,
    /// Words are to be compared.
    Compares,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
enum Want {
    #[default]
    Nothing,
    Begin,
    Accept,
    End {
        compares: bool,
    },
}

/// What the hub answers where pairing was begun.
#[derive(Deserialize)]
struct Opened {
    code: Option<String>,
    qr: Option<String>,
    /// The QR code as a terminal shows it.
    drawn: Option<String>,
    #[serde(default)]
    addresses: Vec<String>,
}

impl Nodes {
    /// Takes the hub's answer, if the frame is one to this.
    pub(super) fn hear(&mut self, frame: &ServerFrame, now_ms: f64) -> bool {
        match frame {
            ServerFrame::Json { id, json } if Some(*id) == self.asked => {
                if let Ok(shown) = serde_json::from_str(json) {
                    self.see(shown, now_ms);
                }
                true
            }
            ServerFrame::Problem { id, problem } if Some(*id) == self.asked => {
                self.trouble = Some(problem.clone());
                true
            }
            ServerFrame::Json { id, json } if self.outcome == Edited::Waiting(*id) => {
                self.answered(json, now_ms);
                true
            }
            frame => {
                let heard = self.outcome.hear(frame);
                let ended = Want::End { compares: true };
                if heard && self.outcome == Edited::Done && self.wants == ended {
                    self.over = Some(Over::TurnedAway);
                }
                heard
            }
        }
    }

    fn see(&mut self, shown: Shown, now_ms: f64) {
        // Nobody has looked for a while: what is open now was opened by somebody else.
        let long_ago = |begun: &Begun| now_ms - begun.at_ms > 2.0 * VALID_MS;
        self.begun = self.begun.take().filter(|begun| !long_ago(begun));
        let was = self.shown.as_ref().map(|it| &it.pairing);
        let was_open = was.is_some_and(|it| !matches!(it, Pairing::Closed { .. }));
        if let Pairing::Closed { why } = &shown.pairing
            && was_open
            && self.begun.take().is_some()
            && self.wants == Want::Begin
        {
            self.over = Some(Over::Ended(why.clone()));
        }
        self.trouble = None;
        self.shown = Some(shown);
    }

    fn answered(&mut self, json: &str, now_ms: f64) {
        match self.wants {
            Want::Begin => {
                let opened: Option<Opened> = serde_json::from_str(json).ok();
                self.begun = opened.map(|opened| Begun {
                    code: opened.code.map(|digits| Code {
                        digits,
                        text: opened.qr,
                        qr: opened.drawn.as_deref().and_then(Qr::of),
                    }),
                    addresses: opened.addresses,
                    at_ms: now_ms,
                });
            }
            Want::Accept => {
                let paired: Option<serde_json::Value> = serde_json::from_str(json).ok();
                let name = paired.as_ref().and_then(|it| it["name"].as_str());
                self.over = name.map(|name| Over::Paired(name.into()));
            }
            Want::Nothing | Want::End { .. } => {}
        }
    }

    /// The connection is gone. A code that is shown may still be good.
    pub(super) fn close(&mut self) {
        self.outcome = Edited::Nothing;
        self.asked = None;
    }

    /// The machine of this id.
    pub fn node(&self, id: NodeId) -> Option<&Node> {
        let nodes = &self.shown.as_ref()?.nodes;
        nodes.iter().find(|node| node.id == id)
    }

    /// The machine whose words are to be compared, and the words.
    pub fn compares(&self) -> Option<(&Coming, &[String])> {
        match &self.shown.as_ref()?.pairing {
            Pairing::Compare { words, node } => Some((node, words)),
            _ => None,
        }
    }

    /// How far pairing is.
    pub fn stage(&self) -> Stage {
        let pairing = self.shown.as_ref().map(|it| &it.pairing);
        let begins = matches!(self.outcome, Edited::Waiting(_)) && self.wants == Want::Begin;
        match (pairing, &self.begun) {
            (None | Some(Pairing::Closed { .. }), _) => Stage::Closed,
            (Some(Pairing::Compare { .. }), _) => Stage::Compares,
            (_, Some(begun)) if begun.code.is_some() => Stage::Shows,
            (_, Some(_)) => Stage::Waits,
            // The hub's answer is about to come.
            (_, None) if begins => Stage::Closed,
            _ => Stage::Elsewhere,
        }
    }

    /// Wrong codes that are still forgiven, while a machine may come.
    pub fn tries(&self) -> Option<u32> {
        match self.shown.as_ref()?.pairing {
            Pairing::Open { tries } => Some(tries),
            _ => None,
        }
    }

    /// How long the pairing that was begun here may still take, ms.
    pub fn left_ms(&self, now_ms: f64) -> Option<f64> {
        let begun = self.begun.as_ref()?;
        Some((begun.at_ms + VALID_MS - now_ms).clamp(0.0, VALID_MS))
    }
}

impl Qr {
    /// Out of how a terminal shows it: blocks are light, and a character has two modules, one above the
    /// other. `None`: it is drawn otherwise.
    fn of(drawn: &str) -> Option<Qr> {
        let mut rows: Vec<Vec<bool>> = Vec::new();
        for line in drawn.lines() {
            let dark = line.chars().map(|character| match character {
                '█' => Some((false, false)),
                '▀' => Some((false, true)),
                '▄' => Some((true, false)),
                ' ' => Some((true, true)),
                _ => None,
            });
            let (upper, lower) = dark.collect::<Option<_>>()?;
            rows.extend([upper, lower]);
        }
        let side = rows.first()?.len();
        // The last line of an odd number of rows has nothing below.
        rows.truncate(side);
        let square = rows.len() == side && rows.iter().all(|row| row.len() == side);
        if !square || side <= 2 * QUIET {
            return None;
        }
        let mut path = String::new();
        for (y, row) in rows.iter().enumerate() {
            let mut x = 0;
            for run in row.chunk_by(|left, right| left == right) {
                if run[0] {
                    let length = run.len();
                    path.push_str(&format!("M{x} {y}h{length}v1h-{length}z"));
                }
                x += run.len();
            }
        }
        Some(Qr { side, path })
    }
}

impl Model {
    /// Wants to see nodes, or no longer.
    pub fn watch_nodes(&mut self, on: bool) -> ClientFrame {
        let id = self.next_id();
        self.nodes.asked = Some(id);
        self.nodes.outcome = Edited::Nothing;
        self.nodes.over = None;
        ClientFrame::Nodes { id, on }
    }

    /// Whether an owner's PIN is to be typed before nodes are changed.
    pub fn nodes_are_locked(&self) -> bool {
        let shown = self.nodes.shown.as_ref();
        shown.is_some_and(|it| it.locked) && !self.people.owner.unlocked
    }

    /// Has a code shown here for a machine.
    pub fn show_code(&mut self) -> ClientFrame {
        self.pair(Want::Begin, NodeEdit::Open)
    }

    /// Gives what a machine shows: its 8 digits, or what its QR code holds.
    pub fn give_code(&mut self, code: &str) -> ClientFrame {
        self.pair(Want::Begin, NodeEdit::Given(code.trim().into()))
    }

    /// Both show the same words; nothing if no machine waits any more.
    pub fn accept_node(&mut self) -> Option<ClientFrame> {
        let (node, _) = self.nodes.compares()?;
        let id = node.id;
        Some(self.pair(Want::Accept, NodeEdit::Accept(id)))
    }

    /// They do not, or it was thought better of.
    pub fn end_pairing(&mut self) -> ClientFrame {
        let compares = self.nodes.compares().is_some();
        self.pair(Want::End { compares }, NodeEdit::Close)
    }

    fn pair(&mut self, wants: Want, edit: NodeEdit) -> ClientFrame {
        self.nodes.wants = wants;
        self.nodes.over = None;
        if wants == Want::Begin {
            self.nodes.begun = None;
        }
        self.change_nodes(None, edit)
    }

    /// Calls a machine otherwise.
    pub fn rename_node(&mut self, node: NodeId, name: &str) -> ClientFrame {
        let name = Some(name.trim().into());
        self.set_node(node, |to| to.name = name)
    }

    /// Puts a machine in a room; with an empty id in none.
    pub fn place_node(&mut self, node: NodeId, room: &str) -> ClientFrame {
        self.set_node(node, |to| to.room = Some(room.into()))
    }

    /// Has a puck be so loud, percent.
    pub fn set_volume(&mut self, node: NodeId, percent: u8) -> ClientFrame {
        self.set_node(node, |to| to.volume = Some(percent.min(100)))
    }

    /// Has a puck hear nothing, or hear again.
    pub fn mute_node(&mut self, node: NodeId, muted: bool) -> ClientFrame {
        self.set_node(node, |to| to.muted = Some(muted))
    }

    /// Says whose words a machine may work on.
    pub fn let_hear(&mut self, node: NodeId, hears: Hears) -> ClientFrame {
        self.set_node(node, |to| to.hears = Some(hears))
    }

    fn set_node(&mut self, node: NodeId, set: impl FnOnce(&mut NodeSettings)) -> ClientFrame {
        let mut to = NodeSettings::default();
        set(&mut to);
        self.change_nodes(Some(node), NodeEdit::Set { node, to })
    }

    /// Has a machine be one of the household no more.
    pub fn revoke_node(&mut self, node: NodeId) -> ClientFrame {
        self.change_nodes(Some(node), NodeEdit::Revoke(node))
    }

    fn change_nodes(&mut self, changed: Option<NodeId>, edit: NodeEdit) -> ClientFrame {
        let id = self.next_id();
        self.nodes.changed = changed;
        self.nodes.outcome = Edited::Waiting(id);
        // It is typed by itself, and counts for some minutes.
        let pin = String::new();
        ClientFrame::EditNodes { id, pin, edit }
    }
}

fn full() -> u8 {
    100
}

fn node_id<'de, D: serde::Deserializer<'de>>(from: D) -> Result<NodeId, D::Error> {
    let text = String::deserialize(from)?;
    text.parse().map_err(serde::de::Error::custom)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    const NODE: NodeId = NodeId([7; 32]);

    struct Page {
        model: Model,
        watch: u32,
    }

    impl Page {
        /// It is looked at, and nothing is paired.
        fn open() -> Page {
            let mut model = Model::default();
            let watch = model.watch_nodes(true).id();
            let mut page = Page { model, watch };
            page.pairing(json!({ "state": "closed", "why": "pairing is not open" }));
            page
        }

        fn told(&mut self, id: u32, json: &Value) {
            let json = json.to_string();
            assert_eq!(self.model.apply(ServerFrame::Json { id, json }, 1e3), None);
        }

        fn pairing(&mut self, pairing: Value) {
            let shown = json!({ "nodes": [], "pairing": pairing, "locked": false });
            self.told(self.watch, &shown);
        }

        fn comes(&mut self) {
            let node = json!({ "id": NODE.to_string(), "name": "Kitchen", "roles": ["puck"] });
            let words = ["inhale", "slight", "thumb"];
            self.pairing(
                json!({ "state": "compare", "until_ms": 5, "words": words, "node": node }),
            );
        }

        fn done(&mut self, id: u32) {
            assert_eq!(self.model.apply(ServerFrame::Done { id }, 1e3), None);
        }

        fn stage(&self) -> Stage {
            self.model.nodes.stage()
        }
    }

    #[test]
    fn a_machine_is_paired_by_the_code_that_is_shown() {
        let mut page = Page::open();
        let id = page.model.show_code().id();
        // Whichever of the two comes first.
        page.pairing(json!({ "state": "open", "until_ms": 5, "tries": 5 }));
        assert_eq!(page.stage(), Stage::Closed);
        page.told(
            id,
            &json!({ "code": "4082 1957", "addresses": ["10.0.0.1:7613"] }),
        );
        page.done(id);
        assert_eq!(page.stage(), Stage::Shows);
        assert_eq!(page.model.nodes.tries(), Some(5));
        assert_eq!(page.model.nodes.left_ms(61e3), Some(120e3));
        assert_eq!(page.model.nodes.left_ms(999e3), Some(0.0));
        page.comes();
        assert_eq!(page.stage(), Stage::Compares);
        let accepted = page.model.accept_node().unwrap();
        let edit = |frame: &ClientFrame| match frame {
            ClientFrame::EditNodes { edit, .. } => edit.clone(),
            other => panic!("{other:?}"),
        };
        assert_eq!(edit(&accepted), NodeEdit::Accept(NODE));
        page.pairing(json!({ "state": "closed", "why": "the code has been used" }));
        assert_eq!(page.model.nodes.over, None, "that is what was wanted");
        page.told(accepted.id(), &json!({ "id": "07", "name": "Kitchen 2" }));
        page.done(accepted.id());
        assert_eq!(
            page.model.nodes.over,
            Some(Over::Paired("Kitchen 2".into()))
        );
        assert_eq!(
            page.model.accept_node(),
            None,
            "pressed twice, or too late to be seen"
        );
    }

    #[test]
    fn a_pairing_that_ends_by_itself_says_why_where_it_was_begun() {
        let mut page = Page::open();
        let mut other = Page::open();
        let id = page.model.give_code(" 4082 1957 ").id();
        page.told(id, &json!({ "addresses": [] }));
        page.done(id);
        for page in [&mut page, &mut other] {
            page.pairing(json!({ "state": "open", "until_ms": 5, "tries": 1 }));
        }
        assert_eq!(
            (page.stage(), other.stage()),
            (Stage::Waits, Stage::Elsewhere)
        );
        for page in [&mut page, &mut other] {
            page.pairing(json!({ "state": "closed", "why": "too many wrong codes" }));
            assert_eq!(page.stage(), Stage::Closed);
        }
        let why = Over::Ended("too many wrong codes".into());
        assert_eq!(
            (page.model.nodes.over, other.model.nodes.over),
            (Some(why), None)
        );
    }

    #[test]
    fn whoever_sees_other_words_turns_the_machine_away_and_whoever_cancels_hears_nothing() {
        for compares in [true, false] {
            let mut page = Page::open();
            let id = page.model.show_code().id();
            page.told(id, &json!({ "code": "4082 1957" }));
            page.done(id);
            page.pairing(json!({ "state": "open", "until_ms": 5, "tries": 5 }));
            if compares {
                page.comes();
            }
            let id = page.model.end_pairing().id();
            page.pairing(json!({ "state": "closed", "why": "the person at the hub said no" }));
            page.done(id);
            let over = compares.then_some(Over::TurnedAway);
            assert_eq!(page.model.nodes.over, over);
        }
    }

    #[test]
    fn what_is_refused_is_told_at_the_machine_it_is_about() {
        let mut page = Page::open();
        let machine = |link: Value| {
            let mut node = json!({ "id": NODE.to_string(), "name": "Kitchen", "roles": ["puck"], "room": "",
                "paired_at_ms": 7 });
            let also = link.as_object().cloned().unwrap_or_default();
            node.as_object_mut().unwrap().extend(also);
            node
        };
        let closed = json!({ "state": "closed", "why": "" });
        for (link, linked) in [
            (json!({}), false),
            (
                json!({ "linked": true, "rtt_ms": 1.5, "load": null, "offers": ["stt.whisper:rt"],
                    "models": [{ "model": "qwen-4b", "kind": "llm", "here": 3, "bytes": 7 }] }),
                true,
            ),
        ] {
            let shown = json!({ "nodes": [machine(link)], "pairing": closed, "locked": true });
            page.told(page.watch, &shown);
            assert_eq!(page.model.nodes.node(NODE).unwrap().link.linked, linked);
        }
        assert!(page.model.nodes_are_locked());
        page.model.people.owner.unlocked = true;
        assert!(!page.model.nodes_are_locked());
        let id = page.model.rename_node(NODE, "Hall").id();
        let problem = Problem {
            code: "owner_pin".into(),
            message: "this needs the PIN of an owner".into(),
            help: String::new(),
        };
        let refused = ServerFrame::Problem {
            id,
            problem: problem.clone(),
        };
        assert_eq!(page.model.apply(refused, 0.0), None);
        let nodes = &page.model.nodes;
        assert_eq!(
            (&nodes.outcome, nodes.changed),
            (&Edited::Refused(problem), Some(NODE))
        );
        assert!(page.model.nodes_are_locked(), "it counts for minutes only");
    }

    #[test]
    fn a_qr_code_of_a_terminal_becomes_a_shape() {
        // Nine by nine: two dark rows of three, and one module below their end.
        let drawn = "█████████\n█████████\n███   ███\n█████▄███\n▀▀▀▀▀▀▀▀▀";
        let path = "M3 4h3v1h-3zM3 5h3v1h-3zM5 6h1v1h-1z";
        let shape = Qr::of(drawn).unwrap();
        assert_eq!((shape.side, shape.path.as_str()), (9, path));
        for odd in ["", "█", "QR", "██\n█"] {
            assert_eq!(Qr::of(odd), None, "{odd}");
        }
    }
}
