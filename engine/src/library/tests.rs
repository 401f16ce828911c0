//! Models from servers that misbehave.

use super::*;
use crate::egress::{Address, Border, EgressError};
use std::{
    sync::{Arc, Mutex},
    time::Duration,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
    sync::Notify,
};

/// How a server answers one question, and what it does then.
#[derive(Clone)]
enum Answer {
    /// This, and the end of the connection.
    Says(String),
    /// This, and nothing more.
    Hangs(String),
    /// This, and a byte now and then.
    Drips(String),
}

use Answer::{Drips, Hangs, Says};

/// A server with one answer for each connection, and the questions it was asked.
async fn server(answers: Vec<Answer>) -> (Address, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let place = format!("http://{}", listener.local_addr().unwrap());
    let asked: Arc<Mutex<Vec<String>>> = Arc::default();
    tokio::spawn({
        let asked = asked.clone();
        async move {
            for answer in answers {
                let (mut stream, _) = listener.accept().await.unwrap();
                let asked = asked.clone();
                tokio::spawn(async move {
                    let mut question = Vec::new();
                    while !question.ends_with(b"\r\n\r\n") {
                        question.push(stream.read_u8().await.unwrap());
                    }
                    let question = String::from_utf8(question).unwrap().to_lowercase();
                    asked.lock().unwrap().push(question);
                    let (Says(text) | Hangs(text) | Drips(text)) = &answer;
                    let _ = stream.write_all(text.as_bytes()).await;
                    match answer {
                        Says(_) => {}
                        // Until the other side has had enough.
                        Hangs(_) => drop(stream.read_u8().await),
                        Drips(_) => {
                            while stream.write_all(b"x").await.is_ok() {
                                tokio::time::sleep(Duration::from_millis(20)).await;
                            }
                        }
                    }
                });
            }
        }
    });
    (place.parse().unwrap(), asked)
}

const FILE: &str = "What a model is made of: so many numbers, and none of them is text.";

fn whole(etag: &str) -> String {
    let length = FILE.len();
    format!("HTTP/1.1 200 Fine\r\ncontent-length: {length}\r\n{etag}\r\n{FILE}")
}

fn begun(etag: &str, bytes: usize) -> String {
    let all = whole(etag);
    all[..all.len() - FILE.len() + bytes].to_owned()
}

fn rest(from: usize) -> String {
    let (length, last, all) = (FILE.len() - from, FILE.len() - 1, FILE.len());
    format!(
        "HTTP/1.1 206 Part\r\ncontent-length: {length}\r\ncontent-range: bytes {from}-{last}/{all}\r\n\r\n{}",
        &FILE[from..]
    )
}

fn status(line: &str) -> String {
    format!("HTTP/1.1 {line}\r\ncontent-length: 0\r\n\r\n")
}

fn sent_on(to: &str) -> String {
    format!("HTTP/1.1 302 Elsewhere\r\nlocation: {to}\r\ncontent-length: 0\r\n\r\n")
}

const ETAG: &str = "etag: \"7\"\r\n";

struct House {
    data: tempfile::TempDir,
    library: Library,
    egress: Egress,
}

impl House {
    fn of(place: &Address, sha256: Option<String>, bytes: Option<u64>) -> House {
        let data = tempfile::tempdir().unwrap();
        let file = File {
            url: format!("{place}/files/model.bin"),
            sha256,
            sha1: None,
            bytes,
        };
        let model = Model {
            name: "model".into(),
            kind: Kind::Wake,
            about: String::new(),
            mib: 1,
            license: "Apache-2.0".into(),
            languages: Vec::new(),
            files: vec![file],
        };
        let patience = Patience {
            silence: Duration::from_millis(300),
            pause: Duration::from_millis(1),
            attempts: 2,
            least: (1000, Duration::from_millis(200)),
        };
        House {
            library: Library::of(data.path(), vec![model], patience),
            egress: Border::default().to_internet([place.clone()]),
            data,
        }
    }

