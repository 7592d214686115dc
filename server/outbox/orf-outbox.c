/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Invariants.
 * - An entry is in memory (without its body) once the file has it, and leaves memory before it
 *   leaves the file: a kill may deliver it once more, and loses none.
 * - At most one entry of a destination is on its way, the oldest.
 */
#include "outbox/orf-outbox.h"

#include "core/orf-clock.h"
#include "orf-error.h"
#include "outbox/orf-backoff.h"
#include "outbox/orf-outbox-ledger.h"
#include "store/orf-store-outbox.h"

/* Bodies as small stay in memory, and need not be read again. */
#define KEEP_BODY_BYTES 256
/* At most one line in the log so often for each destination. */
#define LOG_US (60 * ORF_US_PER_S)
/* So often an entry that the file cannot give is tried again: to SQLite a page that the disk did
 * not give is damaged, and that may pass.  Then it no longer stands before the others. */
#define MAX_UNREAD 3

typedef struct {
  gint64 id;
  gint64 created_us;
  gint64 next_us; /* as it is told */
  gint64 due_us;  /* monotonic: the same, whatever becomes of the clock */
  gint64 first_rowid;
  gint64 bytes;
  guint attempts;
  guint n_unread; /* times in a row that its body was damaged */
  GBytes *body;   /* NULL: to be read */
} Entry;

struct _OrfDelivery {
  OrfDestination *destination; /* NULL: cancelled while its body was read */
  gint64 id;
  GBytes *body; /* NULL: it is being read */
  gboolean sent;
  GError *error; /* of the read */
};

struct _OrfDestination {
  OrfOutbox *outbox;
  char *name;
  OrfDestinationOps ops;
  gpointer user_data;
  GQueue entries; /* Entry, by id */
  gint64 bytes;   /* of those */
  gint64 next_rowid;
  OrfDelivery *delivery; /* of the first entry; NULL: none is on its way */
  gboolean pumping;
  guint timer_id; /* until the first entry is tried again */
  guint64 sent, failed, dropped;
  gint64 last_sent_us;
  gint64 logged_us; /* monotonic */
  char *last_error;
};

struct _OrfOutbox {
  const OrfConfig *config;
  OrfStore *store;
  GPtrArray *destinations;
  GPtrArray *loaded; /* OrfOutboxRow; NULL after the start */
  GArray *cursors;   /* the same */
  gint64 next_id;
  gboolean started, stopped;
  OrfOutboxLedger *ledger; /* what became of entries */
};

/* ---- entries --------------------------------------------------------------------------------- */

static void
entry_free (gpointer data)
{
  Entry *entry = data;

  g_clear_pointer (&entry->body, g_bytes_unref);
  g_free (entry);
}

/* Out of memory; the file is told by the caller. */
static gint64
pop_oldest (OrfDestination *destination)
{
  Entry *entry = g_queue_pop_head (&destination->entries);
  gint64 id = entry->id;

  destination->bytes -= entry->bytes;
  entry_free (entry);
  return id;
}

static void
note (OrfDestination *destination, const char *what, const char *error)
{
  gint64 now_us = orf_clock_monotonic_us ();

  g_free (destination->last_error);
  destination->last_error = g_strdup (error);
  if (destination->logged_us != 0 && now_us < destination->logged_us + LOG_US)
    return;
  destination->logged_us = now_us;
  g_warning ("%s: %s: %s", destination->name, what, error);
}

/* ---- deliveries ------------------------------------------------------------------------------ */

static void pump (OrfDestination *destination);

static void
delivery_free (OrfDelivery *delivery)
{
  g_clear_pointer (&delivery->body, g_bytes_unref);
  g_clear_error (&delivery->error);
  g_free (delivery);
}

/* Nothing of it is left to call back, but for a read of its body, which finds it cancelled. */
static void
cancel_delivery (OrfDestination *destination)
{
  OrfDelivery *delivery = g_steal_pointer (&destination->delivery);

  if (delivery == NULL)
    return;
  if (delivery->sent) {
    destination->ops.cancel (destination->user_data, delivery);
    delivery_free (delivery);
  } else {
    delivery->destination = NULL;
  }
}

