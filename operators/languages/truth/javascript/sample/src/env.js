import config from "../package.json" with { type: "json" };
export const name = config.name;
