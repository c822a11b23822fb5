// Candidate tests that do not pass, one that is dismissed, and those that are kept: all with the mouse and the keyboard.
// The server is the real one, its engine follows a script: one test of a broken function fails, the other never ends.
import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { eventually, root, step } from "./stage.mjs";

const FIRST_SIGN_MS = 90_000;
const RESULT_MS = 60_000;

export async function explorer(stage) {
  const script = path.join(root, "tests", "e2e", "protocol", "scripted_server.py");
  const server = await stage.program(`exec "${process.env.GENX_PYTHON}" "${script}" "${stage.home}" 2>>"${stage.serverLog}"`);
  const calc = path.join(stage.project, "calc.py");
  await writeFile(calc, "def step(x):\n    return x + 1\n");
  const editor = await stage.editor({ "genx.server.path": server });
  const rows = editor.page.locator(".test-explorer .monaco-list-row");
  const row = (text, icon) =>
    rows.filter({ hasText: text }).filter({ has: editor.page.locator(`.computed-state.codicon-testing-${icon}-icon`) });
  const unfold = (text, sign) =>
    editor.gesture(async () => {
      const folded = rows.filter({ hasText: text }).first();
      if ((await folded.getAttribute("aria-expanded")) === "false") {
        await folded.locator(".monaco-tl-twistie").click();
      }
    }, sign);

  await step("a broken function has its candidates in the Test Explorer", async () => {
    await editor.openFile("calc.py");
    await editor.idle(FIRST_SIGN_MS);
    await stage.goTo(calc, "+ 1");
    await editor.keyboard.press("Delete");
    await editor.type("-");
    await editor.save();
    await editor.expect(editor.lens("GenX: 2 tests · 1 fix · suspected bug"), RESULT_MS);
    await editor.command("Testing: Focus on Test Explorer View");
    await rows.filter({ hasText: "calc.py" }).first().waitFor();
  });

  await step("each has a result of its own, with what the code did", async () => {
    await editor.gesture(() => editor.command("Test: Run All Tests"), row("calc.py", "error"));
    await unfold("calc.py", rows.filter({ hasText: "step" }));
    await unfold("step", row("step(1) == 2", "failed"));
    await row("step(2) == 2", "error").waitFor();
    await editor.page.locator(".test-output-peek-tree, .test-output-peek").filter({ hasText: "returned 0" }).first().waitFor();
    await stage.shoot("failed-candidates");
  });

  await step("a fix that is dismissed as not useful is offered no more", async () => {
    await stage.goTo(calc, "step(x)");
    const input = editor.page.locator(".quick-input-widget:visible input");
    await editor.takeAction("GenX: Dismiss…", input);
    await input.fill("Not useful");
    await editor.page.locator(".quick-input-widget:visible .monaco-list-row.focused", { hasText: "Not useful" }).waitFor();
    await editor.page.waitForTimeout(400);
    await editor.keyboard.press("Enter");
    await editor.expect(editor.lens(/^GenX: 2 tests · suspected bug$/), RESULT_MS);
  });

  await step("the plus sign at a function writes its tests", async () => {
    const tests = path.join(stage.project, "tests", "test_calc.py");
    const button = editor.page.locator(".test-explorer .action-label[aria-label*='Write These Tests']");
    await editor.command("Testing: Focus on Test Explorer View");
    await editor.gesture(async () => {
      await rows.filter({ hasText: /^\s*step/ }).first().hover();
      await button.first().click({ timeout: 5_000 });
    }, editor.tab("test_calc.py"));
    await editor.saveAll();
    await eventually("the tests are on disk", async () => /def test_step/.test(await readFile(tests, "utf8").catch(() => "")));
    assert.match(await readFile(calc, "utf8"), /x - 1/, "the code is as it was");
  });
}
