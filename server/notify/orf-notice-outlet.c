/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Invariants.
 * - Messages come into the outbox in the order in which they were posted here: one write at a time.
 * - The receiver does one thing at a time: a delivery waits for a push to end, and a push is begun
 *   only where no message waits, so that nothing older comes after something newer.
 */
#include "notify/orf-notice-outlet.h"

#include "core/orf-clock.h"
#include "orf-decode.h"
#include "orf-encode.h"

#define PREFIX "alert:"
/* After the store did not take a message: the disk is full, say. */
#define AGAIN_US (5 * ORF_US_PER_S)
/* Alerts in one push: about a megabyte. */
#define MAX_PUSHED 1000

typedef struct {
  GBytes *body;
  GArray *ids;
  gint64 outbox_id;
} Message;

struct _OrfNoticeOutlet {
  const OrfConfig *config;
  char *name;
  const OrfNoticeOutletOps *ops;
  gpointer user_data;
  OrfReceiver *receiver; /* NULL: there is none any more */
  OrfDestination *destination;

  GQueue unposted; /* Message */
  gboolean posting;
  guint again_id;
  GHashTable *posted; /* outbox id -> GArray of notices' ids */

  OrfDelivery *delivery;    /* NULL: none is on its way */
  OrfAlertTelling *telling; /* of it, or pushed */

  GPtrArray *pushed; /* OrfNoticeAlert of the push under way; NULL: none is */
  guint n_pushed;
  gboolean push_due;
  guint push_id;
  gboolean started, stopped;
};

static void
message_free (gpointer data)
{
  Message *message = data;

  g_bytes_unref (message->body);
  g_array_unref (message->ids);
  g_free (message);
}

/* ---- deliveries ------------------------------------------------------------------------------ */

static void push (OrfNoticeOutlet *outlet);

static void
finish (OrfNoticeOutlet *outlet, const OrfDeliveryResult *result, const char *answer)
{
  OrfDelivery *delivery = g_steal_pointer (&outlet->delivery);
  gint64 id = orf_delivery_get_id (delivery);
  const GArray *ids = g_hash_table_lookup (outlet->posted, &id);

  g_clear_pointer (&outlet->telling, orf_alert_telling_free);
  if (ids != NULL)
    outlet->ops->told (outlet->user_data, ids, result, answer);
  if (result->outcome != ORF_DELIVERY_RETRY)
    g_hash_table_remove (outlet->posted, &id);
  orf_delivery_finish (delivery, result);
  push (outlet);
}

static void
refuse (OrfNoticeOutlet *outlet, const char *why)
{
  const OrfDeliveryResult result = { ORF_DELIVERY_REFUSED, 0, why };

  finish (outlet, &result, NULL);
}

static void
told_cb (gpointer user_data, const OrfDeliveryResult *result, const char *answer)
{
  finish (user_data, result, answer);
}

static void
deliver (OrfNoticeOutlet *outlet)
{
  GBytes *body = orf_delivery_get_body (outlet->delivery);
  g_autoptr (GError) error = NULL;

  if (outlet->receiver == NULL) {
    refuse (outlet, "there is no such receiver any more");
    return;
  }
  /* strict: a word that we do not know would be none at all to those who write it on */
  outlet->telling = orf_decode_text (&orf_alert_telling_desc, g_bytes_get_data (body, NULL),
                                     g_bytes_get_size (body), ORF_DECODE_STRICT, &error);
  if (outlet->telling == NULL)
    refuse (outlet, error->message);
  else
    orf_receiver_tell (outlet->receiver, outlet->telling, told_cb, outlet);
}

static void
send_cb (gpointer user_data, OrfDelivery *delivery)
{
  OrfNoticeOutlet *outlet = user_data;

  outlet->delivery = delivery;
  if (outlet->pushed == NULL)
    deliver (outlet);
}

static void
cancel_cb (gpointer user_data, OrfDelivery *delivery)
{
  OrfNoticeOutlet *outlet = user_data;

  outlet->delivery = NULL;
  if (outlet->pushed != NULL)
    return; /* it waited for that to end */
  if (outlet->receiver != NULL)
    orf_receiver_cancel (outlet->receiver);
  g_clear_pointer (&outlet->telling, orf_alert_telling_free);
}

static void
dropped_cb (gpointer user_data, gint64 id)
{
  OrfNoticeOutlet *outlet = user_data;
  const GArray *ids = g_hash_table_lookup (outlet->posted, &id);

  if (ids == NULL)
    return;
  outlet->ops->dropped (outlet->user_data, ids,
                        "the outbox gave it up: it was full, or is damaged");
  g_hash_table_remove (outlet->posted, &id);
}

static const OrfDestinationOps destination_ops = { send_cb, cancel_cb, dropped_cb };

