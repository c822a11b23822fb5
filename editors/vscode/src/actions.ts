/** What a click on a lens opens: the code actions of its function, as Ctrl+. shows them. */

import * as vscode from "vscode";

// When the cursor has moved, the editor waits 250 ms and looks for a light bulb. The commands of a menu that was
// opened before that are forgotten with it: what is chosen then does nothing.
const LIGHT_BULB_MS = 300;

interface Otherwise {
  readonly command: string;
  readonly arguments?: unknown[];
}

/**
 * Opens the menu of code actions at a lens. Where the server has none there, its own command for the lens runs.
 */
export async function showActions(position: vscode.Position, otherwise: Otherwise): Promise<void> {
  const editor = vscode.window.activeTextEditor;
  if (editor !== undefined) {
    const at = new vscode.Range(position, position);
    const actions = await vscode.commands.executeCommand<(vscode.CodeAction | vscode.Command)[]>(
      "vscode.executeCodeActionProvider",
      editor.document.uri,
      at,
    );
    if (actions.some((action) => action.title.startsWith("GenX"))) {
      if (!editor.selection.isEqual(new vscode.Range(position, position))) {
        editor.selection = new vscode.Selection(position, position);
        await new Promise((resolve) => setTimeout(resolve, LIGHT_BULB_MS));
      }
      editor.revealRange(at, vscode.TextEditorRevealType.InCenterIfOutsideViewport);
      await vscode.commands.executeCommand("editor.action.quickFix");
      return;
    }
  }
  await vscode.commands.executeCommand(otherwise.command, ...(otherwise.arguments ?? []));
}

const DISMISS = vscode.CodeActionKind.Empty.append("refactor.genx.dismiss");

/** The server has one action for every way to dismiss something; here they are one, with a menu of its own. */
export function actionsWithMenu(
  actions: (vscode.Command | vscode.CodeAction)[] | null | undefined,
): (vscode.Command | vscode.CodeAction)[] | null | undefined {
  const dismissals: vscode.Command[] = [];
  const others = (actions ?? []).filter((action) => {
    const { kind, command } = action as vscode.CodeAction;
    if (kind === undefined || !DISMISS.contains(kind) || typeof command !== "object") {
      return true;
    }
    dismissals.push(command);
    return false;
  });
  if (dismissals.length === 0) {
    return actions;
  }
  const menu = new vscode.CodeAction("GenX: Dismiss…", DISMISS);
  menu.command = { title: menu.title, command: "genx.chooseDismissal", arguments: [dismissals] };
  return [...others, menu];
}

/** Asks what is to be dismissed and why, and has the server do it. */
export async function chooseDismissal(dismissals: readonly vscode.Command[]): Promise<void> {
  const items = dismissals.map((command) => ({ label: command.title.replace(/^GenX: /, "").replaceAll("`", ""), command }));
  const picked = await vscode.window.showQuickPick(items, {
    title: "GenX: Dismiss",
    placeHolder: "What should not be shown, and why? GenX remembers it.",
  });
  if (picked !== undefined) {
    await vscode.commands.executeCommand(picked.command.command, ...(picked.command.arguments ?? []));
  }
}

/** A fix is looked at before it is applied, for which the server sends its edit as a request. */
export function fixesOnRequest(
  actions: (vscode.Command | vscode.CodeAction)[] | null | undefined,
): (vscode.Command | vscode.CodeAction)[] | null | undefined {
  return actions?.map((action) => {
    const { uri, name, fix } = (action as { data?: Record<string, unknown> }).data ?? {};
    if (uri === undefined || name === undefined || fix === undefined) {
      return action;
    }
    const { title, kind, diagnostics, isPreferred } = action as vscode.CodeAction;
    const request = kind === undefined ? new vscode.CodeAction(title) : new vscode.CodeAction(title, kind);
    request.command = { title, command: "genx.applyFix", arguments: [{ uri, name, suggestion: fix }] };
    return Object.assign(request, diagnostics && { diagnostics }, isPreferred !== undefined && { isPreferred });
  });
}

/** The lens as the server made it, except that a click on what was found opens the menu. */
export function lensWithMenu(lens: vscode.CodeLens): vscode.CodeLens {
  const { command } = lens;
  // A lens of running work cancels it; that stays one click.
  if (command === undefined || command.command === "genx.cancel" || command.command === "") {
    return lens;
  }
  const menu = { title: command.title, command: "genx.showActions", arguments: [lens.range.start, command] };
  return new vscode.CodeLens(lens.range, command.tooltip ? { ...menu, tooltip: command.tooltip } : menu);
}
