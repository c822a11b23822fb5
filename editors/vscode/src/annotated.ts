/** What an edit of the server does to the one document that it is about. Knows nothing of VS Code. */

import type { Position, TextDocumentEdit, TextEdit, WorkspaceEdit } from "vscode-languageclient";

/** An edit of one document that is to be shown before it is applied. */
export interface Change {
  readonly uri: string;
  readonly edits: readonly TextEdit[];
  /** Where the first edit begins. */
  readonly line: number;
  /** What the server says for it. */
  readonly says: string;
}

/** The change, if some annotation asks for confirmation and one document is all that it touches. */
export function wantsALook(edit: WorkspaceEdit): Change | undefined {
  const asking = Object.values(edit.changeAnnotations ?? {}).find((one) => one.needsConfirmation);
  const [change, ...others] = edit.documentChanges ?? [];
  if (asking === undefined || change === undefined || others.length > 0 || !isTextEdit(change)) {
    return undefined;
  }
  const edits = change.edits.filter((one): one is TextEdit => "newText" in one);
  if (edits.length === 0 || edits.length < change.edits.length) {
    return undefined;
  }
  const line = Math.min(...edits.map((one) => one.range.start.line));
  return { uri: change.textDocument.uri, edits, line, says: asking.description ?? "" };
}

/** The same edit for an editor that has asked already. */
export function withoutAnnotations(edit: WorkspaceEdit): WorkspaceEdit {
  const documentChanges = (edit.documentChanges ?? []).map((change) =>
    isTextEdit(change) ? { ...change, edits: change.edits.map(plain) } : change,
  );
  return { documentChanges };
}

function plain(edit: TextDocumentEdit["edits"][number]): TextDocumentEdit["edits"][number] {
  return "newText" in edit ? { range: edit.range, newText: edit.newText } : edit;
}

/** The text with the edits applied, the last in it first, so that no edit moves another. */
export function textAfter(
  text: string,
  offsetAt: (position: Position) => number,
  edits: readonly TextEdit[],
): string {
  return edits
    .map(({ range, newText }) => ({ start: offsetAt(range.start), end: offsetAt(range.end), newText }))
    .sort((a, b) => b.start - a.start)
    .reduce((left, { start, end, newText }) => left.slice(0, start) + newText + left.slice(end), text);
}

function isTextEdit(change: NonNullable<WorkspaceEdit["documentChanges"]>[number]): change is TextDocumentEdit {
  return "textDocument" in change;
}
