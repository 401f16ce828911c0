// A machine becomes one of the household in front of the page Nodes, with the program that runs on it.
import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { kill, loqa, start } from "./hub.mjs";
import { listed, machine, node, row, show_code, stage, words_of, words_on } from "./machine.mjs";
import { barriers, inert, person } from "./page.mjs";
import { screenshot, tell } from "./story.mjs";

/** What a person may take to pair a machine, ms. */
const BY_HAND = 30_000;

/** Whether this machine hears what it says to a group, as it must to find a hub by itself. */
async function multicast() {
  const socket = createSocket({ type: "udp4", reuseAddr: true });
  try {
    const heard = new Promise((hear, fail) => socket.once("message", hear).once("error", fail));
    await new Promise((bound) => socket.bind(0, bound));
    socket.addMembership("224.0.0.251");
    socket.send("loqa?", socket.address().port, "224.0.0.251");
    const late = new Promise((_, fail) => setTimeout(fail, 2000, new Error("nothing came")).unref());
    await Promise.race([heard, late]);
    return true;
  } catch (error) {
    console.error(`skipped: a machine finds the hub by itself (no multicast here: ${error.message})`);
    return false;
  } finally {
    socket.close();
  }
}

/** Goes on with the key Tab until somebody can press this. */
async function reach(page, locator) {
  for (let steps = 0; steps < 60; steps += 1) {
    if (await locator.evaluate((it) => it === document.activeElement).catch(() => false)) return;
    await page.keyboard.press("Tab");
  }
  assert.fail(`${locator} is not reached by keyboard`);
}

