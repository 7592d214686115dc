/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "orf-ctl.h"

G_BEGIN_DECLS

/* What several verbs tell of an alert. */

/* {device="gpu-0",pool="a"}; NULL: it has none. */
char *orf_ctl_alerts_format_labels (char *const *labels);
/* "acknowledged by ann (known), silenced by si-1, inhibited by al-3": why nobody is told of it
 * again; NULL: nothing holds it back. */
char *orf_ctl_alerts_describe_holds (const OrfAlertInfo *alert);

/* An option that is a duration, of which 0 is one: at once, or never. */
gboolean orf_ctl_alerts_add_span (
  const OrfCtl *ctl, json_t *params, const char *option, const char *name, GError **error);

G_END_DECLS
