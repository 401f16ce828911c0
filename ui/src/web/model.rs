//! One model: what it is, how it is, and what can be done with it.

use super::{App, WORDS, decimal, words, words_of_hub, words_with};
use crate::model::{
    Edited, headed,
    models::{Item, Progress, Step},
};
use leptos::prelude::*;
use loqa_protocol::ModelChange;

/// Bytes of a MiB.
const MIB: f64 = 1024.0 * 1024.0;

/// It stays where it is, with whoever stands at it, while it comes and goes.
#[component]
pub fn ModelRow(name: String) -> impl IntoView {
    let app = App::get();
    let item = app.part({
        let name = name.clone();
        move |model| model.models.item(&name).cloned().unwrap_or_default()
    });
    let state = move || {
        let item = item.get();
        let class = match item.state.as_str() {
            "here" => "good",
            "damaged" => "bad",
            _ => "soft",
        };
        view! { <span class=format!("state {class}")>{words(&format!("model-{}", item.state))}</span> }
    };
    let mark = move |is: fn(&Item) -> bool, word: &'static str| {
        let shown = Memo::new(move |_| item.with(is));
        move || {
            shown
                .get()
                .then(|| view! { <span class="state mark">{words(word)}</span> })
        }
    };
    // Changes seldom: not drawn again while it comes.
    let about = Memo::new(move |_| Item {
        state: String::new(),
        progress: None,
        trouble: None,
        came: 0,
        ..item.get()
    });
    let trouble = Memo::new(move |_| item.with(|item| item.trouble.clone()));
    view! {
        <li class="card model" data-model=name.clone()>
            <header>
                <h3 dir="auto">{name.clone()}</h3>
                {mark(|item| item.recommended, "model-recommended")}
                {mark(|item| item.used, "model-used")}
                <span role="status">{state}</span>
            </header>
            {move || facts(&about.get())}
            <Coming item />
            <div role="alert">
                {move || trouble.get().map(|trouble| view! {
                    <p class="wrong" dir="auto">{words_of_hub(&trouble.message)}</p>
                    <p class="soft" dir="auto">{words_of_hub(&trouble.help)}</p>
                })}
            </div>
            <Refused at=name.clone() />
            <Deeds name=name.clone() item />
        </li>
    }
}

/// What it is: as its publisher says, and as it was measured here.
fn facts(item: &Item) -> impl IntoView + use<> {
    let languages = item.languages.iter().map(|it| match it.as_str() {
        "mul" | "en" | "de" => words(&format!("language-{it}")),
        other => other.to_owned(),
    });
    let languages = languages.collect::<Vec<_>>().join(", ");
    let size = words_with("mib", "mib", item.mib.to_string());
    let memory = item.memory as f64 / MIB / 1024.0;
    let memory = (memory >= 0.1).then(|| words_with("model-memory", "gib", decimal(memory, 1)));
    let facts = [
        Some(size),
        Some(item.license.clone()),
        Some(languages),
        memory,
    ];
    let facts = facts.into_iter().flatten().collect::<Vec<_>>().join(" · ");
    let speed = item.measured.as_ref().map(|found| {
        let found = [
            ("speech", decimal(found.speech_s, 1)),
            ("ms", decimal(found.last_word_ms, 0)),
        ];
        let found = found.map(|(name, value)| (name, value.into()));
        WORDS.with(|words| words.with("model-measured", &found))
    });
    let unfit = (!item.fits).then(|| words("model-unfit"));
    let sound = item.sound.then(|| words("model-sound"));
    view! {
        <p dir="auto">{headed(&words_of_hub(&item.about))}</p>
        <p class="soft">{facts}</p>
        {speed.map(|it| view! { <p class="soft">{it}</p> })}
        {unfit.map(|it| view! { <p class="unfit">{it}</p> })}
        <p class="soft" role="status">{sound}</p>
    }
}

/// How far it is, and how long it will take.
#[component]
fn Coming(item: Memo<Item>) -> impl IntoView {
    let progress = Memo::new(move |_| item.with(|item| item.progress.clone()));
    let paused = Memo::new(move |_| item.with(|item| item.came));
    let share = move || {
        let progress = progress.get()?;
        Some((progress.here as f64 / progress.all.filter(|all| *all > 0)? as f64 * 1000.0).round())
    };
    let label = move || item.with(|item| words_with("model-comes", "name", item.name.clone()));
    view! {
        <Show when=move || progress.with(Option::is_some)>
            <progress max="1000" aria-label=label value=move || share().map(|share| share.to_string())></progress>
            <p class="soft">{move || progress.get().map(|it| told(&it))}</p>
        </Show>
        <Show when=move || paused.get() != 0>
            <p class="soft">{move || words_with("model-came", "mib", decimal(paused.get() as f64 / MIB, 1))}</p>
        </Show>
    }
}

