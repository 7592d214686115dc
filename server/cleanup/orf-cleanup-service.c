/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cleanup/orf-cleanup-service.h"

#include <glib-object.h> /* GCallback, for orf-schema-bind.h */

#include "cleanup/orf-cleanup-record.h"
#include "orf-error.h"
#include "orf-schema-bind.h"
#include "rpc/orf-list-cursor.h"
#include "rpc/orf-list-page.h"

static void
answer (const OrfListPage *page, const GPtrArray *rows)
{
  g_autoptr (OrfGpuCleanupsResult) result = orf_gpu_cleanups_result_new ();
  guint n = MIN (rows->len, page->limit);

  result->cleanups = g_ptr_array_new_with_free_func ((GDestroyNotify) orf_gpu_cleanup_record_free);
  for (guint i = 0; i < n; i++)
    g_ptr_array_add (result->cleanups, orf_cleanup_record_new (rows->pdata[i]));
  if (rows->len > n) {
    const OrfCleanupRow *last = rows->pdata[n - 1];

    result->next_cursor = orf_list_cursor_format (last->started_us, last->id);
  }
  orf_call_return_gpu_cleanups (page->call, result);
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
  OrfListPage *page;

  /* Ids alone give the order: the time in the cursor is there as in all of them. */
  page = orf_list_page_new (call, params->limit, params->cursor, answer, &started_us,
                            &filter.before_id);
  if (page != NULL)
    orf_store_read_cleanups (store, &filter, orf_call_get_cancel (call), orf_list_page_read_cb,
                             page);
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
