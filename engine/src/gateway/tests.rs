use super::*;
use crate::{store::DataFolder, tasks::Tasks};
use loqa_protocol::{
    AudioFormat, Envelope, Event, PrivacyScope, QosTier, ServerFrame, SessionId, TurnSummary,
    wire::{FrameReader, MAX_FRAME_BYTES, write_frame},
};
use std::{
    os::unix::fs::PermissionsExt,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    time::Duration,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::UnixStream,
    sync::watch,
};

/// Repeats what it is asked; floods when asked to.
#[derive(Clone, Default)]
struct Parrot {
    connected: Arc<watch::Sender<usize>>,
    heard: Arc<AtomicUsize>,
}

struct Perch {
    parrot: Parrot,
    answers: Answers,
}

impl Service for Parrot {
    fn connect(&self, answers: Answers, _: &str) -> Box<dyn Connection> {
        self.connected.send_modify(|count| *count += 1);
        Box::new(Perch {
            parrot: self.clone(),
            answers,
        })
    }
}

impl Drop for Perch {
    fn drop(&mut self) {
        self.parrot.connected.send_modify(|count| *count -= 1);
    }
}

impl Connection for Perch {
    fn handle(&mut self, frame: ClientFrame) -> BoxFuture<'_, ()> {
        Box::pin(async move {
            let answer = |frame| {
                let _ = self.answers.send(frame);
            };
            match frame {
                ClientFrame::Ask { id, text } => {
                    answer(event(id, &text));
                    answer(ServerFrame::Turn {
                        id,
                        summary: TurnSummary {
                            text,
                            ..TurnSummary::default()
                        },
                    });
                    answer(ServerFrame::Done { id });
                }
                ClientFrame::Audio { samples, .. } => {
                    self.parrot.heard.fetch_add(samples.len(), SeqCst);
                }
                ClientFrame::Subscribe { id } => {
                    (0..200_000).for_each(|n| answer(event(id, &n.to_string())));
                    answer(ServerFrame::Turn {
                        id,
                        summary: TurnSummary::default(),
                    });
                    answer(ServerFrame::Done { id });
                }
                ClientFrame::Say { id, .. } => {
                    for _ in 0..200 {
                        let format = AudioFormat {
                            sample_rate_hz: 16_000,
                        };
                        answer(ServerFrame::Speech {
                            id,
                            format,
                            samples: vec![0.5; 48_000],
                        });
                    }
                }
                ClientFrame::Doctor { id } => {
                    answer(ServerFrame::Json {
                        id,
                        json: "x".repeat(MAX_FRAME_BYTES + 1),
                    });
                    answer(ServerFrame::Done { id });
                }
                _ => {}
            }
        })
    }
}

fn event(id: u32, text: &str) -> ServerFrame {
    let envelope = Envelope {
        trace_id: 1,
        session_id: SessionId(2),
        turn: None,
        actor_id: String::new(),
        origin: "hub".into(),
        seq: 0,
        at_ms: 0,
        capability_tier: QosTier::Fast,
        privacy_scope: PrivacyScope::Ephemeral,
        event: Event::SttPartial { text: text.into() },
    };
    ServerFrame::Event { id, envelope }
}

struct House {
    dir: tempfile::TempDir,
    parrot: Parrot,
    tasks: Tasks,
}

impl House {
    fn open() -> House {
        House::open_in(tempfile::tempdir().unwrap(), "")
    }

    fn open_in(dir: tempfile::TempDir, below: &str) -> House {
        let house = House {
            dir,
            parrot: Parrot::default(),
            tasks: Tasks::new(),
        };
        let folder = Arc::new(DataFolder::acquire(&house.dir.path().join(below)).unwrap());
        Server::bind(&folder)
            .unwrap()
            .serve(Arc::new(house.parrot.clone()), &house.tasks);
        house
    }

    async fn client(&self) -> Client {
        Client::connect(self.dir.path())
            .await
            .expect("a hub is there")
    }

    async fn raw(&self) -> UnixStream {
        UnixStream::connect(self.dir.path().join("loqa.sock"))
            .await
            .unwrap()
    }

