//! A node is paired with a hub over the network, by people at a command line: by what the hub's QR code
//! holds, and by digits that the node shows.

use anyhow::{Context, Result, ensure};
use futures::{StreamExt, executor::block_on, stream};
use loqa_core::{
    seams::{TextToSpeech, Voice},
    speech,
};
use loqa_inference::{
    onnx,
    tts::{Kokoro, KokoroConfig, Voices, kokoro::SAMPLE_RATE_HZ},
};
use loqa_link::{
    Identity, Member, Shelf,
    pairing::{About, Invitation, Joined, Opening, PairError, Role, Roles, Secret, pair},
    wire::{Dialer, Me, take},
};
use loqa_protocol::NodeRole;
use loqa_tests::{
    kokoro_model::{self, Shape},
    muscle::{self, Muscle, works},
    nodes::{Pairing, Running, called, house, listed, loud, node, pair_here, silence},
    program::{Ended, Home},
    voices::write_wav,
    whisper_model::Model,
};
use serde_json::{Value, json};
use sha2::Digest;
use std::{
    net::SocketAddr,
    process::Stdio,
    sync::{Arc, mpsc},
    thread::JoinHandle,
    time::Instant,
};

fn begin(home: &Home, args: &[&str]) -> Result<Pairing> {
    let args = [&["node", "pair", "--json"], args].concat();
    Pairing::begin(home.command(args))
}

/// Who joined, or did not.
type Outcome = (Identity, Result<Joined, PairError>);

/// A node that joins, on a thread of its own; its words come first.
fn join(
    secret: Secret,
    only: Option<loqa_protocol::NodeId>,
    address: SocketAddr,
    name: &str,
    roles: Roles,
) -> (mpsc::Receiver<String>, JoinHandle<Outcome>) {
    let (sender, words) = mpsc::channel();
    let about = About {
        name: name.into(),
        roles,
    };
    let joining = std::thread::spawn(move || {
        let identity = Identity::passing().unwrap();
        let mut opening = Opening::new([secret], only, Instant::now());
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let shows = |shown: [&str; 3]| drop(sender.send(shown.join("  ")));
        let joined = runtime.block_on(pair(&identity, address, only, &mut opening, about, shows));
        (identity, joined)
    });
    (words, joining)
}

fn nodes(home: &Home) -> Result<Vec<Value>> {
    listed(&home.run(["node", "list", "--json"])?)
}

