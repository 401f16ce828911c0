//! Households in a little network, told in text: what happens, line by line, and what comes of it.
//!
//! ```text
//! hub home                        a machine with a hub
//! hub home hears "…"              the same, with a whisper that hears that, whatever is said
//! puck kitchen of home            a machine with a puck, which finds that hub and is paired by digits
//! puck two called kitchen of home the same, and its name is another's
//! box attic of home               likewise one that runs models
//! box attic of home hears "…"     likewise one whose whisper hears that, whatever is said
//! room kitchen kitchen            the puck stands in that room
//! slow kitchen 50 30 0            what it says to its hub, and hears, takes 50 ± 30 ms, and so many kbit/s, from then on
//! call kitchen "…"                somebody says the phrase there, and that; goes on while they speak
//! call kitchen "…" 15 "…"         and 15 s later again
//! say home "…"                    somebody says that to the hub itself; goes on while they speak
//! hearing home                    waits until they do, and until one more box hears it, which is `it` from then on
//! answered kitchen · answered home waits until the answer was heard; all who heard it knew it as the same utterance
//! linked kitchen · lost kitchen   waits until it says so
//! thinking kitchen                likewise
//! hear home "…"                   the hub itself hears that
//! ready home 2                    waits until so many boxes would take work
//! there home kitchen · gone home kitchen · silent home kitchen
//!                                 waits until the hub shows that
//! lose 30 · cut kitchen · mend    30 of 1000 frames are lost; nothing reaches the kitchen; all is well again
//! roam kitchen                    it has other addresses
//! kill home · start home          as a power cut does; a node is started by `call` and `run`
//! freeze home · wait 3 · thaw home its program stands still for 3 s
//! stall attic · thaw attic        what runs its models stands still, and nothing else
//! run attic                       starts a node that hears nothing
//! ask home "…"                    somebody types that
//! timers home · nodes home        what there is
//! ```

mod words;

use super::{Family, Lan, Machine};
use crate::{
    nodes::{self, Pairing, Running},
    process::{CEILING, Process},
    program::{Ended, Home, Hub, children},
    voices::write_wav,
};
use anyhow::{Context, Result, bail, ensure};
use futures::executor::block_on;
use serde_json::Value;
use std::{
    collections::BTreeMap,
    fmt::Write as _,
    io::{BufRead, BufReader, Write as _},
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{ChildStdin, ChildStdout, Command, Stdio},
    sync::LazyLock,
    thread,
    time::{Duration, Instant},
};
use tokio::sync::Semaphore;
use words::{Words, whisper};

/// The folder of a node, in its home.
const NODE: &str = "node";
/// Where a hub lets nodes in, as it comes.
const PORT: u16 = 7613;
/// A puck hears silence for so many seconds after what was said.
const AFTER: usize = 200;
/// Scenes at a time, for each core: most of one is waiting.
const AT_ONCE: usize = 2;
/// Samples of a reply that can be heard.
const LOUD: usize = 4_000;

/// Who there is, and what came of what happened.
pub struct Scene {
    // Programs end before their network does.
    nodes: BTreeMap<String, Node>,
    hubs: BTreeMap<String, House>,
    words: Words,
    lan: Lan,
    bench: PathBuf,
    told: String,
}

/// A machine with a hub.
struct House {
    hub: Option<Hub>,
    home: Home,
    machine: Machine,
}

/// A machine with a node.
struct Node {
    running: Option<Running>,
    /// Samples of its replies that were heard, since it runs.
    loud: usize,
    home: Home,
    machine: Machine,
    /// As people call it.
    called: String,
    /// Its hub.
    of: String,
    /// Whether it has a model that hears any words.
    hears: bool,
    /// The only way there.
    via: Option<Relayed>,
}

/// A slow way.
struct Relayed {
    at: SocketAddr,
    _program: Process,
    asked: ChildStdin,
    told: BufReader<ChildStdout>,
}

