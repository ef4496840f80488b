import View, * as all from "./view";
export { name } from "#env";
export default () => <View text="import './legacy.cjs'" all={all} />;
