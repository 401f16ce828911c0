//! A spoken turn after its last word, hop by hop.

use loqa_protocol::TurnSummary;

/// Where each hop of a spoken turn began after the last word, and how long it took, ms.
pub fn waterfall(summary: &TurnSummary) -> Vec<(&'static str, f64, f64)> {
    let hops = &summary.hops;
    let mut at = 0.0;
    let in_order = [
        ("endpoint", hops.endpoint_ms),
        ("final", hops.stt_final_ms),
        ("commit", hops.commit_ms),
        ("voice", hops.tts_first_chunk_ms),
        ("playback", hops.playback_ms),
    ];
    in_order
        .into_iter()
        .filter_map(|(hop, ms)| {
            let ms = ms?.max(0.0);
            let bar = (hop, at, ms);
            at += ms;
            Some(bar)
        })
        .collect()
}
