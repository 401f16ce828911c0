//! What a dashboard is shown: the house as it is, then whatever changes.

use anyhow::{Context, Result};
use loqa_engine::gateway::Client;
use loqa_protocol::{
    ClientFrame, Event, ServerFrame, View, ViewPart,
    card::Cards,
    view::{DeviceState, State},
};
use loqa_tests::program::Home;
use loqa_ui::say;

const WATCH: u32 = 1;

/// A dashboard that has been shown the house.
struct Screen {
    client: Client,
    seq: u64,
    state: State,
    turns: Vec<String>,
    cards: Cards,
}

impl Screen {
    async fn open(home: &Home) -> Result<Screen> {
        let client = Client::connect(&home.path("data")).await;
        let mut screen = Screen {
            client: client.context("no hub")?,
            seq: 0,
            state: State::default(),
            turns: Vec::new(),
            cards: Cards::default(),
        };
        screen.client.send(ClientFrame::Watch { id: WATCH }).await?;
        Ok(screen)
    }

    /// The next thing that is shown: none before it was lost.
    async fn next(&mut self) -> Result<ViewPart> {
        loop {
            if let ServerFrame::View { id: WATCH, view } = self.client.recv().await? {
                let View { seq, part } = view;
                assert_eq!(seq, self.seq);
                self.seq += 1;
                match &part {
                    ViewPart::State(state) => self.state = state.clone(),
                    ViewPart::Event(envelope) => {
                        self.cards.note(envelope, 0);
                        if let Event::TurnSummary(summary) = &envelope.event {
                            self.turns.push(summary.text.clone());
                        }
                    }
                    ViewPart::House(_) | ViewPart::Listening(_) => {}
                }
                return Ok(part);
            }
        }
    }

    async fn until(&mut self, shown: impl Fn(&Screen) -> bool) -> Result<()> {
        while !shown(self) {
            self.next().await?;
        }
        Ok(())
    }

    fn is_on(&self, id: &str) -> Option<bool> {
        let device = self.state.devices.iter().find(|device| device.id == id);
        device.and_then(|device| device.power)
    }
}

/// A touch says a sentence; it must be one that the house understands, of that very device.
#[tokio::test(flavor = "multi_thread")]
async fn what_a_touch_says_is_understood() -> Result<()> {
    let home = Home::new()?.deaf()?;
    let _hub = home.hub()?;
    let mut screen = Screen::open(&home).await?;
    let ViewPart::House(house) = screen.next().await? else {
        panic!("the house comes first");
    };
    let states = [true, false].map(|on| DeviceState {
        power: Some(on),
        position: Some(if on { 100 } else { 0 }),
        locked: Some(!on),
        ..DeviceState::default()
    });
    let mut sentences = Vec::new();
    for device in &house.devices {
        let touches = states.iter().map(|state| say::touch(&house, device, state));
        let steps = [true, false].map(|up| say::step(&house, device, up));
        let said = touches.chain(steps).flatten();
        sentences.extend(said.map(|sentence| (device.id.as_str(), sentence)));
    }
    assert!(sentences.len() > 50, "{sentences:?}");
    for (id, text) in sentences {
        let request = ClientFrame::Intent {
            id: 2,
            text: text.clone(),
        };
        screen.client.send(request).await?;
        let json = loop {
            if let ServerFrame::Json { id: 2, json } = screen.client.recv().await? {
                break json;
            }
        };
        let meaning: serde_json::Value = serde_json::from_str(&json)?;
        assert_eq!(meaning["slots"]["device"], id, "{text}: {meaning}");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn everybody_sees_what_one_of_them_does_and_who_comes_later_sees_it_too() -> Result<()> {
    let home = Home::new()?.deaf()?;
    let _hub = home.hub()?;
    let mut one = Screen::open(&home).await?;
    let mut other = Screen::open(&home).await?;
    let ViewPart::House(house) = one.next().await? else {
        panic!("the house comes first");
    };
    assert!(house.areas.iter().any(|area| area.id == "kitchen"));
    assert!(house.skills.iter().any(|skill| skill.name == "timers"));
    assert!(matches!(one.next().await?, ViewPart::State(_)));
    let ViewPart::Listening(ears) = one.next().await? else {
        panic!("then whether the room is listened to");
    };
    assert!(ears.microphone.is_none() && ears.why == "the settings say so");

    let ask = |id, text: &str| ClientFrame::Ask {
        id,
        text: text.into(),
    };
    one.client
        .send(ask(2, "turn on the kitchen lights"))
        .await?;
    one.client
        .send(ask(3, "set a pasta timer for ten minutes"))
        .await?;
    one.client
        .send(ask(4, "how many days until tomorrow"))
        .await?;
    for screen in [&mut one, &mut other] {
        screen
            .until(|screen| screen.is_on("kitchen_lights") == Some(true) && screen.turns.len() == 3)
            .await?;
        screen
            .until(|screen| screen.state.timers.len() == 1)
            .await?;
    }
    let mut later = Screen::open(&home).await?;
    later.until(|screen| screen.turns.len() == 3).await?;
    assert_eq!(later.is_on("kitchen_lights"), Some(true));
    let shown = |screen: &Screen| screen.cards.shown(0).any(|card| card.skill == "clock");
    later.until(shown).await?;
    let timer = &later.state.timers[0];
    assert_eq!((timer.name.as_deref(), timer.total_s), (Some("pasta"), 600));
    assert!(timer.remaining_ms > 500_000 && !timer.paused);
    Ok(())
}
