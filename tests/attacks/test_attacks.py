# ruff: noqa: E501
# One attack a line: the table is easier to read and to extend than to keep narrow.
"""Attacks on the machine: each shown to work without the jail, and to be stopped by it."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass

import pytest


@dataclass(frozen=True)
class Attack:
    """`body` is the attack's function body. Not `shown_outside`: it would hang or harm the machine, or the
    machine itself does not grant it to this user."""

    kind: str
    name: str
    body: str
    shown_outside: bool = True


READ, WRITE, NET, PROCESS, KERNEL, BOMB = (
    "read", "write", "network", "processes", "kernel", "exhaustion",
)  # fmt: skip
SYSCALL = "libc = ctypes.CDLL(None, use_errno=True)\n"
CHECK = "\nif r < 0: raise OSError(ctypes.get_errno(), 'refused')\nreturn r"
# Numbers differ by architecture, so raw calls are tried where they are known.
X86 = os.uname().machine == "x86_64"
# What an ordinary user may be refused anyway, depending on the system's settings.
ROOT = os.getuid() == 0

ATTACKS = [
    Attack(READ, "a file beside the project", "return open(PLACE + '/secret.txt').read()"),
    Attack(READ, "the project's .env", "return open(PROJECT + '/.env').read()"),
    Attack(READ, "a variant of .env", "return open(PROJECT + '/.env.local').read()"),
    Attack(READ, "a nested .env", "return open(PROJECT + '/sub/.env').read()"),
    Attack(READ, "a certificate's key", "return open(PROJECT + '/server.pem').read()"),
    Attack(READ, "a private ssh key", "return open(PROJECT + '/id_rsa').read()"),
    Attack(READ, "the repository's config", "return open(PROJECT + '/.git/config').read()"),
    Attack(READ, "listing the folder above", "assert 'secret.txt' in os.listdir(PLACE); return 1"),
    Attack(READ, "the size of a secret", "return os.stat(PLACE + '/secret.txt').st_size"),
    Attack(READ, "out through ..", "return open(PROJECT + '/../secret.txt').read()"),
    Attack(READ, "the machine's users", "return open('/etc/passwd').read()"),
    Attack(READ, "another process's environment", "return open('/proc/%d/environ' % PARENT_PID).read(1)"),
    Attack(READ, "another process's root", "return os.listdir('/proc/%d/root' % HOST_PID)"),
    Attack(READ, "another process's folder", "return os.listdir('/proc/%d/cwd' % HOST_PID)"),
    Attack(READ, "a secret in the environment", "return os.environ['GENX_ARENA_SECRET']"),
    Attack(READ, "the environment in /proc/self", "s = open('/proc/self/environ').read(); assert SECRET in s; return s"),
    Attack(READ, "an inherited descriptor to a folder", "return [os.listdir(f) for f in range(3, 64) if isdir(f)][0]", False),
    Attack(WRITE, "a new file in the project", "open(PROJECT + '/new1.py', 'w').write('x'); return 1"),
    Attack(WRITE, "changing a module", "open(PROJECT + '/module.py', 'a').write('#'); return 1"),
    Attack(WRITE, "truncating a module", "os.truncate(PROJECT + '/module.py', 3); return 1"),
    Attack(WRITE, "renaming a module", "os.rename(PROJECT + '/module.py', PROJECT + '/m2.py'); os.rename(PROJECT + '/m2.py', PROJECT + '/module.py'); return 1"),
    Attack(WRITE, "changing a mode", "os.chmod(PROJECT + '/module.py', 0o600); return 1"),
    Attack(WRITE, "changing times", "os.utime(PROJECT + '/module.py', (1, 1)); return 1"),
    Attack(WRITE, "a hard link", "os.link(PROJECT + '/module.py', PROJECT + '/hard.py'); os.unlink(PROJECT + '/hard.py'); return 1"),
    Attack(WRITE, "a symbolic link", "os.symlink('/etc', PROJECT + '/soft'); os.unlink(PROJECT + '/soft'); return 1"),
    Attack(WRITE, "a folder", "os.mkdir(PROJECT + '/made'); os.rmdir(PROJECT + '/made'); return 1"),
    Attack(WRITE, "a fifo", "os.mkfifo(PROJECT + '/fifo'); os.unlink(PROJECT + '/fifo'); return 1"),
    Attack(WRITE, "an extended attribute", "os.setxattr(PROJECT + '/module.py', 'user.x', b'1'); return 1", ROOT),
    Attack(WRITE, "the temporary folder", "open('/tmp/genx-arena-%d' % PARENT_PID, 'w').close(); os.unlink('/tmp/genx-arena-%d' % PARENT_PID); return 1"),
    Attack(WRITE, "shared memory", "open('/dev/shm/genx-arena', 'w').close(); os.unlink('/dev/shm/genx-arena'); return 1"),
    Attack(WRITE, "the root folder", "open('/genx-arena', 'w').close(); return 1", False),
    Attack(WRITE, "a .pth file", "import sysconfig; p = sysconfig.get_path('purelib') + '/genx-arena.pth'; open(p, 'w').close(); os.unlink(p); return 1"),
    Attack(WRITE, "bytecode of a module", "p = PROJECT + '/__pycache__'; os.makedirs(p, exist_ok=True); open(p + '/module.pyc', 'w').close(); return 1"),
    Attack(NET, "TCP to this machine", "socket.create_connection(('127.0.0.1', TCP_PORT), 2).close(); return 1"),
    Attack(NET, "UDP to this machine", "s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); return s.sendto(b'x', ('127.0.0.1', UDP_PORT))"),
    Attack(NET, "a unix socket by path", "s = socket.socket(socket.AF_UNIX); s.connect(UNIX_PATH); return 1"),
    Attack(NET, "an abstract unix socket", "s = socket.socket(socket.AF_UNIX); s.connect(ABSTRACT); return 1"),
    Attack(NET, "listening", "s = socket.create_server(('127.0.0.1', 0)); return s.getsockname()"),
    Attack(NET, "netlink", "s = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0); s.bind((0, 0)); return 1"),
    Attack(NET, "vsock", "return socket.socket(40, socket.SOCK_STREAM).fileno()", False),
    Attack(NET, "io_uring", SYSCALL + "b = ctypes.create_string_buffer(512)\nr = libc.syscall(425, 4, b)" + CHECK, False),
    Attack(PROCESS, "fork", "p = os.fork()\nif p == 0: os._exit(0)\nos.waitpid(p, 0); return p"),
    Attack(PROCESS, "a program", "import subprocess; return subprocess.run(['/bin/true']).returncode"),
    Attack(PROCESS, "exec", "r = os.fork()\nif r == 0: os.execv('/bin/true', ['true'])\nassert os.waitpid(r, 0)[1] == 0; return 1"),
    Attack(PROCESS, "posix_spawn", "p = os.posix_spawn('/bin/true', ['true'], {}); os.waitpid(p, 0); return p"),
    Attack(PROCESS, "a daemon", "p = os.fork()\nif p == 0:\n os.setsid()\n os._exit(0)\nos.waitpid(p, 0); return p"),
    Attack(PROCESS, "multiprocessing", "import multiprocessing as m; c = m.get_context('fork').Process(target=int); c.start(); c.join(); return c.pid"),
    Attack(PROCESS, "signalling a bystander", "os.kill(HOST_PID, 0); return 1"),
    Attack(PROCESS, "signalling the parent", "os.kill(PARENT_PID, 0); return 1"),
    Attack(PROCESS, "signalling its own parent", "os.kill(os.getppid(), 0); return 1"),
    Attack(PROCESS, "signalling everybody", "os.kill(-1, 0); return 1"),
    Attack(PROCESS, "a pidfd of a bystander", "return os.pidfd_open(HOST_PID)"),
    Attack(PROCESS, "limits of a bystander", "import resource; return resource.prlimit(HOST_PID, resource.RLIMIT_NOFILE)"),
    Attack(PROCESS, "priority of a bystander", "os.setpriority(os.PRIO_PROCESS, HOST_PID, 5); return 1"),
    Attack(PROCESS, "listing this machine's processes", "assert str(HOST_PID) in os.listdir('/proc'); return 1"),
    Attack(PROCESS, "ptrace of its parent", SYSCALL + "r = libc.ptrace(16, os.getppid(), 0, 0)" + CHECK, False),
    Attack(PROCESS, "memory of its parent", "return open('/proc/%d/mem' % os.getppid(), 'rb').fileno()"),
    Attack(PROCESS, "writing its own limits up", "import resource as r; r.setrlimit(r.RLIMIT_AS, (-1, -1)); return 1"),
    Attack(KERNEL, "a user namespace", SYSCALL + "r = libc.unshare(0x10000000)" + CHECK, ROOT),
    Attack(KERNEL, "a mount namespace", SYSCALL + "r = libc.unshare(0x20000)" + CHECK, False),
    Attack(KERNEL, "mount", SYSCALL + "r = libc.mount(b'none', b'/mnt', b'tmpfs', 0, None)" + CHECK, False),
    Attack(KERNEL, "chroot", "os.chroot(PROJECT); return 1", False),
    Attack(KERNEL, "a clone with namespaces", SYSCALL + "r = libc.syscall(56 if X86 else 220, 0x10000011, 0, 0, 0, 0)\nif r == 0: os._exit(0)" + CHECK, ROOT),
    Attack(KERNEL, "bpf", SYSCALL + "r = libc.syscall(321 if X86 else 280, 0, 0, 0)" + CHECK, False),
    Attack(KERNEL, "perf", SYSCALL + "r = libc.syscall(298 if X86 else 241, 0, 0, -1, -1, 0)" + CHECK, False),
    Attack(KERNEL, "keyctl", SYSCALL + "r = libc.syscall(250 if X86 else 219, 0, -3, 1)" + CHECK, ROOT),
    Attack(KERNEL, "userfaultfd", SYSCALL + "r = libc.syscall(323 if X86 else 282, 1)" + CHECK, ROOT),
    Attack(KERNEL, "memfd", "return os.memfd_create('x')"),
    Attack(KERNEL, "open_by_handle", SYSCALL + "r = libc.syscall(304 if X86 else 265, -100, 0, 0)" + CHECK, False),
    Attack(KERNEL, "process_vm_readv", SYSCALL + "b = ctypes.create_string_buffer(16)\nv = (ctypes.c_size_t * 2)(ctypes.addressof(b), 8)\nr = libc.process_vm_readv(os.getpid(), v, 1, v, 1, 0)" + CHECK, ROOT),
    Attack(KERNEL, "a message queue", SYSCALL + "r = libc.msgget(0x1234, 0o1600)\nif r >= 0: libc.msgctl(r, 0, None)" + CHECK),
    Attack(KERNEL, "setuid", "os.setuid(os.getuid() + 1); return os.getuid()", ROOT),
    Attack(KERNEL, "32-bit calls", "import mmap\nm = mmap.mmap(-1, 4096, prot=7)\nm.write(bytes.fromhex('b814000000cd80c3'))\nreturn ctypes.CFUNCTYPE(ctypes.c_int)(ctypes.addressof(ctypes.c_char.from_buffer(m)))()", False),
    Attack(BOMB, "memory", "x = [bytearray(1 << 26) for _ in range(8)]; return len(x)"),
    Attack(BOMB, "descriptors", "x = [os.open('/dev/null', 0) for _ in range(500)]; return len(x)"),
    Attack(BOMB, "threads", "import threading as t\ne = t.Event()\n[t.Thread(target=e.wait, daemon=True).start() for _ in range(1000)]\nreturn 1", False),
    Attack(BOMB, "spinning", "while True: pass", False),
    Attack(BOMB, "sleeping through signals", "import signal, time\n[signal.signal(s, signal.SIG_IGN) for s in (2, 15)]\nwhile True: time.sleep(9)", False),
    Attack(BOMB, "a fork bomb", "while True: os.fork()", False),
    Attack(BOMB, "a core dump", "import resource; resource.setrlimit(resource.RLIMIT_CORE, (-1, -1)); return 1", ROOT),
]  # fmt: skip


def source(attack: Attack) -> str:
    body = "\n".join("    " + line for line in attack.body.splitlines())
    return f"X86 = {X86}\n\ndef isdir(fd):\n    import stat\n    try: return stat.S_ISDIR(os.fstat(fd).st_mode)\n    except OSError: return False\n\ndef attack():\n{body}\n"


@pytest.mark.parametrize("attack", ATTACKS, ids=[f"{a.kind}: {a.name}" for a in ATTACKS])
def test_the_attack_works_outside_and_is_stopped_inside(arena, attack):
    if attack.shown_outside:
        assert arena.outside(source(attack)), "the attack does not work at all, so it proves nothing"
    outcome = arena.inside(source(attack))
    assert outcome.kind in ("exception", "timeout", "crash"), outcome


def test_secrets_do_not_show_through_in_any_outcome(arena):
    body = "\n".join(f"    seen.append(try_({a.body.splitlines()[0]!r}))" for a in ATTACKS if a.kind == READ)
    text = (
        "def try_(code):\n    scope = dict(globals())\n    try:\n        exec('def f():\\n ' + code, scope)\n"
        f"        return repr(scope['f']())\n    except BaseException as e:\n        return repr(e)\n\n"
        f"def attack():\n    seen = []\n{body}\n    return [SECRET in s for s in seen]\n"
    )
    outcome = arena.inside("X86 = True\n\ndef isdir(fd): return False\n\n" + text)
    assert outcome.kind == "value"
    assert all(item.scalar == "False" for item in outcome.value.items)


def test_output_goes_nowhere(arena):
    outcome = arena.inside(
        "def attack():\n    sys.stdout.write('x' * 200_000_000)\n    return sys.stdin.read()\n"
    )
    assert outcome.kind in ("value", "exception"), outcome
    assert sys.stdout is not None
