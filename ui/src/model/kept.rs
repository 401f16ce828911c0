//! Conversations that are kept, for as long as somebody looks at them.

use super::{Edited, Model};
use loqa_protocol::{ClientFrame, Envelope, Event, KeptLook, Problem, ServerFrame, TurnSummary};
use serde::Deserialize;
use serde_json::{Value, json};

/// So many are asked for at once.
const MOST: u32 = 50;

/// What is known of them.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Kept {
    /// The newest first; nothing until the hub has said so.
    pub list: Option<Vec<Listed>>,
    /// There may be older ones.
    pub more: bool,
    /// Turns with the words that somebody looks for; nothing while nobody does.
    pub found: Option<Vec<Found>>,
    /// The one that is open.
    pub open: Option<Whole>,
    /// Why something cannot be shown.
    pub trouble: Option<Problem>,
    /// What became of forgetting.
    pub forgotten: Edited,
    /// The one that is to be forgotten.
    forgets: String,
    /// What somebody looks for.
    query: String,
    asked: Option<u32>,
    /// The answer is put behind what there is.
    older: bool,
    asked_open: Option<u32>,
    /// Events of the one that is being opened.
    coming: Vec<Envelope>,
}

/// A conversation in the list.
#[derive(Clone, PartialEq, Debug, Deserialize)]
pub struct Listed {
    /// For requests.
    pub id: String,
    /// Whose it is, if it is somebody's.
    pub person: Option<u64>,
    /// When it ended, Unix ms.
    pub last_ms: i64,
    /// Turns.
    pub turns: i64,
    /// Its first words, if they can be read.
    pub title: Option<String>,
}

/// A turn that somebody looked for.
#[derive(Clone, PartialEq, Debug, Deserialize)]
pub struct Found {
    /// The conversation it is in.
    pub conversation: String,
    /// Which entry of it.
    pub seq: u64,
    /// Unix ms.
    pub at_ms: i64,
    /// What was said and answered, a line each.
    pub text: String,
}

/// All that is kept of a conversation.
#[derive(Clone, PartialEq, Debug)]
pub struct Whole {
    /// For requests.
    pub id: String,
    /// As the hub tells it.
    pub conversation: Value,
    /// Entries that cannot be read.
    pub damaged: u64,
    /// What happened, in order.
    pub events: Vec<Envelope>,
}

/// What a replay shows from a moment on.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Step {
    /// Unix ms.
    pub at_ms: i64,
    /// What had been heard of the sentence until then.
    pub heard: String,
    /// What was answered.
    pub reply: String,
}

impl Whole {
    /// What could be seen of it while it happened, in order.
    pub fn steps(&self) -> Vec<Step> {
        let step = |it: &Envelope| {
            let (heard, reply) = match &it.event {
                Event::SttPartial { text } | Event::SttFinal { text, .. } => (text, ""),
                Event::TurnSummary(turn) => (&turn.text, &*turn.reply),
                _ => return None,
            };
            Some(Step {
                at_ms: it.at_ms,
                heard: heard.clone(),
                reply: reply.into(),
            })
        };
        let mut steps: Vec<_> = self.events.iter().filter_map(step).collect();
        steps.dedup_by(|next, last| (&next.heard, &next.reply) == (&last.heard, &last.reply));
        steps
    }

    /// What was said, understood and answered, each with its time, Unix ms.
    pub fn turns(&self) -> impl Iterator<Item = (i64, &TurnSummary)> {
        self.events.iter().filter_map(|it| match &it.event {
            Event::TurnSummary(turn) => Some((it.at_ms, turn)),
            _ => None,
        })
    }

    /// All of it as `loqa session export` writes it.
    pub fn exported(&self) -> String {
        let events = self.events.iter().map(Envelope::document);
        let events: Value = events.collect();
        json!({ "conversation": self.conversation, "damaged": self.damaged, "events": events })
            .to_string()
    }
}

impl Kept {
    /// Takes the hub's answer, if the frame is one to this; whether something has changed.
    pub(super) fn hear(&mut self, frame: &ServerFrame) -> Option<bool> {
        match frame {
            ServerFrame::Json { id, json } if Some(*id) == self.asked => {
                self.trouble = None;
                if self.query.is_empty() {
                    let came: Vec<Listed> = serde_json::from_str(json).unwrap_or_default();
                    self.more = came.len() == MOST as usize;
                    let list = self.list.get_or_insert_default();
                    match self.older {
                        true => list.extend(came),
                        false => *list = came,
                    }
                } else {
                    self.found = serde_json::from_str(json).ok();
                }
            }
            ServerFrame::Event { id, envelope } if Some(*id) == self.asked_open => {
                self.coming.push(envelope.clone());
            }
            ServerFrame::Json { id, json } if Some(*id) == self.asked_open => {
                let document: Value = serde_json::from_str(json).unwrap_or_default();
                let conversation = document["conversation"].clone();
                self.trouble = None;
                self.open = Some(Whole {
                    id: conversation["id"].as_str().unwrap_or_default().into(),
                    conversation,
                    damaged: document["damaged"].as_u64().unwrap_or_default(),
                    events: std::mem::take(&mut self.coming),
                });
            }
            ServerFrame::Problem { id, problem }
                if [self.asked, self.asked_open].contains(&Some(*id)) =>
            {
                self.trouble = Some(problem.clone());
            }
            frame => {
                if !self.forgotten.hear(frame) {
                    return None;
                }
                let done = self.forgotten == Edited::Done;
                if done && self.open.as_ref().is_some_and(|it| it.id == self.forgets) {
                    self.open = None;
                }
                return Some(done);
            }
        }
        Some(false)
    }

