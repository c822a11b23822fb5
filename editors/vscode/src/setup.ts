/** Offers the server an environment of its own, once, and makes it where the user agrees. */

import { readdir } from "node:fs/promises";
import * as path from "node:path";
import * as vscode from "vscode";
import {
  BASE_NAMES,
  Cancelled,
  environment,
  EnvironmentError,
  findBase,
  PrivateEnvironment,
  runLoudly,
  type Stage,
} from "./environment";
import { basePythons } from "./places";
import type { SelectedInterpreter } from "./python";
import { onPath } from "./search";

const ANSWER = "genx.environment";
type Answer = "created" | "declined";

const STAGES: Record<Stage, string> = {
  creating: "making a Python environment",
  installing: "installing the server",
  building: "compiling llama.cpp for this processor, which takes some minutes",
  fetching: "fetching the model, 491 MB",
};

export class Setup {
  readonly environment: PrivateEnvironment;
  #running: Promise<boolean> | undefined;

  constructor(
    private readonly context: vscode.ExtensionContext,
    private readonly log: vscode.LogOutputChannel,
    private readonly selected: SelectedInterpreter,
  ) {
    const { version } = context.extension.packageJSON as { version: string };
    this.environment = new PrivateEnvironment(context.globalStorageUri.fsPath, version);
  }

  /**
   * No Python has the server. Who has agreed to an environment of its own before gets it for this version too; who
   * has never been asked is asked now. Returns whether there is one afterwards.
   */
  async offer(): Promise<boolean> {
    const answer = this.context.globalState.get<Answer>(ANSWER);
    if (answer === "created") {
      return this.create();
    }
    if (answer === "declined") {
      return false;
    }
    // Remembered before the answer: whoever just closes the message, or the window, is not asked again either.
    await this.#remember("declined");
    const choices: Record<string, () => Thenable<unknown>> = {
      "Set Up": () => this.create(),
      "Select Python…": () => vscode.commands.executeCommand("genx.selectServer"),
      "More…": () => vscode.commands.executeCommand("genx.openWalkthrough"),
    };
    const choice = await vscode.window.showInformationMessage(
      "GenX needs its server, a Python package, and no Python here has it. Set it up in an environment of its own? " +
        "That installs some 400 MB and fetches a model of 491 MB; nothing in your projects changes.",
      ...Object.keys(choices),
    );
    return choice !== undefined && (await choices[choice]?.()) === true;
  }

  /** Makes the environment, with progress that can be cancelled. Asked for twice, it is made once. */
  async create(): Promise<boolean> {
    this.#running ??= this.#create().finally(() => (this.#running = undefined));
    return this.#running;
  }

  async #create(): Promise<boolean> {
    const said = await vscode.window.withProgress(
      { location: vscode.ProgressLocation.Notification, title: "GenX", cancellable: true },
      async (progress, token): Promise<string | undefined> => {
        const abort = new AbortController();
        token.onCancellationRequested(() => abort.abort());
        const witness = {
          line: (text: string) => this.log.info(text),
          stage: (stage: Stage) => progress.report({ message: STAGES[stage] }),
        };
        try {
          const base = await findBase(this.#bases());
          if (base === undefined) {
            return "There is no Python 3.10 or newer that can make environments. Install one (`apt install python3 python3-venv`).";
          }
          await this.environment.create(base, await this.#package(), witness, abort.signal);
          await this.#remember("created");
          await this.#fetchModel(witness, abort.signal);
          return undefined;
        } catch (error) {
          this.log.error(error instanceof Error ? error.message : String(error));
          if (error instanceof Cancelled) {
            return "";
          }
          return error instanceof EnvironmentError ? error.message : `The environment failed: ${String(error)}`;
        }
      },
    );
    if (said) {
      void this.#tell(`GenX could not be set up. ${said}`);
    }
    return this.environment.exists;
  }

  /** Without a model the server works from examples and small changes, so this failing is no failure of it all. */
  async #fetchModel(witness: { line(text: string): void; stage(stage: Stage): void }, signal: AbortSignal): Promise<void> {
    witness.stage("fetching");
    try {
      await runLoudly(this.environment.python, ["-m", "genx_lsp", "models", "pull"], {
        cwd: this.context.globalStorageUri.fsPath,
        env: environment(),
        signal,
        witness,
        why: () => "The model could not be fetched. GenX works without one, from examples and small changes only.",
      });
    } catch (error) {
      this.log.warn(error instanceof Error ? error.message : String(error));
      if (!(error instanceof Cancelled)) {
        void this.#tell("GenX is set up, but its model could not be fetched; the log says why.");
      }
    }
  }

  async #tell(message: string): Promise<void> {
    if ((await vscode.window.showWarningMessage(message, "Show Log")) !== undefined) {
      this.log.show();
    }
  }

  async *#bases(): AsyncGenerator<string> {
    yield* basePythons(this.selected);
    for (const name of BASE_NAMES) {
      yield* onPath(name, process.env["PATH"] ?? "");
    }
  }

  /** The wheel that came with the extension, which fits it; else the same version from the package index. */
  async #package(): Promise<string> {
    const folder = path.join(this.context.extensionPath, "bundled");
    const [wheel] = (await readdir(folder).catch((): string[] => [])).filter((name) => name.endsWith(".whl"));
    const { version } = this.context.extension.packageJSON as { version: string };
    // The sandbox needs bubblewrap; where the system has none, a package does.
    const extra = process.platform === "linux" && !(await hasProgram("bwrap")) ? "[sandbox]" : "";
    return wheel === undefined ? `genx-lsp${extra}==${version}` : path.join(folder, wheel) + extra;
  }

  #remember(answer: Answer): Thenable<void> {
    return this.context.globalState.update(ANSWER, answer);
  }
}

async function hasProgram(name: string): Promise<boolean> {
  const folders = onPath(name, process.env["PATH"] ?? "").map((file) => path.dirname(file));
  const listed = await Promise.all(folders.map((folder) => readdir(folder).catch((): string[] => [])));
  return listed.some((names) => names.includes(name));
}
