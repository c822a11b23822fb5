/** Fixes are looked at as a diff before they are applied. The editor's own preview has them unticked: Apply does nothing. */

import * as path from "node:path";
import * as vscode from "vscode";
import type { ApplyWorkspaceEditParams, ApplyWorkspaceEditResult } from "vscode-languageclient";
import { textAfter, wantsALook, withoutAnnotations } from "./annotated";

const SCHEME = "genx-fix";

interface Shown {
  readonly uri: vscode.Uri;
  readonly document: vscode.TextDocument;
  readonly decide: (verdict: Verdict) => void;
}

type Verdict = "apply" | "discard" | "outdated";
type Apply = (params: ApplyWorkspaceEditParams) => Promise<ApplyWorkspaceEditResult>;

/** One diff at a time; another one, closing it, or editing the code under it ends it. */
export class FixPreview implements vscode.Disposable, vscode.TextDocumentContentProvider {
  #shown: Shown | undefined;
  readonly #texts = new Map<string, string>();
  readonly #subscriptions = [
    vscode.workspace.registerTextDocumentContentProvider(SCHEME, this),
    vscode.window.tabGroups.onDidChangeTabs(({ closed }) => {
      if (closed.some((tab) => this.#isShownIn(tab))) {
        this.#shown?.decide("discard");
      }
    }),
    vscode.workspace.onDidChangeTextDocument(({ document, contentChanges }) => {
      if (contentChanges.length > 0 && document === this.#shown?.document) {
        this.#shown.decide("outdated");
      }
    }),
  ];

  readonly commands = {
    "genx.acceptFix": () => this.#shown?.decide("apply"),
    "genx.discardFix": () => this.#shown?.decide("discard"),
  };

  provideTextDocumentContent(uri: vscode.Uri): string {
    return this.#texts.get(uri.toString()) ?? "";
  }

  /** Applies an edit of the server; one that wants to be looked at is shown first, and waits for the user's word. */
  async handle(params: ApplyWorkspaceEditParams, apply: Apply): Promise<ApplyWorkspaceEditResult> {
    const change = wantsALook(params.edit);
    if (change === undefined) {
      return apply(params);
    }
    const document = await vscode.workspace.openTextDocument(vscode.Uri.parse(change.uri));
    const text = textAfter(
      document.getText(),
      ({ line, character }) => document.offsetAt(new vscode.Position(line, character)),
      change.edits,
    );
    const name = path.basename(document.uri.fsPath);
    const title = [params.label ?? "GenX", name, change.says].filter((part) => part !== "").join(" · ");
    const verdict = await this.#ask(document, text, title.replaceAll("`", ""));
    if (verdict === "discard") {
      return { applied: false };
    }
    const outdated = { applied: false, failureReason: `${name} has changed meanwhile` };
    if (verdict === "outdated") {
      return outdated;
    }
    const result = await apply({ ...params, edit: withoutAnnotations(params.edit) });
    if (!result.applied) {
      return outdated;
    }
    const at = new vscode.Position(change.line, 0);
    await vscode.window.showTextDocument(document, { selection: new vscode.Range(at, at), preview: false });
    return result;
  }

  async #ask(document: vscode.TextDocument, text: string, title: string): Promise<Verdict> {
    this.#shown?.decide("discard");
    // The path keeps its ending, by which the language is known.
    const uri = document.uri.with({ scheme: SCHEME, authority: "", query: String(Date.now()) });
    this.#texts.set(uri.toString(), text);
    try {
      return await new Promise<Verdict>((decide, fail) => {
        this.#shown = { uri, document, decide };
        const options: vscode.TextDocumentShowOptions = { preview: true };
        vscode.commands.executeCommand("vscode.diff", document.uri, uri, title, options).then(undefined, fail);
      });
    } finally {
      this.#shown = undefined;
      this.#texts.delete(uri.toString());
      await this.#close(uri);
    }
  }

  async #close(uri: vscode.Uri): Promise<void> {
    const tabs = vscode.window.tabGroups.all.flatMap((group) => group.tabs);
    await vscode.window.tabGroups.close(tabs.filter((tab) => isDiffTo(tab, uri)));
  }

  #isShownIn(tab: vscode.Tab): boolean {
    return this.#shown !== undefined && isDiffTo(tab, this.#shown.uri);
  }

  dispose(): void {
    this.#shown?.decide("discard");
    this.#subscriptions.forEach((one) => void one.dispose());
  }
}

function isDiffTo(tab: vscode.Tab, uri: vscode.Uri): boolean {
  return tab.input instanceof vscode.TabInputTextDiff && tab.input.modified.toString() === uri.toString();
}
