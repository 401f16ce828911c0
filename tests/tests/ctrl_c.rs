//! Ctrl-C ends the hub in order: whoever asked is told, nothing is left behind, nothing is lost.

use anyhow::{Result, ensure};
use loqa_engine::store::Store;
use loqa_tests::{conversation::Conversation, program::Home};
use std::time::Duration;

/// The promise is 5 s; a machine under load gets more, a hub that hangs does not pass.
const CEILING: Duration = Duration::from_secs(100);
const ITEMS: [&str; 12] = [
    "apples", "butter", "cocoa", "dates", "endive", "fennel", "garlic", "honey", "kale", "leeks",
    "mustard", "nutmeg",
];

#[tokio::test(flavor = "multi_thread")]
async fn ctrl_c_answers_what_was_asked_and_leaves_everything_in_order() -> Result<()> {
    let home = Home::new()?.deaf()?;
    let data = home.path("data");
    let hub = home.hub()?;
    let mut idle = Conversation::open(&data).await?;
    let mut busy = Conversation::open(&data).await?;

    // All in flight when the signal comes.
    let mut asked = Vec::new();
    for item in ITEMS {
        asked.push((
            item,
            busy.send(&format!("add {item} to the shopping list"))
                .await?,
        ));
    }
    let (first, id) = asked.remove(0);
    ensure!(busy.answer(id).await?.done, "{first}");
    let ending = tokio::task::spawn_blocking(move || hub.interrupt());

    let (mut promised, mut told) = (vec![first], None);
    for (item, id) in asked {
        match tokio::time::timeout(CEILING, busy.answer(id)).await? {
            Ok(answer) if answer.done => {
                assert!(told.is_none(), "{item} was done after {told:?}");
                promised.push(item);
            }
            Ok(answer) => assert!(!answer.summary.reply.contains("added"), "{answer:#?}"),
            Err(problem) => told = told.or(Some(problem)),
        }
    }
    let code = tokio::time::timeout(CEILING, ending).await???;
    assert_eq!(code, Some(0));
    assert!(idle.timers().await.is_err(), "somebody still answers");
    assert!(
        !data.join("loqa.sock").exists(),
        "the socket is still there"
    );

    // Not locked, and nothing in it that was not asked for.
    let household = Store::open(&data)?.snapshot();
    let items = household
        .lists
        .get("shopping_list")
        .cloned()
        .unwrap_or_default();
    assert!(
        items.starts_with(
            &promised
                .iter()
                .map(|item| (*item).to_owned())
                .collect::<Vec<_>>()
        ),
        "promised {promised:?}, kept {items:?}"
    );
    // The one under way when the signal came may have been done without an answer.
    assert!(
        items.len() <= promised.len() + 1
            && ITEMS.starts_with(&items.iter().map(String::as_str).collect::<Vec<_>>()),
        "{items:?}"
    );
    Ok(())
}
