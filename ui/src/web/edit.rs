//! The form for a device or a room. What the hub cannot take is told at its field; what somebody
//! else has changed meanwhile is shown, and nothing is overwritten.

use super::{App, home::Subject, modal, words, words_of_hub};
use crate::model::{Edited, Model};
use leptos::{ev::SubmitEvent, prelude::*};
use loqa_protocol::{
    HomeEdit, Problem,
    view::{Area, Device},
};

/// As in home.toml, and in its order.
const KINDS: [&str; 11] = [
    "light", "switch", "cover", "lock", "climate", "fan", "sensor", "media", "scene", "script",
    "list",
];

/// What is typed.
#[derive(Clone, Copy)]
struct Fields {
    /// Of the household that is edited.
    revision: RwSignal<u64>,
    name: RwSignal<String>,
    aliases: RwSignal<String>,
    area: RwSignal<String>,
    kind: RwSignal<String>,
    confirm: RwSignal<bool>,
    features: RwSignal<String>,
    floor: RwSignal<String>,
}

impl Fields {
    fn of(subject: &Subject, revision: u64) -> Fields {
        let fields = Fields {
            revision: RwSignal::new(0),
            name: RwSignal::default(),
            aliases: RwSignal::default(),
            area: RwSignal::default(),
            kind: RwSignal::default(),
            confirm: RwSignal::default(),
            features: RwSignal::default(),
            floor: RwSignal::default(),
        };
        fields.show(subject, revision);
        fields
    }

    fn show(self, subject: &Subject, revision: u64) {
        self.revision.set(revision);
        match subject.clone() {
            Subject::Device(device) => {
                self.name.set(device.name);
                self.aliases.set(device.aliases.join(", "));
                self.area.set(device.area.unwrap_or_default());
                self.kind.set(device.kind);
                self.confirm.set(device.confirm);
                self.features.set(device.features.join(", "));
            }
            Subject::Area(area) => {
                self.name.set(area.name);
                self.aliases.set(area.aliases.join(", "));
                self.floor.set(area.floor.unwrap_or_default());
            }
        }
    }

    /// The subject as it is typed.
    fn edit(self, subject: &Subject) -> HomeEdit {
        let typed = |text: String| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
        let (name, aliases) = (
            self.name.get_untracked(),
            list(&self.aliases.get_untracked()),
        );
        match subject {
            Subject::Device(device) => HomeEdit::Device(Device {
                id: device.id.clone(),
                name,
                aliases,
                area: typed(self.area.get_untracked()),
                kind: self.kind.get_untracked(),
                confirm: self.confirm.get_untracked(),
                features: list(&self.features.get_untracked()),
            }),
            Subject::Area(area) => HomeEdit::Area(Area {
                id: area.id.clone(),
                name,
                aliases,
                floor: typed(self.floor.get_untracked()),
            }),
        }
    }
}

/// What stands between commas.
fn list(text: &str) -> Vec<String> {
    let parts = text.split(',').map(str::trim);
    parts
        .filter(|part| !part.is_empty())
        .map(str::to_owned)
        .collect()
}

fn id(subject: &Subject) -> &str {
    match subject {
        Subject::Device(device) => &device.id,
        Subject::Area(area) => &area.id,
    }
}

/// The subject as the house has it now; `None` if it is gone.
fn now(model: &Model, subject: &Subject) -> Option<Subject> {
    let id = id(subject);
    if id.is_empty() {
        return Some(subject.clone());
    }
    match subject {
        Subject::Device(_) => {
            let mut devices = model.house.devices.iter();
            devices
                .find(|device| device.id == id)
                .cloned()
                .map(Subject::Device)
        }
        Subject::Area(_) => {
            let mut areas = model.house.areas.iter();
            areas.find(|area| area.id == id).cloned().map(Subject::Area)
        }
    }
}