#[test]
fn a_node_is_paired_named_and_let_go_and_the_hub_remembers() -> Result<()> {
    let home = Home::new()?.deaf()?;
    let hub = home.hub()?;
    ensure!(nodes(&home)?.is_empty());

    // The hub's QR code is scanned.
    let pairing = begin(&home, &[])?;
    let scanned: Invitation = pairing.shown["qr"].as_str().context("no code")?.parse()?;
    ensure!(scanned.secret().by() == Role::Hub);
    let at = pairing.here()?;
    let (words, joining) = join(
        scanned.secret().clone(),
        Some(scanned.key()),
        at,
        "Kitchen",
        Roles::PUCK,
    );
    let words = words.recv()?;
    let ended = pairing.answer("yes\n")?;
    ensure!(ended.code == Some(0), "{ended:#?}");
    ensure!(ended.err.contains(&words), "{words}: {ended:#?}");
    let (identity, joined) = joining.join().unwrap();
    let joined = joined?;
    let id = identity.node().to_string();
    ensure!(joined.hub == scanned.key());
    Member::new(identity, joined.hub, &joined.authority, joined.certificate)?;

    // The node shows digits; it has the name of the first.
    let pairing = begin(&home, &["--code", "1111 2222"])?;
    let secret = Secret::typed(Role::Node, "11112222")?;
    let (words, joining) = join(
        secret.clone(),
        None,
        pairing.here()?,
        "Kitchen",
        Roles::PUCK,
    );
    words.recv()?;
    let ended = pairing.answer("yes\n")?;
    ensure!(
        ended.code == Some(0) && ended.out.contains("Kitchen 2"),
        "{ended:#?}"
    );
    joining.join().unwrap().1?;

    // A person sees other words than those of the device in their hand.
    let pairing = begin(&home, &["--code", "1111 2222"])?;
    let (words, joining) = join(secret, None, pairing.here()?, "Stranger", Roles::PUCK);
    words.recv()?;
    let ended = pairing.answer("no\n")?;
    ensure!(ended.code == Some(1), "{ended:#?}");
    let refused = joining.join().unwrap().1.unwrap_err().to_string();
    ensure!(refused.contains("do not match"), "{refused}");

    let loqa = |args: &[&str]| home.run(args);
    let done = loqa(&["node", "rename", &id[..8], "Pantry"])?;
    ensure!(done.code == Some(0), "{done:#?}");
    let taken = loqa(&["node", "rename", "kitchen 2", "pantry"])?;
    ensure!(
        taken.code == Some(1) && taken.err.contains("another node"),
        "{taken:#?}"
    );
    let nowhere = loqa(&["node", "room", "Pantry", "attic"])?;
    ensure!(
        nowhere.code == Some(1) && nowhere.err.contains("kitchen"),
        "{nowhere:#?}"
    );
    let there = loqa(&["node", "room", "Pantry", "kitchen"])?;
    ensure!(there.code == Some(0), "{there:#?}");

    hub.interrupt()?;
    let hub = home.hub()?;
    let list = nodes(&home)?;
    let of = |name: &str| list.iter().find(|node| node["name"] == name);
    let pantry = of("Pantry").context("forgotten")?;
    ensure!(
        pantry["id"] == *id && pantry["room"] == "kitchen",
        "{pantry}"
    );
    ensure!(pantry["roles"][0] == "puck" && list.len() == 2, "{list:#?}");
    let doctor = loqa(&["doctor"])?;
    ensure!(doctor.out.contains("Pantry"), "{doctor:#?}");
    let gone = loqa(&["node", "revoke", "Pantry"])?;
    ensure!(gone.code == Some(0), "{gone:#?}");
    ensure!(loqa(&["node", "revoke", "Pantry"])?.code == Some(1));
    ensure!(nodes(&home)?.len() == 1);
    let audit = loqa(&["skill", "audit", "--json"])?.json()?;
    let gone = audit
        .iter()
        .any(|row| row["what"] == "node-gone" && row["version"] == id[..8]);
    ensure!(gone, "{audit:#?}");
    hub.interrupt()?;
    Ok(())
}

#[test]
fn a_puck_is_heard_and_answered_in_its_own_room_until_it_is_revoked() -> Result<()> {
    let home = house()?;
    home.write("puck.toml", "name = \"Pantry puck\"\n")?;
    write_wav(&home.path("heard.wav"), &called("turn on the lights")?)?;
    let hub = home.hub()?;
    pair_here(&home, "puck")?;
    let moved = home.run(["node", "room", "Pantry puck", "kitchen"])?;
    ensure!(moved.code == Some(0), "{moved:#?}");

    let run = |heard: &str| {
        let args = ["run", "--wav", heard, "--out", "answered.wav"];
        node(&home, "puck", &args)
    };
    let puck = run("heard.wav").output()?;
    ensure!(puck.status.success(), "{puck:?}");
    let loud = loud(&home, "answered.wav");
    ensure!(
        loud > 4_000,
        "the reply is not heard at the puck: {loud} loud samples"
    );
    // The room it stands in, and no other.
    let asked = home.run([
        "ask",
        "--json",
        "are the kitchen lights on",
        "are the bedroom lights on",
    ])?;
    let turns = asked.turns()?;
    let said = |turn: usize| {
        turns[turn]["reply"]
            .as_str()
            .unwrap_or_default()
            .to_lowercase()
    };
    ensure!(
        !said(0).contains("off") && said(1).contains("off"),
        "{} {}",
        said(0),
        said(1)
    );

    // It is there while nobody says anything, finds a hub that was killed again, and is let in nowhere once it is
    // revoked.
    write_wav(&home.path("silence.wav"), &silence(300))?;
    let mut puck = Running::start(run("silence.wav"))?;
    puck.until(&["Linked to"])?;
    let list = nodes(&home)?;
    ensure!(
        list[0]["linked"] == true && list[0]["room"] == "kitchen",
        "{list:#?}"
    );
    // As kill -9 does.
    drop(hub);
    let hub = home.hub()?;
    puck.until(&["The link has ended"])?;
    puck.until(&["Linked to"])?;
    let gone = home.run(["node", "revoke", "Pantry puck"])?;
    ensure!(gone.code == Some(0), "{gone:#?}");
    puck.until(&["removed from the household"])?;
    hub.interrupt()?;
    Ok(())
}

