/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/orf-process.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <glib-unix.h>

#include "core/orf-config.h"
#include "orf-error.h"

typedef struct {
  int ours;
  int theirs;
} Ends;

static void
close_ends (Ends *ends)
{
  if (ends->ours >= 0)
    close (ends->ours);
  if (ends->theirs >= 0)
    close (ends->theirs);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Ends, close_ends)

/* A socket pair and not two pipes: MSG_NOSIGNAL then keeps a dead reader from raising SIGPIPE. */
static gboolean
open_ends (Ends *talk, Ends *log)
{
  int fds[2] = { -1, -1 };

  if (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) < 0)
    return FALSE;
  talk->ours = fds[0];
  talk->theirs = fds[1];

  if (pipe2 (fds, O_CLOEXEC) < 0)
    return FALSE;
  log->ours = fds[0];
  log->theirs = fds[1];

  /* Our ends only: non-blocking is a property of what is open, and theirs is another one. */
  return g_unix_set_fd_nonblocking (talk->ours, TRUE, NULL) &&
         g_unix_set_fd_nonblocking (log->ours, TRUE, NULL);
}

static int
spawn (const char *const *argv, const char *const *environment, int talk_fd, int log_fd, pid_t *pid)
{
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  sigset_t none;
  sigset_t all;
  int rc = 0;

  sigemptyset (&none);
  sigfillset (&all);
  posix_spawn_file_actions_init (&actions);
  posix_spawnattr_init (&attributes);
  posix_spawnattr_setflags (&attributes,
                            POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  posix_spawnattr_setsigmask (&attributes, &none);
  posix_spawnattr_setsigdefault (&attributes, &all);
  rc = posix_spawn_file_actions_adddup2 (&actions, talk_fd, STDIN_FILENO);
  if (rc == 0)
    rc = posix_spawn_file_actions_adddup2 (&actions, talk_fd, STDOUT_FILENO);
  if (rc == 0)
    rc = posix_spawn_file_actions_adddup2 (&actions, log_fd, STDERR_FILENO);
  if (rc == 0)
    rc = posix_spawn_file_actions_addclosefrom_np (&actions, STDERR_FILENO + 1);
  if (rc == 0)
    rc = posix_spawn (pid, argv[0], &actions, &attributes, (char *const *) argv,
                      (char *const *) environment);
  posix_spawnattr_destroy (&attributes);
  posix_spawn_file_actions_destroy (&actions);
  return rc;
}

gboolean
orf_process_spawn (const char *const *argv,
                   const char *const *environment,
                   OrfProcess *process,
                   GError **error)
{
  g_auto (Ends) talk = { -1, -1 };
  g_auto (Ends) log = { -1, -1 };
  g_auto (GStrv) ours = environment == NULL ? orf_config_dup_environment () : NULL;
  pid_t pid = -1;
  int rc = open_ends (&talk, &log) ? 0 : errno;

  if (rc == 0)
    rc = spawn (argv, environment != NULL ? environment : (const char *const *) ours, talk.theirs,
                log.theirs, &pid);
  if (rc != 0) {
    g_set_error (error, ORF_ERROR, ORF_ERROR_UNAVAILABLE, "cannot start %s: %s", argv[0],
                 g_strerror (rc));
    return FALSE;
  }

  process->pid = pid;
  process->fd = talk.ours;
  process->log_fd = log.ours;
  talk.ours = -1;
  log.ours = -1;
  return TRUE;
}

char *
orf_process_describe_end (int wait_status)
{
  if (WIFSIGNALED (wait_status))
    return g_strdup_printf ("was killed by signal %d (%s)", WTERMSIG (wait_status),
                            strsignal (WTERMSIG (wait_status)));

  return g_strdup_printf ("ended with status %d", WEXITSTATUS (wait_status));
}

gint64
orf_process_read_rss_bytes (pid_t pid)
{
  g_autofree char *path = g_strdup_printf ("/proc/%d/statm", (int) pid);
  g_autofree char *text = NULL;
  const char *resident;

  /* Gone between two looks is nothing to tell. */
  if (!g_file_get_contents (path, &text, NULL, NULL) || (resident = strchr (text, ' ')) == NULL)
    return -1;

  return g_ascii_strtoll (resident + 1, NULL, 10) * sysconf (_SC_PAGESIZE);
}
