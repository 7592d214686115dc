/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdio.h>

#include "orf-ctl.h"

G_BEGIN_DECLS

/* What the replays have in common: the step of a file, numbers among the options, and the output,
 * which is there as a whole or not at all. */

/* Rows whose distances tell the step of a file; nothing is said before, so that what is said never
 * depends on a row to come. */
#define ORF_CTL_REPLAY_STEP_ROWS 8

/* Either a FILE, or --select.  INVALID_ARGUMENT. */
gboolean orf_ctl_replay_check_source (const OrfCtl *ctl, GError **error);

/* first: times of that many rows and one more.  Their median distance, at least 1. */
gint64 orf_ctl_replay_get_step_us (const gint64 first[ORF_CTL_REPLAY_STEP_ROWS + 1]);

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
