/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "leaks/orf-leak-service.h"

#include <glib-object.h> /* GCallback, for orf-schema-bind.h */

#include "core/orf-id.h"
#include "orf-schema-bind.h"
#include "rpc/orf-list-cursor.h"
#include "rpc/orf-list-page.h"
#include "store/orf-store-leaks.h"

static OrfGpuLeakSuspect *
make_suspect (const OrfLeakRow *row)
{
  OrfGpuLeakSuspect *suspect = orf_gpu_leak_suspect_new ();

  suspect->device = g_strdup (row->device);
  suspect->worker = row->worker > 0 ? orf_id_format (ORF_ID_WORKER, row->worker) : NULL;
  suspect->process = g_strdup (row->name);
  suspect->has_pid = row->pid >= 0;
  suspect->pid = MAX (row->pid, 0);
  suspect->slope_bytes_per_s = row->slope_bytes_per_s;
  suspect->confidence = row->confidence;
  suspect->since_us = row->since_us;
  suspect->suspected_trigger = g_strdup (row->trigger);
  return suspect;
}

static void
answer (const OrfListPage *page, const GPtrArray *rows)
{
  g_autoptr (OrfGpuLeaksResult) result = orf_gpu_leaks_result_new ();
  guint n = MIN (rows->len, page->limit);

  result->suspects = g_ptr_array_new_with_free_func ((GDestroyNotify) orf_gpu_leak_suspect_free);
  for (guint i = 0; i < n; i++)
    g_ptr_array_add (result->suspects, make_suspect (rows->pdata[i]));
  if (rows->len > n) {
    const OrfLeakRow *last = rows->pdata[n - 1];

    result->next_cursor = orf_list_cursor_format ((gint64) last->slope_bytes_per_s, last->id);
  }
  orf_call_return_gpu_leaks (page->call, result);
}

static void
leaks_cb (OrfCall *call, const OrfGpuLeaksParams *params, gpointer user_data)
{
  OrfLeakFilter filter = {
    .device = params->device,
    .before_slope = G_MAXINT64,
    .max = (guint) params->limit + 1, /* one more tells whether there is a next page */
  };
  OrfListPage *page;

  page = orf_list_page_new (call, params->limit, params->cursor, answer, &filter.before_slope,
                            &filter.before_id);
  if (page != NULL)
    orf_store_read_leaks (user_data, &filter, orf_call_get_cancel (call), orf_list_page_read_cb,
                          page);
}

void
orf_leak_service_bind (OrfRouter *router, OrfStore *store)
{
  orf_bind_gpu_leaks (router, leaks_cb, store);
}
