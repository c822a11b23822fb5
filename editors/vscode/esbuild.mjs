// Bundles the extension into dist/extension.js, or with --tests the unit tests into build/.
import { readdirSync } from "node:fs";
import * as esbuild from "esbuild";

const flags = new Set(process.argv.slice(2));
const shared = {
  bundle: true,
  platform: "node",
  target: "node20",
  format: "cjs",
  external: ["vscode"],
  legalComments: "none",
  logLevel: "warning",
};

if (flags.has("--tests")) {
  await esbuild.build({
    ...shared,
    entryPoints: readdirSync("test")
      .filter((name) => name.endsWith(".test.ts"))
      .map((name) => `test/${name}`),
    outdir: "build",
    sourcemap: "inline",
  });
} else {
  const extension = {
    ...shared,
    entryPoints: ["src/extension.ts"],
    outfile: "dist/extension.js",
    minify: !flags.has("--watch"),
    sourcemap: flags.has("--watch"),
    legalComments: "eof",
  };
  if (flags.has("--watch")) {
    await (await esbuild.context(extension)).watch();
  } else {
    await esbuild.build(extension);
  }
}
