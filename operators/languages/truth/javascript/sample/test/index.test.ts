import { area, size, round } from "../src";
import * as a from "@sample/a";
import { extra } from "@sample/a/extra";
import b from "b";
jest.mock("../src/env");
const actual = jest.requireActual("../src/plain");