    /// Waits until the hub has forgotten all clients.
    async fn is_quiet(&self) {
        self.parrot
            .connected
            .subscribe()
            .wait_for(|count| *count == 0)
            .await
            .unwrap();
    }
}

async fn ask(client: &mut Client, id: u32, text: &str) {
    client
        .send(ClientFrame::Ask {
            id,
            text: text.into(),
        })
        .await
        .unwrap();
    assert_eq!(client.recv().await.unwrap(), event(id, text));
    let summary = TurnSummary {
        text: text.into(),
        ..TurnSummary::default()
    };
    assert_eq!(
        client.recv().await.unwrap(),
        ServerFrame::Turn { id, summary }
    );
    assert_eq!(client.recv().await.unwrap(), ServerFrame::Done { id });
}

/// What a raw connection still has to say, and that it is closed after that.
async fn last_words(stream: &mut UnixStream) -> Vec<ServerFrame> {
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).await.unwrap();
    let mut reader = FrameReader::default();
    reader.push(&bytes);
    std::iter::from_fn(|| reader.next_frame().unwrap()).collect()
}

fn code(frame: Option<&ServerFrame>) -> &str {
    match frame {
        Some(ServerFrame::Problem { problem, .. }) => &problem.code,
        other => panic!("not a problem: {other:?}"),
    }
}

#[tokio::test]
async fn a_socket_and_an_embedded_hub_answer_alike() {
    let house = House::open();
    ask(&mut house.client().await, 1, "turn off the lights").await;
    house.is_quiet().await;
    let mut embedded = Client::embedded(&house.parrot);
    ask(&mut embedded, 2, "turn off the lights").await;
    drop(embedded);
    house.is_quiet().await;
}

#[tokio::test]
async fn many_clients_are_served_at_once() {
    let house = House::open();
    let mut clients = Vec::new();
    for _ in 0..100 {
        clients.push(house.client().await);
    }
    for (id, client) in clients.iter_mut().enumerate() {
        client
            .send(ClientFrame::Ask {
                id: id as u32,
                text: format!("number {id}"),
            })
            .await
            .unwrap();
    }
    for (id, client) in clients.iter_mut().enumerate() {
        assert_eq!(
            client.recv().await.unwrap(),
            event(id as u32, &format!("number {id}"))
        );
    }
}

#[tokio::test]
async fn both_halves_work_at_the_same_time() {
    let house = House::open();
    let (mut sender, mut receiver) = house.client().await.split();
    let sending = async {
        for _ in 0..300 {
            sender
                .send(ClientFrame::Audio {
                    id: 1,
                    samples: vec![0.1; ClientFrame::MAX_SAMPLES],
                })
                .await
                .unwrap();
        }
        sender
            .send(ClientFrame::Ask {
                id: 2,
                text: "done".into(),
            })
            .await
            .unwrap();
    };
    let (_, answer) = tokio::join!(sending, receiver.recv());
    assert_eq!(answer.unwrap(), event(2, "done"));
    assert_eq!(
        house.parrot.heard.load(SeqCst),
        300 * ClientFrame::MAX_SAMPLES
    );
}

#[tokio::test]
async fn without_a_hub_there_is_no_client() {
    let dir = tempfile::tempdir().unwrap();
    assert!(Client::connect(dir.path()).await.is_none());
    assert!(
        Client::connect(Path::new("/nowhere/at/all"))
            .await
            .is_none()
    );
    // A killed hub leaves its socket: nobody is there, and the next hub takes its place.
    let socket = dir.path().join("loqa.sock");
    drop(std::os::unix::net::UnixListener::bind(&socket).unwrap());
    assert!(socket.exists() && Client::connect(dir.path()).await.is_none());
    let house = House::open_in(dir, "");
    ask(&mut house.client().await, 1, "hello").await;
}