    async fn pull(&self) -> Result<Held, LibraryError> {
        let from = &Source::Publisher;
        let told = &mut |_: &str, _: Progress| ();
        self.library.pull("model", from, &self.egress, told).await
    }

    fn file(&self, folder: &str) -> Option<String> {
        fs::read_to_string(
            self.data
                .path()
                .join("models")
                .join(folder)
                .join("model.bin"),
        )
        .ok()
    }
}

fn sum() -> String {
    let file = tempfile::NamedTempFile::new().unwrap();
    fs::write(file.path(), FILE).unwrap();
    checksum::<Sha256>(file.path()).unwrap().0
}

#[tokio::test]
async fn sealing_the_house_pauses_a_model_and_opening_it_goes_on() {
    let (place, asked) = server(vec![Hangs(begun(ETAG, 30)), Says(rest(30))]).await;
    let house = House::of(&place, None, None);
    let border = house.egress.border();
    let told = &mut |_: &str, progress: Progress| border.seal(progress.here > 0);
    let from = &Source::Publisher;
    let paused = house.library.pull("model", from, &house.egress, told).await;
    let problem = loqa_protocol::Problem::from(paused.unwrap_err());
    assert_eq!(problem.code, "sealed");
    assert!(problem.message.contains("the house is sealed"), "{problem}");
    let here = house.library.here(&house.library.models()[0], None);
    assert_eq!(here, Here::Part(30));
    border.seal(false);
    house.pull().await.unwrap();
    assert_eq!(house.file("wake").as_deref(), Some(FILE));
    assert!(asked.lock().unwrap()[1].contains("range: bytes=30-"));
}

/// Each brings the file in the end, with what is asked for on the way.
#[tokio::test]
async fn a_file_comes_whole_whatever_happens_on_the_way() {
    let nothing = "";
    for (what, answers, ranges) in [
        ("at once", vec![Says(whole(ETAG))], vec![None]),
        (
            "in two parts",
            vec![Says(begun(ETAG, 30)), Says(rest(30))],
            vec![None, Some(30)],
        ),
        (
            "after a silence",
            vec![Hangs(begun(ETAG, 9)), Says(rest(9))],
            vec![None, Some(9)],
        ),
        (
            "whole, though a part was asked for",
            vec![Says(begun(ETAG, 30)), Says(whole(ETAG))],
            vec![None, Some(30)],
        ),
        (
            "after another part than was asked for",
            vec![Says(begun(ETAG, 30)), Says(rest(7)), Says(whole(ETAG))],
            vec![None, Some(30), None],
        ),
        (
            "after a part that there is not",
            vec![
                Says(begun(ETAG, 30)),
                Says(status("416 No")),
                Says(whole(ETAG)),
            ],
            vec![None, Some(30), None],
        ),
        (
            "anew, as nobody could tell whether it is the same",
            vec![Says(begun(nothing, 30)), Says(whole(nothing))],
            vec![None, None],
        ),
        (
            "after a while",
            vec![Says(status("503 Busy")), Says(whole(ETAG))],
            vec![None, None],
        ),
        (
            "from elsewhere",
            vec![Says(sent_on("/there?key=1")), Says(whole(ETAG))],
            vec![None, None],
        ),
    ] {
        let (place, asked) = server(answers).await;
        let house = House::of(&place, None, None);
        let held = house
            .pull()
            .await
            .unwrap_or_else(|error| panic!("{what}: {error}"));
        let file = &held.files["model.bin"];
        assert_eq!((&file.sha256, file.published), (&sum(), false), "{what}");
        assert_eq!(house.file("wake").as_deref(), Some(FILE), "{what}");
        assert_eq!(house.library.held().unwrap()["model"], held, "{what}");
        let asked = asked.lock().unwrap();
        let from = |question: &String| {
            let (_, from) = question.split_once("range: bytes=")?;
            from.split_once('-')?.0.parse::<usize>().ok()
        };
        assert_eq!(asked.iter().map(from).collect::<Vec<_>>(), ranges, "{what}");
        for question in asked.iter().filter(|question| from(question).is_some()) {
            assert!(question.contains("if-range: \"7\"\r\n"), "{question}");
        }
        assert!(
            !house
                .data
                .path()
                .join("models/parts/model.bin.json")
                .exists()
        );
    }
}

