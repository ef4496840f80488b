use backstory_core::EdgeKind;

use crate::testing::{Sample, render, truth};

const SHOP: &str = r#"#!/usr/bin/env python3
# A comment.
r"""Sells things."""

from __future__ import annotations

import os.path as p, sys
from typing import (
    Protocol,  # from typing import Never
    TypeAlias as Alias,
)
from . import *
from ..models.user import User as U

MAX_ITEMS: int = 3
first, _second = 1, 2
Key: TypeAlias = "str | int"
type Pair[T] = tuple[T, T]
os.environ["import"] = "x"

try:
    import json
except ImportError:
    json = None

if __name__ == "__main__":
    import cli
    answer = cli.main()


class Priced(Protocol[T]):
    def price(self) -> int: ...


@dataclass(frozen=True)
class Item(Base, metaclass=Meta):
    # The docstring follows.
    'An item.'

    name: str
    count = total = 0

    @property
    async def value(
        self, *, scale: float = 1.0
    ) -> int:  # in cents
        """The value."""
        from .rates import rate
        def inner(): pass
        return rate() * self.count

    class _Hidden:
        pass

    def __init__(self): self.x = 1


def _helper(text="import nothing"):
    f"not a {text} docstring"
    import lazy
    "import never"
"#;

#[test]
fn definitions_and_imports() {
    insta::assert_snapshot!(render("python", SHOP));
}

#[test]
fn absolute_imports_start_at_any_root() {
    let sample = Sample::new(&[
        ("app/__init__.py", "from app.core import run"),
        ("app/core.py", "import app.util.text\nimport app\nimport numpy, helpers"),
        ("app/util/__init__.py", "x = 1"),
        ("app/util/text.py", "from app import util, core"),
        ("src/lib/__init__.py", "import lib.deep"),
        ("src/lib/deep.py", ""),
        (
            "scripts/run.py",
            "import helpers\nfrom lib import deep, missing\nfrom space.part import f",
        ),
        ("scripts/helpers.py", ""),
        ("vendor/py/space/part.py", ""),
    ]);
    assert_eq!(sample.needs("app/__init__.py"), ["app/core.py"]);
    assert_eq!(
        sample.needs("app/core.py"),
        ["app/__init__.py", "app/util/text.py", "scripts/helpers.py"]
    );
    assert_eq!(sample.needs("app/util/text.py"), ["app/core.py", "app/util/__init__.py"]);
    assert_eq!(sample.needs("src/lib/__init__.py"), ["src/lib/deep.py"]);
    assert_eq!(
        sample.needs("scripts/run.py"),
        ["scripts/helpers.py", "src/lib/__init__.py", "src/lib/deep.py", "vendor/py/space/part.py"]
    );
}

#[test]
fn relative_imports_count_dots() {
    let sample = Sample::new(&[
        ("a/__init__.py", "from .b import c\nfrom . import d"),
        ("a/b/__init__.py", "from ..d import x"),
        (
            "a/b/c.py",
            "from .. import d\nfrom ... import a\nfrom .... import beyond\nfrom . import x",
        ),
        ("a/d.py", "from .b.c import *"),
    ]);
    assert_eq!(sample.needs("a/__init__.py"), ["a/b/c.py", "a/d.py"]);
    assert_eq!(sample.needs("a/b/__init__.py"), ["a/d.py"]);
    assert_eq!(sample.needs("a/b/c.py"), ["a/__init__.py", "a/b/__init__.py", "a/d.py"]);
    assert_eq!(sample.needs("a/d.py"), ["a/b/c.py"]);
}

#[test]
fn stubs_prefer_stubs() {
    let sample = Sample::new(&[
        ("p/__init__.py", ""),
        ("p/a.py", "from p import b"),
        ("p/a.pyi", "from p import b"),
        ("p/b.py", ""),
        ("p/b.pyi", ""),
        ("p/only.pyi", ""),
        ("p/c.py", "import p.only"),
    ]);
    assert_eq!(sample.needs("p/a.py"), ["p/b.py"]);
    assert_eq!(sample.needs("p/a.pyi"), ["p/b.pyi"]);
    assert_eq!(sample.needs("p/c.py"), ["p/__init__.py"]);
    assert!(sample.edges("p/c.py").contains(&("p/only.pyi", EdgeKind::TypeChecking)));
}

#[test]
fn names_of_the_standard_library_are_rarely_ours() {
    let sample = Sample::new(&[
        ("tools/types.py", ""),
        ("tools/run.py", "import types\nimport queue"),
        ("queue.py", ""),
        ("two/json5.py", ""),
        ("three/json5.py", ""),
        ("four/x.py", "import json5"),
    ]);
    assert_eq!(sample.needs("tools/run.py"), ["queue.py"]);
    assert!(sample.needs("four/x.py").is_empty(), "two roots have it");
}

