import assert from "node:assert/strict";
import { test } from "node:test";

import { AllOf, KeyedLimiter, ManualClock, SlidingWindow, TokenBucket } from "../src/index.js";

test("a bucket allows a burst and then its rate", () => {
  const clock = new ManualClock();
  const bucket = new TokenBucket({ capacity: 3, perSecond: 2 }, clock);
  assert.deepEqual(bucket.take(3), { allowed: true, remaining: 0 });
  assert.deepEqual(bucket.take(1), { allowed: false, retryAfter: 500 });
  clock.advance(500);
  assert.deepEqual(bucket.take(1), { allowed: true, remaining: 0 });
});

test("a window forgets what is old enough", () => {
  const clock = new ManualClock();
  const window = new SlidingWindow({ limit: 2, window: 1000 }, clock);
  window.take(1);
  clock.advance(400);
  window.take(1);
  assert.deepEqual(window.take(1), { allowed: false, retryAfter: 600 });
  clock.advance(600);
  assert.deepEqual(window.take(1), { allowed: true, remaining: 0 });
});

test("a combination takes from all or from none", () => {
  const clock = new ManualClock();
  const wide = new SlidingWindow({ limit: 10, window: 1000 }, clock);
  const narrow = new SlidingWindow({ limit: 1, window: 1000 }, clock);
  const both = new AllOf(wide, narrow);
  both.take(1);
  assert.equal(both.take(1).allowed, false);
  assert.deepEqual(wide.peek(1), { allowed: true, remaining: 8 });
});

test("keys are counted apart and the oldest is forgotten", () => {
  const clock = new ManualClock();
  const keyed = new KeyedLimiter(() => new SlidingWindow({ limit: 1, window: 1000 }, clock), 2);
  keyed.of("ada").take(1);
  assert.equal(keyed.of("ada").take(1).allowed, false);
  assert.equal(keyed.of("bob").take(1).allowed, true);
  keyed.of("eve");
  assert.equal(keyed.size, 2);
  assert.equal(keyed.of("ada").take(1).allowed, true);
});

test("a cost that can never be allowed is a mistake of the caller", () => {
  const bucket = new TokenBucket({ capacity: 3, perSecond: 2 }, new ManualClock());
  assert.throws(() => bucket.take(4), RangeError);
  assert.throws(() => bucket.take(0), RangeError);
});
