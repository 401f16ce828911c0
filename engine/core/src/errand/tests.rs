use super::*;
use loqa_protocol::Hypothesis;
use proptest::prelude::*;
use std::collections::BTreeMap;

const MS: Duration = Duration::from_millis(1);

fn place(name: &str, tries: usize) -> Place {
    Place {
        name: name.into(),
        tries,
        late: 100 * MS,
    }
}

fn audio(offset: u64) -> JobFrame {
    JobFrame::Audio {
        offset,
        samples: vec![0.5; 2],
    }
}

fn words(text: &str, is_final: bool) -> JobFrame {
    let hypothesis = Hypothesis {
        committed: text.into(),
        is_final,
        ..Hypothesis::default()
    };
    JobFrame::Hypothesis { hypothesis }
}

fn gone() -> Lost {
    Lost::Gone("killed".into())
}

/// What is done, in a line.
fn shown(effects: &[Effect]) -> String {
    let one = |effect: &Effect| match effect {
        Effect::Open { attempt, place } => format!("open {attempt} at {place}"),
        Effect::Send { attempt, frame } => match &**frame {
            JobFrame::Audio { offset, .. } => format!("{attempt}<{offset}"),
            JobFrame::Finish => format!("{attempt}<end"),
            JobFrame::Said { text, .. } => format!("{attempt}<{text}"),
            frame => format!("{attempt}<{frame:?}"),
        },
        Effect::Close { attempt } => format!("close {attempt}"),
        Effect::Tell(JobFrame::Hypothesis { hypothesis }) => {
            format!(
                "“{}”{}",
                hypothesis.text(),
                if hypothesis.is_final { "." } else { "" }
            )
        }
        Effect::Tell(JobFrame::Delta { text }) => format!("+{text}"),
        Effect::Tell(frame) => format!("{frame:?}"),
        Effect::Again => "again".into(),
        Effect::Fail(error) => format!("fail: {error}"),
    };
    effects.iter().map(one).collect::<Vec<_>>().join(", ")
}

fn said(text: &str, is_final: bool) -> JobFrame {
    JobFrame::Said {
        text: text.into(),
        is_final,
    }
}

fn delta(text: &str) -> JobFrame {
    JobFrame::Delta { text: text.into() }
}

#[test]
fn a_node_that_dies_in_the_middle_of_words_is_replaced_by_one_that_hears_them_from_the_beginning() {
    let mut errand = Errand::new(vec![place("attic", 1), place("here", 2)]);
    let mut does = |input: Input, at: u32| shown(&errand.handle(input, at * MS));
    assert_eq!(does(Input::Say(audio(0)), 0), "open 0 at 0, 0<0");
    assert_eq!(does(Input::Say(audio(2)), 20), "0<2");
    assert_eq!(does(Input::Came(0, words("turn", false)), 30), "“turn”");
    assert_eq!(
        does(Input::Lost(0, gone()), 40),
        "close 0, again, open 1 at 1, 1<0, 1<2"
    );
    // It was not dead, only late: nobody listens to it any more.
    assert_eq!(does(Input::Came(0, words("turn it up", true)), 45), "");
    assert_eq!(does(Input::Say(JobFrame::Finish), 50), "1<end");
    // The hub's own process is started again, once.
    assert_eq!(
        does(Input::Lost(1, gone()), 60),
        "close 1, again, open 2 at 1, 2<0, 2<2, 2<end"
    );
    assert_eq!(
        does(Input::Came(2, words("turn it down", true)), 99),
        "“turn it down”., close 2"
    );
    assert!(errand.is_over());
    let outcomes: Vec<_> = errand.outcomes().map(|it| (it.place, it.lost)).collect();
    assert_eq!(outcomes, [(0, true), (1, true), (1, false)]);
    assert_eq!(errand.outcomes().last().unwrap().answered, Some(49 * MS));
}

#[test]
fn whoever_is_late_is_raced_and_the_first_answer_counts() {
    let mut errand = Errand::new(vec![
        place("attic", 1),
        place("cellar", 1),
        place("here", 1),
    ]);
    errand.handle(Input::Say(audio(0)), MS);
    assert_eq!(errand.deadline(), None);
    errand.handle(Input::Say(JobFrame::Finish), 10 * MS);
    assert_eq!(errand.deadline(), Some(110 * MS));
    let raced = errand.handle(Input::Time, 110 * MS);
    assert_eq!(shown(&raced), "open 1 at 1, 1<0, 1<end");
    // Two are enough.
    assert_eq!(errand.deadline(), None);
    let first = errand.handle(Input::Came(1, words("stop", true)), 150 * MS);
    assert_eq!(shown(&first), "again, close 0, “stop”., close 1");
    assert_eq!(
        shown(&errand.handle(Input::Came(0, words("top", true)), 151 * MS)),
        ""
    );
}