/* ---- posting --------------------------------------------------------------------------------- */

static void post_next (OrfNoticeOutlet *outlet);

static gboolean
again_cb (gpointer user_data)
{
  OrfNoticeOutlet *outlet = user_data;

  outlet->again_id = 0;
  post_next (outlet);
  return G_SOURCE_REMOVE;
}

static void
remember (OrfNoticeOutlet *outlet, gint64 outbox_id, const GArray *ids)
{
  GArray *known = g_hash_table_lookup (outlet->posted, &outbox_id);

  if (known == NULL) {
    gint64 *key = g_memdup2 (&outbox_id, sizeof outbox_id);

    known = g_array_new (FALSE, FALSE, sizeof (gint64));
    g_hash_table_insert (outlet->posted, key, known);
  }
  g_array_append_vals (known, ids->data, ids->len);
}

static void
posted_cb (gpointer user_data, const OrfWriteResult *result, const GError *error)
{
  OrfNoticeOutlet *outlet = user_data;
  Message *message;

  outlet->posting = FALSE;
  if (outlet->stopped)
    return;
  if (error != NULL) {
    g_info (PREFIX "%s: %s", outlet->name, error->message);
    outlet->again_id = g_timeout_add (AGAIN_US / ORF_US_PER_MS, again_cb, outlet);
    return;
  }
  message = g_queue_pop_head (&outlet->unposted);
  remember (outlet, message->outbox_id, message->ids);
  outlet->ops->posted (outlet->user_data, message->ids, message->outbox_id);
  message_free (message);
  post_next (outlet);
}

static void
post_next (OrfNoticeOutlet *outlet)
{
  Message *message = g_queue_peek_head (&outlet->unposted);

  if (message == NULL || outlet->posting || outlet->again_id != 0 || outlet->stopped)
    return;
  if ((gint64) g_bytes_get_size (message->body) > outlet->config->outbox.max_bytes) {
    outlet->ops->dropped (outlet->user_data, message->ids, "it is more than [outbox] max_bytes");
    message_free (g_queue_pop_head (&outlet->unposted));
    post_next (outlet);
    return;
  }
  outlet->posting = TRUE;
  message->outbox_id = orf_outbox_post (outlet->destination, message->body, NULL, posted_cb,
                                        outlet);
}

void
orf_notice_outlet_post (OrfNoticeOutlet *outlet, const OrfNoticePost *post)
{
  g_autoptr (OrfAlertTelling) telling = orf_notice_post_tell (post, ORF_NOTICE_MAX_LISTED);
  GString *json = g_string_new (NULL);
  Message *message = g_new0 (Message, 1);

  orf_encode (&orf_alert_telling_desc, telling, json, NULL); /* it is of its own schema */
  message->body = g_string_free_to_bytes (json);
  message->ids = g_array_new (FALSE, FALSE, sizeof (gint64));
  for (guint i = 0; i < post->notices->len; i++)
    g_array_append_val (message->ids, ((OrfNotice *) post->notices->pdata[i])->id);
  g_queue_push_tail (&outlet->unposted, message);
  post_next (outlet);
}

gboolean
orf_notice_outlet_adopt (OrfNoticeOutlet *outlet, gint64 outbox_id, gint64 notice_id)
{
  g_autoptr (GArray) ids = g_array_new (FALSE, FALSE, sizeof (gint64));

  if (!orf_outbox_has_entry (outlet->destination, outbox_id))
    return FALSE;
  g_array_append_val (ids, notice_id);
  remember (outlet, outbox_id, ids);
  return TRUE;
}

/* ---- pushing again --------------------------------------------------------------------------- */

static void push_next (OrfNoticeOutlet *outlet);

static void
end_push (OrfNoticeOutlet *outlet)
{
  g_clear_pointer (&outlet->pushed, g_ptr_array_unref);
  g_clear_pointer (&outlet->telling, orf_alert_telling_free);
  if (outlet->delivery != NULL)
    deliver (outlet);
}

static void
pushed_cb (gpointer user_data, const OrfDeliveryResult *result, const char *answer)
{
  OrfNoticeOutlet *outlet = user_data;

  if (result->outcome != ORF_DELIVERY_DONE) {
    g_info (PREFIX "%s: what fires was not pushed again: %s", outlet->name, result->error);
    outlet->n_pushed = outlet->pushed->len; /* with the next */
  }
  push_next (outlet);
}

