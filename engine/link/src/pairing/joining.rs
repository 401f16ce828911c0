//! The node's side of pairing.

use super::{
    About, Frame, Opening, Reason, Role, VERSIONS,
    exchange::{Agreed, Keys, Share, hello},
    frame::Incoming,
};
use crate::{PublicKey, trust::Vouched};
use loqa_protocol::NodeId;
use rustls::pki_types::CertificateDer;
use std::time::Instant;

/// A node that joins. One for each connection; [`Joining::over`] tells when to close that.
pub struct Joining {
    state: State,
    keys: Keys,
    about: About,
    until: Instant,
    incoming: Incoming,
}

enum State {
    Greeted { share: Share, hello: Vec<u8> },
    Proved { agreed: Agreed, nonce: [u8; 32] },
    Confirmed,
    Over,
}

/// What comes of bytes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Step {
    /// Send these bytes to the hub.
    Send(Vec<u8>),
    /// Show these words: the person compares them with those on the hub.
    Words([&'static str; 3]),
    /// The node belongs to the household. The last step.
    Joined(Joined),
    /// It does not, and why. The last step.
    Failed(Reason),
}

/// What a node keeps of its pairing.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Joined {
    /// The hub, to be pinned.
    pub hub: NodeId,
    /// The household's name, for people.
    pub household: String,
    /// Who vouches for its nodes.
    pub authority: CertificateDer<'static>,
    /// Vouches for this node.
    pub certificate: CertificateDer<'static>,
}

impl Joining {
    /// Begins, and what to send first. `own` and `hub` are the keys of the channel; of `opening`'s
    /// secrets the first is used. A hub that cannot prove that it knows it too costs a try.
    ///
    /// # Errors
    /// The opening is over, or is for another hub.
    pub fn start(
        opening: &mut Opening,
        own: PublicKey,
        hub: PublicKey,
        about: About,
        now: Instant,
    ) -> Result<(Joining, Vec<u8>), Reason> {
        if let Some(reason) = opening.ended(now) {
            return Err(reason);
        }
        if !opening.allows(hub.node()) {
            return Err(Reason::AnotherKey);
        }
        let keys = Keys { node: own, hub };
        let secret = opening.secrets().first().ok_or(Reason::Closed)?;
        let share = Share::new(Role::Node, secret, keys).ok_or(Reason::Failed)?;
        let hello = hello(secret, &share).encode();
        let joining = Joining {
            state: State::Greeted {
                share,
                hello: hello.clone(),
            },
            keys,
            about,
            until: opening.until(),
            incoming: Incoming::default(),
        };
        Ok((joining, hello))
    }

    /// When [`Joining::receive`] is to be called without bytes.
    pub fn until(&self) -> Instant {
        self.until
    }

    /// Whether there is nothing more to be said.
    pub fn over(&self) -> bool {
        matches!(self.state, State::Over)
    }

    /// Takes what has come from the hub, in pieces of any size.
    pub fn receive(&mut self, mut bytes: &[u8], opening: &mut Opening, now: Instant) -> Vec<Step> {
        let mut steps = Vec::new();
        if !self.over() && now >= self.until {
            self.fail(Reason::Expired, &mut steps);
        }
        while !self.over() {
            match self.incoming.take(&mut bytes) {
                Ok(Some((frame, whole))) => self.hear(frame, &whole, opening, &mut steps),
                Ok(None) => break,
                Err(_) => self.fail(Reason::Malformed, &mut steps),
            }
        }
        steps
    }

    /// The connection has ended before that.
    pub fn gone(&mut self) -> Vec<Step> {
        let mut steps = Vec::new();
        if !self.over() {
            self.state = State::Over;
            steps.push(Step::Failed(Reason::Closed));
        }
        steps
    }

    fn hear(&mut self, frame: Frame, whole: &[u8], opening: &mut Opening, steps: &mut Vec<Step>) {
        match (std::mem::replace(&mut self.state, State::Over), frame) {
            (_, Frame::Refused(reason)) => steps.push(Step::Failed(reason)),
            (
                State::Greeted { share, hello },
                Frame::Answer {
                    version,
                    share: other,
                    ..
                },
            ) => {
                if !(VERSIONS.0..=VERSIONS.1).contains(&version) {
                    return self.fail(Reason::Version, steps);
                }
                // Whoever gets the proof can compare it with one guess, so each is a try.
                if let Some(reason) = opening.spent() {
                    return self.fail(reason, steps);
                }
                let nonce = share.nonce;
                let Some(agreed) = share.finish(&other, &hello, whole) else {
                    return self.fail(Reason::Malformed, steps);
                };
                opening.missed();
                let tag = agreed.prove(Role::Node, &nonce);
                steps.push(Step::Send(Frame::NodeProof { nonce, tag }.encode()));
                self.state = State::Proved { agreed, nonce };
            }
            (State::Proved { agreed, nonce }, Frame::HubProof { tag }) => {
                if !agreed.proves(Role::Hub, &nonce, &tag) {
                    return self.fail(Reason::Wrong, steps);
                }
                opening.give_back();
                opening.use_up();
                steps.push(Step::Send(Frame::About(self.about.clone()).encode()));
                steps.push(Step::Words(agreed.words(&nonce)));
                self.state = State::Confirmed;
            }
            (
                State::Confirmed,
                Frame::Welcome {
                    household,
                    authority,
                    certificate,
                },
            ) => {
                let vouched = Vouched::new(&authority).ok();
                if vouched.is_none_or(|it| it.own(&self.keys.node, &certificate).is_err()) {
                    return self.fail(Reason::Malformed, steps);
                }
                steps.push(Step::Joined(Joined {
                    hub: self.keys.hub.node(),
                    household,
                    authority,
                    certificate,
                }));
            }
            _ => self.fail(Reason::Malformed, steps),
        }
    }

    fn fail(&mut self, reason: Reason, steps: &mut Vec<Step>) {
        self.state = State::Over;
        steps.push(Step::Send(Frame::Refused(reason).encode()));
        steps.push(Step::Failed(reason));
    }
}
