import pytest

from genx_lsp.propose import round_trips

CODES = """
def run_encode(text: str) -> list[tuple[str, int]]:
    return [(letter, 1) for letter in text]

def run_decode(runs: list[tuple[str, int]]) -> str:
    return "".join(letter * count for letter, count in runs)

def squeeze(text: str) -> str:
    return " ".join(text.split())

def size(text: str) -> int:
    return len(text)
"""

POINT = """
class Point:
    def __init__(self, x: int, y: int = 0) -> None:
        self.x, self.y = x, y

    def to_dict(self) -> dict[str, int]:
        return {"x": self.x, "y": self.y}

    @classmethod
    def from_dict(cls, data: dict[str, int]) -> "Point":
        return cls(data["x"], data["y"])

    def to_text(self, sep: str) -> str:
        return f"{self.x}{sep}{self.y}"

    @classmethod
    def from_text(cls, text: str) -> "Point":
        return cls(*map(int, text.split(",")))
"""


def proposed(context, source, name):
    return [t.expression for t in round_trips.propose(context(source, name))]


def test_what_one_function_makes_is_given_to_its_opposite_and_back(context):
    found = proposed(context, CODES, "run_decode")
    there, back = "run_decode(run_encode(", "run_encode(run_decode("
    assert any(text.startswith(there) and "'" in text for text in found)
    assert any(text.startswith(back) and "[" in text for text in found)


def test_a_function_of_a_text_that_gives_a_text_is_done_twice(context):
    found = proposed(context, CODES, "squeeze")
    assert "squeeze(squeeze('abc')) == squeeze('abc')" in found
    assert all(text.startswith("squeeze(squeeze(") and " == squeeze(" in text for text in found)


def test_a_function_that_gives_something_else_is_not(context):
    assert not proposed(context, CODES, "size")


@pytest.mark.parametrize("name", ["Point.to_dict", "Point.from_dict"])
def test_an_object_written_and_read_again_is_compared_with_itself(context, name):
    found = proposed(context, POINT, name)
    assert "Point.from_dict(Point(2, 2).to_dict()) == Point(2, 2)" in found or any(
        text.startswith("Point.from_dict(Point(") and text.count("Point(") == 2 for text in found
    )


def test_what_needs_more_than_the_object_is_no_way_back(context):
    assert not proposed(context, POINT, "Point.from_text")


@pytest.mark.parametrize(
    ("name", "opposite"),
    [
        ("to_roman", "from_roman"),
        ("loads", "dumps"),
        ("celsius_to_kelvin", "kelvin_to_celsius"),
        ("unescape_text", "escape_text"),
        ("quote", "unquote"),
    ],
)
def test_opposites_are_known_by_their_names(name, opposite):
    assert opposite in round_trips.inverses(name)
    assert name in round_trips.inverses(opposite)
