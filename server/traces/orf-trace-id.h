/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Ids of traces and spans in hex, as W3C's trace context has them.  Pure. */

/* FALSE: text is not 2 * length hex digits, or all of them are 0, which is no id. */
gboolean orf_trace_id_parse (const char *text, guint8 *id, gsize length);
char *orf_trace_id_format (const guint8 *id, gsize length);

G_END_DECLS