#[tokio::test]
async fn the_socket_is_private_and_goes_with_the_hub() {
    let house = House::open();
    let socket = house.dir.path().join("loqa.sock");
    assert_eq!(
        socket.metadata().unwrap().permissions().mode() & 0o777,
        0o600
    );
    let mut client = house.client().await;
    ask(&mut client, 1, "hello").await;
    assert!(house.tasks.shutdown().await.is_empty());
    assert_eq!(code(Some(&client.recv().await.unwrap())), "hub_stopping");
    assert_eq!(client.recv().await.unwrap_err().code, "hub_gone");
    assert!(!socket.exists());
    assert!(Client::connect(house.dir.path()).await.is_none());
}

#[tokio::test]
async fn what_is_in_the_way_is_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("loqa.sock"), "precious").unwrap();
    let folder = Arc::new(DataFolder::acquire(dir.path()).unwrap());
    let error = Server::bind(&folder).err().unwrap();
    assert!(error.to_string().contains("is in the way"), "{error}");
    assert_eq!(
        std::fs::read_to_string(dir.path().join("loqa.sock")).unwrap(),
        "precious"
    );
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_path_longer_than_an_address_works() {
    let below = "a-long-name/".repeat(20);
    let house = House::open_in(tempfile::tempdir().unwrap(), &below);
    let mut client = Client::connect(&house.dir.path().join(&below))
        .await
        .expect("a hub is there");
    ask(&mut client, 1, "hello").await;
}

#[tokio::test]
async fn nonsense_ends_in_a_problem_and_only_for_its_sender() {
    let house = House::open();
    let mut good = house.client().await;
    let cases: [(&[u8], &str); 4] = [
        (b"GET / HTTP/1.1\r\n\r\n", "frame_too_long"),
        (&[0xff; 64], "frame_too_long"),
        (&[0, 0, 0, 3, 0xff, 0xff, 0xff], "malformed_frame"),
        (&[0, 0, 0, 0], "malformed_frame"),
    ];
    for (bytes, expected) in cases {
        let mut raw = house.raw().await;
        raw.write_all(bytes).await.unwrap();
        assert_eq!(
            code(last_words(&mut raw).await.last()),
            expected,
            "{bytes:?}"
        );
    }
    // Hanging up in the middle of a frame is no problem of anybody.
    let mut raw = house.raw().await;
    raw.write_all(&[0, 0, 1, 0, 7]).await.unwrap();
    drop(raw);
    ask(&mut good, 1, "still here").await;
}

#[tokio::test]
async fn an_answer_that_is_too_long_is_a_problem_of_its_request() {
    let house = House::open();
    let mut client = house.client().await;
    client.send(ClientFrame::Doctor { id: 9 }).await.unwrap();
    let answer = client.recv().await.unwrap();
    assert_eq!((answer.id(), code(Some(&answer))), (9, "answer_too_long"));
    assert_eq!(client.recv().await.unwrap(), ServerFrame::Done { id: 9 });
}

#[tokio::test]
async fn a_slow_client_loses_events_but_no_answers() {
    let house = House::open();
    let mut client = house.client().await;
    client.send(ClientFrame::Subscribe { id: 5 }).await.unwrap();
    let mut events = 0;
    let rest = loop {
        match client.recv().await.unwrap() {
            ServerFrame::Event { .. } => events += 1,
            other => break other,
        }
    };
    assert!(events < 200_000, "some were shed");
    assert!(matches!(rest, ServerFrame::Turn { id: 5, .. }), "{rest:?}");
    assert_eq!(client.recv().await.unwrap(), ServerFrame::Done { id: 5 });
}

#[tokio::test]
async fn a_client_that_does_not_read_is_hung_up_on() {
    let house = House::open();
    let mut raw = house.raw().await;
    let mut bytes = Vec::new();
    write_frame(
        &ClientFrame::Say {
            id: 1,
            text: "x".into(),
            voice: None,
            to_client: true,
        },
        &mut bytes,
    )
    .unwrap();
    raw.write_all(&bytes).await.unwrap();
    // Only once the hub has given it up does it read again.
    house.is_quiet().await;
    let words = tokio::time::timeout(Duration::from_secs(20), last_words(&mut raw))
        .await
        .expect("the connection is closed");
    assert_eq!(code(words.last()), "slow_client");
    ask(&mut house.client().await, 2, "everybody else is served").await;
}
