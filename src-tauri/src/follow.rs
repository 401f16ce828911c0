//! Follows the hub for what shows outside of its page, and carries what is wanted there.

use crate::{
    house::House,
    mood::{Mood, Scene},
};
use loqa_engine::gateway::Client;
use loqa_protocol::{ClientFrame, Event, Problem, ServerFrame, ViewPart};
use std::{convert::Infallible, time::Duration};
use tokio::{sync::mpsc, time::sleep};

/// How long until a hub that is away is looked for again.
const AGAIN: Duration = Duration::from_secs(2);
/// The request that is answered with the house.
const WATCH: u32 = 0;
/// All others.
const WISH: u32 = 1;

/// Wishes that may wait for the hub; one more is dropped.
pub const WISHES: usize = 8;

/// What a person wants of the hub.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Wish {
    /// It is muted, or hears again.
    Mute,
    /// What is said next is for it.
    Talk,
    /// What was said is all.
    Finish,
    /// The one, or the other if it listens already.
    Toggle,
}

/// What shows outside of the page.
pub enum News {
    /// How Loqa is, and whether it is muted.
    Mood(Mood, bool),
    /// A timer of this id rings; its name, and how late, s.
    Rang(u64, Option<String>, u64),
    /// An alarm of this id rings, or a reminder is said: what it is about, its time, and how late, s.
    Due(u64, Option<String>, String, u64),
    /// It no longer does.
    Silenced(u64),
    /// Loqa has asked for a PIN; or wants it no longer.
    PinWanted(bool),
    /// A skill has something to tell: which, and what.
    Notice(String, String),
    /// A wish was refused.
    Refused(Problem),
}

/// Tells what happens for as long as it is polled. Wishes while the hub is away are dropped.
pub async fn follow(
    house: &House,
    mut wishes: mpsc::Receiver<Wish>,
    tell: impl Fn(News),
) -> Infallible {
    loop {
        match house.client().await {
            Ok(client) => {
                while wishes.try_recv().is_ok() {}
                let Err(gone) = watch(client, &mut wishes, &tell).await;
                tracing::debug!(%gone, "the hub is away");
                tell(News::Mood(Mood::Away, false));
            }
            Err(problem) => tell(News::Mood(Mood::Degraded(problem.message), false)),
        }
        sleep(AGAIN).await;
    }
}

/// Until the hub goes.
async fn watch(
    client: Client,
    wishes: &mut mpsc::Receiver<Wish>,
    tell: &impl Fn(News),
) -> Result<Infallible, Problem> {
    let (mut asking, mut answers) = client.split();
    asking.send(ClientFrame::Watch { id: WATCH }).await?;
    let (mut scene, mut seq) = (Scene::default(), 0);
    loop {
        tokio::select! {
            frame = answers.recv() => match frame? {
                ServerFrame::View { view, .. } if view.seq != seq && view.seq != 0 => {
                    // Something was lost: the house as it is is shown anew.
                    seq = 0;
                    asking.send(ClientFrame::Watch { id: WATCH }).await?;
                }
                ServerFrame::View { view, .. } => {
                    seq = view.seq + 1;
                    scene.see(&view.part);
                    tell(News::Mood(scene.mood(), scene.is_muted()));
                    if let ViewPart::Event(envelope) = view.part {
                        alarm(envelope.event, tell);
                    }
                }
                ServerFrame::Problem { id: WISH, problem } => tell(News::Refused(problem)),
                ServerFrame::Problem { problem, .. } => return Err(problem),
                _ => {}
            },
            Some(wish) = wishes.recv() => asking.send(frame(wish, &scene)).await?,
        }
    }
}

fn frame(wish: Wish, scene: &Scene) -> ClientFrame {
    match wish {
        Wish::Mute => ClientFrame::Mute {
            id: WISH,
            muted: !scene.is_muted(),
        },
        Wish::Finish => ClientFrame::CallEnd { id: WISH },
        Wish::Toggle if scene.listens() => ClientFrame::CallEnd { id: WISH },
        Wish::Talk | Wish::Toggle => ClientFrame::Call { id: WISH },
    }
}

fn alarm(event: Event, tell: &impl Fn(News)) {
    match event {
        Event::TimerRang { id, name, late_s } => tell(News::Rang(id, name, late_s)),
        Event::AlarmRang {
            id,
            text,
            time,
            late_s,
        } => tell(News::Due(id, text, time, late_s)),
        Event::TimerSilenced { id } | Event::AlarmSilenced { id } => tell(News::Silenced(id)),
        Event::PinWanted { wanted } => tell(News::PinWanted(wanted)),
        Event::SkillNotice { skill, text, .. } => tell(News::Notice(skill, text)),
        _ => {}
    }
}
