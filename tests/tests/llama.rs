//! A language model in a process of its own: what it answers, what it may do, and what its end costs. Its
//! models are made here: one says given words, whatever it is asked, so that what becomes of them can be told.
#![cfg(target_os = "linux")]

use anyhow::{Context, Result, ensure};
use futures::{StreamExt, channel::mpsc, stream::BoxStream};
use loqa_core::policy::Risk;
use loqa_core::seams::{AnswerOptions, Answered, LanguageModel, ModelError, Said};
use loqa_engine::workers::{Llama, Prompt, Work};
use loqa_jobs::{Process, Program};
use loqa_protocol::Tool;
use loqa_tests::{
    llama_model::{write, write_saying},
    muscle::{self, Muscle},
    process::until,
    program::{Home, children, loqa},
    voices::{Speaker, Studio, write_wav},
    whisper_model,
};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use std::{
    fs,
    path::Path,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tempfile::TempDir;
use tokio::time::timeout;

/// Longer than anything here takes that works.
const CEILING: Duration = Duration::from_secs(60);
const PARIS: [&str; 8] = [
    "That",
    " is",
    " Paris",
    ",",
    " people",
    " say",
    ".",
    " Beautiful",
];

/// Whoever has a hub: models that compete for two processors answer nobody in time.
static ALONE: Mutex<()> = Mutex::new(());

fn alone() -> MutexGuard<'static, ()> {
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A model, and its process.
struct Mind {
    _folder: TempDir,
    process: Arc<Process>,
    llama: Llama,
}

impl Mind {
    fn of(make: impl FnOnce(&Path)) -> Result<Mind> {
        let folder = tempfile::tempdir()?;
        let file = folder.path().join("says.gguf");
        make(&file);
        let process = Arc::new(Process::of(Program {
            name: "llama".into(),
            file: loqa().with_file_name("loqa-llm-worker"),
            arguments: vec![
                "--model".into(),
                file.into(),
                "--threads".into(),
                "1".into(),
                "--context".into(),
                "1024".into(),
            ],
        }));
        let capability = "llm.llama:says".parse();
        let capability = capability.map_err(|error| anyhow::anyhow!("{error}"))?;
        let prompt = Arc::new(Prompt {
            system: "You are a test.".into(),
            tools: vec![(
                Risk::Everyday,
                Tool {
                    name: "home.unlock".into(),
                    about: "unlock the door".into(),
                    parameters: r#"{"type":"object","properties":{}}"#.into(),
                },
            )],
        });
        Ok(Mind {
            _folder: folder,
            llama: Llama::new(
                Work::here(process.clone(), capability),
                Arc::new(move || prompt.clone()),
            ),
            process,
        })
    }

    fn ask(&self, text: &str) -> BoxStream<'static, Result<Answered, ModelError>> {
        let said = Said {
            text: text.into(),
            is_final: true,
        };
        let said = futures::stream::iter([said]).boxed();
        self.llama.answer(said, AnswerOptions::default())
    }

    fn id(&self) -> Result<Pid> {
        let id = self.process.id().context("it does not run")?;
        Pid::from_raw(i32::try_from(id)?).context("it has no id")
    }
}

/// All that it says.
async fn whole(answer: BoxStream<'static, Result<Answered, ModelError>>) -> Result<String> {
    let parts: Vec<_> = timeout(CEILING, answer.collect()).await?;
    let mut all = String::new();
    for part in parts {
        match part? {
            Answered::Words(words) => all += &words,
            Answered::Call { name, arguments } => all += &format!("{name}{arguments:?}"),
        }
    }
    Ok(all)
}

#[tokio::test]
async fn it_answers_while_its_process_is_killed_and_stopped() -> Result<()> {
    let mind = Mind::of(|file| write_saying(file, &PARIS, ""))?;
    let paris = "That is Paris, people say. Beautiful";
    assert_eq!(whole(mind.ask("where is the tower")).await?, paris);
    for signal in [Signal::KILL, Signal::STOP] {
        // Before anything was asked: somebody else's process answers.
        let (mut say, said) = mpsc::channel(4);
        let mut answer = mind.llama.answer(said.boxed(), AnswerOptions::default());
        let text = "where is".into();
        say.try_send(Said {
            text,
            is_final: false,
        })?;
        ensure!(futures::poll!(answer.next()).is_pending());
        let before = mind.id()?;
        kill_process(before, signal)?;
        let text = "where is the tower".into();
        say.try_send(Said {
            text,
            is_final: true,
        })?;
        assert_eq!(whole(answer).await?, paris, "{signal:?}");
        assert_ne!(mind.id()?, before);
    }
    // Whoever gives its memory back is loaded again by the next question; not in the middle of one.
    ensure!(!mind.process.unload(CEILING));
    let before = mind.id()?;
    ensure!(mind.process.unload(Duration::ZERO));
    assert_eq!(whole(mind.ask("where is the tower")).await?, paris);
    assert_ne!(mind.id()?, before);
    Ok(())
}

