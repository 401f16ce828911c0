//! One skill: a row that unfolds into what it understands, what it may do, and whether it counts.

use super::{App, words, words_of_hub, words_with};
use crate::model::{Edited, headed, skills::before};
use leptos::{ev::MouseEvent, prelude::*};
use loqa_protocol::{
    SkillChange,
    view::{Skill, SkillIntent, SkillSetting},
};

/// Templates that are shown of one intent.
const SENTENCES: usize = 6;

/// It stays unfolded when something about it changes.
#[component]
pub fn SkillRow(name: String, text: RwSignal<String>) -> impl IntoView {
    let app = App::get();
    let named = name.clone();
    let skill = app.part({
        let name = name.clone();
        move |model| {
            let mut skills = model.house.skills.iter();
            skills.find(|skill| skill.name == name).cloned()
        }
    });
    let state = move || match skill.get() {
        Some(skill) if !skill.enabled => Some(("soft", words("skill-off"))),
        Some(skill) if !skill.wrong.is_empty() => Some(("bad", words("does-not-work"))),
        _ => None,
    };
    let version = move || skill.get().map(|skill| skill.version);
    // What somebody has unfolded or stands at stays while a switch is turned.
    let about = Memo::new(move |_| {
        skill.get().map(|skill| Skill {
            enabled: false,
            pinned: false,
            version: String::new(),
            versions: Vec::new(),
            settings: Vec::new(),
            ..skill
        })
    });
    view! {
        <details class="card skill" data-skill=named.clone()>
            <summary>
                <h2 dir="auto">{headed(&named)}</h2>
                <span class="soft">{version}</span>
                {move || state().map(|(class, word)| view! { <span class=format!("state {class}")>{word}</span> })}
            </summary>
            {move || about.get().map(|skill| view! { <About skill text /> })}
            <Settings name=name.clone() skill />
            <Choices name skill />
        </details>
    }
}

#[component]
fn About(skill: Skill, text: RwSignal<String>) -> impl IntoView {
    let count = skill.intents.len() as i64;
    let wrong = (!skill.wrong.is_empty()).then(|| {
        view! {
            <p class="wrong" dir="auto">{words_of_hub(&skill.wrong)}</p>
            <p class="soft" dir="auto">{words_of_hub(&skill.help)}</p>
        }
    });
    let may = skill.permissions.iter().map(|it| words_of_hub(it));
    let may = may.map(|it| view! { <li>{it}</li> }).collect_view();
    let from = match skill.from.as_str() {
        "installed" => words("from-installed"),
        "folder" => words("from-folder"),
        _ => words("from-loqa"),
    };
    let intents = skill.intents.clone().into_iter();
    let intents = intents.map(|intent| view! { <Intent intent text /> });
    view! {
        <p dir="auto">{skill.description.clone()}</p>
        {wrong}
        {(count > 0).then(|| view! { <p class="soft">{words_with("intents", "count", count)}</p> })}
        <div class="intents">{intents.collect_view()}</div>
        <h3>{words("what-it-may-do")}</h3>
        <ul class="may">{may}</ul>
        <p class="soft">{from}</p>
    }
}

#[component]
fn Intent(intent: SkillIntent, text: RwSignal<String>) -> impl IntoView {
    let app = App::get();
    let examples = intent.examples.into_iter().map(|example| {
        let sentence = example.clone();
        let try_out = move |_| {
            text.set(sentence.clone());
            app.send(|model| model.try_out(&sentence));
        };
        view! { <li><button class="idea" type="button" on:click=try_out>{example}</button></li> }
    });
    let sentences = intent.sentences.into_iter().take(SENTENCES);
    view! {
        <details>
            <summary>{intent.name.replace('_', " ")}</summary>
            <h3>{words("examples")}</h3>
            <ul class="examples" dir="auto">{examples.collect_view()}</ul>
            <h3>{words("sentences")}</h3>
            <ul class="templates" dir="auto">{sentences.map(|it| view! { <li><code>{it}</code></li> }).collect_view()}</ul>
        </details>
    }
}

/// What can be set for it: as the hub says, and sent when somebody leaves it.
#[component]
fn Settings(name: String, skill: Memo<Option<Skill>>) -> impl IntoView {
    let settings = Memo::new(move |_| skill.get().map(|it| it.settings).unwrap_or_default());
    let any = Memo::new(move |_| settings.with(|it| !it.is_empty()));
    let name = StoredValue::new(name);
    view! {
        <Show when=move || any.get()>
            <h3>{words("skill-settings")}</h3>
            <ul class="settings">
                // Whoever stands at one stays there when it changes.
                <For each=move || settings.get() key=|it| it.name.clone() let:first>
                    <Set skill=name.get_value() first settings />
                </For>
            </ul>
        </Show>
    }
}

