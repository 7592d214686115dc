/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/*
 * Passes what a probe writes to its standard error on to our log, a line at a time, and no more
 * than a person would read.
 */
typedef struct _OrfProbeLog OrfProbeLog;

/* Takes fd.  flooded: it writes faster than reading it on is worth; called once, the log stops. */
OrfProbeLog *orf_probe_log_new (const char *backend,
                                int fd,
                                GMainContext *context,
                                void (*flooded) (gpointer user_data),
                                gpointer user_data);
/* Passes on what is already there first. */
void orf_probe_log_free (OrfProbeLog *log);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfProbeLog, orf_probe_log_free)

G_END_DECLS
