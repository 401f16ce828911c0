//! What is said live, and what is answered.

use super::*;
use crate::wire::audio::{FRAME_SAMPLES, codec::Samples};
use loqa_protocol::{Called, ClientFrame, ServerFrame};
use tokio::time::{Instant, timeout};

/// A ramp that tells which frame it is.
fn frame(at: usize) -> Samples {
    [(at % 100) as f32 / 200.0; FRAME_SAMPLES]
}

/// What the hub is told of a request: its frames' first samples, and how late each came.
async fn heard(client: &mut Client, began: Instant) -> (Vec<f32>, Vec<u64>) {
    let (mut samples, mut late): (Vec<f32>, Vec<u64>) = (Vec::new(), Vec::new());
    loop {
        match client.requests.next().await.unwrap().unwrap() {
            ClientFrame::AskAudio { fast, .. } => assert!(!fast),
            ClientFrame::Audio { samples: more, .. } => {
                for frame in more.chunks_exact(FRAME_SAMPLES) {
                    let spoken = 20 * samples.len() as u64;
                    late.push((began.elapsed().as_millis() as u64).saturating_sub(spoken));
                    samples.push(frame[FRAME_SAMPLES / 2]);
                }
            }
            ClientFrame::AudioEnd { .. } => return (samples, late),
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn every_frame_that_is_said_is_heard_or_concealed_in_its_place() {
    for (seed, codec) in [(30, AudioCodec::Opus), (31, AudioCodec::Pcm16)] {
        let mut house = house(seed).await;
        house.dialer.introduce(Me {
            codecs: vec![codec],
            ..me("puck")
        });
        let puck = house.dialer.dial(at()).await.unwrap();
        let hub = house.listener.accept().await.unwrap();
        assert_eq!(puck.welcome().codec, codec);
        house.net.is(0.05, 50, 30);
        let (mut asker, mut answers) = puck.client().await.unwrap();
        let Incoming::Client(mut client) = hub.accept().await.unwrap() else {
            panic!("it is a client")
        };
        const FRAMES: usize = 500;
        // What was kept from before the wake comes at once.
        const BEFORE: usize = 25;
        let began = Instant::now() - ms(20 * BEFORE as u64);
        let says = async {
            let mut talker = asker.talk(7, Called::default()).await.unwrap();
            for at in 0..FRAMES {
                if at >= BEFORE {
                    tokio::time::sleep(ms(20)).await;
                }
                asker.say(&mut talker, &frame(at)).await.unwrap();
            }
            asker.end(talker).await.unwrap();
        };
        let ((), (samples, mut late)) = tokio::join!(says, heard(&mut client, began));
        // Of the end as much may be missing as its last packets held.
        assert!(
            (FRAMES - 2..=FRAMES).contains(&samples.len()),
            "{}",
            samples.len()
        );
        if codec == AudioCodec::Pcm16 {
            let wrong = (0..samples.len()).filter(|at| (samples[*at] - frame(*at)[0]).abs() > 0.02);
            let wrong = wrong.count();
            assert!(wrong < 10, "{wrong} of {FRAMES} are not what was said");
        }
        let mut late = late.split_off(2 * BEFORE);
        late.sort_unstable();
        let (half, most) = (late[late.len() / 2], late[late.len() * 99 / 100]);
        assert!(half < 80 && most < 200, "{codec:?}: {half} {most}");
        let answer = ServerFrame::Done { id: 7 };
        client.answers.send(&answer).await.unwrap();
        assert_eq!(answers.next().await.unwrap(), Some(answer));
    }
}

#[tokio::test(start_paused = true)]
async fn where_packets_are_lost_nobody_waits_for_the_next_frame() {
    let house = house(37).await;
    house.net.is(0.02, 1, 0);
    let (mut asker, _answers) = house.at_node.client().await.unwrap();
    let Incoming::Client(mut client) = house.at_hub.accept().await.unwrap() else {
        panic!("it is a client")
    };
    let began = Instant::now();
    let says = async {
        let mut talker = asker.talk(1, Called::default()).await.unwrap();
        for at in 0..2000 {
            asker.say(&mut talker, &frame(at)).await.unwrap();
            tokio::time::sleep(ms(20)).await;
        }
        asker.end(talker).await.unwrap();
    };
    let ((), (samples, mut late)) = tokio::join!(says, heard(&mut client, began));
    assert_eq!(samples.len(), 2000);
    late.sort_unstable();
    let (of_a_hundred, of_a_thousand) = (late[1980], late[1998]);
    assert!(
        of_a_hundred <= 8 && of_a_thousand <= 45,
        "{of_a_hundred} {of_a_thousand}"
    );
}

#[tokio::test(start_paused = true)]
async fn what_was_said_when_a_puck_dies_is_told_to_its_end() {
    let house = house(32).await;
    let (mut asker, _answers) = house.at_node.client().await.unwrap();
    let Incoming::Client(mut client) = house.at_hub.accept().await.unwrap() else {
        panic!("it is a client")
    };
    let mut talker = asker.talk(1, Called::default()).await.unwrap();
    for at in 0..10 {
        asker.say(&mut talker, &frame(at)).await.unwrap();
        tokio::time::sleep(ms(20)).await;
    }
    house.net.cut("10.0.0.2:9000", true);
    let began = Instant::now();
    let (samples, _) = heard(&mut client, began).await;
    assert_eq!(samples.len(), 10);
    assert!(began.elapsed() < ms(5000), "{:?}", began.elapsed());
}

#[tokio::test(start_paused = true)]
async fn two_requests_at_once_are_not_mixed_and_recordings_go_over_the_stream() {
    let house = house(33).await;
    let (mut asker, _answers) = house.at_node.client().await.unwrap();
    let Incoming::Client(mut client) = house.at_hub.accept().await.unwrap() else {
        panic!("it is a client")
    };
    let mut first = asker.talk(1, Called::default()).await.unwrap();
    let mut second = asker.talk(2, Called::default()).await.unwrap();
    for at in 0..20 {
        asker.say(&mut first, &frame(at)).await.unwrap();
        asker.say(&mut second, &frame(at)).await.unwrap();
        tokio::time::sleep(ms(20)).await;
    }
    let recording = [
        ClientFrame::AskAudio {
            id: 3,
            file: Some("a.wav".into()),
            speech_end: None,
            fast: true,
            called: None,
        },
        ClientFrame::Audio {
            id: 3,
            samples: vec![0.5; 1000],
        },
        ClientFrame::AudioEnd { id: 3 },
    ];
    for frame in &recording {
        asker.send(frame).await.unwrap();
    }
    asker.end(first).await.unwrap();
    asker.end(second).await.unwrap();
    asker.finish();
    let mut all = Vec::new();
    while let Some(frame) = timeout(ms(5000), client.requests.next())
        .await
        .unwrap()
        .unwrap()
    {
        all.push(frame);
    }
    let of = |id: u32| -> Vec<_> { all.iter().filter(|it| it.id() == id).cloned().collect() };
    assert_eq!(of(3), recording);
    for id in [1, 2] {
        let frames = of(id);
        assert!(matches!(frames.first(), Some(ClientFrame::AskAudio { .. })));
        assert_eq!(frames.last(), Some(&ClientFrame::AudioEnd { id }));
        let samples: usize = frames
            .iter()
            .map(|it| match it {
                ClientFrame::Audio { samples, .. } => samples.len(),
                _ => 0,
            })
            .sum();
        assert_eq!(samples, 20 * FRAME_SAMPLES);
    }
}

/// What a puck costs that has nothing to say, on the net.
#[tokio::test(start_paused = true)]
async fn a_puck_at_rest_says_almost_nothing() {
    let house = house(34).await;
    let (_asker, _answers) = house.at_node.client().await.unwrap();
    tokio::time::sleep(ms(10_000)).await;
    let (packets, bytes) = house.net.traffic();
    tokio::time::sleep(ms(60_000)).await;
    let (more, bytes_more) = house.net.traffic();
    let (packets, bytes) = ((more - packets) / 60, (bytes_more - bytes) / 60);
    assert!(
        packets <= 8 && bytes <= 600,
        "{packets} packets, {bytes} bytes a second"
    );
}

/// On this machine's own net and clock, once.
#[tokio::test]
async fn it_is_the_same_over_sockets_of_the_machine() {
    let hub = hub();
    let member = paired(&hub);
    let loopback = "127.0.0.1:0".parse().unwrap();
    let listener = Listener::bind(loopback, hub.clone(), me("Home"), settings(0)).unwrap();
    let dialer = Dialer::new(member, me("puck"), Arc::new(|_| {})).unwrap();
    let address = listener.address().unwrap();
    let puck = dialer.reach(async || vec![address]).await.unwrap();
    let hub = listener.accept().await.unwrap();
    tokio::spawn(echo(puck.clone()));
    let (mut says, mut hears) = hub.job(&open()).await.unwrap();
    says.send(&text("a")).await.unwrap();
    assert_eq!(hears.next().await.unwrap(), Some(text("a")));
    let (mut asker, _answers) = puck.client().await.unwrap();
    let Incoming::Client(mut client) = hub.accept().await.unwrap() else {
        panic!("it is a client")
    };
    let mut talker = asker.talk(1, Called::default()).await.unwrap();
    for at in 0..25 {
        asker.say(&mut talker, &frame(at)).await.unwrap();
    }
    asker.end(talker).await.unwrap();
    let (samples, _) = heard(&mut client, Instant::now()).await;
    assert_eq!(samples.len(), 25);
}