/* What fires, as it was told first. */
static void
push_next (OrfNoticeOutlet *outlet)
{
  guint end = MIN (outlet->pushed->len, outlet->n_pushed + MAX_PUSHED);

  if (outlet->n_pushed == end || outlet->delivery != NULL) {
    end_push (outlet);
    return;
  }
  g_clear_pointer (&outlet->telling, orf_alert_telling_free);
  outlet->telling = orf_alert_telling_new ();
  outlet->telling->alerts = g_ptr_array_new_with_free_func ((GDestroyNotify) orf_alert_told_free);
  for (; outlet->n_pushed < end; outlet->n_pushed++) {
    g_autoptr (OrfNotice) notice = orf_notice_new (0, outlet->name, ORF_NOTICE_FIRING, 0,
                                                   outlet->pushed->pdata[outlet->n_pushed]);

    g_ptr_array_add (outlet->telling->alerts, orf_notice_tell (notice));
  }
  orf_receiver_tell (outlet->receiver, outlet->telling, pushed_cb, outlet);
}

/* Where a message waits it is done when that is through. */
static void
push (OrfNoticeOutlet *outlet)
{
  if (!outlet->push_due || outlet->stopped || outlet->receiver == NULL || outlet->pushed != NULL ||
      outlet->delivery != NULL || outlet->unposted.length > 0 ||
      orf_outbox_get_state (outlet->destination).pending > 0)
    return;
  outlet->push_due = FALSE;
  outlet->pushed = outlet->ops->list_firing (outlet->user_data, outlet->name);
  outlet->n_pushed = 0;
  push_next (outlet);
}

static gboolean
push_cb (gpointer user_data)
{
  OrfNoticeOutlet *outlet = user_data;

  outlet->push_due = TRUE;
  push (outlet);
  return G_SOURCE_CONTINUE;
}

static void
set_push_timer (OrfNoticeOutlet *outlet)
{
  gint64 resend_us = outlet->receiver != NULL ? orf_receiver_get_resend_us (outlet->receiver) : 0;

  g_clear_handle_id (&outlet->push_id, g_source_remove);
  if (!outlet->started || outlet->stopped || resend_us == 0)
    return;
  outlet->push_id = g_timeout_add ((guint) MIN (resend_us / ORF_US_PER_MS, G_MAXINT32), push_cb,
                                   outlet);
  push_cb (outlet);
}

/* ---- life ------------------------------------------------------------------------------------ */

void
orf_notice_outlet_start (OrfNoticeOutlet *outlet)
{
  outlet->started = TRUE;
  set_push_timer (outlet);
}

void
orf_notice_outlet_stop (OrfNoticeOutlet *outlet)
{
  outlet->stopped = TRUE;
  g_clear_handle_id (&outlet->again_id, g_source_remove);
  g_clear_handle_id (&outlet->push_id, g_source_remove);
  if (outlet->pushed != NULL && outlet->receiver != NULL)
    orf_receiver_cancel (outlet->receiver);
  g_clear_pointer (&outlet->pushed, g_ptr_array_unref);
}

const char *
orf_notice_outlet_get_name (OrfNoticeOutlet *outlet)
{
  return outlet->name;
}

OrfReceiver *
orf_notice_outlet_get_receiver (OrfNoticeOutlet *outlet)
{
  return outlet->receiver;
}

void
orf_notice_outlet_set_receiver (OrfNoticeOutlet *outlet, OrfReceiver *receiver)
{
  g_clear_pointer (&outlet->receiver, orf_receiver_free);
  g_clear_pointer (&outlet->pushed, g_ptr_array_unref);
  g_clear_pointer (&outlet->telling, orf_alert_telling_free);
  outlet->receiver = receiver;
  if (outlet->delivery != NULL)
    deliver (outlet);
  set_push_timer (outlet);
}

OrfNoticeOutlet *
orf_notice_outlet_new (const OrfConfig *config,
                       OrfOutbox *outbox,
                       const char *name,
                       const OrfNoticeOutletOps *ops,
                       gpointer user_data)
{
  OrfNoticeOutlet *outlet = g_new0 (OrfNoticeOutlet, 1);
  g_autofree char *destination = g_strconcat (PREFIX, name, NULL);

  outlet->config = config;
  outlet->name = g_strdup (name);
  outlet->ops = ops;
  outlet->user_data = user_data;
  outlet->posted = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free,
                                          (GDestroyNotify) g_array_unref);
  outlet->destination = orf_outbox_add_destination (outbox, destination, &destination_ops, outlet);
  return outlet;
}

void
orf_notice_outlet_free (OrfNoticeOutlet *outlet)
{
  orf_notice_outlet_stop (outlet);
  g_clear_pointer (&outlet->receiver, orf_receiver_free);
  g_clear_pointer (&outlet->telling, orf_alert_telling_free);
  g_queue_clear_full (&outlet->unposted, message_free);
  g_hash_table_unref (outlet->posted);
  g_free (outlet->name);
  g_free (outlet);
}