/// Runs a scene. `bench` is the program of the benches, which can be a slow way.
///
/// # Errors
/// A step fails, or what it waits for does not come.
pub fn play(family: Family, bench: &Path, scene: &str) -> Result<String> {
    static STAGES: LazyLock<Semaphore> = LazyLock::new(|| {
        let cores = thread::available_parallelism().map_or(1, Into::into);
        Semaphore::new(AT_ONCE * cores)
    });
    let _stage = block_on(STAGES.acquire())?;
    let mut playing = Scene {
        nodes: BTreeMap::new(),
        hubs: BTreeMap::new(),
        words: Words::default(),
        lan: Lan::new(family)?,
        bench: bench.to_owned(),
        told: String::new(),
    };
    for line in scene.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let step = playing.step(line);
        step.with_context(|| format!("at `{line}`, after\n{}", playing.told))?;
    }
    Ok(playing.told)
}

/// Words, and what stands between quotation marks.
fn words(line: &str) -> Vec<&str> {
    let parts = line.split('"').enumerate();
    let words = parts.flat_map(|(n, part)| match n % 2 {
        0 => part.split_whitespace().collect(),
        _ => vec![part],
    });
    words.collect()
}

impl Scene {
    fn step(&mut self, line: &str) -> Result<()> {
        let it = self.words.it.clone();
        let named = |word| match (&it, word) {
            (Some(it), "it") => it.as_str(),
            _ => word,
        };
        let words: Vec<&str> = words(line).into_iter().map(named).collect();
        match words[..] {
            ["hub", name] => self.settle(name, None),
            ["hub", name, "hears", words] => self.settle(name, Some(words)),
            ["puck", name, "of", hub] => self.pair(name, name, hub, "puck", None),
            ["puck", name, "called", called, "of", hub] => {
                self.pair(name, called, hub, "puck", None)
            }
            ["box", name, "of", hub] => self.pair(name, name, hub, "inference", None),
            ["box", name, "of", hub, "hears", words] => {
                self.pair(name, name, hub, "inference", Some(words))
            }
            ["room", name, room] => {
                let Node { of, called, .. } = self.node(name)?;
                let ended = self.hub(of)?.run(&["node", "room", called, room])?;
                ensure!(ended.code == Some(0), "{ended:#?}");
                Ok(())
            }
            ["slow", name, delay, jitter, kbit] => self.slow(name, [delay, jitter, kbit]),
            ["run", name] => self.node_mut(name)?.run(&[]),
            ["call", name, ref said @ ..] => self.call(name, said),
            ["say", hub, said] => self.say(hub, said),
            ["hearing", hub] => self.hearing(hub),
            ["answered", hub] if self.hubs.contains_key(hub) => self.heard(hub),
            ["answered", name] => self.answered(name),
            ["ready", hub, count] => self.ready(hub, count.parse()?),
            ["linked", name] => self.until(name, "Linked to"),
            ["thinking", name] => {
                let said = self.node_mut(name)?.until(&["[thinking]"]);
                said.map(drop)
            }
            ["lost", name] => self.until(name, "The link has ended"),
            ["there", hub, name] => self.shows(hub, name, (true, false)),
            ["silent", hub, name] => self.shows(hub, name, (true, true)),
            ["gone", hub, name] => self.shows(hub, name, (false, false)),
            ["lose", permille] => self.lan.lose(permille.parse()?),
            ["cut", name] => {
                let node = self.nodes.get(name).context("no such node")?;
                self.lan.cut(&node.machine)
            }
            ["mend"] => self.lan.mend(),
            ["roam", name] => self.node_mut(name)?.machine.roam(),
            ["kill", name] => {
                match self.nodes.get_mut(name) {
                    Some(node) => node.running = None,
                    None => self.hub_mut(name)?.hub = None,
                }
                Ok(())
            }
            ["start", hub] => self.hub_mut(hub)?.start(),
            ["freeze", name] => signal("-STOP", self.process(name)?),
            ["stall", name] => self.models(name, "-STOP"),
            ["thaw", name] => {
                // In this order: one that goes on may replace them.
                self.models(name, "-CONT")?;
                signal("-CONT", self.process(name)?)
            }
            ["wait", seconds] => {
                // How long something lasts, and not until it is over.
                thread::sleep(Duration::from_secs(seconds.parse()?));
                Ok(())
            }
            ["hear", hub, said] => {
                let house = self.hub(hub)?;
                write_wav(&house.home.path("heard.wav"), &nodes::called(said)?)?;
                let ended = house.run(&["ask", "--json", "--fast", "--wav", "heard.wav"])?;
                self.replied(hub, &ended)
            }
            ["ask", hub, text] => {
                let ended = self.hub(hub)?.run(&["ask", "--json", text])?;
                self.replied(hub, &ended)
            }
            ["timers", hub] => {
                let ended = self.hub(hub)?.run(&["timer", "list", "--json"])?;
                ensure!(ended.code == Some(0), "{ended:#?}");
                let count = ended.json()?.len();
                self.tell(&format!("timers in {hub}: {count}"))
            }
            ["nodes", hub] => {
                let mut list = self.hub(hub)?.nodes()?;
                list.sort_by_key(|node| node["name"].to_string());
                for node in list {
                    let text = |key: &str| match node[key].as_str() {
                        None | Some("") => "none".to_owned(),
                        Some(text) => text.to_owned(),
                    };
                    let roles = node["roles"].as_array().cloned().unwrap_or_default();
                    let roles: Vec<_> = roles.iter().filter_map(Value::as_str).collect();
                    let (name, room) = (text("name"), text("room"));
                    let linked = match node["linked"].as_bool() {
                        Some(true) => "here",
                        _ => "away",
                    };
                    self.tell(&format!(
                        "{hub} knows {name}, {}, room {room}, {linked}",
                        roles.join(" and ")
                    ))?;
                }
                Ok(())
            }
            _ => bail!("nobody knows how to do that"),
        }
    }

