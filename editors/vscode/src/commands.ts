/** The commands that need the editor; the others are the server's own. */

import * as vscode from "vscode";
import type { DoctorPage } from "./doctor";
import { mainFolder, type Server } from "./server";
import type { Status } from "./state";

interface MenuItem extends vscode.QuickPickItem {
  readonly command?: string;
}

/** The menu behind the status bar item: only what makes sense in this state. */
export async function showMenu(status: Status, running: boolean): Promise<void> {
  const item = (icon: string, label: string, command: string): MenuItem => ({
    label: `$(${icon}) ${label}`,
    command,
  });
  const working = ["waiting", "generating", "testing"].includes(status.state);
  const items: MenuItem[] = [];
  if (running) {
    if (working) {
      items.push(item("debug-stop", "Cancel the running work", "genx.cancel"));
    }
    items.push(item("beaker", "Generate tests for the function at the cursor", "genx.generateTests"));
    items.push(item("graph", "Show the report", "genx.showReport"));
    items.push(item("list-tree", "Show the candidate tests", "workbench.view.testing.focus"));
    items.push({ label: "", kind: vscode.QuickPickItemKind.Separator });
  } else {
    items.push(item("cloud-download", "Set up the server in an environment of its own", "genx.setUp"));
    items.push(item("folder-opened", "Select the Python that has genx-lsp…", "genx.selectServer"));
  }
  items.push(
    item("pulse", "Check the installation", "genx.doctor"),
    item("debug-restart", "Restart the server", "genx.restart"),
    item("output", "Show the log", "genx.showLog"),
    item("book", "Open the documentation", "genx.openDocs"),
    item("mortar-board", "Open the walkthrough", "genx.openWalkthrough"),
    { label: "", kind: vscode.QuickPickItemKind.Separator },
    isOff()
      ? item("play", "Turn on for this workspace", "genx.turnOn")
      : item("circle-slash", "Turn off for this workspace", "genx.turnOff"),
  );
  const placeHolder = status.message === "" ? "GenX" : status.message;
  const picked = await vscode.window.showQuickPick(items, { title: "GenX", placeHolder });
  if (picked?.command !== undefined) {
    await vscode.commands.executeCommand(picked.command);
  }
}

/** Whether saving a file starts no work. */
export function isOff(): boolean {
  return vscode.workspace.getConfiguration("genx", mainFolder()).get("onSave") === "off";
}

/** Writes `genx.onSave` where it counts: the workspace, or the user's settings where no folder is open. */
export async function turn(on: boolean): Promise<void> {
  const target = mainFolder() ? vscode.ConfigurationTarget.Workspace : vscode.ConfigurationTarget.Global;
  const settings = () => vscode.workspace.getConfiguration("genx", mainFolder());
  await settings().update("onSave", on ? undefined : "off", target);
  // Off in a wider scope too: say so in this one.
  if (on && isOff()) {
    await settings().update("onSave", "both", target);
  }
}

/** Has the installation looked over, or says what stands in the way. */
export async function doctor(server: Server, page: DoctorPage, home: string): Promise<void> {
  if (server.command === undefined) {
    await offerHelp("GenX cannot be checked: no Python with genx-lsp was found.");
  } else {
    await page.show(server.command, home);
  }
}

/** Lets the user name the Python or program that has the server. */
export async function selectServer(): Promise<void> {
  const [file] =
    (await vscode.window.showOpenDialog({
      title: "Select the Python that has genx-lsp, or the genx-lsp program",
      openLabel: "Use for GenX",
      canSelectMany: false,
    })) ?? [];
  if (file !== undefined) {
    const target = mainFolder() ? vscode.ConfigurationTarget.Workspace : vscode.ConfigurationTarget.Global;
    await vscode.workspace.getConfiguration("genx").update("server.path", file.fsPath, target);
  }
}

/** The documentation comes with the extension, so it can be read without a network. */
export async function openDocs(extension: vscode.Uri): Promise<void> {
  await vscode.commands.executeCommand("markdown.showPreview", vscode.Uri.joinPath(extension, "README.md"));
}

/** The way through GenX with pictures, among the editor's own. */
export async function openWalkthrough(extension: string): Promise<void> {
  await vscode.commands.executeCommand("workbench.action.openWalkthrough", `${extension}#genx.start`, false);
}

/** A sentence about what is wrong, and the ways out. */
export async function offerHelp(message: string): Promise<void> {
  const choices: Record<string, string> = {
    "Select…": "genx.selectServer",
    "Set Up": "genx.setUp",
    "Open Docs": "genx.openDocs",
    "Show Log": "genx.showLog",
  };
  const choice = await vscode.window.showWarningMessage(message, ...Object.keys(choices));
  if (choice !== undefined) {
    await vscode.commands.executeCommand(choices[choice] as string);
  }
}