#[test]
fn the_sample_is_as_python_says() {
    truth("python");
}

#[test]
fn conditions_mark_imports() {
    let sample = Sample::new(&[
        (
            "p/__init__.py",
            "from typing import TYPE_CHECKING as T\nif T:\n    from . import a\nelif x:\n    from . import b\n\
             else:\n    if False:\n        from . import c\n    else:\n        from . import d\n",
        ),
        ("p/a.py", ""),
        ("p/b.py", ""),
        ("p/c.py", ""),
        ("p/d.py", ""),
        ("p/e.py", "def f():\n  if not T.TYPE_CHECKING: from . import a\n  else: import p.b"),
    ]);
    let (import, checking) = (EdgeKind::Import, EdgeKind::TypeChecking);
    assert_eq!(
        sample.edges("p/__init__.py"),
        [
            ("p/a.py", checking),
            ("p/b.py", import),
            ("p/c.py", EdgeKind::Inactive),
            ("p/d.py", import)
        ]
    );
    let edges = sample.edges("p/e.py");
    assert_eq!(
        edges,
        [("p/__init__.py", EdgeKind::Package), ("p/a.py", import), ("p/b.py", checking)]
    );
}

#[test]
fn names_are_followed_to_where_they_are_defined() {
    let sample = Sample::new(&[
        ("main.py", "from shop import Item, price as p, Local, circle"),
        ("shop/__init__.py", "from .api import *\nfrom . import money as price\nclass Local: ..."),
        ("shop/api.py", "from .impl import Item as Item\nfrom .items import *\nfrom . import *"),
        ("shop/items.py", "class Item: ..."),
        ("shop/impl.py", ""),
        ("shop/money.py", ""),
    ]);
    let again = EdgeKind::ReExport;
    assert_eq!(
        sample.edges("main.py"),
        [
            ("shop/__init__.py", EdgeKind::Import),
            ("shop/api.py", again),
            ("shop/items.py", again),
            ("shop/money.py", again)
        ]
    );
}

#[test]
fn packages_spread_over_roots_are_one() {
    let sample = Sample::new(&[
        ("one/setup.py", ""),
        ("one/ns/__init__.py", "__path__ = __import__('pkgutil').extend_path(__path__, __name__)"),
        ("one/ns/a.py", "import ns.b, ns.space.d"),
        ("two/setup.py", ""),
        ("two/ns/__init__.py", "__import__('pkg_resources').declare_namespace(__name__)"),
        ("two/ns/b.py", "from ns.a import x"),
        ("two/ns/space/d.py", ""),
        ("three/x.py", "import ns.nothing, ns"),
        ("three/y.py", "from ns import b, nothing"),
    ]);
    assert_eq!(sample.needs("three/y.py"), ["one/ns/__init__.py", "two/ns/b.py"]);
    assert_eq!(sample.needs("one/ns/a.py"), ["two/ns/b.py", "two/ns/space/d.py"]);
    assert_eq!(sample.needs("two/ns/b.py"), ["one/ns/a.py"]);
    assert_eq!(sample.needs("three/x.py"), ["one/ns/__init__.py"]);
}

#[test]
fn a_repository_may_be_a_package() {
    let sample = Sample::new(&[
        ("__init__.py", "from shop.core import run"),
        ("core.py", "from shop import util, core\nimport shop.nothing, random"),
        ("util/__init__.py", "from shop.random import x\nfrom .. import core"),
        ("random.py", ""),
    ]);
    assert_eq!(sample.needs("__init__.py"), ["core.py"]);
    assert_eq!(sample.needs("core.py"), ["__init__.py", "util/__init__.py"]);
    assert_eq!(sample.needs("util/__init__.py"), ["core.py", "random.py"]);
    // One that is a package by mistake is a root all the same.
    let sample = Sample::new(&[("__init__.py", ""), ("a/b.py", ""), ("c.py", "import a.b, q.a")]);
    assert_eq!(sample.needs("c.py"), ["a/b.py"]);
}