static void
retry (OrfDestination *destination, const OrfDeliveryResult *result)
{
  const OrfConfig *config = destination->outbox->config;
  const OrfBackoff backoff = {
    .first_us = config->outbox.backoff_us,
    .max_us = config->outbox.backoff_max_us,
    .retry_after_max_us = config->outbox.retry_after_max_us,
  };
  Entry *entry = g_queue_peek_head (&destination->entries);
  OrfOutboxRow *row;
  gint64 wait_us;

  destination->failed++;
  entry->attempts++;
  wait_us = orf_backoff_get_us (&backoff, entry->attempts, g_random_double (),
                                result->retry_after_us);
  entry->next_us = orf_clock_now_us () + wait_us;
  entry->due_us = orf_clock_monotonic_us () + wait_us;
  note (destination, "is tried again", result->error);
  if (entry->n_unread > 0)
    return; /* a row that is damaged cannot be written anew either */
  row = orf_outbox_row_new ();
  row->id = entry->id;
  row->attempts = entry->attempts;
  row->next_us = entry->next_us;
  row->last_error = g_strdup (result->error);
  orf_outbox_ledger_add_tried (destination->outbox->ledger, row);
}

static void
end_entry (OrfDestination *destination, const OrfDeliveryResult *result)
{
  gint64 id = pop_oldest (destination);

  orf_outbox_ledger_add_removed (destination->outbox->ledger, &id, 1);
  if (result->outcome == ORF_DELIVERY_REFUSED) {
    destination->dropped++;
    note (destination, "an entry was dropped", result->error);
    return;
  }
  destination->sent++;
  destination->last_sent_us = orf_clock_now_us ();
  if (destination->last_error != NULL)
    g_message ("%s: takes entries again", destination->name);
  g_clear_pointer (&destination->last_error, g_free);
  destination->logged_us = 0;
}

void
orf_delivery_finish (OrfDelivery *delivery, const OrfDeliveryResult *result)
{
  OrfDestination *destination = delivery->destination;

  destination->delivery = NULL;
  if (result->outcome == ORF_DELIVERY_RETRY)
    retry (destination, result);
  else
    end_entry (destination, result);
  delivery_free (delivery);
  orf_outbox_ledger_write (destination->outbox->ledger);
  pump (destination);
}

static void
send_delivery (OrfDelivery *delivery)
{
  OrfDestination *destination = delivery->destination;

  delivery->sent = TRUE;
  destination->ops.send (destination->user_data, delivery);
}

static gboolean
read_body_thread_cb (gpointer data, OrfConnection *connection, GError **error)
{
  OrfDelivery *delivery = data;

  delivery->body = orf_outbox_read_body (connection, delivery->id, error);
  return delivery->body != NULL;
}

/* Whether the file will never give the body of the first entry. */
static gboolean
is_lost (OrfDestination *destination, const GError *error)
{
  Entry *entry = g_queue_peek_head (&destination->entries);

  return g_error_matches (error, ORF_ERROR, ORF_ERROR_NOT_FOUND) ||
         (g_error_matches (error, ORF_ERROR, ORF_ERROR_DATA_LOSS) &&
          entry->n_unread++ >= MAX_UNREAD);
}

static void
body_unread (OrfDelivery *delivery, const GError *error)
{
  OrfDestination *destination = delivery->destination;
  gboolean lost = is_lost (destination, error);
  const OrfDeliveryResult result = {
    .outcome = lost ? ORF_DELIVERY_REFUSED : ORF_DELIVERY_RETRY,
    .error = error->message,
  };
  gint64 id = delivery->id;

  orf_delivery_finish (delivery, &result);
  /* it was not sent, so nobody else tells */
  if (lost && destination->ops.dropped != NULL)
    destination->ops.dropped (destination->user_data, id);
}

static void
body_read_cb (gpointer user_data, const GError *error)
{
  OrfDelivery *delivery = user_data;

  if (delivery->destination == NULL) {
    delivery_free (delivery);
  } else if (error == NULL) {
    ((Entry *) g_queue_peek_head (&delivery->destination->entries))->n_unread = 0;
    send_delivery (delivery);
  } else {
    body_unread (delivery, error);
  }
}

static void
begin_delivery (OrfDestination *destination, const Entry *entry)
{
  OrfDelivery *delivery = g_new0 (OrfDelivery, 1);

  destination->delivery = delivery;
  delivery->destination = destination;
  delivery->id = entry->id;
  if (entry->body != NULL) {
    delivery->body = g_bytes_ref (entry->body);
    send_delivery (delivery);
  } else {
    orf_store_read (destination->outbox->store, read_body_thread_cb, delivery, NULL, body_read_cb,
                    delivery);
  }
}

static gboolean
timer_cb (gpointer user_data)
{
  OrfDestination *destination = user_data;

  destination->timer_id = 0;
  pump (destination);
  return G_SOURCE_REMOVE;
}

