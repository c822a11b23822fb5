// Someone opens the example, breaks a function, saves, sees what is wrong and why, repairs it, and keeps the tests.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFile, symlink } from "node:fs/promises";
import path from "node:path";
import { promisify } from "node:util";
import { eventually, step } from "./stage.mjs";

const run = promisify(execFile);

// Without the first sign of life every later check would only time out.
const FIRST_SIGN_MS = 90_000;
// A cold model on a busy machine.
const FINDINGS_MS = 180_000;
// What the lens says once the work is done.
const FOUND = /\d+ fix.*suspected bug\s*$/;

export async function story(stage) {
  const pricing = path.join(stage.project, "shop", "pricing.py");
  const tests = path.join(stage.project, "tests", "test_pricing.py");
  const saved = await readFile(pricing, "utf8");
  // The project's own environment has the server, as after `pip install genx-lsp`; nothing is set.
  await symlink(path.dirname(path.dirname(process.env.GENX_PYTHON)), path.join(stage.project, ".venv"));
  const editor = await stage.editor({});
  const marks = editor.page.locator(".squiggly-warning");
  const clickLens = () => editor.lens(FOUND).first().click();

  await step("the extension finds its server and starts it", async () => {
    await editor.openFile("shop/pricing.py");
    await editor.idle(FIRST_SIGN_MS);
    await editor.page.waitForTimeout(1_000);
    assert.deepEqual(await editor.page.locator(".notification-toast", { hasText: "GenX" }).allInnerTexts(), []);
  });

  await step("a broken function has a lens after saving, and the bug is marked", async () => {
    await stage.goTo(pricing, "- percent) / 100");
    await editor.keyboard.press("Delete");
    await editor.type("+");
    await editor.save();
    await editor.expect(editor.lens("GenX"), FIRST_SIGN_MS);
    await editor.expect(editor.lens(FOUND), FINDINGS_MS);
    await editor.idle(FINDINGS_MS);
    await marks.first().waitFor();
    await stage.shoot("lens");
  });

  await step("hovering shows the counter-example and the ranked fixes with their evidence", async () => {
    await editor.pointAt("discounted", "def discounted", "GenX");
    const shown = (await editor.hover().allInnerTexts()).join("\n");
    assert.match(shown, /discounted\(80\.0, 25\)\s+gives 100\.0 instead of 60\.0/);
    assert.match(shown, /Fix 1/);
    assert.match(shown, /passes \d+ of \d+, current code \d+/);
    await stage.shoot("hover");
    await editor.pointAway();
  });

  await step("a click on the lens opens the menu of fixes and tests", async () => {
    const titles = await editor.actions(clickLens);
    for (const wanted of ["GenX: Apply fix", "GenX: Generate tests", "GenX: Dismiss…", "GenX: Why?"]) {
      assert.ok(titles.some((title) => title.includes(wanted)), `${wanted}:\n${titles.join("\n")}`);
    }
    await stage.shoot("actions");
  });

  await step("why? opens the evidence at that function", async () => {
    await editor.keyboard.press("Escape");
    await editor.takeAction("GenX: Why?", editor.tab("GenX Report"), clickLens);
    await editor.command("View: Toggle Primary Side Bar Visibility");
    const page = await editor.webview("GenX Report");
    await page.getByRole("heading", { name: "discounted" }).waitFor();
    await page.getByRole("heading", { name: "Who agrees with whom" }).waitFor();
    const cells = page.getByRole("table", { name: /Every program on every test/ });
    await cells.waitFor();
    assert.match(await cells.innerText(), /✗/);
    await page.getByRole("heading", { name: "Who agrees with whom" }).scrollIntoViewIfNeeded();
    await stage.shoot("evidence");
    await editor.closeTab("GenX Report");
    await editor.command("View: Toggle Primary Side Bar Visibility");
  });

  await step("a fix is shown as a diff before it is applied", async () => {
    await stage.goTo(pricing, "discounted(price: float");
    await editor.takeAction("GenX: Apply fix", editor.diff());
    await editor.page.waitForTimeout(1_000);
    assert.doesNotMatch(await readFile(pricing, "utf8"), /100 - percent/);
    await stage.shoot("preview");
    await editor.acceptPreview();
    await editor.dirty();
    await editor.save();
    assert.equal(await readFile(pricing, "utf8"), saved);
    await eventually("the mark goes", async () => (await marks.count()) === 0);
    await editor.expect(editor.lens(/\d+ tests?\s*$/), FINDINGS_MS);
    await editor.idle(FINDINGS_MS);
  });

  await step("the candidate tests run green in the Test Explorer", async () => {
    await editor.command("Testing: Focus on Test Explorer View");
    await editor.command("Test: Run All Tests");
    await editor.page.locator(".test-explorer .monaco-list-row .computed-state.codicon-testing-passed-icon").first().waitFor();
    await editor.page.locator(".test-explorer .monaco-list-row", { hasText: "pricing.py" }).first().click();
    for (const key of ["ArrowRight", "ArrowDown", "ArrowRight"]) {
      await editor.keyboard.press(key);
    }
    await editor.page.locator(".test-explorer .monaco-list-row", { hasText: "discounted(" }).first().waitFor();
    const states = editor.page.locator(".test-explorer .monaco-list-row .computed-state");
    assert.ok((await states.count()) >= 2);
    assert.equal(await editor.page.locator(".test-explorer .codicon-testing-failed-icon").count(), 0);
    await stage.shoot("explorer");
  });

  await step("generated tests go into the project's own test file, beside the code", async () => {
    const before = await readFile(tests, "utf8");
    await editor.command("View: Show Explorer");
    await editor.openFile("shop/pricing.py");
    await stage.goTo(pricing, "discounted(price: float");
    await editor.takeAction("GenX: Generate tests", editor.tab("test_pricing.py"));
    await editor.page.locator(".selected-text").first().waitFor();
    await stage.shoot("tests");
    await editor.saveAll();
    await eventually("the tests are on disk", async () => (await readFile(tests, "utf8")) !== before);
    const after = await readFile(tests, "utf8");
    for (const line of before.split("\n").filter((one) => one.startsWith("def "))) {
      assert.ok(after.includes(line), `${line} is gone`);
    }
  });

  await step("the project's tests pass, outside the editor", async () => {
    const pytest = run(process.env.GENX_PYTHON, ["-m", "pytest", "-q", "-p", "no:cacheprovider"], {
      cwd: stage.project,
    });
    await pytest.catch((error) => assert.fail(error.stdout));
  });
}
