/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "outbox/orf-outbox-ledger.h"

#include "orf-error.h"

/* Before it is written again, where the store could not. */
#define AGAIN_MS 1000
/* Where it met damage this doubles up to here: each try stops all writing for a moment. */
#define MAX_AGAIN_MS (3600 * 1000)

struct _OrfOutboxLedger {
  OrfStore *store;
  OrfOutboxChange *next;  /* what is to be written */
  OrfOutboxChange *going; /* a copy of what is being written; NULL: nothing is */
  guint again_id;         /* until it is tried again */
  guint again_ms;         /* for so long, next time */
  gboolean stopped;
};

static OrfOutboxRow *
copy_tried (const OrfOutboxRow *row)
{
  OrfOutboxRow *copy = orf_outbox_row_new ();

  copy->id = row->id;
  copy->attempts = row->attempts;
  copy->next_us = row->next_us;
  copy->last_error = g_strdup (row->last_error);
  return copy;
}

static void
add_all (OrfOutboxChange *into, const OrfOutboxChange *change)
{
  g_array_append_vals (into->removed, change->removed->data, change->removed->len);
  for (guint i = 0; i < change->tried->len; i++)
    g_ptr_array_add (into->tried, copy_tried (change->tried->pdata[i]));
}

static gboolean
again_cb (gpointer user_data)
{
  OrfOutboxLedger *ledger = user_data;

  ledger->again_id = 0;
  orf_outbox_ledger_write (ledger);
  return G_SOURCE_REMOVE;
}

static void
written_cb (gpointer user_data, const OrfWriteResult *result, const GError *error)
{
  OrfOutboxLedger *ledger = user_data;
  g_autoptr (OrfOutboxChange) gone = g_steal_pointer (&ledger->going);

  if (ledger->stopped)
    return; /* it is delivered once more */
  if (error == NULL) {
    ledger->again_ms = AGAIN_MS;
    orf_outbox_ledger_write (ledger);
    return;
  }
  /* no loss; whoever sees to the disk says so */
  g_info ("outbox: %s", error->message);
  add_all (gone, ledger->next);
  orf_outbox_change_free (ledger->next);
  ledger->next = g_steal_pointer (&gone);
  ledger->again_id = g_timeout_add (ledger->again_ms, again_cb, ledger);
  ledger->again_ms = g_error_matches (error, ORF_ERROR, ORF_ERROR_DATA_LOSS)
                       ? MIN (2 * ledger->again_ms, MAX_AGAIN_MS)
                       : AGAIN_MS;
}

void
orf_outbox_ledger_write (OrfOutboxLedger *ledger)
{
  OrfOutboxChange *change = ledger->next;

  if (ledger->going != NULL || ledger->again_id != 0 || ledger->stopped ||
      (change->removed->len == 0 && change->tried->len == 0))
    return;
  ledger->next = orf_outbox_change_new ();
  ledger->going = orf_outbox_change_new ();
  add_all (ledger->going, change);
  orf_store_write_outbox (ledger->store, change, written_cb, ledger);
}

void
orf_outbox_ledger_add_removed (OrfOutboxLedger *ledger, const gint64 *ids, guint n_ids)
{
  g_array_append_vals (ledger->next->removed, ids, n_ids);
}

void
orf_outbox_ledger_add_tried (OrfOutboxLedger *ledger, OrfOutboxRow *row)
{
  g_ptr_array_add (ledger->next->tried, row);
}

void
orf_outbox_ledger_stop (OrfOutboxLedger *ledger)
{
  ledger->stopped = TRUE;
  g_clear_handle_id (&ledger->again_id, g_source_remove);
  /* told still, so that none is delivered once more for nothing */
  orf_store_write_outbox (ledger->store, g_steal_pointer (&ledger->next), NULL, NULL);
  ledger->next = orf_outbox_change_new ();
}

OrfOutboxLedger *
orf_outbox_ledger_new (OrfStore *store)
{
  OrfOutboxLedger *ledger = g_new0 (OrfOutboxLedger, 1);

  ledger->store = store;
  ledger->again_ms = AGAIN_MS;
  ledger->next = orf_outbox_change_new ();
  return ledger;
}

void
orf_outbox_ledger_free (OrfOutboxLedger *ledger)
{
  g_clear_pointer (&ledger->next, orf_outbox_change_free);
  g_clear_pointer (&ledger->going, orf_outbox_change_free);
  g_free (ledger);
}
