import { allow, deny, type Limiter, type Verdict } from "./limiter.js";

/** Allows what all of several limiters allow, and takes from all of them or from none. */
export class AllOf implements Limiter {
  readonly #limiters: readonly Limiter[];

  constructor(...limiters: Limiter[]) {
    if (limiters.length === 0) {
      throw new RangeError("at least one limiter is needed");
    }
    this.#limiters = limiters;
  }

  peek(cost: number): Verdict {
    return combine(this.#limiters.map((limiter) => limiter.peek(cost)));
  }

  take(cost: number): Verdict {
    const verdict = this.peek(cost);
    if (!verdict.allowed) {
      return verdict;
    }
    return combine(this.#limiters.map((limiter) => limiter.take(cost)));
  }
}

/** The strictest of several verdicts. */
function combine(verdicts: readonly Verdict[]): Verdict {
  let remaining = Infinity;
  let retryAfter = 0;
  for (const verdict of verdicts) {
    if (verdict.allowed) {
      remaining = Math.min(remaining, verdict.remaining);
    } else {
      retryAfter = Math.max(retryAfter, verdict.retryAfter);
    }
  }
  return retryAfter > 0 ? deny(retryAfter) : allow(remaining);
}
