"""The numbers of the system calls that bounds are about."""

from __future__ import annotations

import os

from .errors import CannotBind

X86_64, AARCH64 = 0xC000003E, 0xC00000B7  # what the filter is told of the machine that makes a call

# Name, number of x86_64, number of aarch64; 0 where a machine has no such call. From 424 on all have the same.
NUMBERS = """
acct 163 89
add_key 248 217
bpf 321 280
capget 125 90
capset 126 91
chmod 90 0
chown 92 0
chroot 161 51
clock_settime 227 112
clone 56 220
clone3 435 435
close_range 436 436
creat 85 0
delete_module 176 106
execve 59 221
execveat 322 281
fanotify_init 300 262
fchmod 91 52
fchmodat 268 53
fchmodat2 452 452
fchown 93 55
fchownat 260 54
fcntl 72 25
file_getattr 468 468
file_setattr 469 469
finit_module 313 273
fremovexattr 199 16
fsconfig 431 431
fsetxattr 190 7
fsmount 432 432
fsopen 430 430
fspick 433 433
futimesat 261 0
getxattr 191 8
getxattrat 464 464
init_module 175 105
inotify_add_watch 254 27
io_uring_enter 426 426
io_uring_register 427 427
io_uring_setup 425 425
ioctl 16 29
ioperm 173 0
iopl 172 0
ioprio_set 251 30
kcmp 312 272
kexec_file_load 320 294
kexec_load 246 104
keyctl 250 219
lchown 94 0
lgetxattr 192 9
listen 50 201
listxattr 194 11
listxattrat 465 465
llistxattr 195 12
lremovexattr 198 15
lsetxattr 189 6
mknod 133 0
mknodat 259 33
modify_ldt 154 0
mount 165 40
mount_setattr 442 442
move_mount 429 429
mq_open 240 180
mq_unlink 241 181
msgctl 71 187
msgget 68 186
msgrcv 70 188
msgsnd 69 189
name_to_handle_at 303 264
open 2 0
open_by_handle_at 304 265
open_tree 428 428
open_tree_attr 467 467
openat 257 56
openat2 437 437
perf_event_open 298 241
personality 135 92
pidfd_getfd 438 438
pivot_root 155 41
prctl 157 167
prlimit64 302 261
process_madvise 440 440
process_mrelease 448 448
process_vm_readv 310 270
process_vm_writev 311 271
ptrace 101 117
quotactl 179 60
quotactl_fd 443 443
reboot 169 142
removexattr 197 14
removexattrat 466 466
request_key 249 218
sched_setattr 314 274
sched_setparam 142 118
sched_setscheduler 144 119
seccomp 317 277
semctl 66 191
semget 64 190
semop 65 193
semtimedop 220 192
sendmmsg 307 269
sendmsg 46 211
sendto 44 206
setdomainname 171 162
sethostname 170 161
setns 308 268
setpriority 141 140
setsockopt 54 208
settimeofday 164 170
setxattr 188 5
setxattrat 463 463
shmat 30 196
shmctl 31 195
shmget 29 194
socket 41 198
socketpair 53 199
swapoff 168 225
swapon 167 224
syslog 103 116
umount2 166 39
unshare 272 97
userfaultfd 323 282
utime 132 0
utimensat 280 88
utimes 235 0
vhangup 153 58
"""


class Machine:
    """The machine that this runs on, as its kernel's calls know it."""

    def __init__(self) -> None:
        name = os.uname().machine
        if name not in ("x86_64", "aarch64"):
            raise CannotBind(f"the system calls of a machine of the kind {name} are not known")
        is_x86 = name == "x86_64"
        self.audit_name = X86_64 if is_x86 else AARCH64
        self.has_x32 = is_x86  # a second set of numbers for the same calls
        words = NUMBERS.split()
        self._numbers = dict(zip(words[::3], words[1 if is_x86 else 2 :: 3]))

    def number(self, name: str) -> int:
        """The number of a call; 0 when this machine has none of the name."""
        return int(self._numbers.get(name, 0))
