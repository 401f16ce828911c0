//! What is kept of what is said, in sentences.

use super::privacy::{text, when};
use serde_json::Value;

/// How long words live, here and there, and what people have agreed to.
pub fn sentences(told: &Value) -> Vec<String> {
    let keeping = &told["keeping"];
    if keeping.is_null() {
        return vec![
            "No hub is running, so nothing is said to one; one that runs tells how long words are kept."
                .into(),
        ];
    }
    let hours = keeping["hours"].as_u64().unwrap_or_default();
    let lives = |scope: &Value| match (text(scope), hours) {
        ("ephemeral", _) => "nothing of what is said is kept".to_owned(),
        (_, 1) => "what is said is kept for an hour, sealed".into(),
        (_, hours) => format!("what is said is kept for {hours} hours, sealed"),
    };
    let (chosen, otherwise) = (&keeping["household"], &keeping["otherwise"]);
    let mut sentences = vec![match chosen.is_null() {
        true => format!(
            "In the whole house {}, as the settings say.",
            lives(otherwise)
        ),
        false => format!("In the whole house {}.", lives(chosen)),
    }];
    let rooms = keeping["rooms"].as_object().into_iter().flatten();
    sentences.extend(rooms.map(|(room, scope)| format!("  In the room {room} {}.", lives(scope))));
    let redact: Vec<_> = keeping["redact"].as_array().into_iter().flatten().collect();
    let redact: Vec<_> = redact
        .into_iter()
        .map(|what| match text(what) {
            "names" => "names of the household's people",
            "numbers" => "numbers",
            _ => "words that no command has",
        })
        .collect();
    if !redact.is_empty() {
        let redact = redact.join(", ");
        sentences.push(format!("Not readable in what is kept: {redact}."));
    }
    let consents = told["consents"].as_array().into_iter().flatten();
    sentences.extend(consents.map(|consent| {
        let (name, to) = (text(&consent["name"]), text(&consent["text"]));
        let given = when(&consent["given_at_ms"]);
        let withdrawn = match consent["withdrawn_at_ms"].is_null() {
            true => String::new(),
            false => format!(", and withdrew it on {}", when(&consent["withdrawn_at_ms"])),
        };
        format!("{name} agreed on {given} to this{withdrawn}: “{to}”")
    }));
    sentences
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_is_kept_is_told_in_sentences() {
        let nobody = json!({
            "keeping": { "household": null, "rooms": {}, "hours": 24, "redact": [], "otherwise": "ephemeral" },
            "consents": [],
        });
        let some = json!({
            "keeping": {
                "household": "session",
                "rooms": { "bath": "ephemeral", "kitchen": "session" },
                "hours": 1,
                "redact": ["names", "numbers", "text"],
                "otherwise": "ephemeral",
            },
            "consents": [{
                "name": "Ada", "scope": "persistent", "text": "Keep what I say.",
                "given_at_ms": 0, "withdrawn_at_ms": 0,
            }],
        });
        let told = [&nobody, &some, &json!({})].map(|told| sentences(told).join("\n"));
        let told = told.join("\n\n").replace(&when(&json!(0)), "THEN");
        expect_test::expect![[r#"
            In the whole house nothing of what is said is kept, as the settings say.

            In the whole house what is said is kept for an hour, sealed.
              In the room bath nothing of what is said is kept.
              In the room kitchen what is said is kept for an hour, sealed.
            Not readable in what is kept: names of the household's people, numbers, words that no command has.
            Ada agreed on THEN to this, and withdrew it on THEN: “Keep what I say.”

            No hub is running, so nothing is said to one; one that runs tells how long words are kept."#]]
        .assert_eq(&told);
    }
}
