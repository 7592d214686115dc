/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "orf-ctl.h"
#include "orf-value.h"

G_BEGIN_DECLS

/* A recorded load test beside what the daemon recorded meanwhile: what load.get answers. */

/* *text: the answer as it came; *joined: the same, parsed. */
OrfCtlExit
orf_ctl_load_fetch (OrfCtl *ctl, const char *id, char **text, json_t **joined, GError **error);
/* Whether the daemon's samples of all of the run are in its file. */
gboolean orf_ctl_load_is_whole (json_t *joined);
/* The run's report with the daemon's side as its member "server", which is as the report file has
 * it; NULL: it was recorded without a report. */
json_t *orf_ctl_load_make_report (json_t *joined);

/* For people: what saturated, both sides over time, the daemon's series, and what happened. */
void orf_ctl_load_append_joined (const OrfCtl *ctl, GString *out, json_t *joined);
/* Of it what saturated, first of all first. */
void orf_ctl_load_append_saturated (const OrfCtl *ctl, GString *out, json_t *server);

G_END_DECLS
