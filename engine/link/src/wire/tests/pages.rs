//! Browsers at nodes: their bytes, whatever the net does.

use super::*;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    time::timeout,
};

async fn next(link: &Link) -> Page {
    match link.accept().await.unwrap() {
        Incoming::Page(page) => page,
        other => panic!("it is a page, not {other:?}"),
    }
}

#[tokio::test(start_paused = true)]
async fn what_a_browser_asks_and_is_answered_arrives_whole_beside_jobs() {
    let house = house(21).await;
    house.net.is(0.05, 50, 30);
    tokio::spawn(echo(house.at_node.clone()));
    let asked = b"GET /loqa-ui_bg.wasm HTTP/1.1\r\nHost: 127.0.0.1:7381\r\n\r\n";
    let file: Vec<u8> = (0..600_000_u32).map(|at| (at % 251) as u8).collect();
    let shown = file.clone();
    let hub = house.at_hub.clone();
    let serving = tokio::spawn(async move {
        let mut page = next(&hub).await;
        let mut heard = vec![0; asked.len()];
        page.read_exact(&mut heard).await.unwrap();
        assert_eq!(heard, asked);
        page.write_all(&shown).await.unwrap();
        page.shutdown().await.unwrap();
    });
    let mut page = house.at_node.page().await.unwrap();
    page.write_all(asked).await.unwrap();
    // It is behind the job that begins now.
    let (mut says, mut hears) = house.at_hub.job(&open()).await.unwrap();
    says.send(&text("a")).await.unwrap();
    assert_eq!(hears.next().await.unwrap(), Some(text("a")));
    assert!(!serving.is_finished(), "the file is still on its way");
    let mut came = Vec::new();
    let reading = page.read_to_end(&mut came);
    timeout(ms(60_000), reading).await.unwrap().unwrap();
    assert!(came == file && page.has_answered() && page.ended().is_none());
    serving.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn half_a_page_is_not_taken_for_all_of_it_and_a_refusal_says_why() {
    let house = house(22).await;
    let mut page = house.at_node.page().await.unwrap();
    page.write_all(b"GET / HTTP/1.1\r\n").await.unwrap();
    let mut served = next(&house.at_hub).await;
    served.write_all(b"HTTP/1.1 200 OK\r\n").await.unwrap();
    let mut some = [0; 17];
    page.read_exact(&mut some).await.unwrap();
    drop(served);
    page.read_to_end(&mut Vec::new()).await.unwrap_err();
    assert!(
        matches!(page.ended(), Some(LinkError::Reset(Reason::Cancelled))) && page.has_answered()
    );

    let mut page = house.at_node.page().await.unwrap();
    next(&house.at_hub).await.refuse(Reason::NotForThat);
    page.read_to_end(&mut Vec::new()).await.unwrap_err();
    assert!(matches!(
        page.ended(),
        Some(LinkError::Reset(Reason::NotForThat))
    ));
    assert!(!page.has_answered());
    assert!(!house.at_node.is_closed());
}
