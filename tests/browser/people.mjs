// An owner decides on the page People who may do what, and their PIN opens the door.
import assert from "node:assert/strict";
import { loqa, start } from "./hub.mjs";
import { barriers, inert, person } from "./page.mjs";
import { screenshot, tell } from "./story.mjs";

/** A page anew, whatever was shown. */
async function open(page, { hub }, path = "people") {
  await page.goto("about:blank");
  await page.goto(`${hub.address}${path}#${hub.code}`);
}

const row = (page, name) => page.locator(`[data-person="${name}"]`);
const add = async (page, name, role, until) => {
  const form = page.locator("form.add").first();
  await form.getByLabel("Name").fill(name);
  await form.getByLabel("Role").selectOption(role);
  if (until) await form.getByLabel("Until (the last day)").fill(until);
  await page.getByRole("button", { name: "Add", exact: true }).press("Enter");
  await row(page, name).waitFor();
};
const set_pin = async (page, name, pin) => {
  await row(page, name).getByRole("button", { name: `Set a PIN: ${name}` }).press("Enter");
  await row(page, name).getByLabel("New PIN").fill(pin);
  await page.keyboard.press("Enter");
  await row(page, name).getByRole("button", { name: `Change the PIN: ${name}` }).waitFor();
};
const say = async (page, text) => {
  await page.getByLabel("Type a command").fill(text);
  await page.keyboard.press("Enter");
};