/* FALSE: there is nothing that could be sent now. */
static gboolean
pump_one (OrfDestination *destination)
{
  const Entry *entry = g_queue_peek_head (&destination->entries);
  gint64 wait_us;

  if (entry == NULL || destination->delivery != NULL || destination->timer_id != 0 ||
      !destination->outbox->started || destination->outbox->stopped)
    return FALSE;
  wait_us = entry->due_us - orf_clock_monotonic_us ();
  if (wait_us <= 0) {
    begin_delivery (destination, entry);
    return TRUE;
  }
  destination->timer_id = g_timeout_add ((guint) MIN (wait_us / ORF_US_PER_MS + 1, G_MAXINT32),
                                         timer_cb, destination);
  return FALSE;
}

/* A loop, and not within itself: who sends may be done at once. */
static void
pump (OrfDestination *destination)
{
  if (destination->pumping)
    return;
  destination->pumping = TRUE;
  while (pump_one (destination))
    ;
  destination->pumping = FALSE;
}

/* ---- posting --------------------------------------------------------------------------------- */

typedef struct {
  OrfDestination *destination;
  Entry *entry;
  GArray *dropped; /* ids that the same change removes */
  OrfWriteDone done;
  gpointer user_data;
} Post;

static void
post_free (Post *post)
{
  g_clear_pointer (&post->entry, entry_free);
  g_array_unref (post->dropped);
  g_free (post);
}

static void
posted_cb (gpointer user_data, const OrfWriteResult *result, const GError *error)
{
  Post *post = user_data;
  OrfDestination *destination = post->destination;

  if (error == NULL) {
    g_queue_push_tail (&destination->entries, g_steal_pointer (&post->entry));
  } else {
    destination->bytes -= post->entry->bytes;
    orf_outbox_ledger_add_removed (destination->outbox->ledger,
                                   (const gint64 *) post->dropped->data, post->dropped->len);
  }
  if (post->done != NULL)
    post->done (post->user_data, result, error);
  post_free (post);
  orf_outbox_ledger_write (destination->outbox->ledger);
  pump (destination);
}

/* Makes room for one more of so many bytes. */
static void
drop_oldest (OrfDestination *destination, gint64 bytes, GArray *dropped)
{
  const OrfConfig *config = destination->outbox->config;

  while (destination->entries.length > 0 &&
         (destination->entries.length >= config->outbox.max_entries ||
          destination->bytes + bytes > config->outbox.max_bytes)) {
    gint64 id;

    cancel_delivery (destination);
    g_clear_handle_id (&destination->timer_id, g_source_remove);
    id = pop_oldest (destination);
    g_array_append_val (dropped, id);
    destination->dropped++;
    if (destination->ops.dropped != NULL)
      destination->ops.dropped (destination->user_data, id);
  }
  if (dropped->len > 0)
    note (destination, "its oldest entries were dropped", "it has as many as [outbox] lets it");
}

static OrfOutboxChange *
make_change (Post *post, GBytes *body, const OrfOutboxRows *rows)
{
  OrfOutboxChange *change = orf_outbox_change_new ();
  OrfOutboxRow *row = orf_outbox_row_new ();

  row->id = post->entry->id;
  row->destination = g_strdup (post->destination->name);
  row->created_us = row->next_us = post->entry->created_us;
  row->sample_rowid = post->entry->first_rowid;
  row->body = g_bytes_ref (body);
  g_ptr_array_add (change->added, row);
  g_array_append_vals (change->removed, post->dropped->data, post->dropped->len);
  if (rows != NULL && rows->next_rowid > 0)
    change->cursor = (OrfOutboxCursor){ g_strdup (post->destination->name), rows->next_rowid };
  return change;
}

gint64
orf_outbox_post (OrfDestination *destination,
                 GBytes *body,
                 const OrfOutboxRows *rows,
                 OrfWriteDone done,
                 gpointer user_data)
{
  OrfOutbox *outbox = destination->outbox;
  gint64 bytes = (gint64) g_bytes_get_size (body);
  gint64 id = outbox->next_id;
  Post *post;

  if (bytes > outbox->config->outbox.max_bytes) {
    g_autoptr (GError)
      error = g_error_new (ORF_ERROR, ORF_ERROR_RESOURCE_EXHAUSTED,
                           "%" G_GINT64_FORMAT " bytes are more than [outbox] max_bytes", bytes);

    destination->dropped++;
    done (user_data, NULL, error);
    return 0;
  }
  post = g_new0 (Post, 1);
  *post = (Post){ destination, g_new0 (Entry, 1), g_array_new (FALSE, FALSE, sizeof (gint64)), done,
                  user_data };
  drop_oldest (destination, bytes, post->dropped);
  post->entry->id = id;
  outbox->next_id++;
  post->entry->created_us = post->entry->next_us = orf_clock_now_us ();
  post->entry->first_rowid = rows != NULL ? rows->first_rowid : 0;
  post->entry->bytes = bytes;
  post->entry->body = bytes <= KEEP_BODY_BYTES ? g_bytes_ref (body) : NULL;
  destination->bytes += bytes;
  orf_store_write_outbox (outbox->store, make_change (post, body, rows), posted_cb, post);
  return id;
}

