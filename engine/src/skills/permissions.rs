//! What permissions mean, in sentences that a family understands.

/// What every skill may do, whatever its permissions.
const ALWAYS: &str = "Like every skill, it can see the time, timers, alarms, rooms, devices, lists and notes, and can answer.";

/// What one may do that asks for nothing.
const NOTHING: &str = "It can change nothing.";

/// What a skill with these permissions may do in any case.
pub fn always(permissions: &[String]) -> impl Iterator<Item = &'static str> {
    let nothing = permissions.is_empty().then_some(NOTHING);
    [ALWAYS].into_iter().chain(nothing)
}

/// All that a skill with these permissions may do.
pub fn sentences(permissions: &[String]) -> impl Iterator<Item = String> {
    let wanted = permissions.iter().map(|permission| sentence(permission));
    wanted.chain(always(permissions).map(str::to_owned))
}

/// What a permission of a manifest lets a skill do.
pub fn sentence(permission: &str) -> String {
    let sentence = match permission {
        "timer" => "It can start, change and stop timers.",
        "device" => {
            "It can use every device of the house. Before anything is opened or unlocked, Loqa asks."
        }
        "list" => "It can add to the household's lists and notes, change and clear them.",
        "storage" => "It can keep texts of its own, which no other skill sees.",
        "alarm" => "It can set, change and cancel alarms and reminders.",
        "notify" => "It can show a sentence on every screen.",
        "speak" => "It can say a sentence aloud where this machine's speaker is.",
        "publish" => "It can tell the programs of this house something.",
        _ => {
            return match permission.split_once(':') {
                Some(("http", host)) => {
                    format!(
                        "It can ask “{host}” over the internet, and tell it what you say to it and what it sees of the house."
                    )
                }
                _ => "This Loqa does not know what it means.".into(),
            };
        }
    };
    sentence.into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::skills::effects;
    use loqa_protocol::EffectKind;

    #[test]
    fn every_permission_has_its_sentence() {
        for kind in [
            EffectKind::Timer,
            EffectKind::Device,
            EffectKind::List,
            EffectKind::Storage,
            EffectKind::Alarm,
            EffectKind::Notify,
            EffectKind::Publish,
            EffectKind::Speak,
        ] {
            assert!(sentence(effects::permission(kind)).starts_with("It can "));
        }
        let asks = sentence("http:weather.example");
        assert!(asks.starts_with("It can ask “weather.example” "), "{asks}");
    }

    #[test]
    fn the_reference_has_every_sentence() {
        let reference = include_str!("../../../docs/skills/permissions.md");
        let names = [
            "timer", "device", "list", "storage", "alarm", "notify", "speak", "publish",
        ];
        let rows = names.map(|name| format!("| `{name}` | {} |", sentence(name)));
        let asks = format!("| `hosts: [HOST]` | {} |", sentence("http:HOST"));
        let any = [format!("| {ALWAYS} |"), format!("| {NOTHING} |"), asks];
        for row in rows.iter().chain(&any) {
            assert!(
                reference.contains(row),
                "docs/skills/permissions.md lacks {row}"
            );
        }
    }
}
