/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "events/orf-event-service.h"

#include <glib-object.h> /* GCallback, for orf-schema-bind.h */

#include "audit/orf-call-write.h"
#include "core/orf-clock.h"
#include "core/orf-id.h"
#include "orf-error.h"
#include "orf-schema-bind.h"
#include "rpc/orf-list-cursor.h"
#include "rpc/orf-list-page.h"

/* As in the audit. */
#define OWN_AUTHOR "orfeasd"

struct _OrfEventService {
  OrfStore *store;
  gint64 future_us; /* how far ahead of the clock a mark may be */
  /* Given out here, and not by the writer: the answer that is stored for a repetition is part of
   * the write.  One that fails leaves a gap. */
  gint64 next_id;
};

/* ---- events.mark ----------------------------------------------------------------------------- */

static gboolean
check_time (const OrfEventService *service, gint64 t_us, gint64 now_us, GError **error)
{
  gint64 newest_us = now_us + service->future_us;
  g_autofree char *allowed = NULL;

  if (t_us <= newest_us)
    return TRUE;
  allowed = g_strdup_printf ("to %" G_GINT64_FORMAT " ([metrics] future_us from now)", newest_us);
  g_propagate_error (error,
                     orf_error_new_field (ORF_ERROR_OUT_OF_RANGE, "t_us", allowed,
                                          "t_us: %" G_GINT64_FORMAT " is too far ahead", t_us));
  return FALSE;
}

static OrfEventRow *
make_row (OrfEventService *service, OrfCall *call, const OrfEventsMarkParams *params, gint64 now_us)
{
  OrfEventRow *row = orf_event_row_new ();

  row->id = service->next_id++;
  row->t_us = params->has_t_us ? params->t_us : now_us;
  row->kind = g_strdup (orf_event_kind_to_string (params->kind));
  row->text = g_strdup (params->text);
  row->author = g_strdup (orf_call_get_actor (call));
  return row;
}

/* Takes row.  The audit says what the answer says: the text itself is in the row beside it. */
static void
submit (OrfEventService *service, OrfCall *call, OrfEventRow *row)
{
  g_autoptr (OrfEventRow) event = row;
  g_autofree char *id = orf_id_format (ORF_ID_EVENT, row->id);
  const OrfEventsMarkResult result = { .id = id, .t_us = row->t_us };
  OrfCallWrite *write = orf_call_write_new (call, &orf_events_mark_result_desc, &result);
  OrfAudit audit;

  if (write == NULL)
    return;
  audit = (OrfAudit){ orf_call_get_actor (call), orf_call_get_method (call)->name,
                      orf_call_write_get_answer (write) };
  orf_store_write_event (service->store, g_steal_pointer (&event), &audit,
                         orf_call_write_get_idempotency (write), orf_call_write_done_cb, write);
}

static void
mark_cb (OrfCall *call, const OrfEventsMarkParams *params, gpointer user_data)
{
  OrfEventService *service = user_data;
  gint64 now_us = orf_clock_now_us ();
  GError *error = NULL;

  if (params->has_t_us && !check_time (service, params->t_us, now_us, &error))
    orf_call_fail (call, error);
  else
    submit (service, call, make_row (service, call, params, now_us));
}

/* ---- the daemon's own ------------------------------------------------------------------------ */

static void
noted_cb (gpointer user_data, const OrfWriteResult *result, const GError *error)
{
  if (error != NULL)
    g_warning ("a note is not on the time line: %s", error->message);
}

void
orf_event_service_note (OrfEventService *service, const char *text)
{
  OrfEventRow *row = orf_event_row_new ();

  row->id = service->next_id++;
  row->t_us = orf_clock_now_us ();
  row->kind = g_strdup (orf_event_kind_to_string (ORF_EVENT_KIND_NOTE));
  row->text = g_strdup (text);
  row->author = g_strdup (OWN_AUTHOR);
  orf_store_write_event (service->store, row, NULL, NULL, noted_cb, NULL);
}

/* ---- events.list ----------------------------------------------------------------------------- */

static OrfEventInfo *
make_info (const OrfEventRow *row)
{
  OrfEventInfo *info = orf_event_info_new ();

  info->id = orf_id_format (ORF_ID_EVENT, row->id);
  info->t_us = row->t_us;
  info->kind = orf_event_kind_from_string (row->kind);
  info->text = g_strdup (row->text);
  info->author = g_strdup (row->author);
  return info;
}

static void
answer_list (const OrfListPage *page, const GPtrArray *rows)
{
  g_autoptr (OrfEventsListResult) result = orf_events_list_result_new ();
  guint n = MIN (rows->len, page->limit);

  result->events = g_ptr_array_new_with_free_func ((GDestroyNotify) orf_event_info_free);
  for (guint i = 0; i < n; i++)
    g_ptr_array_add (result->events, make_info (rows->pdata[i]));
  if (rows->len > n) {
    const OrfEventRow *last = rows->pdata[n - 1];

    result->next_cursor = orf_list_cursor_format (last->t_us, last->id);
  }
  orf_call_return_events_list (page->call, result);
}

static void
list_cb (OrfCall *call, const OrfEventsListParams *params, gpointer user_data)
{
  OrfEventService *service = user_data;
  OrfEventFilter filter = {
    .from_us = params->has_from_us ? params->from_us : 0,
    /* a mark may be a little ahead of the clock: by default it is told too */
    .to_us = params->has_to_us ? params->to_us : G_MAXINT64,
    .kind = orf_event_kind_to_string (params->kind),
    .before_us = G_MAXINT64,
    .max = (guint) params->limit + 1, /* one more tells whether there is a next page */
  };
  OrfListPage *page;

  page = orf_list_page_new (call, params->limit, params->cursor, answer_list, &filter.before_us,
                            &filter.before_id);
  if (page != NULL)
    orf_store_read_events (service->store, &filter, orf_call_get_cancel (call),
                           orf_list_page_read_cb, page);
}

/* ---- life ------------------------------------------------------------------------------------ */

OrfEventService *
orf_event_service_new (const OrfConfig *config, OrfStore *store, GError **error)
{
  g_autoptr (OrfEventService) service = g_new0 (OrfEventService, 1);
  gint64 max_id;

  if (!orf_store_load_max_event_id (store, &max_id, error))
    return NULL;
  service->store = store;
  service->future_us = config->metrics.future_us;
  service->next_id = max_id + 1;
  return g_steal_pointer (&service);
}

void
orf_event_service_free (OrfEventService *service)
{
  g_free (service);
}

void
orf_event_service_bind (OrfEventService *service, OrfRouter *router)
{
  orf_bind_events_mark (router, mark_cb, service);
  orf_bind_events_list (router, list_cb, service);
}
