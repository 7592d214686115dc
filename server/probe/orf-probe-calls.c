/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "probe/orf-probe-calls.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <asm/sockios.h>

#include <seccomp.h>

G_DEFINE_AUTO_CLEANUP_FREE_FUNC (scmp_filter_ctx, seccomp_release, NULL)

#define TO_WRITE (O_ACCMODE | O_CREAT | O_TRUNC)

/* What any probe does: reads, answers, waits, manages its own memory, threads, signals and time. */
static const char *const of_all[] = {
  /* files that are open, and looking at those that are not */
  "read",
  "readv",
  "pread64",
  "preadv",
  "write",
  "writev",
  "close",
  "close_range",
  "lseek",
  "_llseek",
  "dup",
  "dup2",
  "dup3",
  "fcntl",
  "fcntl64",
  "poll",
  "ppoll",
  "select",
  "_newselect",
  "pselect6",
  "getdents",
  "getdents64",
  "access",
  "faccessat",
  "faccessat2",
  "stat",
  "stat64",
  "fstat",
  "fstat64",
  "lstat",
  "lstat64",
  "newfstatat",
  "fstatat64",
  "statx",
  "statfs",
  "statfs64",
  "fstatfs",
  "fstatfs64",
  "readlink",
  "readlinkat",
  "getcwd",
  "fadvise64",
  "pipe",
  "pipe2",
  "eventfd2",
  "epoll_create1",
  "epoll_ctl",
  "epoll_wait",
  "epoll_pwait",
  /* memory */
  "mmap",
  "mmap2",
  "munmap",
  "mremap",
  "mprotect",
  "madvise",
  "brk",
  "mincore",
  "msync",
  "membarrier",
  /* threads */
  "futex",
  "futex_waitv",
  "set_robust_list",
  "get_robust_list",
  "rseq",
  "sched_yield",
  "sched_getaffinity",
  "sched_getparam",
  "sched_getscheduler",
  "sched_get_priority_max",
  "sched_get_priority_min",
  "getcpu",
  "set_tid_address",
  "set_thread_area",
  "arch_prctl",
  "exit",
  "exit_group",
  /* signals */
  "rt_sigaction",
  "rt_sigprocmask",
  "rt_sigreturn",
  "sigreturn",
  "sigaltstack",
  "rt_sigtimedwait",
  "rt_sigsuspend",
  "restart_syscall",
  "pause",
  /* time */
  "clock_gettime",
  "clock_gettime64",
  "clock_getres",
  "clock_nanosleep",
  "nanosleep",
  "gettimeofday",
  "time",
  "times",
  /* itself and the machine */
  "gettid",
  "getpid",
  "getppid",
  "getuid",
  "geteuid",
  "getgid",
  "getegid",
  "getuid32",
  "geteuid32",
  "getgid32",
  "getegid32",
  "getresuid",
  "getresgid",
  "getgroups",
  "getpgrp",
  "getpgid",
  "getsid",
  "uname",
  "sysinfo",
  "getrusage",
  "getrlimit",
  "ugetrlimit",
  "setrlimit",
  "getrandom",
  "prctl",
  "capget",
  /* narrows only */
  "seccomp",
  "landlock_create_ruleset",
  "landlock_add_rule",
  "landlock_restrict_self",
};

/* Beside those, a driver: devices, and files where Landlock lets it. */
static const char *const of_drivers[] = {
  "ioctl",
  "open",
  "openat",
  "creat",
  "pwrite64",
  "pwritev",
  "ftruncate",
  "ftruncate64",
  "fallocate",
  "fsync",
  "fdatasync",
  "flock",
  "memfd_create",
  "mkdir",
  "mkdirat",
  "unlink",
  "unlinkat",
  "rmdir",
  "rename",
  "renameat",
  "renameat2",
  "symlink",
  "symlinkat",
  "umask",
  "eventfd",
  "epoll_create",
  "timerfd_create",
  "timerfd_settime",
  "timerfd_gettime",
  "signalfd4",
  "inotify_init1",
  "inotify_add_watch",
  "inotify_rm_watch",
  "mlock",
  "mlock2",
  "munlock",
  "mbind",
  "get_mempolicy",
  "set_mempolicy",
  "sched_setaffinity", /* of threads, by their numbers, which are not known before */
  "sched_setscheduler",
  "sched_setparam",
  "timer_create",
  "timer_settime",
  "timer_delete",
  "setitimer",
  "getitimer",
};