    fn tell(&mut self, line: &str) -> Result<()> {
        Ok(writeln!(self.told, "{line}")?)
    }

    fn replied(&mut self, hub: &str, ended: &Ended) -> Result<()> {
        let turns = ended.turns()?;
        let reply = turns.last().and_then(|turn| turn["reply"].as_str());
        let reply = reply.with_context(|| format!("{ended:#?}"))?;
        self.tell(&format!("{hub} says: {reply}"))
    }

    fn node(&self, name: &str) -> Result<&Node> {
        self.nodes.get(name).context("no such node")
    }

    fn node_mut(&mut self, name: &str) -> Result<&mut Node> {
        self.nodes.get_mut(name).context("no such node")
    }

    fn hub(&self, name: &str) -> Result<&House> {
        self.hubs.get(name).context("no such hub")
    }

    fn hub_mut(&mut self, name: &str) -> Result<&mut House> {
        self.hubs.get_mut(name).context("no such hub")
    }

    fn settle(&mut self, name: &str, hears: Option<&str>) -> Result<()> {
        let mut house = House {
            hub: None,
            home: Home::new()?,
            machine: self.lan.machine()?,
        };
        if let Some(words) = hears {
            let model = whisper(&house.home, words)?;
            let settings = format!("[hearing]\nmodel = {model:?}\n");
            house.home.write("config/loqa/loqa.toml", settings)?;
        }
        house.start()?;
        house.warm()?;
        self.hubs.insert(name.to_owned(), house);
        Ok(())
    }

