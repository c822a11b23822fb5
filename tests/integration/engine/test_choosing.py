"""Which tests are offered: what first calls miss is looked for, objects are told by what is seen of them."""


def test_a_line_that_no_first_call_reaches_is_looked_for(place):
    path = place.write(
        "parcels.py",
        """
        def band(weight: int, express: bool = False) -> str:
            if weight * 7 > 900 and express:
                if weight % 11 == 5:
                    return "odd"
                return "heavy"
            return "light"
        """,
    )
    final = place.findings(path, "band")[-1]
    returned = {test.test.expectation.value.scalar for test in final.tests}
    assert returned == {"'odd'", "'heavy'", "'light'"}
    assert final.plan is not None


def test_every_test_says_what_it_alone_brings(place):
    path = place.write(
        "numbers_.py",
        """
        def clamp(value: int, low: int, high: int) -> int:
            if value < low:
                return low
            return high if value > high else value
        """,
    )
    final = place.findings(path, "clamp")[-1]
    assert 0 < len(final.tests) <= 12
    assert all(test.evidence.mutants_killed or test.evidence.lines_covered for test in final.tests)


def test_a_loop_that_a_fault_makes_endless_costs_little(place):
    path = place.write(
        "digits.py",
        """
        def digits(n: int) -> int:
            count = 1
            n = abs(n)
            while n > 9:
                n //= 10
                count += 1
            return count
        """,
    )
    final = place.findings(path, "digits")[-1]
    assert any("while" in note for test in final.tests for note in test.evidence.mutants_killed)


def test_an_object_is_told_by_its_text(place):
    path = place.write(
        "release.py",
        '''
        class Release:
            def __init__(self, text: str):
                self._parts = tuple(text.split("."))

            def __str__(self):
                return "-".join(self._parts)


        def release(text: str) -> Release:
            """Read a release.

            >>> str(release("1.2"))
            '1-2'
            """
            return Release(text.strip())
        ''',
    )
    final = place.findings(path, "release")[-1]
    assert any(test.test.expression.startswith("str(release(") for test in final.tests)
    assert final.plan is not None
    assert "assert str(release(" in final.plan.new_text