#[tokio::test]
async fn nobody_goes_on_with_the_words_of_another() -> Result<()> {
    let endless = Mind::of(|file| write(file, None))?;
    let mut answer = endless.ask("and then");
    let first = timeout(CEILING, answer.next()).await?;
    ensure!(matches!(first, Some(Ok(Answered::Words(_)))), "{first:?}");
    kill_process(endless.id()?, Signal::KILL)?;
    let rest: Vec<_> = timeout(CEILING, answer.collect()).await?;
    ensure!(
        matches!(rest.last(), Some(Err(ModelError::NodeLost(_)))),
        "{rest:?}"
    );
    Ok(())
}

fn ask(home: &Home, sentence: &str) -> Result<Value> {
    let ended = home.run(["ask", "--json", sentence])?;
    let turns = ended.turns()?;
    let turn = turns.into_iter().next();
    turn.with_context(|| format!("{ended:#?}"))
}

/// Words that a usual model knows: those of the household's commands, and some.
fn known() -> Result<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut known = fs::read_to_string(root.join("ARCHITECTURE.md"))?;
    for skill in ["alarms", "calculator", "clock", "home", "timers"] {
        known += &fs::read_to_string(root.join(format!("skills/{skill}/skill.yaml")))?;
    }
    known += &fs::read_to_string(root.join("engine/src/models/prompt.rs"))?;
    Ok(known + &fs::read_to_string(root.join("engine/src/config/demo-home.toml"))?)
}

/// A home whose hub has a language model.
fn home_with(pieces: &[&str]) -> Result<Home> {
    let home = Home::new()?.deaf()?;
    let model = home.path("says.gguf");
    write_saying(&model, pieces, &known()?);
    home.write(
        "config/loqa/loqa.toml",
        format!("[thinking]\nmodel = {:?}\n", model.to_string_lossy()),
    )?;
    Ok(home)
}

#[test]
fn what_no_command_covers_is_answered_and_commands_are_done_as_ever() -> Result<()> {
    let _alone = alone();
    let home = home_with(&PARIS)?;
    let hub = home.hub()?;
    let turn = ask(&home, "which town has the iron tower")?;
    assert_eq!(
        turn["reply"], "That is Paris, people say. Beautiful",
        "{turn}"
    );
    assert_eq!(turn["class"], "C", "{turn}");
    let placed = turn["placements"].to_string();
    ensure!(placed.contains("llm.llama:says"), "{placed}");
    let turn = ask(&home, "turn off the kitchen lights")?;
    assert_eq!(turn["reply"], "The kitchen lights are off.", "{turn}");
    ensure!(!turn["placements"].to_string().contains("llm"), "{turn}");

    let running = children(hub.id())?;
    let found = running
        .iter()
        .find(|(_, it)| it.contains("loqa-llm-worker"));
    let (id, _) = found.with_context(|| format!("{running:?}"))?;
    kill_process(
        Pid::from_raw(i32::try_from(*id)?).context("no id")?,
        Signal::KILL,
    )?;
    let turn = ask(&home, "which town has the iron tower")?;
    assert_eq!(
        turn["reply"], "That is Paris, people say. Beautiful",
        "{turn}"
    );
    let doctor = home.run(["doctor"])?.out;
    ensure!(doctor.contains("llm.llama:says"), "{doctor}");

    // Another takes its place while the hub runs, then nobody.
    write_saying(&home.path("other.gguf"), &["Rome it is"], &known()?);
    let other = home.path("other.gguf").to_string_lossy().into_owned();
    let mut asked = 0;
    for (named, answers) in [(&*other, true), ("none", false)] {
        let used = home.run(["model", "use", named, "--for", "llm"])?;
        ensure!(used.code == Some(0), "{used:#?}");
        until("the hub has taken it up", || {
            // Nobody has asked that before: answers are remembered.
            asked += 1;
            let question = format!("which town has the iron tower number {asked}");
            let turn = ask(&home, &question).unwrap_or_default();
            (turn["reply"] == "Rome it is") == answers
        })?;
    }
    Ok(())
}

#[test]
fn a_call_is_a_command_and_what_was_done_is_told_by_its_result() -> Result<()> {
    let _alone = alone();
    let call = r#"{"tool":"home.turn_off","arguments":{"device":"kitchen lights"}}"#;
    let home = home_with(&[call])?;
    let _hub = home.hub()?;
    let turn = ask(&home, "it is far too bright where we cook")?;
    assert_eq!(turn["reply"], "The kitchen lights are off.", "{turn}");
    assert_eq!(turn["intent"], "home.turn_off", "{turn}");
    assert_eq!(turn["text"], "it is far too bright where we cook", "{turn}");
    let turn = ask(&home, "are the kitchen lights on")?;
    assert_eq!(turn["reply"], "No, the kitchen lights are off.", "{turn}");
    Ok(())
}