    /// The connection is gone.
    pub(super) fn close(&mut self) {
        self.forgotten = Edited::Nothing;
    }
}

impl Model {
    /// Asks for conversations with these words, for the newest of all without any.
    pub fn look_for_kept(&mut self, query: &str) -> ClientFrame {
        self.kept.query = query.trim().into();
        self.kept.found = None;
        self.ask_kept()
    }

    /// Asks again for what is shown.
    pub fn ask_kept(&mut self) -> ClientFrame {
        let look = match self.kept.query.as_str() {
            "" => KeptLook::List {
                before_ms: None,
                most: MOST,
            },
            query => KeptLook::Search {
                query: query.into(),
                most: MOST,
            },
        };
        self.kept.older = false;
        self.ask_kept_as(look)
    }

    /// Asks for those before the last that is shown.
    pub fn ask_older(&mut self) -> ClientFrame {
        let last = self.kept.list.iter().flatten().last();
        let look = KeptLook::List {
            before_ms: last.map(|it| it.last_ms),
            most: MOST,
        };
        self.kept.older = true;
        self.ask_kept_as(look)
    }

    fn ask_kept_as(&mut self, look: KeptLook) -> ClientFrame {
        let id = self.next_id();
        self.kept.asked = Some(id);
        ClientFrame::Kept { id, look }
    }

    /// Opens one of them.
    pub fn open_kept(&mut self, conversation: &str) -> ClientFrame {
        let id = self.next_id();
        self.kept.asked_open = Some(id);
        self.kept.coming.clear();
        let look = KeptLook::Show(conversation.into());
        ClientFrame::Kept { id, look }
    }

    /// Makes one of them unreadable for good.
    pub fn forget(&mut self, conversation: &str) -> ClientFrame {
        let id = self.next_id();
        self.kept.forgotten = Edited::Waiting(id);
        self.kept.forgets = conversation.into();
        let look = KeptLook::Forget(conversation.into());
        ClientFrame::Kept { id, look }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use loqa_protocol::{PrivacyScope, QosTier, SessionId, TurnId};

    fn listed(id: &str) -> Value {
        json!({ "id": id, "person": null, "scope": "session", "begun_ms": 1, "last_ms": 2,
            "turns": 1, "events": 1, "title": "turn on the light" })
    }

    #[test]
    fn a_conversation_is_opened_exported_and_forgotten() {
        let mut model = Model::default();
        let id = model.look_for_kept(" ").id();
        let json = json!([listed("0a"), listed("0b")]).to_string();
        assert_eq!(model.apply(ServerFrame::Json { id, json }, 0.0), None);
        assert_eq!(model.kept.list.as_ref().map(Vec::len), Some(2));
        let id = model.open_kept("0a").id();
        let summary = TurnSummary {
            text: "turn on the light".into(),
            ..TurnSummary::default()
        };
        let envelope = Envelope {
            trace_id: 1,
            session_id: SessionId(10),
            turn: Some(TurnId(1)),
            actor_id: String::new(),
            origin: "hub".into(),
            seq: 4,
            at_ms: 7,
            capability_tier: QosTier::Fast,
            privacy_scope: PrivacyScope::Session,
            event: Event::TurnSummary(summary),
        };
        for text in ["turn", "turn"] {
            let envelope = Envelope {
                event: Event::SttPartial { text: text.into() },
                ..envelope.clone()
            };
            model.apply(ServerFrame::Event { id, envelope }, 0.0);
        }
        model.apply(ServerFrame::Event { id, envelope }, 0.0);
        let json = json!({ "conversation": listed("0a"), "damaged": 0 }).to_string();
        model.apply(ServerFrame::Json { id, json }, 0.0);
        let open = model.kept.open.clone().unwrap();
        let told: Vec<_> = open.turns().map(|(at, it)| (at, &*it.text)).collect();
        assert_eq!(told, [(7, "turn on the light")]);
        let steps: Vec<_> = open.steps().into_iter().map(|it| it.heard).collect();
        assert_eq!(steps, ["turn", "turn on the light"]);
        let exported: Value = serde_json::from_str(&open.exported()).unwrap();
        assert_eq!(exported["events"][2]["subject"], "turn.summary");
        assert_eq!(exported["events"][2]["text"], "turn on the light");
        assert_eq!(exported["conversation"]["id"], "0a");
        let id = model.forget("0a").id();
        let next = model.apply(ServerFrame::Done { id }, 0.0);
        assert!(matches!(next, Some(ClientFrame::Kept { .. })), "{next:?}");
        assert_eq!(model.kept.open, None);
    }
}
