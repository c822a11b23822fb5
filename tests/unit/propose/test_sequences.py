from genx_lsp.propose import sequences

STACK = """
class Stack:
    def __init__(self, limit: int = 3):
        self.limit = limit
        self._items: list[int] = []

    def push(self, item: int) -> None:
        if len(self._items) >= self.limit:
            raise OverflowError("full")
        self._items.append(item)

    def pop(self) -> int:
        return self._items.pop()

    def __len__(self) -> int:
        return len(self._items)

    def _audit(self) -> str:
        return str(self._items)
"""


def proposed(context, source, name):
    return [(t.expression, t.setup.split("\n")) for t in sequences.propose(context(source, name))]


def test_after_a_method_that_changes_its_object_others_are_asked(context):
    found = proposed(context, STACK, "Stack.push")
    assert ("len(stack)", ["stack = Stack(2)", "stack.push(2)"]) in found
    assert ("stack.limit", ["stack = Stack(2)", "stack.push(2)"]) in found


def test_what_was_put_under_a_key_is_asked_for_by_it(context):
    source = """
    class Store:
        def __init__(self):
            self._held = {}

        def put(self, key: str, value: int) -> None:
            self._held[key] = value

        def get(self, key: str) -> int | None:
            return self._held.get(key)

        def __contains__(self, key: str) -> bool:
            return key in self._held

        def find(self, value: int) -> list[str]:
            return [key for key, held in self._held.items() if held == value]

        def drop(self, other: str) -> None:
            return self._held.pop(other)
    """
    found = proposed(context, source, "Store.put")
    put = ["store = Store()", "store.put('abc', 2)"]
    for question in ("store.get('abc')", "'abc' in store", "store.find(2)"):
        assert (question, put) in found
    assert not any("drop" in question for question, _ in found)


def test_before_a_method_that_tells_of_its_object_it_is_changed(context):
    found = proposed(context, STACK, "Stack.__len__")
    assert ("len(stack)", ["stack = Stack(2)", "stack.push(2)"]) in found


def test_a_method_that_does_both_is_called_and_asked_about(context):
    found = proposed(context, STACK, "Stack.pop")
    assert ("stack.pop()", ["stack = Stack(2)", "stack.push(2)"]) in found
    assert ("len(stack)", ["stack = Stack(2)", "stack.push(2)", "stack.pop()"]) in found


def test_private_members_are_not_asked(context):
    found = proposed(context, STACK, "Stack.push")
    assert found
    assert not any("_items" in expression or "_audit" in expression for expression, _ in found)


def test_what_changes_nothing_and_is_changed_by_nothing_has_no_sequences(context):
    source = """
    class Point:
        def __init__(self, x: int):
            self.x = x

        def doubled(self) -> int:
            return 2 * self.x
    """
    assert proposed(context, source, "Point.doubled") == []


def test_a_function_has_no_sequences(context):
    assert proposed(context, "def f(n: int): return n", "f") == []


def test_the_variable_is_not_called_like_something_of_the_module(context):
    source = STACK.replace("Stack", "HTTPBox") + "\nhttpbox = HTTPBox()\n"
    found = proposed(context, source, "HTTPBox.push")
    assert found[0][1][0] == "httpbox_ = HTTPBox(2)"
