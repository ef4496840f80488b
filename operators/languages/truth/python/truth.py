#!/usr/bin/env python3
"""Says which files the imports of Python code mean, for ../score.py.

    truth.py FOLDER [--root R]... > TRUTH.json
    truth.py FOLDER --grimp PACKAGE... > TRUTH.json

Without --grimp, files are parsed by `ast` and names are looked up by `importlib`'s own finders, without
running anything. The search path of a file is the folder of its outermost package, then each R (a folder
inside FOLDER; `.` unless given); a name of the standard library is only looked for in R. A package that says so, by
`pkgutil.extend_path` or `pkg_resources.declare_namespace`, goes on in folders of its name in all of these.
`from a import b` means the submodule `b`, or else `a`.

With --grimp, the edges are those of grimp (see requirements.txt) for top-level packages in FOLDER; imports
that it finds only outside `exclude_type_checking_imports` are neutral. It knows nothing of branches that are
never taken, of stubs, or of files below a package in folders that are none.
"""

import argparse
import ast
import functools
import importlib.machinery as machinery
import json
import os
import re
import sys
import threading


def python_files(folder):
    for place, folders, names in os.walk(folder):
        folders[:] = sorted(set(folders) - {".git", "__pycache__"})
        for name in sorted(names):
            path = os.path.join(place, name)
            if name.endswith((".py", ".pyi")) and not os.path.islink(path):
                yield os.path.relpath(path, folder)


@functools.cache
def extends(file):
    """Whether a package is one of the older kinds of namespace."""
    with open(file, encoding="utf-8", errors="replace") as source:
        return re.search(r"__path__ = .*\bextend_path\(|\bdeclare_namespace\(", source.read()) is not None


class Finder:
    """importlib's path finder for sources only: compiled modules have none."""

    def __init__(self, suffixes):
        self.details = (machinery.SourceFileLoader, suffixes)
        self.finders = {}
        self.specs = {}

    def portion(self, name, folders):
        """As importlib's PathFinder: the first module found, or all portions of a namespace."""
        spaces = []
        for folder in folders:
            if folder not in self.finders:
                self.finders[folder] = machinery.FileFinder(folder, self.details)
            spec = self.finders[folder].find_spec(name)
            if spec and spec.loader:
                inside = spec.submodule_search_locations
                if inside and extends(spec.origin):
                    more = (os.path.join(other, name) for other in folders)
                    inside = list(dict.fromkeys([*inside, *filter(os.path.isdir, more)]))
                return spec.origin, inside
            if spec and spec.submodule_search_locations:
                spaces.extend(spec.submodule_search_locations)
        return (None, spaces) if spaces else None

    def find(self, name, folders):
        """(file or None, search locations or None) of a dotted name; None when there is none."""
        key = (name, folders)
        if key not in self.specs:
            head, _, last = name.rpartition(".")
            if head:
                package = self.find(head, folders)
                inside = package and package[1]
                self.specs[key] = self.portion(name, tuple(inside)) if inside else None
            else:
                self.specs[key] = self.portion(last, folders)
        return self.specs[key]


class Imports(ast.NodeVisitor):
    """(dots, module, names, counts) of each import statement."""

    def __init__(self):
        self.found, self.counts, self.checking = [], True, {"TYPE_CHECKING"}

    def visit_Import(self, node):
        self.found += [(0, name.name, None, self.counts) for name in node.names]

    def visit_ImportFrom(self, node):
        names = [name.name for name in node.names]
        self.found.append((node.level, node.module or "", names, self.counts))
        for name in node.names:
            if name.name == "TYPE_CHECKING" and name.asname:
                self.checking.add(name.asname)

    def visit_If(self, node):
        value = self.value(node.test)
        for branch, counts in ((node.body, value is not False), (node.orelse, value is not True)):
            outer, self.counts = self.counts, self.counts and counts
            for statement in branch:
                self.visit(statement)
            self.counts = outer

    def value(self, test):
        """What a condition is when the program runs, where its text decides."""
        match test:
            case ast.Constant(value=value):
                return bool(value)
            case ast.Name(id=name) | ast.Attribute(attr=name) if name in self.checking:
                return False
            case ast.UnaryOp(op=ast.Not(), operand=inner):
                value = self.value(inner)
                return None if value is None else not value
            case ast.BoolOp(op=op, values=values):
                values, decides = [self.value(value) for value in values], isinstance(op, ast.Or)
                if decides in values:
                    return decides
                return None if None in values else not decides
            case ast.Compare(
                left=ast.Attribute(value=ast.Name(id="sys" | "os"), attr=attr), ops=[op], comparators=[right]
            ):
                return self.compare(attr, op, right)
            case ast.Call(
                func=ast.Attribute(
                    value=ast.Attribute(value=ast.Name(id="sys"), attr="platform"), attr="startswith"
                ),
                args=[ast.Constant(value=str(start))],
            ):
                return "linux".startswith(start)
        return None

    @staticmethod
    def compare(attr, op, right):
        operators = {
            ast.Lt: "__lt__", ast.LtE: "__le__", ast.Gt: "__gt__",
            ast.GtE: "__ge__", ast.Eq: "__eq__", ast.NotEq: "__ne__",
        }  # fmt: skip
        try:
            right = ast.literal_eval(right)
        except ValueError:
            return None
        if attr == "platform" and isinstance(op, (ast.Eq, ast.NotEq)):
            return ("linux" == right) == isinstance(op, ast.Eq)
        if attr == "name" and isinstance(op, (ast.Eq, ast.NotEq)):
            return ("posix" == right) == isinstance(op, ast.Eq)
        if attr == "version_info" and isinstance(right, tuple) and type(op) in operators:
            return getattr(tuple(sys.version_info[:3]), operators[type(op)])(right)
        return None


