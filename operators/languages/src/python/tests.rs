use backstory_core::EdgeKind;

use crate::testing::{Sample, render};

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
