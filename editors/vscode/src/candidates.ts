/** Candidate tests in the Test Explorer. The project's own tests stay with the Python extension. */

import * as vscode from "vscode";
import { byFunction, readAnswer, readCandidates, type Answer, type Candidate, type Result } from "./candidate";
import type { QuietClient } from "./client";

const RUN = "genx/runCandidates";

/** What a node of the tree stands for: a test, or a function with its tests. */
interface Node {
  readonly uri: string;
  readonly name: string;
  readonly candidate?: Candidate;
}

export class CandidateTests implements vscode.Disposable {
  readonly #controller = vscode.tests.createTestController("genx.candidates", "GenX candidates");
  readonly #nodes = new WeakMap<vscode.TestItem, Node>();
  #client: QuietClient | undefined;

  constructor() {
    this.#controller.createRunProfile(
      "Run on the code as it stands",
      vscode.TestRunProfileKind.Run,
      (request, token) => this.#run(request, token),
      true,
    );
  }

  /** The server that tells of them from now on; none, and there are none. */
  connect(client: QuietClient | undefined): void {
    this.#client = client;
    this.#controller.items.replace([]);
    client?.onNotification("genx/candidates", (params: unknown) => {
      const told = readCandidates(params);
      if (told !== undefined && this.#client === client) {
        this.#show(told.uri, told.candidates);
      }
    });
  }

  /** Puts the tests of a function into the project's test file, or leaves one out of it for good. */
  readonly commands = {
    "genx.keepCandidates": (item: vscode.TestItem | undefined) => this.#send("genx.generateTests", item),
    "genx.explainCandidate": (item: vscode.TestItem | undefined) => this.#send("genx.showReport", item),
    "genx.dismissCandidate": async (item: vscode.TestItem | undefined) => {
      const reason = item && this.#nodes.get(item)?.candidate && (await askReason());
      return reason && this.#send("genx.dismiss", item, { reason });
    },
  };

  /** Where a candidate is shown; for whoever wants to look at it from outside. */
  get items(): vscode.TestItemCollection {
    return this.#controller.items;
  }

  async #send(command: string, item: vscode.TestItem | undefined, more: Record<string, string> = {}): Promise<void> {
    const node = item && this.#nodes.get(item);
    if (node !== undefined) {
      const suggestion = node.candidate === undefined ? {} : { suggestion: node.candidate.id };
      await this.#client?.sendRequest("workspace/executeCommand", {
        command,
        arguments: [{ uri: node.uri, name: node.name, ...suggestion, ...more }],
      });
    }
  }

  #show(uri: string, candidates: readonly Candidate[]): void {
    const document = vscode.Uri.parse(uri);
    if (candidates.length === 0) {
      this.#controller.items.delete(uri);
      return;
    }
    const label = vscode.workspace.asRelativePath(document);
    const file = this.#controller.items.get(uri) ?? this.#controller.createTestItem(uri, label, document);
    this.#controller.items.add(file);
    const functions = [...byFunction(candidates)].map(([name, tests], order) => {
      const id = `${uri}#${name}`;
      const item = file.children.get(id) ?? this.#controller.createTestItem(id, name, document);
      item.range = lineRange(tests[0]?.line ?? 0);
      item.sortText = String(order).padStart(5, "0");
      this.#nodes.set(item, { uri, name });
      item.children.replace(tests.map((test, place) => this.#test(item, document, uri, test, place)));
      return item;
    });
    file.children.replace(functions);
  }

  /** The item of a test. The same item as before, where there was one, or it would lose its result. */
  #test(parent: vscode.TestItem, document: vscode.Uri, uri: string, test: Candidate, place: number): vscode.TestItem {
    const plain = test.title.replaceAll("`", "");
    const item = parent.children.get(test.id) ?? this.#controller.createTestItem(test.id, plain, document);
    item.description = test.basis;
    item.range = lineRange(test.line);
    item.sortText = String(place).padStart(5, "0");
    this.#nodes.set(item, { uri, name: test.name, candidate: test });
    return item;
  }

  async #run(request: vscode.TestRunRequest, token: vscode.CancellationToken): Promise<void> {
    const run = this.#controller.createTestRun(request);
    try {
      const tests = this.#wanted(request);
      tests.forEach((item) => run.enqueued(item));
      for (const [function_, items] of groupBy(tests, (item) => item.parent)) {
        const node = function_ && this.#nodes.get(function_);
        if (token.isCancellationRequested || node === undefined) {
          items.forEach((item) => run.skipped(item));
          continue;
        }
        items.forEach((item) => run.started(item));
        const answer = await this.#ask({ uri: node.uri, name: node.name, ids: items.map((item) => item.id) }, token);
        items.forEach((item) => tell(run, item, answer));
      }
    } finally {
      run.end();
    }
  }

  async #ask(params: { uri: string; name: string; ids: string[] }, token: vscode.CancellationToken): Promise<Answer> {
    if (this.#client === undefined) {
      return { results: [], problem: "The GenX server does not run." };
    }
    try {
      return readAnswer(await this.#client.sendRequest(RUN, params, token));
    } catch (error) {
      const problem = token.isCancellationRequested ? "" : error instanceof Error ? error.message : String(error);
      return { results: [], problem };
    }
  }

  /** The tests that a request means: all there are, or those under what was chosen, less what was excluded. */
  #wanted(request: vscode.TestRunRequest): vscode.TestItem[] {
    const excluded = new Set(request.exclude);
    const found = new Set<vscode.TestItem>();
    const walk = (item: vscode.TestItem): void => {
      if (excluded.has(item)) {
        return;
      }
      if (this.#nodes.get(item)?.candidate !== undefined) {
        found.add(item);
      }
      item.children.forEach(walk);
    };
    if (request.include === undefined) {
      this.#controller.items.forEach(walk);
    } else {
      request.include.forEach(walk);
    }
    return [...found];
  }

  dispose(): void {
    this.#controller.dispose();
  }
}

