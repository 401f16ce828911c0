//! The replies of a session: made by a voice somewhere, sent on as they come, and as long as they take to be heard.

use super::{
    hub::{Due, Hub, Soon},
    jobs::Purpose,
    world::{MS, World},
};
use loqa_core::turn::{Input, ReplyId};
use loqa_protocol::{
    AudioFormat, JobFrame, JobOptions, PrivacyScope, ServerFrame, SessionId, TurnId, UtteranceId,
};
use std::time::Duration;

impl Hub {
    /// Begins to make a reply of these words; the job of it.
    pub fn voice(&mut self, key: u64, reply: ReplyId, text: &str, world: &mut World) -> u64 {
        let (mut utterance, mut scope) = (None, PrivacyScope::default());
        if let Some(session) = self.sessions.get_mut(&key) {
            session.replies.insert(reply, 0);
            (utterance, scope) = (Some(session.utterance()), session.scope);
        }
        let utterance = utterance.unwrap_or(UtteranceId {
            session: SessionId(0),
            turn: TurnId(0),
        });
        let options = JobOptions::Synthesize {
            voice: "slt".into(),
            speed_permille: 0,
        };
        let job = self.begin_job(key, Purpose::Speak(reply), utterance, scope, options, world);
        self.say(job, JobFrame::Text { text: text.into() });
        job
    }

    /// A piece of a reply.
    pub fn voiced(
        &mut self,
        key: u64,
        reply: ReplyId,
        format: AudioFormat,
        samples: Vec<f32>,
        world: &mut World,
    ) {
        let Some(session) = self.sessions.get_mut(&key) else {
            return;
        };
        let at = world.now - session.began;
        let Some(letters) = session.replies.get_mut(&reply) else {
            return;
        };
        if *letters == 0 {
            world.witness.audible(session.id, reply, true);
            let started = Input::ReplyStarted {
                reply,
                audio_ready: at,
                at,
            };
            self.due.push_back(Due::Input(key, started));
        }
        *letters += samples.len();
        let id = session.request.unwrap_or(0);
        let speech = ServerFrame::Speech {
            id,
            format,
            samples,
        };
        self.answer(key, speech, world);
    }

    /// All of a reply was made: it ends when it was heard.
    pub fn voice_ends(&mut self, key: u64, reply: ReplyId, world: &mut World) {
        let session = self.sessions.get(&key);
        if let Some(letters) = session.and_then(|it| it.replies.get(&reply)) {
            let lasts = *letters as u32 * 12 * MS;
            self.soon.put(world.now + lasts, Soon::Said(key, reply));
        }
    }

    /// There is no more of a reply.
    pub fn voice_fails(&mut self, key: u64, reply: ReplyId, world: &mut World) {
        if let Some(session) = self.sessions.get_mut(&key) {
            session.replies.remove(&reply);
            world.witness.audible(session.id, reply, false);
            let heard = Duration::ZERO;
            self.due
                .push_back(Due::Input(key, Input::ReplyEnded { reply, heard }));
        }
    }
}
