/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "store/orf-connection.h"

G_BEGIN_DECLS

/*
 * From the file's version to that of the last of `steps` (orf_migrations_load()).  If one of
 * those to come rewrites what is there, the file as the earlier version left it is copied first, to
 * PATH.version-N: complete, synced and readable by that version.  A copy of that name is replaced.
 * It is never deleted here: whoever is content with the upgrade does that.
 *
 * Without the copy nothing is changed: RESOURCE_EXHAUSTED where min_free_bytes would not be left
 * beside it, UNAVAILABLE.  Blocks for as long as the copy takes.
 */
gboolean orf_store_upgrade (OrfConnection *connection,
                            const GPtrArray *steps,
                            gint64 min_free_bytes,
                            GError **error);

G_END_DECLS
