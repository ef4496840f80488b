import { area } from "@/lib/shape";
import { perimeter } from "shapes";
import self from "sample";
import old from "sample/old/one";
import { Shape } from "#lib/shape";
export default ({ shape }: { shape: Shape }) => <b title={self ?? old}>{area(shape) + perimeter(shape)}</b>;
