// A household keeps what is said for a while, finds it again, forgets it, and presses the red button.
import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import { kill, loqa, start } from "./hub.mjs";
import { barriers, inert, person } from "./page.mjs";
import { screenshot, tell } from "./story.mjs";

const ROOM = "Kitchen";
const SAID = "turn on the kitchen lights";

async function open(page, { hub }, path) {
  await page.goto("about:blank");
  await page.goto(`${hub.address}${path}#${hub.code}`);
}

async function program({ hub, token }, path, options = {}) {
  const headers = { Authorization: `Bearer ${token}`, "Content-Type": "application/json" };
  const answer = await fetch(`${hub.address}api/v1/${path}`, { headers, ...options });
  const text = await answer.text();
  return { status: answer.status, body: text && JSON.parse(text) };
}

const kept = (page) => page.getByRole("region", { name: "Kept conversations" });
const title = (page) => kept(page).getByRole("button", { name: SAID });

const steps = {
  async "as it comes nothing is kept"({ browser, state }) {
    const page = await person(browser);
    await open(page, state, "sessions");
    await kept(page).getByText("Nothing is kept.").waitFor();
    await kept(page).getByRole("link", { name: "Choose on the page Privacy what is." }).press("Enter");
    await page.getByText("loqa.toml decides, and says now that nothing is kept.").waitFor();
    assert.ok(await page.getByRole("radio", { name: "As the settings say" }).isChecked());
    assert.match(await loqa("privacy"), /In the whole house nothing of what is said is kept, as the settings say\./);
    return page;
  },

  async "what is kept is chosen with the keyboard, and every page sees it"({ browser, page, state }) {
    const other = await person(browser, { locale: "de-DE", colorScheme: "dark", viewport: { width: 390, height: 844 } });
    await open(other, state, "privacy");
    await other.getByRole("heading", { name: "Was behalten wird" }).waitFor();
    await page.getByRole("radio", { name: "As the settings say" }).focus();
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("ArrowDown");
    // Between the two, the hub's answer to the first may still be shown.
    await page.getByRole("radio", { name: "Keep for a while", checked: true }).waitFor();
    await page.getByText("erased 24 hours after its last word").first().waitFor();
    await page.getByLabel("Hours until a conversation is erased").fill("48");
    await page.keyboard.press("Tab");
    await page.getByText("erased 48 hours after its last word").first().waitFor();
    await page.getByLabel(ROOM, { exact: true }).selectOption("ephemeral");
    await page.getByRole("checkbox", { name: "Numbers" }).press("Space");
    // What is said through the other page is kept as that page has chosen.
    await other.getByLabel("Was über diese Seite gesagt wird").selectOption("ephemeral");
    await other.locator('#keep-own option[value="ephemeral"]:checked').waitFor({ state: "attached" });
    assert.equal(await page.locator("#keep-own").inputValue(), "default");
    await other.getByText("48 Stunden nach dem letzten Wort").first().waitFor();
    await other.getByRole("checkbox", { name: "Zahlen", checked: true }).waitFor();
    await page.locator('select:has(option[value="ephemeral"]:checked)').first().waitFor();
    const told = await loqa("privacy");
    assert.match(told, /In the whole house what is said is kept for 48 hours, sealed\./);
    assert.match(told, /In the room kitchen nothing of what is said is kept\./);
    assert.match(told, /Not readable in what is kept: numbers\./);
    assert.deepEqual(await barriers(page), []);
    assert.deepEqual(await barriers(other), []);
    await screenshot(page, "keeping-1024-light");
    await screenshot(other, "keeping-390-dark-de");
    await inert(other);
    await page.setViewportSize({ width: 1280, height: 800 });
    await page.emulateMedia({ colorScheme: "dark", reducedMotion: "reduce" });
    assert.deepEqual(await barriers(page), []);
    await screenshot(page, "keeping-1280-dark");
    // What no page offers is refused in words.
    const wrong = [{ rooms: { attic: "session" } }, { hours: 0 }, { household: "persistent" }, {}];
    for (const keep of wrong) {
      const { status } = await program(state, "privacy", { method: "PATCH", body: JSON.stringify({ keep }) });
      assert.equal(status, 422, JSON.stringify(keep));
    }
    const { body } = await program(state, "privacy", { method: "PATCH", body: '{"keep":{"redact":[],"rooms":{"kitchen":"default"}}}' });
    assert.deepEqual(body.keeping, { household: "session", rooms: {}, hours: 48, redact: [], otherwise: "ephemeral" });
    await page.getByRole("checkbox", { name: "Numbers", checked: false }).waitFor();
    return other;
  },

  async "what was said is found after a reload and after the hub has started again"({ page, state }) {
    await open(page, state, "");
    await page.getByPlaceholder("Type a command").fill(SAID);
    await page.keyboard.press("Enter");
    await page.getByRole("link", { name: "Sessions" }).click();
    await title(page).waitFor();
    await page.reload();
    await title(page).waitFor();
    await kill(state.hub);
    state.hub = await start(state.hub.port);
    await open(page, state, "sessions");
    await title(page).press("Enter");
    await kept(page).getByText("home.turn_on").waitFor();
    const { body: list } = await program(state, "conversations?most=5");
    assert.deepEqual(list.found, []);
    assert.deepEqual(list.conversations.map((it) => [it.title, it.turns, it.scope]), [[SAID, 1, "session"]]);
    state.conversation = list.conversations[0].id;
    const { body: whole } = await program(state, `conversations/${state.conversation}`);
    assert.equal(whole.damaged, 0);
    assert.ok(whole.events.some((it) => it.subject === "turn.summary" && it.text === SAID));
    assert.equal((await fetch(`${state.hub.address}api/v1/conversations`)).status, 401);
    await kept(page).getByRole("button", { name: "Replay" }).press("Enter");
    await page.locator(".replay").getByText(SAID).waitFor();
    const [download] = await Promise.all([
      page.waitForEvent("download"),
      kept(page).getByRole("button", { name: "Export as JSON" }).press("Enter"),
    ]);
    assert.equal(download.suggestedFilename(), `loqa-${state.conversation}.json`);
    const exported = JSON.parse(await readFile(await download.path(), "utf8"));
    assert.deepEqual(exported.events.map((it) => it.seq), whole.events.map((it) => it.seq));
    assert.deepEqual(await barriers(page), []);
    await screenshot(page, "kept-1280-dark");
    await inert(page);
  },

  async "words are looked for, and what is forgotten is gone"({ page, other, state }) {
    await open(other, state, "sessions");
    await other.getByRole("button", { name: SAID }).last().click();
    await other.getByRole("button", { name: "Als JSON sichern" }).waitFor();
    assert.deepEqual(await barriers(other), []);
    await screenshot(other, "kept-390-dark-de");
    await inert(other);
    await page.emulateMedia({ colorScheme: "light", reducedMotion: "reduce" });
    await page.setViewportSize({ width: 1024, height: 800 });
    const search = kept(page).getByRole("searchbox");
    await search.fill("elephant");
    await search.press("Enter");
    await kept(page).getByText("Nothing that is kept has these words.").waitFor();
    await search.fill("kitch");
    await search.press("Enter");
    await title(page).waitFor();
    assert.deepEqual(await barriers(page), []);
    await screenshot(page, "kept-found-1024-light");
    const forget = kept(page).getByRole("button", { name: "Forget" });
    await forget.press("Enter");
    const sure = kept(page).getByRole("button", { name: "Really forget, for good?" });
    await title(page).waitFor();
    await sure.press("Enter");
    await title(page).waitFor({ state: "detached" });
    await page.reload();
    await kept(page).getByText("Nothing is kept.").waitFor();
    const { status } = await program(state, `conversations/${state.conversation}`);
    assert.equal(status, 404);
    assert.match(await loqa("session", "list"), /nothing is kept/);
  },

  async "the red button wants its word, and then nothing is left"({ page, state }) {
    await page.getByRole("link", { name: "Privacy", exact: true }).click();
    const button = page.getByRole("button", { name: "Destroy everything" });
    await page.getByLabel("Type the word wipe").fill("wip");
    assert.ok(await button.isDisabled());
    await page.keyboard.type("e");
    await screenshot(page, "wipe-1024-light");
    const ended = new Promise((end) => state.hub.child.on("exit", end));
    await button.press("Enter");
    await page.getByText("All keys are destroyed: nothing that Loqa kept can be read any more.").waitFor();
    await ended;
    state.ended = true;
    assert.deepEqual(await barriers(page), []);
    await screenshot(page, "wiped-1024-light");
    const left = await readdir(process.env.LOQA_DATA);
    assert.deepEqual(left.filter((name) => !["loqa.lock", "models"].includes(name)), []);
  },
};

process.env.DBUS_SESSION_BUS_ADDRESS = "unix:path=/nowhere";
const state = { hub: await start(0) };
state.token = JSON.parse(await loqa("dashboard", "token", "--json")).token;
await tell(steps, state);
