//! What comes from a stranger ends in a value or in a refusal, and never in a panic: a target for each parser.
//!
//! Here each is given some thousand inputs by chance (`BOLERO_RANDOM_ITERATIONS` for more). Where libFuzzer or AFL is, an
//! engine that follows the paths of the program drives the same targets:
//! `cargo bolero test --package loqa-tests packets::datagrams_of_audio`.

mod files;
mod frames;
mod packets;
mod pairing;
mod sent;

/// A target: `body` is given bytes that are any, or that were those of a seed before somebody changed them.
macro_rules! target {
    ($seeds:expr, |$bytes:ident| $body:expr) => {{
        let seeds: Vec<Vec<u8>> = $seeds;
        target!(|sent| {
            let $bytes: &[u8] = &sent.bytes(&seeds);
            $body
        })
    }};
    (|$sent:ident| $body:expr) => {
        bolero::check!()
            .with_type::<crate::sent::Sent>()
            .with_iterations(crate::sent::TIMES)
            .with_test_time(crate::sent::LONGEST)
            .for_each(crate::sent::apart(|$sent| $body))
    };
}
use target;
