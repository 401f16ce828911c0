//! An event as a document, as commands print it and programs are told it.

use loqa_protocol::Envelope;
use serde_json::{Value, json};

/// Its subject, then its fields.
pub fn event_json(envelope: &Envelope) -> Value {
    let mut document = json!({
        "subject": envelope.event.subject(),
        "session": envelope.session_id.to_string(),
        "turn": envelope.turn.map(|turn| turn.0),
        "seq": envelope.seq,
        "at_ms": envelope.at_ms,
    });
    if let (Value::Object(all), Ok(Value::Object(mut fields))) =
        (&mut document, serde_json::to_value(&envelope.event))
    {
        fields.remove("kind");
        all.extend(fields);
    }
    document
}
