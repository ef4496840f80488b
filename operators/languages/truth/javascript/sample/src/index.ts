/** What the sample offers. */
export * from "./lib";
export { area as size, type Shape } from "./lib/shape.js";
export * as env from "./env";
import "./style.css";
import App from "./App.vue";
import type { Options } from "./types";
export { App };
export type { Options };