#[test]
fn what_no_command_covers_is_heard_by_a_node_and_by_another_if_that_dies_in_the_middle_of_words()
-> Result<()> {
    let home = house()?;
    let model = home.path("says.bin");
    Model::saying("turn off the kitchen lights").write(&model)?;
    let model = format!("whisper = {model:?}");
    let said = home.run([
        "say",
        "purple elephants dance all around the green garden",
        "--out",
        "odd.wav",
    ])?;
    ensure!(said.code == Some(0), "{said:#?}");
    let hub = home.hub()?;
    let ask = || home.run(["ask", "--json", "--wav", "odd.wav"]);
    let alone = ask()?.turns()?;
    ensure!(alone[0]["intent"].is_null(), "{alone:#?}");

    let mut muscles = vec![
        Muscle::new(&home, "attic", &model, None)?,
        Muscle::new(&home, "cellar", &model, None)?,
    ];
    let heard = ask()?.turns()?;
    ensure!(
        heard[0]["text"] == "turn off the kitchen lights",
        "{heard:#?}"
    );
    // Why it went where it went is shown with the machine.
    let list = nodes(&home)?;
    let reasons: Vec<_> = list.iter().map(|it| &it["work"][0]["reason"]).collect();
    let placed = |it: &&Value| {
        it.as_str()
            .is_some_and(|it| it.contains("stt.whisper:says on "))
    };
    ensure!(reasons.into_iter().any(|it| placed(&it)), "{list:#?}");

    // What may not leave the hub stays with it.
    let hears = |words: &str| -> Result<()> {
        for name in ["attic", "cellar"] {
            let set = home.run(["node", "hears", name, words])?;
            ensure!(set.code == Some(0), "{set:#?}");
        }
        Ok(())
    };
    hears("kept")?;
    let kept = ask()?.turns()?;
    ensure!(kept[0]["intent"].is_null(), "{kept:#?}");
    hears("everything")?;

    // Whichever hears it is killed while somebody speaks, as kill -9 does; then the other one as well.
    for others in [1, 0] {
        muscle::until(&home, |list| !list.iter().any(works))?;
        let mut asking = home.command(["ask", "--json", "--wav", "odd.wav"]);
        let asking = asking.stdout(Stdio::piped()).stderr(Stdio::piped());
        let asking = asking.spawn()?;
        let list = muscle::until(&home, |list| list.iter().any(works))?;
        let working = list.iter().find(|node| works(node)).context("nobody")?;
        let killed = working["name"].as_str().context("no name")?;
        muscles.retain(|it| it.name != killed);
        ensure!(muscles.len() == others, "{list:#?}");
        let ended: Ended = asking.wait_with_output()?.into();
        let turns = ended.turns()?;
        match others {
            1 => ensure!(
                turns[0]["text"] == "turn off the kitchen lights",
                "{killed}: {turns:#?}"
            ),
            // What is left is what the hub itself has heard: no command, and nothing is done.
            _ => ensure!(turns[0]["intent"].is_null(), "{killed}: {turns:#?}"),
        }
    }
    hub.interrupt()?;
    Ok(())
}

