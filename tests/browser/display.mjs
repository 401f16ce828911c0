// A machine with a screen shows the page for the wall, through its own `loqa-node`.
import assert from "node:assert/strict";
import { request } from "node:http";
import { describe_skill, kill, loqa, start } from "./hub.mjs";
import { machine, node, row, show_code, words_of } from "./machine.mjs";
import { barriers, inert, person } from "./page.mjs";
import { screenshot, tell } from "./story.mjs";

const DISPLAY = '[display]\nkind = "wall"\nport = 0\nbrowser = []\n';

/** Pairs a machine, in front of the hub's page. */
async function pair(page, machine) {
  const { digits, at } = await show_code(page);
  const pairing = node(machine, "pair", digits, ...at);
  await words_of(pairing);
  await page.getByRole("button", { name: "Yes" }).press("Enter");
  assert.equal(await pairing.ended, 0, pairing.said());
  return at;
}

/** What is answered at an address to whoever sends these headers. */
const ask = (address, headers) =>
  new Promise((answered, failed) => {
    const asked = request(address, { headers }, (answer) => {
      answer.resume();
      answered(answer.statusCode);
    });
    asked.on("error", failed).end();
  });

const steps = {
  async "a machine with a screen is paired, put into a room and started"({ browser, hub, state }) {
    const page = await person(browser);
    await page.goto(`${hub.address}nodes#${hub.code}`);
    state.screen = await machine("Wall", "wall", ["display"], DISPLAY);
    state.at = await pair(page, state.screen);
    const wall = row(page, "Wall");
    await wall.getByLabel("Room of Wall").selectOption({ label: "Kitchen" });
    await page.locator(":has(option[value=kitchen]:checked)").first().waitFor();
    state.running = node(state.screen, "run", ...state.at);
    [, state.address] = await state.running.says(/The screen is at (http:\S+)\/kiosk/);
    await wall.getByText("There now.").waitFor();
    await wall.getByText("display.wall").waitFor();
    assert.deepEqual(await barriers(page), []);
    await screenshot(page, "display-node-1024-light");
    return page;
  },

  async "its browser shows the house without anybody signing in, and nothing but the page for the wall"({ browser, state }) {
    const wall = await person(browser, { viewport: { width: 1280, height: 800 }, hasTouch: true });
    await wall.goto(`${state.address}/people`);
    await wall.locator(".clock", { hasText: /^\d+:\d\d$/ }).waitFor();
    await wall.getByRole("button", { name: "Touch to see the house" }).tap();
    await wall.locator(".tile").first().waitFor();
    assert.equal(await wall.getByRole("button", { name: "Leave this view" }).count(), 0);
    assert.deepEqual(await barriers(wall), []);
    await inert(wall);
    await screenshot(wall, "display-1280-light");
    return wall;
  },

  async "what is typed there means its own room"({ other: wall }) {
    await wall.getByLabel("Type a command").fill("turn on the lights");
    await wall.keyboard.press("Enter");
    await wall.locator('[data-id="kitchen_lights"].on').waitFor();
    assert.equal(await wall.locator('[data-id="desk_lamp"].on').count(), 0);
  },

  async "a card of a skill reaches it, and a timer"({ other: wall }) {
    await loqa("ask", "show me the tea", "set a pizza timer for ten minutes");
    await wall.locator(".shown[data-skill=tea]").getByText("three minutes").waitFor();
    await wall.locator(".timer", { hasText: "Pizza" }).waitFor();
    await screenshot(wall, "display-card-1280-light");
    const dark = { colorScheme: "dark", viewport: { width: 390, height: 844 }, locale: "de-DE" };
    const phone = await person(wall.context().browser(), dark);
    await phone.goto(new URL("/", wall.url()).href);
    await phone.locator(".shown[data-skill=tea]").waitFor();
    assert.deepEqual(await barriers(phone), []);
    await screenshot(phone, "display-390-dark-de");
    await phone.context().close();
  },

  async "whoever gets at that machine learns and changes no more than it shows"({ state }) {
    const own = { host: new URL(state.address).host };
    const status = (path, headers) => ask(`${state.address}${path}`, { ...own, ...headers });
    assert.equal(await status("/api/v1/hello"), 200);
    for (const path of ["/api/v1/home", "/api/v1/people", "/api/v1/settings", "/api/v1/login", "/household.crt"]) {
      assert.equal(await status(path), 404, path);
    }
    assert.equal(await status("/", { host: "evil.example" }), 403);
    assert.equal(await status("/", { host: "evil.example:7381" }), 403);
    assert.equal(await status("/api/v1/hello", { origin: "https://evil.example" }), 403);
    const upgrade = {
      connection: "Upgrade",
      upgrade: "websocket",
      "sec-websocket-version": "13",
      "sec-websocket-key": "AAAAAAAAAAAAAAAAAAAAAA==",
    };
    assert.equal(await status("/api/v1/events", { ...upgrade, origin: "http://127.0.0.1:1" }), 403);
  },

  async "a hub that is away is waited for"({ browser, state, other: wall }) {
    await kill(state.hub);
    const late = await person(browser);
    await late.goto(`${state.address}/kiosk`);
    await late.getByText("Loqa's hub is away.").waitFor();
    await screenshot(late, "display-away-1024-light");
    state.hub = await start(state.hub.port);
    await late.locator(".clock").waitFor();
    await late.context().close();
    await wall.locator(".timer", { hasText: "Pizza" }).waitFor();
    await loqa("ask", "cancel the pizza timer");
    await wall.locator(".timer").waitFor({ state: "detached" });
  },

  async "a machine that was paired for something else shows nothing, and says why"({ browser, page, state }) {
    await page.goto(`${state.hub.address}nodes#${state.hub.code}`);
    const lamp = await machine("Lamp", "lamp", ["inference"]);
    await pair(page, lamp);
    const swapped = node(await machine("Lamp", "lamp", ["display"], DISPLAY), "run", ...state.at);
    const [, address] = await swapped.says(/The screen is at (\S+)/);
    await swapped.says(/Linked to/);
    const screen = await person(browser);
    await screen.goto(address);
    await screen.getByText("This machine was not paired as a display: pair it again.").waitFor();
    await screen.context().close();
    swapped.stop();
    await swapped.ended;
  },

  async "a screen that was removed shows nothing any more"({ state, page, other: wall }) {
    const remove = row(page, "Wall").getByRole("button", { name: "Remove: Wall" });
    await remove.press("Enter");
    await row(page, "Wall").getByRole("button", { name: "Really remove?: Wall" }).press("Enter");
    await row(page, "Wall").waitFor({ state: "detached" });
    await state.running.says(/The link has ended/);
    await wall.goto(`${state.address}/api/v1/hello`);
    await wall.getByText("Loqa's hub is away.").waitFor();
    state.running.stop();
    await state.running.ended;
  },
};

await describe_skill("tea", [
  "name: tea",
  "intents:",
  "  show:",
  "    sentences: [show me the tea]",
  "    reply: Here it is.",
  "    card:",
  "      title: Tea",
  "      lines: [{ name: Steep, text: three minutes }]",
]);
const state = { hub: await start(0) };
await tell(steps, state, { afterwards: () => state.running?.stop() });
