/** The Python that the user has selected, as the Python extensions know it. */

import * as vscode from "vscode";

const ENVIRONMENTS = "ms-python.vscode-python-envs";
const PYTHON = "ms-python.python";

/** Tells which interpreter is selected for a folder, and when that changes. */
export interface SelectedInterpreter {
  path(folder: vscode.Uri | undefined): Promise<string | undefined>;
  readonly onDidChange: vscode.Event<void>;
  dispose(): void;
}

// The parts of the two extensions' public interfaces that are used here.
interface EnvironmentsApi {
  getEnvironment(scope: vscode.Uri | undefined): Promise<
    { error?: string; execInfo: { run: { executable: string } } } | undefined
  >;
  onDidChangeEnvironment: vscode.Event<unknown>;
}

interface PythonApi {
  environments: {
    getActiveEnvironmentPath(resource?: vscode.Uri): { path: string };
    resolveEnvironment(environment: { path: string }): Promise<
      { executable: { uri?: vscode.Uri } } | undefined
    >;
    onDidChangeActiveEnvironmentPath: vscode.Event<unknown>;
  };
}

/** Prefers the Python Environments extension; without either extension nothing is selected, ever. */
export async function selectedInterpreter(log: vscode.LogOutputChannel): Promise<SelectedInterpreter> {
  const changed = new vscode.EventEmitter<void>();
  const environments = await exportsOf<EnvironmentsApi>(ENVIRONMENTS, log);
  // `exports` is empty when python.useEnvironmentsExtension is off.
  if (environments?.getEnvironment !== undefined) {
    const listening = environments.onDidChangeEnvironment(() => changed.fire());
    return {
      path: async (folder) => {
        const environment = await environments.getEnvironment(folder);
        return environment?.error ? undefined : environment?.execInfo.run.executable;
      },
      onDidChange: changed.event,
      dispose: () => vscode.Disposable.from(listening, changed).dispose(),
    };
  }
  const python = (await exportsOf<PythonApi>(PYTHON, log))?.environments;
  if (python !== undefined) {
    const listening = python.onDidChangeActiveEnvironmentPath(() => changed.fire());
    return {
      path: async (folder) => {
        const environment = await python.resolveEnvironment(python.getActiveEnvironmentPath(folder));
        return environment?.executable.uri?.fsPath;
      },
      onDidChange: changed.event,
      dispose: () => vscode.Disposable.from(listening, changed).dispose(),
    };
  }
  return { path: async () => undefined, onDidChange: changed.event, dispose: () => changed.dispose() };
}

async function exportsOf<Api>(id: string, log: vscode.LogOutputChannel): Promise<Api | undefined> {
  const extension = vscode.extensions.getExtension<Api>(id);
  if (extension === undefined) {
    return undefined;
  }
  try {
    return await extension.activate();
  } catch (error) {
    log.warn(`${id} could not be activated, so its selected environment is not known: ${String(error)}`);
    return undefined;
  }
}