fn told(progress: &Progress) -> String {
    let mib = |bytes: u64| decimal(bytes as f64 / MIB, 1);
    let mut told = Vec::new();
    if progress.files > 1 {
        let number = format!("{}/{}", progress.number, progress.files);
        told.push(words_with("model-file", "number", number));
    }
    told.push(match progress.all {
        Some(all) => words_with(
            "mib",
            "mib",
            format!("{} / {}", mib(progress.here), mib(all)),
        ),
        None => words_with("mib", "mib", mib(progress.here)),
    });
    let speed = progress.bytes_per_s;
    told.extend(speed.map(|speed| words_with("mib-per-s", "mib", mib(speed))));
    told.extend(progress.left_s.map(left));
    told.join(" · ")
}

/// As people say how long something will take.
fn left(seconds: u64) -> String {
    match seconds {
        0..60 => words_with("left-s", "s", seconds as i64),
        60..3600 => words_with("left-min", "min", seconds.div_ceil(60) as i64),
        _ => words_with("left-h", "h", decimal(seconds as f64 / 3600.0, 1)),
    }
}

/// Why the last change was refused, if it was made here.
#[component]
pub fn Refused(at: String) -> impl IntoView {
    let app = App::get();
    let refused = app.part(move |model| match &model.models.outcome {
        Edited::Refused(problem) if model.models.changed == at => Some(problem.clone()),
        _ => None,
    });
    view! {
        <div role="alert">
            {move || refused.get().map(|problem| view! {
                <p class="wrong" dir="auto">{words_of_hub(&problem.message)}</p>
                <p class="soft" dir="auto">{words_of_hub(&problem.help)}</p>
            })}
        </div>
    }
}

/// The first button does what comes next, so that whoever stands at it goes on from there.
#[component]
fn Deeds(name: String, item: Memo<Item>) -> impl IntoView {
    let app = App::get();
    let name = StoredValue::new(name);
    let change = move |change| {
        name.with_value(|name| app.send(|model| model.change_model(name, change)));
    };
    let choice = app.part(move |model| {
        let shown = model.models.shown.as_ref();
        shown.is_some_and(|shown| item.with(|item| shown.is_chosen(&item.r#for)))
    });
    let step = Memo::new(move |_| item.with(|item| item.step(choice.get())));
    let go = move |_| match step.get_untracked() {
        Some(Step::Pause) => change(ModelChange::Pause),
        Some(Step::Use) => {
            let kind = item.with_untracked(|item| item.r#for.clone());
            name.with_value(|name| app.send(|model| model.use_model(name, &kind, name)));
        }
        Some(Step::Get | Step::GoOn | Step::GetAgain) => change(ModelChange::Pull),
        None => {}
    };
    let word = move || {
        step.get().map(|step| {
            words(match step {
                Step::Get => "model-get",
                Step::Pause => "model-pause",
                Step::GoOn => "model-go-on",
                Step::GetAgain => "model-get-again",
                Step::Use => "model-use",
            })
        })
    };
    let labelled =
        move |word: Option<String>| word.map(|word| format!("{word}: {}", name.get_value()));
    let state = Memo::new(move |_| item.with(|item| item.state.clone()));
    let is_here = move || state.with(|state| state == "here");
    let can_go = move || state.with(|state| !matches!(state.as_str(), "" | "absent" | "checking"));
    view! {
        <div class="choices">
            <Show when=move || step.get().is_some()>
                <button class:primary=move || item.with(|item| item.recommended || item.came != 0) type="button"
                    aria-label=move || labelled(word()) on:click=go>{word}</button>
            </Show>
            <Show when=is_here>
                <button type="button" aria-label=labelled(Some(words("model-check")))
                    on:click=move |_| change(ModelChange::Verify)>{words("model-check")}</button>
            </Show>
            <Show when=can_go>
                <Remove name=name.get_value() state remove=Callback::new(move |()| change(ModelChange::Remove)) />
            </Show>
        </div>
    }
}

/// Asks again before anything is gone.
#[component]
fn Remove(name: String, state: Memo<String>, remove: Callback<()>) -> impl IntoView {
    let sure = RwSignal::new(false);
    let press = move |_| {
        if sure.get_untracked() {
            remove.run(());
        }
        sure.update(|sure| *sure = !*sure);
    };
    let word = move || {
        let whole = state.with(|state| matches!(state.as_str(), "here" | "damaged"));
        words(match (sure.get(), whole) {
            (true, _) => "remove-sure",
            (false, true) => "remove",
            (false, false) => "model-forget",
        })
    };
    view! {
        <Show when=move || sure.get()>
            <button type="button" on:click=move |_| sure.set(false)>{words("cancel")}</button>
        </Show>
        <button class="remove" type="button" aria-label=move || format!("{}: {name}", word()) on:click=press>{word}</button>
    }
}
