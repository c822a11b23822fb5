/** Starts the GenX language server and shows how it is. Everything else is the server's. */

import * as vscode from "vscode";
import { chooseDismissal, showActions } from "./actions";
import { CandidateTests } from "./candidates";
import { doctor, offerHelp, openDocs, openWalkthrough, selectServer, showMenu, turn } from "./commands";
import { DoctorPage } from "./doctor";
import { FixPreview } from "./preview";
import { selectedInterpreter } from "./python";
import { ReportPanel } from "./report";
import { Restarts } from "./restarts";
import { Server, ServerNotFound } from "./server";
import { Setup } from "./setup";
import type { Status } from "./state";
import { StatusItems } from "./status";

const UNTRUSTED: Status = {
  state: "off",
  message: "GenX judges code by running it. Nothing runs until you trust this workspace.",
};

let server: Server | undefined;

/** What other extensions, and the tests, may look at. */
export interface Api {
  /** What GenX is doing. */
  readonly status: Status;
  /** The tests that were found and are in no file yet, as the Test Explorer shows them. */
  readonly candidates: vscode.TestItemCollection;
}

export async function activate(context: vscode.ExtensionContext): Promise<Api> {
  const log = vscode.window.createOutputChannel("GenX", { log: true });
  const doctorPage = new DoctorPage();
  const status = new StatusItems();
  const selected = await selectedInterpreter(log);
  const home = context.extensionUri.fsPath;
  const report = new ReportPanel();
  const preview = new FixPreview();
  const candidates = new CandidateTests();
  const setup = new Setup(context, log, selected);
  const own = setup.environment;
  const running = new Server(home, log, selected, own, report, preview, candidates, (said) => status.show(said));
  server = running;

  let asked = false;
  const restarts = new Restarts(async () => {
    await running.stop();
    if (!vscode.workspace.isTrusted) {
      status.show(UNTRUSTED);
      return;
    }
    status.show({ state: "starting", message: "Starting the server." });
    try {
      await running.start();
    } catch (error) {
      const message =
        error instanceof ServerNotFound
          ? error.message
          : `The GenX server could not be started: ${error instanceof Error ? error.message : String(error)}`;
      log.error(message);
      status.show({ state: "problem", message });
      // Once a session; from then on the status bar item says it.
      if (asked) {
        return;
      }
      asked = true;
      if (error instanceof ServerNotFound && error.canBeMade) {
        void setup.offer().then((made) => (made ? restarts.request() : undefined));
      } else {
        void offerHelp(message);
      }
    }
  });
  const setUp = async () => {
    if (await setup.create()) {
      await restarts.request();
    }
  };
  const restartIfOther = async () => {
    if (vscode.workspace.isTrusted && (await running.wouldDiffer())) {
      await restarts.request();
    } else {
      await running.client?.sendNotification("workspace/didChangeConfiguration", { settings: null });
    }
  };

  const commands: Record<string, (...args: never[]) => unknown> = {
    "genx.showActions": showActions,
    "genx.chooseDismissal": chooseDismissal,
    "genx.restart": () => restarts.request(),
    "genx.doctor": () => doctor(running, doctorPage, home),
    "genx.selectServer": selectServer,
    "genx.setUp": setUp,
    "genx.turnOff": () => turn(false),
    "genx.turnOn": () => turn(true),
    "genx.showLog": () => log.show(),
    "genx.openDocs": () => openDocs(context.extensionUri),
    "genx.openWalkthrough": () => openWalkthrough(context.extension.id),
    ...candidates.commands,
    ...preview.commands,
    "genx.showMenu": () => showMenu(status.status, running.client !== undefined),
  };
  context.subscriptions.push(
    log,
    doctorPage,
    status,
    selected,
    report,
    preview,
    candidates,
    ...Object.entries(commands).map(([name, run]) => vscode.commands.registerCommand(name, run)),
    selected.onDidChange(restartIfOther),
    vscode.workspace.onDidGrantWorkspaceTrust(() => restarts.request()),
    vscode.workspace.onDidChangeConfiguration(async (event) => {
      if (event.affectsConfiguration("genx.server") || event.affectsConfiguration("genx.interpreter")) {
        await restartIfOther();
      }
    }),
  );
  // Not awaited: a slow Python must not hold up the other extensions of this host.
  void restarts.request();
  return {
    get status() {
      return status.status;
    },
    get candidates() {
      return candidates.items;
    },
  };
}

export async function deactivate(): Promise<void> {
  await server?.stop();
}
