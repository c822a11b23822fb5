// A file system in memory: one project with one Python file.
const vscode = require("vscode");

const TEXT = Buffer.from("def step(x):\n    return x + 1\n");
const isFile = ({ path }) => path.endsWith(".py");

class Somewhere {
  onDidChangeFile = new vscode.EventEmitter().event;
  watch = () => new vscode.Disposable(() => undefined);
  stat = (uri) => {
    if (!isFile(uri) && !uri.path.endsWith("/project")) {
      throw vscode.FileSystemError.FileNotFound(uri);
    }
    return { type: isFile(uri) ? vscode.FileType.File : vscode.FileType.Directory, ctime: 0, mtime: 0, size: TEXT.length };
  };
  readDirectory = () => [["calc.py", vscode.FileType.File]];
  readFile = () => TEXT;
  writeFile = () => undefined;
  createDirectory = () => undefined;
  delete = () => undefined;
  rename = () => undefined;
}

function activate(context) {
  context.subscriptions.push(vscode.workspace.registerFileSystemProvider("somewhere", new Somewhere()));
}

module.exports = { activate };
