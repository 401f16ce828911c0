// A hub of its own for a test.
import { execFile, spawn } from "node:child_process";
import { promisify } from "node:util";

const { LOQA_BIN, LOQA_DATA } = process.env;
const run = promisify(execFile);

/** Runs `loqa ARGS…`; what it says. */
export async function loqa(...args) {
  const { stdout } = await run(LOQA_BIN, [...args, "--data", LOQA_DATA]);
  return stdout;
}

/** Starts a hub on a port (0: any) and waits until it is up. */
export async function start(port) {
  const child = spawn(LOQA_BIN, ["hub", "--data", LOQA_DATA], {
    env: { ...process.env, LOQA_DASHBOARD_PORT: String(port) },
    stdio: ["ignore", "pipe", "inherit"],
  });
  await new Promise((up, down) => {
    let said = "";
    child.stdout.on("data", (text) => {
      said += text;
      if (said.includes("Loqa is up")) up();
    });
    child.on("exit", () => down(new Error(`the hub ended before it was up: ${said}`)));
  });
  const { address, code } = JSON.parse(await loqa("dashboard", "--json"));
  return { child, address, code, link: `${address}#${code}`, port: Number(new URL(address).port) };
}

/** Ends it as a power cut would. */
export async function kill({ child }) {
  const ended = new Promise((end) => child.on("exit", end));
  child.kill("SIGKILL");
  await ended;
}