#[test]
fn whoever_falls_silent_may_still_be_first_and_the_last_is_waited_for() {
    let mut errand = Errand::new(vec![
        place("attic", 1),
        place("cellar", 1),
        place("shed", 1),
    ]);
    let mut does = |input: Input, at: u32| shown(&errand.handle(input, at * MS));
    assert_eq!(does(Input::Say(audio(0)), 0), "open 0 at 0, 0<0");
    assert_eq!(does(Input::Came(0, words("turn", false)), 10), "“turn”");
    assert_eq!(does(Input::Silent(0), 200), "open 1 at 1, 1<0");
    assert_eq!(does(Input::Silent(0), 210), "", "that is known");
    // It was only busy.
    assert_eq!(
        does(Input::Came(0, words("turn it", false)), 220),
        "“turn it”"
    );
    assert_eq!(does(Input::Silent(1), 300), "", "the other is heard of");
    assert_eq!(
        does(Input::Silent(0), 400),
        "close 1, open 2 at 2, 2<0",
        "of two, the one that was silent first is let go"
    );
    assert_eq!(does(Input::Say(JobFrame::Finish), 450), "0<end, 2<end");
    // Nobody else is left: both are waited for, and the first is told to be gone when its time is over.
    assert_eq!(does(Input::Silent(2), 500), "");
    assert_eq!(does(Input::Time, 1399), "");
    assert_eq!(does(Input::Time, 1400), "close 0, again");
    let answer = does(Input::Came(2, words("turn it up", true)), 1450);
    assert_eq!(answer, "“turn it up”., close 2");
    let outcomes: Vec<_> = errand.outcomes().map(|it| it.lost).collect();
    assert_eq!(outcomes, [true, true, false]);

    let mut alone = Errand::new(vec![place("attic", 1)]);
    alone.handle(Input::Say(audio(0)), MS);
    assert_eq!(shown(&alone.handle(Input::Silent(0), 200 * MS)), "");
    assert_eq!(alone.deadline(), Some(1200 * MS));
    let over = alone.handle(Input::Time, 1200 * MS);
    assert_eq!(
        shown(&over),
        "close 0, again, fail: the node running attic is gone"
    );
}

#[test]
fn an_answer_that_was_acted_on_is_not_given_a_second_time() {
    let question = || {
        let mut errand = Errand::new(vec![place("attic", 1), place("here", 1)]);
        errand.handle(Input::Say(said("what", false)), MS);
        errand.handle(Input::Say(said("what is", false)), 2 * MS);
        errand.handle(Input::Say(said("what is tea", true)), 3 * MS);
        errand.handle(Input::Came(0, delta("Tea")), 4 * MS);
        errand
    };
    let mut heard = question();
    heard.told();
    let lost = heard.handle(Input::Lost(0, gone()), 5 * MS);
    assert_eq!(
        shown(&lost),
        "close 0, fail: the node running attic is gone"
    );
    // What nobody has heard yet is begun anew; of what was said the last counts.
    let mut unheard = question();
    let lost = unheard.handle(Input::Lost(0, gone()), 5 * MS);
    assert_eq!(shown(&lost), "close 0, again, open 1 at 1, 1<what is tea");
}

#[test]
fn whoever_refuses_is_not_asked_twice() {
    let error = |kind, message: &str| JobFrame::Error {
        error: JobError {
            kind,
            message: message.into(),
            help: String::new(),
        },
    };
    let busy = |message: &str| error(JobErrorKind::Deadline, message);
    let mut errand = Errand::new(vec![place("attic", 9), place("here", 9)]);
    errand.handle(Input::Say(audio(0)), MS);
    let next = errand.handle(Input::Came(0, busy("the attic")), 2 * MS);
    assert_eq!(shown(&next), "close 0, again, open 1 at 1, 1<0");
    assert!(errand.outcomes().all(|it| !it.lost));
    let none = errand.handle(Input::Came(1, busy("this machine")), 3 * MS);
    assert_eq!(
        shown(&none),
        "close 1, again, fail: this machine took too long"
    );
    // Nor is it the fault of whoever was asked too much.
    let mut long = Errand::new(vec![place("attic", 9)]);
    long.handle(Input::Say(audio(0)), MS);
    let told = error(JobErrorKind::TooMuch, "say less");
    let none = long.handle(Input::Came(0, told), 2 * MS);
    assert_eq!(shown(&none), "close 0, again, fail: say less");
    assert!(long.outcomes().all(|it| !it.lost));
    let nobody = Errand::new(Vec::new()).handle(Input::Time, MS);
    assert!(matches!(
        &nobody[..],
        [Effect::Fail(ModelError::NotLoaded { .. })]
    ));
}

