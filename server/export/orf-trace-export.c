/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "export/orf-trace-export.h"

#include <string.h>

#include "core/orf-clock.h"
#include "export/orf-export-settings.h"
#include "store/orf-store-outbox.h"

struct _OrfTraceExport {
  const OrfConfig *config;
  OrfStore *store;
  OrfOutbox *outbox;
  GPtrArray *outlets; /* OrfSpanOutlet, also of receivers that are gone */
  guint timer_id;
  gboolean started;
};

static OrfSpanOutlet *
find (OrfTraceExport *self, const char *name)
{
  for (guint i = 0; i < self->outlets->len; i++)
    if (strcmp (orf_span_outlet_get_name (self->outlets->pdata[i]), name) == 0)
      return self->outlets->pdata[i];
  return NULL;
}

const GPtrArray *
orf_trace_export_get_outlets (OrfTraceExport *self)
{
  return self->outlets;
}

OrfSpanOutlet *
orf_trace_export_find (OrfTraceExport *self, const char *destination)
{
  return g_str_has_prefix (destination, ORF_OUTBOX_SPANS_PREFIX)
           ? find (self, destination + strlen (ORF_OUTBOX_SPANS_PREFIX))
           : NULL;
}

static gboolean
tick_cb (gpointer user_data)
{
  OrfTraceExport *self = user_data;

  self->timer_id = g_timeout_add ((guint) (self->config->trace_export.period_us / ORF_US_PER_MS),
                                  tick_cb, self);
  for (guint i = 0; i < self->outlets->len; i++)
    orf_span_outlet_look (self->outlets->pdata[i]);
  return G_SOURCE_REMOVE;
}

/* ---- settings -------------------------------------------------------------------------------- */

/* All are in order, before any takes hold. */
static gboolean
check (OrfTraceExport *self, GError **error)
{
  const GPtrArray *list = self->config->trace_export.list;

  for (guint i = 0; i < list->len; i++) {
    g_auto (GStrv) headers = NULL;
    g_autoptr (OrfHttpSender)
      sender = orf_export_settings_make_sender (self->config, list->pdata[i], &headers, error);

    if (sender == NULL)
      return FALSE;
  }
  return TRUE;
}

static const OrfConfigTraceReceiver *
get_settings (OrfTraceExport *self, const char *name)
{
  const GPtrArray *list = self->config->trace_export.list;

  for (guint i = 0; i < list->len; i++) {
    const OrfConfigTraceReceiver *settings = list->pdata[i];

    if (strcmp (settings->name, name) == 0)
      return settings;
  }
  return NULL;
}

static void
add_outlet (OrfTraceExport *self, const char *name)
{
  OrfSpanOutlet *outlet = orf_span_outlet_new (self->config, self->store, self->outbox, name);

  g_ptr_array_add (self->outlets, outlet);
  if (self->started)
    orf_span_outlet_start (outlet);
}

gboolean
orf_trace_export_reload (OrfTraceExport *self, GError **error)
{
  const GPtrArray *list = self->config->trace_export.list;

  if (!check (self, error))
    return FALSE;
  for (guint i = 0; i < list->len; i++) {
    const OrfConfigTraceReceiver *settings = list->pdata[i];

    if (find (self, settings->name) == NULL)
      add_outlet (self, settings->name);
  }
  for (guint i = 0; i < self->outlets->len; i++) {
    OrfSpanOutlet *outlet = self->outlets->pdata[i];

    if (!orf_span_outlet_set_settings (outlet,
                                       get_settings (self, orf_span_outlet_get_name (outlet)),
                                       error))
      return FALSE;
  }
  return TRUE;
}

/* ---- life ------------------------------------------------------------------------------------ */

OrfTraceExport *
orf_trace_export_new (const OrfConfig *config, OrfStore *store, OrfOutbox *outbox, GError **error)
{
  g_autoptr (OrfTraceExport) self = g_new0 (OrfTraceExport, 1);

  self->config = config;
  self->store = store;
  self->outbox = outbox;
  self->outlets = g_ptr_array_new_with_free_func ((GDestroyNotify) orf_span_outlet_free);
  return orf_trace_export_reload (self, error) ? g_steal_pointer (&self) : NULL;
}

void
orf_trace_export_start (OrfTraceExport *self)
{
  self->started = TRUE;
  for (guint i = 0; i < self->outlets->len; i++)
    orf_span_outlet_start (self->outlets->pdata[i]);
  tick_cb (self);
}

void
orf_trace_export_stop (OrfTraceExport *self)
{
  g_clear_handle_id (&self->timer_id, g_source_remove);
  for (guint i = 0; i < self->outlets->len; i++)
    orf_span_outlet_stop (self->outlets->pdata[i]);
}

void
orf_trace_export_free (OrfTraceExport *self)
{
  g_ptr_array_unref (self->outlets);
  g_free (self);
}
