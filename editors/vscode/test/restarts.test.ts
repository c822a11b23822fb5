import assert from "node:assert/strict";
import { test } from "node:test";
import { Restarts } from "../src/restarts";

function counting(): { restart: () => Promise<void>; release: () => void; count: () => number } {
  let count = 0;
  let release: () => void = () => undefined;
  return {
    restart: () => {
      count += 1;
      return new Promise((resolve) => (release = resolve));
    },
    release: () => release(),
    count: () => count,
  };
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

test("requests while one is under way become one more", async () => {
  const work = counting();
  const restarts = new Restarts(work.restart);
  const all = [restarts.request(), restarts.request(), restarts.request()];
  work.release();
  await turn();
  assert.equal(work.count(), 2);
  work.release();
  await Promise.all(all);
  assert.equal(work.count(), 2);
});

test("a request after the end starts anew", async () => {
  const work = counting();
  const restarts = new Restarts(work.restart);
  for (const expected of [1, 2]) {
    const request = restarts.request();
    work.release();
    await request;
    assert.equal(work.count(), expected);
  }
});

test("a restart that fails does not block the next", async () => {
  let fail = true;
  const restarts = new Restarts(async () => {
    if (fail) {
      throw new Error("no");
    }
  });
  await assert.rejects(restarts.request(), /no/);
  fail = false;
  await restarts.request();
});
