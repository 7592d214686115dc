/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "leaks/orf-leak-service.h"

#include <glib-object.h> /* GCallback, for orf-schema-bind.h */

#include "core/orf-id.h"
#include "orf-schema-bind.h"
#include "rpc/orf-list-cursor.h"
#include "store/orf-store-leaks.h"

typedef struct {
  OrfCall *call;
  guint limit;
} List;

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
listed_cb (gpointer user_data, GPtrArray *rows, const GError *error)
{
  g_autofree List *list = user_data;
  g_autoptr (OrfGpuLeaksResult) result = orf_gpu_leaks_result_new ();

  if (error != NULL) {
    orf_call_fail (list->call, g_error_copy (error));
    return;
  }
  result->suspects = g_ptr_array_new_with_free_func ((GDestroyNotify) orf_gpu_leak_suspect_free);
  for (guint i = 0; i < MIN (rows->len, list->limit); i++)
    g_ptr_array_add (result->suspects, make_suspect (rows->pdata[i]));
  if (rows->len > list->limit) {
    const OrfLeakRow *last = rows->pdata[list->limit - 1];

    result->next_cursor = orf_list_cursor_format ((gint64) last->slope_bytes_per_s, last->id);
  }
  orf_call_return_gpu_leaks (list->call, result);
}

static void
leaks_cb (OrfCall *call, const OrfGpuLeaksParams *params, gpointer user_data)
{
  OrfLeakFilter filter = {
    .device = params->device,
    .before_slope = G_MAXINT64,
    .max = (guint) params->limit + 1, /* one more tells whether there is a next page */
  };
  GError *error = NULL;
  List *list = NULL;

  if (params->cursor != NULL &&
      !orf_list_cursor_parse (params->cursor, &filter.before_slope, &filter.before_id, &error)) {
    orf_call_fail (call, error);
    return;
  }
  list = g_new0 (List, 1);
  *list = (List){ call, (guint) params->limit };
  orf_store_read_leaks (user_data, &filter, orf_call_get_cancel (call), listed_cb, list);
}

void
orf_leak_service_bind (OrfRouter *router, OrfStore *store)
{
  orf_bind_gpu_leaks (router, leaks_cb, store);
}
