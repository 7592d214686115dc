/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <asm/sockios.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/keyctl.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

/*
 * A driver that tries to get out: preloaded into orfeas-probe it takes the place of fgets(), which
 * is called when the cage is shut, and tells on standard error what became of each attempt:
 * "NAME ERRNO", 0 where it worked.  BREAK_OUT names a folder with a file `theirs`,
 * ORFEAS_PROBE_PATHS a file that drivers may read.
 */

/* As on a kernel whose Landlock is of the version LANDLOCK_VERSION: what a later one knows is
 * refused by this one, too, where the cage does not say that it handles it. */
long
syscall (long number, ...)
{
  static long (*real) (long, ...);
  const char *version = getenv ("LANDLOCK_VERSION");
  long words[6];
  va_list list;

  va_start (list, number);
  for (int i = 0; i < 6; i++)
    words[i] = va_arg (list, long);
  va_end (list);
  if (number == SYS_landlock_create_ruleset && words[0] == 0 && version != NULL)
    return atol (version);
  if (real == NULL)
    real = (long (*) (long, ...)) dlsym (RTLD_NEXT, "syscall");
  return real (number, words[0], words[1], words[2], words[3], words[4], words[5]);
}

static int
result (long rc)
{
  return rc < 0 ? errno : 0;
}

static void
tell (const char *name, int outcome)
{
  dprintf (STDERR_FILENO, "%s %d\n", name, outcome);
}

static int
open_and_close (const char *path, int flags)
{
  int fd = open (path, flags, 0600);

  if (fd < 0)
    return errno;
  close (fd);
  return 0;
}

static int
fork_and_exit (void)
{
  pid_t pid = fork ();

  if (pid < 0)
    return errno;
  if (pid == 0)
    _exit (0);
  waitpid (pid, NULL, 0);
  return 0;
}

static int
read_parent (void)
{
  char byte;
  struct iovec ours = { &byte, 1 }, theirs = { &byte, 1 };
  long rc = process_vm_readv (getppid (), &ours, 1, &theirs, 1, 0);

  return rc < 0 && errno != EFAULT ? errno
                                   : 0; /* the address is ours: who may look finds nothing */
}

static int
look_into_parent (void)
{
  char path[64];

  snprintf (path, sizeof path, "/proc/%d/environ", (int) getppid ());
  return open_and_close (path, O_RDONLY);
}

/* Whether the kernel gets to see it: what this file answers is another matter. */
static int
ask_file (unsigned long request)
{
  int pid = getppid ();
  int rc = ioctl (STDIN_FILENO, request, &pid);

  return rc < 0 && (errno == EPERM || errno == ENOSYS) ? errno : 0;
}

/* Signals come from files, too: to whom they are said to belong. */
static void
try_owners (void)
{
  tell ("own-by-fcntl", result (fcntl (STDIN_FILENO, F_SETOWN, getppid ())));
  tell ("own-by-fcntl-ex",
        result (fcntl (STDIN_FILENO, F_SETOWN_EX,
                       &(struct f_owner_ex){ .type = F_OWNER_PID, .pid = getppid () })));
  tell ("own-by-wide-fcntl",
        result (syscall (SYS_fcntl, STDIN_FILENO, 1L << 32 | F_SETOWN, getppid ())));
  tell ("signal-of-file", result (fcntl (STDIN_FILENO, F_SETSIG, SIGKILL)));
  tell ("own-by-ioctl", ask_file (FIOSETOWN));
  tell ("own-by-socket-ioctl", ask_file (SIOCSPGRP));
  tell ("terminal-input", ask_file (TIOCSTI));
  tell ("terminal-input-by-wide-ioctl", ask_file (1L << 32 | TIOCSTI));
  tell ("outlive-parent", result (prctl (PR_SET_PDEATHSIG, 0, 0, 0, 0)));
}

