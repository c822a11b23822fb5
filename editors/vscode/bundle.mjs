// Puts the server's wheel beside the extension, so that what is installed fits it: bundled/genx_lsp-*.whl.
// Built by the environment that `make setup` makes, or the one in GENX_PYTHON. Without one, the extension installs
// the same version from the package index.
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, rmSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

const here = path.dirname(fileURLToPath(import.meta.url));
const root = path.resolve(here, "../..");
const bundled = path.join(here, "bundled");
const python = process.env.GENX_PYTHON ?? path.join(root, ".venv", "bin", "python");

rmSync(bundled, { recursive: true, force: true });
mkdirSync(bundled);
if (existsSync(python)) {
  execFileSync(python, ["-m", "hatchling", "build", "-t", "wheel", "-d", bundled], { cwd: root, stdio: "pipe" });
} else {
  console.log("The server's wheel is left out: there is no environment to build it with (make setup).");
}
console.log(`bundled: ${readdirSync(bundled).join(", ") || "nothing"}`);
