// What the editor's API shows of GenX. The server is the real one, its engine follows a script: a line with ` - 1`
// is a bug whose fix is ` + 1`, and every function has two tests. The workspace has two folders, one of them off.
const assert = require("node:assert/strict");
const { readFileSync } = require("node:fs");
const path = require("node:path");
const vscode = require("vscode");
const { eventually } = require("./look.js");

const ID = "genx-lsp.genx-lsp";
const home = process.env.GENX_API_HOME;
const shared = {};

const log = () => readFileSync(path.join(home, "engine.log"), "utf8");
const file = (folder, name) => vscode.Uri.joinPath(vscode.workspace.workspaceFolders[folder].uri, name);
const actions = (uri, line) =>
  vscode.commands.executeCommand(
    "vscode.executeCodeActionProvider",
    uri,
    new vscode.Range(line, 0, line, 0),
    undefined,
    10,
  );
const lenses = async (uri) =>
  (await vscode.commands.executeCommand("vscode.executeCodeLensProvider", uri, 20)).map((lens) => lens.command?.title);

/** Replaces a text in a document as a user would, and saves it. */
async function change(uri, from, to) {
  const document = await vscode.workspace.openTextDocument(uri);
  await vscode.window.showTextDocument(document);
  const at = document.getText().indexOf(from);
  assert.ok(at >= 0, `${from} is not in ${uri.path}`);
  const edit = new vscode.WorkspaceEdit();
  edit.replace(uri, new vscode.Range(document.positionAt(at), document.positionAt(at + from.length)), to);
  assert.ok(await vscode.workspace.applyEdit(edit));
  assert.ok(await document.save());
  return document;
}

