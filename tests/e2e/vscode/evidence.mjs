// The evidence panel as it is for people who see it in their own colours, work by keyboard, or have it read to them.
import assert from "node:assert/strict";
import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { eventually, step } from "./stage.mjs";

const FIRST_SIGN_MS = 90_000;
const FINDINGS_MS = 180_000;
const FOUND = /\d+ fix.*suspected bug\s*$/;
const THEME_MS = 60_000;
// The example's docstring and small changes of the code are enough to find the bug; no model is asked.
const QUICK = { "genx.generation.tests": 0, "genx.generation.infills": 0, "genx.generation.rewrites": 0 };

export async function evidence(stage) {
  const pricing = path.join(stage.project, "shop", "pricing.py");
  const editor = await stage.editor({ "genx.server.path": await stage.server(), ...QUICK });

  await step("the language status of a Python file says how GenX is", async () => {
    await editor.openFile("shop/pricing.py");
    await editor.idle(FIRST_SIGN_MS);
    const item = editor.page.locator("[id='status.languageStatus']");
    await editor.gesture(async () => {
      await editor.page.mouse.move(5, 300);
      await item.hover();
    }, editor.page.locator(".monaco-hover .element", { hasText: "GenX" }));
    await editor.keyboard.press("Escape");
    await editor.page.mouse.move(5, 300);
  });

  await step("the report opens in a panel beside the code", async () => {
    await stage.goTo(pricing, "- percent) / 100");
    await editor.keyboard.press("Delete");
    await editor.type("+");
    await editor.save();
    await editor.expect(editor.lens(FOUND), FINDINGS_MS);
    await editor.idle(FINDINGS_MS);
    await editor.command("GenX: Show Report");
    await editor.tab("GenX Report").waitFor();
  });

  const page = await editor.webview("GenX Report");
  const matrix = page.getByRole("table", { name: "Every program on every test" });
  const region = page.getByRole("region", { name: "Pass matrix of discounted" });
  const summary = page.locator("summary", { hasText: "Pass matrix" });
  const isFocused = (locator) => locator.evaluate((element) => element === element.ownerDocument.activeElement);

  await step("it works by keyboard: what is folded opens, what is wide can be scrolled, and the place is seen", async () => {
    await page.getByRole("heading", { name: "discounted" }).waitFor();
    const details = page.locator("details", { has: page.locator("table.matrix") });
    const isOpen = async () => (await details.getAttribute("open")) !== null;
    await summary.focus();
    const before = await isOpen();
    await editor.keyboard.press("Enter");
    await eventually("folded or unfolded", async () => (await isOpen()) !== before);
    if (!(await isOpen())) {
      await editor.keyboard.press("Enter");
      await eventually("unfolded", isOpen);
    }
    await editor.keyboard.press("Tab");
    await eventually("the matrix has the focus", () => isFocused(region));
    assert.equal(await region.evaluate((element) => getComputedStyle(element).outlineStyle), "solid");
  });

  await step("it can be read out: rows, columns and cells have names in words", async () => {
    assert.ok((await matrix.getByRole("columnheader", { name: /^test \S/ }).count()) > 1);
    assert.ok((await matrix.getByRole("rowheader").count()) > 1);
    const original = matrix.getByRole("row").filter({ has: page.getByRole("rowheader", { name: /saved/ }) });
    assert.ok((await original.getByRole("cell", { name: /^failed; returned 100\.0/ }).count()) > 0);
    assert.ok((await matrix.getByRole("cell", { name: /^passed; returned 60\.0/ }).count()) > 0);
    assert.equal(await matrix.getByRole("cell", { name: /[✓✗∞]/ }).count(), 0);
    await page.getByRole("note").filter({ hasText: "Suspected bug" }).waitFor();
  });

  await step("it has no script, cannot have one, and loads nothing", async () => {
    const frame = editor.page.frameLocator("iframe.webview.ready").locator("iframe#active-frame");
    assert.doesNotMatch(await frame.getAttribute("sandbox"), /allow-scripts/);
    assert.equal(await page.locator("script, link, img, iframe, [src]").count(), 0);
    const policy = await page.locator("meta[http-equiv='Content-Security-Policy']").getAttribute("content");
    assert.match(policy, /^default-src 'none'; style-src 'sha256-[^']+'; base-uri 'none'; form-action 'none'$/);
  });

  await step("it takes the colours of the theme, and changes with it", async () => {
    const colours = () =>
      page.locator("html").evaluate((html) => {
        const ground = getComputedStyle(html);
        const probe = (name) => ground.getPropertyValue(`--vscode-editor-${name}`).trim().toLowerCase();
        return { shown: ground.backgroundColor, ground: probe("background"), ink: ground.color };
      });
    const rgb = (hex) => `rgb(${[1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16)).join(", ")})`;
    const dark = await colours();
    assert.equal(dark.shown, rgb(dark.ground));
    await mkdir(path.join(stage.project, ".vscode"), { recursive: true });
    const theme = { "workbench.colorTheme": "Default High Contrast Light" };
    await writeFile(path.join(stage.project, ".vscode", "settings.json"), JSON.stringify(theme));
    await eventually("the light theme", async () => (await colours()).shown === "rgb(255, 255, 255)", THEME_MS);
    assert.notEqual(dark.shown, "rgb(255, 255, 255)");
    assert.notEqual((await colours()).ink, dark.ink);
  });
}
