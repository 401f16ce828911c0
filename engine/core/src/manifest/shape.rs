//! What `skill.yaml` may hold.

use crate::document::{Key, Shape};
use crate::home::KINDS;

/// The shape of `skill.yaml`, version 1.
pub const SKILL: Shape = Shape::Table(&[
    Key {
        name: "name",
        required: true,
        shape: Shape::Id,
        doc: "Its name: unique; lower-case letters, digits, `_`.",
    },
    Key {
        name: "version",
        required: false,
        shape: Shape::Text,
        doc: "Its version, such as `1.2.0`, in quotes where YAML would see a number. Default: 0.1.0.",
    },
    Key {
        name: "description",
        required: false,
        shape: Shape::Text,
        doc: "What it does, in one sentence.",
    },
    Key {
        name: "lists",
        required: false,
        shape: Shape::Map(&LIST),
        doc: "What `{name}` stands for in sentences.",
    },
    Key {
        name: "rules",
        required: false,
        shape: Shape::Map(&Shape::Text),
        doc: "What `<name>` stands for in sentences: a template.",
    },
    Key {
        name: "intents",
        required: false,
        shape: Shape::Map(&INTENT),
        doc: "What a person may want, by name.",
    },
    Key {
        name: "permissions",
        required: false,
        shape: Shape::List(&Shape::Word(&[
            "timer", "device", "list", "storage", "alarm", "notify", "speak", "publish",
        ])),
        doc: "What it may change, and tell.",
    },
    Key {
        name: "runtime",
        required: false,
        shape: Shape::Word(&["component"]),
        doc: "What its code is. So far: WebAssembly components, which need not be said.",
    },
    Key {
        name: "hosts",
        required: false,
        shape: Shape::List(&Shape::Host),
        doc: "Hosts that it may ask over HTTP, encrypted.",
    },
    Key {
        name: "followups",
        required: false,
        shape: Shape::Map(&FOLLOW_UP),
        doc: "Questions it may ask, and what the answers sound like.",
    },
    Key {
        name: "settings",
        required: false,
        shape: Shape::Map(&SETTING),
        doc: "What a household can set for it.",
    },
    Key {
        name: "payloads",
        required: false,
        shape: Shape::Map(&Shape::Schema),
        doc: "What it publishes, by topic: a JSON Schema of each payload.",
    },
    Key {
        name: "budget",
        required: false,
        shape: BUDGET,
        doc: "What it may take, where that is not the usual.",
    },
]);

const SETTING: Shape = Shape::Table(&[
    Key {
        name: "title",
        required: true,
        shape: Shape::Text,
        doc: "What it is, for a person.",
    },
    Key {
        name: "type",
        required: true,
        shape: Shape::Word(&["text", "number", "switch", "choice"]),
        doc: "What it can be.",
    },
    Key {
        name: "default",
        required: true,
        shape: Shape::Scalar,
        doc: "What it is until somebody sets it.",
    },
    Key {
        name: "from",
        required: false,
        shape: Shape::Integer,
        doc: "The least a number may be. Default: 0.",
    },
    Key {
        name: "to",
        required: false,
        shape: Shape::Integer,
        doc: "The most a number may be. Default: 100.",
    },
    Key {
        name: "choices",
        required: false,
        shape: Shape::List(&Shape::Text),
        doc: "The words to choose from.",
    },
]);

const BUDGET: Shape = Shape::Table(&[
    Key {
        name: "memory",
        required: false,
        shape: Shape::Integer,
        doc: "Memory of one call, MiB, 1 to 256. Default: 16.",
    },
    Key {
        name: "time",
        required: false,
        shape: Shape::Integer,
        doc: "Time of one call, ms, 1 to 1000. Default: 50.",
    },
    Key {
        name: "storage",
        required: false,
        shape: Shape::Integer,
        doc: "All that it keeps, kB, 0 to 1024. Default: 64.",
    },
    Key {
        name: "http",
        required: false,
        shape: Shape::Integer,
        doc: "Questions over HTTP a minute, 0 to 60. Default: 10.",
    },
]);

const LIST: Shape = Shape::Either(&[
    Shape::List(&LIST_VALUE),
    Shape::Table(&[
        Key {
            name: "values",
            required: false,
            shape: Shape::List(&LIST_VALUE),
            doc: "What may be said, and the value each stands for.",
        },
        Key {
            name: "range",
            required: false,
            shape: RANGE,
            doc: "Whole numbers, said as words.",
        },
        Key {
            name: "text",
            required: false,
            shape: TEXT,
            doc: "Any words.",
        },
        Key {
            name: "devices",
            required: false,
            shape: Shape::List(&Shape::Word(KINDS)),
            doc: "The household's devices of these kinds.",
        },
    ]),
]);