#[component]
fn Set(skill: String, first: SkillSetting, settings: Memo<Vec<SkillSetting>>) -> impl IntoView {
    let app = App::get();
    let SkillSetting {
        name,
        title,
        can_be,
        choices,
        switch,
        ..
    } = first.clone();
    let now = Memo::new(move |_| {
        let mut settings = settings.get().into_iter();
        settings
            .find(|it| it.name == first.name)
            .unwrap_or_else(|| first.clone())
    });
    let value = move || now.get().value;
    let (skill, name) = (StoredValue::new(skill), StoredValue::new(name));
    let change = move |value: Option<String>| {
        let change = SkillChange::Set(name.get_value(), value);
        skill.with_value(|skill| app.send(|model| model.change_skill(skill, change)));
    };
    let label = StoredValue::new(format!("{}: {title}", words("as-the-skill-has-it")));
    let input = if switch {
        // It is as the hub says, and not before.
        let flip = move |event: MouseEvent| {
            event.prevent_default();
            change(Some((untrack(value) != "true").to_string()));
        };
        view! { <input type="checkbox" role="switch" prop:checked=move || value() == "true" on:click=flip /> }
            .into_any()
    } else if choices.is_empty() {
        view! {
            <input dir="auto" autocomplete="off" maxlength="1000" title=can_be prop:value=value
                on:change=move |event| change(Some(event_target_value(&event))) />
        }
        .into_any()
    } else {
        let options = choices.into_iter().map(|choice| {
            let (this, shown) = (choice.clone(), choice.clone());
            view! { <option value=choice prop:selected=move || value() == this>{shown}</option> }
        });
        view! {
            <select on:change=move |event| change(Some(event_target_value(&event)))>
                {options.collect_view()}
            </select>
        }
        .into_any()
    };
    view! {
        <li>
            <label><span dir="auto">{title}</span>{input}</label>
            <Show when=move || now.get().set>
                <button type="button" aria-label=label.get_value() on:click=move |_| change(None)>
                    {words("as-the-skill-has-it")}
                </button>
            </Show>
        </li>
    }
}

/// Whether it counts, which version of it, and whether it stays.
#[component]
fn Choices(name: String, skill: Memo<Option<Skill>>) -> impl IntoView {
    let app = App::get();
    let name = StoredValue::new(name);
    let change = move |change: SkillChange| {
        name.with_value(|name| app.send(|model| model.change_skill(name, change)));
    };
    let refused = app.part(move |model| match &model.skills.outcome {
        Edited::Refused(problem) if name.with_value(|name| *name == model.skills.changed) => {
            Some(problem.clone())
        }
        _ => None,
    });
    let is = move |of: fn(&Skill) -> bool| skill.with(|skill| skill.as_ref().is_some_and(of));
    let installed = Memo::new(move |_| is(|skill| skill.from == "installed"));
    let switched = Memo::new(move |_| installed.get() || is(|skill| skill.from == "loqa"));
    let enabled = move || is(|skill| skill.enabled);
    let pinned = move || is(|skill| skill.pinned);
    let version = move || skill.get().unwrap_or_default().version;
    let earlier = Memo::new(move |_| skill.with(|it| before(it.as_ref()?).map(str::to_owned)));
    // It is as the hub says, and not before.
    let flip = move |event: MouseEvent| {
        event.prevent_default();
        let on = untrack(enabled);
        change(SkillChange::Enabled(!on));
    };
    let pin = move |event: MouseEvent| {
        event.prevent_default();
        let latest = untrack(pinned).then(|| "latest".into());
        change(SkillChange::Pin(latest.unwrap_or_else(|| untrack(version))));
    };
    let remove = Callback::new(move |()| change(SkillChange::Remove));
    view! {
        <Show when=move || switched.get()>
            <label class="check">
                <input type="checkbox" role="switch" prop:checked=enabled on:click=flip />
                {words("skill-on")}
            </label>
        </Show>
        <Show when=move || installed.get() && !version().is_empty()>
            <label class="check">
                <input type="checkbox" prop:checked=pinned on:click=pin />
                <span>{move || words_with("skill-pinned", "version", version())}</span>
            </label>
        </Show>
        <div role="alert">
            {move || refused.get().map(|problem| view! {
                <p class="wrong" dir="auto">{words_of_hub(&problem.message)}</p>
                <p class="soft" dir="auto">{words_of_hub(&problem.help)}</p>
            })}
        </div>
        <Show when=move || installed.get()>
            <div class="choices">
                {move || earlier.get().map(|before| view! {
                    <button type="button" on:click=move |_| change(SkillChange::Rollback)>
                        {words_with("skill-rollback", "version", before)}
                    </button>
                })}
                <Remove remove />
            </div>
        </Show>
    }
}

/// Asks again before a skill is gone, and tells what stays.
#[component]
fn Remove(remove: Callback<()>) -> impl IntoView {
    let sure = RwSignal::new(false);
    let press = move |_| {
        if sure.get_untracked() {
            remove.run(());
        }
        sure.set(true);
    };
    view! {
        <p class="soft" role="status">{move || sure.get().then(|| words("skill-remove-about"))}</p>
        <Show when=move || sure.get()>
            <button type="button" on:click=move |_| sure.set(false)>{words("cancel")}</button>
        </Show>
        <button class="remove" type="button" on:click=press>
            {move || words(if sure.get() { "remove-sure" } else { "remove" })}
        </button>
    }
}
