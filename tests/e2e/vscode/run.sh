#!/usr/bin/env bash
# A real VS Code opens the example project and does what a person would do.
#
#   tests/e2e/vscode/run.sh [--again] [--update-images] [api] [api-1.100] [trust] [setup] [private] [story]
#
# Screenshots go to build/e2e/; --update-images copies the good ones to docs/images/. What it needs and this
# machine lacks is installed into a cache folder (VS Code, Node, a browser driver) or, as root, by apt (Chromium).
# Where that cannot be, it says why and ends as a skip; with GENX_E2E_REQUIRED=1 as a failure.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../../.." && pwd)
extension=$root/editors/vscode
export GENX_PYTHON=${GENX_PYTHON:-$root/.venv/bin/python}

skip() {
  echo "SKIPPED the VS Code tests: $1"
  [ -z "${GENX_E2E_REQUIRED:-}" ] || exit 1
  exit 0
}

[ "$(uname -sm)" = "Linux x86_64" ] || skip "they know how to get a VS Code for Linux on x86_64 only."
for program in node npm; do
  command -v "$program" >/dev/null || skip "$program is not installed (Node 20 or later)."
done
node -e 'process.exit(Number(process.versions.node.split(".")[0]) < 20 ? 1 : 0)' ||
  skip "Node $(node -v) is too old; 20 or later is needed."
"$GENX_PYTHON" -c "import genx_lsp" 2>/dev/null || skip "$GENX_PYTHON has no genx_lsp; run 'make setup'."

browser() {
  local name
  for name in "${CHROMIUM:-chromium}" chromium-browser google-chrome; do
    command -v "$name" && return
  done
  return 1
}
if ! browser >/dev/null && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
  apt-get -qq update && apt-get -qq install -y --no-install-recommends chromium fonts-dejavu-core >/dev/null || true
fi
CHROMIUM=$(browser) || skip "there is no Chromium; install one, or name it in CHROMIUM."
export CHROMIUM

# VS Code, complete and by its lock file, once for every version.
version=$(sha256sum "$here/package-lock.json" | cut -c1-12)
cache=${XDG_CACHE_HOME:-$HOME/.cache}/genx-lsp/e2e-vscode-$version
if [ ! -e "$cache/complete" ]; then
  echo "Installing VS Code into $cache ..."
  rm -rf "$cache"
  mkdir -p "$cache"
  cp "$here/package.json" "$here/package-lock.json" "$cache"
  quiet=(--ignore-scripts --no-audit --no-fund --loglevel=error)
  # Not ci inside: the lock files that they ship with are not quite in step with their package.json.
  if ! (cd "$cache" && npm ci "${quiet[@]}" &&
    (cd node_modules/code-server/lib/vscode && npm install --omit=dev "${quiet[@]}") &&
    (cd node_modules/code-server-1.100/lib/vscode && npm install --omit=dev "${quiet[@]}")); then
    rm -rf "$cache"
    skip "VS Code could not be installed from npm."
  fi
  touch "$cache/complete"
fi

# The extension, as it would be installed.
vsix=$extension/genx-lsp.vsix
sources=("$extension/src" "$extension/package.json" "$root/genx_lsp" "$root/models" "$root/sandbox")
if [ ! -e "$vsix" ] || [ -n "$(find "${sources[@]}" -type f -not -name '*.pyc' -newer "$vsix" | head -1)" ]; then
  (cd "$extension" && { [ -d node_modules ] || npm ci --ignore-scripts --no-audit --no-fund; } && npm run --silent package >/dev/null)
fi

exec node "$here/run.mjs" --cache "$cache" --vsix "$vsix" "$@"
