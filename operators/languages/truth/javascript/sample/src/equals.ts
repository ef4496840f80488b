import legacy = require("./legacy.cjs");
import made from "./made";
import folder from "./old";
import both from "./both.mjs";
import * as fs from "node:fs";
import react from "react";
export = { legacy, made, folder, both, fs, react };