/// None of these leaves anything that would be loaded.
#[tokio::test]
async fn what_cannot_be_had_is_told_and_nothing_is_loaded() {
    let chunked = |text: &str| {
        format!(
            "HTTP/1.1 200 Fine\r\n{ETAG}transfer-encoding: chunked\r\n\r\n{:x}\r\n{text}\r\n0\r\n\r\n",
            text.len()
        )
    };
    let long = format!("{FILE}{FILE}");
    let other = FILE.replace("none", "some");
    let (sum, all) = (Some(sum()), Some(FILE.len() as u64));
    let cases: Vec<(&str, Vec<Answer>, &str)> = vec![
        ("it is not there", vec![Says(status("404 Gone"))], "404"),
        (
            "nobody says a word",
            vec![Hangs(String::new()); 3],
            "does not answer",
        ),
        (
            "no HTTP",
            vec![Says("SSH-2.0-OpenSSH\r\n\r\n".into()); 3],
            "does not answer",
        ),
        (
            "it is busy for ever",
            vec![Says(status("503 Busy")); 3],
            "stopped",
        ),
        ("drop by drop", vec![Drips(begun(ETAG, 0)); 3], "stopped"),
        (
            "round and round",
            vec![Says(sent_on("/again")); 6],
            "sends on",
        ),
        (
            "into the house",
            vec![Says(sent_on("http://127.0.0.1:1/"))],
            "not permitted",
        ),
        (
            "to a file",
            vec![Says(sent_on("file:///etc/passwd"))],
            "no address",
        ),
        ("nowhere", vec![Says(sent_on(""))], "no address"),
        (
            "too long, as it says",
            vec![Says(
                whole(ETAG).replace(&format!("{}", FILE.len()), "999999"),
            )],
            "should be",
        ),
        ("too long, unsaid", vec![Says(chunked(&long))], "should be"),
        ("something else", vec![Says(chunked(&other))], "checksum"),
        (
            "too short, unsaid",
            vec![Says(chunked(&FILE[..20]))],
            "checksum",
        ),
    ];
    for (what, answers, told) in cases {
        let (place, _) = server(answers).await;
        let house = House::of(&place, sum.clone(), all);
        let error = house.pull().await.unwrap_err().to_string();
        assert!(error.contains(told), "{what}: {error}");
        assert_eq!(house.file("wake"), None, "{what}");
        assert!(house.library.held().unwrap().is_empty(), "{what}");
        assert_eq!(
            house.file("quarantine").is_some(),
            told == "checksum",
            "{what}"
        );
    }
}

#[tokio::test]
async fn who_gives_up_goes_on_later_and_one_at_a_time() {
    let (place, asked) = server(vec![Hangs(begun(ETAG, 40)), Says(rest(40))]).await;
    let house = House::of(&place, None, None);
    let came = Arc::new(Notify::new());
    let told = &mut |_: &str, progress: Progress| {
        if progress.here == 40 {
            came.notify_one();
        }
    };
    let first = house
        .library
        .pull("model", &Source::Publisher, &house.egress, told);
    tokio::select! {
        pulled = first => panic!("{pulled:?}"),
        () = async {
            came.notified().await;
            assert!(matches!(house.pull().await, Err(LibraryError::Busy(_))));
        } => {}
    }
    house.pull().await.unwrap();
    assert_eq!(house.file("wake").as_deref(), Some(FILE));
    assert!(asked.lock().unwrap()[1].contains("range: bytes=40-"));
}

