import assert from "node:assert/strict";
import { test } from "node:test";
import { commandOf, expandPath, explain, notFound, onPath, placeOf, search, type Place, type Probe } from "../src/search";

const place = (origin: Place["origin"], file: string): Place => ({ origin, file, kind: "python" });

function probing(answers: Record<string, Probe>): { probe: (place: Place) => Promise<Probe>; asked: string[] } {
  const asked: string[] = [];
  return {
    asked,
    probe: async ({ file }) => {
      asked.push(file);
      return answers[file] ?? "missing";
    },
  };
}

test("the first place that is ready ends the search", async () => {
  const { probe, asked } = probing({ "/b": "ready", "/c": "ready" });
  const result = await search([place("genx.interpreter", "/a"), place(".venv", "/b"), place("PATH", "/c")], probe);
  assert.equal(result.found?.file, "/b");
  assert.deepEqual(asked, ["/a", "/b"]);
});

test("a file that is named twice is asked once", async () => {
  const { probe, asked } = probing({});
  await search([place("selected environment", "/a"), place(".venv", "/a")], probe);
  assert.deepEqual(asked, ["/a"]);
});

test("what was tried is told, a line a place", async () => {
  const { probe } = probing({ "/old": "too old", "/none": "missing" });
  const result = await search([place(".venv", "/old"), place("PATH", "/none")], probe);
  assert.deepEqual(explain(result), [
    ".venv: /old is older than Python 3.10",
    "PATH: /none does not have genx-lsp",
  ]);
});

test("a place that the user has set is named when it does not work", async () => {
  const { probe } = probing({ "/mine": "broken" });
  const result = await search([place("genx.server.path", "/mine")], probe);
  assert.equal(notFound(result), "GenX cannot start: /mine, set in genx.server.path, could not be started.");
});

test("without such a place the message says how to get one", async () => {
  assert.match(notFound(await search([], probing({}).probe)), /pip install genx-lsp/);
});

test("a Python runs the module, anything else is the program itself", () => {
  assert.deepEqual(commandOf(placeOf("genx.server.path", "/v/bin/python3.12")), {
    command: "/v/bin/python3.12",
    args: ["-m", "genx_lsp"],
  });
  assert.deepEqual(commandOf(placeOf("genx.server.path", "/v/bin/genx-lsp")), {
    command: "/v/bin/genx-lsp",
    args: [],
  });
});

test("a written path knows the home, the workspace folder and relative paths", () => {
  assert.equal(expandPath("~/v/bin/python", "/home/me", "/w"), "/home/me/v/bin/python");
  assert.equal(expandPath("${workspaceFolder}/.venv/bin/python", "/home/me", "/w"), "/w/.venv/bin/python");
  assert.equal(expandPath(".venv/bin/python", "/home/me", "/w"), "/w/.venv/bin/python");
  assert.equal(expandPath(" python3 ", "/home/me", "/w"), "python3");
  assert.equal(expandPath("/usr/bin/python3", "/home/me", undefined), "/usr/bin/python3");
});

test("PATH is read as the platform writes it", () => {
  assert.deepEqual(onPath("genx-lsp", "/a::/b/bin", "linux"), ["/a/genx-lsp", "/b/bin/genx-lsp"]);
  assert.deepEqual(onPath("genx-lsp", "C:\\a;D:\\b", "win32"), ["C:\\a\\genx-lsp.exe", "D:\\b\\genx-lsp.exe"]);
});
