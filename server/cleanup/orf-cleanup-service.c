/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cleanup/orf-cleanup-service.h"

#include <glib-object.h> /* GCallback, for orf-schema-bind.h */

#include "cleanup/orf-cleanup-record.h"
#include "orf-error.h"
#include "orf-schema-bind.h"
#include "rpc/orf-list-cursor.h"

typedef struct {
  OrfCall *call;
  guint limit;
} List;

static void
answer (const List *list, const GPtrArray *rows)
{
  g_autoptr (OrfGpuCleanupsResult) result = orf_gpu_cleanups_result_new ();
  guint n = MIN (rows->len, list->limit);

  result->cleanups = g_ptr_array_new_with_free_func ((GDestroyNotify) orf_gpu_cleanup_record_free);
  for (guint i = 0; i < n; i++)
    g_ptr_array_add (result->cleanups, orf_cleanup_record_new (rows->pdata[i]));
  if (rows->len > n) {
    const OrfCleanupRow *last = rows->pdata[n - 1];

    result->next_cursor = orf_list_cursor_format (last->started_us, last->id);
  }
  orf_call_return_gpu_cleanups (list->call, result);
}

static void
listed_cb (gpointer user_data, GPtrArray *rows, const GError *error)
{
  g_autofree List *list = user_data;

  if (error != NULL)
    orf_call_fail (list->call, g_error_copy (error));
  else
    answer (list, rows);
}

void
orf_cleanup_service_answer (OrfStore *store,
                            OrfCall *call,
                            const OrfGpuCleanupsParams *params,
                            gboolean device_known)
{
  OrfCleanupFilter filter = {
    .device = params->device,
    .device_known = device_known,
    .from_us = params->has_from_us ? params->from_us : 0,
    .to_us = params->has_to_us ? params->to_us : G_MAXINT64,
    .before_id = G_MAXINT64,
    .max = (guint) params->limit + 1, /* one more tells whether there is a next page */
  };
  gint64 started_us;
  GError *error = NULL;
  List *list;

  /* Ids alone give the order: the time in the cursor is there as in all of them. */
  if (params->cursor != NULL &&
      !orf_list_cursor_parse (params->cursor, &started_us, &filter.before_id, &error)) {
    orf_call_fail (call, error);
    return;
  }
  list = g_new0 (List, 1);
  *list = (List){ call, (guint) params->limit };
  orf_store_read_cleanups (store, &filter, orf_call_get_cancel (call), listed_cb, list);
}

static void
list_cb (OrfCall *call, const OrfGpuCleanupsParams *params, gpointer user_data)
{
  orf_cleanup_service_answer (user_data, call, params, FALSE);
}

void
orf_cleanup_service_bind (OrfRouter *router, OrfStore *store)
{
  orf_bind_gpu_cleanups (router, list_cb, store);
}
