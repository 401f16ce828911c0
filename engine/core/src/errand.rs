//! One piece of work that others do: where it is now, where it goes if they die, hang or are slow, and whose answer
//! counts. What was said in it is retained until it is over, so that whoever takes it over hears it from the beginning.
//! Pure: frames, losses and time come in, what is to be done goes out.

use crate::seams::ModelError;
use loqa_protocol::{JobError, JobErrorKind, JobFrame};
use std::{sync::Arc, time::Duration};

/// So long is whoever falls silent waited for, where nobody else is left to ask: most were only busy.
const GRACE: Duration = Duration::from_secs(1);

/// Somewhere it can be done.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Place {
    /// For people.
    pub name: String,
    /// How often it may be begun there: a process of this machine is started again, a node that is gone is gone.
    pub tries: usize,
    /// After all was said its answer has begun within so long, most of the time: if it has not, another is asked as
    /// well.
    pub late: Duration,
}

/// What happens to it.
#[derive(Debug)]
pub enum Input {
    /// Something is said in it, to whoever does it.
    Say(JobFrame),
    /// The attempt of this number answers.
    Came(usize, JobFrame),
    /// Nothing is heard of that attempt any more: it may have died, or only be busy.
    Silent(usize),
    /// That attempt does not go on.
    Lost(usize, Lost),
    /// Time has passed.
    Time,
}

/// Why an attempt does not go on.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Lost {
    /// Whoever did it ended or hangs.
    Gone(String),
    /// Whoever did it says why not; the same would say it again.
    Refused(ModelError),
}

/// What is to be done about it.
#[derive(Clone, PartialEq, Debug)]
pub enum Effect {
    /// Begin attempt `attempt` (they are counted from 0) at the place of this index.
    Open {
        /// Its number.
        attempt: usize,
        /// Where.
        place: usize,
    },
    /// Tell it this.
    Send {
        /// Which.
        attempt: usize,
        /// What.
        frame: Arc<JobFrame>,
    },
    /// Its answer is not wanted any more.
    Close {
        /// Which.
        attempt: usize,
    },
    /// An answer, for whoever wanted it.
    Tell(JobFrame),
    /// What was told of this answer so far is void: another begins.
    Again,
    /// Nobody is left who could do it.
    Fail(ModelError),
}

/// How an attempt ended, for the next placement.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Outcome {
    /// Index of the place.
    pub place: usize,
    /// From the last that was said to the first of its answer; where another was first, to that.
    pub answered: Option<Duration>,
    /// Whether it failed.
    pub lost: bool,
}

/// How an attempt is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum State {
    Runs,
    Over,
}

#[derive(Debug)]
struct Attempt {
    place: usize,
    state: State,
    answered: Option<Duration>,
    lost: bool,
    /// Since when nothing is heard of it.
    silent: Option<Duration>,
}

/// The work. [`handle`](Self::handle) whatever happens, and [`Input::Time`] at [`deadline`](Self::deadline).
#[derive(Debug)]
pub struct Errand {
    places: Vec<Place>,
    tries: Vec<usize>,
    attempts: Vec<Attempt>,
    /// All that was said and still counts.
    said: Vec<Arc<JobFrame>>,
    /// When the last was said.
    complete: Option<Duration>,
    /// Whose answer is told; of the others nothing is.
    leads: Option<usize>,
    /// Whose answer it is, for good.
    won: bool,
    /// Something of it cannot be taken back.
    told: bool,
    over: bool,
    last: Option<ModelError>,
}

impl Errand {
    /// For these places, the best first. The first is asked at once: the effects of it come with those of the first
    /// input.
    pub fn new(places: Vec<Place>) -> Errand {
        Errand {
            tries: vec![0; places.len()],
            places,
            attempts: Vec::new(),
            said: Vec::new(),
            complete: None,
            leads: None,
            won: false,
            told: false,
            over: false,
            last: None,
        }
    }

    /// What to do about this.
    pub fn handle(&mut self, input: Input, now: Duration) -> Vec<Effect> {
        let mut effects = Vec::new();
        if self.over {
            return effects;
        }
        if self.attempts.is_empty() {
            self.begin(&mut effects);
        }
        match input {
            Input::Say(frame) => self.say(frame, now, &mut effects),
            Input::Came(attempt, frame) => self.came(attempt, frame, now, &mut effects),
            Input::Silent(attempt) => self.silent(attempt, now, &mut effects),
            Input::Lost(attempt, lost) => self.lost(attempt, lost, &mut effects),
            Input::Time => {}
        }
        while let Some((attempt, _)) = self.forgotten().filter(|(_, at)| *at <= now) {
            self.lost(attempt, silence(), &mut effects);
        }
        if self.late().is_some_and(|at| at <= now) {
            // Whoever is late may still be first.
            self.open(&mut effects);
        }
        effects
    }

