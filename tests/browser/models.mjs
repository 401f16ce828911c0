// A person fetches models on the page Models, from a place in the house that is not always right.
import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdir, readdir, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { join } from "node:path";
import { kill, loqa, start } from "./hub.mjs";
import { barriers, inert, person } from "./page.mjs";
import { screenshot, tell } from "./story.mjs";

const MIB = 1 << 20;
const WHOLE = Buffer.alloc(3 * MIB, "model");

/** Has each model as somebody might: told to go on, it sends the second half of a big one. */
class Place {
  asked = [];
  #held = [];
  #open = false;

  async start() {
    this.server = createServer((question, answer) => this.#answer(question, answer)).listen(0, "127.0.0.1");
    await once(this.server, "listening");
    return `http://127.0.0.1:${this.server.address().port}/models`;
  }

  /** What waits is sent, and all that is asked for from now on at once. */
  goOn() {
    this.#open = true;
    this.#held.splice(0).forEach((send) => send());
  }

  #answer({ url, headers }, answer) {
    this.asked.push({ url, range: headers.range });
    // Whoever has paused is gone.
    answer.on("error", () => {});
    if (url.endsWith("okay_nabu.json")) return answer.end("{}");
    if (url.endsWith("ggml-tiny.en.bin")) return answer.end("something else");
    if (!url.endsWith("okay_nabu.tflite")) return answer.writeHead(404).end();
    const from = Number(/bytes=(\d+)-/.exec(headers.range ?? "")?.[1] ?? 0);
    const about = { "Content-Length": WHOLE.length - from, ETag: '"7"' };
    if (from) about["Content-Range"] = `bytes ${from}-${WHOLE.length - 1}/${WHOLE.length}`;
    answer.writeHead(from ? 206 : 200, about);
    if (this.#open) return answer.end(WHOLE.subarray(from));
    const half = WHOLE.length / 2;
    answer.write(WHOLE.subarray(from, half));
    this.#held.push(() => answer.end(WHOLE.subarray(Math.max(from, half))));
  }
}

const row = (page, name) => page.locator(`[data-model="${name}"]`);
const is = (page, name, state) => row(page, name).locator("header", { hasText: state }).waitFor();
const press = (page, name, word) => row(page, name).getByRole("button", { name: `${word}: ${name}` }).press("Enter");

/** The page anew, whatever was shown. */
async function open(page, { hub }) {
  await page.goto("about:blank");
  await page.goto(`${hub.address}models#${hub.code}`);
}

async function program(hub, token, path, options = {}) {
  const headers = { Authorization: `Bearer ${token}`, "Content-Type": "application/json" };
  const answer = await fetch(`${hub.address}api/v1/${path}`, { headers, ...options });
  const body = await answer.text();
  return { status: answer.status, body: body && JSON.parse(body) };
}

const steps = {
  async "what is used is said, and what can be fetched"({ browser, state }) {
    const page = await person(browser);
    await open(page, state);
    await page.getByText("They are fetched from http://127.0.0.1").waitFor();
    await is(page, "okay-nabu", "Not here");
    await row(page, "whisper-base-en").getByText("142 MiB · MIT · English").waitFor();
    await row(page, "whisper-tiny").getByText("Here it read 4.1 s of speech in 812 ms.").waitFor();
    await row(page, "qwen-0-5b").getByText("Here an answer began after 310 ms, 12 words a second.").waitFor();
    // One that hears, one that answers.
    assert.equal(await page.locator("header", { hasText: "Suits this machine" }).count(), 2);
    assert.deepEqual(await barriers(page), []);
    await screenshot(page, "models-1024-light");
    await inert(page);
    return page;
  },

  async "a model comes while everybody sees how far it is"({ browser, page, state }) {
    const other = await person(browser, { locale: "de-DE", colorScheme: "dark", viewport: { width: 390, height: 844 } });
    await open(other, state);
    await press(page, "okay-nabu", "Get");
    await row(page, "okay-nabu").getByText("File 2/2 · 1.5 / 3.0 MiB").waitFor();
    await row(other, "okay-nabu").getByText("Datei 2/2 · 1,5 / 3,0 MiB").waitFor();
    await page.reload();
    await row(page, "okay-nabu").getByRole("progressbar").waitFor();
    await is(page, "okay-nabu", "On its way");
    // Others wait for their turn, and whoever wants the same has it.
    await press(page, "hey-jarvis", "Get");
    await is(page, "hey-jarvis", "Waits for another");
    const again = await program(state.hub, state.token, "models/okay-nabu/pull", { method: "POST" });
    assert.deepEqual([again.status, again.body.state], [202, "fetching"]);
    assert.deepEqual(await barriers(page), []);
    await screenshot(page, "models-fetching-1024-light");
    await row(other, "okay-nabu").scrollIntoViewIfNeeded();
    await screenshot(other, "models-fetching-390-dark");
    assert.deepEqual(await barriers(other), []);
    await inert(other);
    await press(page, "hey-jarvis", "Discard");
    await row(page, "hey-jarvis").getByRole("button", { name: "Really remove?: hey-jarvis" }).press("Enter");
    await is(page, "hey-jarvis", "Not here");
    return other;
  },

  async "it is paused, survives the hub, and goes on from there"({ page, other, place, state }) {
    await press(page, "okay-nabu", "Pause");
    await is(page, "okay-nabu", "Paused");
    await is(other, "okay-nabu", "Angehalten");
    // Whoever stands at the button goes on from there.
    await page.locator(":focus", { hasText: "Go on" }).waitFor();
    await kill(state.hub);
    state.hub = await start(state.hub.port);
    await open(page, state);
    await is(page, "okay-nabu", "Paused");
    await row(page, "okay-nabu").getByText("1.5 MiB of it are here.").waitFor();
    assert.deepEqual(await barriers(page), []);
    await screenshot(page, "models-paused-1024-light");
    // Killed in the middle of it: as a power cut does.
    await press(page, "okay-nabu", "Go on");
    await is(page, "okay-nabu", "On its way");
    await kill(state.hub);
    state.hub = await start(state.hub.port);
    await open(page, state);
    place.goOn();
    await press(page, "okay-nabu", "Go on");
    await is(page, "okay-nabu", "Here");
    assert.equal(place.asked.at(-1).range, `bytes=${WHOLE.length / 2}-`);
    await press(page, "okay-nabu", "Check");
    await row(page, "okay-nabu").getByText("It is what it was when it came.").waitFor();
  },

  async "what is not what it should be is said, with what to do"({ page, other, state }) {
    await press(page, "whisper-tiny-en", "Get");
    const trouble = row(page, "whisper-tiny-en");
    await trouble.getByText("its checksum is").waitFor();
    await trouble.getByText("quarantine, where nothing uses it").waitFor();
    await is(page, "whisper-tiny-en", "Not here");
    assert.deepEqual(await readdir(join(process.env.LOQA_DATA, "models/quarantine")), ["ggml-tiny.en.bin"]);
    await press(page, "whisper-tiny", "Get");
    await row(page, "whisper-tiny").getByText("answers 404").waitFor();
    await open(other, state);
    await row(other, "whisper-tiny-en").getByText("Es liegt in Quarantäne").waitFor();
    assert.deepEqual(await barriers(page), []);
    await row(other, "whisper-tiny-en").scrollIntoViewIfNeeded();
    await screenshot(other, "models-trouble-390-dark");
    // What somebody has changed on the disk is found, and not used.
    await writeFile(join(process.env.LOQA_DATA, "models/wake/okay_nabu.tflite"), "something else");
    await press(page, "okay-nabu", "Check");
    await is(page, "okay-nabu", "Damaged");
    await row(page, "okay-nabu").getByText("is not what it was").waitFor();
    await press(page, "okay-nabu", "Get again");
    await is(page, "okay-nabu", "Here");
  },

  async "what is used is not removed, and what is not is"({ page, state }) {
    const chosen = page.getByLabel("Understanding any words");
    await chosen.selectOption("none");
    await page.locator('#choose-stt option[value="none"]:checked').waitFor({ state: "attached" });
    assert.match(await loqa("config", "--explain").catch(String), /model = "none"/);
    const refused = await program(state.hub, state.token, "models/use", {
      method: "POST",
      body: JSON.stringify({ for: "stt", model: "whisper-base-en" }),
    });
    assert.deepEqual([refused.status, refused.body.code], [422, "choice"]);
    await kill(state.hub);
    process.env.LOQA_LISTEN_WAKE = "okay nabu";
    state.hub = await start(state.hub.port);
    await open(page, state);
    await is(page, "okay-nabu", "In use");
    assert.equal(await chosen.inputValue(), "none");
    const remove = async () => {
      await press(page, "okay-nabu", "Remove");
      await press(page, "okay-nabu", "Really remove?");
    };
    await remove();
    await row(page, "okay-nabu").getByText("take it out of the settings").waitFor();
    await page.setViewportSize({ width: 1280, height: 800 });
    await screenshot(page, "models-used-1280-light");
    assert.deepEqual(await barriers(page), []);
    await kill(state.hub);
    delete process.env.LOQA_LISTEN_WAKE;
    state.hub = await start(state.hub.port);
    await open(page, state);
    await is(page, "okay-nabu", "Here");
    await remove();
    await is(page, "okay-nabu", "Not here");
    const gone = await program(state.hub, state.token, "models/nothing", { method: "DELETE" });
    assert.deepEqual([gone.status, gone.body.code], [404, "no_model"]);
  },
};

const place = new Place();
process.env.LOQA_MODELS_FROM = await place.start();
// As `loqa model bench` writes it.
const measured = {
  "whisper-tiny": { load_ms: 90, speech_s: 4.1, last_word_ms: 812 },
  "qwen-0-5b": { load_ms: 400, first_word_ms: 310, words_per_s: 12 },
};
await mkdir(join(process.env.LOQA_DATA, "models"), { recursive: true });
await writeFile(join(process.env.LOQA_DATA, "models/measured.json"), JSON.stringify(measured));
const state = { place, hub: await start(0) };
state.token = JSON.parse(await loqa("dashboard", "token", "--json")).token;
await tell(steps, state, {
  afterwards() {
    place.server.closeAllConnections();
    place.server.close();
  },
});
