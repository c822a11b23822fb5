import assert from "node:assert/strict";
import { test } from "node:test";
import { appearance, readStatus } from "../src/state";

test("at rest the item is only the name", () => {
  assert.equal(appearance({ state: "idle", message: "" }).text, "$(beaker) GenX");
});

test("work is told by a word and is busy", () => {
  const shown = appearance({ state: "testing", message: "14 programs x 22 tests" });
  assert.equal(shown.text, "$(beaker) GenX: testing");
  assert.equal(shown.label, "GenX, testing: 14 programs x 22 tests");
  assert.equal(shown.busy, true);
});

test("a problem is a warning", () => {
  assert.equal(appearance({ state: "problem", message: "no sandbox" }).severity, "warning");
});

test("a notification is read, an unknown one is left alone", () => {
  assert.deepEqual(readStatus({ state: "generating", message: "f" }), { state: "generating", message: "f" });
  assert.deepEqual(readStatus({ state: "off" }), { state: "off", message: "" });
  assert.equal(readStatus({ state: "toString" }), undefined);
  assert.equal(readStatus({ state: "dreaming" }), undefined);
  assert.equal(readStatus(null), undefined);
});
