/** A Python environment for the server alone, made where the editor keeps what belongs to us. Knows nothing of VS Code. */

import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, open, readdir, readFile, rm, writeFile } from "node:fs/promises";
import * as path from "node:path";
import { createInterface } from "node:readline";

/** What is done at the moment, as the user is told. */
export type Stage = "creating" | "installing" | "building" | "fetching";

/** Hears every line that the programs say, and what they are at. */
export interface Witness {
  line(text: string): void;
  stage(stage: Stage): void;
}

/** Why there is no environment. The message is for the user. */
export class EnvironmentError extends Error {}

/** Someone has stopped it. */
export class Cancelled extends Error {
  constructor() {
    super("The environment was not finished, and what there was of it has been removed.");
  }
}

// Written last: what has it is whole.
const MARKER = "genx-environment.json";
const LOCK = "creating.lock";

/** One environment for each version of the extension, so that an update brings its own server. */
export class PrivateEnvironment {
  readonly root: string;

  constructor(
    private readonly storage: string,
    private readonly version: string,
  ) {
    this.root = path.join(storage, `server-${version}`);
  }

  /** Its interpreter, whether it is there or not. */
  get python(): string {
    return pythonOf(this.root);
  }

  get exists(): boolean {
    return existsSync(path.join(this.root, MARKER));
  }

  /**
   * Makes it with `base`, a Python that can make environments, and installs `what` (a wheel, or a requirement).
   *
   * Throws `EnvironmentError` or `Cancelled`; then nothing of it is left.
   */
  async create(base: string, what: string, witness: Witness, signal: AbortSignal): Promise<void> {
    await mkdir(this.storage, { recursive: true });
    const unlock = await this.#lock();
    try {
      if (this.exists) {
        return;
      }
      await rm(this.root, { recursive: true, force: true });
      await this.#make(base, what, witness, signal);
      await this.#removeOthers(witness);
    } catch (error) {
      await rm(this.root, { recursive: true, force: true });
      throw error;
    } finally {
      await unlock();
    }
  }

  async remove(): Promise<void> {
    await rm(this.root, { recursive: true, force: true });
  }

  async #make(base: string, what: string, witness: Witness, signal: AbortSignal): Promise<void> {
    const run = (command: string, args: string[], why: (said: string) => string) =>
      runLoudly(command, args, { cwd: this.storage, env: environment(), signal, witness, why });
    witness.stage("creating");
    await run(base, ["-m", "venv", this.root], () => `${base} could not create an environment.`);
    witness.stage("installing");
    const pip = ["-m", "pip", "install", "--disable-pip-version-check", "--no-input", "--progress-bar", "off"];
    await run(this.python, [...pip, what], whyNotInstalled);
    await writeFile(path.join(this.root, MARKER), JSON.stringify({ version: this.version, base, what }, null, 2));
  }

  /** The environments of other versions: no extension would ever start a server from them again. */
  async #removeOthers(witness: Witness): Promise<void> {
    for (const name of await readdir(this.storage)) {
      const other = path.join(this.storage, name);
      if (/^server-\d/.test(name) && other !== this.root) {
        witness.line(`Removing ${other}, which belonged to another version.`);
        await rm(other, { recursive: true, force: true });
      }
    }
  }

  /** Several windows share the storage; only one of them may build. */
  async #lock(): Promise<() => Promise<void>> {
    const file = path.join(this.storage, LOCK);
    const take = async () => {
      const handle = await open(file, "wx");
      await handle.writeFile(String(process.pid));
      await handle.close();
      return () => rm(file, { force: true });
    };
    try {
      return await take();
    } catch {
      const owner = Number(await readFile(file, "utf8").catch(() => ""));
      if (isAlive(owner)) {
        throw new EnvironmentError("Another window is creating the environment; wait until it is done.");
      }
      await rm(file, { force: true });
      return take();
    }
  }
}

/** A Python that is new enough and can make environments, the first of `candidates`. */
export async function findBase(candidates: AsyncIterable<string> | Iterable<string>): Promise<string | undefined> {
  const seen = new Set<string>();
  for await (const candidate of candidates) {
    if (!seen.has(candidate)) {
      seen.add(candidate);
      if (await isBase(candidate)) {
        return candidate;
      }
    }
  }
  return undefined;
}

const BASE_PROBE = "import sys, venv, ensurepip; sys.exit(0 if (3, 10) <= sys.version_info < (3, 15) else 3)";
const BASE_TIMEOUT_MS = 20_000;

function isBase(python: string): Promise<boolean> {
  return new Promise((resolve) => {
    const child = spawn(python, ["-c", BASE_PROBE], { stdio: "ignore", timeout: BASE_TIMEOUT_MS });
    child.on("error", () => resolve(false));
    child.on("close", (code) => resolve(code === 0));
  });
}

