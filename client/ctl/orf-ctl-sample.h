/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <jansson.h>

#include <glib.h>

G_BEGIN_DECLS

/* A sample as it is typed: NAME=VALUE, NAME{key="value",…}=VALUE; quotes may be left out where a
 * shell would eat them.  A new JSON object as metrics.record takes it; t_us < 0: none.  Errors are
 * INVALID_ARGUMENT. */
json_t *orf_ctl_sample_parse (const char *text, gint64 t_us, GError **error);

G_END_DECLS
