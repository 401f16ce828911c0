//! Whoever watches, and knows what must never be.

use super::{
    house::{House, UNSAVED, kept},
    node::NodeConfig,
    world::Machine,
};
use loqa_core::{resilience::Breaker, turn::ReplyId};
use loqa_engine::event_store::{self, EventStore};
use loqa_protocol::{JobFrame, PrivacyScope, SessionId, TurnId, TurnSummary, UtteranceId};
use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
    time::Duration,
};

/// Nobody may be taken at a word that comes later after the question.
const PATIENCE: Duration = Duration::from_millis(8500);
/// No turn of these households lasts longer.
const LONGEST_TURN: Duration = Duration::from_secs(35);

/// What was seen, and what was wrong with it.
#[derive(Default)]
pub struct Witness {
    pub wrong: Vec<String>,
    /// What of it.
    scopes: BTreeMap<SessionId, PrivacyScope>,
    secrets: BTreeSet<String>,
    rooms: BTreeMap<Machine, PrivacyScope>,
    /// Said by whom, in their order.
    said: Vec<(Machine, String)>,
    /// How often each thing was done.
    pub done: BTreeMap<String, usize>,
    turns: BTreeMap<(SessionId, TurnId), Duration>,
    ended: BTreeSet<(SessionId, TurnId)>,
    /// What was acknowledged, and is durable.
    acknowledged: BTreeMap<String, UtteranceId>,
    jobs: BTreeMap<(usize, u64, u32), SessionId>,
    breakers: BTreeMap<usize, Breaker>,
    finals: BTreeMap<SessionId, usize>,
    commits: BTreeMap<SessionId, BTreeSet<UtteranceId>>,
    asked: BTreeMap<SessionId, (String, Duration)>,
    /// When somebody last said so.
    yes: Duration,
    audible: BTreeMap<SessionId, BTreeSet<ReplyId>>,
}

impl Witness {
    pub fn wrong(&mut self, what: String) {
        self.wrong.push(what);
    }

    pub fn room(&mut self, machine: Machine, scope: PrivacyScope) {
        self.rooms.insert(machine, scope);
    }

    pub fn session(&mut self, session: SessionId, scope: PrivacyScope) {
        self.scopes.insert(session, scope);
    }

    pub fn says(&mut self, at: Machine, text: &str, now: Duration) {
        if text == "yes" {
            self.yes = now;
        }
        if self.rooms.get(&at) == Some(&PrivacyScope::Ephemeral) {
            let secret = text.split_whitespace().last();
            self.secrets
                .extend(secret.filter(|it| it.len() > 7).map(str::to_owned));
        }
        self.said.push((at, text.to_owned()));
    }

    /// How often somebody has asked for it.
    fn wanted(&self, deed: &str) -> usize {
        let Some((kind, what)) = deed.split_once(' ') else {
            return 0;
        };
        let sentence = match kind {
            "light" => format!("the {what} light"),
            "unlock" => format!("the {what} door"),
            _ => format!("{} minutes", minutes(what)),
        };
        self.said
            .iter()
            .filter(|(_, text)| text.contains(&sentence))
            .count()
    }

    /// What somebody has plainly asked for and was not done.
    pub fn undone(&self) -> Vec<String> {
        let lamps = super::house::LAMPS
            .iter()
            .map(|lamp| format!("light {lamp}"));
        let wanted = lamps.filter(|deed| self.wanted(deed) > 0);
        wanted
            .filter(|deed| !self.done.contains_key(deed))
            .collect()
    }

    /// A thing of the world was commanded.
    pub fn done(&mut self, session: SessionId, deed: &str) {
        let wanted = self.wanted(deed);
        let times = self.done.entry(deed.into()).or_default();
        *times += 1;
        if *times > wanted {
            let times = *times;
            self.wrong(format!(
                "“{deed}” was done {times} times and asked for {wanted} times"
            ));
        }
        let asked = self.asked.get(&session);
        let answered = asked.is_some_and(|(asked, at)| {
            asked.contains(deed) && self.yes > *at && self.yes < *at + PATIENCE
        });
        if deed.starts_with("unlock") && !answered {
            self.wrong(format!("“{deed}” without a question and a yes to it"));
        }
    }

    pub fn turn_began(&mut self, session: SessionId, turn: TurnId, now: Duration) {
        self.turns.entry((session, turn)).or_insert(now);
    }

    pub fn turn_ended(
        &mut self,
        session: SessionId,
        turn: TurnId,
        summary: &TurnSummary,
        now: Duration,
    ) {
        if !self.ended.insert((session, turn)) {
            self.wrong(format!("turn {turn} ended twice"));
        }
        if let Some(began) = self.turns.remove(&(session, turn))
            && now > began + LONGEST_TURN
        {
            self.wrong(format!("turn {turn} took {:?}", now - began));
        }
        let reply = &summary.reply;
        if !["", "Sorry, I couldn't hear that."].contains(&reply.as_str()) {
            self.asked.insert(session, (reply.clone(), now));
        }
        if reply.matches("Says ").count() > 1 || reply.matches("That is why").count() > 1 {
            self.wrong(format!("two answers in one reply: {reply}"));
        }
        for deed in reply
            .split(". ")
            .filter_map(|it| it.trim_end_matches('.').strip_prefix("Did "))
        {
            if !self.done.contains_key(deed) {
                self.wrong(format!("“{deed}” was said to be done and was not"));
            }
        }
    }

