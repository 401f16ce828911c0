//! What goes wrong: in the household, and, on purpose, in its code.

use super::{
    house::{DOORS, LAMPS, MINUTES, QUESTIONS},
    node::NodeConfig,
    person::Talk,
    world::{MS, Machine},
};
use crate::voices::Random;
use loqa_protocol::PrivacyScope;
use std::time::Duration;

/// A mistake that the simulation must find. It is made in the simulation's own glue, around the real parts.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Bug {
    /// Words that are not final yet count as final.
    CommitBeforeFinal,
    /// A commit whose answer was lost is done again, as another utterance.
    RetriedByAnotherName,
    /// Whoever takes a job over hears only what is said from then on.
    NothingRetained,
    /// Whoever is slower is listened to as well.
    BothAnswers,
    /// What a node says that was given up is taken for its successor's.
    DeadManTalks,
    /// What has just failed is asked again.
    NoBreaker,
    /// An event is kept whatever its scope.
    EphemeralWritten,
    /// It is acknowledged first, and written then.
    AcknowledgedBeforeDurable,
    /// Nobody wakes the turn machine at its deadline.
    LostWakeUp,
    /// Whom a job moves to is not asked for consent.
    NoConsentAfterFailover,
    /// A datagram that comes twice is heard twice.
    DuplicateIsNew,
    /// A hub that starts anew takes a "yes" to what it does not know it asked.
    YesAfterRestart,
    /// A puck that loses the hub says nothing.
    NobodyIsTold,
    /// Who is given up is not told, and goes on.
    NeverClosed,
    /// A hub that was frozen takes its nodes for silent.
    BlamesOthers,
}

impl Bug {
    /// All of them.
    pub const ALL: [Bug; 15] = [
        Bug::CommitBeforeFinal,
        Bug::RetriedByAnotherName,
        Bug::NothingRetained,
        Bug::BothAnswers,
        Bug::DeadManTalks,
        Bug::NoBreaker,
        Bug::EphemeralWritten,
        Bug::AcknowledgedBeforeDurable,
        Bug::LostWakeUp,
        Bug::NoConsentAfterFailover,
        Bug::DuplicateIsNew,
        Bug::YesAfterRestart,
        Bug::NobodyIsTold,
        Bug::NeverClosed,
        Bug::BlamesOthers,
    ];
}

/// Something that goes wrong.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fault {
    /// Killed; it starts again so much later.
    Crash(Machine, Duration),
    /// SIGSTOP, then SIGCONT.
    Freeze(Machine, Duration),
    /// Nothing gets to it or from it.
    Cut(Machine, Duration),
    /// So many times as slow as it says.
    Slow(usize, u32),
    /// The hub's own model processes die.
    HereDies,
    /// Those that hear and think hang.
    HereHangs(Duration),
    /// The skill host dies after the next commit and before it has told.
    AnswerLost {
        /// It is asked once more.
        again: bool,
    },
    /// The disk takes writes again.
    DiskBack,
}

/// When it does.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum When {
    /// At this time.
    At(Duration),
    /// So long after this has happened so often.
    After(Moment, usize, Duration),
}

/// Something that is worth to go wrong after.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Moment {
    /// Something was carried out.
    Commit,
    /// Loqa has asked something.
    Question,
    /// A job began on a node.
    Job,
}

/// One run: who lives here, what they say, what goes wrong. Follows from the seed; parts of it may be left out to see
/// which matter.
#[derive(Clone, Debug)]
pub struct Plan {
    pub(super) seed: u64,
    pub(super) nodes: Vec<NodeConfig>,
    pub(super) pucks: usize,
    /// Expected of the hub's own models.
    pub(super) here: Duration,
    /// How long what is said through the hub's microphone and each puck may be kept.
    pub(super) scopes: Vec<PrivacyScope>,
    pub(super) people: Vec<Vec<Talk>>,
    pub(super) faults: Vec<(When, Fault)>,
    pub(super) disk_refuses: bool,
    pub(super) delay: (u64, u64),
    pub(super) loss: usize,
    pub(super) twice: usize,
}

impl Plan {
    /// The household of a seed.
    pub fn of(seed: u64) -> Plan {
        let mut random = Random::new(seed ^ 0x10_9a);
        let random = &mut random;
        let pucks = 1 + random.below(2);
        let scope = |random: &mut Random| match random.below(3) {
            0 => PrivacyScope::Session,
            _ => PrivacyScope::Ephemeral,
        };
        let nodes = ["attic", "cellar", "garage"][..1 + random.below(3)].iter();
        let nodes = nodes.enumerate().map(|(at, name)| NodeConfig {
            name,
            kinds: vec!["stt", "llm", "tts"],
            speed: (30 + random.below(120) as u32) * MS,
            may_hear: scope(random),
            skew: Duration::from_secs([0, 0, 365 * 86_400][at.min(random.below(3))]),
        });
        let nodes: Vec<_> = nodes.collect();
        let here = (80 + random.below(400) as u32) * MS;
        let scopes: Vec<_> = (0..=pucks).map(|_| scope(random)).collect();
        let people = said(pucks + 1, random);
        // A household in good order is one of many.
        let trouble = random.below(5);
        let mut faults = Vec::new();
        for _ in 0..trouble {
            let soon = random.below(900) as u32 * MS;
            let which = random.below(3);
            let when = match random.below(5) {
                0 => When::After(Moment::Commit, which, soon / 8),
                1 => When::After(Moment::Question, 0, soon * 4),
                2 | 3 => When::After(Moment::Job, which * 2, soon),
                _ => When::At((300 + random.below(12_000) as u32) * MS),
            };
            faults.push((when, fault(nodes.len(), pucks, random)));
        }
        let disk_refuses = random.below(12) == 0;
        if disk_refuses {
            let back = When::At((2000 + random.below(8000) as u32) * MS);
            faults.push((back, Fault::DiskBack));
        }
        let (delay, loss, twice) = match random.below(4) {
            0 => ((1, 3), 0, 0),
            1 => ((1, 15), 10, 10),
            2 => ((20, 80), 50, 20),
            _ => ((2, 30), 20, 50),
        };
        Plan {
            seed,
            nodes,
            pucks,
            here,
            scopes,
            people,
            faults,
            disk_refuses,
            delay,
            loss,
            twice,
        }
    }

