"""How often the projects' own files are read, and the client is asked, when settings change many times."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from genx_lsp.session.configuration import Configuration
from genx_lsp.session.lane import Lane


class Client:
    """Answers every question with nothing, and counts them."""

    def __init__(self) -> None:
        self.asked = 0
        self.tasks: list[asyncio.Task[None]] = []

    def spawn(self, work: Any) -> None:
        self.tasks.append(asyncio.get_running_loop().create_task(work))

    async def ask(self, method: str, params: Any) -> list[Any]:
        self.asked += 1
        return []


def test_many_changes_told_at_once_are_one_reading_of_a_slow_disk(tmp_path: Path) -> None:
    taken: list[Any] = []

    async def change_often() -> tuple[int, bool]:
        client, lane, silent = Client(), Lane("test-survey"), threading.Event()
        folders = SimpleNamespace(
            all=[SimpleNamespace(path=tmp_path)], scopes=(None,), take=taken.append, configure=lambda *_: None
        )
        session: Any = SimpleNamespace(
            client=client,
            lane=lane,
            folders=folders,
            settings_known=asyncio.Event(),
            capabilities=SimpleNamespace(configuration=True),
        )
        configuration = Configuration(session, lambda: None)
        lane.submit(lambda: silent.wait(30))
        for _ in range(50):
            configuration.pull()
            await asyncio.sleep(0)
        folders.all.append(SimpleNamespace(path=tmp_path / "more"))
        configuration.pull()
        silent.set()
        await asyncio.gather(*client.tasks)
        # One that comes after the reading has begun is not in it.
        configuration.pull()
        await asyncio.gather(*client.tasks)
        await asyncio.get_running_loop().run_in_executor(None, lane.close)
        return client.asked, session.settings_known.is_set()

    asked, known = asyncio.run(change_often())
    assert (len(taken), asked, known) == (2, 2, True)
    assert set(taken[0]) == {tmp_path, tmp_path / "more"}
