/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "orf-ctl.h"

G_BEGIN_DECLS

/* What is asked of metrics.query and metrics.export: SELECT or --expr, a span, a step. */

/* NULL: the command line is wrong.  What is not asked is not there: the server has the defaults.
 * An expression over a span that was given gets a step where none was. */
json_t *orf_ctl_query_new_params (const OrfCtl *ctl, GError **error);

/* As orf_ctl_fetch(); takes params.  Where the expression is refused at some place, that is shown
 * on standard error. */
OrfCtlExit orf_ctl_query_fetch (
  OrfCtl *ctl, OrfMethodId method, json_t *params, gpointer *result, GError **error);

G_END_DECLS
