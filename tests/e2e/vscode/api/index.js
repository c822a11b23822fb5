// Runs inside the extension host: every exported test in turn; the results go to a file that the driver waits for.
const { writeFileSync } = require("node:fs");
const path = require("node:path");
const tests = require("./tests.js");

const ONE_TEST_MS = 150_000;

async function run() {
  const results = [];
  for (const [title, body] of Object.entries(tests)) {
    const started = Date.now();
    let timer;
    const late = new Promise((_, reject) => {
      timer = setTimeout(() => reject(new Error(`not within ${ONE_TEST_MS / 1000} s`)), ONE_TEST_MS);
    });
    const error = await Promise.race([body(), late]).then(
      () => undefined,
      (failure) => String(failure?.stack ?? failure),
    );
    clearTimeout(timer);
    results.push({ title, error, seconds: (Date.now() - started) / 1000 });
  }
  writeFileSync(path.join(process.env.GENX_API_HOME, "results.json"), JSON.stringify(results));
}

module.exports = { run };
