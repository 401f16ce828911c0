//! How turns go, and what Loqa says of itself.

use std::time::Duration;

/// How the machine behaves.
#[derive(Clone, PartialEq, Debug)]
pub struct TurnConfig {
    /// Hypotheses in a row with the same words that make them worth a plan.
    pub stable_hypotheses: u32,
    /// After a commit, speech that begins within this time may be a further step.
    pub continuation: Duration,
    /// A commit that takes longer is bridged by [`filler`](Phrases::filler).
    pub filler_after: Duration,
    /// How long Loqa waits for the answer to its question.
    pub patience: Duration,
    /// How long for a PIN, which somebody may have to walk to a screen for.
    pub pin_patience: Duration,
    /// A recogniser without a final hypothesis after this time has failed.
    pub final_timeout: Duration,
    /// A commit without a result after this time counts as failed.
    pub commit_timeout: Duration,
    /// Whether a language model answers what no command covers.
    pub open_questions: bool,
    /// An answer of it that takes longer to begin is bridged by [`filler`](Phrases::filler).
    pub ponder: Duration,
    /// One that has not begun after this time will not.
    pub answer_timeout: Duration,
    /// How long the last exchange counts as being talked about; what was said before goes with it.
    pub remember: Duration,
    /// Longer than any utterance or reply; ends what the shell forgot.
    pub longest: Duration,
    /// Say that something was not understood even if it may not have been meant for Loqa.
    pub answer_rejected: bool,
    /// Speak the replies of typed turns.
    pub speak_typed: bool,
    /// What Loqa says of itself.
    pub phrases: Phrases,
}

/// What Loqa says of itself.
#[derive(Clone, PartialEq, Eq, Debug)]
#[allow(missing_docs, reason = "each is named after the moment it is said in")]
pub struct Phrases {
    pub not_understood: String,
    pub not_heard: String,
    pub filler: String,
    pub never_mind: String,
    pub declined: String,
    pub changed: String,
    pub nothing_to_repeat: String,
    pub no_result: String,
    pub already_done: String,
    pub no_answer: String,
    pub nothing_done: String,
    pub shown: String,
    pub wrong_pin: String,
    pub no_pin: String,
    pub pin_locked: String,
}

impl Default for Phrases {
    fn default() -> Self {
        Phrases {
            not_understood: "I didn't get that.".into(),
            not_heard: "Sorry, I couldn't hear that.".into(),
            filler: "One moment.".into(),
            never_mind: "Never mind.".into(),
            declined: "OK, I won't.".into(),
            changed: "Something changed in the meantime, so I did nothing.".into(),
            nothing_to_repeat: "I haven't said anything yet.".into(),
            no_result: "I don't know whether that worked.".into(),
            already_done: "I have already done that.".into(),
            no_answer: "I have no answer to that right now.".into(),
            nothing_done: "I didn't do anything: say it another way.".into(),
            shown: "I've put it on the screen.".into(),
            wrong_pin: "That is not the PIN. What is the PIN?".into(),
            no_pin: "I need the PIN for that, digit by digit. What is the PIN?".into(),
            pin_locked: "That was wrong too often. Try again in a minute.".into(),
        }
    }
}

impl Default for TurnConfig {
    fn default() -> Self {
        TurnConfig {
            stable_hypotheses: 3,
            continuation: Duration::from_millis(1500),
            filler_after: Duration::from_millis(60),
            patience: Duration::from_secs(8),
            pin_patience: Duration::from_secs(20),
            final_timeout: Duration::from_secs(3),
            commit_timeout: Duration::from_secs(10),
            open_questions: false,
            ponder: Duration::from_millis(1200),
            answer_timeout: Duration::from_secs(15),
            remember: Duration::from_secs(120),
            longest: Duration::from_secs(60),
            answer_rejected: false,
            speak_typed: false,
            phrases: Phrases::default(),
        }
    }
}
