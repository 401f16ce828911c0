//! What is said first: which version, who, what for; and what the hub makes of it. Pure.

use loqa_protocol::{
    Problem,
    link::{AudioCodec, Hello, NodeRole, Offer, Welcome},
};
use std::ops::RangeInclusive;

/// Versions of the link that this program speaks.
pub const VERSIONS: RangeInclusive<u32> = 1..=1;
/// Bytes of a frame of the control stream: a hello with all that it may have has less than half of it.
pub const MOST_BYTES: usize = 64 << 10;
const MOST_OFFERS: usize = 64;
const MOST_NAME: usize = 100;

/// Who says it.
#[derive(Clone, Debug, Default)]
pub struct Me {
    /// As people call it: the node, or the household.
    pub name: String,
    /// The program, and which version.
    pub software: String,
    /// What a node is there for; a hub has none.
    pub roles: Vec<NodeRole>,
    /// What a node can do; likewise.
    pub offers: Vec<Offer>,
    /// How it encodes live audio, the dearest first; with none, as PCM.
    pub codecs: Vec<AudioCodec>,
}

impl Me {
    /// As a node says it.
    pub fn hello(&self) -> Hello {
        Hello {
            oldest_version: *VERSIONS.start(),
            newest_version: *VERSIONS.end(),
            name: self.name.clone(),
            software: self.software.clone(),
            roles: self.roles.clone(),
            offers: self.offers.clone(),
            codecs: self.codecs.clone(),
        }
    }

    /// What a hub answers.
    ///
    /// # Errors
    /// Why it does not want that node, and what somebody can do.
    pub fn welcome(&self, hello: &Hello) -> Result<Welcome, Problem> {
        let problem = |code: &str, message: String, help: &str| Problem {
            code: code.into(),
            message,
            help: help.into(),
        };
        let (oldest, newest) = (hello.oldest_version, hello.newest_version);
        let version = newest.min(*VERSIONS.end());
        if oldest > newest || version < oldest.max(*VERSIONS.start()) {
            let older = newest < *VERSIONS.start();
            let (first, last) = (VERSIONS.start(), VERSIONS.end());
            return Err(problem(
                "link_version",
                format!(
                    "the node speaks versions {oldest} to {newest} of the link, the hub {first} to {last}"
                ),
                if older {
                    "update the node"
                } else {
                    "update the hub"
                },
            ));
        }
        let named = |name: &str| name.len() <= MOST_NAME && !name.chars().any(char::is_control);
        if hello.name.is_empty() || !named(&hello.name) || !named(&hello.software) {
            return Err(problem(
                "link_name",
                format!("a node's name has 1 to {MOST_NAME} bytes and no control characters"),
                "give the node another name in its node.toml",
            ));
        }
        well(&hello.offers).map_err(|words| problem("link_offers", words, "update the node"))?;
        // Theirs counts: the weaker machine is theirs.
        let knows = |codec: &&AudioCodec| self.codecs.contains(codec);
        let codec = hello.codecs.iter().find(knows);
        Ok(Welcome {
            version,
            name: self.name.clone(),
            software: self.software.clone(),
            codec: codec.copied().unwrap_or(AudioCodec::Pcm16),
        })
    }
}

/// Whether a node may say that it can do this.
pub fn well(offers: &[Offer]) -> Result<(), String> {
    let long = |offer: &Offer| offer.capability.to_string().len() > MOST_NAME;
    if offers.len() > MOST_OFFERS {
        return Err(format!(
            "a node offers {} things, and no more than {MOST_OFFERS} are looked at",
            offers.len()
        ));
    }
    if offers.iter().any(long) {
        return Err(format!("a capability has more than {MOST_NAME} bytes"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hub() -> Me {
        Me {
            name: "Home".into(),
            codecs: vec![AudioCodec::Opus, AudioCodec::Pcm16],
            ..Me::default()
        }
    }

    fn hello() -> Hello {
        Hello {
            oldest_version: 1,
            newest_version: 1,
            name: "kitchen".into(),
            ..Hello::default()
        }
    }

    #[test]
    fn the_newest_version_that_both_speak_counts() {
        let version = |oldest_version, newest_version| {
            let hello = Hello {
                oldest_version,
                newest_version,
                ..hello()
            };
            hub().welcome(&hello).map(|it| it.version)
        };
        assert_eq!(version(1, 1), Ok(1));
        assert_eq!(version(0, 7), Ok(1));
        let help = |oldest, newest| version(oldest, newest).unwrap_err().help;
        assert_eq!(help(0, 0), "update the node");
        assert_eq!(help(2, 7), "update the hub");
        assert_eq!(help(7, 1), "update the hub");
    }

    #[test]
    fn audio_goes_as_the_node_likes_it_best_of_what_the_hub_knows() {
        let codec = |codecs: &[AudioCodec]| {
            let codecs = codecs.to_vec();
            let hello = Hello { codecs, ..hello() };
            hub().welcome(&hello).unwrap().codec
        };
        assert_eq!(
            codec(&[AudioCodec::Opus, AudioCodec::Pcm16]),
            AudioCodec::Opus
        );
        assert_eq!(
            codec(&[AudioCodec::Pcm16, AudioCodec::Opus]),
            AudioCodec::Pcm16
        );
        assert_eq!(codec(&[]), AudioCodec::Pcm16);
    }

    #[test]
    fn a_node_with_an_odd_name_or_too_many_talents_is_told_so() {
        let code = |hello| hub().welcome(&hello).unwrap_err().code;
        let name = |name: &str| Hello {
            name: name.into(),
            ..hello()
        };
        assert_eq!(code(name("")), "link_name");
        assert_eq!(code(name("a\nb")), "link_name");
        assert_eq!(code(name(&"a".repeat(101))), "link_name");
        let offer = Offer {
            capability: "stt.whisper:base".parse().unwrap(),
            slots: 1,
            running: 0,
            rtf_permille: 0,
            first_ms: 0,
        };
        let offers = vec![offer; 65];
        assert_eq!(code(Hello { offers, ..hello() }), "link_offers");
    }
}
