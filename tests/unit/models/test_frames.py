from __future__ import annotations

import io

import pytest

from genx_models import Chat, Infill, Request, Text, frames


@pytest.mark.parametrize("prompt", [Text("a"), Chat("u", system="s", prefill="p"), Infill("a\n", "é\udc80")])
def test_a_request_survives_the_pipe(prompt) -> None:
    request = Request(prompt, samples=3, stop=("\n", "\n\n"), grammar='root ::= "x"', seed=-1)
    pipe = io.BytesIO()

    frames.write(pipe, {"id": 1, "request": frames.pack_request(request)})
    pipe.seek(0)
    frame = frames.read(pipe)

    assert frame is not None
    assert frames.unpack_request(frame["request"]) == request
    assert frames.read(pipe) is None


@pytest.mark.parametrize(
    "data", [b"\0\0", b"\0\0\0\5{}", b"\xff\xff\xff\xff", b"\0\0\0\2[]", b"\0\0\0\2{x"], ids=repr
)
def test_what_is_no_frame_is_refused(data: bytes) -> None:
    with pytest.raises(frames.BrokenFrame):
        frames.read(io.BytesIO(data))
