"""System call numbers, and which of them a jail may use.

`_BASE` computes, reads files, runs threads and waits. `_SLOW` is what pytest's `tmp_path` and tests with
subprocesses or local sockets need on top.
"""

from __future__ import annotations

_X86_64 = """
read:0 write:1 readv:19 writev:20 pread64:17 pwrite64:18 preadv:295 pwritev:296 open:2 openat:257
close:3 close_range:436 stat:4 fstat:5 lstat:6 newfstatat:262 statx:332 statfs:137 fstatfs:138 access:21
faccessat:269 faccessat2:439 readlink:89 readlinkat:267 getdents:78 getdents64:217 lseek:8 mmap:9
mprotect:10 munmap:11 mremap:25 madvise:28 msync:26 mincore:27 brk:12 rt_sigaction:13 rt_sigprocmask:14
rt_sigreturn:15 rt_sigpending:127 rt_sigtimedwait:128 rt_sigsuspend:130 sigaltstack:131 poll:7 ppoll:271
select:23 pselect6:270 epoll_create:213 epoll_create1:291 epoll_ctl:233 epoll_wait:232 epoll_pwait:281
epoll_pwait2:441 eventfd:284 eventfd2:290 timerfd_create:283 timerfd_settime:286 timerfd_gettime:287
pipe:22 pipe2:293 dup:32 dup2:33 dup3:292 fcntl:72 getpid:39 gettid:186 getppid:110 getpgrp:111
getpgid:121 getsid:124 getuid:102 geteuid:107 getgid:104 getegid:108 getgroups:115 getresuid:118
getresgid:120 getcwd:79 chdir:80 fchdir:81 uname:63 sysinfo:99 times:100 getrusage:98 getrlimit:97
setrlimit:160 gettimeofday:96 clock_gettime:228 clock_getres:229 clock_nanosleep:230 nanosleep:35
time:201 getitimer:36 setitimer:38 alarm:37 timer_create:222 timer_settime:223 timer_gettime:224
timer_getoverrun:225 timer_delete:226 pause:34 sched_yield:24 sched_getaffinity:204
sched_setaffinity:203 sched_getparam:143 sched_getscheduler:145 sched_get_priority_max:146
sched_get_priority_min:147 getpriority:140 getcpu:309 futex:202 set_robust_list:273 get_robust_list:274
rseq:334 set_tid_address:218 arch_prctl:158 exit:60 exit_group:231 wait4:61 waitid:247 getrandom:318
membarrier:324 restart_syscall:219 umask:95 flock:73 fadvise64:221 socketpair:53 sendto:44 recvfrom:45
sendmsg:46 recvmsg:47 sendmmsg:307 recvmmsg:299 shutdown:48 getsockopt:55 setsockopt:54 getsockname:51
getpeername:52 pidfd_open:434 seccomp:317 landlock_restrict_self:446 kill:62 tgkill:234 tkill:200
clone:56 fork:57 vfork:58 execve:59 execveat:322 prlimit64:302 ioctl:16 prctl:157 socket:41 clone3:435
openat2:437 unlink:87 unlinkat:263 rename:82 renameat:264 renameat2:316 mkdir:83 mkdirat:258 rmdir:84
link:86 linkat:265 symlink:88 symlinkat:266 chmod:90 fchmod:91 fchmodat:268 chown:92 fchown:93
fchownat:260 lchown:94 truncate:76 ftruncate:77 fallocate:285 utime:132 utimes:235 utimensat:280
futimesat:261 creat:85 fsync:74 fdatasync:75 sync_file_range:277 sendfile:40 copy_file_range:326
splice:275 tee:276 mknod:133 mknodat:259 setxattr:188 getxattr:191 lgetxattr:192 fgetxattr:193
listxattr:194 llistxattr:195 flistxattr:196 bind:49 listen:50 accept:43 accept4:288 connect:42
setpgid:109 setsid:112 setpriority:141 inotify_init:253 inotify_init1:294 inotify_add_watch:254
inotify_rm_watch:255 signalfd:282 signalfd4:289 memfd_create:319 shmget:29 shmat:30 shmctl:31 shmdt:67
semget:64 semop:65 semctl:66 mlock:149 munlock:150 setresuid:117 setresgid:119 setuid:105 setgid:106
setgroups:116 setreuid:113 setregid:114
"""