#[test]
fn imports_that_lead_nowhere_are_told() {
    let sample = Sample::new(&[
        ("p/__init__.py", "from .. import up\nfrom ... import above\nfrom .gone import x"),
        ("p/a.py", "import p.gone, numpy.linalg\nfrom p.gone import y\nfrom p import z\nimport a"),
    ]);
    let said = |path| {
        sample
            .unresolved(path)
            .into_iter()
            .map(|(import, why)| format!("{import}: {why}"))
            .collect::<Vec<_>>()
    };
    assert_eq!(
        said("p/__init__.py"),
        [
            "export import .. [up]: no module 'up' in ''",
            "export import ... [above]: above the top of the repository",
            "export import .gone [x]: no module 'gone' in 'p'"
        ]
    );
    assert_eq!(said("p/a.py"), ["import p.gone [y]: no module 'p.gone' in this repository"]);
}

#[test]
fn empty_packages_are_packages() {
    let mut files = vec![("p/x/__init__.py", ""), ("p/x/a.py", "import b"), ("p/x/b.py", "")];
    assert!(Sample::new(&files).needs("p/x/a.py").is_empty());
    files.remove(0);
    assert_eq!(Sample::new(&files).needs("p/x/a.py"), ["p/x/b.py"]);
}

#[test]
fn an_empty_init_file_is_a_mark_of_a_package() {
    let files = |context: &[&str]| {
        let mut sample = Sample::new(&[
            ("run.py", "import shop.till"),
            ("shop/till.py", "import paper\nfrom . import paper"),
            ("shop/paper.py", ""),
            ("more/shop/other.py", ""),
            ("more/run.py", "import shop.till"),
        ]);
        for path in context {
            sample.add_context(path, "");
        }
        sample
    };
    let marked = files(&["shop/__init__.py", "more/shop/__init__.py"]);
    assert_eq!(marked.needs("run.py"), ["shop/till.py"]);
    assert!(marked.needs("more/run.py").is_empty());
    let unmarked = files(&[]);
    assert_eq!(unmarked.needs("more/run.py"), ["shop/till.py"]);
}

#[test]
fn folders_inside_of_packages_are_on_no_path() {
    let sample = Sample::new(&[
        ("pack/__init__.py", "import vendored"),
        ("pack/api/openai/__init__.py", "import never"),
        ("pack/api/openai/tune/run.py", "import never\nimport beside\nimport openai"),
        ("pack/api/openai/tune/beside.py", ""),
        ("pack/api/never.py", ""),
        ("pack/_vendor/vendored/__init__.py", "import second"),
        ("pack/_vendor/second.py", ""),
        ("other.py", "import vendored"),
    ]);
    assert_eq!(sample.needs("pack/__init__.py"), ["pack/_vendor/vendored/__init__.py"]);
    assert_eq!(sample.needs("pack/api/openai/tune/run.py"), ["pack/api/openai/tune/beside.py"]);
    assert_eq!(sample.needs("pack/_vendor/vendored/__init__.py"), ["pack/_vendor/second.py"]);
    assert!(sample.needs("other.py").is_empty());
}

#[test]
fn a_namespace_that_many_projects_share() {
    let project = |i| (format!("p{i}/setup.py"), format!("p{i}/src/space/tools/t{i}/__init__.py"));
    let projects: Vec<_> = (0..100).map(project).collect();
    let mut files: Vec<_> =
        projects.iter().flat_map(|(setup, module)| [(&**setup, ""), (&**module, "")]).collect();
    files.push((
        "p1/src/space/tools/x/__init__.py",
        "import space.tools.t77, t5\nimport space.tools.t1",
    ));
    assert_eq!(
        Sample::new(&files).needs("p1/src/space/tools/x/__init__.py"),
        ["p1/src/space/tools/t1/__init__.py", "p77/src/space/tools/t77/__init__.py"]
    );
}

#[test]
fn stubs_mean_the_stubs_of_the_standard_library() {
    let names =
        ["abc", "ast", "csv", "cmd", "dis", "glob", "gzip", "hmac", "html", "http", "imp", "io"];
    let more = [
        "json", "locale", "mmap", "nis", "os", "pdb", "pwd", "pty", "re", "sched", "shlex", "site",
    ];
    let last = ["stat", "string", "sys", "time", "token", "types", "typing", "uu"];
    let all = names.iter().chain(&more).chain(&last);
    let paths: Vec<_> = all.map(|name| format!("tool/typeshed/stdlib/{name}.pyi")).collect();
    let mut files: Vec<_> = paths.iter().map(|path| (&**path, "")).collect();
    files.extend([
        ("tool/__init__.py", "import typing"),
        ("tool/typeshed/stubs/six/six.pyi", "import typing"),
    ]);
    let sample = Sample::new(&files);
    let typing = ["tool/typeshed/stdlib/typing.pyi"];
    assert_eq!(sample.needs("tool/typeshed/stubs/six/six.pyi"), typing);
    assert!(sample.needs("tool/__init__.py").is_empty());
}
