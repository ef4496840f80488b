const b = require("b");
const self = require("c");
require("../inner/other");
