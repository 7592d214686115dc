/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <sys/types.h>

#include <glib.h>

G_BEGIN_DECLS

/*
 * A process of our own with nothing of ours in it: its own session and process group, so no
 * terminal, no file descriptor but the three, default signals.
 */
typedef struct {
  pid_t pid;  /* also its process group */
  int fd;     /* its standard input and output, both ways (a socket pair); non-blocking */
  int log_fd; /* its standard error; non-blocking */
} OrfProcess;

/* environment: NAME=VALUE, …, NULL; NULL: ours without the settings in it.  UNAVAILABLE with the
 * reason.  The caller owns pid and both descriptors. */
gboolean orf_process_spawn (const char *const *argv,
                            const char *const *environment,
                            OrfProcess *process,
                            GError **error);

/* "ended with status 2", "was killed by signal 6 (Aborted)" */
char *orf_process_describe_end (int wait_status);

/* Resident memory; -1: not to be had. */
gint64 orf_process_read_rss_bytes (pid_t pid);

G_END_DECLS
