/** What a limiter answers. */
export type Verdict =
  | { readonly allowed: true; readonly remaining: number }
  | { readonly allowed: false; readonly retryAfter: number };

/** Decides whether something may happen now. */
export interface Limiter {
  /** What `take` would answer, without taking anything. */
  peek(cost: number): Verdict;

  /** Takes `cost` if that is allowed now; takes nothing otherwise. */
  take(cost: number): Verdict;
}

export function allow(remaining: number): Verdict {
  return { allowed: true, remaining };
}

export function deny(retryAfter: number): Verdict {
  return { allowed: false, retryAfter };
}

/** Refuses costs that no limiter can make sense of, and those that could never be allowed. */
export function checkCost(cost: number, most: number): void {
  if (!Number.isFinite(cost) || cost <= 0) {
    throw new RangeError(`a cost must be above zero, not ${cost}`);
  }
  if (cost > most) {
    throw new RangeError(`a cost of ${cost} can never be allowed: the limit is ${most}`);
  }
}
