/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "remote/orf-outbox-service.h"

#include <glib-object.h> /* GCallback, for orf-schema-bind.h */

#include "core/orf-id.h"
#include "orf-error.h"
#include "orf-schema-bind.h"
#include "store/orf-store-outbox.h"

struct _OrfOutboxService {
  OrfStore *store;
  const OrfConfig *config;
  OrfOutbox *outbox; /* NULL: nothing is delivered here */
  OrfRemoteWrite *remote_write;
  OrfTraceExport *trace_export;
};

/* ---- destinations ---------------------------------------------------------------------------- */

static OrfOutboxState
judge (const OrfDestinationState *state)
{
  if (state->sending)
    return ORF_OUTBOX_STATE_SENDING;
  return state->pending > 0 ? ORF_OUTBOX_STATE_WAITING : ORF_OUTBOX_STATE_IDLE;
}

static void
fill_samples (const OrfOutboxService *service, OrfOutboxDestination *info)
{
  OrfRemoteWriteState state;

  if (!orf_remote_write_get_state (service->remote_write, &state))
    return;
  info->url = g_strdup (state.url);
  info->samples_sent = (gint64) state.samples;
  info->samples_dropped = (gint64) state.dropped;
  info->samples_pending = state.pending_samples;
  info->behind_us = state.behind_us;
  info->has_samples_sent = info->has_samples_dropped = TRUE;
  info->has_samples_pending = info->has_behind_us = TRUE;
}

static void
fill_spans (const OrfOutboxService *service, const char *name, OrfOutboxDestination *info)
{
  OrfSpanOutlet *outlet = orf_trace_export_find (service->trace_export, name);
  OrfSpanOutletState state;

  if (outlet == NULL || !orf_span_outlet_get_state (outlet, &state))
    return;
  info->url = g_strdup (state.url);
  info->spans_sent = (gint64) state.sent;
  info->spans_dropped = (gint64) state.dropped;
  info->spans_pending = state.pending;
  info->has_spans_sent = info->has_spans_dropped = info->has_spans_pending = TRUE;
}

static OrfOutboxDestination *
make_live (const OrfOutboxService *service, OrfDestination *destination)
{
  OrfDestinationState state = orf_outbox_get_state (destination);
  OrfOutboxDestination *info = orf_outbox_destination_new ();

  info->destination = g_strdup (state.name);
  info->state = judge (&state);
  info->pending = state.pending;
  info->pending_bytes = state.pending_bytes;
  info->sent = (gint64) state.sent;
  info->failed = (gint64) state.failed;
  info->dropped = (gint64) state.dropped;
  info->has_sent = info->has_failed = info->has_dropped = TRUE;
  info->oldest_us = state.oldest_us;
  info->has_oldest_us = state.oldest_us != 0;
  info->next_us = state.next_us;
  info->has_next_us = state.next_us != 0;
  info->last_sent_us = state.last_sent_us;
  info->has_last_sent_us = state.last_sent_us != 0;
  info->last_error = g_strdup (state.last_error);
  if (g_str_equal (state.name, ORF_REMOTE_WRITE_NAME))
    fill_samples (service, info);
  else
    fill_spans (service, state.name, info);
  return info;
}

static OrfOutboxDestination *
make_stored (const OrfOutboxSummary *summary)
{
  OrfOutboxDestination *info = orf_outbox_destination_new ();

  info->destination = g_strdup (summary->destination);
  info->state = ORF_OUTBOX_STATE_STOPPED;
  info->pending = summary->pending;
  info->pending_bytes = summary->pending_bytes;
  info->oldest_us = summary->oldest_us;
  info->next_us = summary->next_us;
  info->has_oldest_us = TRUE;
  info->has_next_us = summary->attempts > 0;
  info->last_error = g_strdup (summary->last_error);
  return info;
}

/* ---- outbox.list ----------------------------------------------------------------------------- */