def by_importlib(folder, roots):
    files = set(python_files(folder))
    finders = {".py": Finder([".py"]), ".pyi": Finder([".pyi", ".py"])}
    edges, neutral, judged = set(), set(), []
    for file in sorted(files):
        try:
            with open(os.path.join(folder, file), "rb") as source:
                tree = ast.parse(source.read())
        except (SyntaxError, ValueError):
            continue
        judged.append(file)
        visitor = Imports()
        visitor.visit(tree)
        base, package = os.path.dirname(os.path.join(folder, file)), []
        while is_package(base) and base != folder:
            package.insert(0, os.path.basename(base))
            base = os.path.dirname(base)
        roots_here = [os.path.normpath(os.path.join(folder, root)) for root in roots]
        path = tuple(dict.fromkeys([base, *roots_here]))
        ending = os.path.splitext(file)[1]
        for dots, module, names, counts in visitor.found:
            search, name = path, module
            if name.partition(".")[0] in sys.stdlib_module_names:
                # Files of such names are scripts, or inside namespace packages.
                search = tuple(roots_here)
            if dots:
                # A relative import is looked up from its folder: it works in namespace packages too.
                start = os.path.dirname(os.path.join(folder, file))
                for _ in range(dots - 1):
                    start = os.path.dirname(start)
                if not (start + "/").startswith(folder + "/"):
                    continue
                name = ".".join(filter(None, [os.path.basename(start), module]))
                search = (os.path.dirname(start),)
            means, around = named(finders[ending], search, name, names)
            stubs, _ = named(finders[".pyi"], search, name, names)
            relative = lambda paths: {os.path.relpath(path, folder) for path in paths} & files
            for group, into in ((means, edges if counts else neutral), (around | stubs, neutral)):
                into.update((file, other) for other in relative(group) if other != file)
    return edges, neutral - edges, judged


def is_package(folder):
    return any(os.path.exists(os.path.join(folder, "__init__" + end)) for end in (".py", ".pyi"))


def named(finder, search, name, names):
    """The files that a statement names, and those of the packages around them."""
    spec = finder.find(name, search)
    if not spec:
        # A compiled module, perhaps, or none: its package is the nearest that there is.
        head = name.rpartition(".")[0]
        package = finder.find(head, search) if head else None
        return set(), {package[0]} - {None} if package else set()
    file, inside = spec
    parts = name.split(".")
    parents = (finder.find(".".join(parts[:end]), search) for end in range(1, len(parts)))
    around = {parent[0] for parent in parents if parent[0]} | {file}
    if names is None:
        return {file} - {None}, around - {None}
    means = set()
    for wanted in names:
        sub = finder.find(f"{name}.{wanted}", search) if inside and wanted != "*" else None
        means.add(sub[0] if sub and sub[0] else file)
    return means - {None}, around - {None}


def by_grimp(folder, packages):
    import grimp

    sys.path.insert(0, folder)
    every, running = (
        grimp.build_graph(*packages, cache_dir=None, exclude_type_checking_imports=exclude)
        for exclude in (False, True)
    )
    files = {}
    for module in every.modules:
        place = module.replace(".", "/")
        for path in (f"{place}/__init__.py", f"{place}.py"):
            if os.path.exists(os.path.join(folder, path)):
                files.setdefault(module, path)
    pairs = lambda graph: {
        (files[a], files[b])
        for a in files
        for b in graph.find_modules_directly_imported_by(a)
        if b in files and a != b
    }
    edges = pairs(running)
    return edges, pairs(every) - edges, sorted(files.values())


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("folder")
    parser.add_argument("--root", action="append")
    parser.add_argument("--grimp", nargs="+")
    arguments = parser.parse_args()
    folder = os.path.abspath(arguments.folder)
    if arguments.grimp:
        edges, neutral, files = by_grimp(folder, arguments.grimp)
    else:
        edges, neutral, files = by_importlib(folder, arguments.root or ["."])
    json.dump({"edges": sorted(edges), "neutral": sorted(neutral), "files": files}, sys.stdout)


if __name__ == "__main__":
    # Some generated expressions are nested by the thousand.
    sys.setrecursionlimit(1_000_000)
    threading.stack_size(512 << 20)
    thread = threading.Thread(target=main)
    thread.start()
    thread.join()
