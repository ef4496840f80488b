use std::time::Duration;

use backstory_core::EdgeKind;

use crate::testing::{Sample, ThreadClock, render, truth};

const SHOP: &str = r#"<?php
/**
 * The shop.
 */
declare(strict_types=1);

namespace App\Shop;

use App\Model\{Item, Price as Cost, function App\sum};
use function App\Text\{upper, lower as down};
use const App\LIMIT;
use Countable;
// use App\Never;
/* require 'never.php'; */

require_once __DIR__ . '/../lib/a.php';
include dirname(__FILE__) . "/b.php";
require dirname(__DIR__, 2) . '/c.php';
require ABSPATH . WPINC . '/d.php';
require $dynamic;
define('App\Shop\DEBUG', true);
defined('ROOT') || define('ROOT', __DIR__);

/** Two of them. */
const A = 1, B = 2;

/**
 * Sells.
 */
#[Entity(name: 'x')]
final class Shop extends Base implements Countable, \JsonSerializable
{
    use Logs, \Other\Caches { log as private; }

    /** How many. */
    public const int MOST = 5;
    private static ?Item $last = null;
    public $a, $b = 2;
    public string $name { get => $this->name; set; }

    public function __construct(private readonly Cost $cost, protected int $n = 1, string $x = '') {}

    /** Counts. */
    public function count(): int { return require 'inner.php'; }
    abstract protected function open(Local\Door $door): static;
}

interface Sells { public function sell(): void; }
trait Logs { private function log() { Helper::log(new \Exception(namespace\x())); } }
enum Suit: string implements Sells {
    case Hearts = 'H';
    const Wild = self::Hearts;
}
if (!function_exists('helper')) {
    /** Helps. */
    function helper(Item|Other $x): ?Thing { return strlen($x) instanceof Wrong; }
}
?>
<p>namespace X; use Y;</p>
"#;

#[test]
fn definitions_and_imports() {
    insta::assert_snapshot!(render("php", SHOP));
}

#[test]
fn several_namespaces() {
    insta::assert_snapshot!(render(
        "php",
        "<?php namespace A\\B; use C\\D; class E {}\nnamespace F;\nfunction g(D $d) {}\n"
    ));
    insta::assert_snapshot!(render(
        "php",
        "<?php namespace A\\B { use C\\D; class E extends D {} }\nnamespace { class G extends A\\B\\E {} }"
    ));
}

#[test]
fn broken_texts() {
    for text in [
        "<?php class A { function f(",
        "<?php namespace ;",
        "<?php use A\\{B, ;",
        "<?php define('",
        "<?php require __DIR__ . ;",
    ] {
        render("php", text);
    }
    let deep = format!("<?php require {}'a'{};", "dirname(".repeat(50_000), ")".repeat(50_000));
    render("php", &deep);
    render("php", &format!("<?php require 'a'{};", " . 'b'".repeat(50_000)));
}

#[test]
fn definitions_in_broken_code_are_seen() {
    let source = "<?php\nif (a) {\nclass A {}\nfunction f() {}\n";
    assert_eq!(render("php", source), "+ type A: class A\n+ function f: function f()\n");
}

