// Plays everything, one VS Code after another: node run.mjs --cache DIR --vsix FILE [--again] [--update-images] [PLAY...]
import { copyFile, mkdir, rm } from "node:fs/promises";
import path from "node:path";
import { parseArgs } from "node:util";
import { api, selected, virtual } from "./api.mjs";
import { evidence } from "./evidence.mjs";
import { explorer } from "./explorer.mjs";
import { privateEnvironment } from "./private.mjs";
import { root, shots, Stage } from "./stage.mjs";
import { setup } from "./setup.mjs";
import { story } from "./story.mjs";
import { trust } from "./trust.mjs";

const PLAYS = {
  api: api(""),
  "api-1.100": api("-1.100"),
  selected: selected("vscode-python-envs", ""),
  "selected-1.100": selected("python", "-1.100"),
  virtual,
  trust,
  setup,
  private: privateEnvironment,
  evidence,
  explorer,
  story,
};
// The moments of the story that the documentation shows, and those that the walkthrough does.
const IMAGES = ["lens", "hover", "actions", "preview", "evidence", "explorer", "tests"];
const WALKTHROUGH = ["setup", "lens", "hover", "preview", "evidence", "tests"];

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    cache: { type: "string" },
    vsix: { type: "string" },
    // Play what failed a second time: on a machine that others use as well, a browser may be late.
    again: { type: "boolean", default: false },
    "update-images": { type: "boolean", default: false },
  },
});

// Interrupted, it still ends what it has started.
for (const signal of ["SIGINT", "SIGTERM"]) {
  process.once(signal, () => process.exit(130));
}

/** Whether a VS Code can be had here at all; a container may refuse the browser, whatever we do. */
async function canStart() {
  const stage = await Stage.open("empty", options);
  try {
    await stage.editor({});
    return true;
  } catch (error) {
    console.log(`SKIPPED the VS Code tests: VS Code does not start here: ${error.message.split("\n")[0]}`);
    return false;
  } finally {
    await stage.close();
  }
}

const play = async (name) => (await Stage.open(name, options)).play(PLAYS[name]);

if (!(await canStart())) {
  process.exit(process.env.GENX_E2E_REQUIRED ? 1 : 0);
}
await rm(shots, { recursive: true, force: true });
let failed = 0;
for (const name of positionals.length > 0 ? positionals : Object.keys(PLAYS)) {
  let well = await play(name);
  if (!well && options.again) {
    console.error(`\n${name} has failed, and is played once more.`);
    well = await play(name);
  }
  failed += well ? 0 : 1;
}
if (failed === 0 && options["update-images"]) {
  const images = path.join(root, "docs", "images");
  await mkdir(images, { recursive: true });
  await mkdir(path.join(root, "editors", "vscode", "walkthrough"), { recursive: true });
  const take = (names, folder) =>
    Promise.all(names.map((name) => copyFile(path.join(shots, `${name}.png`), path.join(folder, `${name}.png`))));
  await take(IMAGES, images);
  await take(WALKTHROUGH, path.join(root, "editors", "vscode", "walkthrough"));
}
process.exitCode = failed === 0 ? 0 : 1;