/** The names under which a Python may stand on PATH, the likeliest to have ready-built packages first. */
export const BASE_NAMES = ["python3", "python3.12", "python3.13", "python3.11", "python3.10", "python3.14", "python"];

export interface Run {
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
  readonly signal: AbortSignal;
  readonly witness: Witness;
  /** From the last lines that the program said to a sentence for the user. */
  readonly why: (said: string) => string;
}

/** Runs a program to its end and shows every line of it. */
export async function runLoudly(command: string, args: string[], run: Run): Promise<void> {
  if (run.signal.aborted) {
    throw new Cancelled();
  }
  run.witness.line(`$ ${[command, ...args].join(" ")}`);
  const said: string[] = [];
  const code = await new Promise<number | null>((resolve, reject) => {
    // A group of its own: pip starts compilers, and they have to end with it.
    const child = spawn(command, args, {
      cwd: run.cwd,
      env: run.env,
      stdio: ["ignore", "pipe", "pipe"],
      detached: process.platform !== "win32",
    });
    const stop = () => endGroup(child.pid);
    run.signal.addEventListener("abort", stop, { once: true });
    for (const stream of [child.stdout, child.stderr]) {
      createInterface({ input: stream }).on("line", (line) => {
        said.push(line);
        run.witness.line(line);
        if (/Building wheels? for|Building wheel for llama/.test(line)) {
          run.witness.stage("building");
        }
      });
    }
    child.on("error", reject);
    child.on("close", (status) => {
      run.signal.removeEventListener("abort", stop);
      resolve(status);
    });
  }).catch((error: unknown) => {
    said.push(String(error));
    return -1;
  });
  if (run.signal.aborted) {
    throw new Cancelled();
  }
  if (code !== 0) {
    throw new EnvironmentError(run.why(said.slice(-200).join("\n")));
  }
}

/** Why pip did not install it, as a sentence with a way out. */
export function whyNotInstalled(said: string): string {
  if (/CMAKE_C(XX)?_COMPILER|No CMAKE_CXX|unable to find.*compiler|[Cc]ompiler.*not found/i.test(said)) {
    return "llama.cpp has to be compiled, and there is no C++ compiler here. Install one, for example with `apt install g++`, and try again.";
  }
  if (/No matching distribution|Could not find a version/.test(said)) {
    return "The Python package index does not have what is needed. The log shows what was asked for.";
  }
  if (/NewConnectionError|Temporary failure in name resolution|Failed to establish|timed out|SSLError/.test(said)) {
    return "The Python package index could not be reached. Look at the network and at pip's configuration, and try again.";
  }
  if (/No space left on device/.test(said)) {
    return "The disk is full. The environment needs about 400 MB.";
  }
  return "The server could not be installed. The log shows what pip said.";
}

/**
 * The environment in which pip runs. On x86-64 llama.cpp is built without AMX: GCC 12 builds it so that it crashes
 * on the processors that have it.
 */
export function environment(
  from: NodeJS.ProcessEnv = process.env,
  architecture: string = process.arch,
  platform: NodeJS.Platform = process.platform,
): NodeJS.ProcessEnv {
  const env: NodeJS.ProcessEnv = { ...from, PYTHONUNBUFFERED: "1", NO_COLOR: "1", PYTHONIOENCODING: "utf-8" };
  // What is meant for another Python must not reach this one.
  delete env["PYTHONHOME"];
  delete env["PYTHONPATH"];
  delete env["VIRTUAL_ENV"];
  if (env["CMAKE_ARGS"] === undefined && architecture === "x64" && platform === "linux") {
    const flags = "-mno-amx-tile -mno-amx-int8 -mno-amx-bf16";
    env["CMAKE_ARGS"] = `-DCMAKE_C_FLAGS='${flags}' -DCMAKE_CXX_FLAGS='${flags}' -DLLAMA_BUILD_TOOLS=OFF`;
  }
  return env;
}

export function pythonOf(root: string, platform: NodeJS.Platform = process.platform): string {
  return platform === "win32" ? path.join(root, "Scripts", "python.exe") : path.join(root, "bin", "python");
}

function endGroup(pid: number | undefined): void {
  if (pid === undefined) {
    return;
  }
  try {
    process.kill(process.platform === "win32" ? pid : -pid, "SIGTERM");
  } catch {
    // It has ended by itself.
  }
}

function isAlive(pid: number): boolean {
  try {
    return Number.isInteger(pid) && pid > 0 && process.kill(pid, 0);
  } catch {
    return false;
  }
}
