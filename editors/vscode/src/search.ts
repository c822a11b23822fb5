/** Where a server may be found, and how it is started from there. Knows nothing of VS Code. */

import * as path from "node:path";

export type Origin = "genx.server.path" | "genx.interpreter" | "selected environment" | ".venv" | "PATH" | "its own environment";

/** A place that may hold the server: a Python that can import it, or the program itself. */
export interface Place {
  readonly origin: Origin;
  readonly file: string;
  readonly kind: "python" | "program";
}

/** What a look at a place has shown. */
export type Probe = "ready" | "missing" | "too old" | "broken";

export interface Search {
  readonly found: Place | undefined;
  readonly tried: readonly (readonly [Place, Probe])[];
}

/** How a place's file is run: `genx-lsp`, or a Python. */
export function placeOf(origin: Origin, file: string): Place {
  const name = path.basename(file).toLowerCase();
  return { origin, file, kind: /^(python|pypy)/.test(name) ? "python" : "program" };
}

/** The command line of the server's program, `serve` and the like still to be added. */
export function commandOf(place: Place): { command: string; args: string[] } {
  return place.kind === "python"
    ? { command: place.file, args: ["-m", "genx_lsp"] }
    : { command: place.file, args: [] };
}

/** Tries the places in order, each file once, and stops at the first that is ready. */
export async function search(
  places: AsyncIterable<Place> | Iterable<Place>,
  probe: (place: Place) => Promise<Probe>,
): Promise<Search> {
  const tried: (readonly [Place, Probe])[] = [];
  const seen = new Set<string>();
  for await (const place of places) {
    if (seen.has(place.file)) {
      continue;
    }
    seen.add(place.file);
    const result = await probe(place);
    tried.push([place, result]);
    if (result === "ready") {
      return { found: place, tried };
    }
  }
  return { found: undefined, tried };
}

const REASONS: Record<Probe, string> = {
  ready: "has it",
  missing: "does not have genx-lsp",
  "too old": "is older than Python 3.10",
  broken: "could not be started",
};

/** One line a place, for the log. */
export function explain(result: Search): string[] {
  return result.tried.map(([place, probe]) => `${place.origin}: ${place.file} ${REASONS[probe]}`);
}

/** Whether the user has named a place, so that no other may be taken in its stead. */
export function isNamed(result: Search): boolean {
  return result.tried.some(([place]) => place.origin === "genx.server.path");
}

/** What the user is told when nothing was found. A place they named themselves comes first. */
export function notFound(result: Search): string {
  const named = result.tried.find(([place]) => place.origin === "genx.server.path");
  if (named !== undefined) {
    const [place, probe] = named;
    return `GenX cannot start: ${place.file}, set in ${place.origin}, ${REASONS[probe]}.`;
  }
  return "GenX found no Python that has genx-lsp. Set it up from this menu, install it with `pip install genx-lsp`, or select the Python that has it.";
}

/** `~` and `${workspaceFolder}` in a path that a person wrote; names without a slash are left for PATH. */
export function expandPath(written: string, home: string, folder: string | undefined): string {
  let expanded = written.trim();
  if (expanded === "~" || expanded.startsWith("~/") || expanded.startsWith("~\\")) {
    expanded = home + expanded.slice(1);
  }
  if (folder !== undefined) {
    expanded = expanded.replaceAll("${workspaceFolder}", folder);
    if (/[\\/]/.test(expanded) && !path.isAbsolute(expanded)) {
      expanded = path.join(folder, expanded);
    }
  }
  return expanded;
}

/** Every file that `name` may mean on this PATH, in its order. */
export function onPath(name: string, searchPath: string, platform: NodeJS.Platform = process.platform): string[] {
  const windows = platform === "win32";
  const separator = windows ? ";" : ":";
  const join = windows ? path.win32.join : path.posix.join;
  return searchPath
    .split(separator)
    .filter((directory) => directory !== "")
    .map((directory) => join(directory, windows ? `${name}.exe` : name));
}
