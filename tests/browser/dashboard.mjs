// A person looks at the house in a browser and commands it.
import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { describe_home, describe_skill, kill, loqa, pack_skill, start } from "./hub.mjs";
import { barriers, inert, person } from "./page.mjs";
import { screenshot, tell } from "./story.mjs";

const PAGES = ["/", "/sessions", "/home", "/skills", "/models", "/people", "/privacy", "/nodes", "/system"];
const HOSTILE = [
  `<img src=x onerror="window.hacked=1">`,
  "\u202e\u2066evil\u0000\ud83d\ude08\ufdfa",
  "a".repeat(100_000),
];

const NAMES = [
  `<b onclick=hacked()>attic</b> lamp`,
  `<img src=x onerror=hacked()> lamp`,
  "\u202e\u2066evil lamp",
  `${"long".repeat(100)} lamp`,
];

const text = JSON.stringify;
const tile = (page, id) => page.locator(`[data-id="${id}"]`);
const isOn = (page, id) => tile(page, id).and(page.locator(".on")).waitFor();
const isOff = (page, id) => tile(page, id).and(page.locator(":not(.on)")).waitFor();
const says = (page, text) => page.locator(".stage .reply", { hasText: text }).waitFor();

async function say(page, text) {
  await page.fill(".stage .say input", text);
  await page.keyboard.press("Enter");
}

