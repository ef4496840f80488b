/** How long to wait between attempts. */
export interface BackoffOptions {
  /** The first wait, in milliseconds. */
  readonly first: number;
  /** What the wait grows by every time. */
  readonly factor: number;
  /** The longest wait, in milliseconds. */
  readonly longest: number;
}

/** Waits that grow until they reach the longest one. Nothing in this package needs it yet. */
export function* backoff(options: BackoffOptions): Generator<number, never> {
  let wait = options.first;
  for (;;) {
    yield Math.min(wait, options.longest);
    wait *= options.factor;
  }
}
