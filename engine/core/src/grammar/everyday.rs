//! How soon the commands of the built-in skills are answered.

use super::*;
use expect_test::expect;
use std::fmt::Write;

fn skills() -> Vec<Manifest> {
    [
        ("clock", include_str!("../../../../skills/clock/skill.yaml")),
        (
            "timers",
            include_str!("../../../../skills/timers/skill.yaml"),
        ),
        ("home", include_str!("../../../../skills/home/skill.yaml")),
        (
            "calculator",
            include_str!("../../../../skills/calculator/skill.yaml"),
        ),
        (
            "alarms",
            include_str!("../../../../skills/alarms/skill.yaml"),
        ),
    ]
    .map(|(name, text)| Manifest::parse(name, text).unwrap())
    .to_vec()
}

/// The built-in skills in the demo household.
pub(super) fn household() -> (Vec<Manifest>, Grammar) {
    let home = include_str!("../../../src/config/demo-home.toml");
    let home = Home::parse("demo-home.toml", home).unwrap();
    let skills = skills();
    let grammar = Grammar::compile(&skills, &home).unwrap();
    (skills, grammar)
}

/// Examples by class; those of class B with words after which they would mean something else.
#[test]
fn few_commands_wait_for_more() {
    let (skills, grammar) = household();
    let (mut report, mut totals) = (String::new(), String::new());
    for skill in &skills {
        let mut counts = [0; 3];
        let examples = skill.intents.iter().flat_map(|intent| &intent.examples);
        for example in examples {
            let mut parse = grammar.start(&Context::Commands);
            let words = normalize(&example.say);
            words.iter().for_each(|word| parse.feed(word));
            let class = parse.finish().unwrap().class;
            counts[class as usize] += 1;
            if class == LatencyClass::B {
                let (said, changes) = (words.join(" "), parse.changes());
                let few = changes
                    .iter()
                    .take(6)
                    .copied()
                    .collect::<Vec<_>>()
                    .join("|");
                let more = if changes.len() > 6 { "|…" } else { "" };
                writeln!(report, "{said} ({few}{more})").unwrap();
            }
        }
        let [a, b, c] = counts;
        writeln!(totals, "{}: {a} A, {b} B, {c} C", skill.name).unwrap();
    }
    expect![[r#"
        clock: 20 A, 4 B, 0 C
        timers: 29 A, 14 B, 3 C
        home: 94 A, 24 B, 5 C
        calculator: 14 A, 13 B, 0 C
        alarms: 18 A, 25 B, 3 C

        what time is it (in|now|right)
        what's the time (in|left)
        tell me the time (in)
        how many days until christmas (day|eve)
        set a timer for ten minutes (a|an|and|called|eight|eighteen|…)
        timer ten minutes (a|an|and|eight|eighteen|eighty|…)
        start a pasta timer for eight minutes (a|an|and|eight|eighteen|eighty|…)
        set a timer for an hour and a half (called|for|named)
        set another timer for ninety seconds (a|an|and|called|eight|eighteen|…)
        set a timer (called|for|named|of)
        start an egg timer (for|of)
        how much time is left (for|in|on)
        add five minutes to the timer (called|named)
        give me five more minutes (on|to)
        add another minute (and|on|to)
        shorten the laundry timer by five minutes (a|an|and|eight|eighteen|eighty|…)
        cancel the timer (called|named)
        stop the timer (called|named)
        turn on the lights (downstairs|for|in|on|upstairs)
        turn all the lights on (bathroom|bedroom|dining|garage|garden|hall|…)
        turn off all the lights (downstairs|for|in|on|upstairs)
        brighten the desk lamp (a|all|at|down|eight|eighteen|…)
        dim the lights (a|all|at|down|downstairs|eight|…)
        set the temperature to nineteen (and|point)
        make it warmer (for|in|on)
        turn up the heat (by)
        make it a bit cooler (for|in|on)
        turn the heating down (by|to)
        open the living room blinds (a|all|eight|eighteen|eighty|eleven|…)
        open the garage door (a|all|eight|eighteen|eighty|eleven|…)
        raise the shades in the office (a|all|eight|eighteen|eighty|eleven|…)
        close the bedroom curtains (a|all|eight|eighteen|eighty|eleven|…)
        lower the shades (a|all|eight|eighteen|eighty|eleven|…)
        pause (a|all|an|asparagus|baby|bacon|…)
        next song (on)
        volume forty (eight|five|four|nine|one|seven|…)
        turn the volume down (to)
        mute (it|kitchen|living|lounge|music|my|…)
        which lights are on (for|in|on)
        are any doors unlocked (for|in|on)
        what's the temperature (for|in|on|outdoors|outside)
        take a note ((any)|that)
        what is twelve times seven (and|divided|dollar|dollars|euro|euros|…)
        what's fifteen percent of eighty (and|divided|dollar|dollars|eight|euro|…)
        twenty plus thirty two (and|divided|dollar|dollars|euro|euros|…)
        what is seven divided by two (and|divided|dollar|dollars|euro|euros|…)
        how much is three and a half times four (and|divided|dollar|dollars|euro|euros|…)
        what is two plus three times four (and|hundred|million|point|thousand)
        square root of two hundred (and|eight|eighteen|eighty|eleven|fifteen|…)
        what is a third of ninety (and|dollar|dollars|eight|euro|euros|…)
        what's half of seventy five (and|dollar|dollars|euro|euros|million|…)
        split ninety dollars between four (and|hundred|million|point|thousand)
        add five and six (and|hundred|million|point|thousand)
        multiply six by nine (and|hundred|million|point|thousand)
        subtract five from twenty (and|eight|five|four|million|nine|…)
        wake me up at seven (a|am|april|at|august|christmas|…)
        set an alarm for six thirty tomorrow (afternoon|evening|morning|night)
        wake me up tomorrow morning at quarter past six (a|am|at|in|p)
        wake me up at seven every weekday (afternoon|and|day|evening|friday|monday|…)
        set an alarm for saturday at nine (a|am|at|eighteen|eighty|eleven|…)
        wake me every morning at half past six (a|am|at|in|p)
        set an alarm in twenty minutes (a|an|and|eight|eighteen|eighty|…)
        set an alarm (april|at|august|christmas|daily|december|…)
        remind me to take out the bins at eight (a|am|april|at|august|christmas|…)
        remind me to take out the bins in twenty minutes (a|an|and|eight|eighteen|eighty|…)
        remind me to take out the bins every monday at nine (a|am|at|eighteen|eighty|eleven|…)
        set a reminder to water the plants on sundays at ten (a|am|at|eighteen|eighty|eleven|…)
        remind me about the meeting tomorrow (afternoon|at|evening|morning|night)
        remind me to call mom ((any)|april|at|august|christmas|daily|…)
        set a reminder (about|april|at|august|christmas|daily|…)
        do i have any reminders (and)
        cancel my alarm (april|at|august|christmas|daily|december|…)
        turn off the alarm at half past six (a|am|april|at|august|christmas|…)
        cancel all reminders (and)
        cancel my alarms (and)
        snooze (a|an|couple|eight|eighteen|eighty|…)
        snooze for ten minutes (a|an|and|eight|eighteen|eighty|…)
        snooze the alarm (a|an|couple|eight|eighteen|eighty|…)
        remind me again in an hour (a|an|and|eight|eighteen|eighty|…)
        don't wake me tomorrow (afternoon|evening|morning|night)
    "#]]
    .assert_eq(&format!("{totals}\n{report}"));
}
