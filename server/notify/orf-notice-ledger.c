/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "notify/orf-notice-ledger.h"

#include "core/orf-clock.h"
#include "store/orf-store-alerts.h"

/* After the store refused a change: the disk is full, say. */
#define AGAIN_US (5 * ORF_US_PER_S)
/* Of steps that wait for a store that takes nothing: rows say the same in fewer words. */
#define MAX_EVENTS 10000

struct _OrfNoticeLedger {
  OrfStore *store;
  GHashTable *rows; /* id -> OrfNoticeRow, to be written */
  GHashTable *sent; /* the same on its way; NULL: none is */
  GPtrArray *events, *sent_events;
  guint timer_id;
  gboolean stopped;
};

static GHashTable *
rows_new (void)
{
  return g_hash_table_new_full (g_int64_hash, g_int64_equal, NULL,
                                (GDestroyNotify) orf_notice_row_free);
}

static GPtrArray *
events_new (void)
{
  return g_ptr_array_new_with_free_func ((GDestroyNotify) orf_alert_event_row_free);
}

static OrfAlertEventRow *
event_copy (const OrfAlertEventRow *event)
{
  OrfAlertEventRow *copy = orf_alert_event_row_new ();

  *copy = (OrfAlertEventRow){ event->alert_id, event->t_us, g_strdup (event->step),
                              g_strdup (event->reason), g_strdup (event->receiver) };
  return copy;
}

/* ---- what is to be written ------------------------------------------------------------------- */

void
orf_notice_ledger_add (OrfNoticeLedger *ledger, const OrfNoticeRow *row)
{
  OrfNoticeRow *copy = orf_notice_row_copy (row);

  g_hash_table_replace (ledger->rows, &copy->id, copy);
}

void
orf_notice_ledger_add_event (OrfNoticeLedger *ledger,
                             const OrfNoticeRow *row,
                             gint64 t_us,
                             const char *step,
                             const char *reason)
{
  OrfAlertEventRow *event;

  if (ledger->events->len >= MAX_EVENTS)
    return;
  event = orf_alert_event_row_new ();
  *event = (OrfAlertEventRow){ row->alert_id, t_us, g_strdup (step), g_strdup (reason),
                               g_strdup (row->receiver) };
  g_ptr_array_add (ledger->events, event);
}

/* The store took none of it; what was added since goes before what was sent. */
static void
take_back (OrfNoticeLedger *ledger, GHashTable *rows, GPtrArray *events)
{
  GHashTableIter iter;
  gpointer value;

  g_hash_table_iter_init (&iter, rows);
  while (g_hash_table_iter_next (&iter, NULL, &value)) {
    OrfNoticeRow *row = value;

    if (!g_hash_table_contains (ledger->rows, &row->id))
      orf_notice_ledger_add (ledger, row);
  }
  g_ptr_array_extend_and_steal (events, g_steal_pointer (&ledger->events));
  ledger->events = g_ptr_array_ref (events);
}

/* ---- writing --------------------------------------------------------------------------------- */

static gboolean
again_cb (gpointer user_data)
{
  OrfNoticeLedger *ledger = user_data;

  ledger->timer_id = 0;
  orf_notice_ledger_write (ledger);
  return G_SOURCE_REMOVE;
}

static void
written_cb (gpointer user_data, const OrfWriteResult *result, const GError *error)
{
  OrfNoticeLedger *ledger = user_data;
  g_autoptr (GHashTable) rows = g_steal_pointer (&ledger->sent);
  g_autoptr (GPtrArray) events = g_steal_pointer (&ledger->sent_events);

  if (error == NULL) {
    orf_notice_ledger_write (ledger);
    return;
  }
  g_info ("what became of notices is not written yet: %s", error->message);
  take_back (ledger, rows, events);
  if (!ledger->stopped && ledger->timer_id == 0)
    ledger->timer_id = g_timeout_add (AGAIN_US / ORF_US_PER_MS, again_cb, ledger);
}

/* The order of rows is nothing: each stands by itself. */
static OrfAlertsChange *
make_change (GHashTable *rows, const GPtrArray *events)
{
  OrfAlertsChange *change = orf_alerts_change_new ();
  GHashTableIter iter;
  gpointer value;

  g_hash_table_iter_init (&iter, rows);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    g_ptr_array_add (change->notices, orf_notice_row_copy (value));
  for (guint i = 0; i < events->len; i++)
    g_ptr_array_add (change->events, event_copy (events->pdata[i]));
  return change;
}

void
orf_notice_ledger_write (OrfNoticeLedger *ledger)
{
  if (ledger->stopped || ledger->sent != NULL || ledger->timer_id != 0 ||
      (g_hash_table_size (ledger->rows) == 0 && ledger->events->len == 0))
    return;
  ledger->sent = g_steal_pointer (&ledger->rows);
  ledger->sent_events = g_steal_pointer (&ledger->events);
  ledger->rows = rows_new ();
  ledger->events = events_new ();
  orf_store_write_alerts (ledger->store, make_change (ledger->sent, ledger->sent_events),
                          written_cb, ledger);
}

static void
last_written_cb (gpointer user_data, const OrfWriteResult *result, const GError *error)
{
  if (error != NULL)
    g_info ("what became of the last notices is not written: %s", error->message);
}

void
orf_notice_ledger_stop (OrfNoticeLedger *ledger)
{
  if (ledger->stopped)
    return;
  g_clear_handle_id (&ledger->timer_id, g_source_remove);
  ledger->stopped = TRUE;
  if (g_hash_table_size (ledger->rows) > 0 || ledger->events->len > 0)
    orf_store_write_alerts (ledger->store, make_change (ledger->rows, ledger->events),
                            last_written_cb, NULL);
}

/* ---- life ------------------------------------------------------------------------------------ */

OrfNoticeLedger *
orf_notice_ledger_new (OrfStore *store)
{
  OrfNoticeLedger *ledger = g_new0 (OrfNoticeLedger, 1);

  ledger->store = store;
  ledger->rows = rows_new ();
  ledger->events = events_new ();
  return ledger;
}

void
orf_notice_ledger_free (OrfNoticeLedger *ledger)
{
  g_clear_handle_id (&ledger->timer_id, g_source_remove);
  g_hash_table_unref (ledger->rows);
  g_clear_pointer (&ledger->sent, g_hash_table_unref);
  g_ptr_array_unref (ledger->events);
  g_clear_pointer (&ledger->sent_events, g_ptr_array_unref);
  g_free (ledger);
}