    /// As two people do it, one at each machine.
    fn pair(
        &mut self,
        name: &str,
        called: &str,
        hub: &str,
        role: &str,
        hears: Option<&str>,
    ) -> Result<()> {
        let home = Home::new()?;
        let mut settings = format!("name = \"{called}\"\nroles = [\"{role}\"]\n");
        if let Some(words) = hears {
            let model = whisper(&home, words)?;
            write!(
                settings,
                "[inference]\nstt = 0\ntts = 0\nwhisper = {model:?}\n"
            )?;
        }
        home.write(&format!("{NODE}.toml"), settings)?;
        let machine = self.lan.machine()?;
        let house = self.hub(hub)?;
        let pairing = house.home.command(["node", "pair", "--json"]);
        let joins = |pairing: &Pairing| {
            let joins = nodes::node(&home, NODE, &["pair", &pairing.digits()?]);
            Ok(machine.run(&joins))
        };
        let shown = nodes::pair(house.machine.run(&pairing), joins)?;
        ensure!(shown.contains("Found "), "not by itself: {shown}");
        let node = Node {
            running: None,
            loud: 0,
            home,
            machine,
            called: called.to_owned(),
            of: hub.to_owned(),
            hears: hears.is_some(),
            via: None,
        };
        self.nodes.insert(name.to_owned(), node);
        self.tell(&format!("{name} has found {hub}, and is paired with it"))
    }

    /// A relay on a machine of its own, and no other way.
    fn slow(&mut self, name: &str, [delay, jitter, kbit]: [&str; 3]) -> Result<()> {
        if let Some(relay) = &mut self.node_mut(name)?.via {
            writeln!(relay.asked, "{delay} {jitter} {kbit}")?;
            return relay.answered();
        }
        let machine = self.lan.machine()?;
        let of = self.node(name)?.of.clone();
        let there = SocketAddr::new(self.hub(&of)?.machine.address(), PORT);
        let mut relay = Command::new(&self.bench);
        relay.args(["relay", "--port", &PORT.to_string()]);
        relay.args(["--to", &there.to_string(), "--kbit", kbit]);
        relay.args(["--delay-ms", delay, "--jitter-ms", jitter]);
        let mut relay = machine.run(&relay);
        relay.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut relay = Process::start(&mut relay)?;
        let mut relay = Relayed {
            at: SocketAddr::new(machine.address(), PORT),
            asked: relay.0.stdin.take().context("no input")?,
            told: BufReader::new(relay.0.stdout.take().context("no output")?),
            _program: relay,
        };
        relay.answered()?;
        let node = self.nodes.get_mut(name).context("no such node")?;
        node.via = Some(relay);
        let house = self.hubs.get(&of).context("no such hub")?;
        self.lan.part(&node.machine, &house.machine)?;
        self.lan.keep(machine);
        Ok(())
    }

    fn call(&mut self, name: &str, said: &[&str]) -> Result<()> {
        let mut heard = Vec::new();
        for said in said {
            match said.parse() {
                Ok(seconds) => heard.extend(nodes::silence(seconds)),
                Err(_) => heard.extend(nodes::called(said)?),
            }
        }
        heard.extend(nodes::silence(AFTER));
        self.words.begin(None);
        let node = self.node_mut(name)?;
        write_wav(&node.home.path("heard.wav"), &heard)?;
        node.run(&["--wav", "heard.wav", "--out", "answered.wav"])?;
        node.until(&["[listening]"]).map(drop)
    }

    /// Waits until an answer was heard, or the link was lost before.
    fn answered(&mut self, name: &str) -> Result<()> {
        self.same()?;
        let node = self.node_mut(name)?;
        let begins = node.until(&[
            "[speaking]",
            "The link has ended",
            "called, but there is no hub",
        ])?;
        if !begins.contains("[speaking]") {
            return self.tell(&format!("{name} says: {begins}"));
        }
        node.until(&["[waiting", "[listening", "[no hub"])?;
        let loud = nodes::loud(&node.home, "answered.wav");
        let heard = loud - node.loud;
        node.loud = loud;
        ensure!(heard > LOUD, "of the answer are heard {heard} samples");
        self.tell(&format!("{name} is answered"))
    }

    fn until(&mut self, name: &str, words: &str) -> Result<()> {
        let line = self.node_mut(name)?.until(&[words])?;
        // Why a link was lost is found out in more than one way.
        let line = line.split(':').next().unwrap_or_default().to_owned();
        self.tell(&format!("{name} says: {line}"))
    }