module.exports = {
  "the extension is there and starts its server": async () => {
    const extension = vscode.extensions.getExtension(ID);
    assert.ok(extension, "not installed");
    // On a busy machine the suite begins before the file with the workspace's folders has been read.
    await eventually("two folders", () => (vscode.workspace.workspaceFolders ?? []).length === 2);
    await vscode.window.showTextDocument(await vscode.workspace.openTextDocument(file(0, "calc.py")));
    shared.api = await extension.activate();
    await eventually("idle", () => shared.api.status.state === "idle");
  },

  "it runs where the code is, not where the window is": async () => {
    // The window is a browser, and the workspace lies on the machine that it is connected to.
    assert.notEqual(vscode.env.remoteName, undefined);
    const extension = vscode.extensions.getExtension(ID);
    assert.equal(extension.extensionKind, vscode.ExtensionKind.Workspace);
    assert.deepEqual(extension.packageJSON.extensionKind, ["workspace"]);
    assert.ok(readFileSync(file(0, "calc.py").fsPath, "utf8").includes("def step"));
  },

  "every command of the manifest is registered": async () => {
    const known = new Set(await vscode.commands.getCommands(true));
    const { commands } = vscode.extensions.getExtension(ID).packageJSON.contributes;
    assert.deepEqual(commands.map((one) => one.command).filter((name) => !known.has(name)), []);
  },

  "the walkthrough has a picture at every step, leads to what there is, and opens": async () => {
    const extension = vscode.extensions.getExtension(ID);
    const known = new Set(await vscode.commands.getCommands(true));
    const [{ title, steps }] = extension.packageJSON.contributes.walkthroughs;
    assert.ok(steps.length >= 5);
    for (const { description, media, completionEvents } of steps) {
      assert.equal(readFileSync(path.join(extension.extensionPath, media.image)).toString("latin1", 1, 4), "PNG");
      assert.notEqual(media.altText, "");
      const named = [description, ...completionEvents].flatMap((text) => [...text.matchAll(/[cC]ommand:([\w.]+)/g)]);
      assert.deepEqual(named.map(([, name]) => name).filter((name) => !known.has(name)), []);
    }
    const tab = () => vscode.window.tabGroups.activeTabGroup.activeTab;
    await vscode.commands.executeCommand("genx.openWalkthrough");
    await eventually(`a tab for ${title}`, () => tab() !== undefined && !(tab().input instanceof vscode.TabInputText));
    await vscode.window.tabGroups.close(tab());
  },

  "a saved function has a lens, and its bug a warning": async () => {
    shared.calc = file(0, "calc.py");
    await change(shared.calc, "x + 1", "x - 1");
    await eventually("lens", async () => (await lenses(shared.calc)).includes("GenX: 2 tests · 1 fix · suspected bug"));
    const [warning] = await eventually("diagnostic", () => {
      const found = vscode.languages.getDiagnostics(shared.calc).filter((one) => one.source === "GenX");
      return found.length > 0 && found;
    });
    assert.match(warning.message, /`step\(1\)` gives 0 instead of 2/);
    assert.equal(warning.severity, vscode.DiagnosticSeverity.Warning);
  },

  "the hover tells the evidence": async () => {
    const hovers = await vscode.commands.executeCommand("vscode.executeHoverProvider", shared.calc, new vscode.Position(4, 5));
    const text = hovers.flatMap((hover) => hover.contents.map((part) => part.value ?? part)).join("\n");
    assert.match(text, /passes 2 of 2, current code 0/);
  },

  "the candidates are in the test tree": async () => {
    const [item] = await eventually("candidates", () => {
      const items = [...shared.api.candidates].map(([, one]) => one);
      return items.length > 0 && items;
    });
    assert.equal(item.uri.toString(), shared.calc.toString());
    const [[, function_]] = [...item.children];
    assert.equal(function_.label, "step");
    assert.equal(function_.range.start.line, 4);
    assert.deepEqual([...function_.children].map(([, test]) => test.label), ["step(1) == 2", "step(2) == 2"]);
  },

  "dismissals are one entry, whatever the server offers": async () => {
    const offered = await actions(shared.calc, 5);
    const titles = offered.map((action) => action.title);
    assert.deepEqual(titles.filter((title) => /Not useful|Wrong|Never/.test(title)), []);
    assert.deepEqual(titles.filter((title) => title === "GenX: Dismiss…").length, 1);
  },

  "a fix is shown as a diff, and nothing changes before it is applied": async () => {
    const fix = (await actions(shared.calc, 5)).find((action) => action.title.startsWith("GenX: Apply fix"));
    assert.equal(fix?.isPreferred, true);
    const document = await vscode.workspace.openTextDocument(shared.calc);
    const diff = () =>
      vscode.window.tabGroups.all.flatMap((group) => group.tabs).find((tab) => tab.input?.modified?.scheme === "genx-fix");
    const look = async () => {
      void vscode.commands.executeCommand(fix.command.command, ...fix.command.arguments);
      return eventually("the diff", diff);
    };
    const gone = () => eventually("no diff", () => diff() === undefined);

    const shown = await look();
    assert.equal(shown.input.original.toString(), shared.calc.toString());
    const after = await vscode.workspace.openTextDocument(shown.input.modified);
    assert.match(after.getText(), /return x \+ 1/);
    assert.equal(after.languageId, "python");
    await vscode.commands.executeCommand("genx.discardFix");
    await gone();
    assert.match(document.getText(), /return x - 1/);

    // Closing it is a no, too.
    await vscode.window.tabGroups.close(await look());
    await gone();

    await look();
    await vscode.commands.executeCommand("genx.acceptFix");
    await eventually("the fix", () => /return x \+ 1/.test(document.getText()));
    await gone();
    await eventually("the code", () => vscode.window.activeTextEditor?.document === document);
    await document.save();
    await eventually("no warning", () => vscode.languages.getDiagnostics(shared.calc).every((one) => one.source !== "GenX"));
  },

  "a diff goes when the code under it changes": async () => {
    const document = await change(shared.calc, "x + 1", "x - 1");
    await eventually("lens", async () => (await lenses(shared.calc)).some((title) => /suspected bug/.test(title)));
    const fix = (await actions(shared.calc, 5)).find((action) => action.title.startsWith("GenX: Apply fix"));
    const diffs = () => vscode.window.tabGroups.all.flatMap((group) => group.tabs).filter((tab) => tab.input?.modified);
    void vscode.commands.executeCommand(fix.command.command, ...fix.command.arguments);
    await eventually("the diff", () => diffs().length > 0);
    const edit = new vscode.WorkspaceEdit();
    edit.insert(shared.calc, new vscode.Position(0, 0), "# mine\n");
    assert.ok(await vscode.workspace.applyEdit(edit));
    await eventually("no diff", () => diffs().length === 0);
    assert.match(document.getText(), /^# mine\n[^]*return x - 1/);
    await change(shared.calc, "# mine\n", "");
    await change(shared.calc, "x - 1", "x + 1");
    await eventually("no warning", () => vscode.languages.getDiagnostics(shared.calc).every((one) => one.source !== "GenX"));
  },

  "generated tests open beside the code, selected": async () => {
    await eventually("tests", async () => (await lenses(shared.calc)).some((title) => /^GenX: 2 tests$/.test(title)));
    await vscode.window.showTextDocument(await vscode.workspace.openTextDocument(shared.calc));
    const column = vscode.window.activeTextEditor.viewColumn;
    await vscode.commands.executeCommand("genx.generateTests", { uri: shared.calc.toString(), name: "step" });
    const editor = await eventually("the test file", () =>
      vscode.window.visibleTextEditors.find((one) => one.document.uri.path.endsWith("tests/test_calc.py")),
    );
    await eventually("a selection", () => !editor.selection.isEmpty);
    assert.match(editor.document.getText(editor.selection), /def test_step/);
    assert.notEqual(editor.viewColumn, column);
    await editor.document.save();
    await eventually("no candidates", () => shared.api.candidates.size === 0);
  },

  "a folder has its own settings": async () => {
    // Off in this folder; a save there starts nothing.
    await change(file(1, "other.py"), "x + 1", "x - 1");
    await change(shared.calc, "x + 1", "x + 2 - 1");
    await eventually("work in the first folder", () => log().includes("done step"));
    assert.doesNotMatch(log(), /work other/);
    // Asked for, it is worked on, with the settings of its folder.
    await vscode.commands.executeCommand("genx.generateTests", { uri: file(1, "other.py").toString(), name: "other" });
    await eventually("work in the second folder", () => log().includes("work other tests"));
    assert.match(log(), /engine opened scorer=codet/);
    assert.match(log(), /engine opened scorer=b4/);
  },

  "off is off at once, and on again": async () => {
    const settings = () => vscode.workspace.getConfiguration("genx", shared.calc);
    await settings().update("onSave", "off", vscode.ConfigurationTarget.WorkspaceFolder);
    await eventually("off", () => shared.api.status.state === "off");
    await settings().update("onSave", undefined, vscode.ConfigurationTarget.WorkspaceFolder);
    await eventually("idle", () => shared.api.status.state === "idle");
  },

  "a restart brings a new server": async () => {
    await vscode.commands.executeCommand("genx.restart");
    await eventually("idle", () => shared.api.status.state === "idle");
    await change(shared.calc, "x + 2 - 1", "x - 1");
    await eventually("lens", async () => (await lenses(shared.calc)).some((title) => /suspected bug/.test(title)));
  },
};
