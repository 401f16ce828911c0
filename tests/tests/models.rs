//! Models that come over time: paused, gone on with after the program has ended, and had from elsewhere.

use anyhow::{Context, Result, ensure};
use loqa_engine::gateway::Client;
use loqa_protocol::{Choice, ClientFrame, ModelChange, Problem, ServerFrame};
use loqa_tests::{
    program::{Ended, Home, Hub},
    whisper_model,
};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use std::{
    fs,
    io::{BufRead, BufReader, Write},
    net::{TcpListener, TcpStream},
    path::Path,
    process::Stdio,
    sync::{Arc, Mutex, PoisonError},
    thread,
    time::Duration,
};

const MODEL: &str = "okay-nabu";
const LENGTH: usize = 3 << 20;
const HALF: usize = LENGTH / 2;
/// Longer than anything here takes, also on a machine under load.
const CEILING: Duration = Duration::from_secs(100);

/// A place that has a model, and sends its big file to the half until it is asked for the rest.
struct Place {
    address: String,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Place {
    fn open() -> Result<Place> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = format!("http://{}/models", listener.local_addr()?);
        let asked: Arc<Mutex<Vec<String>>> = Arc::default();
        let noted = asked.clone();
        thread::spawn(move || {
            // Open as long as the other side wants.
            let mut open = Vec::new();
            for stream in listener.incoming().flatten() {
                open.extend(answer(stream, &noted));
            }
        });
        Ok(Place { address, asked })
    }

    /// The questions for the big file.
    fn asked(&self) -> Vec<String> {
        let asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        let big = asked.iter().filter(|it| it.contains(".tflite"));
        big.cloned().collect()
    }
}

fn answer(stream: TcpStream, asked: &Mutex<Vec<String>>) -> Option<TcpStream> {
    let mut reader = BufReader::new(stream);
    let mut question = String::new();
    while !question.ends_with("\r\n\r\n") {
        if reader.read_line(&mut question).ok()? == 0 {
            return None;
        }
    }
    let question = question.to_lowercase();
    let mut stream = reader.into_inner();
    let rest = question.contains(&format!("range: bytes={HALF}-"));
    let sent = match (question.contains(".tflite"), rest) {
        (false, _) => write!(stream, "HTTP/1.1 200 Fine\r\ncontent-length: 2\r\n\r\n{{}}"),
        (true, false) => write!(
            stream,
            "HTTP/1.1 200 Fine\r\ncontent-length: {LENGTH}\r\netag: \"7\"\r\n\r\n"
        ),
        (true, true) => write!(
            stream,
            "HTTP/1.1 206 Part\r\ncontent-length: {HALF}\r\ncontent-range: bytes {HALF}-{}/{LENGTH}\r\netag: \"7\"\r\n\r\n",
            LENGTH - 1
        ),
    };
    let big = question.contains(".tflite");
    let mut asked = asked.lock().unwrap_or_else(PoisonError::into_inner);
    asked.push(question);
    drop(asked);
    sent.ok()?;
    if big {
        stream.write_all(&vec![7; HALF]).ok()?;
    }
    Some(stream)
}

fn home(place: &Place) -> Result<Home> {
    let home = Home::new()?.deaf()?;
    let from = format!("[models]\nfrom = {:?}\n", place.address);
    home.write("config/loqa/loqa.toml", from)?;
    Ok(home)
}

/// Somebody who looks at the models.
struct Page {
    client: Client,
    /// The one that is of interest.
    model: &'static str,
}

impl Page {
    async fn open(home: &Home) -> Result<Page> {
        Page::at(home, MODEL).await
    }

    async fn at(home: &Home, model: &'static str) -> Result<Page> {
        let client = Client::connect(&home.path("data")).await;
        let mut client = client.context("no hub")?;
        client.send(ClientFrame::Models { id: 1, on: true }).await?;
        Ok(Page { client, model })
    }

    async fn change(&mut self, change: ModelChange) -> Result<()> {
        let model = self.model.into();
        let change = ClientFrame::ChangeModel {
            id: 2,
            model,
            change,
        };
        Ok(self.client.send(change).await?)
    }

    /// The model, once it is so.
    async fn until(&mut self, state: &str, so: impl Fn(&Value) -> bool) -> Result<Value> {
        let shown = async {
            loop {
                match self.client.recv().await? {
                    ServerFrame::Json { id: 1, json } => {
                        let document: Value = serde_json::from_str(&json)?;
                        let mut models = document["models"].as_array().into_iter().flatten();
                        let model = models
                            .find(|it| it["name"] == self.model)
                            .context("no model")?;
                        if model["state"] == state && so(model) {
                            return Ok(model.clone());
                        }
                    }
                    ServerFrame::Problem { problem, .. } => return Err(problem.into()),
                    _ => {}
                }
            }
        };
        let shown = tokio::time::timeout(CEILING, shown).await;
        shown.with_context(|| format!("it is never {state}"))?
    }
}

