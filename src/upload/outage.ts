/** Tracks whether the attempts of a batch can reach the host. */
export class Outage {
  #reachedCount = 0;
  #isKnown = false;

  /** Rises with each attempt that reached the host, whatever it answered. */
  get reachedCount(): number {
    return this.#reachedCount;
  }

  /** An attempt has reached the host: an outage is over. */
  end(): void {
    this.#reachedCount += 1;
    this.#isKnown = false;
  }

  /** An attempt has not reached the host. Returns whether it is the first of this outage. */
  begin(): boolean {
    const isNew = !this.#isKnown;
    this.#isKnown = true;
    return isNew;
  }
}
