/// <reference path="globals.d.ts" />
export interface Options {
  shape: import("./lib/shape").Shape;
  view: typeof import("./view");
}