const steps = {
  async "who has no code sees nothing, and a wrong one is told"({ browser, hub }) {
    const page = await person(browser);
    await page.goto(`${hub.address}home`);
    await page.fill("#code", "AAAA-AAAA");
    await page.keyboard.press("Enter");
    await page.locator(".wrong", { hasText: "not the code" }).waitFor();
    assert.equal(await page.locator(".tile").count(), 0);
    assert.deepEqual(await barriers(page), []);
    await page.fill("#code", hub.code.toLowerCase().replace("-", " "));
    await page.keyboard.press("Enter");
    await page.locator(".device").first().waitFor();
    await page.click('nav a[href="/"]');
    // A refused code is an answer like others to us, and an error to the browser.
    page.complaints = page.complaints.filter((text) => !text.includes("401"));
    return page;
  },

  async "a typed command is answered, the card changes, and it is taken back"({ page }) {
    await isOff(page, "kitchen_lights");
    await say(page, "turn on the kitchen light");
    await says(page, "kitchen lights are on");
    await isOn(page, "kitchen_lights");
    await page.getByRole("button", { name: "Why?" }).click();
    await says(page, "you said");
    await say(page, "undo that");
    await isOff(page, "kitchen_lights");
  },

  async "a touch says the sentence, on every screen at once"({ page, browser, hub }) {
    const other = await person(browser, { locale: "de-DE" });
    await other.goto(hub.link);
    await isOff(other, "desk_lamp");
    assert.equal(new URL(other.url()).hash, "", "the code does not stay in the address");
    await tile(page, "desk_lamp").getByRole("button", { name: "Desk lamp Off" }).click();
    await isOn(page, "desk_lamp");
    await isOn(other, "desk_lamp");
    await other.getByRole("button", { name: "Senden" }).waitFor();
    await page.getByRole("button", { name: "Undo" }).click();
    await isOff(other, "desk_lamp");
    return other;
  },

  async "the first steps are taken once in a household"({ page, other }) {
    await page.locator(".welcome").getByText("English").waitFor();
    await other.locator(".welcome").waitFor();
    await page.fill("#household-name", "The Byrons");
    await page.locator(".welcome").getByRole("button", { name: "Save" }).click();
    await page.locator(".brand", { hasText: "The Byrons" }).waitFor();
    for (let step = 2; step <= 5; step++) {
      await page.getByRole("button", { name: "Next" }).click();
      await page.getByText(`Step ${step} of 5`).waitFor();
      assert.deepEqual(await barriers(page), [], `step ${step}`);
      await screenshot(page, `welcome-${step}`);
    }
    await page.locator(".welcome").getByRole("button", { name: "Done" }).click();
    for (const screen of [page, other]) await screen.locator(".welcome").waitFor({ state: "detached" });
  },

  async "a new name is seen on every screen, and can be said"({ page, other }) {
    await page.click('nav a[href="/home"]');
    await page.getByRole("button", { name: "Edit: Floor lamp" }).focus();
    await page.keyboard.press("Enter");
    assert.deepEqual(await barriers(page), []);
    await screenshot(page, "edit-1024-light");
    await page.fill("#field-name", "reading lamp");
    await page.fill("#field-aliases", "book light, tall one");
    await page.keyboard.press("Enter");
    await page.locator("dialog").waitFor({ state: "detached" });
    await tile(other, "floor_lamp").getByText("Reading lamp").waitFor();
    const about = page.locator(".device").filter({ has: tile(page, "floor_lamp") });
    await about.getByText("How would I say it?").click();
    await about.getByText("turn on the reading lamp").waitFor();
    await say(other, "turn on the book light");
    await isOn(other, "floor_lamp");
    await isOn(page, "floor_lamp");
    await say(other, "undo that");
    await isOff(page, "floor_lamp");
  },

  async "what a field cannot hold is told at that field"({ page }) {
    await page.getByRole("button", { name: "Add a device" }).click();
    await page.fill("#field-name", "printer");
    await page.selectOption("#field-area", { label: "office" });
    await page.getByRole("button", { name: "Save" }).click();
    await page.locator("#field-name-wrong", { hasText: "a second device" }).waitFor();
    assert.deepEqual(await barriers(page), []);
    await page.fill("#field-name", "moon");
    await page.getByRole("button", { name: "Save" }).click();
    await tile(page, "moon").waitFor();
    await page.getByRole("button", { name: "Edit: Moon" }).click();
    await page.getByRole("button", { name: "Remove" }).click();
    await page.getByRole("button", { name: "Really remove?" }).click();
    await tile(page, "moon").waitFor({ state: "detached" });
  },

  async "of two who edit the same, the second is told and sees what the first did"({ page, other }) {
    await other.click('nav a[href="/home"]');
    await page.getByRole("button", { name: "Edit: Reading lamp" }).click();
    await other.getByRole("button", { name: "Bearbeiten: Reading lamp" }).click();
    await page.fill("#field-name", "sun");
    await other.fill("#field-name", "star");
    await page.keyboard.press("Enter");
    await tile(other, "floor_lamp").getByText("Sun").waitFor();
    await other.keyboard.press("Enter");
    await other.locator("dialog").getByText("inzwischen geändert").waitFor();
    assert.equal(await other.inputValue("#field-name"), "sun");
    await screenshot(other, "edit-conflict-de");
    await other.keyboard.press("Escape");
    await other.locator("dialog").waitFor({ state: "detached" });
    await tile(page, "floor_lamp").getByText("Sun").waitFor();
    for (const screen of [page, other]) await screen.click('nav a[href="/"]');
  },

  async "a door asks first"({ page }) {
    await tile(page, "front_door").getByRole("button").click();
    await page.getByRole("button", { name: "Yes", exact: true }).waitFor();
    await tile(page, "front_door").getByText("Locked").waitFor();
    await page.getByRole("button", { name: "Yes", exact: true }).click();
    await tile(page, "front_door").getByText("Unlocked").waitFor();
    await say(page, "lock the front door");
    await tile(page, "front_door").getByText("Locked").waitFor();
  },

  async "a timer counts down, and lists fill"({ page }) {
    await loqa("ask", "set a pasta timer for ten minutes", "add milk to the shopping list");
    await page.locator(".timer", { hasText: "Pasta" }).getByText(/^9:5\d$/).waitFor();
    await page.locator(".list li", { hasText: "milk" }).waitFor();
    await page.locator(".timer").getByRole("button", { name: "Cancel" }).click();
    await page.locator(".timer").waitFor({ state: "detached" });
  },

  async "a tab that closes in the middle of a reply loses nothing of it"({ browser, page, state }) {
    const leaving = await person(browser);
    await leaving.goto(state.hub.link);
    await leaving.locator(".orb").waitFor();
    const command = `${process.env.LOQA_DATA}/command.wav`;
    await loqa("say", "turn on the desk lamp and set a pizza timer for ten minutes", "--out", command);
    const answered = loqa("ask", "--wav", command);
    await leaving.locator('.orb[data-mood="speaking"]').waitFor();
    await leaving.context().close();
    await isOn(page, "desk_lamp");
    await answered;
    await page.locator('.orb:not([data-mood="speaking"])').waitFor();
    const next = await person(browser);
    await next.goto(state.hub.link);
    await isOn(next, "desk_lamp");
    await next.locator(".timer", { hasText: "Pizza" }).waitFor();
    // Where its time went, with the words as they came, and with what heard and spoke it.
    await next.click('nav a[href="/sessions"]');
    await next.locator(".turns button", { hasText: "pizza timer" }).click();
    await next.locator(".partials th", { hasText: "turn on the desk lamp" }).first().waitFor();
    for (const model of ["stt.pocketsphinx", "tts.flite"]) {
      await next.locator(".waterfall small", { hasText: model }).waitFor();
    }
    assert.deepEqual(await barriers(next), []);
    await screenshot(next, "sessions-spoken-1024-light");
    await next.context().close();
    await loqa("ask", "turn off the desk lamp", "cancel the pizza timer");
    await isOff(page, "desk_lamp");
    await page.locator(".timer").waitFor({ state: "detached" });
  },

  async "what a skill shows is on every screen, and its buttons say their sentences"({ page, other, browser, hub }) {
    await loqa("ask", "show me the tea");
    const later = await person(browser, { viewport: { width: 390, height: 844 } });
    await later.goto(hub.link);
    for (const screen of [page, other, later]) {
      const card = screen.locator(".shown[data-skill=tea]");
      await card.getByText("Steep", { exact: true }).waitFor();
      await card.getByText(HOSTILE[0]).waitFor();
      await inert(screen);
    }
    assert.deepEqual(await barriers(later), []);
    await screenshot(later, "card-390-light");
    await later.context().close();
    await page.locator(".shown").getByRole("button", { name: "turn on the desk lamp" }).press("Enter");
    await isOn(other, "desk_lamp");
    await say(page, "undo that");
    await isOff(other, "desk_lamp");
  },

  async "what somebody says stays text"({ page }) {
    for (const text of HOSTILE) await loqa("ask", text).catch(() => {});
    await loqa("ask", "add <b>cheese</b> to the shopping list").catch(() => {});
    await page.click('nav a[href="/sessions"]');
    await page.locator(".turns li").nth(5).waitFor();
    await inert(page);
  },

  async "a sentence is tried without anything being done"({ page }) {
    await page.click('nav a[href="/skills"]');
    await page.fill(".try input", "turn on the desk lamp");
    await page.keyboard.press("Enter");
    await page.locator(".try dd", { hasText: "home.turn_on" }).waitFor();
    await page.goBack();
    await page.locator(".turns").waitFor();
    await page.click('nav a[href="/"]');
    await isOff(page, "desk_lamp");
  },

  async "a skill comes from a file, is used, is switched off and goes"({ page, other }) {
    const brew = (version, permissions, minutes) => [
      "name: brew",
      "description: How long mint steeps.",
      `version: ${text(version)}`,
      `permissions: [${permissions}]`,
      "settings:",
      "  minutes: { title: How long, type: number, default: 3, from: 1, to: 20 }",
      "  kind: { title: Which mint, type: choice, choices: [fresh, dried], default: fresh }",
      "intents:",
      "  steep:",
      "    sentences: [how long does mint steep]",
      `    reply: ${minutes} minutes.`,
      "    examples: [how long does mint steep]",
    ];
    const first = await pack_skill("brew", brew("1.0.0", "timer", "Three"));
    const second = await pack_skill("brew-again", brew("1.1.0", "timer, list", "Four"));
    const broken = `${first}.txt`;
    await writeFile(broken, "name: brew");
    await page.click('nav a[href="/skills"]');
    const sheet = page.locator("dialog[open]");
    const choose = (file) => page.setInputFiles("#skill-file", file);
    const shows = async (sentence, reply) => {
      await page.click('nav a[href="/"]');
      await say(page, sentence);
      await says(page, reply);
      await page.click('nav a[href="/skills"]');
    };

    // What is no skill is said plainly, and nobody is asked to agree.
    await choose(broken);
    await sheet.getByText("no package of a skill").waitFor();
    assert.equal(await sheet.getByRole("button", { name: "Install" }).count(), 0);
    assert.deepEqual(await barriers(page), []);
    await screenshot(page, "install-refused");
    await page.keyboard.press("Escape");
    await sheet.waitFor({ state: "detached" });

    // Looked at and not wanted: nothing has happened.
    await choose(first);
    await sheet.locator(".wants", { hasText: "start, change and stop timers" }).waitFor();
    await screenshot(page, "install");
    await page.keyboard.press("Escape");
    await sheet.waitFor({ state: "detached" });
    await page.locator(":focus", { hasText: "Install from a file" }).waitFor();
    assert.equal(await page.locator('[data-skill="brew"]').count(), 0);

    const row = page.locator('[data-skill="brew"]');
    await choose(first);
    await sheet.getByRole("button", { name: "Install" }).press("Enter");
    await page.getByText("Brew 1.0.0 is installed.").waitFor();
    await row.waitFor();
    await shows("how long does mint steep", "Three minutes.");

    // What a later version wants beyond the one before stands apart.
    await choose(second);
    await sheet.locator(".wants", { hasText: "household's lists" }).waitFor();
    assert.doesNotMatch(await sheet.locator(".wants").innerText(), /timers/);
    assert.deepEqual(await barriers(page), []);
    await screenshot(page, "install-again");
    await sheet.getByRole("button", { name: "Install" }).click();
    await row.locator("summary", { hasText: "1.1.0" }).waitFor();
    await row.locator("summary").first().press("Enter");
    await row.getByRole("button", { name: "Back to version 1.0.0" }).press("Enter");
    await row.locator("summary", { hasText: "1.0.0" }).waitFor();
    await shows("how long does mint steep", "Three minutes.");

    // What can be set is set, or refused, with the keyboard alone.
    await row.locator("summary").first().press("Enter");
    const minutes = row.getByLabel("How long");
    await minutes.fill("40");
    await minutes.press("Tab");
    await row.getByText("1 to 20").waitFor();
    await minutes.fill("4");
    await minutes.press("Tab");
    const reset = row.getByRole("button", { name: "As it comes: How long" });
    await reset.waitFor();
    await row.getByLabel("Which mint").selectOption("dried");
    await row.getByRole("button", { name: "As it comes: Which mint" }).waitFor();
    assert.deepEqual(await barriers(page), []);
    await screenshot(page, "skill-settings");
    await reset.press("Enter");
    await reset.waitFor({ state: "detached" });
    assert.equal(await minutes.inputValue(), "3");

    await row.getByRole("switch").press("Space");
    await row.locator("summary", { hasText: "Switched off" }).waitFor();
    await row.getByRole("switch", { checked: false }).and(page.locator(":focus")).waitFor();
    assert.deepEqual(await barriers(page), []);
    await screenshot(page, "skill-off");
    // German, on a phone, in the dark: on every screen at once.
    await other.setViewportSize({ width: 390, height: 844 });
    await other.emulateMedia({ colorScheme: "dark" });
    await other.click('nav a[href="/skills"]');
    await other.locator('[data-skill="brew"] > summary', { hasText: "Ausgeschaltet" }).click();
    await other.locator('[data-skill="brew"]').getByText("Sie kann Timer stellen").waitFor();
    assert.deepEqual(await barriers(other), []);
    await inert(other);
    await other.getByRole("button", { name: "Entfernen" }).scrollIntoViewIfNeeded();
    await screenshot(other, "skill-off-390-dark");

    // What code takes is seen by whoever looks, while somebody speaks elsewhere.
    await other.locator(".calls > summary").press("Enter");
    await page.click('nav a[href="/"]');
    await say(page, "what time is it");
    await other.locator(".calls li", { hasText: "bereitet vor" }).first().getByText("ms").waitFor();
    await other.locator(".calls li").last().scrollIntoViewIfNeeded();
    assert.deepEqual(await barriers(other), []);
    await screenshot(other, "calls-390-dark");
    await page.click('nav a[href="/skills"]');
    await other.click('nav a[href="/"]');
    await other.emulateMedia({ colorScheme: null });
    await other.setViewportSize({ width: 1024, height: 800 });

    await shows("how long does mint steep", "I didn't get that.");
    await row.locator("summary").first().press("Enter");
    await row.getByRole("button", { name: "Remove" }).press("Enter");
    await row.getByText("timers run on").waitFor();
    await row.getByRole("button", { name: "Really remove?" }).press("Enter");
    await row.waitFor({ state: "detached" });
    await page.locator(".audit > summary").press("Enter");
    await page.locator(".audit li").first().getByText("Remove").waitFor();
    assert.equal(await page.locator(".audit li.refused").count(), 1);
    await page.locator(".audit li").last().scrollIntoViewIfNeeded();
    assert.deepEqual(await barriers(page), []);
    await screenshot(page, "audit");
    await page.click('nav a[href="/"]');
  },

  async "a hub that dies and comes back is found again"({ page, state }) {
    await say(page, "turn on the desk lamp");
    await isOn(page, "desk_lamp");
    await kill(state.hub);
    await page.locator(".offline").waitFor();
    // A tablet that starts meanwhile shows the page and waits.
    const late = await page.context().newPage();
    await late.goto(`${state.hub.address}kiosk`);
    await late.locator(".waiting").waitFor();
    state.hub = await start(state.hub.port);
    await page.locator(".offline").waitFor({ state: "detached" });
    await late.locator(".clock").waitFor();
    await late.close();
    await isOn(page, "desk_lamp");
    await say(page, "turn off the desk lamp");
    await isOff(page, "desk_lamp");
  },

  async "a tablet on the wall shows the time, and the house at a touch"({ browser, state }) {
    const wall = await person(browser, { viewport: { width: 1280, height: 800 }, hasTouch: true });
    await wall.clock.install();
    await wall.goto(`${state.hub.address}kiosk#${state.hub.code}`);
    await wall.locator(".clock", { hasText: /^\d+:\d\d$/ }).waitFor();
    // Dark while nobody is there, and awake when somebody speaks. The answer to whoever spoke last
    // may end only now.
    const dim = wall.locator(".kiosk.dim");
    for (let waits = 0; waits < 5 && !(await dim.isVisible()); waits++) {
      await wall.clock.fastForward("02:30");
      await dim.waitFor({ timeout: 4000 }).catch(() => {});
    }
    await dim.waitFor();
    await loqa("ask", "what time is it");
    await wall.locator(".kiosk:not(.dim)").waitFor();
    assert.equal(await wall.locator(".tile").count(), 0);
    assert.deepEqual(await barriers(wall), []);
    await screenshot(wall, "kiosk-1280-light");
    await wall.tap(".kiosk");
    await tile(wall, "desk_lamp").getByRole("button").first().tap();
    await isOn(wall, "desk_lamp");
    assert.deepEqual(await barriers(wall), []);
    await screenshot(wall, "kiosk-open-1280-light");
    await wall.context().close();
  },

  async "a tablet with a PIN is left with the PIN alone"({ browser, page, state }) {
    await page.click('nav a[href="/system"]');
    await page.fill("#kiosk-pin", "1815");
    await page.keyboard.press("Enter");
    await page.locator("#kiosk-pin[placeholder=Set]").waitFor();
    await page.click('nav a[href="/"]');
    const wall = await person(browser, { viewport: { width: 1280, height: 800 }, hasTouch: true });
    await wall.goto(`${state.hub.address}kiosk#${state.hub.code}`);
    await wall.tap(".kiosk");
    // Another address is no way out.
    await wall.goto(`${state.hub.address}system`);
    await wall.tap(".kiosk");
    await wall.getByRole("button", { name: "Leave this view" }).tap();
    await wall.fill("#pin", "1816");
    await wall.keyboard.press("Enter");
    await wall.getByText("This is not the PIN").waitFor();
    assert.deepEqual(await barriers(wall), []);
    await screenshot(wall, "kiosk-pin");
    await wall.fill("#pin", "1815");
    await wall.keyboard.press("Enter");
    await wall.locator(".health").waitFor();
    await wall.context().close();
  },

  async "every page is for everybody, in light and dark, on a phone and on a wall"({ browser, state }) {
    for (const [colorScheme, width, height, locale] of [
      ["light", 390, 844, "en-GB"],
      ["dark", 390, 844, "de-DE"],
      ["light", 768, 1024, "de-DE"],
      ["light", 1024, 768, "de-DE"],
      ["dark", 1920, 1080, "en-GB"],
    ]) {
      const page = await person(browser, { colorScheme, locale, viewport: { width, height } });
      await page.goto(state.hub.link);
      await page.locator(".tile").first().waitFor();
      for (const path of PAGES) {
        await page.click(`nav a[href="${path}"]`);
        await page.locator(`nav a[href="${path}"][aria-current=page]`).waitFor();
        assert.deepEqual(await barriers(page), [], `${path} ${colorScheme}`);
        await inert(page);
        await screenshot(page, `${path.slice(1) || "now"}-${width}-${colorScheme}`);
      }
      assert.deepEqual(page.complaints, []);
      await page.context().close();
    }
  },
};

await describe_home(NAMES);
await describe_skill("tea", [
  "name: tea",
  "intents:",
  "  show:",
  "    sentences: [show me the tea]",
  "    reply: Here it is.",
  "    card:",
  `      title: ${JSON.stringify(NAMES[1])}`,
  `      lines: [{ name: Steep, text: three minutes }, ${JSON.stringify(HOSTILE[0])}, ${"w".repeat(200)}]`,
  "      say: [turn on the desk lamp]",
]);
const state = { hub: await start(0) };
await tell(steps, state);
