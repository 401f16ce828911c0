//! Those who say what no program of ours would, or should not be there at all.

use super::*;
use crate::trust::HUB_NAME;
use loqa_protocol::{link::LinkFrame, wire::write_frame};
use tokio::time::{Instant, timeout};

/// What the hub says of a stream that begins like this: of the stream, or of the link.
async fn said(bytes: &[u8]) -> String {
    let house = house(20).await;
    let connection = house.at_node.connection();
    let (mut send, mut receive) = connection.open_bi().await.unwrap();
    send.write_all(bytes).await.unwrap();
    let _ = send.finish();
    let hub = house.at_hub.clone();
    tokio::spawn(async move {
        while let Ok(Incoming::Job(_says, mut hears)) = hub.accept().await {
            while let Ok(Some(_)) = hears.next().await {}
        }
    });
    let stream = async { receive.read_to_end(1000).await.map(drop) };
    let ended = timeout(ms(20_000), stream).await.unwrap();
    let error = match ended {
        Ok(()) => return "it was finished".into(),
        Err(quinn::ReadToEndError::Read(error)) => LinkError::from(error),
        Err(error) => panic!("{error}"),
    };
    let open = if house.at_node.is_closed() {
        "closed"
    } else {
        "open"
    };
    format!("{open}: {error}")
}

#[tokio::test(start_paused = true)]
async fn what_is_no_frame_ends_the_link_by_name_and_what_is_too_new_only_the_stream() {
    let framed = |frame: &LinkFrame| {
        let mut bytes = Vec::new();
        write_frame(frame, &mut bytes).unwrap();
        bytes
    };
    let job = |more: &[u8]| {
        let stream = loqa_protocol::StreamKind::Job;
        [&framed(&LinkFrame::Open { stream })[..], more].concat()
    };
    let closed = |words: &str| format!("closed: the other side closed the link: {words}");
    assert_eq!(
        said(&[0, 0, 0, 3, 255, 255, 255]).await,
        closed("not a frame: failed to decode Protobuf message: invalid varint")
    );
    assert_eq!(
        said(&[0, 1, 0, 1]).await,
        closed("a frame of 65537 bytes is longer than the 65536 allowed")
    );
    let giant = job(&[0, 64, 0, 1]);
    assert_eq!(
        said(&giant).await,
        closed("a frame of 4194305 bytes is longer than the 4194304 allowed")
    );
    let hello = framed(&LinkFrame::Hello(me("again").hello()));
    assert_eq!(
        said(&hello).await,
        closed("a stream begins with what it is for")
    );
    let cut = job(&[0, 0, 0, 9, 1]);
    assert_eq!(
        said(&cut).await,
        closed("not a frame: the stream ends within a frame")
    );
    // `Open` of kind 9, and a job's frame of kind 1000.
    let reset = "open: the other side ended the stream: that is a kind this version does not know";
    assert_eq!(said(&[0, 0, 0, 4, 0x2a, 2, 8, 9]).await, reset);
    let newer = job(&[0, 0, 0, 3, 0xc2, 0x3e, 0]);
    assert_eq!(
        said(&newer).await,
        "open: the other side ended the stream: nobody wants the answer any more"
    );
    assert_eq!(
        said(&[]).await,
        "open: the other side ended the stream: what should have come did not"
    );
}

