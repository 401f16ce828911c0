// A person looks at the house in a browser and commands it.
import assert from "node:assert/strict";
import { describe_home, kill, loqa, start } from "./hub.mjs";
import { barriers, browser, inert, person } from "./page.mjs";

const PAGES = ["/", "/sessions", "/home", "/skills", "/system"];
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

const tile = (page, id) => page.locator(`[data-id="${id}"]`);
const isOn = (page, id) => tile(page, id).and(page.locator(".on")).waitFor();
const isOff = (page, id) => tile(page, id).and(page.locator(":not(.on)")).waitFor();
const says = (page, text) => page.locator(".stage .reply", { hasText: text }).waitFor();

async function say(page, text) {
  await page.fill(".stage .say input", text);
  await page.keyboard.press("Enter");
}

/** For whoever wants to look: `SCREENSHOTS=folder`. */
async function screenshot(page, name) {
  const folder = process.env.SCREENSHOTS;
  if (folder) await page.screenshot({ path: `${folder}/${name}.png` });
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
    await wall.goto(`${state.hub.address}kiosk#${state.hub.code}`);
    await wall.locator(".clock", { hasText: /^\d+:\d\d$/ }).waitFor();
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

  async "every page is for everybody, in light and dark, on a phone and on a wall"({ browser, state }) {
    for (const [colorScheme, width, height] of [
      ["light", 390, 844],
      ["dark", 1920, 1080],
    ]) {
      const page = await person(browser, { colorScheme, viewport: { width, height } });
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
const state = { hub: await start(0) };
const chromium = await browser();
let page;
let told = "";
try {
  for (const [name, step] of Object.entries(steps)) {
    told = name;
    const began = Date.now();
    const opened = await step({ browser: chromium, hub: state.hub, page, state });
    page ??= opened;
    assert.deepEqual(page.complaints, []);
    console.error(`  ${name} (${Date.now() - began} ms)`);
  }
} catch (error) {
  console.error(`FAILED: ${told}\n${error.stack}`);
  process.exitCode = 1;
} finally {
  await chromium.close();
  await kill(state.hub);
}
