//! Logs on standard error, their last lines in memory, and the span of a turn. Words of people never become a log field:
//! [`Redacted`] stands in for them.

mod recent;

pub use recent::{Line, lines};

use loqa_protocol::{PrivacyScope, QosTier, TurnSummary, UtteranceId};
use recent::Recent;
use std::{fmt, io::IsTerminal};
use tracing::{Span, field::Empty};
use tracing_subscriber::{
    EnvFilter, filter::LevelFilter, layer::SubscriberExt, util::SubscriberInitExt,
};

/// Overrides `-v`: a level, or directives such as `loqa_engine=debug,warn`.
pub const LOG_VARIABLE: &str = "LOQA_LOG";
/// Stays silent whatever the variable says.
const SILENCED: &str = "misaki_rs=off";
/// `json` for one JSON document per line.
pub const FORMAT_VARIABLE: &str = "LOQA_LOG_FORMAT";

/// Starts logging to standard error; standard output belongs to the command.
///
/// A hub that stays up tells what it does (info), other commands only what went wrong (warn): their
/// standard error is read by the person who typed them. Each `-v` tells more. Later calls change
/// nothing.
pub fn init(verbose: u8, stays_up: bool) {
    let level = match verbose + u8::from(stays_up) {
        0 => LevelFilter::WARN,
        1 => LevelFilter::INFO,
        2 => LevelFilter::DEBUG,
        _ => LevelFilter::TRACE,
    };
    let filter = EnvFilter::builder()
        .with_default_directive(level.into())
        .with_env_var(LOG_VARIABLE)
        .from_env_lossy();
    // What makes phonemes of a reply logs its words.
    let filter = match SILENCED.parse() {
        Ok(silenced) => filter.add_directive(silenced),
        Err(_) => filter,
    };
    let plain = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    let logs = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal() && !plain)
        .with_target(verbose > 0);
    // An error means that a program which embeds the engine logs its own way already.
    let _ = if std::env::var(FORMAT_VARIABLE).is_ok_and(|format| format == "json") {
        logs.json().finish().with(Recent).try_init()
    } else {
        logs.finish().with(Recent).try_init()
    };
}

/// Something said by or to a person: shows its length and nothing else.
#[derive(Clone, PartialEq, Eq)]
pub struct Redacted<T>(pub T);

impl<T: AsRef<str>> fmt::Display for Redacted<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[{} characters]", self.0.as_ref().chars().count())
    }
}

impl<T: AsRef<str>> fmt::Debug for Redacted<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The span everything of one turn happens in. Its times are filled in by [`record_turn`].
pub fn turn_span(utterance: UtteranceId, tier: QosTier, scope: PrivacyScope) -> Span {
    tracing::info_span!(
        "turn",
        session = %utterance.session,
        turn = utterance.turn.0,
        ?tier,
        ?scope,
        class = Empty,
        speculation = Empty,
        rejected = Empty,
        ttfa_ms = Empty,
        result_ms = Empty,
        endpoint_delay_ms = Empty,
        stt_final_ms = Empty,
        prepare_ms = Empty,
        commit_ms = Empty,
        tts_first_chunk_ms = Empty,
        playback_ms = Empty,
    )
}

/// Writes a finished turn's figures (and none of its words) into its span.
pub fn record_turn(span: &Span, summary: &TurnSummary) {
    if let Some(class) = summary.class {
        span.record("class", tracing::field::debug(class));
    }
    span.record("speculation", tracing::field::debug(summary.speculation));
    span.record("rejected", summary.rejected);
    let times = [
        ("ttfa_ms", summary.ttfa_ms),
        ("result_ms", summary.result_ms),
        ("endpoint_delay_ms", summary.endpoint_delay_ms),
        ("stt_final_ms", summary.hops.stt_final_ms),
        ("prepare_ms", summary.hops.prepare_ms),
        ("commit_ms", summary.hops.commit_ms),
        ("tts_first_chunk_ms", summary.hops.tts_first_chunk_ms),
        ("playback_ms", summary.hops.playback_ms),
    ];
    for (name, value) in times {
        if let Some(value) = value {
            span.record(name, value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use loqa_protocol::{SessionId, TurnId};
    use std::{
        io::Write,
        sync::{Arc, Mutex},
    };

    #[derive(Clone, Default)]
    struct Log(Arc<Mutex<Vec<u8>>>);

    impl Write for Log {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_turn_logs_its_times_and_none_of_its_words() {
        let log = Log::default();
        let writer = log.clone();
        let subscriber = tracing_subscriber::fmt()
            .json()
            .with_writer(move || writer.clone())
            .finish();
        tracing::subscriber::with_default(subscriber, || {
            let utterance = UtteranceId {
                session: SessionId(7),
                turn: TurnId(2),
            };
            let span = turn_span(utterance, QosTier::Fast, PrivacyScope::Ephemeral);
            let words = "unlock the front door".to_owned();
            let summary = TurnSummary {
                text: words.clone(),
                ttfa_ms: Some(64.0),
                ..TurnSummary::default()
            };
            record_turn(&span, &summary);
            tracing::info!(parent: &span, heard = ?Redacted(&words), "turn ended");
        });
        let log = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
        assert!(
            log.contains("\"ttfa_ms\":64.0") && log.contains("[21 characters]"),
            "{log}"
        );
        assert!(!log.contains("unlock"), "{log}");
    }
}
