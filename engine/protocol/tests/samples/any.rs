//! Frames of any kind, with any values in them.

use super::*;
use proptest::prelude::*;

fn text() -> impl Strategy<Value = String> {
    "\\PC{0,12}"
}

fn pcm() -> impl Strategy<Value = Vec<f32>> {
    prop::collection::vec(-1.0_f32..=1.0, 0..40)
}

pub fn any_client_frame() -> impl Strategy<Value = ClientFrame> {
    let id = any::<u32>();
    prop_oneof![
        (id, text()).prop_map(|(id, text)| ClientFrame::Ask { id, text }),
        (
            id,
            prop::option::of(text()),
            any::<Option<u64>>(),
            any::<bool>()
        )
            .prop_map(|(id, file, speech_end, fast)| ClientFrame::AskAudio {
                id,
                file,
                speech_end,
                fast,
                called: None,
            }),
        (id, pcm()).prop_map(|(id, samples)| ClientFrame::Audio { id, samples }),
        id.prop_map(|id| ClientFrame::AudioEnd { id }),
        (id, any::<bool>()).prop_map(|(id, open)| ClientFrame::Transcribe { id, open }),
        (id, text(), prop::option::of(text()), any::<bool>()).prop_map(
            |(id, text, voice, to_client)| ClientFrame::Say {
                id,
                text,
                voice,
                to_client
            }
        ),
        id.prop_map(|id| ClientFrame::Subscribe { id }),
        id.prop_map(|id| ClientFrame::Watch { id }),
        (id, any::<bool>()).prop_map(|(id, muted)| ClientFrame::Mute { id, muted }),
    ]
}

fn any_slots() -> impl Strategy<Value = Map<String, Value>> {
    let value = prop_oneof![
        any::<i64>().prop_map(Value::from),
        any::<bool>().prop_map(Value::from),
        any::<i32>().prop_map(|number| Value::from(f64::from(number) / 8.0)),
        text().prop_map(Value::from),
    ];
    prop::collection::btree_map(text(), value, 0..4).prop_map(|slots| slots.into_iter().collect())
}

fn any_summary() -> impl Strategy<Value = TurnSummary> {
    let steps = prop::collection::vec(
        (text(), any_slots()).prop_map(|(intent, slots)| StepSummary { intent, slots }),
        0..3,
    );
    let class = prop::option::of(prop::sample::select(vec![
        LatencyClass::A,
        LatencyClass::B,
        LatencyClass::C,
    ]));
    let ms = || prop::option::of(prop::num::f64::NORMAL | prop::num::f64::ZERO);
    let words = (
        prop::option::of(text()),
        text(),
        prop::option::of(text()),
        text(),
    );
    (
        words,
        any_slots(),
        steps,
        class,
        (ms(), ms(), ms(), ms()),
        any::<(bool, Option<bool>, Option<bool>)>(),
    )
        .prop_map(
            |(
                (file, text, intent, reply),
                slots,
                steps,
                class,
                (ttfa_ms, result_ms, endpoint_delay_ms, playback_ms),
                flags,
            )| TurnSummary {
                file,
                text,
                intent,
                slots,
                steps,
                class,
                reply,
                rejected: flags.0,
                ttfa_ms,
                result_ms,
                endpoint_delay_ms,
                cut_off: flags.1,
                early: flags.2,
                speculation: Speculation::Miss,
                hops: HopTimings {
                    playback_ms,
                    ..HopTimings::default()
                },
                ..TurnSummary::default()
            },
        )
}

pub fn any_frame() -> impl Strategy<Value = Frame> {
    let any_event = prop_oneof![
        prop::sample::select(events()).prop_map(|(_, event)| event),
        any_summary().prop_map(Event::TurnSummary),
    ];
    let any_envelope = (
        any::<u128>(),
        any::<u128>(),
        any::<Option<u32>>(),
        text(),
        any::<u64>(),
        any::<i64>(),
        any_event,
    )
        .prop_map(
            |(trace_id, session, turn, actor_id, seq, at_ms, event)| Envelope {
                trace_id,
                session_id: SessionId(session),
                turn: turn.map(TurnId),
                actor_id,
                seq,
                at_ms,
                ..envelope(event)
            },
        );
    prop_oneof![
        any_client_frame().prop_map(Frame::Client),
        model::any_model_frame().prop_map(Frame::Model),
        (any::<u32>(), any_envelope)
            .prop_map(|(id, envelope)| Frame::Server(ServerFrame::Event { id, envelope })),
        (any::<u32>(), any_summary())
            .prop_map(|(id, summary)| Frame::Server(ServerFrame::Turn { id, summary })),
        (any::<u32>(), pcm()).prop_map(|(id, samples)| {
            Frame::Server(ServerFrame::Speech {
                id,
                format: AudioFormat {
                    sample_rate_hz: 16_000,
                },
                samples,
            })
        }),
        (any::<u64>(), pcm())
            .prop_map(|(offset, samples)| Frame::Job(JobFrame::Audio { offset, samples })),
        prop::sample::select(job()).prop_map(|(_, frame)| Frame::Job(frame)),
        prop::sample::select(link()).prop_map(|(_, frame)| Frame::Link(frame)),
        prop::sample::select(server()).prop_map(|(_, frame)| Frame::Server(frame)),
    ]
}
