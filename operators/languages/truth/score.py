#!/usr/bin/env python3
"""Compares resolved imports with what a language's own tool says.

    score.py TRUTH.json FOUND.json [--show N]

TRUTH.json: {"edges": [[from, to], ...], "neutral": [[from, to], ...], "files": [...]}
    "neutral" edges count neither way; "files", if there, are those that the tool looked at: edges from
    other files are not judged.
FOUND.json: what `backstory deps --format json` prints. Edges of kind "import" are judged; the
    other kinds are taken as neutral.

Prints one JSON line: true, found, missed and wrong edges, wrong plus missed per 1,000 true ones, the share of
true edges outside import circles that the order satisfies (if there is an order), and examples.
"""

import argparse
import json


def components(edges):
    """Tarjan's algorithm without recursion: file -> component."""
    needs = {}
    for a, b in edges:
        needs.setdefault(a, []).append(b)
        needs.setdefault(b, [])
    index, low, on, stack, component = {}, {}, set(), [], {}
    for root in needs:
        if root in index:
            continue
        work = [(root, iter(needs[root]))]
        index[root] = low[root] = len(index)
        stack.append(root)
        on.add(root)
        while work:
            node, rest = work[-1]
            for other in rest:
                if other not in index:
                    index[other] = low[other] = len(index)
                    stack.append(other)
                    on.add(other)
                    work.append((other, iter(needs[other])))
                    break
                if other in on:
                    low[node] = min(low[node], index[other])
            else:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[node])
                if low[node] == index[node]:
                    while True:
                        member = stack.pop()
                        on.discard(member)
                        component[member] = node
                        if member == node:
                            break
    return component


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("truth")
    parser.add_argument("found")
    parser.add_argument("--show", type=int, default=10, help="examples of each sort")
    arguments = parser.parse_args()
    truth, found = (json.load(open(path)) for path in (arguments.truth, arguments.found))
    judged = set(truth.get("files") or found["files"])
    true = {(a, b) for a, b in truth["edges"] if a != b and a in judged}
    neutral = {(a, b) for a, b in truth.get("neutral", [])}
    neutral |= {(a, b) for a, b, kind in found["edges"] if kind != "import"} - true
    mine = {(a, b) for a, b, kind in found["edges"] if kind == "import" and a in judged}
    wrong = sorted(mine - true - neutral)
    # A true edge that was found under another kind is missed.
    missed = sorted(true - mine - {(a, b) for a, b in truth.get("neutral", [])})
    result = {
        "true": len(true),
        "found": len(mine),
        "wrong": len(wrong),
        "missed": len(missed),
        "per_1000": round(1000 * (len(wrong) + len(missed)) / max(1, len(true)), 2),
    }
    if "order" in found:
        place = {file: at for at, file in enumerate(found["order"])}
        component = components(true)
        outside = [(a, b) for a, b in true if component[a] != component[b] and a in place and b in place]
        kept = sum(place[b] < place[a] for a, b in outside)
        result["order"] = round(kept / max(1, len(outside)), 5)
    result["examples"] = {"wrong": wrong[: arguments.show], "missed": missed[: arguments.show]}
    print(json.dumps(result))


if __name__ == "__main__":
    main()
