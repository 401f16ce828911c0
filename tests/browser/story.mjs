// Tells a story: its steps in their order, with the pages that the first two open.
import assert from "node:assert/strict";
import { kill } from "./hub.mjs";
import { browser } from "./page.mjs";

/** For whoever wants to look: `SCREENSHOTS=folder`. */
export async function screenshot(page, name) {
  const folder = process.env.SCREENSHOTS;
  if (folder) await page.screenshot({ path: `${folder}/${name}.png`, fullPage: true });
}

/** Whatever a page complains of ends the story, as does a step that fails. `state.hub` is ended with it. */
export async function tell(steps, state, { afterwards = () => {} } = {}) {
  const chromium = await browser();
  let page;
  let other;
  let told = "";
  try {
    for (const [name, step] of Object.entries(steps)) {
      told = name;
      const began = Date.now();
      const opened = await step({ ...state, browser: chromium, page, other, state });
      if (page) other ??= opened;
      page ??= opened;
      assert.deepEqual([...page.complaints, ...(other?.complaints ?? [])], []);
      console.error(`  ${name} (${Date.now() - began} ms)`);
    }
  } catch (error) {
    console.error(`FAILED: ${told}\n${error.stack}`);
    for (const [name, seen] of Object.entries({ page, other })) {
      if (!seen) continue;
      await screenshot(seen, `failed-${name}`);
      console.error(`${name} shows: ${await seen.locator("body").innerText().catch(String)}`);
    }
    process.exitCode = 1;
  } finally {
    await chromium.close();
    if (!state.ended) await kill(state.hub);
    await afterwards();
    // Programs that a step has left running must not keep this one.
    if (process.exitCode) process.exit();
  }
}
