//! A simulated household: the real turn machine, endpointer, errand, placement, breaker, frames, jitter buffer and store, with
//! fake models, in a network and among machines that fail. It runs on one thread in a time of its own and takes chance from a
//! seed, so that the same seed does the same, to the byte.

mod faults;
mod house;
mod hub;
mod jobs;
mod link;
mod model;
mod net;
mod node;
mod person;
mod puck;
mod session;
mod trace;
mod voice;
mod witness;
mod world;

pub use faults::{Bug, Plan};

use crate::voices::Random;
use faults::{Fault, When};
use house::House;
use hub::{Hub, HubConfig};
use model::Words;
use net::Net;
use node::Node;
use person::{Does, Person};
use puck::Puck;
use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    time::Duration,
};
use trace::Trace;
use world::{Happening, MS, Machine, World};

/// All is over by then.
const LONGEST: Duration = Duration::from_secs(180);
/// When everything works again.
const HEALED: Duration = Duration::from_secs(40);
/// What is said besides what people choose.
const WORDS: &str = "yes no never mind";

/// What became of a run.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Outcome {
    /// What must not be and was; the first counts.
    pub wrong: Vec<String>,
    /// What happened, if that was asked for.
    pub trace: String,
    /// Things that were done.
    pub done: usize,
    /// Things that were asked for, once and plainly, and not done: where something fails, that was said.
    pub undone: Vec<String>,
}

/// Runs a household.
///
/// # Errors
/// This machine has no room for its store.
pub fn run(plan: &Plan, bug: Option<Bug>, traced: bool) -> std::io::Result<Outcome> {
    let folder = tempfile::tempdir_in(shared_memory())?;
    let mut run = Run::new(plan, bug, traced, folder.path());
    run.goes_on();
    Ok(run.ends())
}

/// A seed that went wrong, with the least that still does.
///
/// # Errors
/// As [`run`].
pub fn report(seed: u64, bug: Option<Bug>) -> std::io::Result<String> {
    let mut plan = Plan::of(seed);
    let wrong = |plan: &Plan| run(plan, bug, false).map(|it| it.wrong.first().cloned());
    let Some(mut first) = wrong(&plan)? else {
        return Ok(format!("seed {seed} is well"));
    };
    // Whatever can be left out is left out.
    let mut at = 0;
    while at < plan.parts() {
        let less = plan.without(at);
        match wrong(&less)? {
            Some(still) => (plan, first) = (less, still),
            None => at += 1,
        }
    }
    let trace = run(&plan, bug, true)?.trace;
    Ok(format!("seed {seed}: {first}\n{}\n{trace}", plan.told()))
}

/// Where a store costs no disk.
fn shared_memory() -> PathBuf {
    let shared = Path::new("/dev/shm");
    match shared.is_dir() {
        true => shared.to_owned(),
        false => std::env::temp_dir(),
    }
}

struct Run<'p> {
    plan: &'p Plan,
    world: World,
    config: HubConfig,
    hub: Option<Hub>,
    nodes: Vec<Option<Node>>,
    pucks: Vec<Option<Puck>>,
    people: Vec<Person>,
    armed: BTreeMap<Machine, Duration>,
    frozen: BTreeMap<Machine, Duration>,
    /// When what was wrong with a machine is over.
    trouble: BTreeMap<Machine, Duration>,
    /// What waits for one of them.
    held: BTreeMap<Machine, Vec<Happening>>,
    /// Faults that wait for something to happen so often.
    waiting: Vec<(When, Fault)>,
    pending: Option<loqa_core::seams::PrepareRequest>,
    disk_is_well: bool,
}