#[test]
fn classes_are_found_by_name_and_by_the_rules_of_composer() {
    let sample = Sample::new(&[
        (
            "composer.json",
            r#"{"autoload": {"psr-4": {"App\\": ["src/", 7]}, "psr-0": {"Old_": "old"}}, "autoload-dev": []}"#,
        ),
        ("lib/composer.json", r#"{"autoload": {"psr-4": {"App\\Lib\\": ""}}}"#),
        (
            "src/A.php",
            "<?php namespace App; use App\\B, App\\Lib\\C; use App\\Gone; use App\\Lib; use Old_Thing; class A extends D { }",
        ),
        ("src/B.php", "<?php namespace App; class B { function f() { return Lib\\C::x(); } }"),
        ("copy/B.php", "<?php namespace App; class B { }"),
        ("src/D.php", "<?php namespace App; use function App\\f; abstract class D {}"),
        ("src/functions.php", "<?php namespace App; function F() {} const X = 1; "),
        ("lib/C.php", "<?php namespace App\\Lib; use const App\\X; f(); \\app\\f(); class C {}"),
        ("old/Old/Thing.php", "<?php class_alias('x', 'Old_Thing');"),
    ]);
    let a = ["lib/C.php", "old/Old/Thing.php", "src/B.php"];
    assert_eq!(sample.needs("src/A.php"), a);
    assert!(sample.edges("src/A.php").contains(&("src/D.php", EdgeKind::SamePackage)));
    let why = "no file declares the class".to_owned();
    assert_eq!(sample.unresolved("src/A.php"), [("import App\\Gone []".to_owned(), why)]);
    assert_eq!(sample.edges("src/B.php"), [("lib/C.php", EdgeKind::SamePackage)]);
    assert_eq!(sample.needs("src/D.php"), ["src/functions.php"]);
    assert_eq!(sample.needs("lib/C.php"), ["src/functions.php"]);
}

#[test]
fn included_files() {
    let sample = Sample::new(&[
        (
            "index.php",
            "<?php require 'lib/a.php'; require __DIR__ . '/lib/none.php'; require 'vendor/autoload.php';",
        ),
        (
            "lib/a.php",
            "<?php define( 'INC', 'inc' ); require ROOT . '/' . INC . '/b.php'; require dirname(__FILE__, 2) . '/index.php';",
        ),
        (
            "inc/b.php",
            "<?php include ('../lib/a.php'); f(); function f() { include_once 'inc/b.php'; }",
        ),
    ]);
    assert_eq!(sample.needs("index.php"), ["lib/a.php"]);
    let why = "no such file".to_owned();
    assert_eq!(sample.unresolved("index.php"), [("import ./lib/none.php []".to_owned(), why)]);
    let a = [("inc/b.php", EdgeKind::SamePackage), ("index.php", EdgeKind::Import)];
    assert_eq!(sample.edges("lib/a.php"), a);
    assert_eq!(sample.needs("inc/b.php"), ["lib/a.php"]);
}

#[test]
fn paths_from_the_folder_of_the_file_lead_nowhere_else() {
    let sample = Sample::new(&[
        ("setup.php", "<?php"),
        ("lib/a.php", "<?php require __DIR__ . '/setup.php';"),
        ("lib/b.php", "<?php require './setup.php';"),
    ]);
    assert!(sample.needs("lib/a.php").is_empty());
    assert_eq!(sample.needs("lib/b.php"), ["setup.php"]);
}

#[test]
fn of_files_with_one_class_the_map_of_classes_has_the_first() {
    let sample = Sample::new(&[
        ("composer.json", r#"{"autoload": {"classmap": ["new/", "old/Thing.php", 1]}}"#),
        ("lib/composer.json", r#"{"autoload": {"classmap": ["old"], "psr-4": {"": ""}}}"#),
        ("index.php", "<?php use Thing; use Other;"),
        ("lib/index.php", "<?php use Thing; use Other;"),
        ("aside/Thing.php", "<?php class Thing {}"),
        ("new/x/Thing.php", "<?php class Thing {}"),
        ("old/Thing.php", "<?php class Thing {}"),
        ("newer/Other.php", "<?php class Other {}"),
        ("lib/old/Thing.php", "<?php class Thing {} class Other {}"),
    ]);
    assert_eq!(sample.needs("index.php"), ["lib/old/Thing.php", "new/x/Thing.php"]);
    assert_eq!(sample.needs("lib/index.php"), ["lib/old/Thing.php"]);
}

#[test]
fn edges_agree_with_the_tool() {
    truth("php");
}

#[test]
fn hostile_files_do_not_cost_their_square() {
    let source = [
        "<?php ",
        &"namespace A; use A\\B; class B extends C { use D; } ".repeat(10_000),
        &"require __DIR__ . '/b.php'; ".repeat(20_000),
        "const ",
        &(0..50_000).map(|i| format!("A{i} = 1, ")).collect::<Vec<_>>().concat(),
    ]
    .concat();
    let composer = r#"{"autoload": {"psr-4": {"": [[], "../.."], "A\\": "src"}, "psr-0": 1}}"#;
    let start = ThreadClock::start();
    let sample = Sample::new(&[
        ("composer.json", composer),
        ("c/composer.json", "[]"),
        ("a.php", &source),
        ("b.php", "<?php"),
    ]);
    assert_eq!(sample.needs("a.php"), ["b.php"]);
    assert!(start.took() < Duration::from_secs(30));
}