void
orf_outbox_clear (OrfDestination *destination, gint64 next_rowid)
{
  OrfOutboxChange *change = orf_outbox_change_new ();

  cancel_delivery (destination);
  g_clear_handle_id (&destination->timer_id, g_source_remove);
  destination->dropped += destination->entries.length;
  while (destination->entries.length > 0) {
    gint64 id = pop_oldest (destination);

    g_array_append_val (change->removed, id);
  }
  change->cursor = (OrfOutboxCursor){ g_strdup (destination->name), next_rowid };
  destination->next_rowid = next_rowid;
  /* by itself, since a cursor belongs to it; and once more, should the store not take it now */
  orf_outbox_ledger_add_removed (destination->outbox->ledger,
                                 (const gint64 *) change->removed->data, change->removed->len);
  orf_store_write_outbox (destination->outbox->store, change, NULL, NULL);
  orf_outbox_ledger_write (destination->outbox->ledger);
}

void
orf_outbox_hurry (OrfDestination *destination)
{
  Entry *entry = g_queue_peek_head (&destination->entries);

  g_clear_handle_id (&destination->timer_id, g_source_remove);
  if (entry != NULL)
    entry->next_us = entry->due_us = 0;
  pump (destination);
}

/* ---- life ------------------------------------------------------------------------------------ */

/* A time that was set while the clock was ahead is not waited for. */
static gint64
get_wait_us (const OrfOutbox *outbox, const OrfOutboxRow *row, gint64 now_us)
{
  const OrfConfig *config = outbox->config;
  gint64 max_us = MAX (config->outbox.backoff_max_us, config->outbox.retry_after_max_us);

  return row->next_us > now_us ? MIN (row->next_us - now_us, max_us) : 0;
}

static void
take_entry (OrfDestination *destination, const OrfOutboxRow *row)
{
  gint64 now_us = orf_clock_now_us ();
  gint64 wait_us = get_wait_us (destination->outbox, row, now_us);
  Entry *entry = g_new0 (Entry, 1);

  *entry = (Entry){
    .id = row->id,
    .created_us = row->created_us,
    .next_us = now_us + wait_us,
    .due_us = orf_clock_monotonic_us () + wait_us,
    .first_rowid = row->sample_rowid,
    .bytes = row->body_bytes,
    .attempts = row->attempts,
  };
  destination->bytes += entry->bytes;
  g_queue_push_tail (&destination->entries, entry);
  if (row->last_error != NULL) {
    g_free (destination->last_error);
    destination->last_error = g_strdup (row->last_error);
  }
}

static void
take_entries (OrfDestination *destination)
{
  g_autoptr (GPtrArray) loaded = g_steal_pointer (&destination->outbox->loaded);
  GPtrArray *rest = g_ptr_array_new_with_free_func ((GDestroyNotify) orf_outbox_row_free);

  for (guint i = 0; i < loaded->len; i++) {
    OrfOutboxRow **row = (OrfOutboxRow **) &loaded->pdata[i];

    if (g_str_equal ((*row)->destination, destination->name))
      take_entry (destination, *row);
    else
      g_ptr_array_add (rest, g_steal_pointer (row));
  }
  destination->outbox->loaded = rest;
}

OrfDestination *
orf_outbox_add_destination (OrfOutbox *outbox,
                            const char *name,
                            const OrfDestinationOps *ops,
                            gpointer user_data)
{
  OrfDestination *destination = g_new0 (OrfDestination, 1);

  destination->outbox = outbox;
  destination->name = g_strdup (name);
  destination->ops = *ops;
  destination->user_data = user_data;
  if (outbox->loaded != NULL)
    take_entries (destination);
  for (guint i = 0; outbox->cursors != NULL && i < outbox->cursors->len; i++) {
    OrfOutboxCursor *cursor = &g_array_index (outbox->cursors, OrfOutboxCursor, i);

    if (g_str_equal (cursor->destination, name)) {
      destination->next_rowid = cursor->next_rowid;
      g_array_remove_index (outbox->cursors, i);
      break;
    }
  }
  g_ptr_array_add (outbox->destinations, destination);
  return destination;
}

