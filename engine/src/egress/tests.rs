use super::*;
use loqa_link::ca::Ca;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{
        RootCertStore,
        pki_types::{ServerName, UnixTime},
    },
};

fn wanted(to: &Address) -> Request<'_> {
    Request {
        purpose: Purpose::HomeAssistant,
        who: "",
        to,
        scope: None,
        consent: Consent::Setting("home_assistant.url"),
    }
}

#[test]
fn addresses_are_read_as_people_write_them() {
    let read = |text: &str| text.parse::<Address>().map(|address| address.to_string());
    let same = |text: &str| Ok(text.to_owned());
    assert_eq!(
        read("homeassistant.local:8123"),
        same("http://homeassistant.local:8123")
    );
    assert_eq!(
        read(" https://Home.Example/ "),
        same("https://home.example:443")
    );
    assert_eq!(
        read("http://[fd00::1]:8123/ha/"),
        same("http://[fd00::1]:8123/ha")
    );
    for wrong in [
        "",
        "ftp://house",
        "http://",
        "http://me:secret@house",
        "http://house:99999",
    ] {
        assert!(read(wrong).is_err(), "{wrong}");
    }
}

#[tokio::test]
async fn nothing_is_opened_that_no_setting_names_and_all_is_recorded() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let named: Address = format!("http://127.0.0.1:{port}").parse().unwrap();
    let other: Address = format!("http://localhost:{port}").parse().unwrap();
    let server = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut question = vec![0; 1024];
        let length = stream.read(&mut question).await.unwrap();
        let answer =
            b"HTTP/1.1 307 Go on\r\nlocation: http://localhost/\r\ncontent-length: 2\r\n\r\nhi";
        stream.write_all(answer).await.unwrap();
        String::from_utf8_lossy(&question[..length]).to_lowercase()
    });
    let egress = Border::default().to([named.clone()]);
    assert!(matches!(
        egress.open(wanted(&other)).await,
        Err(EgressError::NotPermitted(_))
    ));
    let answer = egress.get(wanted(&named), "/api/", "secret").await.unwrap();
    // Nobody is sent on.
    assert_eq!((answer.status, answer.body.as_str()), (307, "hi"));
    let question = server.await.unwrap();
    assert!(question.starts_with("get /api/ http/1.1\r\n"), "{question}");
    assert!(
        question.contains("authorization: bearer secret\r\n"),
        "{question}"
    );
    assert!(matches!(
        egress.open(wanted(&named)).await,
        Err(EgressError::Unreachable { .. })
    ));

    let record = egress.border().latest(LATEST);
    let outcomes: Vec<Outcome> = record.iter().map(|entry| entry.outcome).collect();
    assert_eq!(
        outcomes,
        [Outcome::Refused, Outcome::Closed, Outcome::Failed]
    );
    assert_eq!(record[1].sent, question.len() as u64);
    assert_eq!((record[0].sent, &*record[0].host), (0, &*other.place()));
    let places = egress.border().places();
    let sums: Vec<_> = places
        .iter()
        .map(|it| (it.opened, it.failed, it.refused))
        .collect();
    assert_eq!(sums, [(1, 1, 0), (0, 0, 1)]);
}

/// A server that answers nobody and counts who comes.
async fn silent() -> (Address, tokio::task::JoinHandle<usize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let waiting = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        // Until the other end has hung up.
        stream.read_to_end(&mut Vec::new()).await.unwrap()
    });
    (format!("http://127.0.0.1:{port}").parse().unwrap(), waiting)
}

#[tokio::test]
async fn sealing_ends_what_is_open_and_lets_nobody_out_until_it_is_over() {
    let border = Border::default();
    let (address, came) = silent().await;
    let egress = border.to([address.clone()]);
    let mut open = egress.open(wanted(&address)).await.unwrap();
    open.write_all(b"hello").await.unwrap();
    // Somebody waits for what comes next.
    let reading = async move { open.read(&mut [0; 8]).await };
    let sealing = async { border.seal(true) };
    let (read, ()) = tokio::join!(reading, sealing);
    assert_eq!(read.unwrap_err().to_string(), "the house is sealed");
    assert_eq!(
        came.await.unwrap(),
        5,
        "what was said before, and then the end"
    );

    // Nobody is asked, not even whether the name is one.
    let nowhere: Address = "http://no.such.place.invalid".parse().unwrap();
    let to_both = border.to([address.clone(), nowhere.clone()]);
    for place in [&address, &nowhere] {
        let refused = to_both.open(wanted(place)).await;
        assert!(matches!(refused, Err(EgressError::Sealed(_))));
    }
    let outcomes = border.latest(LATEST);
    let outcomes: Vec<_> = outcomes.iter().map(|entry| entry.outcome).collect();
    assert_eq!(outcomes, [Outcome::Sealed; 3]);

    border.seal(false);
    let (address, came) = silent().await;
    let open = border.to([address.clone()]).open(wanted(&address)).await;
    drop(open.unwrap());
    assert_eq!(came.await.unwrap(), 0);
    assert!(Border::new(true).is_sealed());
}

#[tokio::test]
async fn sealing_ends_what_is_being_asked_and_says_why() {
    let border = Border::default();
    let (address, _came) = silent().await;
    let egress = border.to([address.clone()]);
    let asking = egress.get(wanted(&address), "/", "secret");
    let sealing = async {
        let places = || border.places();
        while places().first().is_none_or(|place| place.sent == 0) {
            tokio::task::yield_now().await;
        }
        border.seal(true);
    };
    let (asked, ()) = tokio::join!(asking, sealing);
    assert!(matches!(asked, Err(EgressError::Sealed(_))), "{asked:?}");
}

#[tokio::test]
async fn an_encrypted_place_must_show_who_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let name = ServerName::try_from("127.0.0.1").unwrap();
    let ca = Ca::open(folder.path(), std::slice::from_ref(&name)).unwrap();
    let server = ca.server(&[name], UnixTime::now()).unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(server.config().unwrap()));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let address: Address = format!("https://127.0.0.1:{port}").parse().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let Ok(mut stream) = acceptor.accept(stream).await else {
                continue;
            };
            let _ = stream.read(&mut [0; 1024]).await;
            let answer = b"HTTP/1.1 200 Fine\r\ncontent-length: 2\r\n\r\nhi";
            stream.write_all(answer).await.unwrap();
            stream.shutdown().await.unwrap();
        }
    });
    let mut roots = RootCertStore::empty();
    roots.add(ca.certificate().clone()).unwrap();
    let encryption = wire::Encryption::trusting(roots).unwrap();
    let trusting = Border::with(false, encryption).to([address.clone()]);
    let answer = trusting.get(wanted(&address), "/", "secret").await.unwrap();
    assert_eq!(answer.body, "hi");
    assert!(trusting.border().latest(1)[0].encrypted);

    let stranger = Border::default().to([address.clone()]);
    let refused = stranger.get(wanted(&address), "/", "secret").await;
    assert!(
        matches!(refused, Err(EgressError::Untrusted { .. })),
        "{refused:?}"
    );
}
