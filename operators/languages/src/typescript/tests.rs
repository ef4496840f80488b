use crate::javascript::outline::missing;
use crate::testing::{Sample, render};

const SHOP: &str = r#"/** License. */

import type { A } from "./types";
import legacy = require("./legacy");
export import again = require("./again");
export type { B } from "./b";
let cast = <number>value;

/** An item. */
export interface Item<T = string> extends Base {
  /** Its name. */
  readonly name: T;
  price(scale?: number): number;
  [key: string]: unknown;
}

export type Pair<T> = { first: T; second: import("./pair").Second };
export enum Color { Red, Green = "g" }
declare enum Hidden { A }

/** Serves. */
@Injectable({ providedIn: "root" })
export abstract class Service<T> implements Item {
  private secret = 1;
  @Input() label?: string;
  constructor(private readonly http: Http) {}
  protected abstract load(id: string): Promise<T>;
  onClick = (e: Event): void => { this.load(require("./lazy")); };
}

export namespace Shapes.Flat {
  /** A square. */
  export const side: number = 1;
  function hidden() {}
}

declare module "plugin" {
  import { X } from "./x";
  export function install(a: X): void;
}
declare global {
  interface Window { shop: Shop }
}
export declare function overload(a: string): void;
export function f(a: string): void;
export function f(a: any) {}
export default <const T,>(a: T): T => a;
"#;

const VIEW: &str = r#"import React from "react";
export const View: React.FC<Props> = ({ name }) => <div onClick={() => import("./go")}>{name}</div>;
export default function App() { return <View name="import x from './no'" />; }
"#;

#[test]
fn the_grammars_have_every_word() {
    assert_eq!(missing(&super::PLAIN), ["field_definition"]);
    assert_eq!(missing(&super::TSX), ["field_definition"]);
}

#[test]
fn definitions_and_imports() {
    insta::assert_snapshot!(render("typescript", SHOP));
}

#[test]
fn elements_and_casts_are_both_understood() {
    insta::assert_snapshot!(render("typescript", VIEW));
    let cast = "const a = <T>b; // </a>\nimport x from './x';\nclass C {}";
    assert!(render("typescript", cast).contains("- type C: class C"));
}

#[test]
fn configured_paths() {
    let sample = Sample::new(&[
        (
            "tsconfig.json",
            "{ // comment\n\"compilerOptions\": {\"baseUrl\": \".\", \"paths\": {\"@/*\": [\"src/*\", \"gen/*\"], \"exact\": [\"./src/one.ts\"]},},}",
        ),
        ("src/one.ts", "import '@/two'; import 'src/two'; import 'exact'; import '@/made'"),
        ("src/two.tsx", "import 'exact'"),
        ("gen/made.ts", ""),
        ("sub/tsconfig.json", r#"{"compilerOptions": {"paths": {"~/*": ["./lib/*"]}}}"#),
        ("sub/a.ts", "import '~/x'; import '@/two'; import './lib/x.js'; import 'src/one'"),
        ("sub/lib/x.d.ts", ""),
    ]);
    assert_eq!(sample.needs("src/one.ts"), ["gen/made.ts", "src/two.tsx"]);
    assert_eq!(sample.needs("src/two.tsx"), ["src/one.ts"]);
    assert_eq!(sample.needs("sub/a.ts"), ["src/two.tsx", "sub/lib/x.d.ts"]);
}

#[test]
fn typescript_comes_first_for_typescript() {
    let files = [("a.ts", "import './x'"), ("b.js", "import './x'"), ("x.js", ""), ("x.ts", "")];
    let sample = Sample::new(&files);
    assert_eq!(sample.needs("a.ts"), ["x.ts"]);
    assert_eq!(sample.needs("b.js"), ["x.js"]);
}

#[test]
fn imports_are_found_where_the_grammar_fails() {
    let source = "import a from './a';\nlet x: { a?: import('./b').B<import('./c').C>;\n  b?: import('./d').D };\n= = {\nimport e from './e'\n// import f from './f'\nlet s = \"require('./g')\";\n";
    let outline = render("typescript", source);
    let paths: Vec<&str> =
        outline.lines().filter_map(|line| line.split("import ").nth(1)).collect();
    assert_eq!(
        paths,
        ["./a [default as a]", "./b []", "./c []", "./d []", "./e [default as e]"],
        "{outline}"
    );
}
