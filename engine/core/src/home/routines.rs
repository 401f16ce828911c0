//! What the house does not understand of its routines. That depends on its skills and on the devices
//! of others, so it is no mistake of the file: the rest of the house goes on working.

use crate::{
    document::{FileError, Node, shorten},
    grammar::{Grammar, NoStep},
};

/// Names of routines that mean something else, and steps that nobody could carry out, in the order of
/// the file. `text` is a sound `home.toml`, and `grammar` that of its house.
pub fn unfit_routines(file: &str, text: &str, grammar: &Grammar) -> Vec<FileError> {
    let Ok(node) = Node::from_toml(file, text) else {
        return Vec::new();
    };
    let mut errors = Vec::new();
    for routine in node.get("routine").map(Node::items).unwrap_or_default() {
        let items = |key| routine.get(key).map(Node::items).unwrap_or_default();
        for node in routine.get("name").into_iter().chain(items("aliases")) {
            let name = node.text().unwrap_or_default();
            if let Some(other) = grammar.other_meaning(&routine.text_of("id"), name) {
                let message = format!("“{}” is also said for `{other}`", shorten(name));
                let help =
                    "call the routine something else, so that every sentence has one meaning";
                errors.push(FileError::new(file, node.at, message, help));
            }
        }
        for node in items("steps") {
            let step = node.text().unwrap_or_default();
            let Err(why) = grammar.routine_step(step) else {
                continue;
            };
            let (what, help) = match why {
                NoStep::NotUnderstood => (
                    "is not understood in this house",
                    "write it as you would say it: `loqa intent` tells what a sentence means",
                ),
                NoStep::Routine => (
                    "is a routine itself",
                    "write the steps of that routine instead",
                ),
                NoStep::Conversation => {
                    ("speaks of what was said before", "write what shall be done")
                }
            };
            let message = format!("the step “{}” {what}", shorten(step));
            errors.push(FileError::new(file, node.at, message, help));
        }
    }
    errors.sort_by_key(FileError::position);
    errors
}
