/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "load/orf-load-service.h"

#include <glib-object.h> /* GCallback, for orf-schema-bind.h */

#include "audit/orf-call-write.h"
#include "core/orf-id.h"
#include "load/orf-load-join.h"
#include "load/orf-load-slices.h"
#include "orf-error.h"
#include "orf-schema-bind.h"
#include "rpc/orf-list-cursor.h"
#include "rpc/orf-list-page.h"
#include "store/orf-store-loads.h"

struct _OrfLoadService {
  const OrfMetricsParts *parts;
  gint64 next_id; /* given out here: the answer that is stored for a repetition is of the write */
};

/* ---- load.record ----------------------------------------------------------------------------- */

/* Of `errors`, which are some of `requests`. */
static gboolean
check_counts (const OrfLoadRecordParams *params, GError **error)
{
  g_autofree char *allowed = NULL;

  if (params->errors <= params->requests)
    return TRUE;
  allowed = g_strdup_printf ("to %" G_GINT64_FORMAT ", as requests says", params->requests);
  g_propagate_error (error,
                     orf_error_new_field (ORF_ERROR_INVALID_ARGUMENT, "errors", allowed,
                                          "errors: %" G_GINT64_FORMAT " are more than there were",
                                          params->errors));
  return FALSE;
}

static OrfLoadRow *
make_row (OrfLoadService *service, OrfCall *call, const OrfLoadRecordParams *params)
{
  OrfLoadRow *row = orf_load_row_new ();

  row->id = service->next_id++;
  row->name = g_strdup (params->name);
  row->kind = params->kind;
  row->started_us = params->started_us;
  row->took_us = params->took_us;
  row->requests = params->requests;
  row->errors = params->errors;
  row->has_passed = params->has_passed;
  row->passed = params->passed;
  row->rate_per_s = params->rate_per_s;
  row->has_p50_us = params->has_p50_us;
  row->p50_us = params->p50_us;
  row->has_p95_us = params->has_p95_us;
  row->p95_us = params->p95_us;
  row->has_p99_us = params->has_p99_us;
  row->p99_us = params->p99_us;
  row->report = g_strdup (params->report);
  g_ptr_array_unref (row->slices);
  row->slices = orf_load_slices_parse (params->report);
  row->author = g_strdup (orf_call_get_actor (call));
  return row;
}

static void
record_cb (OrfCall *call, const OrfLoadRecordParams *params, gpointer user_data)
{
  OrfLoadService *service = user_data;
  g_autoptr (OrfLoadRow) row = NULL;
  g_autofree char *id = NULL;
  OrfLoadRecordResult result;
  OrfCallWrite *write;
  GError *error = NULL;

  if (!check_counts (params, &error)) {
    orf_call_fail (call, error);
    return;
  }
  row = make_row (service, call, params);
  id = orf_id_format (ORF_ID_LOAD, row->id);
  result = (OrfLoadRecordResult){ .id = id };
  write = orf_call_write_new (call, &orf_load_record_result_desc, &result);
  /* no audit: it adds a row of its own, which says who, and changes nothing */
  if (write != NULL)
    orf_store_write_load (service->parts->store, g_steal_pointer (&row), NULL,
                          orf_call_write_get_idempotency (write), orf_call_write_done_cb, write);
}

/* ---- load.list ------------------------------------------------------------------------------- */

static void
answer_list (const OrfListPage *page, const GPtrArray *rows)
{
  g_autoptr (OrfLoadListResult) result = orf_load_list_result_new ();
  guint n = MIN (rows->len, page->limit);

  result->runs = g_ptr_array_new_with_free_func ((GDestroyNotify) orf_load_run_free);
  for (guint i = 0; i < n; i++)
    g_ptr_array_add (result->runs, orf_load_run_from_row (rows->pdata[i]));
  if (rows->len > n) {
    const OrfLoadRow *last = rows->pdata[n - 1];

    result->next_cursor = orf_list_cursor_format (last->started_us, last->id);
  }
  orf_call_return_load_list (page->call, result);
}

static void
list_cb (OrfCall *call, const OrfLoadListParams *params, gpointer user_data)
{
  OrfLoadService *service = user_data;
  OrfLoadFilter filter = {
    .from_us = params->has_from_us ? params->from_us : 0,
    .to_us = params->has_to_us ? params->to_us : G_MAXINT64,
    .before_us = G_MAXINT64,
    .max = (guint) params->limit + 1, /* one more tells whether there is a next page */
  };
  OrfListPage *page;

  page = orf_list_page_new (call, params->limit, params->cursor, answer_list, &filter.before_us,
                            &filter.before_id);
  if (page != NULL)
    orf_store_read_loads (service->parts->store, &filter, orf_call_get_cancel (call),
                          orf_list_page_read_cb, page);
}

/* ---- load.get -------------------------------------------------------------------------------- */

static void
get_cb (OrfCall *call, const OrfLoadGetParams *params, gpointer user_data)
{
  OrfLoadService *service = user_data;

  orf_load_join_answer (service->parts, call, params->id);
}

/* ---- life ------------------------------------------------------------------------------------ */

OrfLoadService *
orf_load_service_new (const OrfMetricsParts *parts, GError **error)
{
  g_autoptr (OrfLoadService) service = g_new0 (OrfLoadService, 1);
  gint64 max_id;

  if (!orf_store_load_max_load_id (parts->store, &max_id, error))
    return NULL;
  service->parts = parts;
  service->next_id = max_id + 1;
  return g_steal_pointer (&service);
}

void
orf_load_service_free (OrfLoadService *service)
{
  g_free (service);
}

void
orf_load_service_bind (OrfLoadService *service, OrfRouter *router)
{
  orf_bind_load_record (router, record_cb, service);
  orf_bind_load_list (router, list_cb, service);
  orf_bind_load_get (router, get_cb, service);
}