impl<'p> Run<'p> {
    fn new(plan: &'p Plan, bug: Option<Bug>, traced: bool, folder: &Path) -> Run<'p> {
        let net = Net::new(plan.delay, plan.loss, plan.twice);
        let mut world = World::new(Random::new(plan.seed), net, Trace::new(traced), bug);
        let said = plan.people.iter().flatten().flat_map(person::Talk::words);
        let words = Words::of(said.chain([WORDS]));
        let config = HubConfig {
            folder: folder.join("data"),
            words: words.clone(),
            here: plan.here,
            scopes: plan.scopes.clone(),
            nodes: plan.nodes.iter().map(|it| (it.name, it.may_hear)).collect(),
        };
        world.witness.room(Machine::Hub, plan.scopes[0]);
        let mut people = vec![Machine::Hub];
        for puck in 0..plan.pucks {
            world
                .witness
                .room(Machine::Puck(puck), plan.scopes[puck + 1]);
            people.push(Machine::Puck(puck));
        }
        if plan.disk_refuses {
            refuse(&config.folder);
        }
        world.at(Duration::ZERO, Happening::Starts(Machine::Hub));
        for node in 0..plan.nodes.len() {
            world.at(Duration::ZERO, Happening::Starts(Machine::Node(node)));
        }
        for puck in 0..plan.pucks {
            world.at(Duration::ZERO, Happening::Starts(Machine::Puck(puck)));
        }
        let talks = people.into_iter().zip(plan.people.clone());
        let people: Vec<_> = talks.map(|(at, talks)| Person::new(at, talks)).collect();
        for (at, person) in people.iter().enumerate() {
            if let Some(first) = person.first() {
                world.at(first, Happening::Person(at));
            }
        }
        let mut waiting = Vec::new();
        for (when, fault) in &plan.faults {
            match when {
                When::At(at) => world.at(*at, Happening::Fault(*fault)),
                When::After(..) => waiting.push((*when, *fault)),
            }
        }
        Run {
            plan,
            world,
            config,
            hub: None,
            nodes: plan.nodes.iter().map(|_| None).collect(),
            pucks: (0..plan.pucks).map(|_| None).collect(),
            people,
            armed: BTreeMap::new(),
            frozen: BTreeMap::new(),
            held: BTreeMap::new(),
            trouble: BTreeMap::new(),
            waiting,
            pending: None,
            disk_is_well: !plan.disk_refuses,
        }
    }

    fn goes_on(&mut self) {
        let mut quiet_since: Option<Duration> = None;
        while let Some(happening) = self.world.next() {
            let now = self.world.now;
            if now > LONGEST || !self.world.witness.wrong.is_empty() {
                return;
            }
            self.happens(happening);
            self.passes_on();
            self.world.witness.overdue(now);
            let quiet = self.disk_is_well
                && self.people.iter().all(Person::is_done)
                && self.hub.as_ref().is_some_and(Hub::is_quiet);
            match quiet_since {
                _ if !quiet => quiet_since = None,
                None => quiet_since = Some(now),
                Some(since) if now > since + 2000 * MS => return,
                Some(_) => {}
            }
        }
    }

    fn happens(&mut self, happening: Happening) {
        let world = &mut self.world;
        match happening {
            Happening::Wake(machine) => {
                if self.armed.get(&machine).is_some_and(|at| *at <= world.now) {
                    self.armed.remove(&machine);
                }
                if !self.waits(machine, || Happening::Wake(machine)) {
                    self.wake(machine);
                }
            }
            Happening::Lane(lane) => {
                if let Some(packet) = world.arrived(lane) {
                    self.arrives(packet);
                }
            }
            Happening::Arrives(packet) => {
                if world.comes_through(&packet) {
                    self.arrives(packet);
                }
            }
            Happening::Fault(fault) => self.fails(fault),
            Happening::Starts(machine) => self.starts(machine),
            Happening::Thaws(machine) => self.thaws(machine),
            Happening::Person(at) => self.person(at),
        }
    }

    /// Puts off what comes to a machine that is frozen.
    fn waits(&mut self, machine: Machine, what: impl FnOnce() -> Happening) -> bool {
        let frozen = self.frozen.contains_key(&machine);
        if frozen {
            self.held.entry(machine).or_default().push(what());
        }
        frozen
    }

    /// What a machine was spared while it was frozen comes to it in its order.
    fn thaws(&mut self, machine: Machine) {
        let until = self.frozen.get(&machine);
        if until.is_none_or(|until| *until > self.world.now) {
            return;
        }
        self.frozen.remove(&machine);
        for held in self.held.remove(&machine).unwrap_or_default() {
            match held {
                // It had come before the net was cut.
                Happening::Arrives(packet) => self.arrives(packet),
                other => self.happens(other),
            }
            self.passes_on();
        }
    }

    fn arrives(&mut self, packet: net::Packet) {
        let to = packet.to;
        if self.waits(to, || Happening::Arrives(packet.clone())) {
            return;
        }
        let world = &mut self.world;
        match to {
            Machine::Hub => {
                if let Some(hub) = &mut self.hub {
                    hub.arrives(packet, world);
                }
            }
            Machine::Node(node) => {
                if let Some(node) = &mut self.nodes[node] {
                    node.arrives(packet, world);
                }
            }
            Machine::Puck(puck) => {
                if let Some(puck) = &mut self.pucks[puck] {
                    puck.arrives(packet, world);
                }
            }
        }
        self.arm(to);
    }

    fn wake(&mut self, machine: Machine) {
        let world = &mut self.world;
        match machine {
            Machine::Hub => {
                if let Some(hub) = &mut self.hub {
                    hub.wake(world);
                }
            }
            Machine::Node(node) => {
                if let Some(node) = &mut self.nodes[node] {
                    node.wake(world);
                }
            }
            Machine::Puck(puck) => {
                if let Some(puck) = &mut self.pucks[puck] {
                    puck.wake(world);
                }
            }
        }
        self.arm(machine);
    }

    /// Has a machine be woken when it wants to.
    fn arm(&mut self, machine: Machine) {
        let now = self.world.now;
        let at = match machine {
            Machine::Hub => self.hub.as_ref().and_then(|it| it.deadline(&self.world)),
            Machine::Node(node) => self.nodes[node].as_ref().and_then(|it| it.deadline(now)),
            Machine::Puck(puck) => self.pucks[puck].as_ref().and_then(|it| it.deadline(now)),
        };
        let Some(at) = at else { return };
        let armed = self.armed.get(&machine).copied();
        if armed.is_none_or(|armed| at < armed) {
            self.armed.insert(machine, at);
            self.world.at(at, Happening::Wake(machine));
        }
    }

    fn starts(&mut self, machine: Machine) {
        let now = self.world.now;
        self.world.say(|| format!("{machine:?} starts"));
        match machine {
            Machine::Hub => match Hub::start(self.config.clone(), &mut self.world) {
                Ok(hub) => {
                    let pending = self.pending.take();
                    self.hub = Some(Hub { pending, ..hub });
                }
                Err(_) => {
                    // As whatever starts services does. Why not, names a folder that is another each time.
                    self.world.say(|| "hub      cannot start".into());
                    self.world.at(now + 500 * MS, Happening::Starts(machine));
                }
            },
            Machine::Node(node) => {
                let config = self.plan.nodes[node].clone();
                let words = self.config.words.clone();
                self.nodes[node] = Some(Node::new(node, config, words, now));
            }
            Machine::Puck(puck) => self.pucks[puck] = Some(Puck::new(puck, now)),
        }
        self.arm(machine);
    }

    fn fails(&mut self, fault: Fault) {
        let now = self.world.now;
        if now > HEALED && fault != Fault::DiskBack {
            return;
        }
        self.world.say(|| format!("fault    {fault:?}"));
        if let Fault::Crash(machine, lasts)
        | Fault::Freeze(machine, lasts)
        | Fault::Cut(machine, lasts) = fault
        {
            let until = self.trouble.entry(machine).or_default();
            *until = (now + lasts).max(*until);
        }
        match fault {
            Fault::Crash(machine, back) => {
                let was = match machine {
                    Machine::Hub => {
                        let hub = self.hub.take();
                        let is = hub.is_some();
                        if let Some(mut hub) = hub {
                            self.pending = hub
                                .pending
                                .take()
                                .filter(|_| self.world.has(Bug::YesAfterRestart));
                            if let Err(error) = self.power_cut(&hub) {
                                self.world
                                    .witness
                                    .wrong(format!("no copy of the disk: {error}"));
                            }
                            hub.crash(&mut self.world);
                        }
                        is
                    }
                    Machine::Node(node) => self.nodes[node].take().is_some(),
                    Machine::Puck(puck) => self.pucks[puck].take().is_some(),
                };
                self.frozen.remove(&machine);
                // People go on; what was on its way to it is lost.
                for held in self.held.remove(&machine).unwrap_or_default() {
                    if let Happening::Person(_) = held {
                        self.world.at(now, held);
                    }
                }
                if was {
                    self.world.at(now + back, Happening::Starts(machine));
                }
            }
            Fault::Freeze(machine, lasts) => {
                let until = self.frozen.entry(machine).or_default();
                *until = (now + lasts).max(*until);
                self.world.at(*until, Happening::Thaws(machine));
            }
            Fault::Cut(machine, lasts) => self.world.net.cut(machine, now + lasts),
            Fault::Slow(node, times) => {
                if let Some(node) = &mut self.nodes[node] {
                    node.slow = times;
                }
            }
            Fault::HereDies => {
                if let Some(hub) = &mut self.hub {
                    hub.here_dies(&mut self.world);
                }
            }
            Fault::HereHangs(lasts) => {
                if let Some(hub) = &mut self.hub {
                    hub.here_hang(lasts, &self.world);
                }
            }
            Fault::AnswerLost { again } => {
                if let Some(hub) = &mut self.hub {
                    hub.answer_lost = Some(again);
                }
            }
            Fault::DiskBack => {
                allow(&self.config.folder);
                self.disk_is_well = true;
            }
        }
        self.arm(Machine::Hub);
    }

    /// The next hub finds the disk as it is at this instant, and not as one that ends in good order leaves it.
    fn power_cut(&mut self, hub: &Hub) -> std::io::Result<()> {
        if let Some(events) = &hub.house.events {
            // Of what a thread of its own writes, all is written: the same seed finds the same.
            let _ = events.settle();
        }
        let name = format!("{}-", self.config.folder.display());
        let copy = PathBuf::from(name);
        copy_folder(&self.config.folder, &copy)?;
        self.config.folder = copy;
        Ok(())
    }

    fn person(&mut self, at: usize) {
        let machine = self.people[at].at;
        // A microphone keeps for a frozen machine what it has heard.
        if machine == Machine::Hub && self.waits(machine, || Happening::Person(at)) {
            return;
        }
        let (does, next) = self.people[at].goes_on(&self.config.words, &mut self.world);
        if let Some(next) = next {
            self.world.at(next, Happening::Person(at));
        }
        let world = &mut self.world;
        match machine {
            Machine::Puck(puck) => match (&mut self.pucks[puck], does) {
                (Some(puck), Does::Calls) => puck.called(world),
                (Some(puck), Does::Frame(samples)) => puck.hears(&samples, world),
                (Some(puck), Does::Silence) => puck.silence(world),
                _ => {}
            },
            _ => match (self.hub.as_mut(), does) {
                (Some(hub), Does::Calls) => hub.called(world),
                (Some(hub), Does::Frame(samples)) => hub.hears(&samples, world),
                (Some(hub), Does::Silence) => hub.silence(world),
                (None, Does::Calls) => {
                    let told = world::Told::Failed("nothing is here that hears");
                    world.told.push((machine, told));
                }
                _ => {}
            },
        }
        self.arm(machine);
    }

    /// Tells people what they hear, and faults what they wait for.
    fn passes_on(&mut self) {
        for (machine, told) in std::mem::take(&mut self.world.told) {
            let person = self.people.iter().position(|it| it.at == machine);
            if let Some(at) = person
                && let Some(next) = self.people[at].hears(told, &mut self.world)
            {
                self.world.at(next, Happening::Person(at));
            }
        }
        for node in std::mem::take(&mut self.world.given_up) {
            let until = self.trouble.get(&Machine::Node(node)).copied();
            let troubled = until.is_some_and(|until| self.world.now < until + 1000 * MS);
            if self.plan.loss == 0 && !troubled {
                let wrong = format!("node {node} was given up, and nothing is wrong with it");
                self.world.witness.wrong(wrong);
            }
        }
        for moment in std::mem::take(&mut self.world.moments) {
            for (when, fault) in std::mem::take(&mut self.waiting) {
                match when {
                    When::After(of, 0, later) if of == moment => {
                        let at = self.world.now + later;
                        self.world.at(at, Happening::Fault(fault));
                    }
                    When::After(of, times, later) if of == moment => {
                        let when = When::After(of, times - 1, later);
                        self.waiting.push((when, fault));
                    }
                    _ => self.waiting.push((when, fault)),
                }
            }
        }
    }

    fn ends(mut self) -> Outcome {
        let world = &mut self.world;
        if world.witness.wrong.is_empty() {
            if world.now > LONGEST {
                world
                    .witness
                    .wrong("the household does not come to rest".into());
            }
            match &self.hub {
                Some(hub) => {
                    world.witness.read(&hub.house, &self.config.folder);
                    world.witness.look(&hub.house);
                    if let Some(unsaved) = hub.house.store.unsaved() {
                        world
                            .witness
                            .wrong(format!("after all was well again, {unsaved}"));
                    }
                }
                None => world.witness.wrong("the hub does not come back".into()),
            }
        }
        // And what a last power cut would leave.
        if self.world.witness.wrong.is_empty()
            && let Some(hub) = self.hub.take()
        {
            let cut = self.power_cut(&hub).map_err(|error| error.to_string());
            match cut.and_then(|()| House::open(&self.config.folder)) {
                Ok(house) => self.world.witness.look(&house),
                Err(error) => self.world.witness.wrong(error),
            }
        }
        let world = &mut self.world;
        Outcome {
            wrong: std::mem::take(&mut world.witness.wrong),
            done: world.witness.done.len(),
            undone: world.witness.undone(),
            trace: world.trace.take(),
        }
    }
}

fn copy_folder(from: &Path, to: &Path) -> std::io::Result<()> {
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let to = to.join(entry.file_name());
        match entry.file_type()?.is_dir() {
            true => copy_folder(&entry.path(), &to)?,
            false => std::fs::copy(entry.path(), to).map(drop)?,
        }
    }
    Ok(())
}

/// Where the write-ahead log of a database is.
fn log_of(folder: &Path) -> PathBuf {
    folder.join("loqa.db-wal")
}

/// Makes the disk refuse a first write: something else is where it would go.
fn refuse(folder: &Path) {
    // A folder that cannot be made shows at the hub's start.
    let _ = std::fs::create_dir_all(log_of(folder).join("in the way"));
}

fn allow(folder: &Path) {
    let _ = std::fs::remove_dir_all(log_of(folder).join("in the way"));
    let _ = std::fs::remove_dir(log_of(folder));
}
