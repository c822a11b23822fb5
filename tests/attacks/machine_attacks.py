# ruff: noqa: E501
# One attack a line: the table is easier to read and to extend than to keep narrow.
"""Attacks on the machine, as source. `arena` runs them outside and inside."""

from __future__ import annotations

import os
from dataclasses import dataclass

from genx_sandbox import Level


@dataclass(frozen=True)
class Attack:
    """`body` is the attack's function body. `shown_outside` False: it would hang or harm the machine, or needs a
    jail around it; None: not every machine grants it to every user, so it is tried and need not work."""

    kind: str
    name: str
    body: str
    shown_outside: bool | None = True
    open_at: tuple[Level, ...] = ()
    """Levels that do not stop it. `landlocked.NOT_STOPPED` says so to users."""


READ, WRITE, NET, PROCESS, KERNEL, BOMB = (
    "read", "write", "network", "processes", "kernel", "exhaustion",
)  # fmt: skip
OPEN = (Level.REDUCED,)
SYSCALL = "libc = ctypes.CDLL(None, use_errno=True)\n"
CHECK = "\nif r < 0: raise OSError(ctypes.get_errno(), 'refused')\nreturn r"
# Numbers differ by architecture, so raw calls are tried where they are known.
# Whoever stands ready beside a fork has a number near its own.
NEAR = "for p in [n for n in range(os.getpid() - 20, os.getpid() + 20) if n > 0 and n not in (os.getpid(), os.getppid())]:\n try: "
LAST = "\n except OSError: continue\n return 1\nraise OSError('refused')"
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
    Attack(READ, "the size of a secret", "return os.stat(PLACE + '/secret.txt').st_size", open_at=OPEN),
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
    Attack(NET, "vsock", "return socket.socket(40, socket.SOCK_STREAM).fileno()", None),
    Attack(NET, "io_uring", SYSCALL + "b = ctypes.create_string_buffer(512)\nr = libc.syscall(425, 4, b)" + CHECK, None),
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
    Attack(PROCESS, "signalling the fork that stands ready", NEAR + "os.kill(p, 0)" + LAST, False),
    Attack(PROCESS, "memory of the fork that stands ready", NEAR + "open('/proc/%d/mem' % p, 'rb').close()" + LAST, False),
    Attack(PROCESS, "descriptors of the fork that stands ready", NEAR + "os.readlink('/proc/%d/fd/0' % p)" + LAST, False),
    Attack(PROCESS, "limits of the fork that stands ready", "import resource as r\n" + NEAR + "r.prlimit(p, r.RLIMIT_AS)" + LAST, False),
    Attack(PROCESS, "the cores of the fork that stands ready", NEAR + "os.sched_setaffinity(p, {0})" + LAST, False),
    Attack(PROCESS, "descriptors of its parent", "return os.readlink('/proc/%d/fd/0' % os.getppid())"),
    Attack(KERNEL, "a user namespace", SYSCALL + "r = libc.unshare(0x10000000)" + CHECK, ROOT),
    Attack(KERNEL, "a mount namespace", SYSCALL + "r = libc.unshare(0x20000)" + CHECK, None),
    Attack(KERNEL, "mount", SYSCALL + "r = libc.mount(b'none', b'/mnt', b'tmpfs', 0, None)" + CHECK, False),
    Attack(KERNEL, "chroot", "os.chroot(PROJECT); return 1", None),
    Attack(KERNEL, "a clone with namespaces", SYSCALL + "r = libc.syscall(56 if X86 else 220, 0x10000011, 0, 0, 0, 0)\nif r == 0: os._exit(0)" + CHECK, ROOT),
    Attack(KERNEL, "bpf", SYSCALL + "r = libc.syscall(321 if X86 else 280, 0, 0, 0)" + CHECK, None),
    Attack(KERNEL, "perf", SYSCALL + "r = libc.syscall(298 if X86 else 241, 0, 0, -1, -1, 0)" + CHECK, None),
    Attack(KERNEL, "keyctl", SYSCALL + "r = libc.syscall(250 if X86 else 219, 0, -3, 1)" + CHECK, ROOT),
    Attack(KERNEL, "userfaultfd", SYSCALL + "r = libc.syscall(323 if X86 else 282, 1)" + CHECK, ROOT),
    Attack(KERNEL, "memfd", "return os.memfd_create('x')"),
    Attack(KERNEL, "open_by_handle", SYSCALL + "r = libc.syscall(304 if X86 else 265, -100, 0, 0)" + CHECK, None),
    Attack(KERNEL, "process_vm_readv", SYSCALL + "b = ctypes.create_string_buffer(16)\nv = (ctypes.c_size_t * 2)(ctypes.addressof(b), 8)\nr = libc.process_vm_readv(os.getpid(), v, 1, v, 1, 0)" + CHECK, ROOT),
    Attack(KERNEL, "a message queue", SYSCALL + "r = libc.msgget(0x1234, 0o1600)\nif r >= 0: libc.msgctl(r, 0, None)" + CHECK),
    Attack(KERNEL, "setuid", "os.setuid(os.getuid() + 1); return os.getuid()", ROOT),
    Attack(KERNEL, "32-bit calls", "import mmap\nm = mmap.mmap(-1, 4096, prot=7)\nm.write(bytes.fromhex('b814000000cd80c3'))\nreturn ctypes.CFUNCTYPE(ctypes.c_int)(ctypes.addressof(ctypes.c_char.from_buffer(m)))()", None),
    Attack(BOMB, "memory", "x = [bytearray(1 << 26) for _ in range(8)]; return len(x)"),
    Attack(BOMB, "descriptors", "x = [os.open('/dev/null', 0) for _ in range(500)]; return len(x)"),
    Attack(BOMB, "threads", "import threading as t\ne = t.Event()\n[t.Thread(target=e.wait, daemon=True).start() for _ in range(1000)]\nreturn 1", None),
    Attack(BOMB, "spinning", "while True: pass", False),
    Attack(BOMB, "sleeping through signals", "import signal, time\n[signal.signal(s, signal.SIG_IGN) for s in (2, 15)]\nwhile True: time.sleep(9)", False),
    Attack(BOMB, "a fork bomb", "while True: os.fork()", False),
    Attack(BOMB, "a core dump", "import resource; resource.setrlimit(resource.RLIMIT_CORE, (-1, -1)); return 1", ROOT),
    Attack(READ, "names of hidden files", "assert '.env' in os.listdir(PROJECT) and os.listdir(PROJECT + '/.git'); return 1", open_at=OPEN),
    Attack(READ, "whether a hidden file exists", "assert os.path.exists(PLACE + '/secret.txt'); return 1", open_at=OPEN),
    Attack(READ, "the host's name", "n = os.uname().nodename; assert n == HOST_NAME; return n", open_at=OPEN),
    Attack(READ, "a link out of the project", "return open(PROJECT + '/link').read()"),
    Attack(READ, "extended attributes of a secret", "return os.getxattr(PLACE + '/secret.txt', 'user.x')", None),
    Attack(READ, "the kernel's log", "return open('/dev/kmsg', 'rb', 0).read(1)", None),
    Attack(READ, "other users' folders", "return os.listdir('/home') + os.listdir('/tmp')"),
    Attack(WRITE, "deleting a module", "os.unlink(PROJECT + '/victim.py'); open(PROJECT + '/victim.py', 'w').close(); return 1"),
    Attack(WRITE, "changing an owner", "os.chown(PROJECT + '/module.py', os.getuid(), os.getgid()); return 1"),
    Attack(WRITE, "a device", "os.mknod(PROJECT + '/device', 0o20666, os.makedev(1, 3)); os.unlink(PROJECT + '/device'); return 1", ROOT),
    Attack(WRITE, "a descriptor opened for reading", "f = os.open(PROJECT + '/module.py', os.O_RDONLY); return os.ftruncate(os.open('/proc/self/fd/%d' % f, os.O_RDWR), 3) or 1"),
    Attack(PROCESS, "a double fork", "p = os.fork()\nif p == 0:\n if os.fork() == 0: os._exit(0)\n os._exit(0)\nos.waitpid(p, 0); return p"),
    Attack(PROCESS, "the cores of a bystander", "os.sched_setaffinity(HOST_PID, os.sched_getaffinity(HOST_PID)); return 1"),
    Attack(PROCESS, "the scheduling of a bystander", "os.sched_setscheduler(HOST_PID, os.SCHED_BATCH, os.sched_param(0)); return 1"),
    Attack(PROCESS, "outliving the zygote", SYSCALL + "r = libc.prctl(1, 0, 0, 0, 0)" + CHECK),
    Attack(KERNEL, "fsopen", SYSCALL + "r = libc.syscall(430, b'tmpfs', 0)" + CHECK, ROOT),
    Attack(KERNEL, "setns", SYSCALL + "r = libc.setns(os.open('/proc/self/ns/mnt', os.O_RDONLY), 0)" + CHECK, ROOT),
    Attack(KERNEL, "typing into a terminal", "import fcntl, pty\na, b = pty.openpty()\nfcntl.ioctl(b, 0x5412, b'x'); return 1", None),
    Attack(KERNEL, "x32 calls", SYSCALL + "r = libc.syscall(0x40000000 + 39)" + CHECK, None),
    Attack(BOMB, "a shared memory segment", SYSCALL + "r = libc.shmget(0, 1 << 20, 0o1600)\nif r >= 0: libc.shmctl(r, 0, None)" + CHECK),
    Attack(BOMB, "inodes", "d = PLACE + '/inodes'; os.makedirs(d)\nfor i in range(500): open(d + '/%d' % i, 'w').close()\nimport shutil; shutil.rmtree(d); return 1"),
    Attack(READ, "another process's memory", "return open('/proc/%d/mem' % HOST_PID, 'rb').fileno()", None),
    Attack(READ, "the system's message bus", "s = socket.socket(socket.AF_UNIX); s.connect('/run/dbus/system_bus_socket'); return 1", None),
    Attack(READ, "the user's home", "shown = (sys.prefix, sys.base_prefix, PROJECT); return [n for n in os.listdir(HOME) if not any(s.startswith(os.path.join(HOME, n)) for s in shown)][0]"),
    Attack(BOMB, "disk", "p = PLACE + '/large'; f = open(p, 'wb'); f.write(bytes(1 << 24)); f.close(); os.unlink(p); return 1"),
    Attack(BOMB, "200 MB of output", "for _ in range(200): os.write(1, b'x' * 2**20) and os.write(2, b'x' * 2**20)\nassert os.fstat(1).st_size > 2**27; return 1", False),
]  # fmt: skip


IN_ITEMS = {
    "the temporary folder": "a private one, as new for each program",
    "inodes": "where the project lies under /tmp, in that private one, which is capped in files",
    "disk": "where the project lies under /tmp, in that private one, which is capped in size",
    "UDP to this machine": "sent into a network in which nobody is",
    "fork": "tests may start processes",
    "a program": "tests may start processes",
    "exec": "tests may start processes",
    "posix_spawn": "tests may start processes",
    "a daemon": "ended with the program",
    "a double fork": "ended with the program",
    "multiprocessing": "tests may start processes",
    "memfd": "counts as the program's memory",
    "a shared memory segment": "in an IPC namespace of its own",
    "outliving the zygote": "the pid namespace ends it all the same",
}
"""What a program may do in the items grade, and why that harms nobody. All else is stopped there too."""


def source(attack: Attack) -> str:
    body = "\n".join("    " + line for line in attack.body.splitlines())
    return f"X86 = {X86}\n\ndef isdir(fd):\n    import stat\n    try: return stat.S_ISDIR(os.fstat(fd).st_mode)\n    except OSError: return False\n\ndef attack():\n{body}\n"
