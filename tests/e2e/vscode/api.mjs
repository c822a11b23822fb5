// The suite in api/ runs inside the extension host of a VS Code: the newest, and the oldest that is tried.
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { eventually, root, step } from "./stage.mjs";

const SUITE_MS = 240_000;
const here = path.dirname(fileURLToPath(import.meta.url));

async function folder(stage, name, module, text, settings) {
  const at = path.join(stage.home, name);
  await mkdir(path.join(at, ".vscode"), { recursive: true });
  await writeFile(path.join(at, "pyproject.toml"), `[project]\nname = "${name}"\n`);
  await writeFile(path.join(at, module), text);
  await writeFile(path.join(at, ".vscode", "settings.json"), JSON.stringify(settings));
  return at;
}

export function api(version) {
  return async (stage) => {
    const script = path.join(root, "tests", "e2e", "protocol", "scripted_server.py");
    const server = await stage.program(`exec "${process.env.GENX_PYTHON}" "${script}" "${stage.home}" 2>>"${stage.serverLog}"`);
    const calc = "def kept(x):\n    return x\n\n\ndef step(x):\n    return x + 1\n";
    const one = await folder(stage, "one", "calc.py", calc, { "genx.scorer": "b4" });
    const two = await folder(stage, "two", "other.py", "def other(x):\n    return x + 1\n", {
      "genx.scorer": "codet",
      "genx.onSave": "off",
    });
    const workspace = path.join(stage.home, "both.code-workspace");
    await writeFile(workspace, JSON.stringify({ folders: [{ path: one }, { path: two }] }));
    const results = path.join(stage.home, "results.json");

    await step(`VS Code ${version.replace("-", "") || "(newest)"} runs the suite in its extension host`, async () => {
      const settings = { "genx.server.path": server, "files.autoSave": "off" };
      await stage.editor(settings, {
        version,
        open: workspace,
        environment: { GENX_API_HOME: stage.home },
        payload: (port) => {
          const remote = (...parts) => `vscode-remote://127.0.0.1:${port}${path.join(here, "api", ...parts)}`;
          return [
            ["extensionDevelopmentPath", remote()],
            ["extensionTestsPath", remote("index.js")],
          ];
        },
      });
      await eventually("the results", () => existsSync(results), SUITE_MS);
    });
    for (const { title, error } of JSON.parse(await readFile(results, "utf8"))) {
      await step(title, () => assert.equal(error, undefined, error));
    }
  };
}