#[test]
fn one_that_always_wants_the_worst_gets_no_further_than_a_person() -> Result<()> {
    let _alone = alone();
    let home = home_with(&[r#"{"tool":"home.unlock","arguments":{"device":"back door"}}"#])?;
    let hub = home.hub()?;
    for _ in 0..3 {
        let turn = ask(&home, "tell me a story")?;
        ensure!(
            turn["reply"].as_str().is_some_and(|it| it.ends_with('?')),
            "{turn}"
        );
        let turn = ask(&home, "is the back door locked")?;
        assert_eq!(turn["reply"], "Yes, the back door is locked.", "{turn}");
    }
    drop(hub);
    // One that says that it has done it has not.
    for pieces in [
        ["I", " have", " unlocked", " the", " door", "."].as_slice(),
        &["Done", "."],
        &["The", " door", " is", " now", " unlocked", "!"],
    ] {
        let home = home_with(pieces)?;
        let _hub = home.hub()?;
        let turn = ask(&home, "let them in")?;
        let nothing = "I didn't do anything: say it another way.";
        assert_eq!(turn["reply"], nothing, "{turn}");
    }
    Ok(())
}

#[test]
fn a_question_is_answered_by_another_machine_and_by_none_once_that_is_gone() -> Result<()> {
    let _alone = alone();
    let home = Home::new()?.deaf()?;
    let says = home.path("says.gguf");
    write_saying(&says, &PARIS, &known()?);
    let _hub = home.hub()?;
    let mut attic = Muscle::new(&home, "attic", &format!("llama = {says:?}"), None)?;
    let turn = ask(&home, "which town has the iron tower")?;
    assert_eq!(
        turn["reply"], "That is Paris, people say. Beautiful",
        "{turn}"
    );
    let list = muscle::until(&home, |list| !list[0]["work"][0].is_null())?;
    let reason = list[0]["work"][0]["reason"].as_str().unwrap_or_default();
    ensure!(
        reason.contains("llm.llama:says on `attic`: the only one"),
        "{list:#?}"
    );
    attic.kill();
    let turn = ask(&home, "which town has the iron tower in france")?;
    let reply = turn["reply"].as_str().unwrap_or_default();
    ensure!(!reply.is_empty() && !reply.contains("Paris"), "{turn}");
    Ok(())
}

#[test]
fn a_question_that_whisper_hears_is_answered_aloud() -> Result<()> {
    let _alone = alone();
    let home = Home::new()?;
    let [hears, says] = [home.path("hears.bin"), home.path("says.gguf")];
    whisper_model::Model::saying("Which town has the iron tower?").write(&hears)?;
    write_saying(&says, &PARIS, &known()?);
    let path = |path: &Path| format!("{:?}", path.to_string_lossy());
    let settings = format!(
        "[hearing]\nmodel = {}\n[thinking]\nmodel = {}\n",
        path(&hears),
        path(&says)
    );
    home.write("config/loqa/loqa.toml", settings)?;
    let studio = Studio::open()?;
    let clip = studio.speak(Speaker::Flite("slt"), "which town has the iron tower")?;
    let wav = home.path("asks.wav");
    write_wav(&wav, &clip.framed(300, 900).samples)?;
    let _hub = home.hub()?;
    let ended = home.run(["ask", "--json", "--fast", "--wav", &wav.to_string_lossy()])?;
    let turn = ended.turns()?.into_iter().next().context("no turn")?;
    assert_eq!(turn["text"], "which town has the iron tower", "{turn}");
    assert_eq!(
        turn["reply"], "That is Paris, people say. Beautiful",
        "{turn}"
    );
    ensure!(turn["ttfa_ms"].is_number(), "{turn}");
    Ok(())
}

#[test]
fn a_file_that_is_no_model_is_named_and_commands_are_done_as_ever() -> Result<()> {
    let _alone = alone();
    let home = home_with(&PARIS)?;
    let model = home.path("says.gguf");
    let whole = fs::read(&model)?;
    for (bytes, said) in [
        (&b"ggml"[..], "says.gguf: it is not a GGUF file"),
        (b"GGUF\x01\0\0\0", "its version is 1"),
        (&whole[..20], "it is cut off"),
    ] {
        fs::write(&model, bytes)?;
        let doctor = home.run(["doctor"])?.out;
        ensure!(doctor.contains(said), "{said}: {doctor}");
    }
    // Right in its beginning: its process names it, and a question is answered by nobody.
    fs::write(&model, &whole[..whole.len() / 2])?;
    let _hub = home.hub()?;
    let turn = ask(&home, "which town has the iron tower")?;
    assert_eq!(
        turn["reply"], "I have no answer to that right now.",
        "{turn}"
    );
    let doctor = home.run(["doctor"])?.out;
    ensure!(doctor.contains("truncated"), "{doctor}");
    let turn = ask(&home, "turn off the kitchen lights")?;
    assert_eq!(turn["reply"], "The kitchen lights are off.", "{turn}");
    Ok(())
}
