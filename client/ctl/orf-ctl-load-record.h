/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "orf-ctl.h"

G_BEGIN_DECLS

/* A load test that was run, into the daemon's file. */

/* report: of orf_load_report_new(); *id: of the run. */
OrfCtlExit
orf_ctl_load_record (OrfCtl *ctl, const char *name, json_t *report, char **id, GError **error);
/* What load.get answers of it, as soon as the daemon's own samples of all of it are in the file; or
 * some seconds later, as far as they are. */
OrfCtlExit orf_ctl_load_join (OrfCtl *ctl, const char *id, json_t **joined, GError **error);

G_END_DECLS
