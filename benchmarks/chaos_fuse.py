"""A read-only file system over a folder that answers as slowly as it is told to, or not at all.

    python benchmarks/chaos_fuse.py FOLDER MOUNT_POINT MOOD

MOOD is a file with the seconds that each call takes, or `frozen`; it is read again before each answer. Speaks
FUSE's own protocol with the kernel (`include/uapi/linux/fuse.h`), so that no library has to be there. A call
that waits here cannot be interrupted, as on a network file system whose server has gone.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import stat
import struct
import sys
import time
from collections.abc import Callable
from errno import EIO, ENOENT, ENOSYS
from pathlib import Path

_REQUEST = struct.Struct("<IIQQIIIHH")
_REPLY = struct.Struct("<IiQ")
_INIT = struct.Struct("<IIIIHHIIHHI28x")
_ATTRIBUTES = struct.Struct("<QQQQQQIIIIIIIIII")
_ENTRY = struct.Struct("<QQQQII")
_READ = struct.Struct("<QQI")
_ROOT = 1
_FLAGS = 1 | 2 | 4  # MS_RDONLY, MS_NOSUID, MS_NODEV
LOOKUP, FORGET, GETATTR, READLINK, OPEN, READ, STATFS, RELEASE = 1, 2, 3, 5, 14, 15, 17, 18
FLUSH, INIT, OPENDIR, READDIR, RELEASEDIR, INTERRUPT, DESTROY, BATCH_FORGET = 25, 26, 27, 28, 29, 36, 38, 42


class SlowFolder:
    """Answers the kernel's calls, one after another."""

    def __init__(self, folder: Path, mount_point: Path, mood: Path) -> None:
        """Mounts it. Raises OSError."""
        self._mood = mood
        self._paths = {_ROOT: os.fsencode(folder)}
        self._numbers = {os.fsencode(folder): _ROOT}
        self._device = os.open("/dev/fuse", os.O_RDWR)
        options = f"fd={self._device},rootmode=40000,user_id={os.geteuid()},group_id={os.getegid()}"
        libc = ctypes.CDLL(None, use_errno=True)
        target = os.fsencode(mount_point)
        if libc.mount(b"genx-chaos", target, b"fuse", _FLAGS, options.encode()) != 0:
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number), str(mount_point))

    def serve(self) -> None:
        """Until it is unmounted."""
        answers: dict[int, Callable[[int, bytes], bytes]] = {
            LOOKUP: self._lookup,
            GETATTR: lambda node, said: struct.pack("<QII", 0, 0, 0) + self._attributes(self._paths[node]),
            READLINK: lambda node, said: os.readlink(self._paths[node]),
            OPEN: lambda node, said: struct.pack("<QIi", 0, 0, 0),
            OPENDIR: lambda node, said: struct.pack("<QIi", 0, 0, 0),
            READ: self._read,
            READDIR: self._read_folder,
            STATFS: lambda node, said: struct.pack("<QQQQQIIII24x", 1000, 0, 0, 1000, 0, 4096, 255, 4096, 0),
            RELEASE: lambda node, said: b"",
            RELEASEDIR: lambda node, said: b"",
            FLUSH: lambda node, said: b"",
        }
        while True:
            try:
                request = os.read(self._device, 1 << 20)
            except InterruptedError:
                continue
            except FileNotFoundError:
                continue  # The call was interrupted before it got here.
            except OSError:
                return
            _, code, unique, node, *_ = _REQUEST.unpack_from(request)
            said = request[_REQUEST.size :]
            if code == INIT:
                major, minor = struct.unpack_from("<II", said)
                self._reply(unique, _INIT.pack(major, min(minor, 31), 0, 0, 8, 6, 65536, 1, 0, 0, 0))
                continue
            if code in (FORGET, BATCH_FORGET, INTERRUPT):
                continue
            if code == DESTROY:
                self._reply(unique)
                return
            self._wait()
            answer = answers.get(code)
            try:
                if answer is None:
                    self._reply(unique, error=ENOSYS)
                else:
                    self._reply(unique, answer(node, said))
            except OSError as error:
                self._reply(unique, error=error.errno or EIO)

    def _wait(self) -> None:
        while (mood := self._mood.read_text()) == "frozen":
            time.sleep(0.02)
        time.sleep(float(mood or 0))

    def _reply(self, unique: int, data: bytes = b"", error: int = 0) -> None:
        # Not there: nobody waits for it any more.
        with contextlib.suppress(FileNotFoundError):
            os.write(self._device, _REPLY.pack(_REPLY.size + len(data), -error, unique) + data)

    def _lookup(self, node: int, said: bytes) -> bytes:
        path = os.path.join(self._paths[node], said.rstrip(b"\0"))
        attributes = self._attributes(path)
        number = self._numbers.setdefault(path, len(self._numbers) + 1)
        self._paths[number] = path
        # Valid for no time at all: the kernel asks again whenever somebody looks.
        return _ENTRY.pack(number, 0, 0, 0, 0, 0) + attributes

    def _attributes(self, path: bytes) -> bytes:
        try:
            at = os.lstat(path)
        except NotADirectoryError as error:
            raise FileNotFoundError(ENOENT, "not there") from error
        times = (int(at.st_atime), int(at.st_mtime), int(at.st_ctime))
        return _ATTRIBUTES.pack(
            at.st_ino, at.st_size, at.st_blocks, *times, 0, at.st_mtime_ns % 10**9, 0,
            at.st_mode, at.st_nlink, at.st_uid, at.st_gid, 0, 4096, 0,
        )  # fmt: skip

    def _read(self, node: int, said: bytes) -> bytes:
        _, offset, size = _READ.unpack_from(said)
        with open(self._paths[node], "rb") as file:
            file.seek(offset)
            return file.read(size)

    def _read_folder(self, node: int, said: bytes) -> bytes:
        _, offset, size = _READ.unpack_from(said)
        entries = b""
        with os.scandir(self._paths[node]) as found:
            names = sorted(
                (entry.name, stat.S_IFMT(entry.stat(follow_symlinks=False).st_mode)) for entry in found
            )
        for number, (name, kind) in enumerate(names[offset:], offset + 1):
            entry = struct.pack("<QQII", 1, number, len(name), kind >> 12) + name
            entry += b"\0" * (-len(entry) % 8)
            if len(entries) + len(entry) > size:
                break
            entries += entry
        return entries


def main() -> None:
    folder, mount_point, mood = map(Path, sys.argv[1:])
    try:
        served = SlowFolder(folder, mount_point, mood)
    except OSError as error:
        sys.exit(f"{error}")
    served.serve()


if __name__ == "__main__":
    main()
