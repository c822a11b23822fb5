"""What the system call filters answer, on each architecture: run by an interpreter of their instructions."""

from __future__ import annotations

import errno
import os
import platform
import re
import struct
from pathlib import Path

import pytest

from genx_sandbox.guest import seccomp, syscalls

ALLOW, KILL, EPERM, ENOSYS = "allow", "kill", "EPERM", "ENOSYS"
MACHINES = ("x86_64", "aarch64")
AUDIT = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7, "i386": 0x40000003, "arm": 0x40000028}


def answer(code: bytes, architecture: int, number: int, *arguments: int) -> str:
    """What the kernel would answer: classic BPF over (number, architecture, address, six arguments)."""
    given = [*arguments, *[0] * (6 - len(arguments))]
    data = struct.pack("=IIQ6Q", number, architecture, 0, *given)
    program = list(struct.iter_unpack("=HBBI", code))
    loaded, at = 0, 0
    tests = {
        0x15: lambda value: loaded == value,
        0x25: lambda value: loaded > value,
        0x35: lambda value: loaded >= value,
        0x45: lambda value: loaded & value != 0,
    }
    while True:
        kind, then, otherwise, value = program[at]
        if kind == 0x06:
            said = {0x7FFF0000: ALLOW, 0x80000000: KILL}.get(value)
            return said or errno.errorcode[value & 0xFFFF]
        if kind == 0x20:
            (loaded,) = struct.unpack_from("=I", data, value)
        else:
            at += then if tests[kind](value) else otherwise
        at += 1


@pytest.fixture(params=MACHINES)
def machine(request, monkeypatch):
    monkeypatch.setattr(platform, "machine", lambda: request.param)
    return request.param


def asked(machine: str, code: bytes, name: str, *arguments: int) -> str:
    audit, numbers = syscalls.ARCHITECTURES[machine]
    assert audit == AUDIT[machine]
    return answer(code, audit, numbers[name], *arguments)


@pytest.mark.parametrize("slow", [False, True])
def test_the_zygotes_filter_is_a_list_of_what_is_allowed(machine, slow):
    code = seccomp.large_filter(slow)
    for name in set(syscalls.BASE) & set(syscalls.ARCHITECTURES[machine][1]):
        assert asked(machine, code, name) == ALLOW, name
    for name in set(syscalls.SLOW) & set(syscalls.ARCHITECTURES[machine][1]):
        assert asked(machine, code, name) == (ALLOW if slow else EPERM), name
    assert asked(machine, code, "execve") == (ALLOW if slow else EPERM)
    for name in ("clone3", "openat2"):
        assert asked(machine, code, name) == ENOSYS


@pytest.mark.parametrize("slow", [False, True])
def test_arguments_decide_where_they_matter(machine, slow):
    code = seccomp.large_filter(slow)
    new_user, thread, typing_in, termios, netlink = 0x10000000, 0x00010000, 0x5412, 0x5401, 16
    assert asked(machine, code, "clone", new_user) == EPERM
    assert asked(machine, code, "clone", thread) == ALLOW
    assert asked(machine, code, "ioctl", 0, typing_in) == "ENOTTY"
    assert asked(machine, code, "ioctl", 0, termios) == ALLOW
    assert asked(machine, code, "socket", netlink) == ("EAFNOSUPPORT" if slow else EPERM)


# mount, bpf, perf_event_open, keyctl, userfaultfd, unshare, setns, ptrace, open_by_handle_at,
# process_vm_readv
DANGEROUS = {
    "x86_64": (165, 321, 298, 250, 323, 272, 308, 101, 304, 310),
    "aarch64": (40, 280, 241, 219, 282, 97, 268, 117, 265, 270),
}


@pytest.mark.parametrize("slow", [False, True])
def test_what_nobody_needs_is_refused_and_what_is_unknown_is_missing(machine, slow):
    code = seccomp.large_filter(slow)
    for number in DANGEROUS[machine]:
        assert answer(code, AUDIT[machine], number) == EPERM
    # So that a library falls back to the call it used before.
    assert answer(code, AUDIT[machine], 451) == ENOSYS
    assert answer(code, AUDIT[machine], 9999) == ENOSYS


def test_another_architectures_calls_end_the_process(machine):
    for code in (seccomp.large_filter(False), seccomp.small_filter(7)):
        for name, audit in AUDIT.items():
            if name != machine:
                assert answer(code, audit, 0) == KILL
        x32 = 0x40000000
        assert answer(code, AUDIT[machine], x32 + 39) == KILL


def test_a_forks_own_filter_takes_processes_and_foreign_signals_away(machine):
    own, other = 4711, 4712
    code = seccomp.small_filter(own)
    assert asked(machine, code, "clone", 0x00010000) == ALLOW
    assert asked(machine, code, "clone", 17) == EPERM
    for name in ("execve", "execveat", "pidfd_open", "seccomp"):
        assert asked(machine, code, name) == EPERM
    for name in ("kill", "tgkill", "prlimit64", "sched_setaffinity"):
        assert asked(machine, code, name, own) == ALLOW
        assert asked(machine, code, name, other) == EPERM
    assert asked(machine, code, "read") == ALLOW


def test_aarch64_has_the_numbers_of_the_kernels_headers():
    """aarch64 uses the generic table, which comes with any architecture's headers."""
    header = Path("/usr/include/asm-generic/unistd.h")
    if not header.exists():
        # The headers are the judge: a second list of numbers of ours would prove nothing.
        pytest.skip("the kernel's headers are not installed here")
    found = re.findall(r"#define __NR(?:3264)?_(\w+)\s+(\d+)", header.read_text(encoding="utf-8"))
    generic = {name: int(number) for name, number in found}
    # The header calls these by what they are on 32 bits, too.
    renamed = {"newfstatat": "fstatat"}
    audit, numbers = syscalls.ARCHITECTURES["aarch64"]
    assert audit == AUDIT["aarch64"]
    for name, number in numbers.items():
        assert generic.get(name, generic.get(renamed.get(name, ""))) == number, name


# Other machines' packages do not bring this header; aarch64's numbers are in the generic one.
@pytest.mark.skipif(os.uname().machine != "x86_64", reason="another machine's headers")
def test_x86_64_has_the_numbers_of_the_kernels_headers():
    places = Path("/usr/include").glob("**/asm/unistd_64.h")
    header = next(places, None)
    if header is None:
        # As above.
        pytest.skip("the kernel's headers are not installed here")
    found = dict(re.findall(r"#define __NR_(\w+)\s+(\d+)", header.read_text(encoding="utf-8")))
    for name, number in syscalls.ARCHITECTURES["x86_64"][1].items():
        assert found[name] == str(number), name