    /// A reply is audible, or no longer.
    pub fn audible(&mut self, session: SessionId, reply: ReplyId, is: bool) {
        let audible = self.audible.entry(session).or_default();
        match is {
            true => audible.insert(reply),
            false => audible.remove(&reply),
        };
        if audible.len() > 1 {
            self.wrong("two replies at a time".into());
        }
    }

    /// A session ended with whoever held it.
    pub fn session_over(&mut self, session: SessionId) {
        self.turns.retain(|(of, _), _| *of != session);
        self.audible.remove(&session);
    }

    /// The final words of a job, and those that were in its audio.
    pub fn finally(&mut self, session: SessionId, text: &str, truth: &str) {
        *self.finals.entry(session).or_default() += 1;
        if text != truth {
            self.wrong(format!("“{truth}” was said and “{text}” understood"));
        }
    }

    pub fn committed(&mut self, utterance: UtteranceId) {
        let commits = self.commits.entry(utterance.session).or_default();
        commits.insert(utterance);
        let finals = self.finals.get(&utterance.session).copied().unwrap_or(0);
        if commits.len() > finals {
            self.wrong(format!(
                "{} was committed before its words were final",
                utterance.turn
            ));
        }
    }

    /// The machine was told that these were done.
    pub fn acknowledged(&mut self, utterance: UtteranceId, deeds: Vec<String>, reply: &str) {
        if !reply.contains(UNSAVED) {
            let deeds = deeds.into_iter().map(|deed| (deed, utterance));
            self.acknowledged.extend(deeds);
        }
    }

    /// The hub starts: it has learnt nothing of its nodes yet.
    pub fn hub_started(&mut self, house: &House) {
        self.breakers.clear();
        self.look(house);
    }

    /// What the hub knows after a start, or at the end.
    pub fn look(&mut self, house: &House) {
        let household = house.store.snapshot();
        let acknowledged = self.acknowledged.clone();
        for (deed, utterance) in acknowledged {
            if !kept(&household, &deed) {
                self.wrong(format!("“{deed}” was acknowledged and is lost"));
            }
            if !house.knows(utterance) {
                self.wrong(format!("the ledger does not know what did “{deed}”"));
            }
        }
    }

    /// Attempts of one job.
    pub fn attempts(&mut self, running: usize) {
        if running > 2 {
            self.wrong(format!("{running} attempts of one job at a time"));
        }
    }

    pub fn node_failed(&mut self, node: usize, now: Duration) {
        self.breakers.entry(node).or_default().failed(now);
    }

    pub fn node_answered(&mut self, node: usize) {
        self.breakers.entry(node).or_default().succeeded();
    }

    /// A new job may go there.
    pub fn considered(&mut self, node: usize, now: Duration) {
        if let Some(left) = self.breakers.get(&node).and_then(|it| it.rests(now)) {
            self.wrong(format!(
                "node {node} was asked though it rests for {left:?}"
            ));
        }
    }

    /// A node gets a frame of a job.
    pub fn came_to_node(&mut self, way: (usize, u64, u32), node: &NodeConfig, frame: &JobFrame) {
        if let JobFrame::Open { utterance, .. } = frame {
            self.jobs.insert(way, utterance.session);
        }
        let scope = self.jobs.get(&way).and_then(|it| self.scopes.get(it));
        if scope.is_none_or(|scope| node.may_hear > *scope) {
            self.wrong(format!("{} was told what it may not hear", node.name));
        }
    }

    /// A frame of the microphone at its place on the sample clock.
    pub fn frame(&mut self, at: usize, ordinal: usize) {
        if at != ordinal {
            self.wrong(format!("frame {ordinal} was heard as frame {at}"));
        }
    }

    /// Turns that began and did not end in time.
    pub fn overdue(&mut self, now: Duration) {
        let late = self
            .turns
            .iter()
            .find(|(_, began)| now > **began + LONGEST_TURN);
        if let Some(((_, turn), _)) = late {
            let turn = *turn;
            self.turns.clear();
            self.wrong(format!("turn {turn} does not end"));
        }
    }

    /// What the hub has written, byte by byte and, where it is sealed, as who has the keys reads it.
    pub fn read(&mut self, house: &House, folder: &Path) {
        let before = || {
            let keys = house.store.keys()?;
            let kept = folder.join(event_store::FILE).exists();
            kept.then(|| EventStore::in_folder(folder, keys))
        };
        if let Some(events) = house.events.clone().or_else(before) {
            // One that cannot settle has lost events, and kept none too many.
            let _ = events.settle();
            let listed = events.list(None, 1000).unwrap_or_default();
            for conversation in listed {
                if self.scopes.get(&conversation.id) == Some(&PrivacyScope::Ephemeral) {
                    self.wrong("a conversation is kept of which nothing may be".into());
                }
            }
            events.close();
        }
        if self.secrets.is_empty() {
            return;
        }
        let files = std::fs::read_dir(folder).into_iter().flatten().flatten();
        for file in files.filter(|it| it.path().is_file()) {
            let bytes = std::fs::read(file.path()).unwrap_or_default();
            let found = self
                .secrets
                .iter()
                .find(|it| memchr::memmem::find(&bytes, it.as_bytes()).is_some());
            if let Some(word) = found {
                let wrong = format!("“{word}” is in {:?}", file.file_name());
                self.wrong(wrong);
            }
        }
    }
}

fn minutes(seconds: &str) -> &'static str {
    let number: usize = seconds.parse().unwrap_or(0);
    let names = super::house::MINUTES;
    (number / 60)
        .checked_sub(2)
        .and_then(|at| names.get(at))
        .copied()
        .unwrap_or("no")
}
