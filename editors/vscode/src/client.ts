/** The protocol's client, which leaves it to the status bar item to say that something is wrong. */

import {
  CloseAction,
  ErrorAction,
  LanguageClient,
  type ErrorHandler,
  type LanguageClientOptions,
  type ServerOptions,
} from "vscode-languageclient/node";

// As the library's own: a server that dies five times within three minutes stays down.
const RESTARTS = 4;

export class QuietClient extends LanguageClient {
  constructor(server: ServerOptions, options: LanguageClientOptions) {
    const supervisor = new Supervisor();
    super("genx", "GenX", server, { ...options, errorHandler: supervisor });
    supervisor.after = this.createDefaultErrorHandler(RESTARTS);
  }

  /** To the log only: the library shows a message for every stage of one failing start. */
  override error(message: string, data?: unknown): void {
    super.error(message, data, false);
  }

  override async start(): Promise<void> {
    await super.start();
    (this.clientOptions.errorHandler as Supervisor).hasRun = true;
  }
}

/** A server that has never run is not started again by itself; it would fail in the same way. */
class Supervisor implements ErrorHandler {
  hasRun = false;
  after: ErrorHandler | undefined;

  error: ErrorHandler["error"] = (error, message, count) =>
    this.after === undefined ? { action: ErrorAction.Continue } : this.after.error(error, message, count);

  closed: ErrorHandler["closed"] = () =>
    this.hasRun && this.after !== undefined ? this.after.closed() : { action: CloseAction.DoNotRestart };
}
