/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "rpc/orf-list-page.h"

#include "rpc/orf-list-cursor.h"

OrfListPage *
orf_list_page_new (
  OrfCall *call, gint64 limit, const char *cursor, OrfListAnswer answer, gint64 *t_us, gint64 *id)
{
  GError *error = NULL;
  OrfListPage *page;

  if (cursor != NULL && !orf_list_cursor_parse (cursor, t_us, id, &error)) {
    orf_call_fail (call, error);
    return NULL;
  }
  page = g_new0 (OrfListPage, 1);
  *page = (OrfListPage){ call, (guint) limit, answer };
  return page;
}

void
orf_list_page_read_cb (gpointer page, GPtrArray *rows, const GError *error)
{
  g_autofree OrfListPage *owned = page;

  if (error != NULL)
    orf_call_fail (owned->call, g_error_copy (error));
  else
    owned->answer (owned, rows);
}
