/** Where the editor knows something that the protocol has no place for. */

import * as vscode from "vscode";
import type { ApplyWorkspaceEditResult, Middleware, Range } from "vscode-languageclient/node";
import { actionsWithMenu, fixesOnRequest, lensWithMenu } from "./actions";
import type { FixPreview } from "./preview";
import type { SelectedInterpreter } from "./python";
import { ReportPanel } from "./report";

/** Commands of the server that are about the function under the cursor when they come from the palette. */
const AT_CURSOR = new Set(["genx.generateTests"]);

/** What is asked of the user here is not taken back. */
const NEVER = new vscode.CancellationTokenSource().token;

export function middleware(selected: SelectedInterpreter, report: ReportPanel, preview: FixPreview): Middleware {
  return {
    workspace: {
      handleApplyEdit: (params, next) =>
        preview.handle(params, async (edit) => (await next(edit, NEVER)) as ApplyWorkspaceEditResult),
      // Without a setting of its own, a folder's code runs in the environment that the user has selected for it.
      configuration: async (params, token, next) => {
        const results: unknown = await next(params, token);
        if (!Array.isArray(results)) {
          return [];
        }
        return Promise.all(
          params.items.map(async (item, index) => {
            const settings: unknown = results[index];
            if (item.section !== "genx" || !isRecord(settings) || settings["interpreter"]) {
              return settings;
            }
            const scope = item.scopeUri === undefined ? undefined : vscode.Uri.parse(item.scopeUri);
            const interpreter = await selected.path(scope).catch(() => undefined);
            return interpreter === undefined ? settings : { ...settings, interpreter };
          }),
        );
      },
    },
    window: {
      // A browser beside the editor cannot open a file of the machine that the server runs on; a panel can.
      showDocument: async (params, token, next) => {
        const uri = vscode.Uri.parse(params.uri);
        if (!params.external && params.selection !== undefined) {
          return { success: await showBeside(uri, params.selection, params.takeFocus ?? false) };
        }
        if (!params.external || !ReportPanel.shows(uri)) {
          return next(params, token);
        }
        await report.show(uri);
        return { success: true };
      },
    },
    provideCodeLenses: async (document, token, next) => (await next(document, token))?.map(lensWithMenu),
    provideCodeActions: async (document, range, context, token, next) =>
      actionsWithMenu(fixesOnRequest(await next(document, range, context, token))),
    // A command needs no answer of the server, and the editor forgets it if the answer is late.
    resolveCodeAction: (action, token, next) => (action.command === undefined ? next(action, token) : action),
    executeCommand: (command, args, next) => {
      const editor = vscode.window.activeTextEditor;
      if (args.length > 0 || !AT_CURSOR.has(command) || editor === undefined) {
        return next(command, args);
      }
      const { line, character } = editor.selection.active;
      return next(command, [{ uri: editor.document.uri.toString(), position: { line, character } }]);
    },
  };
}

/** Tests belong beside the code that they test; a file that can be seen already is shown where it is. */
async function showBeside(uri: vscode.Uri, { start, end }: Range, takeFocus: boolean): Promise<boolean> {
  const visible = vscode.window.visibleTextEditors.find((one) => one.document.uri.toString() === uri.toString());
  await vscode.window.showTextDocument(uri, {
    viewColumn: visible?.viewColumn ?? vscode.ViewColumn.Beside,
    selection: new vscode.Range(start.line, start.character, end.line, end.character),
    preserveFocus: !takeFocus,
    preview: false,
  });
  return true;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}