    /// Waits until the hub shows this node linked and silent, or not.
    fn shows(&mut self, hub: &str, name: &str, wanted: (bool, bool)) -> Result<()> {
        let deadline = Instant::now() + CEILING;
        loop {
            let list = self.hub(hub)?.nodes()?;
            let called = &self.node(name)?.called;
            let node = list.iter().find(|node| node["name"] == **called);
            let node = node.context("not in the list")?;
            let is = |key: &str| node[key].as_bool().unwrap_or_default();
            if (is("linked"), is("silent")) == wanted {
                return Ok(());
            }
            ensure!(Instant::now() < deadline, "still {node}");
        }
    }

    /// Its program.
    fn process(&self, name: &str) -> Result<u32> {
        let hub = self.hubs.get(name).and_then(|house| house.hub.as_ref());
        let node = || {
            let node = self.nodes.get(name)?;
            Some(node.running.as_ref()?.id())
        };
        hub.map(Hub::id).or_else(node).context("it does not run")
    }

    /// Has what runs the models of a node stand still, or go on.
    fn models(&self, name: &str, signals: &str) -> Result<()> {
        let models = children(self.process(name)?)?;
        models
            .into_iter()
            .try_for_each(|(id, _)| signal(signals, id))
    }
}

fn signal(signal: &str, id: u32) -> Result<()> {
    let done = Command::new("kill")
        .args([signal, &id.to_string()])
        .status()?;
    ensure!(done.success(), "kill {signal} {id}");
    Ok(())
}

impl Relayed {
    /// Waits until it works as it was told.
    fn answered(&mut self) -> Result<()> {
        let mut line = String::new();
        self.told.read_line(&mut line)?;
        ensure!(line == "relaying\n", "the relay does not work");
        Ok(())
    }
}

impl House {
    fn start(&mut self) -> Result<()> {
        let command = self.home.command(["hub"]);
        self.hub = Some(Hub::start(self.machine.run(&command))?);
        Ok(())
    }

    /// Waits until its skills answer: the first to call one waits for its machine code, and not for ever.
    fn warm(&self) -> Result<()> {
        let deadline = Instant::now() + CEILING;
        loop {
            let asked = ["how much time is left", "are the bedroom lights on"];
            let ended = self.run(&[&["ask", "--json"], &asked[..]].concat())?;
            let turns = ended.turns()?;
            let mut replies = turns.iter().filter_map(|turn| turn["reply"].as_str());
            if replies.next() == Some("You have no timers.")
                && replies
                    .next()
                    .is_some_and(|reply| reply.starts_with("No, "))
            {
                return Ok(());
            }
            ensure!(Instant::now() < deadline, "{ended:#?}");
        }
    }

    fn run(&self, args: &[&str]) -> Result<Ended> {
        let mut command = self.machine.run(&self.home.command(args));
        Ok(command.stdin(Stdio::null()).output()?.into())
    }

    fn nodes(&self) -> Result<Vec<Value>> {
        nodes::listed(&self.run(&["node", "list", "--json"])?)
    }
}

impl Node {
    /// Starts it, after it has ended.
    fn run(&mut self, args: &[&str]) -> Result<()> {
        (self.running, self.loud) = (None, 0);
        let mut command = nodes::node(&self.home, NODE, &[&["run"], args].concat());
        if let Some(via) = &self.via {
            command.args(["--hub", &via.at.to_string()]);
        }
        // What it tells of its work, as plain text.
        command
            .env("RUST_LOG", "warn,loqa_node=info")
            .env("NO_COLOR", "1");
        let mut command = self.machine.run(&command);
        command.stdin(Stdio::null());
        self.running = Some(Running::start(command)?);
        Ok(())
    }

    /// The next line in which it says one of these.
    fn until(&mut self, words: &[&str]) -> Result<String> {
        let running = self.running.as_mut().context("it does not run")?;
        running.until(words)
    }
}
