//! What is told about a session: events in envelopes, finished turns with all their figures.

use super::{Keeps, SessionParts, Stimulus};
use crate::telemetry;
use jiff::{Timestamp, Zoned, tz::TimeZone};
use loqa_core::{grammar::Step, turn::Ended};
use loqa_protocol::{
    Envelope, Event, Partial, Placement, QosTier, SessionId, StepSummary, TurnId, TurnSummary,
    UtteranceId,
};
use std::{
    collections::{HashMap, VecDeque},
    sync::Arc,
    time::Duration,
};
use tokio::sync::mpsc;
use tracing::Span;

/// Speech that follows the commit by more than this was part of the command, shorter is the end
/// of its last word.
const LOST_SAMPLES: u64 = 3200;

/// Tells the world.
pub(super) struct Record {
    session: SessionId,
    sink: mpsc::Sender<Envelope>,
    origin: String,
    tier: QosTier,
    keeps: Arc<dyn Fn() -> Keeps + Send + Sync>,
    zone: TimeZone,
    seq: u64,
    placements: Vec<Placement>,
    turns: HashMap<TurnId, Told>,
}

/// A turn under way.
struct Told {
    span: Span,
    keeps: Keeps,
    /// What was believed, and when.
    partials: VecDeque<(Duration, String)>,
    /// When the person had finished, as the endpointer decided.
    ended: Option<Duration>,
}

impl Told {
    fn note(&mut self, event: &Event, now: Duration) {
        match event {
            Event::SttPartial { text } => {
                if self.partials.len() == TurnSummary::MAX_PARTIALS {
                    self.partials.pop_front();
                }
                self.partials.push_back((now, text.clone()));
            }
            Event::SpeechEnded { .. } => self.ended = Some(now),
            _ => {}
        }
    }

    /// Counted from the end of the last word, which was `endpoint_ms` before the decision; from the
    /// last partial if there was none.
    fn partials(&self, endpoint_ms: Option<f64>) -> Vec<Partial> {
        let ms = |moment: Duration| moment.as_secs_f64() * 1e3;
        let last = self.partials.back().map(|(at, _)| ms(*at));
        let decided = self.ended.zip(endpoint_ms);
        let zero = decided.map(|(at, delay)| ms(at) - delay).or(last);
        let partials = self.partials.iter().map(|(at, text)| Partial {
            at_ms: ms(*at) - zero.unwrap_or_default(),
            text: text.clone(),
        });
        partials.collect()
    }
}

impl Record {
    pub fn new(parts: &SessionParts) -> Record {
        Record {
            session: parts.id,
            sink: parts.events.clone(),
            origin: parts.origin.clone(),
            tier: parts.tier,
            keeps: parts.keeps.clone(),
            zone: parts.zone.clone(),
            seq: 0,
            placements: parts.placements.clone(),
            turns: HashMap::new(),
        }
    }

    /// Tells everybody; sheds when nobody listens fast enough.
    pub fn tell(&mut self, turn: TurnId, event: Event, now: Duration) {
        let (session, tier) = (self.session, self.tier);
        let told = self.turns.entry(turn).or_insert_with(|| {
            let keeps = (self.keeps)();
            Told {
                span: telemetry::turn_span(UtteranceId { session, turn }, tier, keeps.scope),
                keeps,
                partials: VecDeque::new(),
                ended: None,
            }
        });
        told.note(&event, now);
        tracing::debug!(parent: &told.span, subject = event.subject());
        let envelope = Envelope {
            trace_id: self.session.0 ^ (u128::from(turn.0) + 1),
            session_id: self.session,
            turn: Some(turn),
            actor_id: told.keeps.actor_id.clone(),
            origin: self.origin.clone(),
            seq: self.seq,
            at_ms: Timestamp::now().as_millisecond(),
            capability_tier: self.tier,
            privacy_scope: told.keeps.scope,
            event,
        };
        self.seq += 1;
        // Full: shed, as documented. Closed: nobody wants to know.
        let _ = self.sink.try_send(envelope);
    }

    /// Completes the summary of a turn and tells it. `heard` is the sample up to which the stimulus was fed.
    pub fn end(
        &mut self,
        ended: Ended,
        stimulus: Option<(&Stimulus, u64)>,
        now: Duration,
    ) -> TurnSummary {
        let (turn, asked) = (ended.turn, ended.open);
        let mut summary = complete(
            ended,
            stimulus,
            &Timestamp::now().to_zoned(self.zone.clone()),
        );
        // −0.0 would look odd in JSON.
        summary.endpoint_delay_ms = summary.endpoint_delay_ms.map(|ms| ms + 0.0);
        if let Some(told) = self.turns.get(&turn) {
            summary.partials = told.partials(summary.endpoint_delay_ms);
        }
        let heard = !summary.partials.is_empty() || summary.endpoint_delay_ms.is_some();
        let placements = self.placements.iter().cloned();
        summary.placements = placements
            .filter(|placement| match placement.capability.split('.').next() {
                Some("stt") => heard,
                Some("llm") => asked,
                _ => !summary.reply.is_empty(),
            })
            .collect();
        self.tell(turn, Event::TurnSummary(summary.clone()), now);
        if let Some(Told { span, .. }) = self.turns.remove(&turn) {
            telemetry::record_turn(&span, &summary);
            tracing::info!(parent: &span, steps = summary.steps.len(), "turn ended");
        }
        summary
    }
}

fn complete(ended: Ended, stimulus: Option<(&Stimulus, u64)>, now: &Zoned) -> TurnSummary {
    let Ended {
        mut summary,
        steps,
        acted_through,
        lost_speech,
        ..
    } = ended;
    summary.steps = steps.iter().map(|step| step_summary(step, now)).collect();
    if let Some(first) = summary.steps.first() {
        summary.intent = Some(first.intent.clone());
        summary.slots = first.slots.clone();
    }
    let Some((stimulus, through)) = stimulus else {
        return summary;
    };
    summary.file.clone_from(&stimulus.file);
    if let (Some(speech_end), Some(acted)) = (stimulus.speech_end, acted_through) {
        let spoken_later = lost_speech.is_some_and(|at| at < speech_end);
        let still_to_come = speech_end.saturating_sub(acted.max(through)) > LOST_SAMPLES;
        let cut_off = spoken_later || still_to_come;
        summary.cut_off = Some(cut_off);
        summary.early = Some(acted < speech_end && !cut_off);
    }
    summary
}

fn step_summary(step: &Step, now: &Zoned) -> StepSummary {
    StepSummary {
        intent: format!("{}.{}", step.skill, step.intent),
        slots: step
            .slots
            .iter()
            .map(|(name, value)| (name.clone(), value.to_json(now)))
            .collect(),
    }
}