async function askReason(): Promise<string | undefined> {
  const items = [
    { label: "Not useful", reason: "notUseful" },
    { label: "Wrong", description: "the code should not behave so", reason: "wrong" },
    { label: "Never for this function", reason: "never" },
  ];
  return (await vscode.window.showQuickPick(items, { title: "GenX: Dismiss", placeHolder: "Why?" }))?.reason;
}

function tell(run: vscode.TestRun, item: vscode.TestItem, answer: Answer): void {
  const result = answer.results.find((one) => one.id === item.id);
  if (result === undefined) {
    if (answer.problem === "") {
      run.skipped(item);
    } else {
      run.errored(item, at(item, new vscode.TestMessage(answer.problem)));
    }
    return;
  }
  run.appendOutput(`${result.statement}: ${result.outcome}; ${result.says}\r\n`, undefined, item);
  if (result.outcome === "passed") {
    run.passed(item);
  } else if (result.outcome === "failed") {
    run.failed(item, at(item, message(result)));
  } else {
    run.errored(item, at(item, message(result)));
  }
}

function message(result: Result): vscode.TestMessage {
  const says = `\`${result.statement}\`: the code ${result.says}, the test wants: ${result.expected}.`;
  return vscode.TestMessage.diff(new vscode.MarkdownString(says), result.expected, result.says);
}

function at(item: vscode.TestItem, message: vscode.TestMessage): vscode.TestMessage {
  if (item.uri !== undefined && item.range !== undefined) {
    message.location = new vscode.Location(item.uri, item.range);
  }
  return message;
}

function lineRange(line: number): vscode.Range {
  return new vscode.Range(line, 0, line, 0);
}

function groupBy<Key, Item>(items: Item[], key: (item: Item) => Key): Map<Key, Item[]> {
  const groups = new Map<Key, Item[]>();
  for (const item of items) {
    const of = key(item);
    groups.set(of, [...(groups.get(of) ?? []), item]);
  }
  return groups;
}
