/** Tells the time in milliseconds. It never goes back. */
export interface Clock {
  now(): number;
}

/** The computer's own monotonic clock. */
export const systemClock: Clock = {
  now: () => performance.now(),
};

/** A clock that moves only when it is told to. */
export class ManualClock implements Clock {
  #now = 0;

  now(): number {
    return this.#now;
  }

  advance(milliseconds: number): void {
    if (milliseconds < 0) {
      throw new RangeError("a clock cannot go back");
    }
    this.#now += milliseconds;
  }
}
