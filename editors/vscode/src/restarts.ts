/**
 * Runs a restart so that at most one is under way and at most one waits behind it.
 *
 * Settings, environments and trust often change together; each change asks for a restart, and starting the
 * server once for all of them is what the user wants to see.
 */
export class Restarts {
  #running: Promise<void> | undefined;
  #again = false;

  constructor(private readonly restart: () => Promise<void>) {}

  /** Resolves when the server has been restarted with everything known at the time of the call. */
  async request(): Promise<void> {
    if (this.#running !== undefined) {
      this.#again = true;
      return this.#running;
    }
    this.#running = this.#runUntilSettled();
    try {
      await this.#running;
    } finally {
      this.#running = undefined;
    }
  }

  async #runUntilSettled(): Promise<void> {
    do {
      this.#again = false;
      await this.restart();
    } while (this.#again);
  }
}
