"""Setting up: which Python is taken, and what is installed from the lock files."""

from __future__ import annotations

import importlib.util
import os
import re
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def set_up() -> ModuleType:
    spec = importlib.util.spec_from_file_location("set_up", ROOT / "scripts" / "set_up.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _fake_python(folder: Path, name: str, version: str) -> Path:
    folder.mkdir(exist_ok=True)
    file = folder / name
    file.write_text(f"#!/bin/sh\necho {version}\n")
    file.chmod(0o755)
    return file


def test_the_python_on_path_is_taken(set_up: ModuleType):
    assert set_up.find_python() == sys.executable


def test_a_newer_one_beside_an_old_python3_is_taken(set_up: ModuleType, tmp_path: Path, monkeypatch):
    old = _fake_python(tmp_path / "bin", "python3", "3 8")
    newer = _fake_python(tmp_path / "bin", "python3.12", "3 12")
    monkeypatch.setattr(sys, "executable", str(old))
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))

    assert set_up.find_python() == str(newer)


def test_only_old_pythons_end_in_a_sentence(set_up: ModuleType, tmp_path: Path, monkeypatch):
    old = _fake_python(tmp_path / "bin", "python3", "3 8")
    monkeypatch.setattr(sys, "executable", str(old))
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))

    with pytest.raises(set_up.SetUpError, match=r"Python 3.10 to 3.14 is needed, and on PATH there is 3.8"):
        set_up.find_python()


def test_llama_cpp_is_left_to_its_own_build(set_up: ModuleType):
    text = set_up.pinned_text()

    rest = set_up.LLAMA.sub("", text)

    names = re.findall(r"^([a-z0-9-]+)==", text, re.MULTILINE)
    assert re.fullmatch(r"[0-9.]+", set_up.llama_version())
    assert re.findall(r"^([a-z0-9-]+)==", rest, re.MULTILINE) == [n for n in names if n != "llama-cpp-python"]


@pytest.mark.parametrize("name", ["dev.txt", "boot.txt", "supply.txt"])
def test_lock_files_pin_by_hash_and_carry_no_addresses(name: str):
    text = (ROOT / "requirements" / name).read_text()

    assert "://" not in text
    assert not re.search(r"^-", text, re.MULTILINE)
    entries = re.split(r"\n(?=\S)", text.strip())
    assert all("==" in entry and "--hash=sha256:" in entry for entry in entries)


def test_pips_own_index_and_certificates_reach_uv(set_up: ModuleType, monkeypatch):
    found = {"index-url": "https://mirror.example/simple", "cert": "/etc/mirror.pem"}
    monkeypatch.setattr(set_up, "pip_settings", lambda python: found)
    for name in ("UV_DEFAULT_INDEX", "SSL_CERT_FILE"):
        monkeypatch.delenv(name, raising=False)

    env = set_up.uv_environment(sys.executable)

    assert env["UV_DEFAULT_INDEX"] == "https://mirror.example/simple"
    assert env["SSL_CERT_FILE"] == "/etc/mirror.pem"
    assert env["PATH"].startswith(os.environ["PATH"])
