// Someone opens the example, changes a function, saves, sees what is wrong, repairs it and keeps the tests.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { promisify } from "node:util";
import { eventually, step } from "./stage.mjs";

const run = promisify(execFile);

// Without the first sign of life every later check would only time out.
const FIRST_SIGN_MS = 90_000;
// A cold model on a busy machine.
const FINDINGS_MS = 180_000;
// What the lens says once the work is done.
const FOUND = /\d+ tests?.*\d+ fix.*suspected bug\s*$/;

export async function story(stage) {
  const text = path.join(stage.project, "shop", "text.py");
  const tests = path.join(stage.project, "tests", "test_text.py");
  const editor = await stage.editor({
    "genx.server.path": await stage.server(),
    "genx.interpreter": process.env.GENX_PYTHON,
    // A busy machine may take its time.
    "genx.generation.seconds": 60,
  });
  const marks = editor.page.locator(".squiggly-warning");

  await step("the extension starts its server", async () => {
    await editor.openFile("shop/text.py");
    await editor.idle(FIRST_SIGN_MS);
  });

  await step("a changed function has a lens after saving", async () => {
    await stage.goTo(text, "width must");
    await editor.type("the ");
    await editor.save();
    await editor.expect(editor.lens("GenX"), FIRST_SIGN_MS);
    await editor.expect(editor.lens(FOUND), FINDINGS_MS);
    await stage.goTo(text, "shorten");
    await stage.shoot("lens");
  });

  await step("the bug is marked in the editor", async () => {
    await marks.first().waitFor();
  });

  await step("hovering shows the fixes and their evidence", async () => {
    await editor.pointAt("shorten", "def shorten");
    await editor.hover().filter({ hasText: "GenX" }).first().waitFor();
    const shown = (await editor.hover().allInnerTexts()).join("\n");
    assert.match(shown, /Fix 1/);
    assert.match(shown, /Red socks/);
    await stage.shoot("hover");
    await editor.pointAway();
  });

  await step("the report opens beside the code", async () => {
    await editor.command("GenX: Show Report");
    const page = await editor.webview("GenX Report");
    await page.getByText("shorten").first().waitFor();
    await stage.shoot("report");
    await editor.closeTab("GenX Report");
  });

  await step("a click on the lens opens the menu of fixes and tests", async () => {
    await editor.lens(FOUND).first().click();
    const titles = await editor.menu();
    assert.ok(titles.some((title) => title.includes("GenX: Generate tests")), titles.join("\n"));
    await editor.closeMenus();
  });

  await step("Ctrl+. offers the fixes and the tests", async () => {
    await stage.goTo(text, "shorten");
    const titles = await editor.actions();
    assert.ok(titles.some((title) => title.includes("GenX: Apply fix")), titles.join("\n"));
    assert.ok(titles.some((title) => title.includes("GenX: Generate tests")), titles.join("\n"));
    await stage.shoot("actions");
  });

  await step("applying the first fix repairs the function", async () => {
    await editor.takeAction("GenX: Apply fix");
    await editor.dirty();
    await editor.save();
    // Whichever of the right repairs it was.
    const repaired = await readFile(text, "utf8");
    assert.match(repaired, /"the width must be at least 1"/);
    assert.doesNotMatch(repaired, /if len\(text\) < width:/);
    await run(process.env.GENX_PYTHON, ["-m", "doctest", text]);
    await eventually("the mark goes", async () => (await marks.count()) === 0);
    await editor.expect(editor.lens(/\d+ tests?\s*$/), FINDINGS_MS);
    await stage.goTo(text, "len(text)");
    await stage.shoot("fixed");
  });

  await step("generated tests go into the project's own test file", async () => {
    const before = await readFile(tests, "utf8");
    await stage.goTo(text, "shorten");
    await editor.actions();
    await editor.takeAction("GenX: Generate tests");
    await editor.page.locator(".tab", { hasText: "test_text.py" }).waitFor();
    await editor.saveAll();
    await eventually("the tests are on disk", async () => (await readFile(tests, "utf8")) !== before);
    const after = await readFile(tests, "utf8");
    for (const line of before.split("\n").filter((one) => one.startsWith("def "))) {
      assert.ok(after.includes(line), `${line} is gone`);
    }
    await stage.shoot("tests");
  });

  await step("the project's tests pass, outside the editor", async () => {
    const pytest = run(process.env.GENX_PYTHON, ["-m", "pytest", "-q", "-p", "no:cacheprovider"], {
      cwd: stage.project,
    });
    await pytest.catch((error) => assert.fail(error.stdout));
  });
}
