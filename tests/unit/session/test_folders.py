from __future__ import annotations

import os
from pathlib import Path

from lsprotocol import types

from genx_lsp.config import project_layer
from genx_lsp.session.folders import Folders, folder_uris


def test_a_file_belongs_to_the_innermost_folder(tmp_path: Path) -> None:
    inner = tmp_path / "inner"
    inner.mkdir()
    folders = Folders()
    folders.open([tmp_path.as_uri(), inner.as_uri()])
    assert folders.of(inner / "a.py").path == inner
    assert folders.of(tmp_path / "a.py").path == tmp_path
    assert folders.of(Path("/elsewhere/a.py")).path is None
    folders.close([inner.as_uri()])
    assert folders.of(inner / "a.py").path == tmp_path


def test_layers_are_laid_over_each_other_per_folder(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("[tool.genx]\nscorer = 'b4'\nfeedback = false\n")
    folders = Folders({"scorer": "codet"})
    folders.open([tmp_path.as_uri()])
    folders.take({tmp_path: project_layer(tmp_path)})
    here = folders.of(tmp_path / "a.py").settings
    assert (here.scorer, here.feedback, here.on_save) == ("codet", False, "both")
    folders.configure(tmp_path.as_uri(), {"onSave": "off"})
    here = folders.of(tmp_path / "a.py").settings
    assert (here.scorer, here.feedback, here.on_save) == ("codet", False, "off")
    assert folders.of(None).settings.on_save == "both"


def test_what_a_project_says_now_replaces_what_it_said_and_is_kept(tmp_path: Path) -> None:
    folders = Folders()
    folders.open([tmp_path.as_uri()])
    for scorer in ("b4", "codet"):
        (tmp_path / "pyproject.toml").write_text(f"[tool.genx]\nscorer = '{scorer}'\n")
        folders.take({tmp_path: project_layer(tmp_path)})
        folders.configure(tmp_path.as_uri(), {"feedback": False})
        here = folders.of(tmp_path / "a.py").settings
        assert (here.scorer, here.feedback) == (scorer, False)


def test_nothing_is_read_from_a_disk_that_may_be_silent(tmp_path: Path) -> None:
    # Opening a pipe that nobody writes to takes for ever.
    os.mkfifo(tmp_path / "pyproject.toml")
    folders = Folders()
    folders.open([tmp_path.as_uri()])
    folders.configure(tmp_path.as_uri(), {"scorer": "b4"})
    assert folders.of(tmp_path / "a.py").settings.scorer == "b4"


def test_a_wrong_value_is_told_once(tmp_path: Path) -> None:
    told: list[str] = []
    folders = Folders(None, told.append)
    folders.open([tmp_path.as_uri()])
    for _ in range(2):
        folders.configure(tmp_path.as_uri(), {"scorer": "best"})
    assert len(told) == 1
    assert "scorer" in told[0]


def test_the_single_root_of_older_clients_is_a_folder(tmp_path: Path) -> None:
    def uris(**params: object) -> tuple[str, ...]:
        given = types.InitializeParams(capabilities=types.ClientCapabilities(), **params)  # type: ignore[arg-type]
        return folder_uris(given)

    assert uris(root_uri="file:///r") == ("file:///r",)
    assert uris(root_path=str(tmp_path)) == (tmp_path.as_uri(),)
    assert uris() == ()
    folder = types.WorkspaceFolder("file:///f", "f")
    assert uris(root_uri="file:///r", workspace_folders=[folder]) == ("file:///f",)
