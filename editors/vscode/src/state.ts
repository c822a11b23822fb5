/** What GenX is doing, and how that is shown. Knows nothing of VS Code. */

export type State = "starting" | "idle" | "waiting" | "generating" | "testing" | "off" | "problem";

/** The parameters of the `genx/status` notification, and what the extension says of itself. */
export interface Status {
  readonly state: State;
  readonly message: string;
}

export interface Appearance {
  readonly text: string;
  /** For screen readers, where the icon says nothing. */
  readonly label: string;
  readonly busy: boolean;
  readonly severity: "information" | "warning";
}

const SHOWN: Record<State, { icon: string; word: string; busy?: true; warning?: true }> = {
  starting: { icon: "loading~spin", word: "starting", busy: true },
  idle: { icon: "beaker", word: "ready" },
  waiting: { icon: "watch", word: "waiting" },
  generating: { icon: "sparkle", word: "generating", busy: true },
  testing: { icon: "beaker", word: "testing", busy: true },
  off: { icon: "circle-slash", word: "off" },
  problem: { icon: "warning", word: "problem", warning: true },
};

/** The status bar says only what it is about: the name at rest, one more word while something goes on. */
export function appearance(status: Status): Appearance {
  const { icon, word, busy = false, warning = false } = SHOWN[status.state];
  return {
    text: status.state === "idle" ? `$(${icon}) GenX` : `$(${icon}) GenX: ${word}`,
    label: status.message === "" ? `GenX, ${word}` : `GenX, ${word}: ${status.message}`,
    busy,
    severity: warning ? "warning" : "information",
  };
}

/** Reads the notification; a server that is newer than we are may know states that we do not. */
export function readStatus(params: unknown): Status | undefined {
  if (typeof params !== "object" || params === null) {
    return undefined;
  }
  const { state, message } = params as { state?: unknown; message?: unknown };
  if (typeof state !== "string" || !Object.hasOwn(SHOWN, state)) {
    return undefined;
  }
  return { state: state as State, message: typeof message === "string" ? message : "" };
}
