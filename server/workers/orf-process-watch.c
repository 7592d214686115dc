/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "workers/orf-process-watch.h"

#include <limits.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

struct _OrfProcessWatch {
  int fd;
  OrfWatch *watch;
  void (*ended) (gpointer user_data);
  gpointer user_data;
};

/* The rest is for connections: what goes unwatched is found by its lease. */
#define MAX_SHARE_OF_DESCRIPTORS 0.75

/* The kernel gives the lowest number that is free. */
static gboolean
is_one_too_many (int fd)
{
  struct rlimit limit;

  return getrlimit (RLIMIT_NOFILE, &limit) == 0 &&
         (double) fd >= MAX_SHARE_OF_DESCRIPTORS * (double) limit.rlim_cur;
}

/* Of glibc from 2.36 on; here so that older ones will do.  Closed on exec by itself. */
static int
open_pidfd (gint64 pid)
{
#ifdef SYS_pidfd_open
  if (pid > 0 && pid <= INT_MAX)
    return (int) syscall (SYS_pidfd_open, (pid_t) pid, 0);
#endif
  return -1;
}

static void
ended_cb (gpointer user_data, OrfPollEvents events)
{
  OrfProcessWatch *process = user_data;

  process->ended (process->user_data);
}

OrfProcessWatch *
orf_process_watch_new (OrfPoller *poller,
                       gint64 pid,
                       void (*ended) (gpointer user_data),
                       gpointer user_data)
{
  int fd = open_pidfd (pid);
  OrfProcessWatch *process;

  if (fd < 0)
    return NULL;
  if (is_one_too_many (fd)) {
    close (fd);
    return NULL;
  }
  process = g_new0 (OrfProcessWatch, 1);
  process->fd = fd;
  process->ended = ended;
  process->user_data = user_data;
  /* what the kernel refuses here is found by the lease */
  process->watch = orf_poller_add (poller, fd, ended_cb, process, NULL);
  return process;
}

void
orf_process_watch_free (OrfProcessWatch *process)
{
  g_clear_pointer (&process->watch, orf_watch_free);
  close (process->fd);
  g_free (process);
}
