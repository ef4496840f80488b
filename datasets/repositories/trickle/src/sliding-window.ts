import type { Clock } from "./clock.js";
import { allow, checkCost, deny, type Limiter, type Verdict } from "./limiter.js";

export interface SlidingWindowOptions {
  /** The most that may happen in any window. */
  readonly limit: number;
  /** The length of a window in milliseconds. */
  readonly window: number;
}

interface Entry {
  readonly at: number;
  readonly cost: number;
}

/** Never allows more than a limit in any stretch of time of a given length. */
export class SlidingWindow implements Limiter {
  readonly #options: SlidingWindowOptions;
  readonly #clock: Clock;
  #entries: Entry[] = [];
  #used = 0;

  constructor(options: SlidingWindowOptions, clock: Clock) {
    if (options.limit <= 0 || options.window <= 0) {
      throw new RangeError("limit and window must be above zero");
    }
    this.#options = options;
    this.#clock = clock;
  }

  peek(cost: number): Verdict {
    checkCost(cost, this.#options.limit);
    const now = this.#clock.now();
    this.#forget(now);
    const remaining = this.#options.limit - this.#used - cost;
    return remaining >= 0 ? allow(remaining) : deny(this.#wait(-remaining, now));
  }

  take(cost: number): Verdict {
    const verdict = this.peek(cost);
    if (verdict.allowed) {
      this.#entries.push({ at: this.#clock.now(), cost });
      this.#used += cost;
    }
    return verdict;
  }

  /** Drops the entries that have left the window. */
  #forget(now: number): void {
    const gone = this.#entries.findIndex((entry) => entry.at + this.#options.window > now);
    const left = this.#entries.splice(0, gone === -1 ? this.#entries.length : gone);
    this.#used -= left.reduce((sum, entry) => sum + entry.cost, 0);
  }

  /** How long it takes until entries worth `missing` have left the window. */
  #wait(missing: number, now: number): number {
    let freed = 0;
    for (const entry of this.#entries) {
      freed += entry.cost;
      if (freed >= missing) {
        return Math.ceil(entry.at + this.#options.window - now);
      }
    }
    return this.#options.window;
  }
}
