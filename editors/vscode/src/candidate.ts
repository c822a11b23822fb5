/** Candidate tests as the server tells of them. Knows nothing of VS Code. */

/** A test that was found for a function and is in no file yet. */
export interface Candidate {
  readonly id: string;
  readonly name: string;
  readonly line: number;
  readonly title: string;
  readonly statement: string;
  readonly basis: string;
}

/** What became of one that was run. */
export interface Result {
  readonly id: string;
  readonly outcome: "passed" | "failed" | "errored";
  readonly says: string;
  readonly expected: string;
  readonly statement: string;
}

export interface Answer {
  readonly results: readonly Result[];
  readonly problem: string;
}

/** Reads the parameters of `genx/candidates`; what is malformed is left out. */
export function readCandidates(params: unknown): { uri: string; candidates: Candidate[] } | undefined {
  if (!isRecord(params) || typeof params["uri"] !== "string" || !Array.isArray(params["candidates"])) {
    return undefined;
  }
  return { uri: params["uri"], candidates: params["candidates"].filter(isCandidate) };
}

/** The candidates by function, in the order in which the functions stand in the text. */
export function byFunction(candidates: readonly Candidate[]): Map<string, Candidate[]> {
  const functions = new Map<string, Candidate[]>();
  for (const candidate of candidates) {
    const known = functions.get(candidate.name);
    if (known === undefined) {
      functions.set(candidate.name, [candidate]);
    } else {
      known.push(candidate);
    }
  }
  return functions;
}

/** Reads the answer to `genx/runCandidates`. */
export function readAnswer(answer: unknown): Answer {
  if (!isRecord(answer) || !Array.isArray(answer["results"])) {
    return { results: [], problem: "The server's answer was not understood; is it another version?" };
  }
  const problem = typeof answer["problem"] === "string" ? answer["problem"] : "";
  return { results: answer["results"].filter(isResult), problem };
}

function isCandidate(value: unknown): value is Candidate {
  return (
    isRecord(value) &&
    ["id", "name", "title", "statement", "basis"].every((key) => typeof value[key] === "string") &&
    Number.isInteger(value["line"]) &&
    (value["line"] as number) >= 0
  );
}

function isResult(value: unknown): value is Result {
  return (
    isRecord(value) &&
    ["id", "says", "expected", "statement"].every((key) => typeof value[key] === "string") &&
    ["passed", "failed", "errored"].includes(value["outcome"] as string)
  );
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}
