/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* All of standard input as text.  INVALID_ARGUMENT: it cannot be read, is larger than 64 MiB, or
 * holds a NUL byte, behind which nothing would be seen. */
char *orf_ctl_input_read (GError **error);

G_END_DECLS
