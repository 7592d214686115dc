/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "orf-ctl.h"

G_BEGIN_DECLS

/* Asks postmortem.build.  *text: the answer as it came; *result: the same, read; both are the
 * caller's. */
OrfCtlExit orf_ctl_postmortem_fetch (
  OrfCtl *ctl, json_t *params, char **text, json_t **result, GError **error);

G_END_DECLS
