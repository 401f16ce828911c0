//! Skills that lie in folders.

use super::*;

#[tokio::test]
async fn a_folder_with_a_manifest_is_a_skill() {
    let skills = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        fs::create_dir_all(skills.path().join(name)).unwrap();
        fs::write(skills.path().join(name).join("skill.yaml"), text).unwrap();
    };
    write(
        "greeting",
        "name: greeting\nintents:\n  hello:\n    sentences: [\"greet {text:who}\"]\n    reply: \"hello {who}\"\n",
    );
    write(
        "launch",
        "name: launch\nintents:\n  go:\n    sentences: [launch]\n    confirm: true\n",
    );
    let folder = tempfile::tempdir().unwrap();
    let registry =
        Registry::load(&[], Some(skills.path()), &Machine::beside(skills.path())).unwrap();
    let names = |registry: &Registry| {
        let names = registry.manifests().iter();
        let names: Vec<String> = names.map(|manifest| manifest.name.clone()).collect();
        names.join(" ")
    };
    assert_eq!(names(&registry), "loqa greeting launch");
    let mut house = House::with_registry(folder.path(), registry);
    assert_eq!(
        house
            .hears(&[step(
                "greeting.hello",
                &[("who", SlotValue::Text("bob".into()))]
            )])
            .await,
        "hello bob"
    );
    assert_eq!(
        house.hears(&[step("launch.go", &[])]).await,
        "You said: go. Shall I do that? OK."
    );
    assert_eq!(
        house.hears(&[step("clock.time", &[])]).await,
        "error: The skill clock is not installed."
    );
    assert_eq!(
        house.hears(&[step("loqa.why", &[])]).await,
        "I haven't done anything in the last 15 minutes."
    );

    let all = Registry::load(
        &[skills.path().join("greeting")],
        None,
        &Machine::beside(skills.path()),
    )
    .unwrap();
    assert_eq!(
        names(&all),
        "loqa clock timers home alarms calculator greeting"
    );
    write("again", "name: clock\n");
    let error = |result: Result<Registry, RegistryError>| {
        result
            .err()
            .map(|error| error.to_string())
            .unwrap_or_default()
    };
    assert!(
        error(Registry::load(
            &[skills.path().into()],
            None,
            &Machine::beside(skills.path())
        ))
        .starts_with("two skills are called `clock`: the built-in one and ")
    );
    write("again", "name: again\nintent: {}\n");
    assert!(
        error(Registry::load(
            &[skills.path().into()],
            None,
            &Machine::beside(skills.path())
        ))
        .contains("again/skill.yaml:2:1"),
        "file, line and column"
    );
    assert!(
        error(Registry::load(
            &[folder.path().into()],
            None,
            &Machine::beside(skills.path())
        ))
        .starts_with("there is no skill in ")
    );
    assert!(
        error(Registry::load(
            &["/nowhere".into()],
            None,
            &Machine::beside(skills.path())
        ))
        .starts_with("cannot read /nowhere")
    );
}
