"""Objects that are made from texts with a grammar, in the real sandbox."""

import re

SIGNS = """
    import re

    RULES = {
        "NAME": re.compile("[a-z]+"),
        "IS": re.compile("="),
        "NUMBER": re.compile("[0-9]+"),
        "OPEN": re.compile(r"<"),
        "CLOSE": re.compile(r">"),
    }
    """
READER = """
    from signs import RULES


    class Malformed(ValueError):
        pass


    def read(text):
        place, found = 0, []
        for kind in ("OPEN", "NAME", "IS", "NUMBER", "CLOSE"):
            sign = RULES[kind].match(text, place)
            if sign is None:
                raise Malformed(f"Expected {kind.lower()} at position {place}")
            found.append(sign.group())
            place = sign.end()
        return found[1], int(found[3])
    """
TAGS = """
    from reader import read


    class Tag:
        def __init__(self, text: str):
            self.name, self.number = read(text)

        def size(self) -> str:
            return "small" if self.number < 10 else "large"
    """


def test_a_text_that_the_constructor_takes_is_found_by_what_it_complains_of(place):
    place.write("signs.py", SIGNS)
    place.write("reader.py", READER)
    path = place.write("tags.py", TAGS)
    final = place.findings(path, "Tag.size")[-1]
    sizes = set(re.findall(r'Tag\("<[a-z]+=\d+>.*"\)\.size\(\) == "(\w+)"', final.plan.new_text))
    assert sizes == {"small", "large"}
