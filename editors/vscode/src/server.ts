/** Finds, starts and stops the language server. */

import { isDeepStrictEqual } from "node:util";
import { createInterface } from "node:readline";
import * as vscode from "vscode";
import { RevealOutputChannelOn, State, type LanguageClientOptions } from "vscode-languageclient/node";
import type { CandidateTests } from "./candidates";
import { QuietClient } from "./client";
import type { PrivateEnvironment } from "./environment";
import { middleware } from "./middleware";
import { placesFor, probe } from "./places";
import type { FixPreview } from "./preview";
import type { SelectedInterpreter } from "./python";
import type { ReportPanel } from "./report";
import { commandOf, explain, isNamed, notFound, search, type Place } from "./search";
import { readStatus, type Status } from "./state";

/** The server could not be found. The message is for the user; where they named no place, one can be made. */
export class ServerNotFound extends Error {
  constructor(
    message: string,
    readonly canBeMade: boolean,
  ) {
    super(message);
  }
}

export class Server {
  #client: QuietClient | undefined;
  #place: Place | undefined;

  /**
   * `home` is a folder of ours: the server is started there, because Python looks for modules in the folder it
   * is started in, and nothing in the workspace may pose as one.
   */
  constructor(
    private readonly home: string,
    private readonly log: vscode.LogOutputChannel,
    private readonly selected: SelectedInterpreter,
    private readonly own: PrivateEnvironment,
    private readonly report: ReportPanel,
    private readonly preview: FixPreview,
    private readonly candidates: CandidateTests,
    private readonly onStatus: (status: Status) => void,
  ) {}

  get client(): QuietClient | undefined {
    return this.#client;
  }

  /** The program and arguments in use, for `doctor`. */
  get command(): { command: string; args: string[] } | undefined {
    return this.#place && commandOf(this.#place);
  }

  /** Throws ServerNotFound, or what starting the server threw. */
  async start(): Promise<void> {
    const place = await this.#find();
    this.#place = place;
    const { command, args } = commandOf(place);
    this.log.info(`Starting ${[command, ...args, "serve"].join(" ")} (${place.origin}).`);
    const client = new QuietClient(
      { command, args: [...args, "serve"], options: { cwd: this.home, env: { ...process.env } } },
      this.#options(),
    );
    client.onNotification("genx/status", (params: unknown) => {
      const status = readStatus(params);
      if (status !== undefined) {
        this.onStatus(status);
      }
    });
    client.onDidChangeState(({ newState }) => {
      const running = newState === State.Running;
      void vscode.commands.executeCommand("setContext", "genx.running", running);
      if (this.#client !== client) {
        return;
      }
      if (running) {
        this.onStatus({ state: "idle", message: "" });
      } else if (newState === State.Starting) {
        this.onStatus({ state: "starting", message: "Starting the server." });
      } else if (newState === State.Stopped) {
        this.onStatus({ state: "problem", message: "The server has stopped. Restart it from this menu." });
      }
    });
    this.#client = client;
    this.candidates.connect(client);
    try {
      await client.start();
    } catch (error) {
      this.#client = undefined;
      this.candidates.connect(undefined);
      await client.dispose().catch(() => undefined);
      throw error;
    }
  }

  async stop(): Promise<void> {
    const client = this.#client;
    this.#client = undefined;
    if (client !== undefined) {
      this.candidates.connect(undefined);
      await client.dispose().catch((error: unknown) => this.log.warn(`The server did not stop: ${String(error)}`));
    }
  }

  /** Whether a start now would bring something else than what there is. */
  async wouldDiffer(): Promise<boolean> {
    if (this.#client === undefined) {
      return true;
    }
    try {
      return !isDeepStrictEqual(await this.#find(), this.#place);
    } catch {
      return true;
    }
  }

  async #find(): Promise<Place> {
    const result = await search(placesFor(mainFolder(), this.selected, this.own), (place) =>
      probe(place, this.home),
    );
    for (const line of explain(result)) {
      this.log.debug(line);
    }
    if (result.found === undefined) {
      explain(result).forEach((line) => this.log.info(line));
      throw new ServerNotFound(notFound(result), !isNamed(result));
    }
    return result.found;
  }

  #options(): LanguageClientOptions {
    return {
      documentSelector: [
        { scheme: "file", language: "python" },
        { scheme: "untitled", language: "python" },
      ],
      initializationOptions: { genx: { statusNotifications: true, candidateNotifications: true } },
      outputChannel: this.log,
      revealOutputChannelOn: RevealOutputChannelOn.Never,
      initializationFailedHandler: () => false,
      middleware: middleware(this.selected, this.report, this.preview),
      stdioOptions: {
        stdout: () => undefined,
        // What a server says there is for whoever asks why it does not run, not an error in itself.
        stderr: (stream, channel) => createInterface({ input: stream }).on("line", (line) => channel.info(line)),
      },
    };
  }
}

/** The folder whose settings choose the server: the active editor's, else the first. */
export function mainFolder(): vscode.WorkspaceFolder | undefined {
  const active = vscode.window.activeTextEditor?.document.uri;
  return (active && vscode.workspace.getWorkspaceFolder(active)) ?? vscode.workspace.workspaceFolders?.[0];
}
