define("name", ["require", "exports", "./old/one.cjs", "./env"], function (require, exports, one) {
  return require("./old");
});
