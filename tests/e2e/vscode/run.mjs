// Plays everything, one VS Code after another: node run.mjs --cache DIR --vsix FILE [--update-images] [PLAY...]
import { copyFile, mkdir, rm } from "node:fs/promises";
import path from "node:path";
import { parseArgs } from "node:util";
import { api } from "./api.mjs";
import { root, shots, Stage } from "./stage.mjs";
import { setup } from "./setup.mjs";
import { story } from "./story.mjs";
import { trust } from "./trust.mjs";

const PLAYS = { api: api(""), "api-1.100": api("-1.100"), trust, setup, story };
const IMAGES = ["lens", "hover", "actions", "fixed", "tests"];

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    cache: { type: "string" },
    vsix: { type: "string" },
    "update-images": { type: "boolean", default: false },
  },
});

// Interrupted, it still ends what it has started.
for (const signal of ["SIGINT", "SIGTERM"]) {
  process.once(signal, () => process.exit(130));
}

await rm(shots, { recursive: true, force: true });
let failed = 0;
for (const name of positionals.length > 0 ? positionals : Object.keys(PLAYS)) {
  const stage = await Stage.open(name, options);
  failed += (await stage.play(PLAYS[name])) ? 0 : 1;
}
if (failed === 0 && options["update-images"]) {
  const images = path.join(root, "docs", "images");
  await mkdir(images, { recursive: true });
  await Promise.all(IMAGES.map((name) => copyFile(path.join(shots, `${name}.png`), path.join(images, `${name}.png`))));
}
process.exitCode = failed === 0 ? 0 : 1;