#[derive(Clone, Debug)]
enum Act {
    Audio,
    Finish,
    Partial(usize),
    Answer(usize),
    Delta(usize),
    Error(usize),
    Silent(usize),
    Gone(usize),
    Told,
    Wait(u32),
}

fn act() -> impl Strategy<Value = Act> {
    let attempt = 0..6_usize;
    prop_oneof![
        4 => Just(Act::Audio),
        1 => Just(Act::Finish),
        2 => attempt.clone().prop_map(Act::Partial),
        1 => attempt.clone().prop_map(Act::Answer),
        1 => attempt.clone().prop_map(Act::Delta),
        1 => attempt.clone().prop_map(Act::Error),
        1 => attempt.clone().prop_map(Act::Silent),
        2 => attempt.prop_map(Act::Gone),
        1 => Just(Act::Told),
        2 => (1..300_u32).prop_map(Act::Wait),
    ]
}

proptest! {
    /// Whatever happens, in whatever order: it ends once, whoever works on it has heard everything in order, no place is
    /// asked too often or by more than two at a time, every attempt is closed, and what was acted on is of one answer.
    #[test]
    fn it_ends_once_and_nobody_works_in_vain(
        tries in prop::collection::vec(1..3_usize, 0..4),
        acts in prop::collection::vec(act(), 1..60),
    ) {
        let places = tries.iter().map(|tries| place("somewhere", *tries)).collect();
        let mut errand = Errand::new(places);
        let (mut now, mut all, mut whole) = (Duration::ZERO, Vec::new(), false);
        let mut heard: BTreeMap<usize, Vec<JobFrame>> = BTreeMap::new();
        let mut opened = vec![0; tries.len()];
        let (mut closed, mut ends, mut told) = (Vec::new(), 0, false);
        // After whatever was drawn, all that runs is lost: it must end.
        let last = (0..6).cycle().take(36).map(Act::Gone);
        for act in acts.into_iter().chain(last) {
            let input = match act {
                Act::Audio if !whole => Input::Say(audio(2 * all.len() as u64)),
                Act::Finish if !whole => {
                    whole = true;
                    Input::Say(JobFrame::Finish)
                }
                Act::Audio | Act::Finish => continue,
                Act::Partial(attempt) => Input::Came(attempt, words("a", false)),
                Act::Answer(attempt) => Input::Came(attempt, words("b", true)),
                Act::Delta(attempt) => Input::Came(attempt, delta("c")),
                Act::Error(attempt) => Input::Came(attempt, JobFrame::Error { error: JobError {
                    kind: JobErrorKind::Backend,
                    message: "no".into(),
                    help: String::new(),
                } }),
                Act::Silent(attempt) => Input::Silent(attempt),
                Act::Gone(attempt) => Input::Lost(attempt, gone()),
                Act::Told => {
                    if told || errand.is_over() { continue; }
                    told = true;
                    errand.told();
                    continue;
                }
                Act::Wait(ms) => {
                    now += ms * MS;
                    Input::Time
                }
            };
            if let Input::Say(frame) = &input {
                all.push(frame.clone());
            }
            let was_over = errand.is_over();
            for effect in errand.handle(input, now) {
                prop_assert!(!was_over);
                match effect {
                    Effect::Open { attempt, place } => {
                        opened[place] += 1;
                        prop_assert!(opened[place] <= tries[place]);
                        prop_assert!(heard.insert(attempt, Vec::new()).is_none());
                    }
                    Effect::Send { attempt, frame } => {
                        prop_assert!(!closed.contains(&attempt));
                        heard.get_mut(&attempt).unwrap().push((*frame).clone());
                    }
                    Effect::Close { attempt } => {
                        prop_assert!(!closed.contains(&attempt));
                        closed.push(attempt);
                    }
                    Effect::Tell(JobFrame::Hypothesis { hypothesis }) if hypothesis.is_final => ends += 1,
                    Effect::Tell(_) | Effect::Again => {}
                    Effect::Fail(_) => ends += 1,
                }
                prop_assert!(heard.len() - closed.len() <= 2);
            }
            if !errand.is_over() {
                for (attempt, frames) in &heard {
                    if !closed.contains(attempt) {
                        prop_assert_eq!(frames, &all);
                    }
                }
            }
        }
        prop_assert!(errand.is_over());
        prop_assert_eq!((ends, closed.len()), (1, heard.len()));
    }
}
