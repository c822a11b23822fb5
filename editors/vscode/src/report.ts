/** The server's report page, shown beside the code. */

import { readFile } from "node:fs/promises";
import * as vscode from "vscode";

/** One panel, whatever is shown in it; a page of ours has neither scripts nor anything to load. */
export class ReportPanel implements vscode.Disposable {
  #panel: vscode.WebviewPanel | undefined;

  /** Whether this is a report page, which the editor can show itself, wherever the server runs. */
  static shows(uri: vscode.Uri): boolean {
    return uri.scheme === "file" && uri.path.endsWith(".html");
  }

  async show(uri: vscode.Uri): Promise<void> {
    const html = await readFile(uri.fsPath, "utf8");
    this.#panel ??= this.#open();
    this.#panel.webview.html = html;
    this.#panel.reveal(undefined, true);
  }

  #open(): vscode.WebviewPanel {
    const column = { viewColumn: vscode.ViewColumn.Beside, preserveFocus: true };
    const panel = vscode.window.createWebviewPanel("genx.report", "GenX Report", column, {
      enableFindWidget: true,
      enableScripts: false,
      localResourceRoots: [],
      retainContextWhenHidden: false,
    });
    panel.onDidDispose(() => (this.#panel = undefined));
    return panel;
  }

  dispose(): void {
    this.#panel?.dispose();
  }
}
