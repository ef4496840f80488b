import type { Limiter } from "./limiter.js";

/** Keeps a limiter per key, and forgets those that were used the longest time ago. */
export class KeyedLimiter {
  readonly #make: (key: string) => Limiter;
  readonly #most: number;
  /** A map keeps the order of insertion: the first key is the one to forget. */
  readonly #limiters = new Map<string, Limiter>();

  constructor(make: (key: string) => Limiter, most = 10_000) {
    this.#make = make;
    this.#most = most;
  }

  get size(): number {
    return this.#limiters.size;
  }

  of(key: string): Limiter {
    const limiter = this.#limiters.get(key) ?? this.#make(key);
    this.#limiters.delete(key);
    this.#limiters.set(key, limiter);
    for (const oldest of this.#limiters.keys()) {
      if (this.#limiters.size <= this.#most) {
        break;
      }
      this.#limiters.delete(oldest);
    }
    return limiter;
  }
}
