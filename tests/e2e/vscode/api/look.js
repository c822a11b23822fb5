// Waits for what is to be seen.
const assert = require("node:assert/strict");

async function eventually(what, look, limit = 60_000) {
  const end = Date.now() + limit;
  let seen;
  for (;;) {
    seen = await look();
    if (seen) {
      return seen;
    }
    assert.ok(Date.now() < end, `${what}: not within ${limit / 1000} s; last seen ${JSON.stringify(seen)}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

module.exports = { eventually };
