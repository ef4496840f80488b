use backstory_core::EdgeKind;

use crate::testing::{Sample, render, truth};
use crate::{Limits, TooComplex, outline};

const SHOP: &str = r#"@file:JvmName("Shop")
@file:Suppress("import a.b.Never")

package shop . core

import kotlin.math.*
import shop.model.Price as Cost
import shop.model.Color.Companion.red // import never

/** Something for sale. */
@Serializable
public abstract class Item<T : Base>(
    val name: String,
    private var cost: Cost = Cost(1),
    count: Int,
) : Base(name), Comparable<Item<T>> {
    companion object {
        const val MOST = 3
    }

    init {
        setup(count)
    }

    constructor(name: String) : this(name, Cost(2), 1)

    /** It sells. */
    @Throws(IOException::class)
    internal suspend fun sell(to: shop.people.Buyer): Int = to.buy(MOST)

    val total: Int get() = cost.cents
    var left by lazy { 1 }

    inner class Part
}

interface Seller {
    fun sell()
}

enum class Size(val cents: Int) {
    /** Small. */
    SMALL(1),
    LARGE(2);

    fun bigger() = LARGE
}

class Shop(seller: Seller) : Seller by seller {
    fun open() {}
}

typealias Items = List<Item<*>>

/** Longer than before. */
inline fun <reified T> List<T>.longer(by: Int) where T : Base {
    fun local() {}
    this shiftBy by
}

val String.half: String get() = take(length / 2)
private const val LIMIT: Int = 1
val (a, b) = pair()
object Registry : Base("x")
"#;

#[test]
fn definitions_and_imports() {
    insta::assert_snapshot!(render("kotlin", SHOP));
}

#[test]
fn types_that_the_grammar_misreads_are_found() {
    assert!(render("kotlin", "package a\n@X\nannotation class A\n").starts_with("+ type A: "));
}

#[test]
fn functions_and_members_are_imported_like_types() {
    let sample = Sample::new(&[
        (
            "src/a/use.kt",
            "package p\nimport q.trim\nimport q.C.Companion.x\nimport q.O.y as z\nimport q.v\n",
        ),
        ("src/b/one.kt", "package q\nfun String.trim() {}\n"),
        ("src/b/two.kt", "package q\nfun Int.trim() {}\n"),
        (
            "src/b/c.kt",
            "package q\nclass C {\n companion object {\n val x = 1\n }\n}\nobject O { fun y() {} }\n",
        ),
        ("src/b/v.kt", "package q\nval v = 1\n"),
        ("src/b/w.kt", "package q\nclass Trim { fun trim() {} }\n"),
    ]);
    assert_eq!(
        sample.needs("src/a/use.kt"),
        ["src/b/c.kt", "src/b/one.kt", "src/b/two.kt", "src/b/v.kt"]
    );
}

#[test]
fn whole_packages_mean_what_is_used() {
    let sample = Sample::new(&[
        ("use.kt", "package p\nimport q.*\nfun f(local: Int) { x.far(); A(); local; same(); }\n"),
        ("a.kt", "package q\nclass A\n"),
        ("b.kt", "package q\nclass B\nval local = 1\n"),
        ("far.kt", "package q\nfun String.far() {}\nprivate fun f() {}\n"),
        ("same.kt", "package p\nfun same() {}\n"),
    ]);
    assert_eq!(
        sample.edges("use.kt"),
        [
            ("a.kt", EdgeKind::Import),
            ("far.kt", EdgeKind::Import),
            ("same.kt", EdgeKind::SamePackage)
        ]
    );
}

#[test]
fn common_code_comes_before_what_stands_in_for_it() {
    let sample = Sample::new(&[
        ("build.gradle.kts", ""),
        ("src/commonMain/kotlin/E.kt", "package p\nexpect class E\nexpect fun e()\n"),
        ("src/jvmMain/kotlin/E.kt", "package p\nactual class E\nactual fun e() {}\n"),
        ("src/commonMain/kotlin/Use.kt", "package q\nimport p.E\nimport p.e\n"),
        ("src/jvmTest/kotlin/Use.kt", "package q\nimport p.E\nimport p.e\n"),
    ]);
    let common = ["src/commonMain/kotlin/E.kt"];
    assert_eq!(sample.needs("src/commonMain/kotlin/Use.kt"), common);
    assert_eq!(sample.needs("src/jvmTest/kotlin/Use.kt"), common);
}

#[test]
fn brackets_without_end_are_too_deep() {
    let source = format!("val a: {}", "A<".repeat(10_000));
    let outline = outline("kotlin", "", &source, Limits::default());
    assert!(matches!(outline, Err(TooComplex::Depth(_))));
}

#[test]
fn edges_agree_with_the_compiler() {
    truth("kotlin");
}

#[test]
fn what_the_grammar_misreads_and_what_has_no_package_is_imported() {
    let app = "package app\n@OptIn(X::class)\n@Mark\nopen class App protected constructor() {\n  val a = 1\n}\n";
    let sample = Sample::new(&[
        ("app/App.kt", app),
        ("app/Mark.kt", "package app\n@A(X::class)\n@B\npublic annotation class Mark\n"),
        ("Loose.kt", "object Loose"),
        ("a/A.kt", "package a\nimport app.App\nimport app.Mark\nimport Loose\nimport kotlin"),
        ("a/B.java", "package a; import Loose;"),
    ]);
    assert_eq!(sample.needs("a/A.kt"), ["Loose.kt", "app/App.kt", "app/Mark.kt"]);
    assert!(sample.needs("a/B.java").is_empty());
}