    /// When time matters next.
    pub fn deadline(&self) -> Option<Duration> {
        let forgotten = self.forgotten().map(|(_, at)| at);
        self.late().into_iter().chain(forgotten).min()
    }

    /// Who is silent and running, and when they are not waited for any longer.
    fn forgotten(&self) -> Option<(usize, Duration)> {
        let attempts = self.attempts.iter().enumerate();
        let running = attempts.filter(|(_, it)| it.state == State::Runs && !self.over);
        let silent = running.filter_map(|(at, it)| Some((at, it.silent? + GRACE)));
        silent.min_by_key(|(_, at)| *at)
    }

    /// When the first is late.
    fn late(&self) -> Option<Duration> {
        let complete = self.complete.filter(|_| !self.won && !self.over)?;
        let mut running = self.attempts.iter().filter(|it| it.state == State::Runs);
        let (first, second) = (running.next()?, running.next());
        // One beside the first is enough.
        (second.is_none() && self.next_place().is_some())
            .then(|| complete + self.places[first.place].late)
    }

    /// What was told of the answer was acted on: should whoever gives it be lost, it ends there.
    pub fn told(&mut self) {
        self.told = true;
    }

    /// Whether nothing more happens.
    pub fn is_over(&self) -> bool {
        self.over
    }

