//! Jobs, whatever the net does, and whatever somebody says on it.

use super::*;
use tokio::time::{Instant, timeout};

/// One job of so many frames, each of them answered.
async fn job(link: Link, frames: usize) {
    let (mut says, mut hears) = link.job(&open()).await.unwrap();
    let asks = async {
        for at in 0..frames {
            let long = "la ".repeat(at % 400);
            says.send(&text(format!("{at} {long}"))).await.unwrap();
        }
        says.finish();
    };
    let listens = async {
        for at in 0..frames {
            let long = "la ".repeat(at % 400);
            assert_eq!(
                hears.next().await.unwrap(),
                Some(text(format!("{at} {long}")))
            );
        }
        assert_eq!(hears.next().await.unwrap(), None);
    };
    tokio::join!(asks, listens);
}

#[tokio::test(start_paused = true)]
async fn jobs_are_done_side_by_side_on_a_net_that_loses_and_mixes() {
    let house = house(1).await;
    house.net.is(0.05, 50, 30);
    tokio::spawn(echo(house.at_node.clone()));
    let mut jobs = tokio::task::JoinSet::new();
    for _ in 0..16 {
        jobs.spawn(job(house.at_hub.clone(), 200));
    }
    timeout(ms(60_000), jobs.join_all()).await.unwrap();
    assert!(!house.at_hub.health().borrow().silent);
}

#[tokio::test(start_paused = true)]
async fn whoever_drops_a_job_cancels_it_and_whoever_finishes_does_not() {
    let house = house(2).await;
    let (mut says, hears) = house.at_hub.job(&open()).await.unwrap();
    says.send(&text("a")).await.unwrap();
    let Incoming::Job(answers, mut asked) = house.at_node.accept().await.unwrap() else {
        panic!("it is a job")
    };
    assert_eq!(asked.next().await.unwrap(), Some(open()));
    assert_eq!(asked.next().await.unwrap(), Some(text("a")));
    drop((says, hears));
    let ended = asked.next().await.unwrap_err();
    assert!(
        matches!(ended, LinkError::Reset(Reason::Cancelled)),
        "{ended}"
    );
    timeout(ms(1000), answers.unwanted()).await.unwrap();
    // The link goes on.
    tokio::spawn(echo(house.at_node.clone()));
    job(house.at_hub.clone(), 3).await;
}

#[tokio::test(start_paused = true)]
async fn who_reads_slowly_is_waited_for_and_nothing_grows() {
    let house = house(3).await;
    let (mut says, _hears) = house.at_hub.job(&open()).await.unwrap();
    let Incoming::Job(_answers, mut asked) = house.at_node.accept().await.unwrap() else {
        panic!("it is a job")
    };
    let long = text("la ".repeat(10_000));
    let mut sent = 0;
    while timeout(ms(2000), says.send(&long)).await.is_ok() {
        sent += 1;
        assert!(sent < 100, "somebody must wait");
    }
    // What the windows hold, and what waits to be sent.
    assert!((4..30).contains(&sent), "{sent}");
    asked.next().await.unwrap();
    assert_eq!(asked.next().await.unwrap(), Some(long));
}

#[tokio::test(start_paused = true)]
async fn an_outage_is_noticed_at_once_and_the_node_is_back_soon_after_it() {
    let house = house(4).await;
    tokio::spawn(echo(house.at_node.clone()));
    let (mut says, mut hears) = house.at_hub.job(&open()).await.unwrap();
    says.send(&text("a")).await.unwrap();
    assert_eq!(hears.next().await.unwrap(), Some(text("a")));
    // It has been told by now that something is under way.
    tokio::time::sleep(ms(200)).await;
    let (began, mut health) = (Instant::now(), house.at_hub.health());
    house.net.cut("10.0.0.2:9000", true);
    health.wait_for(|it| it.silent).await.unwrap();
    assert!(began.elapsed() < ms(300), "{:?}", began.elapsed());
    let error = hears.next().await.unwrap_err();
    assert!(matches!(error, LinkError::Lost(_)), "{error}");
    house.at_node.closed().await;
    let back = house.dialer.reach(async || vec![at()]);
    let ends = async {
        tokio::time::sleep_until(began + ms(30_000)).await;
        house.net.cut("10.0.0.2:9000", false);
    };
    let (at_node, ()) = tokio::join!(back, ends);
    assert!(began.elapsed() < ms(32_000), "{:?}", began.elapsed());
    let at_hub = house.listener.accept().await.unwrap();
    tokio::spawn(echo(at_node.unwrap()));
    job(at_hub, 3).await;
}

