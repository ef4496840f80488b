import type { Clock } from "./clock.js";
import { allow, checkCost, deny, type Limiter, type Verdict } from "./limiter.js";

export interface TokenBucketOptions {
  /** The largest burst. */
  readonly capacity: number;
  /** What comes back every second. */
  readonly perSecond: number;
}

/** Allows bursts up to a capacity and holds the average at a rate. */
export class TokenBucket implements Limiter {
  readonly #options: TokenBucketOptions;
  readonly #clock: Clock;
  #tokens: number;
  #filledAt: number;

  constructor(options: TokenBucketOptions, clock: Clock) {
    if (options.capacity <= 0 || options.perSecond <= 0) {
      throw new RangeError("capacity and rate must be above zero");
    }
    this.#options = options;
    this.#clock = clock;
    this.#tokens = options.capacity;
    this.#filledAt = clock.now();
  }

  peek(cost: number): Verdict {
    checkCost(cost, this.#options.capacity);
    this.#fill();
    const remaining = this.#tokens - cost;
    if (remaining >= 0) {
      return allow(remaining);
    }
    return deny(Math.ceil((-remaining / this.#options.perSecond) * 1000));
  }

  take(cost: number): Verdict {
    const verdict = this.peek(cost);
    if (verdict.allowed) {
      this.#tokens -= cost;
    }
    return verdict;
  }

  /** Adds what has come back since the last time. */
  #fill(): void {
    const now = this.#clock.now();
    const gained = ((now - this.#filledAt) / 1000) * this.#options.perSecond;
    this.#tokens = Math.min(this.#options.capacity, this.#tokens + gained);
    this.#filledAt = now;
  }
}
