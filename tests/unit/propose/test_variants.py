import ast

from genx_lsp.propose.variants import Variants, Words

SEEDS = ["f([1, 2], 'a-b', k=3)", "f([], '', k=0)", "f(Box({'a': 1}).get(), (1.5, None), True)"]
WORDS = Words(numbers=(17,), texts=("zebra",), spare={"deep": ("True",)})


def made(count=300, seed=0):
    variants = Variants(WORDS, seed)
    variants.know(SEEDS)
    return list(variants.of(SEEDS, count))


def test_every_variant_is_a_new_call_of_the_same_function():
    found = made()
    assert len(found) == len(set(found)) == 300
    assert not set(found) & set(SEEDS)
    for text in found:
        node = ast.parse(text, mode="eval").body
        assert isinstance(node, ast.Call)
        assert ast.unparse(node.func) == "f"


def test_the_same_seed_makes_the_same_variants():
    assert made(seed=1) == made(seed=1)
    assert made(seed=1) != made(seed=2)


def test_what_the_code_speaks_of_turns_up():
    text = "\n".join(made())
    assert "17" in text
    assert "zebra" in text
    assert "deep=True" in text


def test_arguments_of_constructors_inside_are_varied_too():
    boxes = {part for text in made() if "Box(" in text for part in [text.split(".get()")[0]]}
    assert len(boxes) > 10


def test_nothing_comes_of_nothing():
    assert list(Variants(WORDS).of([], 5)) == []
    assert list(Variants(WORDS).of(["not a call ("], 5)) == []


def test_numbers_of_every_magnitude_turn_up():
    variants = Variants(Words())
    numbers = [abs(int(t[2:-1])) for t in variants.of(["f(3)"], 400)]
    assert {len(str(n)) for n in numbers} >= set(range(1, 10))


def test_each_constant_is_exchanged_for_each_that_the_code_speaks_of():
    variants = Variants(Words(numbers=(7, -1), texts=("-", "*")))
    variants.know(["f([3, '+'])"])
    assert list(variants.replaced(["f([3, '+'])"])) == [
        "f([7, '+'])",
        "f([-1, '+'])",
        "f([3, '-'])",
        "f([3, '*'])",
    ]
    assert list(variants.replaced(["f([3, '-'])"])) == ["f([7, '-'])", "f([-1, '-'])"]


def test_what_is_no_number_and_no_text_stays():
    variants = Variants(Words(numbers=(7,), texts=("a",)))
    assert list(variants.replaced(["f(True, None, b'a')"])) == []
