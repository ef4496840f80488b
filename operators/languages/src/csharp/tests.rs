use backstory_core::EdgeKind;

use crate::testing::{Sample, render, truth};

const SHOP: &str = r#"// License.
global using System;
using static Shop.Tools.Texts;
using Money = Shop.Models.Price<int>; // using Never;

namespace Shop.Core
{
    using Models;

    /// <summary>Something for sale.</summary>
    /// <remarks>Really.</remarks>
    [Serializable]
    public abstract partial class Item<T> : Base<T>, IComparable where T : new()
    {
        /// <summary>How many.</summary>
        public const int Most = 3;
        private readonly Tools.Box box, other = new();
        static readonly int Limit = 1;

        // Not a doc.
        public Item(int count) : base(count) { }
        public string Name { get; set; } = "";
        public int Twice => 2 * Most;
        public int this[int at] => at;
        public event EventHandler Sold;
        public static Item<T> operator +(Item<T> a, Item<T> b) => a;
        public static explicit operator int(Item<T> a) => 1;
        ~Item() { }

        /** <summary>It sells.</summary> */
        [Old]
        protected internal TResult Sell<TResult>(IBuyer buyer, params int[] all) where TResult : Thing
        {
            void Local() { }
            var price = Prices.Cheapest(buyer?.Wish());
            return buyer.Buy<Order>(typeof(Pair<,>), Name.Length, (Cast)price, price is Special s);
        }

        internal abstract void Help();
        delegate void Changed(int to);
        enum Size { [X] Small = 1, Large }
    }

    public record Pair(int A, string B);
    internal interface ISeller { void Sell(); int Rate { get; } }
#if NEVER
    struct Hidden { }
#endif
}
"#;

#[test]
fn definitions_and_imports() {
    insta::assert_snapshot!(render("csharp", SHOP));
}

#[test]
fn a_namespace_of_the_whole_file_is_its_package() {
    assert_eq!(
        render("csharp", "using A;\nnamespace B . C;\nusing D;\nclass E { }\n"),
        "- type E: class E\n1: import A [*]\n3: import D [*]\npackage B.C\n"
    );
}

#[test]
fn the_sample_agrees_with_roslyn() {
    truth("csharp");
}

#[test]
fn names_without_a_using_are_needed_too() {
    let sample = Sample::new(&[
        ("A.cs", "namespace N.M { class A : B, C { X.Y.D d; object o = Z.E.F(); } }"),
        ("B.cs", "namespace N.M { class B { } }"),
        ("C.cs", "namespace N { class C { } }"),
        ("D.cs", "namespace X.Y { class D { } }"),
        ("E.cs", "namespace N.Z { static class E { } }"),
        ("Part.cs", "namespace N.M { partial class P { } }"),
        ("Rest.cs", "namespace N.M { partial class P { P p; } }"),
    ]);
    let needs = |path| {
        sample
            .edges(path)
            .into_iter()
            .map(|(to, kind)| {
                assert_eq!(kind, EdgeKind::SamePackage);
                to
            })
            .collect::<Vec<_>>()
    };
    assert_eq!(needs("A.cs"), ["B.cs", "C.cs", "D.cs", "E.cs"]);
    assert_eq!(needs("Rest.cs"), ["Part.cs"]);
    assert!(needs("B.cs").is_empty());
}