static void
forget_rest (OrfOutbox *outbox)
{
  for (guint i = 0; i < outbox->loaded->len; i++) {
    const OrfOutboxRow *row = outbox->loaded->pdata[i];

    orf_outbox_ledger_add_removed (outbox->ledger, &row->id, 1);
  }
  if (outbox->loaded->len > 0)
    g_message ("%u entries of the outbox are for destinations that there are no more: dropped",
               outbox->loaded->len);
  for (guint i = 0; i < outbox->cursors->len; i++) {
    OrfOutboxChange *change = orf_outbox_change_new ();

    change->cursor.destination = g_strdup (
      g_array_index (outbox->cursors, OrfOutboxCursor, i).destination);
    orf_store_write_outbox (outbox->store, change, NULL, NULL);
  }
  g_clear_pointer (&outbox->loaded, g_ptr_array_unref);
  g_clear_pointer (&outbox->cursors, g_array_unref);
}

void
orf_outbox_start (OrfOutbox *outbox)
{
  forget_rest (outbox);
  outbox->started = TRUE;
  orf_outbox_ledger_write (outbox->ledger);
  for (guint i = 0; i < outbox->destinations->len; i++)
    pump (outbox->destinations->pdata[i]);
}

static void
destination_free (gpointer data)
{
  OrfDestination *destination = data;

  g_queue_clear_full (&destination->entries, entry_free);
  g_free (destination->last_error);
  g_free (destination->name);
  g_free (destination);
}

OrfOutbox *
orf_outbox_new (const OrfConfig *config, OrfStore *store, GError **error)
{
  g_autoptr (OrfOutbox) outbox = g_new0 (OrfOutbox, 1);

  if (!orf_store_load_outbox (store, &outbox->loaded, &outbox->cursors, error))
    return NULL;
  outbox->config = config;
  outbox->store = store;
  outbox->destinations = g_ptr_array_new_with_free_func (destination_free);
  outbox->ledger = orf_outbox_ledger_new (store);
  outbox->next_id = 1;
  if (outbox->loaded->len > 0)
    outbox->next_id = ((OrfOutboxRow *) outbox->loaded->pdata[outbox->loaded->len - 1])->id + 1;
  return g_steal_pointer (&outbox);
}

void
orf_outbox_stop (OrfOutbox *outbox)
{
  if (outbox->stopped)
    return;
  outbox->stopped = TRUE;
  orf_outbox_ledger_stop (outbox->ledger);
  for (guint i = 0; i < outbox->destinations->len; i++) {
    OrfDestination *destination = outbox->destinations->pdata[i];

    cancel_delivery (destination);
    g_clear_handle_id (&destination->timer_id, g_source_remove);
  }
}

void
orf_outbox_free (OrfOutbox *outbox)
{
  g_clear_pointer (&outbox->destinations, g_ptr_array_unref);
  g_clear_pointer (&outbox->loaded, g_ptr_array_unref);
  g_clear_pointer (&outbox->cursors, g_array_unref);
  g_clear_pointer (&outbox->ledger, orf_outbox_ledger_free);
  g_free (outbox);
}

/* ---- looking --------------------------------------------------------------------------------- */

gboolean
orf_outbox_has_entry (OrfDestination *destination, gint64 id)
{
  for (GList *at = destination->entries.head; at != NULL; at = at->next)
    if (((Entry *) at->data)->id == id)
      return TRUE;
  return FALSE;
}

gint64
orf_outbox_get_next_rowid (OrfDestination *destination)
{
  return destination->next_rowid;
}

gint64
orf_delivery_get_id (OrfDelivery *delivery)
{
  return delivery->id;
}

GBytes *
orf_delivery_get_body (OrfDelivery *delivery)
{
  return delivery->body;
}

OrfDestinationState
orf_outbox_get_state (OrfDestination *destination)
{
  const Entry *entry = g_queue_peek_head (&destination->entries);

  return (OrfDestinationState){
    .name = destination->name,
    .pending = destination->entries.length,
    .pending_bytes = destination->bytes,
    .sent = destination->sent,
    .failed = destination->failed,
    .dropped = destination->dropped,
    .oldest_us = entry != NULL ? entry->created_us : 0,
    .oldest_rowid = entry != NULL ? entry->first_rowid : 0,
    .next_us = entry != NULL && destination->timer_id != 0 ? entry->next_us : 0,
    .last_sent_us = destination->last_sent_us,
    .sending = destination->delivery != NULL,
    .last_error = destination->last_error,
  };
}

GPtrArray *
orf_outbox_get_destinations (OrfOutbox *outbox)
{
  return outbox->destinations;
}