    /// How it went at the places where it was begun.
    pub fn outcomes(&self) -> impl Iterator<Item = Outcome> + '_ {
        self.attempts.iter().map(|attempt| Outcome {
            place: attempt.place,
            answered: attempt.answered,
            lost: attempt.lost,
        })
    }

    fn say(&mut self, frame: JobFrame, now: Duration, effects: &mut Vec<Effect>) {
        let (whole, supersedes) = match &frame {
            JobFrame::Finish => (true, false),
            JobFrame::Said { is_final, .. } => (*is_final, true),
            _ => (false, false),
        };
        let frame = Arc::new(frame);
        if supersedes {
            self.said
                .retain(|it| !matches!(**it, JobFrame::Said { .. }));
        }
        self.said.push(frame.clone());
        if whole {
            self.complete.get_or_insert(now);
        }
        for (attempt, it) in self.attempts.iter().enumerate() {
            if it.state == State::Runs {
                let frame = frame.clone();
                effects.push(Effect::Send { attempt, frame });
            }
        }
    }

    fn came(&mut self, attempt: usize, frame: JobFrame, now: Duration, effects: &mut Vec<Effect>) {
        let complete = self.complete;
        let Some(it) = self.attempts.get_mut(attempt) else {
            return;
        };
        if it.state != State::Runs {
            return;
        }
        it.silent = None;
        if let JobFrame::Error { error } = frame {
            return self.lost(attempt, Lost::Refused(refused(error)), effects);
        }
        if is_answer(&frame) && it.answered.is_none() {
            it.answered = Some(now.saturating_sub(complete.unwrap_or(now)));
            if !self.won {
                self.win(attempt, now, effects);
            }
        }
        if self.leads != Some(attempt) {
            return;
        }
        if frame == JobFrame::Alive {
            return;
        }
        let ends = is_last(&frame);
        effects.push(Effect::Tell(frame));
        if ends {
            self.end(attempt, effects);
        }
    }

    /// The first answer counts.
    fn win(&mut self, attempt: usize, now: Duration, effects: &mut Vec<Effect>) {
        self.won = true;
        // Whoever was slower would have taken at least as long.
        let took = self.complete.map(|complete| now.saturating_sub(complete));
        if self.leads.is_some_and(|leads| leads != attempt) {
            effects.push(Effect::Again);
        }
        self.leads = Some(attempt);
        for (other, it) in self.attempts.iter_mut().enumerate() {
            if other != attempt && it.state == State::Runs {
                it.state = State::Over;
                it.lost = it.silent.is_some();
                it.answered = took.filter(|_| !it.lost);
                effects.push(Effect::Close { attempt: other });
            }
        }
    }

    fn end(&mut self, attempt: usize, effects: &mut Vec<Effect>) {
        self.over = true;
        self.attempts[attempt].state = State::Over;
        self.said.clear();
        effects.push(Effect::Close { attempt });
    }

    /// Somebody else is asked, and whoever is silent may still be first. Of two who are, the one that was before is let go.
    fn silent(&mut self, attempt: usize, now: Duration, effects: &mut Vec<Effect>) {
        let running = self.attempts.get_mut(attempt);
        let Some(it) = running.filter(|it| it.state == State::Runs) else {
            return;
        };
        it.silent.get_or_insert(now);
        if self.won || self.next_place().is_none() {
            return;
        }
        let attempts = self.attempts.iter().enumerate();
        let running = attempts.filter(|(_, it)| it.state == State::Runs);
        let others: Vec<(usize, bool)> = running
            .filter(|(at, _)| *at != attempt)
            .map(|(at, it)| (at, it.silent.is_some()))
            .collect();
        if others.iter().any(|(_, silent)| !silent) {
            return;
        }
        for (other, _) in others {
            self.lost(other, silence(), effects);
        }
        self.open(effects);
    }

    fn lost(&mut self, attempt: usize, lost: Lost, effects: &mut Vec<Effect>) {
        let Some(it) = self.attempts.get_mut(attempt) else {
            return;
        };
        if it.state != State::Runs {
            return;
        }
        it.state = State::Over;
        // Who has enough to do has not failed, nor has who was asked too much.
        let fine =
            |why: &ModelError| matches!(why, ModelError::Deadline(_) | ModelError::TooMuch(_));
        it.lost = !matches!(&lost, Lost::Refused(why) if fine(why));
        effects.push(Effect::Close { attempt });
        let place = it.place;
        self.last = Some(match lost {
            Lost::Gone(_) => ModelError::NodeLost(self.places[place].name.clone()),
            Lost::Refused(error) => {
                self.tries[place] = self.places[place].tries;
                error
            }
        });
        if self.won && self.leads == Some(attempt) && self.told {
            return self.fail(effects);
        }
        if self.leads == Some(attempt) {
            (self.leads, self.won) = (None, false);
            effects.push(Effect::Again);
        }
        let running = self.attempts.iter().position(|it| it.state == State::Runs);
        match running {
            Some(other) => self.leads = Some(other),
            None => self.begin(effects),
        }
    }

    fn begin(&mut self, effects: &mut Vec<Effect>) {
        match self.open(effects) {
            Some(attempt) => self.leads = Some(attempt),
            None => self.fail(effects),
        }
    }

    fn fail(&mut self, effects: &mut Vec<Effect>) {
        self.over = true;
        self.said.clear();
        let nobody = || ModelError::NotLoaded {
            what: "what this needs".into(),
            help: "no machine of the household can do it now".into(),
        };
        effects.push(Effect::Fail(self.last.take().unwrap_or_else(nobody)));
    }

    /// The best that may still be asked and is not being asked.
    fn next_place(&self) -> Option<usize> {
        let busy = |place: usize| {
            let mut attempts = self.attempts.iter();
            attempts.any(|it| it.place == place && it.state == State::Runs)
        };
        let mut all = 0..self.places.len();
        all.find(|place| self.tries[*place] < self.places[*place].tries && !busy(*place))
    }

    fn open(&mut self, effects: &mut Vec<Effect>) -> Option<usize> {
        let place = self.next_place()?;
        self.tries[place] += 1;
        let attempt = self.attempts.len();
        self.attempts.push(Attempt {
            place,
            state: State::Runs,
            answered: None,
            lost: false,
            silent: None,
        });
        effects.push(Effect::Open { attempt, place });
        let all = self.said.iter().cloned();
        effects.extend(all.map(|frame| Effect::Send { attempt, frame }));
        Some(attempt)
    }
}

fn silence() -> Lost {
    Lost::Gone("it is silent".into())
}

/// Whether whoever works says nothing more after this.
pub fn is_last(frame: &JobFrame) -> bool {
    match frame {
        JobFrame::Hypothesis { hypothesis } => hypothesis.is_final,
        JobFrame::ToolCall { .. } | JobFrame::Finish | JobFrame::Error { .. } => true,
        _ => false,
    }
}

/// Whether it is of the answer itself, not of what is believed meanwhile.
fn is_answer(frame: &JobFrame) -> bool {
    match frame {
        JobFrame::Hypothesis { hypothesis } => hypothesis.is_final,
        JobFrame::Delta { .. }
        | JobFrame::ToolCall { .. }
        | JobFrame::Speech { .. }
        | JobFrame::Finish => true,
        _ => false,
    }
}

/// What whoever works says of a job that they do not do.
fn refused(error: JobError) -> ModelError {
    match error.kind {
        JobErrorKind::NotLoaded => ModelError::NotLoaded {
            what: error.message,
            help: error.help,
        },
        JobErrorKind::Deadline => ModelError::Deadline(error.message),
        JobErrorKind::Backend => ModelError::Backend(error.message),
        JobErrorKind::TooMuch => ModelError::TooMuch(error.message),
    }
}

#[cfg(test)]
mod tests;