/* Ways out.  They fail with EPERM, so that a log tells what was tried. */
static const char *const ways_out[] = {
  "socket",
  "socketpair",
  "connect",
  "bind",
  "listen",
  "accept",
  "accept4",
  "sendto",
  "sendmsg",
  "sendmmsg",
  "execve",
  "execveat",
  "fork",
  "vfork",
  "ptrace",
  "process_vm_readv",
  "process_vm_writev",
  "process_madvise",
  "pidfd_open",
  "pidfd_getfd",
  "pidfd_send_signal",
  "kcmp",
  "tkill",
  "rt_sigqueueinfo",
  "mount",
  "umount2",
  "move_mount",
  "open_tree",
  "fsopen",
  "fsmount",
  "pivot_root",
  "chroot",
  "setns",
  "unshare",
  "chmod",
  "fchmod",
  "fchmodat",
  "chown",
  "fchown",
  "lchown",
  "fchownat",
  "setxattr",
  "link",
  "linkat",
  "mknod",
  "mknodat",
  "truncate",
  "setuid",
  "setgid",
  "setreuid",
  "setregid",
  "setresuid",
  "setresgid",
  "setgroups",
  "capset",
  "setpgid",
  "setsid",
  "setpriority",
  "keyctl",
  "add_key",
  "request_key",
  "bpf",
  "perf_event_open",
  "userfaultfd",
  "io_uring_setup",
  "init_module",
  "finit_module",
  "delete_module",
  "kexec_load",
  "kexec_file_load",
  "reboot",
  "swapon",
  "swapoff",
  "acct",
  "quotactl",
  "settimeofday",
  "clock_settime",
  "clock_adjtime",
  "adjtimex",
  "sethostname",
  "setdomainname",
  "iopl",
  "ioperm",
  "syslog",
  "vhangup",
  "name_to_handle_at",
  "open_by_handle_at",
  "personality",
};

/* What of allowed calls reaches others: a file's owner is sent the signal that is set, SIGKILL too;
 * input is put into a terminal; the tie to the daemon (main.c) stays.  And a file that is opened to
 * be read is emptied, which Landlock sees from its third version on (Linux 6.2). */
#define WORD ((guint32) G_MAXUINT32)
#define CUTS (O_ACCMODE | O_TRUNC)

static const struct {
  const char *call;
  guint argument;
  guint32 mask, value;
} refused[] = {
  { "fcntl", 1, WORD, F_SETOWN },
  { "fcntl", 1, WORD, F_SETOWN_EX },
  { "fcntl", 1, WORD, F_SETSIG },
  { "fcntl64", 1, WORD, F_SETOWN },
  { "fcntl64", 1, WORD, F_SETOWN_EX },
  { "fcntl64", 1, WORD, F_SETSIG },
  { "ioctl", 1, WORD, FIOSETOWN },
  { "ioctl", 1, WORD, SIOCSPGRP },
  { "ioctl", 1, WORD, TIOCSTI },
  { "ioctl", 1, WORD, TIOCLINUX },
  { "prctl", 0, WORD, PR_SET_PDEATHSIG },
  { "open", 1, CUTS, O_RDONLY | O_TRUNC },
  { "openat", 2, CUTS, O_RDONLY | O_TRUNC },
};

/* A call that this architecture, or this libseccomp, does not know needs no rule. */
static gboolean
add (scmp_filter_ctx filter, guint32 action, const char *const *names, gsize n_names)
{
  for (gsize i = 0; i < n_names; i++) {
    int number = seccomp_syscall_resolve_name (names[i]);
    int rc = number != __NR_SCMP_ERROR ? seccomp_rule_add (filter, action, number, 0) : 0;

    if (rc < 0 && rc != -EDOM)
      return FALSE;
  }
  return TRUE;
}

#define ADD(filter, action, names) add (filter, action, names, G_N_ELEMENTS (names))

/* One argument is as given: the action. */
static gboolean
add_if (scmp_filter_ctx filter, guint32 action, int call, struct scmp_arg_cmp argument)
{
  return seccomp_rule_add_array (filter, action, call, 1, &argument) == 0;
}

/* clone3() is not there, so that glibc takes clone(), whose flags can be looked at. */
static gboolean
add_threads (scmp_filter_ctx filter)
{
  const guint32 refuse = SCMP_ACT_ERRNO (EPERM);

  return add_if (filter, SCMP_ACT_ALLOW, SCMP_SYS (clone),
                 SCMP_A0 (SCMP_CMP_MASKED_EQ, CLONE_THREAD, CLONE_THREAD)) &&
         add_if (filter, refuse, SCMP_SYS (clone), SCMP_A0 (SCMP_CMP_MASKED_EQ, CLONE_THREAD, 0));
}

