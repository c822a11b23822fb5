"""Objects that no literal expresses: told by the text that their classes give them, however deep they lie."""

NODES = """
class Node:
    def __init__(self, text: str):
        self._text = text

    def __str__(self):
        return self._text

    def __repr__(self):
        return f"<{self._text}>"


class Name(Node):
    pass


class Number(Node):
    pass
"""


def _expressions(final) -> list[str]:
    return [test.test.expression for test in final.tests]


def test_a_text_may_be_inherited_and_the_class_another_modules(place):
    place.write("nodes.py", NODES)
    path = place.write(
        "reading.py",
        """
        import nodes


        def read(text: str):
            return nodes.Number(text) if text.isdigit() else nodes.Name(text.lower())
        """,
    )
    final = place.findings(path, "read")[-1]
    assert {test.test.expectation.value.kind for test in final.tests} == {"str"}
    assert all(e.startswith("str(read(") for e in _expressions(final))


def test_objects_within_collections_are_told_by_what_they_say_of_themselves(place):
    place.write("nodes.py", NODES)
    path = place.write(
        "pairs.py",
        """
        from nodes import Name, Number


        def pairs(text: str) -> list:
            found = []
            for part in text.split(","):
                name, sign, number = part.partition("=")
                if sign:
                    found.append((Name(name), [Number(number)]))
                else:
                    found.append(name)
            return found
        """,
    )
    final = place.findings(path, "pairs")[-1]
    texts = {test.test.expectation.value.scalar for test in final.tests}
    assert any(e.startswith("repr(pairs(") for e in _expressions(final))
    assert any("<" in text for text in texts)
    assert final.plan is not None
    assert "0x" not in final.plan.new_text


def test_nothing_is_told_by_a_text_that_says_where_it_lies(place):
    path = place.write(
        "boxes.py",
        """
        class Box:
            def __init__(self, size: int):
                self._size = size


        def boxes(size: int) -> list:
            return [(Box(size), size)] if size > 3 else []
        """,
    )
    final = place.findings(path, "boxes")[-1]
    assert not any("repr(" in e or "str(" in e for e in _expressions(final))


def test_the_order_of_a_set_is_no_answer(place):
    path = place.write(
        "groups.py",
        """
        class Group:
            def __init__(self, names: list[str]):
                self._names = names

            def __repr__(self):
                return "Group"


        def groups(names: list[str]) -> list:
            return [(Group(names), set(names))]
        """,
    )
    final = place.findings(path, "groups")[-1]
    assert not any(e.startswith("repr(") for e in _expressions(final))
