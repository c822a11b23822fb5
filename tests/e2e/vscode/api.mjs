// Suites that run inside the extension host of a VS Code: the newest, and the oldest that is tried.
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { chmod, cp, mkdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { eventually, root, step } from "./stage.mjs";

const SUITE_MS = 480_000;
const here = path.dirname(fileURLToPath(import.meta.url));
const scripted = path.join(root, "tests", "e2e", "protocol", "scripted_server.py");

async function folder(stage, name, module, text, settings = {}) {
  const at = path.join(stage.home, name);
  await mkdir(path.join(at, ".vscode"), { recursive: true });
  await writeFile(path.join(at, "pyproject.toml"), `[project]\nname = "${name}"\n`);
  await writeFile(path.join(at, module), text);
  await writeFile(path.join(at, ".vscode", "settings.json"), JSON.stringify(settings));
  return at;
}

/** A workspace of several folders: paths, or addresses of what lies on no disk. */
async function workspace(stage, ...folders) {
  const file = path.join(stage.home, "both.code-workspace");
  const entries = folders.map((one) => (one.includes("://") ? { uri: one } : { path: one }));
  await writeFile(file, JSON.stringify({ folders: entries }));
  return file;
}

/** Plays the tests of an extension that is made for it; every one of them is a step. */
async function suite(stage, extension, { version, open, settings = {}, environment = {} }) {
  const results = path.join(stage.home, "results.json");
  await step(`VS Code ${version.replace("-", "") || "(newest)"} runs the suite in its extension host`, async () => {
    await stage.editor(
      { "files.autoSave": "off", ...settings },
      {
        version,
        open,
        environment: { GENX_API_HOME: stage.home, ...environment },
        payload: (port) => {
          const remote = (...parts) => `vscode-remote://127.0.0.1:${port}${path.join(extension, ...parts)}`;
          return [
            ["extensionDevelopmentPath", remote()],
            ["extensionTestsPath", remote("index.js")],
          ];
        },
      },
    );
    await eventually("the results", () => existsSync(results), SUITE_MS);
  });
  for (const { title, error } of JSON.parse(await readFile(results, "utf8"))) {
    await step(title, () => assert.equal(error, undefined, error));
  }
}

/** An extension of one of the folders here, under the name that others know it by. */
async function extensionOf(stage, name, manifest) {
  const at = path.join(stage.home, "extension");
  await cp(path.join(here, name), at, { recursive: true });
  await cp(path.join(here, "api", "index.js"), path.join(at, "index.js"));
  await cp(path.join(here, "api", "look.js"), path.join(at, "look.js"));
  const whole = { version: "9.9.9", engines: { vscode: "^1.91.0" }, main: "extension.js", extensionKind: ["workspace"] };
  await writeFile(path.join(at, "package.json"), JSON.stringify({ ...whole, ...manifest }));
  return at;
}

/** What the editor's API shows of GenX. */
export function api(version) {
  return async (stage) => {
    const server = await stage.program(`exec "${process.env.GENX_PYTHON}" "${scripted}" "${stage.home}" 2>>"${stage.serverLog}"`);
    const calc = "def kept(x):\n    return x\n\n\ndef step(x):\n    return x + 1\n";
    const one = await folder(stage, "one", "calc.py", calc, { "genx.scorer": "b4" });
    const two = await folder(stage, "two", "other.py", "def other(x):\n    return x + 1\n", {
      "genx.scorer": "codet",
      "genx.onSave": "off",
    });
    await suite(stage, path.join(here, "api"), {
      version,
      open: await workspace(stage, one, two),
      settings: { "genx.server.path": server },
    });
    await step("and the server has put nothing into the output channel", async () => {
      // What the script prints shows that stray output would end up there.
      const lines = (await readFile(stage.serverLog, "utf8")).trim().split("\n");
      assert.deepEqual(lines.filter((line) => !line.startsWith("A stray print")), []);
      assert.ok(lines.length > 0);
    });
  };
}

/** Something that stands for a Python: it tells that it was started, and has the server or has not. */
async function python(stage, file, { has = true } = {}) {
  await mkdir(path.dirname(file), { recursive: true });
  const name = path.relative(stage.home, file);
  const serve = `echo "${name}" >> "${stage.home}/started.log"\n  exec "$real" "${scripted}" "${stage.home}" 2>>"${stage.serverLog}"`;
  const lines = [
    "#!/bin/sh",
    `real="${process.env.GENX_PYTHON}"`,
    'case "$*" in',
    `*serve*)\n  ${serve};;`,
    `*) ${has ? 'exec "$real" "$@"' : "exit 4"};;`,
    "esac",
  ];
  await writeFile(file, `${lines.join("\n")}\n`);
  await chmod(file, 0o755);
  return file;
}

/** Which Python runs the server, and which one the code, as the extension for Python of this name has it. */
export function selected(name, version) {
  return async (stage) => {
    const step = "def step(x):\n    return x + 1\n";
    const one = await folder(stage, "one", "calc.py", step);
    const two = await folder(stage, "two", "calc.py", step);
    await python(stage, path.join(one, ".venv", "bin", "python"));
    for (const which of ["chosen", "other", "set"]) {
      await python(stage, path.join(stage.home, which, "bin", "python"));
    }
    await python(stage, path.join(stage.home, "bare", "bin", "python"), { has: false });
    await python(stage, path.join(stage.home, "program", "genx-lsp"));
    const manifest = { name, publisher: "ms-python", description: `Stands for ms-python.${name}.` };
    await suite(stage, await extensionOf(stage, "selected", manifest), {
      version,
      open: await workspace(stage, one, two),
      // As started from a terminal: else the PATH of a login shell would take the place of this one.
      environment: { PATH: [path.join(stage.home, "program"), process.env.PATH].join(path.delimiter), VSCODE_CLI: "1" },
    });
  };
}

/** A workspace that is on no disk. */
export async function virtual(stage) {
  const manifest = {
    name: "somewhere",
    publisher: "genx-lsp",
    description: "Files that are on no disk.",
    activationEvents: ["onFileSystem:somewhere"],
    capabilities: { virtualWorkspaces: true },
  };
  const server = await stage.program(`touch "${stage.home}/it-ran"\nexit 1`);
  await suite(stage, await extensionOf(stage, "virtual", manifest), {
    version: "",
    open: await workspace(stage, "somewhere://else/project"),
    settings: { "genx.server.path": server },
  });
}
