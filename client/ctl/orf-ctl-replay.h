/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdio.h>

#include "orf-ctl.h"

G_BEGIN_DECLS

/* What the replays have in common: where rows come from, numbers among the options, and the output,
 * which is there as a whole or not at all. */

/* Either a FILE, or --select.  INVALID_ARGUMENT. */
gboolean orf_ctl_replay_check_source (const OrfCtl *ctl, GError **error);

/* INVALID_ARGUMENT: "--option: text is no wanted"; always FALSE. */
gboolean
orf_ctl_replay_refuse (GError **error, const char *option, const char *text, const char *wanted);
/* *value is as it was where the option is not given. */
gboolean
orf_ctl_replay_get_number (const OrfCtl *ctl, const char *option, double *value, GError **error);

typedef gboolean (*OrfCtlReplayFunc) (FILE *file, gpointer data, GError **error);
/* To the file of --output, or else to standard output. */
OrfCtlExit
orf_ctl_replay_write (const OrfCtl *ctl, OrfCtlReplayFunc func, gpointer data, GError **error);

/* After a comma; nothing of NAN. */
void orf_ctl_replay_append_number (GString *line, double value);

G_END_DECLS