typedef struct {
  OrfOutboxService *service;
  OrfCall *call;
  char *destination; /* NULL: all */
  gint64 after_id;
  guint limit;
  GPtrArray *rows;      /* OrfOutboxRow */
  GPtrArray *summaries; /* OrfOutboxSummary */
} List;

static void
list_free (List *list)
{
  g_clear_pointer (&list->rows, g_ptr_array_unref);
  g_clear_pointer (&list->summaries, g_ptr_array_unref);
  g_free (list->destination);
  g_free (list);
}

/* In a reader.  One more than asked for tells whether there is a next page. */
static gboolean
read_thread_cb (gpointer data, OrfConnection *connection, GError **error)
{
  List *list = data;

  list->rows = orf_outbox_load (connection, list->destination, list->after_id, list->limit + 1,
                                error);
  if (list->rows == NULL)
    return FALSE;
  list->summaries = orf_outbox_summarize (connection, error);
  return list->summaries != NULL;
}

static OrfOutboxEntry *
make_entry (const OrfOutboxRow *row)
{
  OrfOutboxEntry *entry = orf_outbox_entry_new ();

  entry->id = orf_id_format (ORF_ID_OUTBOX, row->id);
  entry->destination = g_strdup (row->destination);
  entry->created_us = row->created_us;
  entry->attempts = row->attempts;
  entry->next_us = row->next_us;
  entry->last_error = g_strdup (row->last_error);
  entry->bytes = row->body_bytes;
  return entry;
}

static GPtrArray *
make_destinations (const List *list)
{
  const OrfOutboxService *service = list->service;
  GPtrArray *infos = g_ptr_array_new_with_free_func ((GDestroyNotify) orf_outbox_destination_free);
  GPtrArray *live = service->outbox != NULL ? orf_outbox_get_destinations (service->outbox) : NULL;

  for (guint i = 0; live != NULL && i < live->len; i++)
    g_ptr_array_add (infos, make_live (service, live->pdata[i]));
  for (guint i = 0; live == NULL && i < list->summaries->len; i++)
    g_ptr_array_add (infos, make_stored (list->summaries->pdata[i]));
  return infos;
}

static void
answer (const List *list)
{
  g_autoptr (OrfOutboxListResult) result = orf_outbox_list_result_new ();
  guint n = MIN (list->rows->len, list->limit);

  result->destinations = make_destinations (list);
  result->entries = g_ptr_array_new_with_free_func ((GDestroyNotify) orf_outbox_entry_free);
  for (guint i = 0; i < n; i++)
    g_ptr_array_add (result->entries, make_entry (list->rows->pdata[i]));
  if (list->rows->len > n)
    result->next_cursor = g_strdup_printf ("%" G_GINT64_FORMAT,
                                           ((OrfOutboxRow *) list->rows->pdata[n - 1])->id);
  orf_call_return_outbox_list (list->call, result);
}

static void
listed_cb (gpointer user_data, const GError *error)
{
  List *list = user_data;

  if (error != NULL)
    orf_call_fail (list->call, g_error_copy (error));
  else
    answer (list);
  list_free (list);
}

static void
list_cb (OrfCall *call, const OrfOutboxListParams *params, gpointer user_data)
{
  OrfOutboxService *service = user_data;
  gint64 after_id = 0;
  List *list;

  if (params->cursor != NULL &&
      !g_ascii_string_to_signed (params->cursor, 10, 1, G_MAXINT64, &after_id, NULL)) {
    orf_call_fail (call,
                   orf_error_new_field (ORF_ERROR_INVALID_ARGUMENT, "cursor",
                                        "next_cursor of a page", "cursor: it is none of ours"));
    return;
  }
  list = g_new0 (List, 1);
  *list = (List){ .service = service,
                  .call = call,
                  .destination = g_strdup (params->destination),
                  .after_id = after_id,
                  .limit = (guint) params->limit };
  orf_store_read (service->store, read_thread_cb, list, orf_call_get_cancel (call), listed_cb,
                  list);
}

/* ---- series ---------------------------------------------------------------------------------- */

