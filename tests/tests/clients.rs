//! Several people talk to one hub at once.

use anyhow::{Result, ensure};
use loqa_tests::{conversation::Conversation, program::Home};

/// Commands of each, all sent before the first is answered.
const COMMANDS: usize = 20;

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_turned_away_because_others_talk_too() -> Result<()> {
    let home = Home::new()?.deaf()?;
    let hub = home.hub()?;
    let mut people = Vec::new();
    for sentences in [
        ["turn on the kitchen lights", "turn off the kitchen lights"],
        ["set a timer for ten minutes", "cancel all timers"],
        [
            "add milk to the shopping list",
            "remove milk from the shopping list",
        ],
    ] {
        let mut person = Conversation::open(&home.path("data")).await?;
        people.push(tokio::spawn(async move {
            let mut asked = Vec::new();
            for sentence in sentences.into_iter().cycle().take(COMMANDS) {
                asked.push((sentence, person.send(sentence).await?));
            }
            for (sentence, id) in asked {
                let answer = person.answer(id).await?;
                ensure!(answer.done, "{sentence}: {}", answer.summary.reply);
            }
            Ok(())
        }));
    }
    for person in people {
        person.await??;
    }
    assert_eq!(hub.interrupt()?, Some(0));
    Ok(())
}
