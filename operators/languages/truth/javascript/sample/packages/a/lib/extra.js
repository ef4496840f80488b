import { a } from "./main";
export const extra = a;
