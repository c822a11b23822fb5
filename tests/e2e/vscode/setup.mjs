// The server is found where it is, looked over, switched off and on, all without a setting of the user's.
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { readFile, symlink } from "node:fs/promises";
import path from "node:path";
import { eventually, step } from "./stage.mjs";

const FIRST_SIGN_MS = 90_000;
// Doctor tries the sandbox and the model.
const DOCTOR_MS = 120_000;

export async function setup(stage) {
  const settings = path.join(stage.project, ".vscode", "settings.json");
  await symlink(path.dirname(path.dirname(process.env.GENX_PYTHON)), path.join(stage.project, ".venv"));
  const editor = await stage.editor({});

  await step("the server is found in the workspace's .venv", async () => {
    await editor.openFile("shop/text.py");
    await editor.idle(FIRST_SIGN_MS);
  });

  await step("the menu of the status bar item checks the installation", async () => {
    await editor.statusMenu("Check the installation");
    await editor.page.locator(".tab", { hasText: "GenX Doctor" }).waitFor();
    const lines = editor.page.locator(".editor-group-container .view-line");
    await lines.filter({ hasText: /ok\s+sandbox/ }).first().waitFor({ timeout: DOCTOR_MS });
    await stage.shoot("doctor");
  });

  await step("off is off, and on again", async () => {
    await editor.command("GenX: Turn Off for This Workspace");
    await editor.status().filter({ hasText: "off" }).waitFor();
    assert.match(await readFile(settings, "utf8"), /"genx.onSave": "off"/);
    await editor.command("GenX: Turn On for This Workspace");
    await editor.idle();
    await eventually("the setting is gone", async () => {
      return !existsSync(settings) || !(await readFile(settings, "utf8")).includes("onSave");
    });
  });
}