#[tokio::test(start_paused = true)]
async fn a_node_that_was_removed_is_told_so_and_does_not_come_again() {
    let house = house(21).await;
    house.hub.roster().revoke(house.member.node());
    let error = house.at_node.closed().await;
    assert!(error.needs_somebody(), "{error}");
    assert_eq!(
        error.to_string(),
        "the other side closed the link: this node was removed from the household"
    );
    let error = house.dialer.reach(async || vec![at()]).await.unwrap_err();
    assert!(matches!(error, LinkError::NotTrusted(_)), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_node_with_an_odd_name_is_refused_with_a_remedy() {
    let mut house = house(22).await;
    house.dialer.introduce(me(""));
    let LinkError::Refused(problem) = house.dialer.reach(async || vec![at()]).await.unwrap_err()
    else {
        panic!("it is refused")
    };
    assert_eq!(problem.code, "link_name");
}

#[tokio::test(start_paused = true)]
async fn a_certificate_is_changed_while_the_work_goes_on_or_before_it() {
    for (days, linked_first) in [(21, true), (400, false)] {
        let net = Net::new(23);
        let hub = hub();
        let member = paired(&hub);
        let listener = listen(&net, &hub, days);
        let (tells, mut told) = tokio::sync::mpsc::channel(4);
        let dialer = Dialer::over(
            net.socket("10.0.0.2:9000"),
            member.clone(),
            me("kitchen"),
            Arc::new(move |certificate| tells.try_send(certificate.clone()).unwrap()),
        )
        .unwrap();
        let link = dialer.dial(at()).await.unwrap();
        let at_hub = listener.accept().await.unwrap();
        assert_eq!(link.peer(), hub.node());
        let kept = told.recv().await.unwrap();
        let admitted = hub.admit(&[kept], day(days)).unwrap();
        assert_eq!((admitted.node(), admitted.due), (member.node(), false));
        tokio::spawn(echo(link));
        at_hub.job(&open()).await.unwrap();
        // Nothing more is handed out.
        let again = dialer.dial(at()).await.unwrap();
        tokio::time::sleep(ms(3000)).await;
        assert!(
            told.try_recv().is_err() && !again.is_closed(),
            "{linked_first}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_flood_of_hellos_does_not_keep_a_node_out() {
    let house = house(24).await;
    let stranger = paired(&hub());
    let pin = (stranger, house.hub.node());
    let floods: Vec<_> = (0..20)
        .map(|machine| {
            let socket = house.net.socket(&format!("10.6.6.{machine}:1"));
            let config = quinn::EndpointConfig::default();
            let runtime = Arc::new(quinn::TokioRuntime);
            quinn::Endpoint::new_with_abstract_socket(config, None, socket, runtime).unwrap()
        })
        .collect();
    let tls = pin.0.client_config().unwrap();
    let tls = quinn::crypto::rustls::QuicClientConfig::try_from(tls).unwrap();
    let config = quinn::ClientConfig::new(Arc::new(tls));
    let mut dialling = Vec::new();
    for flood in &floods {
        for _ in 0..50 {
            dialling.push(flood.connect_with(config.clone(), at(), HUB_NAME).unwrap());
        }
    }
    // Those who have nobody's trust, and those who hold a connection of theirs open and say nothing.
    for silent in 0..100 {
        let member = paired(&house.hub);
        let socket = house.net.socket(&format!("10.7.7.{silent}:1"));
        let config = quinn::EndpointConfig::default();
        let runtime = Arc::new(quinn::TokioRuntime);
        let endpoint =
            quinn::Endpoint::new_with_abstract_socket(config, None, socket, runtime).unwrap();
        let tls = member.client_config().unwrap();
        let tls = quinn::crypto::rustls::QuicClientConfig::try_from(tls).unwrap();
        let config = quinn::ClientConfig::new(Arc::new(tls));
        dialling.push(endpoint.connect_with(config, at(), HUB_NAME).unwrap());
        std::mem::forget(endpoint);
    }
    let began = Instant::now();
    let member = paired(&house.hub);
    let node = dialer(&house.net, "10.0.0.3:9000", &member);
    node.reach(async || vec![at()]).await.unwrap();
    assert!(began.elapsed() < ms(10_000), "{:?}", began.elapsed());
    tokio::spawn(echo(house.at_node.clone()));
    house.at_hub.job(&open()).await.unwrap();
    drop(dialling);
}

#[tokio::test(start_paused = true)]
async fn a_program_that_is_stuck_is_noticed_though_its_connection_lives() {
    let house = house(25).await;
    let member = paired(&house.hub);
    let socket = house.net.socket("10.0.0.9:1");
    let config = quinn::EndpointConfig::default();
    let runtime = Arc::new(quinn::TokioRuntime);
    let endpoint =
        quinn::Endpoint::new_with_abstract_socket(config, None, socket, runtime).unwrap();
    let tls = member.client_config().unwrap();
    let tls = quinn::crypto::rustls::QuicClientConfig::try_from(tls).unwrap();
    let config = quinn::ClientConfig::new(Arc::new(tls));
    let stuck = endpoint.connect_with(config, at(), HUB_NAME).unwrap();
    let stuck = stuck.await.unwrap();
    // It says its hello, and then nothing, but goes on acknowledging.
    let (mut says, _hears) = stuck.open_bi().await.unwrap();
    let mut bytes = Vec::new();
    write_frame(&LinkFrame::Hello(me("stuck").hello()), &mut bytes).unwrap();
    says.write_all(&bytes).await.unwrap();
    let link = house.listener.accept().await.unwrap();
    let began = Instant::now();
    link.health().wait_for(|it| it.silent).await.unwrap();
    assert!(began.elapsed() < ms(3000), "{:?}", began.elapsed());
    tokio::time::sleep(ms(20_000)).await;
    assert!(stuck.close_reason().is_none());
}

#[tokio::test(start_paused = true)]
async fn datagrams_of_anything_are_lost_and_many_of_them_end_the_link() {
    let house = house(26).await;
    let connection = house.at_node.connection();
    for _ in 0..10 {
        connection.send_datagram(vec![1, 2, 3].into()).unwrap();
    }
    tokio::spawn(echo(house.at_node.clone()));
    let (mut says, mut hears) = house.at_hub.job(&open()).await.unwrap();
    says.send(&text("a")).await.unwrap();
    assert_eq!(hears.next().await.unwrap(), Some(text("a")));
    for _ in 0..100 {
        connection.send_datagram(vec![1, 2, 3].into()).unwrap();
        tokio::time::sleep(ms(1)).await;
        if house.at_node.is_closed() {
            break;
        }
    }
    let error = house.at_node.closed().await;
    assert_eq!(
        error.to_string(),
        "the other side closed the link: a datagram of kind 0x01 is no audio"
    );
}
