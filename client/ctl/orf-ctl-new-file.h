/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <sqlite3.h>

G_BEGIN_DECLS

typedef gboolean (*OrfCtlNewFileCb) (sqlite3 *db, gpointer data, GError **error);

/* A database file that `fill` makes, with extended result codes and URIs for ATTACH: it has its
 * name when it is whole and on disk, and replaces none; nothing is
 * left of it where that fails, or where SIGINT, SIGTERM or SIGHUP end us.  *size_bytes: how large it is. UNAVAILABLE,
 * and what fill says. */
gboolean orf_ctl_new_file_write (
  const char *path, OrfCtlNewFileCb fill, gpointer data, gint64 *size_bytes, GError **error);

G_END_DECLS
