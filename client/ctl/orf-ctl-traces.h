/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "orf-ctl.h"
#include "orf-ctl-table.h"

G_BEGIN_DECLS

/* What the verbs of traces share. */

/* --service, --operation, --longer, --errors, --tag, --from, --to; NULL: the command line is wrong.
 */
json_t *orf_ctl_traces_new_params (const OrfCtl *ctl, GError **error);
/* A row for each trace, an OrfTraceInfo. */
OrfCtlTable *orf_ctl_traces_new_table (const OrfCtlTerminal *terminal);
void orf_ctl_traces_add (const OrfCtl *ctl, OrfCtlTable *table, gconstpointer row);
char *orf_ctl_traces_format_duration (const OrfCtl *ctl, gint64 duration_us);

G_END_DECLS