_AARCH64 = """
read:63 write:64 readv:65 writev:66 pread64:67 pwrite64:68 preadv:69 pwritev:70 openat:56 close:57
close_range:436 fstat:80 newfstatat:79 statx:291 statfs:43 fstatfs:44 faccessat:48 faccessat2:439
readlinkat:78 getdents64:61 lseek:62 mmap:222 mprotect:226 munmap:215 mremap:216 madvise:233 msync:227
mincore:232 brk:214 rt_sigaction:134 rt_sigprocmask:135 rt_sigreturn:139 rt_sigpending:136
rt_sigtimedwait:137 rt_sigsuspend:133 sigaltstack:132 ppoll:73 pselect6:72 epoll_create1:20 epoll_ctl:21
epoll_pwait:22 epoll_pwait2:441 eventfd2:19 timerfd_create:85 timerfd_settime:86 timerfd_gettime:87
pipe2:59 dup:23 dup3:24 fcntl:25 getpid:172 gettid:178 getppid:173 getpgid:155 getsid:156 getuid:174
geteuid:175 getgid:176 getegid:177 getgroups:158 getresuid:148 getresgid:150 getcwd:17 chdir:49
fchdir:50 uname:160 sysinfo:179 times:153 getrusage:165 getrlimit:163 setrlimit:164 gettimeofday:169
clock_gettime:113 clock_getres:114 clock_nanosleep:115 nanosleep:101 getitimer:102 setitimer:103
timer_create:107 timer_settime:110 timer_gettime:108 timer_getoverrun:109 timer_delete:111
sched_yield:124 sched_getaffinity:123 sched_setaffinity:122 sched_getparam:121 sched_getscheduler:120
sched_get_priority_max:125 sched_get_priority_min:126 getpriority:141 getcpu:168 futex:98
set_robust_list:99 get_robust_list:100 rseq:293 set_tid_address:96 exit:93 exit_group:94 wait4:260
waitid:95 getrandom:278 membarrier:283 restart_syscall:128 umask:166 flock:32 fadvise64:223
socketpair:199 sendto:206 recvfrom:207 sendmsg:211 recvmsg:212 sendmmsg:269 recvmmsg:243 shutdown:210
getsockopt:209 setsockopt:208 getsockname:204 getpeername:205 pidfd_open:434 seccomp:277
landlock_restrict_self:446 kill:129 tgkill:131 tkill:130 clone:220 execve:221 execveat:281 prlimit64:261
ioctl:29 prctl:167 socket:198 clone3:435 openat2:437 unlinkat:35 renameat:38 renameat2:276 mkdirat:34
linkat:37 symlinkat:36 fchmod:52 fchmodat:53 fchown:55 fchownat:54 truncate:45 ftruncate:46 fallocate:47
utimensat:88 fsync:82 fdatasync:83 sync_file_range:84 sendfile:71 copy_file_range:285 splice:76 tee:77
mknodat:33 setxattr:5 getxattr:8 lgetxattr:9 fgetxattr:10 listxattr:11 llistxattr:12 flistxattr:13
bind:200 listen:201 accept:202 accept4:242 connect:203 setpgid:154 setsid:157 setpriority:140
inotify_init1:26 inotify_add_watch:27 inotify_rm_watch:28 signalfd4:74 memfd_create:279 shmget:194
shmat:196 shmctl:195 shmdt:197 semget:190 semop:193 semctl:191 mlock:228 munlock:229 setresuid:147
setresgid:149 setuid:146 setgid:144 setgroups:159 setreuid:145 setregid:143
"""

_BASE = """
read write readv writev pread64 pwrite64 preadv pwritev open openat close close_range stat fstat lstat
newfstatat statx statfs fstatfs access faccessat faccessat2 readlink readlinkat getdents getdents64
lseek mmap mprotect munmap mremap madvise msync mincore brk rt_sigaction rt_sigprocmask rt_sigreturn
rt_sigpending rt_sigtimedwait rt_sigsuspend sigaltstack poll ppoll select pselect6 epoll_create
epoll_create1 epoll_ctl epoll_wait epoll_pwait epoll_pwait2 eventfd eventfd2 timerfd_create
timerfd_settime timerfd_gettime pipe pipe2 dup dup2 dup3 fcntl getpid gettid getppid getpgrp getpgid
getsid getuid geteuid getgid getegid getgroups getresuid getresgid getcwd chdir fchdir uname sysinfo
times getrusage getrlimit setrlimit gettimeofday clock_gettime clock_getres clock_nanosleep nanosleep
time getitimer setitimer alarm timer_create timer_settime timer_gettime timer_getoverrun timer_delete
pause sched_yield sched_getaffinity sched_setaffinity sched_getparam sched_getscheduler
sched_get_priority_max sched_get_priority_min getpriority getcpu futex set_robust_list get_robust_list
rseq set_tid_address arch_prctl exit exit_group wait4 waitid getrandom membarrier restart_syscall umask
flock fadvise64 socketpair sendto recvfrom sendmsg recvmsg sendmmsg recvmmsg shutdown getsockopt
setsockopt getsockname getpeername pidfd_open seccomp landlock_restrict_self
"""
_SLOW = """
unlink unlinkat rename renameat renameat2 mkdir mkdirat rmdir link linkat symlink symlinkat chmod fchmod
fchmodat chown fchown fchownat lchown truncate ftruncate fallocate utime utimes utimensat futimesat
creat fsync fdatasync sync_file_range sendfile copy_file_range splice tee mknod mknodat setxattr
getxattr lgetxattr fgetxattr listxattr llistxattr flistxattr bind listen accept accept4 connect setpgid
setsid setpriority inotify_init inotify_init1 inotify_add_watch inotify_rm_watch signalfd signalfd4
memfd_create shmget shmat shmctl shmdt semget semop semctl mlock munlock setresuid setresgid setuid
setgid setgroups setreuid setregid
"""

BASE = tuple(_BASE.split())
SLOW = tuple(_SLOW.split())


def _table(text: str) -> dict[str, int]:
    pairs = (entry.split(":") for entry in text.split())
    return {name: int(number) for name, number in pairs}


# By `platform.machine()`: the audit architecture that seccomp reports, and the numbers.
ARCHITECTURES = {
    "x86_64": (0xC000003E, _table(_X86_64)),
    "aarch64": (0xC00000B7, _table(_AARCH64)),
}
# Above this number a call is newer than these tables, and its callers expect ENOSYS and fall back.
NEWEST_KNOWN = 450
