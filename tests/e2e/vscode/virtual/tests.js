// The files of this workspace are on no disk, so there is nothing that GenX could run: it is not there.
const assert = require("node:assert/strict");
const { existsSync } = require("node:fs");
const path = require("node:path");
const vscode = require("vscode");

module.exports = {
  "in a workspace that is on no disk GenX stays away": async () => {
    const [{ uri }] = vscode.workspace.workspaceFolders;
    assert.equal(uri.scheme, "somewhere");
    const document = await vscode.workspace.openTextDocument(vscode.Uri.joinPath(uri, "calc.py"));
    await vscode.window.showTextDocument(document);
    assert.equal(document.languageId, "python");
    assert.match(document.getText(), /def step/);
    assert.equal(vscode.extensions.getExtension("genx-lsp.genx-lsp"), undefined);
    assert.deepEqual((await vscode.commands.getCommands(true)).filter((name) => name === "genx.showMenu"), []);
    assert.ok(await document.save());
    assert.equal(existsSync(path.join(process.env.GENX_API_HOME, "it-ran")), false);
  },
};
