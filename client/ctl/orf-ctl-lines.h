/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

#include "orf-ctl-exit.h"

G_BEGIN_DECLS

/* Newline-delimited JSON-RPC over two descriptors. */
typedef struct _OrfCtlLines OrfCtlLines;

/* Both descriptors (they may be the same one) must be non-blocking, and stay the caller's. */
OrfCtlLines *orf_ctl_lines_new (int read_fd, int write_fd);
void orf_ctl_lines_free (OrfCtlLines *lines);

/* One request and the response to it, with a deadline over the whole exchange. */
OrfCtlExit orf_ctl_lines_exchange (
  OrfCtlLines *lines, const GString *request, gint64 deadline_us, GString *reply, GError **error);

/* What a reader of a stream waits for beside it. */
enum {
  ORF_CTL_STOP_SIGNAL, /* becomes readable: somebody wants the end */
  ORF_CTL_STOP_OUTPUT, /* nobody reads it any more */
  ORF_CTL_N_STOPS
};
/* The next message, waited for without limit; an empty one: a stop came first. */
OrfCtlExit
orf_ctl_lines_next (OrfCtlLines *lines, const int *stop_fds, GString *line, GError **error);

G_END_DECLS
