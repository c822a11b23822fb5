import assert from "node:assert/strict";
import { test } from "node:test";
import { textAfter, wantsALook, withoutAnnotations } from "../src/annotated";

const edit = (line: number, newText: string) => ({
  range: { start: { line, character: 0 }, end: { line: line + 1, character: 0 } },
  newText,
});
const annotated = (needsConfirmation: boolean) => ({
  changeAnnotations: { fix: { label: "GenX", description: "passes 2 of 2", needsConfirmation } },
  documentChanges: [
    {
      textDocument: { uri: "file:///a.py", version: 3 },
      edits: [
        { ...edit(4, "five\n"), annotationId: "fix" },
        { ...edit(1, "two\n"), annotationId: "fix" },
      ],
    },
  ],
});

test("only an edit of one document that asks for confirmation is looked at", () => {
  const change = wantsALook(annotated(true));
  assert.equal(change?.uri, "file:///a.py");
  assert.equal(change?.line, 1);
  assert.equal(change?.says, "passes 2 of 2");
  assert.equal(wantsALook(annotated(false)), undefined);
  assert.equal(wantsALook({ changes: { "file:///a.py": [edit(0, "x")] } }), undefined);
  const [only] = annotated(true).documentChanges;
  assert.ok(only);
  const created = { kind: "create" as const, uri: "file:///b.py" };
  assert.equal(wantsALook({ ...annotated(true), documentChanges: [created, only] }), undefined);
  assert.equal(wantsALook({ ...annotated(true), documentChanges: [only, only] }), undefined);
});

test("an edit that was looked at is applied without asking again, at the same version", () => {
  const plain = withoutAnnotations(annotated(true));
  assert.deepEqual(plain, {
    documentChanges: [
      { textDocument: { uri: "file:///a.py", version: 3 }, edits: [edit(4, "five\n"), edit(1, "two\n")] },
    ],
  });
});

test("edits are applied wherever they stand in the list", () => {
  const text = "0\n1\n2\n3\n4\n5\n";
  const offsetAt = ({ line, character }: { line: number; character: number }) => line * 2 + character;
  assert.equal(textAfter(text, offsetAt, [edit(1, "two\nmore\n"), edit(4, "")]), "0\ntwo\nmore\n2\n3\n5\n");
});