const steps = {
  async "nobody is set up, and somebody is in seconds"({ browser, state }) {
    const page = await person(browser);
    await open(page, state);
    await page.getByText("Nobody is set up").waitFor();
    await page.getByText("Everybody: a risky command is done everywhere after “Shall I?”.").waitFor();
    await add(page, "Ada", "owner");
    await add(page, "<b onclick=hacked=1>Bo</b>", "guest", "2999-12-31");
    await add(page, "Cy", "child");
    await page.getByText("Children: a risky command is refused everywhere.").waitFor();
    await set_pin(page, "Ada", "1815");
    assert.deepEqual(await barriers(page), []);
    await screenshot(page, "people-1024-light");
    await inert(page);
    return page;
  },

  async "whoever has no owner's PIN changes nothing"({ browser, state }) {
    const other = await person(browser, { locale: "de-DE", colorScheme: "dark", viewport: { width: 390, height: 844 } });
    await open(other, state);
    const added = other.getByRole("button", { name: "Hinzufügen", exact: true });
    await added.waitFor();
    assert.equal(await added.isDisabled(), true);
    await other.getByLabel("PIN eines Besitzers").fill("0000");
    await other.keyboard.press("Enter");
    await other.getByText("Das ist nicht die PIN").first().waitFor();
    assert.equal(await other.getByLabel("Rolle von Cy").isDisabled(), true);
    assert.equal(await other.getByLabel("Rolle von Cy").inputValue(), "child");
    assert.deepEqual(await barriers(other), []);
    await screenshot(other, "people-locked-390-dark");
    await inert(other);
    return other;
  },

  async "places and rules are chosen, and everybody sees them"({ page, other }) {
    await page.locator(".settings").getByLabel("The hub's microphone").selectOption("child");
    await page.locator("select").and(page.locator(":has(option[value=child]:checked)")).and(page.getByLabel("The hub's microphone")).waitFor();
    await page.locator(".settings").getByLabel("Office").selectOption({ label: "Ada" });
    await page.locator(".settings").getByLabel("This screen").selectOption("adult");
    const form = page.locator("form.add").last();
    await form.getByLabel("Who").selectOption("guest");
    await form.getByLabel("What").selectOption("private");
    await form.getByLabel("Where").selectOption({ label: "Kitchen" });
    await form.getByLabel("From").fill("22:00");
    await form.locator("input").last().fill("06:00");
    await form.getByLabel("Then it").selectOption("refuse");
    await page.getByRole("button", { name: "Add the rule" }).press("Enter");
    const sentence = "Guests: a private answer is refused in this room: Kitchen from 22:00 to 06:00.";
    await page.getByText(sentence).waitFor();
    await other.getByText("Gäste: eine private Antwort wird in diesem Raum: Kitchen von 22:00 bis 06:00 abgelehnt.").waitFor();
    const told = JSON.parse(await loqa("people", "list", "--json"));
    const chosen = told.places.filter((place) => place.speaks_for);
    assert.deepEqual(chosen.map(({ kind, speaks_for }) => [kind, speaks_for]), [
      ["microphone", "child"],
      ["room", String(told.people[0].id)],
      ["screen", "adult"],
    ]);
    assert.deepEqual(await barriers(page), []);
    await page.setViewportSize({ width: 1280, height: 800 });
    await screenshot(page, "people-rules-1280-light");
    await page.getByRole("button", { name: `Remove: ${sentence}` }).press("Enter");
    await page.getByText(sentence).waitFor({ state: "detached" });
  },

  async "a door asks for the PIN, which is typed and never shown"({ page, other, state }) {
    await open(page, state, "");
    await say(page, "unlock the front door");
    await page.getByText("Shall I unlock the front door? What is the PIN?").waitFor();
    // One that was off until now.
    await open(other, state, "");
    await other.getByLabel("PIN", { exact: true }).waitFor();
    assert.equal(await page.getByRole("button", { name: "Yes", exact: true }).count(), 0);
    assert.deepEqual(await barriers(page), []);
    await screenshot(page, "pin-1280-light");
    await page.getByLabel("PIN", { exact: true }).fill("0000");
    await page.keyboard.press("Enter");
    await page.getByText("That is not the PIN. What is the PIN?").waitFor();
    // Any screen of the house may be nearer.
    await other.getByLabel("PIN", { exact: true }).waitFor();
    await screenshot(other, "pin-390-dark");
    await other.getByLabel("PIN", { exact: true }).fill("1815");
    await other.keyboard.press("Enter");
    await page.getByText("The front door is unlocked").or(page.getByText(/unlock(ed|ing) the front door/i)).first().waitFor();
    await page.getByLabel("PIN", { exact: true }).waitFor({ state: "detached" });
    await open(page, state, "sessions");
    await page.getByText("unlock the front door").first().waitFor();
    assert.doesNotMatch(await page.content(), /0000|1815/);
    await inert(page);
  },

  async "who agrees has what they say kept, with their own PIN, and takes it back"({ page, other, state }) {
    await open(page, state, "privacy");
    const ada = page.locator("[data-agrees=Ada]");
    await ada.getByLabel("Ada", { exact: true }).selectOption("persistent");
    await ada.getByText("until I forget it").waitFor();
    await ada.getByLabel("PIN of Ada").fill("0000");
    await page.keyboard.press("Enter");
    await ada.getByText(/this is not the PIN/i).first().waitFor();
    await ada.getByLabel("PIN of Ada").fill("1815");
    assert.deepEqual(await barriers(page), []);
    await screenshot(page, "agree-1280-light");
    await page.keyboard.press("Enter");
    await page.getByText("Agreed on").waitFor();
    assert.equal(await ada.getByLabel("Ada", { exact: true }).inputValue(), "persistent");
    const told = JSON.parse(await loqa("people", "list", "--json"));
    assert.equal(told.people.find(({ name }) => name === "Ada").keeps, "persistent");
    // What is kept, and how, is an owner's to say and to see.
    await open(other, state, "privacy");
    await other.getByRole("radio", { name: "Eine Weile behalten" }).press("Space");
    await other.getByText("braucht die PIN eines Besitzers").first().waitFor();
    await open(other, state, "sessions");
    await other.getByLabel("PIN eines Besitzers").waitFor();
    assert.deepEqual(await barriers(other), []);
    await screenshot(other, "sessions-locked-390-dark");
    await other.getByLabel("PIN eines Besitzers").fill("1815");
    await other.keyboard.press("Enter");
    await other.getByText("Nichts wird behalten.").waitFor();
    await ada.getByLabel("Ada", { exact: true }).selectOption("ephemeral");
    await ada.getByText("nobody can read it again").waitFor();
    await ada.getByLabel("PIN of Ada").fill("1815");
    await ada.getByRole("button", { name: "Change it, and forget what was kept" }).press("Enter");
    await page.getByText("Withdrawn on").waitFor();
  },

  async "an owner takes somebody away, and what spoke for them speaks for the household"({ page, state }) {
    await open(page, state);
    await page.getByLabel("PIN of an owner").fill("1815");
    await page.keyboard.press("Enter");
    await page.locator("fieldset.people:not([disabled])").waitFor();
    await row(page, "Cy").getByRole("button", { name: "Remove: Cy" }).press("Enter");
    await row(page, "Cy").getByRole("button", { name: "Really remove?: Cy" }).press("Enter");
    await row(page, "Cy").waitFor({ state: "detached" });
    await row(page, "Ada").getByRole("button", { name: "Remove: Ada" }).press("Enter");
    await row(page, "Ada").getByRole("button", { name: "Really remove?: Ada" }).press("Enter");
    await page.getByText("nobody else here is an owner with a PIN").waitFor();
    assert.deepEqual(await barriers(page), []);
  },
};

const state = { hub: await start(0) };
await tell(steps, state);
