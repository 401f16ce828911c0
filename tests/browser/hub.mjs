// A hub of its own for a test.
import { execFile, spawn } from "node:child_process";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";

const { LOQA_BIN, LOQA_DATA } = process.env;
const run = promisify(execFile);

/** Runs `loqa ARGS…`; what it says. */
export async function loqa(...args) {
  const { stdout } = await run(LOQA_BIN, [...args, "--data", LOQA_DATA]);
  return stdout;
}

/** The demo household, with a room whose names were chosen by somebody of ill will. */
export async function describe_home(names) {
  const demo = new URL("../../engine/src/config/demo-home.toml", import.meta.url);
  const device = (name, number) =>
    `[[device]]\nid = "odd_${number}"\nname = ${JSON.stringify(name)}\narea = "odd"\nkind = "light"\n`;
  const room = `[[area]]\nid = "odd"\nname = ${JSON.stringify(names[0])}\n`;
  const folder = join(process.env.XDG_CONFIG_HOME, "loqa");
  await mkdir(folder, { recursive: true });
  const home = [await readFile(demo, "utf8"), room, ...names.map(device)];
  await writeFile(join(folder, "home.toml"), home.join("\n"));
}

/** A skill of that name: its lines of `skill.yaml`. */
export async function describe_skill(name, lines) {
  const skills = join(LOQA_DATA, "../skills");
  await mkdir(join(skills, name), { recursive: true });
  await writeFile(join(skills, name, "skill.yaml"), `${lines.join("\n")}\n`);
  const config = join(process.env.XDG_CONFIG_HOME, "loqa");
  await mkdir(config, { recursive: true });
  await writeFile(join(config, "loqa.toml"), `[hub]\nskills = [${JSON.stringify(skills)}]\n`);
}

/** The same as one file; where it is. */
export async function pack_skill(name, lines) {
  const folder = join(LOQA_DATA, "../packed", name);
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, "skill.yaml"), `${lines.join("\n")}\n`);
  const file = `${folder}.loqaskill`;
  await loqa("skill", "pack", folder, "--out", file);
  return file;
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
