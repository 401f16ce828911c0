// A browser with the dashboard open, and what the tests ask of it.
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { join } from "node:path";

// Where `cargo xtask setup` keeps what package.json names.
const installed = createRequire(join(process.env.LOQA_BROWSER, "package.json"));
const { chromium } = installed("playwright-core");
const axe = installed.resolve("axe-core/axe.min.js");

/** Starts the browser, or says why it cannot. */
export async function browser() {
  return chromium.launch({
    executablePath: process.env.LOQA_CHROMIUM,
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  });
}

/** A person's own browser, of some size and taste. What it complains about ends the test. */
export async function person(browser, options = {}) {
  const context = await browser.newContext({
    viewport: { width: 1024, height: 800 },
    locale: "en-GB",
    reducedMotion: "reduce",
    ...options,
  });
  const page = await context.newPage();
  page.complaints = [];
  page.on("pageerror", (error) => page.complaints.push(String(error)));
  page.on("console", (message) => {
    // A hub that is away is part of a test.
    const away = /ERR_CONNECTION_REFUSED|WebSocket connection|ERR_EMPTY_RESPONSE|status of 503/.test(message.text());
    if (message.type() === "error" && !away) page.complaints.push(message.text());
  });
  return page;
}

/** What axe finds to be serious for somebody who cannot see, hear or point as others do. */
export async function barriers(page) {
  // Through the debugger rather than as a script of the page, which its policy forbids.
  await page.evaluate(`${(await import("node:fs")).readFileSync(axe)}; undefined`);
  const { violations } = await page.evaluate(() => window.axe.run(document));
  return violations
    .filter(({ impact }) => impact === "serious" || impact === "critical")
    .map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html.slice(0, 160)).join(" | ")}`);
}

/** What somebody wrote or said is text, and stays on the page. */
export async function inert(page) {
  assert.equal(await page.locator("main img, main b, main script, main [onclick], main [onload]").count(), 0);
  assert.equal(await page.evaluate(() => window.hacked), undefined);
  const wide = () => document.documentElement.scrollWidth > document.documentElement.clientWidth;
  assert.equal(await page.evaluate(wide), false, "nothing runs out of the page");
}
