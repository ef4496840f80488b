import { deep } from "deep";
import { extra } from "@sample/a/extra";
export default deep + extra;
