// What a dashboard costs: one line of JSON for each thing that was seen, to `loqa-bench ui`.
import { readFile, readdir } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { gzipSync } from "node:zlib";
import { browser, person } from "./page.mjs";

const { LOQA_LINK, LOQA_UI } = process.env;
const VISITS = 10;
const DEVICE = "kitchen_lights";
const SCROLL_MS = 4000;

const tell = (seen) => console.log(JSON.stringify(seen));

/** Runs in the page: calls `then` once what stands there now has been painted. */
const PAINTED = `window.painted = (then) => requestAnimationFrame(() => {
  const { port1, port2 } = new MessageChannel();
  port1.onmessage = () => then(performance.timeOrigin + performance.now());
  port2.postMessage(0);
})`;

/** From the address to the first tile, in a browser that has never been there. */
async function first_render(chromium, signed_in) {
  const page = await person(chromium, { storageState: signed_in });
  await page.addInitScript(`${PAINTED}; new MutationObserver((_, observer) => {
    if (!document.querySelector(".now .tile")) return;
    observer.disconnect();
    painted((at) => (window.shown_ms = at - performance.timeOrigin));
  }).observe(document, { childList: true, subtree: true });`);
  await page.goto(new URL(LOQA_LINK).origin);
  const shown = await page.waitForFunction(() => window.shown_ms);
  tell({ first_render_ms: await shown.jsonValue() });
  await page.context().close();
}

/** Tells the moment at which a light that goes on or off is painted. */
async function watch(page) {
  await page.exposeFunction("tell", tell);
  await page.evaluate(`${PAINTED}; (() => {
    const tile = () => document.querySelector('[data-id="${DEVICE}"]')?.classList.contains("on");
    let before = tile();
    new MutationObserver(() => {
      const on = tile();
      if (on === undefined || on === before) return;
      before = on;
      painted((pixel_ms) => tell({ pixel_ms, on }));
    }).observe(document.body, { childList: true, subtree: true, attributes: true });
  })()`);
}

/** Scrolls the list of turns from its beginning to its end. */
async function scroll(page) {
  await page.click('nav a[href="/sessions"]');
  await page.locator(".turns li").first().waitFor();
  return page.evaluate(async (ms) => {
    const rows = document.querySelectorAll(".turns li").length;
    const frame = () => new Promise(requestAnimationFrame);
    const long = document.documentElement.scrollHeight;
    const frames_ms = [];
    const start = await frame();
    for (let before = start; before - start < ms; ) {
      window.scrollTo(0, (long * (before - start)) / ms);
      const now = await frame();
      frames_ms.push(now - before);
      before = now;
    }
    return { rows, frames_ms };
  }, SCROLL_MS);
}

for (const file of await readdir(LOQA_UI)) {
  if (file.endsWith(".wasm")) tell({ wasm_gzip_kb: gzipSync(await readFile(join(LOQA_UI, file))).length / 1000 });
}
const chromium = await browser();
const page = await person(chromium);
await page.goto(LOQA_LINK);
await page.locator(".now .tile").first().waitFor();
const signed_in = await page.context().storageState();
for (let visit = 0; visit < VISITS; visit++) await first_render(chromium, signed_in);
await watch(page);
tell({ cookie: signed_in.cookies.map(({ name, value }) => `${name}=${value}`).join("; ") });
for await (const line of createInterface({ input: process.stdin })) {
  if (line === "scroll") tell(await scroll(page));
}
await chromium.close();
