/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* The cursor of a list by time: the place of the last one told, which stays right while others
 * come.  Opaque to callers. */
char *orf_list_cursor_format (gint64 t_us, gint64 id);
/* INVALID_ARGUMENT, field `cursor`. */
gboolean orf_list_cursor_parse (const char *cursor, gint64 *t_us, gint64 *id, GError **error);

G_END_DECLS
