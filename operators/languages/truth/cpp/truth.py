#!/usr/bin/env python3
"""Writes which files of a C or C++ package include which others, as libclang sees it.

    pip install libclang==18.1.1
    truth.py FOLDER [--include DIR]... [--all] [--define NAME[=VALUE]]... [--under DIR]... [--cxx-headers] > TRUTH.json

Every source file is parsed as a translation unit of its own. Its edges are the inclusion directives that libclang
met in it and could open, if what they open is a file of the package. What the preprocessor skipped is neutral: all
files that such a line could mean.

    --include   folder as the package's build gives it with -I, relative to FOLDER (repeat, in order)
    --all       every folder that holds headers is an include folder, after those given and the system's, the
                shallowest first
    --bare      without system headers, which takes a tenth of the time in C++
    --define    macro as the build gives it with -D
    --under     parse only files below this folder (repeat)

System headers come from this machine: build-essential suffices.
"""

import argparse
import collections
import functools
import glob
import json
import multiprocessing
import os
import re
import sys

import clang.cindex as cindex

C = {"c"}
CPP = {"cc", "cpp", "cxx", "c++", "C", "hh", "hpp", "hxx", "h++", "H"}
HEADERS = {"h", "hh", "hpp", "hxx", "h++", "H"}
MORE = {"inc", "inl", "ipp", "tpp", "tcc", "txx", "ixx", "cppm", "def", "cu", "cuh", "hip", "x", "ii"}
INCLUDE = re.compile(r'^[ \t]*#[ \t]*(?:include|include_next|import)[ \t]*(["<])([^">\n]+)[">]', re.M)
# Record of directives, incomplete unit, no function bodies, keep going after a header that is not there.
OPTIONS = 0x01 | 0x02 | 0x40 | 0x200


def extension(path):
    return os.path.splitext(path)[1][1:]


def files_of(root):
    for folder, folders, names in os.walk(root):
        folders[:] = sorted(name for name in folders if name != ".git")
        for name in names:
            path = os.path.join(folder, name)
            if os.path.isfile(path) and not os.path.islink(path):
                yield os.path.relpath(path, root)


def directives(path, language, arguments):
    """Line and opened file of each inclusion directive in the main file."""
    unit = cindex.Index.create().parse(path, args=["-x", language, *arguments], options=OPTIONS)
    for cursor in unit.cursor.get_children():
        if cursor.kind != cindex.CursorKind.INCLUSION_DIRECTIVE:
            continue
        if not cursor.location.file or cursor.location.file.name != path:
            continue
        try:
            opened = cursor.get_included_file().name
        except AssertionError:
            opened = None
        yield cursor.location.line, opened


def look(path, root, cxx, arguments, by_name):
    """True and neutral targets of one file."""
    language = "c++" if extension(path) in CPP | {"cu", "cuh"} or (extension(path) == "h" and cxx) else "c"
    full = os.path.join(root, path)
    with open(full, encoding="utf-8", errors="replace") as file:
        text = file.read()
    true, met, failed = set(), set(), None
    try:
        for line, opened in directives(full, language, arguments):
            met.add(line)
            if opened:
                real = os.path.relpath(os.path.realpath(opened), os.path.realpath(root))
                if not real.startswith(".."):
                    true.add(real)
    except cindex.TranslationUnitLoadError as error:
        failed = str(error)
    neutral = set()
    for match in INCLUDE.finditer(text):
        line = text.count("\n", 0, match.start()) + 1
        if line not in met or failed:
            named = re.sub(r"^(\.\.?/)+", "", os.path.normpath(match.group(2)))
            for other in by_name.get(os.path.basename(named), []):
                if other == named or other.endswith("/" + named):
                    neutral.add(other)
    return path, sorted(true), sorted(neutral - true), failed


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("folder")
    parser.add_argument("--include", action="append", default=[])
    parser.add_argument("--define", action="append", default=[])
    parser.add_argument("--under", action="append", default=[])
    parser.add_argument("--all", action="store_true")
    parser.add_argument("--bare", action="store_true")
    parser.add_argument("--cxx-headers", action="store_true")
    parser.add_argument("--jobs", type=int, default=1)
    options = parser.parse_args()
    root = os.path.abspath(options.folder)
    files = sorted(files_of(root))
    counted = collections.Counter(extension(path) for path in files)
    cxx = options.cxx_headers or sum(counted[e] for e in CPP) > counted["c"]
    by_name = collections.defaultdict(list)
    for path in files:
        by_name[os.path.basename(path)].append(path)
    folders = [os.path.normpath(folder) for folder in options.include]
    after = []
    if options.all:
        more = {os.path.dirname(path) for path in files if extension(path) in HEADERS}
        # `sub/x.h` may also be meant from the folder around `sub`.
        more |= {os.path.dirname(folder) for folder in more}
        after = sorted(more - set(folders), key=lambda folder: (folder.count("/"), folder))
    arguments = [f"-D{define}" for define in options.define]
    arguments += [f"-I{os.path.join(root, folder)}" for folder in folders]
    arguments += ["-nostdinc", "-nostdinc++"] if options.bare else []
    compiler = [] if options.bare else sorted(glob.glob("/usr/lib/gcc/x86_64-linux-gnu/*/include"))[-1:]
    after = compiler + [os.path.join(root, folder) for folder in after]
    arguments += [part for folder in after for part in ("-idirafter", folder)]
    judged = [p for p in files if extension(p) in C | CPP | HEADERS | {"inl", "ipp", "tpp", "tcc", "cu", "cuh"}]
    judged = [p for p in judged if not options.under or any(p.startswith(u.rstrip("/") + "/") for u in options.under)]
    work = functools.partial(look, root=root, cxx=cxx, arguments=arguments, by_name=by_name)
    truth = {"edges": [], "neutral": [], "files": []}
    with multiprocessing.Pool(options.jobs) as pool:
        for path, true, neutral, failed in pool.imap(work, judged, chunksize=8):
            if failed:
                print(path, failed, file=sys.stderr)
                continue
            truth["files"].append(path)
            truth["edges"] += [[path, other] for other in true if other != path]
            truth["neutral"] += [[path, other] for other in neutral if other != path]
    json.dump(truth, sys.stdout, indent=0)
    print()


if __name__ == "__main__":
    main()