/* abort() signals itself; whether a process lives is asked with signal 0. */
static gboolean
add_of_processes (scmp_filter_ctx filter)
{
  const scmp_datum_t itself = (scmp_datum_t) getpid ();
  const guint32 refuse = SCMP_ACT_ERRNO (EPERM);

  return add_if (filter, SCMP_ACT_ALLOW, SCMP_SYS (tgkill), SCMP_A0 (SCMP_CMP_EQ, itself)) &&
         add_if (filter, refuse, SCMP_SYS (tgkill), SCMP_A0 (SCMP_CMP_NE, itself)) &&
         add_if (filter, SCMP_ACT_ALLOW, SCMP_SYS (kill), SCMP_A1 (SCMP_CMP_EQ, 0)) &&
         add_if (filter, refuse, SCMP_SYS (kill), SCMP_A1 (SCMP_CMP_NE, 0)) &&
         add_if (filter, SCMP_ACT_ALLOW, SCMP_SYS (prlimit64), SCMP_A0 (SCMP_CMP_EQ, 0)) &&
         add_if (filter, refuse, SCMP_SYS (prlimit64), SCMP_A0 (SCMP_CMP_NE, 0));
}

static gboolean
add_reading (scmp_filter_ctx filter)
{
  static const int ways_to_write[] = { O_WRONLY, O_RDWR, O_ACCMODE };
  static const int changes[] = { O_CREAT, O_TRUNC };
  const guint32 refuse = SCMP_ACT_ERRNO (EPERM);
  gboolean done = add_if (filter, SCMP_ACT_ALLOW, SCMP_SYS (openat),
                          SCMP_A2 (SCMP_CMP_MASKED_EQ, TO_WRITE, O_RDONLY));

  for (guint i = 0; i < G_N_ELEMENTS (ways_to_write) && done; i++)
    done = add_if (filter, refuse, SCMP_SYS (openat),
                   SCMP_A2 (SCMP_CMP_MASKED_EQ, O_ACCMODE, (scmp_datum_t) ways_to_write[i]));
  for (guint i = 0; i < G_N_ELEMENTS (changes) && done; i++)
    done = add_if (filter, refuse, SCMP_SYS (openat),
                   SCMP_A2 (SCMP_CMP_MASKED_EQ, (scmp_datum_t) changes[i],
                            (scmp_datum_t) changes[i]));
  return done;
}

static gboolean
fill (scmp_filter_ctx filter, gboolean drives)
{
  return ADD (filter, SCMP_ACT_ALLOW, of_all) && add_of_processes (filter) &&
         add_threads (filter) &&
         (drives ? ADD (filter, SCMP_ACT_ALLOW, of_drivers) : add_reading (filter)) &&
         ADD (filter, SCMP_ACT_ERRNO (EPERM), ways_out);
}

static int
load (scmp_filter_ctx filter)
{
  int rc = seccomp_load (filter);

  return rc < 0 ? -rc : 0;
}

/* A filter of its own: in the list a call that is allowed is allowed with any argument.  The kernel
 * takes the low half of these words, whatever the high one is. */
static gboolean
fill_refused (scmp_filter_ctx filter)
{
  for (gsize i = 0; i < G_N_ELEMENTS (refused); i++) {
    int number = seccomp_syscall_resolve_name (refused[i].call);
    const struct scmp_arg_cmp argument = { refused[i].argument, SCMP_CMP_MASKED_EQ, refused[i].mask,
                                           refused[i].value };

    if (number >= 0 && !add_if (filter, SCMP_ACT_ERRNO (EPERM), number, argument))
      return FALSE;
  }
  return TRUE;
}

const char *
orf_probe_calls_enter (gboolean drives)
{
  g_auto (scmp_filter_ctx) list = seccomp_init (SCMP_ACT_ERRNO (ENOSYS));
  g_auto (scmp_filter_ctx) arguments = seccomp_init (SCMP_ACT_ALLOW);
  int code;

  if (list == NULL || arguments == NULL || !fill (list, drives) || !fill_refused (arguments))
    return "libseccomp made no filter";
  code = load (arguments);
  if (code == 0)
    code = load (list);
  return code == 0 ? NULL : g_strerror (code);
}
