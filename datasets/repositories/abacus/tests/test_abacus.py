"""Tests of the whole line, from text to value."""

import unittest

from abacus import AbacusError, Session


class Values(unittest.TestCase):
    """Expressions that have a value."""

    def check(self, text: str, expected: float, **variables: float) -> None:
        self.assertAlmostEqual(Session(**variables).run(text), expected)

    def test_operators_bind_as_in_mathematics(self) -> None:
        self.check("1 + 2 * 3", 7)
        self.check("(1 + 2) * 3", 9)
        self.check("7 - 2 - 1", 4)

    def test_powers_bind_to_the_right(self) -> None:
        self.check("2 ^ 3 ^ 2", 512)
        self.check("-2 ^ 2", -4)

    def test_functions_take_arguments(self) -> None:
        self.check("sqrt(16) + max(1, x)", 9, x=5)

    def test_only_one_branch_is_evaluated(self) -> None:
        self.check("if(x, 1 / x, 0)", 0, x=0)

    def test_a_session_remembers(self) -> None:
        session = Session()
        session.run("width = 3")
        self.assertEqual(session.run("width * 2"), 6)


class Mistakes(unittest.TestCase):
    """Expressions that have none."""

    def check(self, text: str, message: str, position: int) -> None:
        with self.assertRaises(AbacusError) as caught:
            Session().run(text)
        self.assertEqual((caught.exception.message, caught.exception.position), (message, position))

    def test_mistakes_have_a_place(self) -> None:
        self.check("1 +", "expected a value, found end of expression", 3)
        self.check("2 $ 3", "unexpected character '$'", 2)
        self.check("1 / 0", "division by zero", 2)
        self.check("half(3)", "there is no function 'half'", 0)


if __name__ == "__main__":
    unittest.main()
