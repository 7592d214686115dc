/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <sqlite3.h>

G_BEGIN_DECLS

/*
 * A window of a database file as a file of its own, with the same tables, views and version: what
 * reads the one reads the other.  On a bare handle, so that others than the daemon can have it.
 * Left out are those who called (audit), what calls are remembered by (idempotency), what waits to
 * be sent (outbox), and what detectors have learnt.
 */
typedef struct {
  gint64 from_us, to_us; /* of samples and all that has a time; widened to whole minutes */
  gint64 traces_from_us; /* of traces: those with a span that starts from here on until to_us */
} OrfSlice;

/* db: open for writing, and empty, by sqlite3_open_v2 with SQLITE_OPEN_URI.  source: a URI that
 * opens for reading only.  All is read in one transaction: as long as it lasts, the source's WAL
 * grows. */
gboolean orf_slice_make (sqlite3 *db, const char *source, const OrfSlice *slice, GError **error);

G_END_DECLS