/// The program ended when all of it had come.
#[tokio::test]
async fn what_is_whole_is_not_fetched_again() {
    let (place, asked) = server(vec![Says(format!(
        "HTTP/1.1 416 No\r\ncontent-range: bytes */{}\r\ncontent-length: 0\r\n\r\n",
        FILE.len()
    ))])
    .await;
    let house = House::of(&place, None, None);
    let part = house.data.path().join("models/parts/model.bin");
    fs::create_dir_all(part.parent().unwrap()).unwrap();
    fs::write(&part, FILE).unwrap();
    let url = format!("{place}/files/model.bin");
    let known = serde_json::json!({ "url": url, "validator": "\"7\"" });
    fs::write(origin(&part), known.to_string()).unwrap();
    house.pull().await.unwrap();
    assert_eq!(house.file("wake").as_deref(), Some(FILE));
    assert_eq!(asked.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn a_checksum_of_an_older_kind_counts_as_well() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("model.bin"), FILE).unwrap();
    let (right, _) = checksum::<Sha1>(&folder.path().join("model.bin")).unwrap();
    assert_eq!(right.len(), 40);
    for (told, comes) in [
        (right.clone(), true),
        (right.replace(&right[..4], "0000"), false),
    ] {
        let place = "http://127.0.0.1:1".parse().unwrap();
        let mut house = House::of(&place, None, None);
        house.library.models[0].files[0].sha1 = Some(told);
        let from = &Source::Path(folder.path().into());
        let told = &mut |_: &str, _: Progress| ();
        let pulled = house.library.pull("model", from, &house.egress, told);
        let published = pulled.await.map(|held| held.files["model.bin"].published);
        assert_eq!(published.ok(), comes.then_some(true));
        assert_eq!(house.file("quarantine").is_some(), !comes);
    }
}

#[tokio::test]
async fn what_is_here_is_looked_at_and_removed() {
    let house = House::of(&"http://127.0.0.1:1".parse().unwrap(), Some(sum()), None);
    let folder = tempfile::tempdir().unwrap();
    let told = &mut |_: &str, _: Progress| ();
    let from = Source::Path(folder.path().into());
    let pull = |told| house.library.pull("model", &from, &house.egress, told);
    assert!(pull(told).await.is_err());
    fs::write(folder.path().join("model.bin"), FILE).unwrap();
    let told = &mut |_: &str, _: Progress| ();
    assert!(pull(told).await.unwrap().files["model.bin"].published);
    let again = pull(&mut |_, _| panic!("it is here")).await;
    assert!(again.is_ok());
    assert_eq!(house.library.verify("model").unwrap(), Vec::<String>::new());
    let path = house.data.path().join("models/wake/model.bin");
    fs::write(&path, FILE.replace('W', "w")).unwrap();
    assert_eq!(house.library.verify("model").unwrap(), ["model.bin"]);
    assert_eq!(
        (house.file("wake"), house.file("quarantine").is_some()),
        (None, true)
    );
    assert_eq!(
        house.library.verify("model").unwrap(),
        ["model.bin"],
        "it is gone"
    );
    assert!(house.library.remove("model").unwrap());
    assert!(house.library.held().unwrap().is_empty());
    assert_eq!(house.file("quarantine"), None);
    assert!(!house.library.remove("model").unwrap());
    for wrong in ["other", "", "../../model", "model/../model"] {
        assert!(matches!(
            house.library.verify(wrong),
            Err(LibraryError::Unknown(_))
        ));
        assert!(matches!(
            house.library.remove(wrong),
            Err(LibraryError::Unknown(_))
        ));
    }
    // Nobody was asked.
    assert!(house.egress.border().latest(1).is_empty());
    let told = &mut |_: &str, _: Progress| ();
    let unknown = house
        .library
        .pull("other", &Source::Publisher, &house.egress, told);
    assert!(matches!(unknown.await, Err(LibraryError::Unknown(_))));
    let refused = Border::default().to([]);
    let refused = house
        .library
        .pull("model", &Source::Publisher, &refused, &mut |_, _| ())
        .await;
    let refused = refused.unwrap_err();
    let not_permitted =
        |source: &FetchError| matches!(source, FetchError::Egress(EgressError::NotPermitted(_)));
    assert!(
        matches!(&refused, LibraryError::Fetch { source, .. } if not_permitted(source)),
        "{refused}"
    );
}
