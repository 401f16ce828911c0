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
        to,
        scope: None,
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
    let egress = Egress::to([named.clone()]);
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

    let record = egress.record();
    let outcomes: Vec<Outcome> = record.iter().map(|entry| entry.outcome).collect();
    assert_eq!(
        outcomes,
        [Outcome::Refused, Outcome::Closed, Outcome::Failed]
    );
    assert_eq!(record[1].sent, question.len() as u64);
    assert_eq!(
        (record[0].sent, record[0].host.as_str()),
        (0, &*other.place())
    );
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
    let trusting = Egress(Arc::new(Inner {
        reach: Reach::Named(vec![address.clone()]),
        record: Record::default(),
        encryption: wire::Encryption::trusting(roots).unwrap(),
    }));
    let answer = trusting.get(wanted(&address), "/", "secret").await.unwrap();
    assert_eq!(answer.body, "hi");
    assert!(trusting.record()[0].encrypted);

    let stranger = Egress::to([address.clone()]);
    let refused = stranger.get(wanted(&address), "/", "secret").await;
    assert!(
        matches!(refused, Err(EgressError::Untrusted { .. })),
        "{refused:?}"
    );
}
