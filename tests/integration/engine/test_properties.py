"""What holds where no single value can be expected: of chance, and of functions that undo each other."""

import re

LUCK = """
    import random


    def shuffled(items: list[int]) -> list[int]:
        copy = list(items)
        for i in range(len(copy) - 1, 0, -1):
            j = random.randint(0, i)
            copy[i], copy[j] = copy[j], copy[i]
        return copy


    def roll(sides: int) -> int:
        if sides < 50:
            raise ValueError("a die for gamblers")
        return random.randint(1, sides)
    """


def said(final):
    return [test.title for test in final.tests]


def test_a_shuffled_list_keeps_what_is_in_it(place):
    final = place.findings(place.write("luck.py", LUCK), "shuffled")[-1]
    assert any(title.startswith("sorted(shuffled([") for title in said(final))
    assert final.plan is not None


def test_a_roll_lies_between_its_bounds_and_no_claim_that_is_false_is_made(place):
    final = place.findings(place.write("luck.py", LUCK), "roll")[-1]
    claims = [title for title in said(final) if "<=" in title or " in " in title]
    assert claims
    # That it is below the number of sides is true 49 times of 50 or more.
    assert all(re.fullmatch(r"[01] <= roll\((\d+)\) <= \1", title) for title in claims)


def test_what_an_object_is_written_to_is_read_again(place):
    path = place.write(
        "points.py",
        """
        class Point:
            def __init__(self, x: int, y: int = 0) -> None:
                self._x, self._y = x, y

            def __eq__(self, other: object) -> bool:
                return isinstance(other, Point) and (self._x, self._y) == (other._x, other._y)

            def to_pair(self) -> bytes:
                return b"%d,%d" % (self._x, self._y)

            @classmethod
            def from_pair(cls, data: bytes) -> "Point":
                x, y = data.split(b",")
                return cls(int(x), int(y))
        """,
    )
    final = place.findings(path, "Point.from_pair")[-1]
    assert any(title.startswith("Point.from_pair(Point(") for title in said(final))
    assert not any("not (Point.from_pair" in title for title in said(final))
    assert final.plan is not None
    assert "def test_point_from_pair_round_trip" in final.plan.new_text
