//! What `home.toml` may hold.

use crate::document::{Key, Shape};

/// The shape of `home.toml`.
pub const HOME: Shape = Shape::Table(&[
    Key {
        name: "area",
        required: false,
        shape: Shape::List(&AREA),
        doc: "Rooms and places: one `[[area]]` each.",
    },
    Key {
        name: "device",
        required: false,
        shape: Shape::List(&DEVICE),
        doc: "What can be commanded or asked: one `[[device]]` each.",
    },
    Key {
        name: "routine",
        required: false,
        shape: Shape::List(&ROUTINE),
        doc: "Several commands under one name: one `[[routine]]` each.",
    },
]);

const AREA: Shape = Shape::Table(&[
    Key {
        name: "id",
        required: true,
        shape: Shape::Id,
        doc: "Its name for files and programs: unique; lower-case letters, digits, `_`.",
    },
    Key {
        name: "name",
        required: true,
        shape: Shape::Text,
        doc: "What people call it.",
    },
    Key {
        name: "aliases",
        required: false,
        shape: Shape::List(&Shape::Text),
        doc: "What people also call it.",
    },
    Key {
        name: "floor",
        required: false,
        shape: Shape::Text,
        doc: "The floor it is on, such as `upstairs`.",
    },
]);

const DEVICE: Shape = Shape::Table(&[
    Key {
        name: "id",
        required: true,
        shape: Shape::Id,
        doc: "Its name for files and programs: unique; lower-case letters, digits, `_`.",
    },
    Key {
        name: "name",
        required: true,
        shape: Shape::Text,
        doc: "What people call it: unique within its area.",
    },
    Key {
        name: "aliases",
        required: false,
        shape: Shape::List(&Shape::Text),
        doc: "What people also call it.",
    },
    Key {
        name: "area",
        required: false,
        shape: Shape::Id,
        doc: "The id of the area it is in.",
    },
    Key {
        name: "kind",
        required: true,
        shape: Shape::Word(KINDS),
        doc: "What it is.",
    },
    Key {
        name: "confirm",
        required: false,
        shape: Shape::Bool,
        doc: "Whether to ask before every command to it. Default: false.",
    },
    Key {
        name: "features",
        required: false,
        shape: Shape::List(&Shape::Id),
        doc: "What it can do beyond its kind's basics, such as `brightness`, `colour`, `position`, `garage`, `gate`.",
    },
]);

const ROUTINE: Shape = Shape::Table(&[
    Key {
        name: "id",
        required: true,
        shape: Shape::Id,
        doc: "Its name for files and programs: unique; lower-case letters, digits, `_`.",
    },
    Key {
        name: "name",
        required: true,
        shape: Shape::Text,
        doc: "What one says to have it done, such as `good morning`.",
    },
    Key {
        name: "aliases",
        required: false,
        shape: Shape::List(&Shape::Text),
        doc: "What one may say as well.",
    },
    Key {
        name: "steps",
        required: true,
        shape: Shape::List(&Shape::Text),
        doc: "What it stands for: 1 to 10 sentences, each as one would say it.",
    },
]);

/// In the order of [`super::DeviceKind::ALL`].
pub(crate) const KINDS: &[&str] = &[
    "light", "switch", "cover", "lock", "climate", "fan", "sensor", "media", "scene", "script",
    "list",
];
