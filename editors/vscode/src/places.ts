/** Looks for the server on this machine: the places in order, and what each of them holds. */

import { execFile } from "node:child_process";
import { constants } from "node:fs";
import { access } from "node:fs/promises";
import * as os from "node:os";
import * as path from "node:path";
import * as vscode from "vscode";
import { pythonOf, type PrivateEnvironment } from "./environment";
import type { SelectedInterpreter } from "./python";
import { expandPath, onPath, placeOf, type Place, type Probe } from "./search";

// A cold Python on a slow disk may take seconds; longer than this is a hang.
const PROBE_TIMEOUT_MS = 20_000;

const PROBE =
  "import sys\n" +
  "if sys.version_info < (3, 10): sys.exit(3)\n" +
  "from importlib.util import find_spec\n" +
  "sys.exit(0 if find_spec('genx_lsp') else 4)\n";

/** The places for one folder. A place that the user has set ends the search: no other is asked instead. */
export async function* placesFor(
  folder: vscode.WorkspaceFolder | undefined,
  selected: SelectedInterpreter,
  own: PrivateEnvironment,
): AsyncGenerator<Place> {
  const settings = vscode.workspace.getConfiguration("genx", folder);
  const root = folder?.uri.fsPath;
  const server = expandPath(settings.get("server.path", ""), os.homedir(), root);
  if (server !== "") {
    for (const file of await existing(server)) {
      yield placeOf("genx.server.path", file);
    }
    return;
  }
  // The interpreter runs the user's code and need not have the server, so the search goes on after it.
  const interpreter = expandPath(settings.get("interpreter", ""), os.homedir(), root);
  if (interpreter !== "") {
    yield { origin: "genx.interpreter", file: interpreter, kind: "python" };
  }
  const active = await selected.path(folder?.uri);
  if (active !== undefined) {
    yield { origin: "selected environment", file: active, kind: "python" };
  }
  for (const file of await workspacePythons(root)) {
    yield { origin: ".venv", file, kind: "python" };
  }
  for (const file of onPath("genx-lsp", process.env["PATH"] ?? "")) {
    if (await isExecutable(file)) {
      yield placeOf("PATH", file);
    }
  }
  if (own.exists) {
    yield { origin: "its own environment", file: own.python, kind: "python" };
  }
}

/** The Pythons that the user has shown us, for making an environment with. Those of PATH come after them. */
export async function* basePythons(selected: SelectedInterpreter): AsyncGenerator<string> {
  for (const folder of vscode.workspace.workspaceFolders ?? [undefined]) {
    const root = folder?.uri.fsPath;
    const written = vscode.workspace.getConfiguration("genx", folder).get("interpreter", "");
    const interpreter = expandPath(written, os.homedir(), root);
    if (interpreter !== "") {
      yield interpreter;
    }
    const active = await selected.path(folder?.uri);
    if (active !== undefined) {
      yield active;
    }
    yield* await workspacePythons(root);
  }
}

async function workspacePythons(root: string | undefined): Promise<string[]> {
  const found: string[] = [];
  for (const name of root === undefined ? [] : [".venv", "venv"]) {
    const file = pythonOf(path.join(root ?? "", name));
    if (await isExecutable(file)) {
      found.push(file);
    }
  }
  return found;
}

/** Asks a place whether it has the server. Runs it from `cwd`, so nothing in the workspace is imported. */
export async function probe(place: Place, cwd: string): Promise<Probe> {
  if (place.kind === "program") {
    return (await isExecutable(place.file)) ? "ready" : "missing";
  }
  return new Promise((resolve) => {
    execFile(place.file, ["-c", PROBE], { cwd, timeout: PROBE_TIMEOUT_MS }, (error) => {
      if (error === null) {
        resolve("ready");
      } else if (error.code === 4) {
        resolve("missing");
      } else {
        resolve(error.code === 3 ? "too old" : "broken");
      }
    });
  });
}

/** A name without a slash is looked up on PATH; a path stands for itself, so that a wrong one is reported. */
async function existing(file: string): Promise<string[]> {
  if (/[\\/]/.test(file)) {
    return [file];
  }
  for (const candidate of onPath(file, process.env["PATH"] ?? "")) {
    if (await isExecutable(candidate)) {
      return [candidate];
    }
  }
  return [file];
}

async function isExecutable(file: string): Promise<boolean> {
  try {
    await access(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
