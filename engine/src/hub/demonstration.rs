//! What Loqa shows where nobody has described a house: a household, and what can be said in it.

use super::home_file::{self, HomeFile};
use crate::skills::Registry;
use loqa_core::{grammar::Grammar, home::Home};
use loqa_protocol::Problem;
use std::sync::Arc;

/// The demo household.
///
/// # Errors
/// As [`demonstration_grammar`].
pub fn demonstration_home() -> Result<Home, Problem> {
    Ok(HomeFile::default().read()?.home)
}

/// The grammar of the demo household and the built-in skills.
///
/// # Errors
/// None, unless Loqa was built wrongly.
pub fn demonstration_grammar() -> Result<Arc<Grammar>, Problem> {
    let registry = Registry::built_in()?;
    let grammar = Grammar::compile(registry.manifests(), &demonstration_home()?);
    let grammar = grammar.map_err(|errors| home_file::file_problem("grammar", &errors))?;
    Ok(Arc::new(grammar))
}

/// What the built-in skills give as examples of what people say.
///
/// # Errors
/// As [`demonstration_grammar`].
pub fn demonstration_examples() -> Result<Vec<String>, Problem> {
    let registry = Registry::built_in()?;
    let intents = registry.manifests().iter().flat_map(|skill| &skill.intents);
    let examples = intents.flat_map(|intent| &intent.examples);
    Ok(examples.map(|example| example.say.clone()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_device_of_the_demonstration_can_be_spoken_of() -> Result<(), Problem> {
        let home = HomeFile::default().read()?.home;
        let grammar = demonstration_grammar()?;
        for device in &home.devices {
            let ways = grammar.ways(device);
            assert!(!ways.is_empty(), "{}", device.id);
        }
        let door = home.device("front_door").map(|device| grammar.ways(device));
        let expected = [
            "lock the front door",
            "unlock the front door",
            "what is the status of the front door",
        ];
        assert_eq!(door.unwrap_or_default(), expected);
        Ok(())
    }
}
