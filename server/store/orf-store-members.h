/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "store/orf-connection.h"
#include "store/orf-store.h"

G_BEGIN_DECLS

/* What happened in a window, on the caller's connection and in its transaction: OrfMemberRow of
 * from_us <= t_us < to_us, newest first, at most max. */
GPtrArray *orf_members_read (
  OrfConnection *connection, gint64 from_us, gint64 to_us, guint max, GError **error);

G_END_DECLS