fn is_half(model: &Value) -> bool {
    model["progress"]["number"] == 2 && model["progress"]["here"] == HALF
}

impl Page {
    /// What becomes of a request.
    async fn ask(&mut self, request: ClientFrame) -> Result<Result<(), Problem>> {
        let id = request.id();
        self.client.send(request).await?;
        loop {
            match self.client.recv().await? {
                ServerFrame::Problem { id: of, problem } if of == id => return Ok(Err(problem)),
                ServerFrame::Done { id: of } if of == id => return Ok(Ok(())),
                _ => {}
            }
        }
    }

    async fn choose(&mut self, name: &str) -> Result<Result<(), Problem>> {
        let choice = Choice::Model("stt".into(), name.into());
        self.ask(ClientFrame::Choose { id: 3, choice }).await
    }

    async fn remove(&mut self) -> Result<Result<(), Problem>> {
        let (model, change) = (self.model.into(), ModelChange::Remove);
        self.ask(ClientFrame::ChangeModel {
            id: 4,
            model,
            change,
        })
        .await
    }
}

/// What hears any words is the largest that is here, or what somebody has chosen, at once.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_used_stays_until_something_else_is_chosen() -> Result<()> {
    let home = Home::new()?.deaf()?;
    let file = home.write("data/models/stt/ggml-base.en.bin", "")?;
    whisper_model::Model::saying("Turn off the kitchen light.").write(&file)?;
    let sum = json!({ "sha256": "", "bytes": fs::metadata(&file)?.len(), "published": false });
    let held = json!({ "kind": "stt", "files": { "ggml-base.en.bin": sum } });
    let record = json!({ "whisper-base-en": held });
    home.write("data/models/models.json", record.to_string())?;
    let hub = home.hub()?;
    let mut page = Page::at(&home, "whisper-base-en").await?;
    page.until("here", |model| {
        model["used"] == true && model["chosen"] == false
    })
    .await?;
    assert_eq!(
        page.remove().await?.map_err(|it| it.code),
        Err("model_used".into())
    );
    let absent = page.choose("whisper-tiny").await?;
    assert!(absent.is_err_and(|it| it.message.contains("is not here")));
    assert_eq!(page.choose("whisper-base-en").await?, Ok(()));
    page.until("here", |model| model["chosen"] == true).await?;
    // A file counts as well as a model that was fetched.
    assert_eq!(page.choose(&file.to_string_lossy()).await?, Ok(()));
    page.until("here", |model| model["used"] == false).await?;
    assert_eq!(page.choose("whisper-base-en").await?, Ok(()));
    page.until("here", |model| model["used"] == true).await?;
    let refused = page.remove().await?.map_err(|it| it.message);
    assert_eq!(refused, Err("`whisper-base-en` is used".into()));
    assert_eq!(page.choose("none").await?, Ok(()));
    page.until("here", |model| model["used"] == false).await?;
    assert_eq!(page.choose("auto").await?, Ok(()));
    page.until("here", |model| model["used"] == true).await?;
    // Another program names another, and the hub sees that.
    let none = home.run(["model", "use", "none"])?;
    assert_eq!(none.code, Some(0), "{none:#?}");
    page.until("here", |model| model["used"] == false).await?;
    assert_eq!(page.remove().await?, Ok(()));
    page.until("absent", |_| true).await?;
    assert!(!file.exists());
    drop(hub);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_has_come_of_a_model_outlives_the_hub_and_is_gone_on_with() -> Result<()> {
    let place = Place::open()?;
    let home = home(&place)?;
    let hub = home.hub()?;
    let (mut page, mut other) = (Page::open(&home).await?, Page::open(&home).await?);
    page.until("absent", |_| true).await?;
    page.change(ModelChange::Pull).await?;
    page.until("fetching", is_half).await?;
    // Whoever wants the same waits for the same.
    other.change(ModelChange::Pull).await?;
    other.until("fetching", is_half).await?;
    assert_eq!(place.asked().len(), 1);
    // The command line is another program.
    let refused = home.run(["model", "pull", MODEL])?;
    assert!(refused.err.contains("by somebody else"), "{refused:?}");
    other.change(ModelChange::Pause).await?;
    page.until("paused", |model| model["came"] == HALF + 2)
        .await?;

    drop(hub);
    let hub = home.hub()?;
    let mut page = Page::open(&home).await?;
    page.until("paused", |model| model["came"] == HALF + 2)
        .await?;
    page.change(ModelChange::Pull).await?;
    page.until("here", |_| true).await?;
    let asked = place.asked();
    assert_eq!(asked.len(), 2);
    ensure!(asked[1].contains("if-range: \"7\""), "{}", asked[1]);
    page.change(ModelChange::Verify).await?;
    page.until("here", |model| model["sound"] == true).await?;
    page.change(ModelChange::Remove).await?;
    page.until("absent", |_| true).await?;
    drop(hub);
    Ok(())
}

