/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* An entry that is no message itself, but names a run of rows to be read when its turn has come:
 * "FROM-TO".  Pure. */
GBytes *orf_outbox_run_format (gint64 from, gint64 to);
/* 1 <= from <= to, and no more than max of them.  FALSE: it is no such thing. */
gboolean orf_outbox_run_parse (GBytes *entry, gint64 max, gint64 *from, gint64 *to);

G_END_DECLS
