/** The status bar item and the language status item: one state, two places. */

import * as vscode from "vscode";
import { appearance, type Status } from "./state";

export class StatusItems implements vscode.Disposable {
  readonly #bar = vscode.window.createStatusBarItem("genx.status", vscode.StatusBarAlignment.Right, 90);
  readonly #language = vscode.languages.createLanguageStatusItem("genx.status", { language: "python" });
  #status: Status = { state: "starting", message: "" };

  constructor() {
    this.#bar.name = "GenX";
    this.#bar.command = "genx.showMenu";
    this.#language.name = "GenX";
    this.#language.command = { command: "genx.showMenu", title: "Menu" };
    this.#bar.show();
  }

  get status(): Status {
    return this.#status;
  }

  show(status: Status): void {
    this.#status = status;
    const { text, label, busy, severity } = appearance(status);
    const warning = severity === "warning";
    this.#bar.text = text;
    this.#bar.tooltip = status.message === "" ? "GenX: show the menu" : status.message;
    this.#bar.accessibilityInformation = { label, role: "button" };
    this.#bar.backgroundColor = warning
      ? new vscode.ThemeColor("statusBarItem.warningBackground")
      : undefined;
    this.#language.text = text;
    this.#language.detail = status.message;
    this.#language.busy = busy;
    this.#language.severity = warning
      ? vscode.LanguageStatusSeverity.Warning
      : vscode.LanguageStatusSeverity.Information;
    this.#language.accessibilityInformation = { label };
  }

  dispose(): void {
    this.#bar.dispose();
    this.#language.dispose();
  }
}