/// What is being fetched keeps nobody waiting.
#[tokio::test(flavor = "multi_thread")]
async fn a_hub_that_is_told_to_end_leaves_a_part() -> Result<()> {
    let place = Place::open()?;
    let home = home(&place)?;
    let hub = home.hub()?;
    let mut page = Page::open(&home).await?;
    page.change(ModelChange::Pull).await?;
    page.until("fetching", is_half).await?;
    let ending = tokio::task::spawn_blocking(move || Hub::interrupt(hub));
    assert_eq!(tokio::time::timeout(CEILING, ending).await???, Some(0));
    assert_eq!(fs::metadata(part(&home))?.len(), HALF as u64);
    let gone_on = home.run(["model", "pull", MODEL])?;
    assert_eq!(gone_on.code, Some(0), "{gone_on:?}");
    Ok(())
}

fn part(home: &Home) -> std::path::PathBuf {
    home.path("data/models/parts/okay_nabu.tflite")
}

#[test]
fn ctrl_c_pauses_a_download_and_says_how_it_goes_on() -> Result<()> {
    let place = Place::open()?;
    let home = home(&place)?;
    let hub = home.hub()?;
    let mut pull = home.command(["model", "pull", MODEL]);
    let pull = pull.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
    let began = std::time::Instant::now();
    while !fs::metadata(part(&home)).is_ok_and(|part| part.len() == HALF as u64) {
        ensure!(began.elapsed() < CEILING, "nothing comes");
        thread::yield_now();
    }
    let id = Pid::from_raw(i32::try_from(pull.id())?).context("no process")?;
    kill_process(id, Signal::INT)?;
    let ended = Ended::from(pull.wait_with_output()?);
    assert_eq!(ended.code, Some(130), "{ended:?}");
    assert!(
        ended.err.contains("`loqa model pull okay-nabu` goes on"),
        "{ended:?}"
    );
    let listed = home.run(["model", "list"])?;
    assert!(
        listed.out.contains("paused: 1 MiB of it are here"),
        "{listed:?}"
    );
    let ended = home.run(["model", "pull", MODEL])?;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(
        ended.out.contains("recorded now: its publisher tells none"),
        "{ended:?}"
    );
    assert_eq!(place.asked().len(), 2);
    // The hub beside it has opened none of this, and lists it.
    let listed = home.run(["privacy", "egress", "--json"])?.json()?;
    let went = listed.iter().map(|row| {
        let came = row["received"].as_u64().unwrap_or_default() >= HALF as u64;
        (row["who"].as_str(), row["outcome"].as_str(), came)
    });
    let closed = |came| (Some(MODEL), Some("closed"), came);
    assert_eq!(
        went.filter(|(.., came)| *came).collect::<Vec<_>>(),
        [closed(true), closed(true)]
    );
    drop(hub);
    Ok(())
}

#[test]
fn a_house_without_internet_has_a_model_from_a_file_or_a_folder() -> Result<()> {
    let home = Home::new()?.deaf()?;
    let folder = home.path("stick");
    home.write("stick/okay_nabu.json", "{}")?;
    let model = home.write("stick/okay_nabu.tflite", "numbers")?;
    let pull = |name: &str, from: &Path| {
        home.run(["model", "pull", name, "--from", &from.to_string_lossy()])
    };
    let one = pull(MODEL, &model)?;
    assert!(
        one.err.contains("2 files") && one.err.contains("name the folder"),
        "{one:?}"
    );
    assert_eq!(pull(MODEL, &folder)?.code, Some(0));
    // The one file of a model may be called as it likes, and must be what its publisher says.
    let other = pull("whisper-tiny-en", &model)?;
    assert!(other.err.contains("its checksum is"), "{other:?}");
    assert!(other.err.contains("quarantine"), "{other:?}");
    assert!(
        home.path("data/models/quarantine/ggml-tiny.en.bin")
            .exists()
    );
    let nowhere = pull("hey-jarvis", &home.path("nowhere"))?;
    assert!(
        nowhere.err.contains("look whether that is there"),
        "{nowhere:?}"
    );
    Ok(())
}
