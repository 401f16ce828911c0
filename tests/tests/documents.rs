//! What the README tells a newcomer to type is true.

use loqa_core::{grammar::Grammar, home::Home, manifest::Manifest};

const README: &str = include_str!("../../README.md");

/// The first fenced block of this language.
fn example(language: &str) -> &'static str {
    let fence = format!("```{language}\n");
    let rest = README.split(&fence).nth(1);
    rest.and_then(|rest| rest.split("```").next()).unwrap()
}

#[test]
fn the_household_of_the_readme_is_one() {
    let home = Home::parse("home.toml", example("toml")).unwrap();
    assert_eq!((home.areas.len(), home.devices.len()), (1, 2));
}

#[test]
fn the_skill_of_the_readme_understands_its_examples() {
    let skill = Manifest::parse("skill.yaml", example("yaml")).unwrap();
    let home = Home::parse("home.toml", example("toml")).unwrap();
    let grammar = Grammar::compile(std::slice::from_ref(&skill), &home).unwrap();
    assert!(skill.check_examples(&grammar).is_empty());
}

#[test]
fn every_command_of_the_readme_is_one_of_loqas() {
    let help = loqa_tests::program::Home::new()
        .unwrap()
        .run(["--help"])
        .unwrap()
        .out;
    let table = README
        .lines()
        .filter_map(|line| line.strip_prefix("| `loqa "));
    for name in table.filter_map(|line| line.split([' ', '`']).next()) {
        assert!(
            help.lines().any(|line| line.trim_start().starts_with(name)),
            "{name}\n{help}"
        );
    }
}
