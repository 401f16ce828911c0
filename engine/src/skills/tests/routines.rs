//! Routines, from words to what was done. It is Friday, 20 November 2026, 19:05:30.

use super::*;

#[tokio::test(start_paused = true)]
async fn a_routine_is_done_told_and_taken_back_as_a_whole() {
    let folder = tempfile::tempdir().unwrap();
    let mut house = House::in_folder(folder.path());
    let home = Home::parse("home.toml", HOME).unwrap();
    let grammar = Grammar::compile(house.host.registry().manifests(), &home).unwrap();
    for (said, answer) in [
        (
            "what does good morning do",
            "Good morning does this: turn on the kitchen lights; set a timer for five minutes; what time is it.",
        ),
        (
            "good morning",
            "The kitchen lights are on. 5 minutes, starting now. It's 7:05 pm.",
        ),
        (
            "undo that",
            "OK, your 5 minute timer is cancelled. The kitchen lights are off again.",
        ),
        (
            "run the routine good morning and add milk to the shopping list",
            "The kitchen lights are on. 5 minutes, starting now. It's 7:05 pm. I've added milk to the shopping list.",
        ),
        (
            "we are back",
            "Shall I unlock the front door? The kitchen lights are on. The front door is unlocked.",
        ),
        (
            "start good evening",
            "I can't do good evening, because I don't understand one of its steps: turn on the moon.",
        ),
        (
            "what happens when I say good evening",
            "Good evening does this: turn on the kitchen lights; turn on the moon.",
        ),
    ] {
        let Some(found) = grammar.parse(&Context::Commands, said) else {
            panic!("`{said}` is not understood")
        };
        let steps = grammar.carried_out(found.steps);
        assert_eq!(house.hears(&steps).await, answer, "{said}");
    }
}