#[test]
fn a_node_that_is_told_a_name_has_the_model_of_its_hub_and_keeps_it() -> Result<()> {
    let home = house()?;
    let said = home.run([
        "say",
        "purple elephants dance all around the green garden",
        "--out",
        "odd.wav",
    ])?;
    ensure!(said.code == Some(0), "{said:#?}");
    let hub = home.hub()?;
    let told = |words: &str| {
        let told = |node: &Value| {
            let why = node["models"][0]["problem"]["message"].as_str();
            why.is_some_and(|why| why.contains(words))
        };
        muscle::until(&home, |list| list.iter().any(told))
    };
    let offers = |list: &[Value]| list[0]["offers"][0] == "stt.whisper:whisper-base-en";

    // The hub has none yet, and says so; what it fetches later comes by itself.
    let named = "whisper = \"whisper-base-en\"";
    let mut muscle = Muscle::new(&home, "attic", named, None)?;
    told("has not fetched `whisper-base-en` yet")?;
    let folder = home.path("data/models/stt");
    std::fs::create_dir_all(&folder)?;
    let file = folder.join("ggml-base.en.bin");
    Model::saying("turn off the kitchen lights").write(&file)?;
    let bytes = std::fs::read(&file)?;
    let sum = hex::encode(sha2::Sha256::digest(&bytes));
    let record = json!({ "whisper-base-en": { "kind": "stt", "files": {
        "ggml-base.en.bin": { "sha256": sum, "bytes": bytes.len(), "published": false },
    } } });
    home.write("data/models/models.json", record.to_string())?;
    let list = muscle::until(&home, offers)?;
    ensure!(list[0]["models"] == json!([]), "{list:#?}");
    let ask = || home.run(["ask", "--json", "--wav", "odd.wav"]);
    let heard = ask()?.turns()?;
    ensure!(
        heard[0]["text"] == "turn off the kitchen lights",
        "{heard:#?}"
    );

    // It is kept: a hub that has lost its own is not needed for that.
    muscle.kill();
    std::fs::remove_file(&file)?;
    muscle.start()?;
    muscle::until(&home, offers)?;
    let status = muscle.status()?;
    ensure!(
        status.out.contains("whisper-base-en: here, ") && status.code == Some(0),
        "{status:#?}"
    );

    // A name that nobody knows is answered with those there are; what was kept under the old one is dropped.
    muscle.kill();
    muscle.set("whisper = \"whisper-huge\"")?;
    muscle.start()?;
    told(
        "knows no model `whisper-huge`: of that kind it has whisper-base-en, and can fetch whisper-tiny-en",
    )?;
    let shown = home.run(["node", "list"])?;
    ensure!(
        shown.out.contains("whisper-huge does not get there"),
        "{shown:#?}"
    );
    ensure!(std::fs::read_dir(home.path("attic/models"))?.count() == 0);
    hub.interrupt()?;
    Ok(())
}

/// The lengths of what is said between the pauses after sentences, in samples at Kokoro's rate.
fn sentences(samples: impl IntoIterator<Item = i16>) -> Vec<usize> {
    // The pause is one of 260 ms.
    const PAUSE: usize = SAMPLE_RATE_HZ as usize / 4;
    let (mut lengths, mut quiet) = (vec![0], 0);
    for sample in samples {
        quiet = if sample == 0 { quiet + 1 } else { 0 };
        if let Some(length) = lengths.last_mut() {
            *length += 1;
        }
        if quiet == PAUSE {
            lengths.push(0);
        }
    }
    // Each ends with the beginning of its pause, and the next begins with the rest.
    let pause = SAMPLE_RATE_HZ as usize * 260 / 1000;
    let last = lengths.len() - 1;
    let sentences = lengths.into_iter().enumerate().map(|(at, length)| {
        let before = if at > 0 { pause - PAUSE } else { 0 };
        let after = if at < last { PAUSE } else { 0 };
        length - before - after
    });
    sentences.collect()
}

