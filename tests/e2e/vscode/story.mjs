// The story: someone opens the example, changes a function, saves, sees what is wrong, repairs it and keeps tests.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { chmod, copyFile, cp, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs, promisify } from "node:util";
import { VsCode } from "./vscode.mjs";

const run = promisify(execFile);
const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "../../..");
const { values: options } = parseArgs({
  options: {
    cache: { type: "string" },
    vsix: { type: "string" },
    "update-images": { type: "boolean", default: false },
  },
});

// Without the first sign of life every later check would only time out.
const FIRST_SIGN_MS = 90_000;
// A cold model on a busy machine.
const FINDINGS_MS = 180_000;
const IMAGES = ["lens", "hover", "actions", "fixed", "tests"];

const shots = path.join(root, "build", "e2e");
const home = await mkdtemp(path.join(tmpdir(), "genx-e2e-"));
const project = path.join(home, "shop");
const text = path.join(project, "shop", "text.py");
const tests = path.join(project, "tests", "test_text.py");
const serverLog = path.join(home, "server.log");

/** The server as the extension starts it, with what it says on stderr kept for a run that fails. */
async function server() {
  const file = path.join(home, "genx-lsp");
  await writeFile(file, `#!/bin/sh\nexec "${process.env.GENX_PYTHON}" -m genx_lsp "$@" 2>>"${serverLog}"\n`);
  await chmod(file, 0o755);
  return file;
}

let steps = 0;
const started = Date.now();
async function step(title, body) {
  await body();
  steps += 1;
  console.log(`ok ${steps} - ${title} (${((Date.now() - started) / 1000).toFixed(1)} s)`);
}

async function eventually(what, check, limit = 20_000) {
  const end = Date.now() + limit;
  for (;;) {
    if (await check()) {
      return;
    }
    assert.ok(Date.now() < end, `${what}: not within ${limit / 1000} s`);
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

async function story(code) {
  const editor = await code.open(project);
  const shoot = (name) => editor.screenshot(path.join(shots, `${name}.png`));
  try {
    await step("the extension starts its server", async () => {
      await editor.openFile("shop/text.py");
      await editor.idle(FIRST_SIGN_MS);
    });

    await step("a changed function has a lens after saving", async () => {
      await editor.goTo(26, 27);
      await editor.type("the ");
      await editor.save();
      await editor.expect(editor.lens("GenX"), FIRST_SIGN_MS);
      await editor.expect(editor.lens(/\d+ test.*\d+ fix/), FINDINGS_MS);
      await editor.idle(FINDINGS_MS);
      await editor.goTo(15, 5);
      await shoot("lens");
    });

    await step("the bug is marked in the editor", async () => {
      await editor.page.locator(".squiggly-warning").first().waitFor();
    });

    await step("hovering shows the fixes and their evidence", async () => {
      await editor.pointAt("shorten", "def shorten");
      await editor.hover().filter({ hasText: "GenX" }).first().waitFor();
      const shown = (await editor.hover().allInnerTexts()).join("\n");
      assert.match(shown, /Fix 1/);
      assert.match(shown, /Red socks/);
      await shoot("hover");
      await editor.pointAway();
    });

    await step("Ctrl+. offers the fixes and the tests", async () => {
      await editor.goTo(15, 6);
      const titles = await editor.actions();
      assert.ok(titles.some((title) => title.includes("GenX: Apply fix")), titles.join("\n"));
      assert.ok(titles.some((title) => title.includes("GenX: Generate tests")), titles.join("\n"));
      await shoot("actions");
    });

    await step("applying the first fix repairs the function", async () => {
      await editor.takeAction("GenX: Apply fix");
      await editor.dirty();
      await editor.save();
      const repaired = await readFile(text, "utf8");
      assert.match(repaired, /if len\(text\) <= width:  # nothing to cut/);
      await editor.idle(FINDINGS_MS);
      await eventually("the mark goes", async () => (await editor.page.locator(".squiggly-warning").count()) === 0);
      await editor.expect(editor.lens(/\d+ test/), FINDINGS_MS);
      await editor.goTo(27, 8);
      await shoot("fixed");
    });

    await step("generated tests go into the project's own test file", async () => {
      const before = await readFile(tests, "utf8");
      await editor.goTo(15, 6);
      await editor.actions();
      await editor.takeAction("GenX: Generate tests");
      await editor.page.locator(".tab", { hasText: "test_text.py" }).waitFor();
      await editor.saveAll();
      await eventually("the tests are on disk", async () => (await readFile(tests, "utf8")) !== before);
      const after = await readFile(tests, "utf8");
      assert.ok(after.startsWith(before.trimEnd().slice(0, 40)), "what was there stays");
      await shoot("tests");
    });

    await step("the project's tests pass, outside the editor", async () => {
      const pytest = run(process.env.GENX_PYTHON, ["-m", "pytest", "-q", "-p", "no:cacheprovider"], { cwd: project });
      await pytest.catch((error) => assert.fail(error.stdout));
    });
  } catch (error) {
    await shoot("failed");
    throw error;
  }
}

await rm(shots, { recursive: true, force: true });
await mkdir(shots, { recursive: true });
await cp(path.join(root, "examples", "shop"), project, {
  recursive: true,
  filter: (file) => !/__pycache__|\.pytest_cache/.test(file),
});
const code = new VsCode({
  cache: options.cache,
  chromium: process.env.CHROMIUM,
  home,
  settings: { "genx.server.path": await server(), "genx.interpreter": process.env.GENX_PYTHON },
});
try {
  await code.start(options.vsix);
  await story(code);
  if (options["update-images"]) {
    const images = path.join(root, "docs", "images");
    await mkdir(images, { recursive: true });
    await Promise.all(IMAGES.map((name) => copyFile(path.join(shots, `${name}.png`), path.join(images, `${name}.png`))));
  }
} catch (error) {
  console.error(`not ok ${steps + 1} - ${error.stack ?? error}`);
  console.error(`\nThe server's log:\n${await readFile(serverLog, "utf8").catch(() => "(none)")}`);
  console.error(`\nThe editor's log:\n${code.log.slice(-4000)}`);
  process.exitCode = 1;
} finally {
  await code.close();
  await rm(home, { recursive: true, force: true });
}
