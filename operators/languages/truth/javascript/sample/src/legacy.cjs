"use strict";
const { one, two: second } = require("./old/one.cjs");
const again = require(`./old/two.cjs`);
// require("./never.cjs")
const text = "require('./env.js')";
if (again) module.exports.lazy = () => import("./plain");
require.resolve("./lib/shape");
require(text);
module.exports = { one, second, run() {} };