static void
fill_destination (OrfDestination *destination, OrfFrame *frame)
{
  OrfDestinationState state = orf_outbox_get_state (destination);
  const char *const labels[] = { state.name, NULL };

  orf_frame_add (frame, ORF_METRIC_ORFEAS_OUTBOX_SENT, labels, (double) state.sent);
  orf_frame_add (frame, ORF_METRIC_ORFEAS_OUTBOX_FAILED, labels, (double) state.failed);
  orf_frame_add (frame, ORF_METRIC_ORFEAS_OUTBOX_DROPPED, labels, (double) state.dropped);
  orf_frame_add (frame, ORF_METRIC_ORFEAS_OUTBOX_PENDING, labels, state.pending);
}

static void
fill_receivers (const OrfOutboxService *service, OrfFrame *frame)
{
  const GPtrArray *outlets = orf_trace_export_get_outlets (service->trace_export);

  for (guint i = 0; i < outlets->len; i++) {
    const char *const labels[] = { orf_span_outlet_get_name (outlets->pdata[i]), NULL };
    OrfSpanOutletState state;

    if (!orf_span_outlet_get_state (outlets->pdata[i], &state))
      continue;
    orf_frame_add (frame, ORF_METRIC_ORFEAS_TRACE_EXPORT_SENT, labels, (double) state.sent);
    orf_frame_add (frame, ORF_METRIC_ORFEAS_TRACE_EXPORT_DROPPED, labels, (double) state.dropped);
    orf_frame_add (frame, ORF_METRIC_ORFEAS_TRACE_EXPORT_PENDING, labels, (double) state.pending);
  }
}

static void
fill_cb (gpointer self, OrfFrame *frame)
{
  OrfOutboxService *service = self;
  GPtrArray *destinations = orf_outbox_get_destinations (service->outbox);
  OrfRemoteWriteState state;

  for (guint i = 0; i < destinations->len; i++)
    fill_destination (destinations->pdata[i], frame);
  fill_receivers (service, frame);
  if (!orf_remote_write_get_state (service->remote_write, &state))
    return;
  orf_frame_add (frame, ORF_METRIC_ORFEAS_REMOTE_WRITE_SENT, NULL, (double) state.samples);
  orf_frame_add (frame, ORF_METRIC_ORFEAS_REMOTE_WRITE_DROPPED, NULL, (double) state.dropped);
  orf_frame_add (frame, ORF_METRIC_ORFEAS_REMOTE_WRITE_PENDING, NULL,
                 (double) state.pending_samples);
  orf_frame_add (frame, ORF_METRIC_ORFEAS_REMOTE_WRITE_BEHIND_US, NULL, (double) state.behind_us);
}

static gint64
get_period_us_cb (gpointer self)
{
  return ((OrfOutboxService *) self)->config->host.sample_us;
}

static const OrfSamplerSource source = { .fill = fill_cb, .get_period_us = get_period_us_cb };

void
orf_outbox_service_add_source (OrfOutboxService *service,
                               OrfSampler *sampler,
                               const OrfConfig *config)
{
  service->config = config;
  orf_sampler_add_source (sampler, &source, service);
}

/* ---- life ------------------------------------------------------------------------------------ */

OrfOutboxService *
orf_outbox_service_new (OrfStore *store)
{
  OrfOutboxService *service = g_new0 (OrfOutboxService, 1);

  service->store = store;
  return service;
}

void
orf_outbox_service_free (OrfOutboxService *service)
{
  g_free (service);
}

void
orf_outbox_service_bind (OrfOutboxService *service, OrfRouter *router)
{
  orf_bind_outbox_list (router, list_cb, service);
}

void
orf_outbox_service_set_live (OrfOutboxService *service,
                             OrfOutbox *outbox,
                             OrfRemoteWrite *remote_write,
                             OrfTraceExport *trace_export)
{
  service->outbox = outbox;
  service->remote_write = remote_write;
  service->trace_export = trace_export;
}
