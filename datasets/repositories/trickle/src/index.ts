export { AllOf } from "./all-of.js";
export { ManualClock, systemClock, type Clock } from "./clock.js";
export { KeyedLimiter } from "./keyed.js";
export type { Limiter, Verdict } from "./limiter.js";
export { SlidingWindow, type SlidingWindowOptions } from "./sliding-window.js";
export { TokenBucket, type TokenBucketOptions } from "./token-bucket.js";
