// What every play needs: a copy of the example, a VS Code of its own, numbered steps, pictures.
import assert from "node:assert/strict";
import { chmod, cp, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { VsCode } from "./vscode.mjs";

export const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "../../..");
export const shots = path.join(root, "build", "e2e");

const started = Date.now();
let steps = 0;

/** One thing that has to hold; printed when it does. */
export async function step(title, body) {
  await body();
  steps += 1;
  console.log(`ok ${steps} - ${title} (${((Date.now() - started) / 1000).toFixed(1)} s)`);
}

export async function eventually(what, check, limit = 60_000) {
  const end = Date.now() + limit;
  while (!(await check())) {
    assert.ok(Date.now() < end, `${what}: not within ${limit / 1000} s`);
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

export class Stage {
  constructor(name, home, options) {
    this.name = name;
    this.home = home;
    this.options = options;
    this.project = path.join(home, "shop");
    this.serverLog = path.join(home, "server.log");
  }

  static async open(name, options) {
    const stage = new Stage(name, await mkdtemp(path.join(tmpdir(), "genx-e2e-")), options);
    await cp(path.join(root, "examples", "shop"), stage.project, {
      recursive: true,
      filter: (file) => !/__pycache__|\.pytest_cache/.test(file),
    });
    await mkdir(shots, { recursive: true });
    return stage;
  }

  /** A program that the extension takes for the server; `body` is what a shell runs. */
  async program(body) {
    const file = path.join(this.home, "genx-lsp");
    await writeFile(file, `#!/bin/sh\n${body}\n`);
    await chmod(file, 0o755);
    return file;
  }

  /** The real server, with what it says on stderr kept for a run that fails. */
  async server() {
    return this.program(`exec "${process.env.GENX_PYTHON}" -m genx_lsp "$@" 2>>"${this.serverLog}"`);
  }

  /** Starts VS Code with the extension in it and opens the project, or what `open` names. */
  async editor(settings, { version = "", open = this.project, environment = {}, payload } = {}) {
    const { cache, vsix } = this.options;
    const home = path.join(this.home, "vscode");
    this.code = new VsCode({ cache, chromium: process.env.CHROMIUM, home, settings, version, environment, hosted: payload !== undefined });
    await this.code.start(vsix);
    this.window = await this.code.open(open, payload?.(this.code.port));
    return this.window;
  }

  /** Puts the cursor before some text of a saved file that is open in front. */
  async goTo(file, text) {
    const before = (await readFile(file, "utf8")).split(text)[0].split("\n");
    await this.window.goTo(before.length, before.at(-1).length + 1);
  }

  async shoot(picture) {
    await this.window.screenshot(path.join(shots, `${picture}.png`));
  }

  /** Plays, and says everything that helps if it fails. Returns whether it went well. */
  async play(act) {
    try {
      await act(this);
      return true;
    } catch (error) {
      console.error(`not ok ${steps + 1} - ${this.name}: ${error.stack ?? error}`);
      console.error(`\nThe server's log:\n${await readFile(this.serverLog, "utf8").catch(() => "(none)")}`);
      console.error(`\nThe editor's log:\n${this.code?.log.slice(-4000) ?? "(none)"}`);
      await this.window?.screenshot(path.join(shots, `failed-${this.name}.png`)).catch(() => undefined);
      return false;
    } finally {
      await this.close();
    }
  }

  async close() {
    await this.code?.close();
    await rm(this.home, { recursive: true, force: true });
  }
}
