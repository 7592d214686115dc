/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "alerts/orf-alert-writer.h"

#include "core/orf-clock.h"

/* Steps that wait while nothing can be written; an alert has at most three of each firing. */
#define MAX_WAITING 10000
#define SAY_US      (60 * ORF_US_PER_S)

typedef struct {
  OrfAlertsChange *change;
  GPtrArray *told; /* OrfNoticeAlert */
} Entry;

struct _OrfAlertWriter {
  OrfStore *store;
  OrfNotifier *notifier;
  GQueue waiting; /* Entry; the first is being written where is_writing */
  gboolean is_writing, stopped;
  gint64 said_us; /* monotonic */
};

static void
entry_free (gpointer data)
{
  Entry *entry = data;

  orf_alerts_change_free (entry->change);
  g_ptr_array_unref (entry->told);
  g_free (entry);
}

OrfAlertWriter *
orf_alert_writer_new (OrfStore *store, OrfNotifier *notifier)
{
  OrfAlertWriter *writer = g_new0 (OrfAlertWriter, 1);

  writer->store = store;
  writer->notifier = notifier;
  g_queue_init (&writer->waiting);
  return writer;
}

void
orf_alert_writer_free (OrfAlertWriter *writer)
{
  if (writer == NULL)
    return;
  g_queue_clear_full (&writer->waiting, entry_free);
  g_free (writer);
}

/* ---- telling --------------------------------------------------------------------------------- */

/* Notices are in the order of the alerts that they tell of. */
static void
tell (OrfAlertWriter *writer, const Entry *entry)
{
  const GPtrArray *notices = entry->change->notices;
  guint next = 0;

  for (guint i = 0; i < entry->told->len; i++) {
    OrfNoticeAlert *alert = entry->told->pdata[i];
    g_autoptr (GPtrArray) own = g_ptr_array_new ();

    for (; next < notices->len; next++) {
      OrfNoticeRow *row = notices->pdata[next];

      if (row->alert_id != alert->alert_id)
        break;
      g_ptr_array_add (own, row);
    }
    orf_notifier_tell (writer->notifier, alert, own);
  }
}

/* ---- writing --------------------------------------------------------------------------------- */

static void
say (OrfAlertWriter *writer, const GError *error)
{
  gint64 now_us = orf_clock_monotonic_us ();

  if (writer->said_us != 0 && now_us - writer->said_us < SAY_US)
    return;
  writer->said_us = now_us;
  g_warning ("%u steps of alerts are not in the file: %s", writer->waiting.length, error->message);
}

static void write_next (OrfAlertWriter *writer);

static void
written_cb (gpointer user_data, const OrfWriteResult *result, const GError *error)
{
  OrfAlertWriter *writer = user_data;
  Entry *entry;

  writer->is_writing = FALSE;
  if (error != NULL) {
    say (writer, error);
    return;
  }
  entry = g_queue_pop_head (&writer->waiting);
  if (!writer->stopped)
    tell (writer, entry);
  entry_free (entry);
  write_next (writer);
}

static void
write_next (OrfAlertWriter *writer)
{
  const Entry *entry = g_queue_peek_head (&writer->waiting);

  if (writer->is_writing || entry == NULL)
    return;
  writer->is_writing = TRUE;
  orf_store_write_alerts (writer->store, orf_alerts_change_copy (entry->change), written_cb,
                          writer);
}

void
orf_alert_writer_add (OrfAlertWriter *writer, OrfAlertsChange *change, GPtrArray *told)
{
  Entry *entry = g_new0 (Entry, 1);

  *entry = (Entry){ change, told };
  if (writer->waiting.length >= MAX_WAITING) {
    g_warning ("a step of an alert is lost: nothing can be written for long");
    entry_free (entry);
    return;
  }
  g_queue_push_tail (&writer->waiting, entry);
  write_next (writer);
}

void
orf_alert_writer_retry (OrfAlertWriter *writer)
{
  write_next (writer);
}

void
orf_alert_writer_stop (OrfAlertWriter *writer)
{
  writer->stopped = TRUE;
  write_next (writer);
}
