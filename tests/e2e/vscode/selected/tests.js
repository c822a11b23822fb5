// Which Python the server is taken from, in the order that the documentation gives, and which one runs the code.
// There is one in each place, all of them with the server in it save `bare`; each tells when it is started.
const assert = require("node:assert/strict");
const { existsSync, readFileSync, rmSync } = require("node:fs");
const path = require("node:path");
const vscode = require("vscode");
const { eventually } = require("./look.js");

const home = process.env.GENX_API_HOME;
const { Workspace, WorkspaceFolder } = vscode.ConfigurationTarget;
const shared = {};

const lines = (name) => {
  const file = path.join(home, name);
  return existsSync(file) ? readFileSync(file, "utf8").trim().split("\n") : [];
};
const pythonIn = (name) => path.join(home, name, "bin", "python");
const folder = (number) => vscode.workspace.workspaceFolders[number].uri;
const file = (number) => vscode.Uri.joinPath(folder(number), "calc.py");
const settings = (number) => vscode.workspace.getConfiguration("genx", folder(number));

/** The server that runs now is this one. */
async function runsFrom(name) {
  await eventually(`the server of ${name}`, () => lines("started.log").at(-1) === name && shared.api.status.state === "idle");
}

/** Saves a change in a folder, and waits until the work on it is done. */
async function work(number) {
  const done = () => lines("engine.log").filter((line) => line.startsWith("done")).length;
  const before = done();
  const document = await vscode.workspace.openTextDocument(file(number));
  const edit = new vscode.WorkspaceEdit();
  edit.insert(document.uri, document.lineAt(document.lineCount - 2).range.end, " + 1");
  assert.ok(await vscode.workspace.applyEdit(edit));
  assert.ok(await document.save());
  await eventually("work", () => done() > before);
}

/** The code of a folder runs in this Python, as soon as the server has heard of it. */
async function codeRunsIn(number, name) {
  await eventually(`code in ${name}`, async () => {
    await work(number);
    return lines("engine.log").filter((line) => line.startsWith("interpreter")).at(-1) === `interpreter ${pythonIn(name)}`;
  });
}

module.exports = {
  "with nothing set or selected, the server is that of the workspace's .venv": async () => {
    const theirs = vscode.extensions.all.find((one) => one.packageJSON.publisher === "ms-python");
    shared.select = (await theirs.activate()).select;
    await vscode.window.showTextDocument(file(0));
    shared.api = await vscode.extensions.getExtension("genx-lsp.genx-lsp").activate();
    await runsFrom("one/.venv/bin/python");
  },

  "a Python that is selected comes before .venv, at once": async () => {
    shared.select("one", pythonIn("chosen"));
    await runsFrom("chosen/bin/python");
    shared.select("one", pythonIn("other"));
    await runsFrom("other/bin/python");
  },

  "one without the server is passed over, and still runs the code of its folder": async () => {
    shared.select("one", pythonIn("bare"));
    await runsFrom("one/.venv/bin/python");
    await codeRunsIn(0, "bare");
  },

  "another folder's selection is for its own code alone, and starts no other server": async () => {
    const started = lines("started.log").length;
    shared.select("two", pythonIn("chosen"));
    await codeRunsIn(1, "chosen");
    await codeRunsIn(0, "bare");
    assert.equal(lines("started.log").length, started);
  },

  "what is set in genx.interpreter comes before what is selected, for the server and for the code": async () => {
    shared.select("one", pythonIn("chosen"));
    await runsFrom("chosen/bin/python");
    await settings(0).update("interpreter", pythonIn("set"), WorkspaceFolder);
    await runsFrom("set/bin/python");
    await codeRunsIn(0, "set");
  },

  "without any of them it is the program on PATH": async () => {
    shared.select("one", undefined);
    await settings(0).update("interpreter", undefined, WorkspaceFolder);
    await runsFrom("one/.venv/bin/python");
    rmSync(path.join(home, "one", ".venv"), { recursive: true });
    await vscode.commands.executeCommand("genx.restart");
    await runsFrom("program/genx-lsp");
  },

  "where genx.server.path is set no other place is looked at": async () => {
    const started = lines("started.log").length;
    await settings(0).update("server.path", pythonIn("bare"), Workspace);
    await eventually("a problem", () => shared.api.status.state === "problem");
    assert.match(shared.api.status.message, /bare.*genx\.server\.path/);
    assert.equal(lines("started.log").length, started);
    await settings(0).update("server.path", pythonIn("other"), Workspace);
    await runsFrom("other/bin/python");
  },
};
