/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "orf-ctl-bundle.h"

#include "orf-ctl-file.h"
#include "orf-ctl-new-file.h"

/* Something that can be read; its URI. */
static char *
check_source (const char *path, GError **error)
{
  char *uri = NULL;
  sqlite3 *db = orf_ctl_file_open (path, &uri, error);

  sqlite3_close (db);
  return uri;
}

typedef struct {
  const char *uri;
  const OrfSlice *slice;
} Bundle;

static gboolean
fill_cb (sqlite3 *db, gpointer data, GError **error)
{
  const Bundle *bundle = data;

  return orf_slice_make (db, bundle->uri, bundle->slice, error);
}

gboolean
orf_ctl_bundle_write (
  const char *source, const char *path, const OrfSlice *slice, gint64 *size_bytes, GError **error)
{
  g_autofree char *uri = check_source (source, error);
  Bundle bundle = { uri, slice };

  return uri != NULL && orf_ctl_new_file_write (path, fill_cb, &bundle, size_bytes, error);
}
