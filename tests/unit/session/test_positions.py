from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from lsprotocol import types

from genx_lsp.session.positions import PositionCodec, choose_encoding

ENCODINGS = list(types.PositionEncodingKind)
TEXT = st.text(st.characters(exclude_characters="\r\n", exclude_categories=["Cs"]), max_size=12)


@given(st.sampled_from(ENCODINGS), TEXT, st.integers(0, 12))
def test_a_column_comes_back_from_the_clients_units(
    encoding: types.PositionEncodingKind, line: str, column: int
) -> None:
    codec = PositionCodec(encoding)
    column = min(column, len(line))
    assert codec.column(line, codec.units(line[:column])) == column


@given(st.sampled_from(ENCODINGS), TEXT, st.integers(0, 100))
def test_every_position_is_in_the_line(encoding: types.PositionEncodingKind, line: str, units: int) -> None:
    codec = PositionCodec(encoding)
    column = codec.column(line, units)
    assert 0 <= column <= len(line)
    assert codec.units(line[:column]) <= units


def test_the_units_of_the_three_encodings() -> None:
    units = {kind.value: PositionCodec(kind).units("a一😀") for kind in ENCODINGS}
    assert units == {"utf-8": 8, "utf-16": 4, "utf-32": 3}


def test_the_clients_first_choice_that_we_speak_is_taken() -> None:
    def chosen(offered: list[str] | None) -> str:
        general = types.GeneralClientCapabilities(position_encodings=offered)  # type: ignore[arg-type]
        return choose_encoding(types.ClientCapabilities(general=general)).value

    assert chosen(["utf-7", "utf-32", "utf-8"]) == "utf-32"
    assert chosen(["utf-7"]) == "utf-16"
    assert chosen(None) == "utf-16"
    assert choose_encoding(types.ClientCapabilities()).value == "utf-16"
