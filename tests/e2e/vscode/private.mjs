// Nobody has installed anything: the extension offers its server an environment of its own, once, and makes it.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { homedir } from "node:os";
import path from "node:path";
import { eventually, step } from "./stage.mjs";

const FIRST_SIGN_MS = 90_000;
// pip fetches some forty packages; llama.cpp comes from the cache that `make setup` keeps, or is compiled.
const CREATED_MS = 900_000;

/** The wheels of llama.cpp that were built on this machine, so that it is not compiled again. */
function builtWheels() {
  const cache = path.join(process.env.XDG_CACHE_HOME ?? path.join(homedir(), ".cache"), "genx-lsp", "wheels");
  const folders = existsSync(cache) ? readdirSync(cache, { withFileTypes: true }) : [];
  return folders.filter((one) => one.isDirectory()).map((one) => path.join(cache, one.name));
}

export async function privateEnvironment(stage) {
  // The Python that ours was made from, and nothing of ours.
  const base = execFileSync(process.env.GENX_PYTHON, ["-c", "import sys; print(sys.base_prefix)"], { encoding: "utf8" });
  const storage = path.join(stage.home, "vscode", "user-data", "User", "globalStorage", "genx-lsp.genx-lsp");
  const editor = await stage.editor(
    {},
    {
      environment: {
        PATH: [path.join(base.trim(), "bin"), "/usr/local/bin", "/usr/bin", "/bin"].join(":"),
        PIP_FIND_LINKS: builtWheels().join(" "),
      },
    },
  );
  const toast = editor.page.locator(".notification-toast", { hasText: "GenX needs its server" });

  await step("where no Python has the server, an environment of its own is offered", async () => {
    await editor.openFile("shop/text.py");
    await toast.waitFor({ timeout: FIRST_SIGN_MS });
    assert.match(await toast.innerText(), /nothing in your projects changes/);
    await stage.shoot("setup");
  });

  await step("who closes the offer is not asked again", async () => {
    await toast.hover();
    await toast.locator(".codicon-notifications-clear, .codicon-close").first().click();
    await toast.waitFor({ state: "detached" });
    await editor.page.reload();
    await editor.page.locator(".monaco-workbench .part.editor").waitFor({ timeout: FIRST_SIGN_MS });
    await editor.openFile("shop/text.py");
    await editor.status().filter({ hasText: "problem" }).waitFor({ timeout: FIRST_SIGN_MS });
    await editor.page.waitForTimeout(1_000);
    assert.equal(await toast.count(), 0);
  });

  await step("the menu of the status bar item still makes it, with progress", async () => {
    await editor.statusMenu("Set up the server in an environment of its own");
    const progress = editor.page.locator(".notification-toast", { hasText: /GenX: (making|installing|compiling)/ });
    await progress.first().waitFor({ timeout: FIRST_SIGN_MS });
    await eventually("the environment", () => existsSync(storage) && readdirSync(storage).some(isWhole(storage)), CREATED_MS);
  });

  await step("and the server runs from there", async () => {
    await editor.status().filter({ hasText: /^\s*GenX\s*$/ }).waitFor({ timeout: FIRST_SIGN_MS });
  });
}

function isWhole(storage) {
  return (name) => name.startsWith("server-") && existsSync(path.join(storage, name, "genx-environment.json"));
}