#[test]
fn a_node_speaks_and_what_it_does_not_say_to_the_end_the_hub_says() -> Result<()> {
    let slt = Voice("slt".into());
    if let Err(error) = onnx::available().and_then(|()| Voices::load().check(&slt)) {
        eprintln!("skipped: {error}");
        return Ok(());
    }
    let home = house()?.deaf()?;
    let settings = std::fs::read_to_string(home.path("config/loqa/loqa.toml"))?;
    let settings = settings + "[voice]\nmode = \"expressive\"\n";
    home.write("config/loqa/loqa.toml", settings)?;
    let folder = home.path("voice");
    kokoro_model::write(&folder, Shape::Kokoro, &["af_heart"])?;
    let lasts = |tts: &dyn TextToSpeech, voice: &str, clause: &str| -> Result<usize> {
        let text = stream::iter([clause.to_owned()]).boxed();
        let said = tts.synthesize(text, Voice(voice.into()).into());
        let said: Vec<_> = block_on(said.collect());
        let mut samples = 0;
        for chunk in said {
            let chunk = chunk?;
            samples +=
                chunk.samples.len() * SAMPLE_RATE_HZ as usize / chunk.sample_rate_hz as usize;
        }
        Ok(samples)
    };
    let (fast, kokoro) = (
        Voices::load(),
        Kokoro::open(&folder, KokoroConfig::default())?,
    );
    let by_kokoro = |clause: &str| lasts(&kokoro, "af_heart", clause);
    // flite's noise differs from call to call, and with it where it is cut.
    let by_flite = |clause: &str, length: usize| -> Result<bool> {
        let expected = lasts(&fast, "slt", clause)?;
        Ok(length.abs_diff(expected) < expected / 5)
    };
    let say = |text: &str| home.command(["say", text, "--out", "said.wav"]);
    let heard = || -> Result<Vec<usize>> {
        let mut said = hound::WavReader::open(home.path("said.wav"))?;
        ensure!(
            said.spec().sample_rate == SAMPLE_RATE_HZ,
            "{:?}",
            said.spec()
        );
        let samples: Vec<i16> = said.samples().collect::<Result<_, _>>()?;
        Ok(sentences(samples))
    };
    let offers = |list: &[Value]| {
        list[0]["offers"] == json!(["tts.kokoro:af_heart"]) && muscle::ready(&list[0])
    };

    let hub = home.hub()?;
    let runs = format!("kokoro = {folder:?}");
    let mut muscle = Muscle::new(&home, "attic", &runs, None)?;
    muscle::until(&home, offers)?;

    // It is killed in the middle of a reply, as kill -9 does: none of its sentences is lost, and none is said twice.
    let boxes = (1..=60).map(|number| format!("Box number {number} is empty."));
    let text = boxes.collect::<Vec<_>>().join(" ");
    let clauses = speech::clauses(&speech::speakable(&text));
    let mut saying = say(&text);
    let saying = saying
        .stderr(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    for _ in 0..3 {
        muscle.until_job()?;
    }
    muscle.kill();
    let ended: Ended = saying.wait_with_output()?.into();
    ensure!(ended.code == Some(0), "{ended:#?}");
    let lengths = heard()?;
    ensure!(
        lengths.len() == clauses.len(),
        "{} sentences",
        lengths.len()
    );
    let mut there = 0;
    for (at, (clause, length)) in clauses.iter().zip(lengths).enumerate() {
        if at == there && length == by_kokoro(clause)? {
            there += 1;
        } else {
            ensure!(by_flite(clause, length)?, "{clause} lasts {length} samples");
        }
    }
    ensure!((2..60).contains(&there), "{there} were said by the node");

    // It is back, and told with each reply, and with the machine.
    muscle.start()?;
    muscle::until(&home, offers)?;
    let spoken = || -> Result<Value> {
        let turns = home
            .run(["ask", "--json", "turn on the kitchen lights"])?
            .turns()?;
        let placements = turns[0]["placements"].as_array().context("no placements")?;
        let is_voice = |it: &&Value| {
            it["capability"]
                .as_str()
                .is_some_and(|it| it.starts_with("tts."))
        };
        Ok(placements
            .iter()
            .find(is_voice)
            .context("no voice")?
            .clone())
    };
    let there = spoken()?;
    let on_attic = |it: &Value| {
        it.as_str()
            .is_some_and(|it| it.contains("tts.kokoro:af_heart on `attic`"))
    };
    ensure!(on_attic(&there["reason"]), "{there}");
    let list = nodes(&home)?;
    ensure!(on_attic(&list[0]["work"][0]["reason"]), "{list:#?}");

    // What may not leave the hub stays with it, and so does everything while the node stands still.
    let one = |text: &str| -> Result<usize> {
        let ended: Ended = say(text).output()?.into();
        ensure!(ended.code == Some(0), "{ended:#?}");
        let lengths = heard()?;
        ensure!(lengths.len() == 1, "{lengths:?}");
        Ok(lengths[0])
    };
    ensure!(one("The attic is empty.")? == by_kokoro("The attic is empty.")?);
    home.run(["node", "hears", "attic", "kept"])?;
    ensure!(by_flite(
        "The cellar is empty.",
        one("The cellar is empty.")?
    )?);
    let here = spoken()?;
    ensure!(here["capability"] == "tts.flite:slt", "{here}");
    home.run(["node", "hears", "attic", "everything"])?;
    muscle.freeze()?;
    ensure!(by_flite(
        "The garden is empty.",
        one("The garden is empty.")?
    )?);
    hub.interrupt()?;
    Ok(())
}

#[tokio::test]
async fn only_who_was_paired_to_run_models_is_given_one_and_never_another_file() -> Result<()> {
    let home = Home::new()?.deaf()?;
    let hub = home.hub()?;
    let folder = home.path("data/models/stt");
    std::fs::create_dir_all(&folder)?;
    std::fs::write(folder.join("ggml-base.en.bin"), "shorter than it was")?;
    let record = json!({ "whisper-base-en": { "kind": "stt", "files": {
        "ggml-base.en.bin": { "sha256": "00".repeat(32), "bytes": 7, "published": false },
    } } });
    home.write("data/models/models.json", record.to_string())?;
    let refused = async |name: &str, roles: Roles, wanted: &[&str]| -> Result<Vec<String>> {
        let pairing = begin(&home, &[])?;
        let scanned: Invitation = pairing.shown["qr"].as_str().context("no code")?.parse()?;
        let at = pairing.here()?;
        let (words, joining) = join(
            scanned.secret().clone(),
            Some(scanned.key()),
            at,
            name,
            roles,
        );
        words.recv()?;
        pairing.answer("yes\n")?;
        let (identity, joined) = joining.join().unwrap();
        let joined = joined?;
        let member = Member::new(identity, joined.hub, &joined.authority, joined.certificate)?;
        let me = Me {
            name: name.into(),
            // It may say of itself what it likes.
            roles: vec![NodeRole::Inference],
            ..Me::default()
        };
        let dialer = Dialer::new(member, me, Arc::new(|_| {}))?;
        let link = dialer.reach(async || vec![at]).await?;
        let shelf = Shelf::of(home.path(name));
        let mut codes = Vec::new();
        for wanted in wanted {
            let taken = take(&link, &wanted.parse()?, &shelf, &mut |_, _| {}).await;
            codes.push(taken.expect_err(wanted).problem().code);
        }
        Ok(codes)
    };
    let base = "stt.whisper:whisper-base-en";
    let puck = refused("puck", Roles::PUCK, &[base]).await?;
    ensure!(puck == ["not_for_nodes"], "{puck:?}");
    let wanted = [
        "stt.whisper:../../household.db",
        "tts.kokoro:kokoro",
        "llm.llama:whisper-base-en",
        "stt.whisper:whisper-large",
        "stt.whisper:whisper-tiny-en",
        base,
    ];
    let muscle = refused("box", Roles::INFERENCE, &wanted).await?;
    let codes = [
        "model_kind",
        "model_kind",
        "model_kind",
        "model_unknown",
        "model_not_here",
        "model_damaged",
    ];
    ensure!(muscle == codes, "{muscle:?}");
    hub.interrupt()?;
    Ok(())
}
