"""What a jail shows and hides."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from genx_sandbox import Workspace
from genx_sandbox.jail import interpreter, overlay, view


@pytest.fixture
def project(tmp_path):
    for name in (
        ".git/config", ".env", ".env.local", "sub/.env", "server.pem", "id_ed25519", "secrets/token",
        "secrets.py", "pkg/secrets/__init__.py", "pkg/module.py", "notes/a.txt", "node_modules/x/.env",
    ):  # fmt: skip
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x", encoding="utf-8")
    (tmp_path / ".env.d").mkdir()
    return tmp_path


def look(root: Path | None, roots: tuple[Path, ...] = (), deny: tuple[str, ...] = ()) -> view.View:
    python = Path(sys.executable)
    return view.look(Workspace(python, root, roots, deny), interpreter.examine(python))


def test_secrets_are_hidden_and_code_is_not(project):
    seen = look(project)
    hidden = {p.relative_to(project).as_posix() for p in (*seen.hidden_folders, *seen.hidden_files)
              if p.is_relative_to(project)}  # fmt: skip
    assert hidden == {
        ".git", ".env", ".env.local", ".env.d", "sub/.env", "server.pem", "id_ed25519", "secrets",
        "node_modules",
    }  # fmt: skip


@pytest.mark.parametrize("pattern", ["notes", "notes/", "notes/*.txt", "*.txt"])
def test_deny_hides_more(project, pattern):
    seen = look(project, deny=(pattern,))
    hidden = {p.name for p in (*seen.hidden_folders, *seen.hidden_files)}
    assert hidden & {"notes", "a.txt"}


def test_an_environment_called_dot_env_is_no_secret(project):
    (project / ".env.d" / "pyvenv.cfg").write_text("home = /usr\n", encoding="utf-8")
    assert project / ".env.d" not in look(project).hidden_folders


def test_a_home_is_never_shown_whole(monkeypatch, tmp_path):
    home = tmp_path / "home"
    home.mkdir()
    (home / "script.py").write_text("x", encoding="utf-8")
    (home / "private.txt").write_text("x", encoding="utf-8")
    monkeypatch.setattr(Path, "home", lambda: home)
    for root in (home, tmp_path, None):
        binds = look(root, (home,)).binds
        assert home not in binds
        assert tmp_path not in binds
        assert home / "private.txt" not in binds
    assert home / "script.py" in look(None, (home,)).binds


def test_a_replaced_secret_makes_the_view_stale(project):
    seen = look(project)
    assert seen.holds()
    (project / "fresh").write_text("x", encoding="utf-8")
    (project / "fresh").replace(project / ".env")
    assert not seen.holds()


def test_an_overlay_leaves_secrets_out_and_the_file_in(project):
    made = overlay.overlay(project / "tests" / "test_new.py", look(project))
    assert made.folder == project
    names = {entry.name for entry in made.entries}
    assert {"pkg", "secrets.py"} <= names
    assert not names & {".git", ".env", "server.pem"}
