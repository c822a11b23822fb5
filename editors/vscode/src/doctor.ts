/** `genx-lsp doctor`, shown as a document that can be read, searched and copied. */

import { execFile } from "node:child_process";
import * as vscode from "vscode";
import { mainFolder } from "./server";

// Doctor tries the sandbox and the model for real.
const TIMEOUT_MS = 120_000;
const PAGE = vscode.Uri.from({ scheme: "genx-doctor", path: "GenX Doctor.txt" });

export class DoctorPage implements vscode.TextDocumentContentProvider, vscode.Disposable {
  readonly #changed = new vscode.EventEmitter<vscode.Uri>();
  readonly onDidChange = this.#changed.event;
  // Registered last: VS Code listens to `onDidChange` from that moment on.
  readonly #registration = vscode.workspace.registerTextDocumentContentProvider(PAGE.scheme, this);
  #text = "";

  provideTextDocumentContent(): string {
    return this.#text;
  }

  /** Runs the server's program from `home`; the answer replaces the one before. */
  async show(program: { command: string; args: string[] }, home: string): Promise<void> {
    const folder = mainFolder()?.uri.fsPath;
    const args = [...program.args, "doctor", ...(folder === undefined ? [] : [folder])];
    const asked = `$ ${[program.command, ...args].join(" ")}\n\n`;
    this.#write(`${asked}Checking; this takes some seconds …\n`);
    await vscode.window.showTextDocument(PAGE, { preview: true });
    await vscode.window.withProgress(
      { location: vscode.ProgressLocation.Window, title: "GenX: checking the installation" },
      async () => this.#write(asked + (await answer(program.command, args, home))),
    );
  }

  #write(text: string): void {
    this.#text = text;
    this.#changed.fire(PAGE);
  }

  dispose(): void {
    this.#registration.dispose();
    this.#changed.dispose();
  }
}

function answer(command: string, args: string[], cwd: string): Promise<string> {
  const env = { ...process.env, NO_COLOR: "1", COLUMNS: "100", PYTHONIOENCODING: "utf-8" };
  return new Promise((resolve) => {
    execFile(command, args, { cwd, env, timeout: TIMEOUT_MS }, (error, stdout, stderr) => {
      const silence = error?.killed ? `It did not answer within ${TIMEOUT_MS / 1000} seconds.\n` : "";
      resolve(stdout + stderr + silence);
    });
  });
}