const LIST_VALUE: Shape = Shape::Either(&[
    Shape::Text,
    Shape::Table(&[
        Key {
            name: "in",
            required: true,
            shape: Shape::Text,
            doc: "What is said: a template.",
        },
        Key {
            name: "out",
            required: false,
            shape: Shape::Scalar,
            doc: "The value it stands for: text, number, true or false. Default: the text of `in`.",
        },
    ]),
]);

const RANGE: Shape = Shape::Table(&[
    Key {
        name: "from",
        required: true,
        shape: Shape::Integer,
        doc: "The first number.",
    },
    Key {
        name: "to",
        required: true,
        shape: Shape::Integer,
        doc: "The last number.",
    },
    Key {
        name: "step",
        required: false,
        shape: Shape::Integer,
        doc: "From one number to the next, at least 1. Default: 1.",
    },
]);

const TEXT: Shape = Shape::Table(&[Key {
    name: "vocabulary",
    required: false,
    shape: Shape::List(&Shape::Text),
    doc: "Phrases that are expected: heard at once, all others take longer.",
}]);

const INTENT: Shape = Shape::Table(&[
    Key {
        name: "sentences",
        required: true,
        shape: Shape::List(&Shape::Text),
        doc: "How it may be said: templates.",
    },
    Key {
        name: "slots",
        required: false,
        shape: Shape::Map(&Shape::Scalar),
        doc: "Slots that every one of these sentences fills, with their values.",
    },
    Key {
        name: "reply",
        required: false,
        shape: Shape::Text,
        doc: "What to say; `{slot}` is filled in, `{slot|words}` says the words where the slot is empty.",
    },
    Key {
        name: "card",
        required: false,
        shape: CARD,
        doc: "What to show on every dashboard; slots are filled in as in `reply`.",
    },
    Key {
        name: "examples",
        required: false,
        shape: Shape::List(&EXAMPLE),
        doc: "Sentences that must be understood as this intent: tests.",
    },
    Key {
        name: "negatives",
        required: false,
        shape: Shape::List(&Shape::Text),
        doc: "Sentences that must not be understood as this intent: tests.",
    },
    Key {
        name: "confirm",
        required: false,
        shape: Shape::Bool,
        doc: "Whether to ask before doing it. Default: false.",
    },
    Key {
        name: "risk",
        required: false,
        shape: Shape::Word(&["everyday", "private", "risky"]),
        doc: "Who may have it done: `private` where it tells what is not for everybody, `risky` where it opens the house or cannot be made good. Default: everyday.",
    },
]);

const CARD: Shape = Shape::Table(&[
    Key {
        name: "title",
        required: true,
        shape: Shape::Text,
        doc: "What it is about.",
    },
    Key {
        name: "lines",
        required: false,
        shape: Shape::List(&CARD_LINE),
        doc: "What it tells, at most 12.",
    },
    Key {
        name: "say",
        required: false,
        shape: Shape::List(&Shape::Text),
        doc: "Sentences to touch, at most 4: touching one says it.",
    },
    Key {
        name: "stays",
        required: false,
        shape: Shape::Integer,
        doc: "Minutes that it stays, 1 to 1440. Default: 10.",
    },
]);

const CARD_LINE: Shape = Shape::Either(&[
    Shape::Text,
    Shape::Table(&[
        Key {
            name: "name",
            required: true,
            shape: Shape::Text,
            doc: "What the text is about: shown before it.",
        },
        Key {
            name: "text",
            required: true,
            shape: Shape::Text,
            doc: "What it tells.",
        },
    ]),
]);

const EXAMPLE: Shape = Shape::Either(&[
    Shape::Text,
    Shape::Table(&[
        Key {
            name: "say",
            required: true,
            shape: Shape::Text,
            doc: "The sentence.",
        },
        Key {
            name: "slots",
            required: false,
            shape: Shape::Map(&Shape::Scalar),
            doc: "Slots it must fill, with their values; others may be filled too.",
        },
    ]),
]);

const FOLLOW_UP: Shape = Shape::Table(&[
    Key {
        name: "ask",
        required: true,
        shape: Shape::Text,
        doc: "The question, as spoken.",
    },
    Key {
        name: "sentences",
        required: true,
        shape: Shape::List(&Shape::Text),
        doc: "How it may be answered: templates.",
    },
]);