#[tokio::test(start_paused = true)]
async fn a_short_outage_costs_nothing_but_time() {
    let house = house(5).await;
    tokio::spawn(echo(house.at_node.clone()));
    let (mut says, mut hears) = house.at_hub.job(&open()).await.unwrap();
    house.net.cut("10.0.0.2:9000", true);
    says.send(&text("a")).await.unwrap();
    let mut health = house.at_hub.health();
    health.wait_for(|it| it.silent).await.unwrap();
    tokio::time::sleep(ms(2000)).await;
    house.net.cut("10.0.0.2:9000", false);
    assert_eq!(hears.next().await.unwrap(), Some(text("a")));
    health.wait_for(|it| !it.silent).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_node_that_moves_is_followed() {
    let house = house(6).await;
    tokio::spawn(echo(house.at_hub.clone()));
    let (mut says, mut hears) = house.at_node.job(&open()).await.unwrap();
    says.send(&text("a")).await.unwrap();
    assert_eq!(hears.next().await.unwrap(), Some(text("a")));
    for seen in ["10.0.0.2:40001", "10.9.9.9:5"] {
        house.net.moves("10.0.0.2:9000", seen);
        says.send(&text(seen)).await.unwrap();
        assert_eq!(hears.next().await.unwrap(), Some(text(seen)));
        assert_eq!(house.at_hub.address(), seen.parse().unwrap());
    }
}

#[tokio::test(start_paused = true)]
async fn a_hub_that_starts_anew_has_its_nodes_back_within_two_seconds() {
    let house = house(7).await;
    let mut nodes = Vec::new();
    for node in 0..20 {
        let member = paired(&house.hub);
        let dialer = dialer(&house.net, &format!("10.0.1.{node}:9000"), &member);
        let link = dialer.dial(at()).await.unwrap();
        nodes.push((dialer, link));
    }
    tokio::time::sleep(ms(3300)).await;
    // Killed: it tells nobody.
    house.net.cut(HUB, true);
    std::mem::forget(house.listener);
    tokio::time::sleep(ms(500)).await;
    house.net.cut(HUB, false);
    let began = Instant::now();
    let again = listen(&house.net, &house.hub, 0);
    for (dialer, link) in &nodes {
        link.closed().await;
        dialer.reach(async || vec![at()]).await.unwrap();
    }
    for _ in &nodes {
        again.accept().await.unwrap();
    }
    assert!(began.elapsed() < ms(2000), "{:?}", began.elapsed());
}

#[tokio::test(start_paused = true)]
async fn beats_tell_load_and_what_can_be_done() {
    use loqa_protocol::link::Offer;
    let house = house(8).await;
    let mut health = house.at_hub.health();
    assert!(health.borrow().offers.is_empty());
    let offer = |running| Offer {
        capability: "llm.llama3:7b:q4_k_m".parse().unwrap(),
        slots: 2,
        running,
        rtf_permille: 0,
        first_ms: 420,
    };
    for running in [0, 1, 2] {
        let began = Instant::now();
        house.at_node.report(300 * running, vec![offer(running)]);
        let told = health.wait_for(|it| it.offers == [offer(running)]).await;
        assert_eq!(told.unwrap().load_permille, 300 * running);
        assert!(began.elapsed() < ms(50), "{:?}", began.elapsed());
    }
    let mut health = house.at_node.health();
    house.at_hub.models_changed();
    health.wait_for(|it| it.models == 1).await.unwrap();
    assert_eq!(house.at_hub.hello().name, "kitchen");
    assert_eq!(house.at_node.welcome().name, "Home");
    assert_eq!(house.at_hub.peer(), house.member.node());
    assert_eq!(house.at_node.peer(), house.hub.node());
}