    /// Parts that may be left out: sentences, then faults.
    pub(super) fn parts(&self) -> usize {
        self.people.iter().map(Vec::len).sum::<usize>() + self.faults.len()
    }

    /// The same without one of them.
    pub(super) fn without(&self, mut part: usize) -> Plan {
        let mut less = self.clone();
        for talks in &mut less.people {
            if part < talks.len() {
                talks.remove(part);
                return less;
            }
            part -= talks.len();
        }
        // A disk that is never well again is another household.
        if less
            .faults
            .get(part)
            .is_some_and(|(_, it)| *it == Fault::DiskBack)
        {
            less.disk_refuses = false;
        }
        if part < less.faults.len() {
            less.faults.remove(part);
        }
        less
    }

    /// For people.
    pub(super) fn told(&self) -> String {
        let nodes = self.nodes.iter().map(|it| {
            let (name, ms, may) = (it.name, it.speed.as_millis(), it.may_hear.name());
            format!("{name} ({ms} ms, hears {may})")
        });
        let nodes: Vec<_> = nodes.collect();
        let scopes: Vec<_> = self.scopes.iter().map(|it| it.name()).collect();
        let ((low, high), loss) = (self.delay, self.loss);
        format!(
            "here {} ms; {}; the hub's room and those of {} pucks are {}; {low} to {high} ms one way, {loss}‰ lost, {}‰ twice{}",
            self.here.as_millis(),
            nodes.join(", "),
            self.pucks,
            scopes.join(", "),
            self.twice,
            if self.disk_refuses {
                "; the disk refuses writes"
            } else {
                ""
            },
        )
    }

    /// Nothing is out of order here: whatever is said is done.
    pub fn is_calm(&self) -> bool {
        self.faults.is_empty() && self.loss == 0
    }
}

fn fault(nodes: usize, pucks: usize, random: &mut Random) -> Fault {
    let node = Machine::Node(random.below(nodes));
    let puck = Machine::Puck(random.below(pucks));
    let long = (200 + random.below(4000) as u32) * MS;
    match random.below(16) {
        0..=2 => Fault::Crash(node, long),
        3..=5 => Fault::Freeze(node, long),
        6 | 7 => Fault::Cut(node, long),
        8 => Fault::Slow(random.below(nodes), 2 + random.below(30) as u32),
        9 | 10 => Fault::Crash(Machine::Hub, long / 4),
        11 => Fault::Freeze(Machine::Hub, long / 4),
        12 => Fault::Cut(puck, long),
        13 => Fault::HereDies,
        14 => Fault::HereHangs(long),
        _ => Fault::AnswerLost {
            again: random.below(2) == 0,
        },
    }
}

/// What the person at each microphone says.
fn said(people: usize, random: &mut Random) -> Vec<Vec<Talk>> {
    let mut lamps = LAMPS.to_vec();
    let mut doors = DOORS.to_vec();
    let mut minutes = MINUTES.to_vec();
    let mut questions = QUESTIONS.to_vec();
    let mut talk = |random: &mut Random| {
        let mut lamp = || format!("turn on the {} light", lamps.pop().unwrap_or("attic"));
        match random.below(12) {
            0..=2 => Talk::new(&lamp()),
            3 => Talk::new(&format!("{} and {}", lamp(), lamp())),
            4 => Talk::new(&format!("{} … and {}", lamp(), lamp())).with_pause(random.below(50)),
            5 => Talk::new("never mind"),
            6 | 7 => match questions.pop() {
                Some(question) => Talk::new(question),
                None => Talk::new(&lamp()),
            },
            8 | 9 => match doors.pop() {
                Some(door) if random.below(4) == 0 => {
                    let talk = Talk::new(&format!("unlock the {door} door"));
                    talk.answered("yes").late()
                }
                Some(door) => Talk::new(&format!("unlock the {door} door"))
                    .answered(["yes", "yes", "no", ""][random.below(4)]),
                None => Talk::new(&lamp()),
            },
            10 => match minutes.pop() {
                Some(minutes) => Talk::new(&format!("set a timer for {minutes} minutes")),
                None => Talk::new("yes"),
            },
            _ => match minutes.pop() {
                Some(minutes) => Talk::new("set a timer").answered(&format!("{minutes} minutes")),
                None => Talk::new("yes"),
            },
        }
    };
    let mut person = |_| {
        let talks = 1 + random.below(3);
        let mut all: Vec<Talk> = (0..talks).map(|_| talk(random)).collect();
        for talk in &mut all {
            talk.after = (400 + random.below(2000) as u32) * MS;
        }
        all
    };
    (0..people).map(&mut person).collect()
}