/// Edits something until it is done.
#[component]
pub fn Editor(edited: Subject, done: Callback<()>) -> impl IntoView {
    let app = App::get();
    let subject = StoredValue::new(edited.clone());
    let revision = app.part(|model| model.house.revision);
    let outcome = app.part(|model| model.edited.clone());
    let fields = Fields::of(&edited, revision.get_untracked());
    let dialog = modal();
    Effect::new(move |_| match outcome.get() {
        Edited::Done => done.run(()),
        Edited::Refused(problem) if problem.code == CHANGED => {
            let latest = revision.get();
            if latest == fields.revision.get_untracked() {
                return;
            }
            match app
                .model
                .with_untracked(|model| subject.with_value(|it| now(model, it)))
            {
                // Something new is still what somebody wants to add.
                Some(subject) if id(&subject).is_empty() => fields.revision.set(latest),
                Some(subject) => fields.show(&subject, latest),
                None => done.run(()),
            }
        }
        _ => {}
    });
    let send = move |edit: HomeEdit| {
        let revision = fields.revision.get_untracked();
        app.send(|model| model.edit(revision, edit));
    };
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        send(subject.with_value(|subject| fields.edit(subject)));
    };
    let refused = Memo::new(move |_| match outcome.get() {
        Edited::Refused(problem) => Some(problem),
        _ => None,
    });
    let waiting = move || matches!(outcome.get(), Edited::Waiting(_));
    let is_new = id(&edited).is_empty();
    let title = match (&edited, is_new) {
        (Subject::Device(_), true) => words("add-device"),
        (Subject::Device(_), false) => words("edit-device"),
        (Subject::Area(_), true) => words("add-room"),
        (Subject::Area(_), false) => words("edit-room"),
    };
    let rest = match &edited {
        Subject::Device(_) => view! { <DeviceFields fields refused /> }.into_any(),
        Subject::Area(_) => view! { <Text key="floor" value=fields.floor refused /> }.into_any(),
    };
    let removal = match &edited {
        Subject::Device(device) => HomeEdit::RemoveDevice(device.id.clone()),
        Subject::Area(area) => HomeEdit::RemoveArea(area.id.clone()),
    };
    view! {
        <dialog class="card editor" node_ref=dialog aria-labelledby="editor-title" on:close=move |_| done.run(())>
            <form on:submit=submit>
                <h2 id="editor-title">{title}</h2>
                <div role="alert">
                    {move || refused.get().filter(|problem| !is_of_a_field(problem)).map(|problem| view! {
                        <p class="wrong" dir="auto">{told(&problem)}</p>
                        <p class="soft" dir="auto">{(problem.code != CHANGED).then(|| words_of_hub(&problem.help))}</p>
                    })}
                </div>
                <Text key="name" value=fields.name refused />
                <Text key="aliases" value=fields.aliases refused />
                {rest}
                <div class="choices">
                    <button class="primary" type="submit" disabled=waiting>{words("save")}</button>
                    <button type="button" on:click=move |_| done.run(())>{words("cancel")}</button>
                    {(!is_new).then(|| view! { <Remove remove=Callback::new(move |()| send(removal.clone())) /> })}
                </div>
            </form>
        </dialog>
    }
}

/// Somebody else was quicker.
const CHANGED: &str = "home_changed";

fn told(problem: &Problem) -> String {
    match problem.code.as_str() {
        CHANGED => words("home-changed"),
        _ => words_of_hub(&problem.message),
    }
}

const FIELDS: [&str; 7] = [
    "name", "aliases", "area", "kind", "confirm", "features", "floor",
];

fn is_of_a_field(problem: &Problem) -> bool {
    let field = problem.code.strip_prefix("home_");
    field.is_some_and(|field| FIELDS.contains(&field))
}

#[component]
fn DeviceFields(fields: Fields, refused: Memo<Option<Problem>>) -> impl IntoView {
    let app = App::get();
    let areas = app.part(|model| model.house.areas.clone());
    let kinds = KINDS.map(|kind| {
        let name = words(&format!("kind-{kind}"));
        view! { <option value=kind selected=move || fields.kind.get() == kind>{name}</option> }
    });
    view! {
        <label for="field-area">{words("field-area")}</label>
        <select id="field-area" on:change:target=move |event| fields.area.set(event.target().value())>
            <option value="" selected=move || fields.area.get().is_empty()>{words("no-room")}</option>
            {move || areas.get().into_iter().map(|area| {
                let id = area.id.clone();
                view! { <option value=area.id selected=move || fields.area.get() == id>{area.name}</option> }
            }).collect_view()}
        </select>
        <Wrong key="area" refused />
        <label for="field-kind">{words("field-kind")}</label>
        <select id="field-kind" on:change:target=move |event| fields.kind.set(event.target().value())>{kinds}</select>
        <Wrong key="kind" refused />
        <Text key="features" value=fields.features refused />
        <label class="check">
            <input type="checkbox" bind:checked=fields.confirm />
            {words("field-confirm")}
        </label>
    }
}

/// A line to type in, and what is wrong with it.
#[component]
fn Text(
    key: &'static str,
    value: RwSignal<String>,
    refused: Memo<Option<Problem>>,
) -> impl IntoView {
    let id = format!("field-{key}");
    let wrong = move || {
        refused
            .get()
            .is_some_and(|problem| problem.code == format!("home_{key}"))
    };
    view! {
        <label for=id.clone()>{words(&id)}</label>
        <input id=id.clone() maxlength="500" autocomplete="off" aria-describedby=format!("{id}-wrong")
            aria-invalid=move || wrong().then_some("true") bind:value=value />
        <Wrong key refused />
    }
}

#[component]
fn Wrong(key: &'static str, refused: Memo<Option<Problem>>) -> impl IntoView {
    let about = move || {
        refused
            .get()
            .filter(|problem| problem.code == format!("home_{key}"))
    };
    view! {
        <p class="wrong" id=format!("field-{key}-wrong") role="alert" dir="auto">
            {move || about().map(|problem| super::told(&problem))}
        </p>
    }
}

/// Asks again before something is gone.
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
        <button class="remove" type="button" on:click=press>
            {move || words(if sure.get() { "remove-sure" } else { "remove" })}
        </button>
    }
}
