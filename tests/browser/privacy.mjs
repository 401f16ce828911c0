// A household looks at what leaves its house, seals it, and opens it again.
import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdir, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { join } from "node:path";
import { describe_skill, kill, loqa, pack_skill, start } from "./hub.mjs";
import { barriers, inert, person } from "./page.mjs";
import { screenshot, tell } from "./story.mjs";

/** Somewhere that is asked, and counts how often. */
async function place(answer) {
  const place = { asked: 0 };
  place.server = createServer((question, response) => {
    place.asked += 1;
    response.on("error", () => {});
    answer(question, response);
  }).listen(0, "127.0.0.1");
  await once(place.server, "listening");
  place.host = `127.0.0.1:${place.server.address().port}`;
  return place;
}

const row = (page, name) => page.locator("li.place", { hasText: name });
const seal = (page, name = "Seal the house") => page.getByRole("switch", { name });

async function open(page, { hub }) {
  await page.goto("about:blank");
  await page.goto(`${hub.address}privacy#${hub.code}`);
}

async function program({ hub, token }, path, options = {}) {
  const headers = { Authorization: `Bearer ${token}`, "Content-Type": "application/json" };
  const answer = await fetch(`${hub.address}api/v1/${path}`, { headers, ...options });
  return { status: answer.status, body: await answer.json() };
}

const steps = {
  async "what may go out is said, with who allowed it"({ browser, state }) {
    const page = await person(browser);
    await open(page, state);
    await page.getByRole("link", { name: "Privacy" }).and(page.locator("[aria-current=page]")).waitFor();
    await row(page, state.home.host).getByText("Allowed by the setting home_assistant.url.").waitFor();
    // It is asked again and again, and is no Home Assistant.
    await row(page, state.home.host).getByText(/connections?: .* out, .* in; the last just now/).waitFor();
    await row(page, "rain.example").getByText("Rain may ask there: its skill.yaml says so").waitFor();
    await row(page, "rain.example").getByText("Nothing has gone there.").waitFor();
    await row(page, state.models.host).getByText("Allowed by the setting models.from.").waitFor();
    // One that somebody has agreed to, while others look.
    const packed = await pack_skill("sun", [
      "name: sun",
      "version: 1.0.0",
      "hosts: [sun.example]",
      "intents:",
      "  sun:",
      "    sentences: [does the sun shine]",
      "    reply: Who knows.",
      "    examples: [does the sun shine]",
    ]);
    await loqa("skill", "install", packed, "--yes");
    await row(page, "sun.example").getByText(/Sun may ask there: allowed by this household on \d+/).waitFor();
    assert.match(await loqa("privacy"), /The skill sun may ask sun.example:443: allowed on \d{4}-/);
    assert.deepEqual(await barriers(page), []);
    await screenshot(page, "privacy-1024-light");
    await inert(page);
    return page;
  },

  async "what goes out shows at once, each time of it"({ browser, page, state }) {
    const other = await person(browser, { locale: "de-DE", colorScheme: "dark", viewport: { width: 390, height: 844 } });
    await open(other, state);
    const { status } = await program(state, "models/hey-jarvis/pull", { method: "POST" });
    assert.equal(status, 202);
    const models = row(page, state.models.host);
    await models.getByText(/^\d+ connections?: /).waitFor();
    await models.getByText(`Each connection to ${state.models.host}`).press("Enter");
    await models.locator("ol li", { hasText: "Hey-jarvis" }).getByText("not encrypted").first().waitFor();
    await row(other, state.models.host).getByText(/^\d+ Verbindung(en)?: /).waitFor();
    assert.deepEqual(await barriers(page), []);
    await screenshot(page, "privacy-each-1024-light");
    const { body } = await program(state, "egress?most=500");
    const [fetched] = body.filter(({ purpose }) => purpose === "model");
    assert.deepEqual([fetched.who, fetched.host, fetched.consent.by], ["hey-jarvis", state.models.host, "order"]);
    assert.ok(fetched.sent > 0 && fetched.received > 0);
    assert.equal((await fetch(`${state.hub.address}api/v1/egress`)).status, 401);
    return other;
  },

  async "sealed, nothing goes out, and everybody sees it"({ page, other, state }) {
    await seal(page).press("Space");
    await page.getByText("The house is sealed, also after the hub has started again.").waitFor();
    assert.equal(await seal(page).isChecked(), true);
    await other.getByText("Das Haus ist versiegelt, auch nach").waitFor();
    assert.equal(await seal(other, "Das Haus versiegeln").isChecked(), true);
    const asked = state.models.asked;
    await program(state, "models/okay-nabu/pull", { method: "POST" });
    await row(page, state.models.host).getByText("1 was not let out.").waitFor();
    assert.equal(state.models.asked, asked);
    // What somebody has unfolded stays so.
    await row(page, state.models.host).locator("ol li", { hasText: "House sealed" }).waitFor();
    assert.deepEqual(await barriers(page), []);
    assert.deepEqual(await barriers(other), []);
    await screenshot(page, "privacy-sealed-1024-light");
    await screenshot(other, "privacy-sealed-390-dark");
    await inert(other);
    await page.setViewportSize({ width: 1280, height: 800 });
    await page.emulateMedia({ colorScheme: "dark", reducedMotion: "reduce" });
    assert.deepEqual(await barriers(page), []);
    await screenshot(page, "privacy-sealed-1280-dark");
  },

  async "it stays sealed, and is opened by whoever may"({ page, state }) {
    await kill(state.hub);
    const asked = state.home.asked;
    state.hub = await start(state.hub.port);
    await open(page, state);
    await page.getByText("The house is sealed, also after").waitFor();
    assert.match(await loqa("doctor"), /the house is sealed: nothing goes out/);
    assert.equal(state.home.asked, asked);
    const { status, body } = await program(state, "privacy", { method: "PATCH", body: '{"sealed":false}' });
    assert.deepEqual([status, body.sealed], [200, false]);
    await page.getByText("The house is open: what is allowed below may go out.").waitFor();
    await row(page, state.home.host).getByText("the last just now").waitFor();
    assert.ok(state.home.asked > asked);
    const wrong = await program(state, "privacy", { method: "PATCH", body: '{"sealed":"yes"}' });
    assert.equal(wrong.status, 422);
  },
};

const state = {
  home: await place((_, response) => response.writeHead(404).end()),
  models: await place((question, response) => response.end(question.url.endsWith(".json") ? "{}" : "something else")),
};
await describe_skill("rain", [
  "name: rain",
  "hosts: [rain.example]",
  "intents:",
  "  rain:",
  "    sentences: [does it rain]",
  "    reply: Who knows.",
]);
process.env.LOQA_MODELS_FROM = `http://${state.models.host}`;
process.env.LOQA_HOME_ASSISTANT_URL = `http://${state.home.host}`;
process.env.DBUS_SESSION_BUS_ADDRESS = "unix:path=/nowhere";
await mkdir(process.env.LOQA_DATA, { recursive: true });
const token = join(process.env.LOQA_DATA, "home-assistant.token");
await writeFile(token, `http://${state.home.host}\nsecret\n`, { mode: 0o600 });
state.hub = await start(0);
state.token = JSON.parse(await loqa("dashboard", "token", "--json")).token;
await tell(steps, state, {
  afterwards() {
    for (const { server } of [state.home, state.models]) {
      server.closeAllConnections();
      server.close();
    }
  },
});
