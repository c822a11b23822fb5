import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import * as path from "node:path";
import { after, test } from "node:test";
import {
  BASE_NAMES,
  Cancelled,
  environment,
  EnvironmentError,
  findBase,
  PrivateEnvironment,
  whyNotInstalled,
  type Stage,
} from "../src/environment";
import { onPath } from "../src/search";

const home = mkdtempSync(path.join(tmpdir(), "genx-environment-"));
after(() => rmSync(home, { recursive: true, force: true }));

const python = findBase(BASE_NAMES.flatMap((name) => onPath(name, process.env["PATH"] ?? "")));

/** A real wheel that needs nothing else, so that pip works without an index. */
async function wheel(): Promise<string> {
  const file = path.join(home, "genx_lsp-9.8.7-py3-none-any.whl");
  const script = [
    "import sys, zipfile",
    "files = {'genx_lsp/__init__.py': '', 'genx_lsp/__main__.py': 'print(\"it runs\")',",
    " 'genx_lsp-9.8.7.dist-info/METADATA': 'Metadata-Version: 2.1\\nName: genx-lsp\\nVersion: 9.8.7\\n',",
    " 'genx_lsp-9.8.7.dist-info/WHEEL': 'Wheel-Version: 1.0\\nGenerator: t\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n'}",
    "files['genx_lsp-9.8.7.dist-info/RECORD'] = ''.join(f'{name},,\\n' for name in files)",
    "with zipfile.ZipFile(sys.argv[1], 'w') as z:",
    "    [z.writestr(name, text) for name, text in files.items()]",
  ].join("\n");
  execFileSync((await python) ?? "python3", ["-c", script, file]);
  return file;
}

function witness(onStage: (stage: Stage) => void = () => undefined) {
  const lines: string[] = [];
  return { lines, line: (text: string) => lines.push(text), stage: onStage };
}

test("an environment is made with the server in it, and takes the place of another version's", async () => {
  const storage = path.join(home, "made");
  const base = await python;
  assert.ok(base, "no Python 3.10 or newer with venv on PATH");
  const stages: Stage[] = [];
  const says = witness((stage) => stages.push(stage));
  mkdirSync(path.join(storage, "server-9.8.6"), { recursive: true });
  const made = new PrivateEnvironment(storage, "9.8.7");
  const file = await wheel();

  await made.create(base, file, says, new AbortController().signal);

  assert.equal(made.exists, true);
  assert.equal(execFileSync(made.python, ["-m", "genx_lsp"], { encoding: "utf8" }).trim(), "it runs");
  assert.deepEqual(readdirSync(storage), ["server-9.8.7"]);
  assert.deepEqual(stages.slice(0, 2), ["creating", "installing"]);
  assert.match(says.lines.join("\n"), /Successfully installed genx-lsp-9.8.7/);
});

test("cancelled, nothing of it is left", async () => {
  const abort = new AbortController();
  const made = new PrivateEnvironment(path.join(home, "cancelled"), "1.0.0");
  // While the first program runs.
  const says = { line: () => void setTimeout(() => abort.abort(), 100), stage: () => undefined };

  await assert.rejects(made.create((await python) ?? "", await wheel(), says, abort.signal), Cancelled);

  assert.equal(made.exists, false);
  assert.deepEqual(readdirSync(path.join(home, "cancelled")), []);
});

test("what cannot be installed is told in a sentence, and nothing is left", async () => {
  const made = new PrivateEnvironment(path.join(home, "broken"), "1.0.0");
  const file = path.join(home, "genx_lsp-1.0.0-py3-none-any.whl");
  writeFileSync(file, "no wheel at all");

  const creating = made.create((await python) ?? "", file, witness(), new AbortController().signal);

  await assert.rejects(creating, (error: Error) => error instanceof EnvironmentError && /log/.test(error.message));
  assert.equal(existsSync(made.root), false);
});

test("two windows do not build at once, and a window that has died is no hindrance", async () => {
  const storage = path.join(home, "locked");
  mkdirSync(storage);
  const made = new PrivateEnvironment(storage, "1.0.0");
  const create = () => made.create("/no/such/python", "x", witness(), new AbortController().signal);

  writeFileSync(path.join(storage, "creating.lock"), String(process.pid));
  await assert.rejects(create(), /Another window/);
  // A process that has ended: its number is free.
  const dead = Number(execFileSync("sh", ["-c", "echo $$"], { encoding: "utf8" }));
  writeFileSync(path.join(storage, "creating.lock"), String(dead));
  await assert.rejects(create(), /could not create an environment/);
});

test("a Python that cannot make environments is passed over", async () => {
  assert.equal(await findBase(["/no/such/python", "/bin/false"]), undefined);
});

test("pip's reasons become sentences", () => {
  assert.match(whyNotInstalled("CMake Error: CMAKE_CXX_COMPILER not set"), /no C\+\+ compiler/);
  assert.match(whyNotInstalled("ERROR: No matching distribution found for genx-lsp"), /package index does not have/);
  assert.match(whyNotInstalled("NewConnectionError: failed"), /could not be reached/);
  assert.match(whyNotInstalled("OSError: [Errno 28] No space left on device"), /disk is full/);
  assert.match(whyNotInstalled("something else"), /log shows/);
});

test("llama.cpp is built without AMX, unless the user says how", () => {
  assert.match(environment({}, "x64", "linux")["CMAKE_ARGS"] ?? "", /-mno-amx-tile/);
  assert.equal(environment({}, "arm64", "linux")["CMAKE_ARGS"], undefined);
  assert.equal(environment({ CMAKE_ARGS: "-DX=1" }, "x64", "linux")["CMAKE_ARGS"], "-DX=1");
  assert.equal(environment({ PYTHONPATH: "/elsewhere" })["PYTHONPATH"], undefined);
});
