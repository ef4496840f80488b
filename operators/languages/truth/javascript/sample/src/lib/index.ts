export * from "./shape";
export { default as round } from "./round.js";
