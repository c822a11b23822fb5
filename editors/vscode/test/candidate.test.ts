import assert from "node:assert/strict";
import { test } from "node:test";
import { byFunction, readAnswer, readCandidates } from "../src/candidate";

const candidate = (id: string, name: string, line: number) => ({
  id,
  name,
  line,
  title: "`f(1)` == 2",
  statement: "assert f(1) == 2",
  basis: "most programs agree",
});

test("candidates are read, and what is malformed is left out", () => {
  const good = candidate("a", "f", 3);
  const told = readCandidates({ uri: "file:///x.py", candidates: [good, { ...good, line: -1 }, { id: 1 }, null] });
  assert.deepEqual(told, { uri: "file:///x.py", candidates: [good] });
  assert.equal(readCandidates({ uri: 1, candidates: [] }), undefined);
  assert.equal(readCandidates(null), undefined);
});

test("they are grouped by function in the order of the text", () => {
  const all = [candidate("a", "f", 1), candidate("b", "g", 5), candidate("c", "f", 1)];
  const groups = [...byFunction(all)].map(([name, tests]) => [name, tests.map((one) => one.id)]);
  assert.deepEqual(groups, [["f", ["a", "c"]], ["g", ["b"]]]);
});

test("an answer is read, an unknown outcome left out, nonsense told", () => {
  const result = { id: "a", outcome: "failed", says: "returned 0", expected: "returned 2", statement: "assert f() == 2" };
  assert.deepEqual(readAnswer({ results: [result, { ...result, outcome: "maybe" }], problem: "" }).results, [result]);
  assert.equal(readAnswer({ results: [], problem: "No sandbox." }).problem, "No sandbox.");
  assert.match(readAnswer("?").problem, /not understood/);
});
