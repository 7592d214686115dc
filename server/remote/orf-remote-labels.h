/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* [remote_write] external_labels, NAME=VALUE each, as name, value, …, NULL; $HOSTNAME in a value is
 * host_name.  INVALID_ARGUMENT with the key.  Pure. */
char **orf_remote_labels_parse (const char *const *texts, const char *host_name, GError **error);

G_END_DECLS