static void
try_processes (void)
{
  char word[] = "true";
  char *const words[] = { word, NULL };

  tell ("fork", fork_and_exit ());
  tell ("ptrace", result (ptrace (PTRACE_SEIZE, getppid (), NULL, NULL)));
  tell ("process-vm-readv", read_parent ());
  tell ("environ-of-parent", look_into_parent ());
  tell ("kill-parent", result (kill (getppid (), SIGCONT)));
  tell ("limits-of-parent",
        result (prlimit (getppid (), RLIMIT_CORE, &(struct rlimit){ 0 }, NULL)));
  tell ("exec", result (execv ("/bin/true", words)));
}

static void
try_files (const char *folder)
{
  char theirs[512], fresh[512], cache[512];

  snprintf (theirs, sizeof theirs, "%s/theirs", folder);
  snprintf (fresh, sizeof fresh, "%s/fresh", folder);
  snprintf (cache, sizeof cache, "%s/fresh", getenv ("XDG_CACHE_HOME") ?: "/nowhere");
  tell ("read", open_and_close (theirs, O_RDONLY));
  tell ("write", open_and_close (theirs, O_WRONLY));
  tell ("create", open_and_close (fresh, O_RDWR | O_CREAT));
  tell ("chmod", result (chmod (theirs, 0666)));
  tell ("truncate", result (truncate (theirs, 0)));
  tell ("unlink", result (unlink (theirs)));
  tell ("link", result (link (theirs, fresh)));
  tell ("mkdir", result (mkdir (fresh, 0700)));
  tell ("cache", open_and_close (cache, O_RDWR | O_CREAT));
  tell ("cut-while-reading",
        open_and_close (getenv ("ORFEAS_PROBE_PATHS") ?: "/nowhere", O_RDONLY | O_TRUNC));
  tell ("large-file", result (ftruncate (memfd_create ("large", MFD_CLOEXEC), 1L << 27)));
  tell ("other-device", open_and_close (getenv ("OTHER_DEVICE") ?: "/nowhere", O_RDONLY));
  tell ("device", open_and_close ("/dev/null", O_RDWR));
  tell ("shared-memory", open_and_close ("/dev/shm", O_RDWR | O_TMPFILE));
  tell ("own-memory", open_and_close ("/proc/self/mem", O_RDWR));
}

static void
try_kernel (void)
{
  struct rlimit core = { 0 };

  tell ("socket-inet", result (socket (AF_INET, SOCK_STREAM, 0)));
  tell ("socket-unix", result (socket (AF_UNIX, SOCK_STREAM, 0)));
  tell ("socket-netlink", result (socket (AF_NETLINK, SOCK_RAW, 0)));
  tell ("mount", result (mount ("none", "/mnt", "tmpfs", 0, NULL)));
  tell ("unshare", result (unshare (CLONE_NEWUSER)));
  tell ("chroot", result (chroot ("/")));
  tell ("keyctl",
        result (syscall (SYS_keyctl, KEYCTL_GET_KEYRING_ID, KEY_SPEC_SESSION_KEYRING, 1)));
  tell ("bpf", result (syscall (SYS_bpf, 0, NULL, 0)));
  tell ("io-uring", result (syscall (SYS_io_uring_setup, 1, NULL)));
  tell ("setuid", result (setuid (getuid ())));
  getrlimit (RLIMIT_CORE, &core);
  tell ("core-limit", core.rlim_max == 0 ? EPERM : 0);
  tell ("new-privileges", prctl (PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1 ? EPERM : 0);
}

char *fgets (char *line, int room, FILE *file);

char *
fgets (char *line, int room, FILE *file)
{
  static char *(*real) (char *, int, FILE *);
  const char *folder = getenv ("BREAK_OUT");

  if (real == NULL) {
    real = (char *(*) (char *, int, FILE *) ) dlsym (RTLD_NEXT, "fgets");
    try_files (folder != NULL ? folder : "/nowhere");
    try_kernel ();
    try_owners ();
    try_processes ();
  }
  return real (line, room, file);
}
