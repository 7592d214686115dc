/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "orf-ctl.h"

G_BEGIN_DECLS

/* Streams: opened by a method, then read until someone has had enough. */

/* Shows one value, as its JSON came; FALSE: it cannot be read. */
typedef gboolean (*OrfCtlValueFunc) (gpointer user_data, const char *value, GError **error);

/* From here on these (ended by 0) are read from the descriptor, and do what they did no more; -1 on
 * error.  Threads that are made later inherit that. */
int orf_ctl_take_signals (const int *signals, GError **error);
/* From here on Ctrl-C is read from the descriptor, and does not kill; -1 on error. */
int orf_ctl_take_interrupts (GError **error);
/* Closes it: Ctrl-C kills again, but for those that came until now. */
void orf_ctl_release_interrupts (int fd);

/* DONE on Ctrl-C, and when nobody reads standard output any more; an error when the server ends
 * the stream.  Values that were lost are told on standard error. */
OrfCtlExit orf_ctl_watch (OrfCtl *ctl,
                          const char *method,
                          const char *params,
                          OrfCtlValueFunc show,
                          gpointer user_data,
                          GError **error);

/* A line (of points: some) for each value, of any stream; with --json the value itself. */
OrfCtlExit
orf_ctl_watch_lines (OrfCtl *ctl, const char *method, const char *params, GError **error);

/* A stream that takes --severity; show is given ctl, and not asked with --json. */
OrfCtlExit
orf_ctl_watch_by_severity (OrfCtl *ctl, OrfMethodId method, OrfCtlValueFunc show, GError **error);

G_END_DECLS