const steps = {
  async "a person pairs a machine with the digits that the page shows, by keyboard alone"({ browser, hub, state }) {
    const page = await person(browser);
    await page.goto(`${hub.address}nodes#${hub.code}`);
    await page.getByText("None yet.").waitFor();
    assert.deepEqual(await barriers(page), []);
    await screenshot(page, "nodes-none-1024-light");
    state.kitchen = await machine("Kitchen", "kitchen");

    const began = Date.now();
    await reach(page, page.getByRole("button", { name: "Show a code" }));
    const { digits, at } = await show_code(page);
    state.at = at;
    await page.getByText("5 tries left").waitFor();
    assert.match(await page.getByRole("timer").textContent(), /^(2:5\d|3:00) left$/);
    assert.deepEqual(await barriers(page), []);
    await screenshot(page, "nodes-code-1024-light");
    const pairing = node(state.kitchen, "pair", digits, ...at);
    const words = await words_of(pairing);
    await page.getByText("Do both show the same three words?").waitFor();
    assert.deepEqual(await words_on(page), words);
    await page.getByText("Kitchen wants to be a machine of this household.").waitFor();
    assert.deepEqual(await barriers(page), []);
    await screenshot(page, "nodes-words-1024-light");
    await reach(page, page.getByRole("button", { name: "Yes" }));
    await page.keyboard.press("Enter");
    await page.getByText("Kitchen is a machine of this household now.").waitFor();
    assert.equal(await pairing.ended, 0, pairing.said());
    const took = Date.now() - began;
    assert.ok(took < BY_HAND, `${took} ms`);
    await row(page, "Kitchen").getByText("Runs models · Hears and speaks").waitFor();
    await inert(page);
    return page;
  },

  async "who shows the wrong words is turned away, and the machine is told"({ page, hub, browser }) {
    const other = await person(browser, { locale: "de-DE", colorScheme: "dark", viewport: { width: 390, height: 844 } });
    await other.goto(`${hub.address}nodes#${hub.code}`);
    await row(other, "Kitchen").waitFor();
    const { digits, at } = await show_code(page);
    // Another page has not the code, but may end it.
    await stage(other, "elsewhere");
    const hostile = await machine("<b onclick=hacked=1>Hall</b>", "hostile");
    const [first, ...rest] = digits;
    const wrong = `${(Number(first) + 1) % 10}${rest.join("")}`;
    const guess = node(hostile, "pair", wrong, ...at);
    await guess.says(/the code is not the one that is shown/);
    await page.getByText("4 tries left").waitFor();
    const pairing = node(hostile, "pair", digits, ...at);
    await words_of(pairing);
    await stage(page, "compares");
    await stage(other, "compares");
    assert.deepEqual(await words_on(other), await words_on(page));
    assert.deepEqual(await barriers(other), []);
    await inert(other);
    await screenshot(other, "nodes-words-390-dark-de");
    await page.getByRole("button", { name: "No", exact: true }).press("Enter");
    await page.getByText("It was turned away").waitFor();
    await pairing.says(/the person at the hub said that the words do not match/);
    assert.deepEqual((await listed()).map(({ name }) => name), ["Kitchen"]);
    return other;
  },

  async "a machine that shows a code finds the hub by itself"({ page: _, other, state }) {
    state.study = await machine("Study", "study", ["inference"]);
    const pairing = node(state.study, "pair", ...((await multicast()) ? [] : state.at));
    const [digits] = await pairing.says(/\d{4} \d{4}/);
    await other.getByLabel(/8 Ziffern ein, die der Rechner zeigt/).fill("1234");
    await other.keyboard.press("Enter");
    await other.getByText("Ein Code zum Koppeln hat 8 Ziffern").waitFor();
    await other.getByLabel(/8 Ziffern ein, die der Rechner zeigt/).fill(digits);
    await other.keyboard.press("Enter");
    // Which may be over before anybody has seen it: the machine has been looking for this hub.
    const waits = other.getByText("Es wird auf den Rechner gewartet");
    await waits.or(other.locator('[data-stage="compares"]')).first().waitFor();
    await screenshot(other, "nodes-waits-390-dark-de");
    const words = await words_of(pairing);
    await stage(other, "compares");
    assert.deepEqual(await words_on(other), words);
    await other.getByRole("button", { name: "Ja", exact: true }).press("Enter");
    await other.getByText("Study ist jetzt ein Rechner dieses Haushalts.").waitFor();
    assert.equal(await pairing.ended, 0, pairing.said());
    assert.deepEqual(await barriers(other), []);
    await screenshot(other, "nodes-390-dark-de");
  },

  async "a machine that works is seen, and that it is gone"({ page, other, state }) {
    const running = node(state.study, "run");
    await row(page, "Study").getByText("There now.").waitFor();
    await row(other, "Study").getByText(/Antwortet in [\d,]+ ms/).waitFor();
    assert.deepEqual(await barriers(page), []);
    await screenshot(page, "nodes-there-1024-light");
    running.stop();
    await running.ended;
    await row(page, "Study").getByText("Not there now").waitFor();
  },

  async "a puck is made quieter and muted by keyboard, and every page and the command line see it"({ page, other }) {
    const volume = row(page, "Kitchen").getByRole("slider", { name: "Volume of Kitchen" });
    assert.equal(await volume.getAttribute("aria-valuetext"), "100 %");
    await volume.focus();
    for (let step = 0; step < 12; step += 1) await page.keyboard.press("ArrowLeft");
    const louder = row(other, "Kitchen").getByRole("slider", { name: "Lautstärke von Kitchen" });
    await louder.and(other.locator('[aria-valuetext="40 %"]')).waitFor();
    await page.keyboard.press("Tab");
    const muted = row(page, "Kitchen").getByRole("switch", { name: "Microphone of Kitchen off" });
    assert.equal(await muted.evaluate((it) => it === document.activeElement), true);
    await page.keyboard.press("Space");
    await row(other, "Kitchen").getByRole("switch", { name: "Mikrofon von Kitchen aus", checked: true }).waitFor();
    const kitchen = (await listed()).find(({ name }) => name === "Kitchen");
    assert.deepEqual([kitchen.volume, kitchen.muted], [40, true]);
    // What runs models alone has no voice.
    assert.equal(await row(page, "Study").getByRole("slider").count(), 0);
    for (const [shown, name] of [[page, "nodes-muted-1024-light"], [other, "nodes-muted-390-dark-de"]]) {
      assert.deepEqual(await barriers(shown), []);
      await screenshot(shown, name);
    }
    await loqa("node", "mute", "Kitchen", "off");
    await row(page, "Kitchen").getByRole("switch", { checked: false }).waitFor();
  },

  async "a household says whose words a machine may work on, and what that means"({ page, other }) {
    const words = row(page, "Study").getByLabel("Whose words Study may work on");
    await row(page, "Study").getByText("All that is said in the house may go there").waitFor();
    await words.selectOption({ label: "No words" });
    await row(page, "Study").getByText("Nothing that is said goes there.").waitFor();
    await row(other, "Study").getByText("Nichts von dem, was gesagt wird, geht dorthin.").waitFor();
    const study = (await listed()).find(({ name }) => name === "Study");
    assert.equal(study.hears, "nothing");
    assert.deepEqual(await barriers(other), []);
    await screenshot(page, "nodes-hears-1024-light");
    await screenshot(other, "nodes-hears-390-dark-de");
    await loqa("node", "hears", "Study", "everything");
    await row(page, "Study").getByText("All that is said in the house may go there").waitFor();
  },

  async "machines are named, put in rooms and removed, and every page sees it"({ page, other }) {
    const kitchen = row(page, "Kitchen");
    await kitchen.getByLabel("Room of Kitchen").selectOption({ label: "Kitchen" });
    const chosen = page.locator(":has(option[value=kitchen]:checked)");
    await kitchen.locator("select").and(chosen).waitFor();
    await row(other, "Kitchen").locator("select").and(other.locator(":has(option[value=kitchen]:checked)")).waitFor();
    await row(page, "Study").getByLabel("Name of Study").fill("kitchen");
    await page.keyboard.press("Tab");
    await row(page, "Study").getByText("another node is called `kitchen`").waitFor();
    await row(page, "Study").getByLabel("Name of Study").fill("Library");
    await page.keyboard.press("Tab");
    await row(other, "Library").waitFor();
    assert.deepEqual(await barriers(page), []);
    await page.setViewportSize({ width: 1920, height: 1080 });
    await screenshot(page, "nodes-1920-light");
    const remove = row(page, "Library").getByRole("button", { name: "Remove: Library" });
    await remove.press("Enter");
    await page.getByText("Library is let in nowhere any more").waitFor();
    assert.deepEqual(await barriers(page), []);
    await screenshot(page, "nodes-remove-1920-light");
    await row(page, "Library").getByRole("button", { name: "Really remove?: Library" }).press("Enter");
    await row(other, "Library").waitFor({ state: "detached" });
    assert.deepEqual((await listed()).map(({ name, room }) => [name, room]), [["Kitchen", "kitchen"]]);
  },

  async "an owner's PIN is typed before anything changes"({ page, other, hub }) {
    await page.setViewportSize({ width: 1280, height: 800 });
    await page.goto(`${hub.address}people#${hub.code}`);
    const form = page.locator("form.add").first();
    await form.getByLabel("Name").fill("Ada");
    await form.getByLabel("Role").selectOption("owner");
    await form.getByRole("button", { name: "Add", exact: true }).press("Enter");
    await page.getByRole("button", { name: "Set a PIN: Ada" }).press("Enter");
    await page.getByLabel("New PIN").fill("1815");
    await page.keyboard.press("Enter");
    await page.getByRole("button", { name: "Change the PIN: Ada" }).waitFor();
    await other.getByLabel("PIN eines Besitzers").waitFor();
    assert.equal(await other.getByRole("button", { name: "Code zeigen" }).isDisabled(), true);
    assert.deepEqual(await barriers(other), []);
    await screenshot(other, "nodes-locked-390-dark-de");
    await other.getByLabel("PIN eines Besitzers").fill("1815");
    await other.keyboard.press("Enter");
    await other.locator("fieldset.nodes:not([disabled])").waitFor();
    await other.getByRole("button", { name: "Code zeigen" }).press("Enter");
    await stage(other, "shows");
    assert.deepEqual(await barriers(other), []);
    await screenshot(other, "nodes-code-390-dark-de");
    await other.getByRole("button", { name: "Abbrechen" }).press("Enter");
    await stage(other, "closed");
    await inert(other);
  },

  async "a hub that starts again still has its machines"({ page, other, state }) {
    await kill(state.hub);
    state.hub = await start(state.hub.port);
    await page.goto(`${state.hub.address}nodes#${state.hub.code}`);
    await row(page, "Kitchen").getByLabel("Room of Kitchen").and(page.locator(":has(option[value=kitchen]:checked)")).waitFor();
    await row(other, "Kitchen").waitFor();
    await page.getByLabel("PIN of an owner").waitFor();
    await inert(page);
  },
};

const state = { hub: await start(0) };
await tell(steps, state);
