// In a workspace that nobody has trusted, nothing of ours may run; and where no server is, the user is told.
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import path from "node:path";
import { eventually, step } from "./stage.mjs";

const FIRST_SIGN_MS = 90_000;

export async function trust(stage) {
  const ran = path.join(stage.home, "it-ran");
  const editor = await stage.editor({
    "genx.server.path": await stage.program(`touch "${ran}"\nexit 1`),
    "security.workspace.trust.enabled": true,
    "security.workspace.trust.startupPrompt": "never",
    "security.workspace.trust.banner": "never",
  });

  await step("without trust GenX is off and says why", async () => {
    await editor.openFile("shop/text.py");
    await editor.status().filter({ hasText: "off" }).waitFor({ timeout: FIRST_SIGN_MS });
    assert.match(await editor.status().first().getAttribute("aria-label"), /until you trust this workspace/);
  });

  await step("saving there runs nothing", async () => {
    await stage.goTo(path.join(stage.project, "shop", "text.py"), "width must");
    await editor.type("the ");
    await editor.save();
    await editor.page.waitForTimeout(2_000);
    assert.equal(existsSync(ran), false);
  });

  await step("trusting the workspace starts the server", async () => {
    await editor.command("Workspaces: Manage Workspace Trust");
    await editor.page.locator(".workspace-trust-editor .monaco-button:visible", { hasText: /^Trust/ }).first().click();
    await eventually("the server is started", () => existsSync(ran), FIRST_SIGN_MS);
  });

  await step("a server that cannot start is told of, with ways out", async () => {
    await editor.status().filter({ hasText: "problem" }).waitFor({ timeout: FIRST_SIGN_MS });
    const toast = editor.page.locator(".notification-toast", { hasText: "GenX" });
    await toast.first().waitFor();
    assert.match(await toast.first().innerText(), /Open Docs/);
  });
}
