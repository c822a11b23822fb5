// Has the public interface of the Python extension whose name it bears, and selects what a test says.
const vscode = require("vscode");

function activate(context) {
  const changed = new vscode.EventEmitter();
  const selected = new Map();
  const of = (uri) => selected.get(vscode.workspace.getWorkspaceFolder(uri ?? vscode.Uri.file("/"))?.name);
  /** What a user does with *Python: Select Interpreter*; none takes the selection back. */
  const select = (folder, python) => {
    selected.set(folder, python);
    changed.fire({});
  };
  if (context.extension.packageJSON.name === "vscode-python-envs") {
    const getEnvironment = async (scope) => of(scope) && { execInfo: { run: { executable: of(scope) } } };
    return { select, getEnvironment, onDidChangeEnvironment: changed.event };
  }
  const environments = {
    getActiveEnvironmentPath: (resource) => ({ id: of(resource) ?? "", path: of(resource) ?? "" }),
    // As there: a path that is no Python is resolved to nothing.
    resolveEnvironment: async ({ path }) => (path ? { executable: { uri: vscode.Uri.file(path) } } : undefined),
    onDidChangeActiveEnvironmentPath: changed.event,
  };
  return { select, environments };
}

module.exports = { activate };
