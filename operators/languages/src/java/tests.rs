use backstory_core::EdgeKind;

use crate::testing::{Sample, render, truth};

const SHOP: &str = r#"/* License. */
/** Not the file's. */
package shop . core;

import java.util.*;
import static shop.core.Checks.notNull;
import shop.core.Base.Entry; // import never
import static shop.core.Checks.*;

/**
 * Something for sale.
 */
@Deprecated(since = "2")
public abstract class Item<T extends Base> extends Base implements Comparable<Item<T>>, a.b.Outer.Inner {
    /** How many. */
    @Nullable public static final int MOST = 3;
    private int count, total = 1;
    protected @NonNull Map.Entry<K, V>[] pairs = new Entry[0];

    // Not a doc.
    public Item(int count) throws java.io.IOException { this.count = count; }

    /** It sells. */
    @Override
    public final <R> R sell(List<? super R> to) {
        class Local { void inner() {} }
        Texts.trim(MOST).toString();
        java.util.Collections.emptyList();
        return to.stream().map(Helper::new).filter(x -> x instanceof Special s).get(0);
    }

    abstract int left();
    static { Setup.run(); }

    /** How big. */
    enum Size implements Sized {
        /** Small. */
        SMALL(1) { void hidden() {} },
        @Old LARGE;
        int cents;
    }

    public record Pair(int a, String b) { Pair { check(a); } }
    @interface Marked { int value() default 1; String[] names(); }
    private interface Seller { int RATE = 2; void sell(); private void help() {} default int x() { return 1; } }
}
"#;

#[test]
fn definitions_and_imports() {
    insta::assert_snapshot!(render("java", SHOP));
}

#[test]
fn modules_are_definitions_and_use_what_they_provide() {
    let source =
        "/** Doc. */\n@Old open module a.b {\n requires c.d;\n provides a.b.S with a.b.T;\n}";
    assert_eq!(
        render("java", source),
        "+ module a.b: open module a.b  \"/** Doc. */\"\nuses Old a.b.S a.b.T\n"
    );
}

#[test]
fn the_sample_agrees_with_javac() {
    truth("java");
}

#[test]
fn the_nearest_of_several_files_counts() {
    let sample = Sample::new(&[
        ("a/pom.xml", "<artifactId>a</artifactId>"),
        (
            "b/pom.xml",
            "<artifactId>b</artifactId><dependency><artifactId>c</artifactId></dependency>",
        ),
        ("c/pom.xml", "<parent><artifactId>x</artifactId></parent><artifactId>c</artifactId>"),
        ("a/src/main/java/p/T.java", "package p; public class T {}"),
        ("a/src/main/java/q/U.java", "package q; import p.T;"),
        ("a/src/test/java/p/T.java", "package p; public class T {}"),
        ("a/src/test/java/q/V.java", "package q; import p.T;"),
        ("b/src/main/java/q/W.java", "package q; import p.T; import r.*; class X { Y y; Z z; }"),
        ("c/src/main/java/p/T.java", "package p; public class T {}"),
        ("c/src/main/java/r/Y.java", "package r; public class Y {} class Z {}"),
    ]);
    assert_eq!(sample.needs("a/src/main/java/q/U.java"), ["a/src/main/java/p/T.java"]);
    assert_eq!(sample.needs("a/src/test/java/q/V.java"), ["a/src/test/java/p/T.java"]);
    assert_eq!(
        sample.needs("b/src/main/java/q/W.java"),
        ["c/src/main/java/p/T.java", "c/src/main/java/r/Y.java"]
    );
}

#[test]
fn names_without_an_import_are_needed_too() {
    let sample = Sample::new(&[
        ("p/A.java", "package p; class A extends B { Object o = q.r.D.x(); q.r.D.E e; Hidden h; }"),
        ("p/B.java", "package p; class B {} class Hidden {}"),
        ("p/C.java", "package p; class C { /* A */ String s = \"A\"; }"),
        ("q/r/D.java", "package q.r; public class D {}"),
        ("x/Main.java", "class Main { Other o; }"),
        ("x/Other.java", "class Other {}"),
        ("y/Main.java", "class Main { Other o; }"),
    ]);
    let kind = EdgeKind::SamePackage;
    assert_eq!(sample.edges("p/A.java"), [("p/B.java", kind), ("q/r/D.java", kind)]);
    assert!(sample.edges("p/C.java").is_empty());
    assert_eq!(sample.edges("x/Main.java"), [("x/Other.java", kind)]);
    assert!(sample.edges("y/Main.java").is_empty());
}

#[test]
fn own_packages_without_the_type_are_unresolved() {
    let sample = Sample::new(&[
        ("p/A.java", "package p; import p.Gone; import java.util.List; import static p.B.x;"),
        ("p/B.java", "package p; class B {}"),
    ]);
    let why = "no file of package p defines Gone".to_owned();
    assert_eq!(sample.unresolved("p/A.java"), [("import p.Gone []".to_owned(), why)]);
}

#[test]
fn java_and_kotlin_import_each_other() {
    let sample = Sample::new(&[
        (
            "a/Use.java",
            "package a; import static b.StringsKt.trim; import b.Names; import b.K; class Use {}",
        ),
        ("b/strings.kt", "package b\nfun trim() {}"),
        ("b/other.kt", "@file:JvmName(\"Names\")\npackage b\nfun other() {}"),
        ("b/K.kt", "package b\nimport a.Use\nclass K"),
    ]);
    assert_eq!(sample.needs("a/Use.java"), ["b/K.kt", "b/other.kt", "b/strings.kt"]);
    assert_eq!(sample.needs("b/K.kt"), ["a/Use.java"]);
}
