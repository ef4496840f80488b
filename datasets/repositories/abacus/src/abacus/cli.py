"""The command line: evaluates its arguments, or the lines of standard input."""

import sys
from typing import Iterable

from abacus.errors import AbacusError
from abacus.evaluator import Session


def main(arguments: list[str] | None = None) -> int:
    """Runs every statement and gives the exit code: 1 if any of them was wrong."""
    arguments = sys.argv[1:] if arguments is None else arguments
    statements = arguments or (line.rstrip("\n") for line in sys.stdin)
    return 1 if run_all(statements) else 0


def run_all(statements: Iterable[str]) -> int:
    """Prints the value of each statement, and gives the number of wrong ones."""
    session = Session()
    wrong = 0
    for statement in statements:
        if not statement.strip():
            continue
        try:
            print(f"{session.run(statement):g}")
        except AbacusError as error:
            print(error.point_at(statement), file=sys.stderr)
            wrong += 1
    return wrong


if __name__ == "__main__":
    sys.exit(main())
