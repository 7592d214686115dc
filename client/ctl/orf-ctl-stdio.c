/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <glib-unix.h>

#include "orf-error.h"

#include "orf-ctl-connection.h"
#include "orf-ctl-lines.h"

/* How long a child may take to end once its input is closed, before it is killed. */
#define END_US (2 * G_USEC_PER_SEC)
/* Of what the child wrote to its log, this much is looked at for its last word. */
#define MAX_LOG_BYTES 4096

typedef struct {
  char *db;
  GPid pid;
  int read_fd;
  int write_fd;
  OrfCtlLines *lines;
  gboolean gave_up; /* an answer did not come in time: nor is the child's end waited for */
  int log_fd;       /* memory: the child's standard error, kept for the day it fails */
} StdioTransport;

static const char *
stdio_get_address (gpointer self)
{
  return ((StdioTransport *) self)->db;
}

/* The last line that the child logged; NULL: none. */
static char *
dup_last_words (int log_fd)
{
  char text[MAX_LOG_BYTES + 1];
  off_t end = lseek (log_fd, 0, SEEK_END);
  gssize length = pread (log_fd, text, MAX_LOG_BYTES, MAX (end - MAX_LOG_BYTES, 0));
  char *newline;

  if (length <= 0)
    return NULL;
  text[length] = '\0';
  g_strchomp (text);
  newline = strrchr (text, '\n');
  return g_strdup (newline != NULL ? newline + 1 : text);
}

static OrfCtlExit
stdio_exchange (
  gpointer self, const GString *request, gint64 deadline_us, GString *reply, GError **error)
{
  StdioTransport *transport = self;
  g_autofree char *words = NULL;
  OrfCtlExit verdict;

  verdict = orf_ctl_lines_exchange (transport->lines, request, deadline_us, reply, error);
  transport->gave_up = verdict == ORF_CTL_DEADLINE;
  if (verdict != ORF_CTL_NO_CONNECTION)
    return verdict;
  words = dup_last_words (transport->log_fd);
  if (words != NULL) {
    g_clear_error (error);
    g_set_error (error, ORF_ERROR, ORF_ERROR_UNAVAILABLE, "%s: %s", transport->db, words);
  }
  return verdict;
}

/* TRUE: the child closed its output, so it is gone or about to be. */
static gboolean
wait_for_end (int read_fd)
{
  gint64 deadline_us = g_get_monotonic_time () + END_US;
  char rest[4096];

  for (;;) {
    struct pollfd fd = { .fd = read_fd, .events = POLLIN };
    int left_ms = orf_ctl_poll_timeout_ms (deadline_us);

    /* asked by itself: poll() does not say it of one who still writes */
    if (left_ms == 0 || poll (&fd, 1, left_ms) == 0)
      return FALSE;
    if (fd.revents != 0 && read (read_fd, rest, sizeof rest) == 0)
      return TRUE;
  }
}

static void
stdio_close (gpointer self)
{
  StdioTransport *transport = self;

  orf_ctl_lines_free (transport->lines);
  close (transport->write_fd);
  /* it only reads, so nothing is lost by killing it */
  if (transport->gave_up || !wait_for_end (transport->read_fd))
    kill (transport->pid, SIGKILL);
  while (waitpid (transport->pid, NULL, 0) < 0 && errno == EINTR)
    continue;
  close (transport->read_fd);
  close (transport->log_fd);
  g_free (transport->db);
  g_free (transport);
}

static const OrfCtlTransport stdio_transport = { stdio_get_address, stdio_exchange, NULL,
                                                 stdio_close };

char *
orf_ctl_find_daemon (void)
{
  /* the latter in a build's folders, which are those of who runs it; beside an installed program
   * nobody else writes */
  static const char *const places[] = { "orfeasd", "../../server/orfeasd" };
  const char *named = g_getenv ("ORFEAS_ORFEASD");
  g_autofree char *self = g_file_read_link ("/proc/self/exe", NULL);
  g_autofree char *folder = g_path_get_dirname (self != NULL ? self : "/usr/bin/orfeasctl");

  if (named != NULL && *named != '\0')
    return g_strdup (named);
  for (guint i = 0; i < G_N_ELEMENTS (places); i++) {
    g_autofree char *path = g_build_filename (folder, places[i], NULL);

    if (g_file_test (path, G_FILE_TEST_IS_EXECUTABLE))
      return g_steal_pointer (&path);
  }
  return NULL;
}

static OrfCtlExit
fail_open (GError **error, const char *what, const char *why)
{
  g_set_error (error, ORF_ERROR, ORF_ERROR_UNAVAILABLE, "%s: %s", what, why);
  return ORF_CTL_NO_CONNECTION;
}

OrfCtlExit
orf_ctl_stdio_open (const char *db, OrfCtlConnection *connection, GError **error)
{
  g_autofree StdioTransport *transport = g_new0 (StdioTransport, 1);
  g_autofree char *daemon = orf_ctl_find_daemon ();
  g_autofree char *path = g_canonicalize_filename (db, NULL);
  const char *argv[] = { daemon, "--stdio", "--db", path, NULL };
  g_autoptr (GError) reason = NULL;

  /* asked here, for the daemon would say it in the words of a daemon */
  if (access (path, R_OK) != 0)
    return fail_open (error, path, g_strerror (errno));
  if (daemon == NULL)
    return fail_open (error, "orfeasd", "not found beside orfeasctl; $ORFEAS_ORFEASD names it");

  transport->log_fd = memfd_create ("orfeasd-log", MFD_CLOEXEC);
  if (transport->log_fd < 0)
    return fail_open (error, "memfd_create", g_strerror (errno));
  if (!g_spawn_async_with_pipes_and_fds (NULL, argv, NULL, G_SPAWN_DO_NOT_REAP_CHILD, NULL, NULL,
                                         -1, -1, transport->log_fd, NULL, NULL, 0, &transport->pid,
                                         &transport->write_fd, &transport->read_fd, NULL,
                                         &reason)) {
    close (transport->log_fd);
    return fail_open (error, daemon, reason->message);
  }
  g_unix_set_fd_nonblocking (transport->write_fd, TRUE, NULL);
  g_unix_set_fd_nonblocking (transport->read_fd, TRUE, NULL);
  transport->lines = orf_ctl_lines_new (transport->read_fd, transport->write_fd);
  transport->db = g_steal_pointer (&path);
  *connection = (OrfCtlConnection){ &stdio_transport, g_steal_pointer (&transport) };
  return ORF_CTL_DONE;
}
