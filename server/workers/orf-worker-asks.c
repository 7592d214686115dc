/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Invariants:
 * - An ask is in the table from its making until it is ended; its asker hears when it is taken out
 *   by an end, and never within orf_worker_asks_add(): what ends there already waits for an idle
 *   turn, still in the table.
 * - Callbacks may ask, cancel and answer: nothing of an ask is looked at after its asker was told.
 */
#include "workers/orf-worker-asks.h"

#include <string.h>

#include "core/orf-clock.h"
#include "core/orf-names.h"
#include "orf-encode.h"
#include "orf-error.h"

typedef struct {
  OrfWorkerAsks *asks;
  char *advice;
  gint64 worker_no;
  const OrfWorker *worker; /* is there as long as it is not ended */
  OrfWorkerWay way;
  OrfWorkerAsker asker;
  guint deadline_id;
  /* it ended before it was wholly asked */
  guint ended_id;
  OrfWorkerAskEnd end;
  gint64 claimed_bytes;
  char *text;
} Open;

struct _OrfWorkerAsks {
  OrfWorkerAsksOps ops;
  GHashTable *open;   /* advice → Open */
  const char *adding; /* the advice that is on its way to its worker just now */
  char *prefix; /* of this run: an answer to an advice of the run before is not taken for one */
  guint64 last_number;
};

static void
open_free (gpointer data)
{
  Open *open = data;

  g_clear_handle_id (&open->deadline_id, g_source_remove);
  g_clear_handle_id (&open->ended_id, g_source_remove);
  g_free (open->advice);
  g_free (open->text);
  g_free (open);
}

OrfWorkerAsks *
orf_worker_asks_new (const OrfWorkerAsksOps *ops)
{
  OrfWorkerAsks *asks = g_new0 (OrfWorkerAsks, 1);

  asks->ops = *ops;
  asks->open = orf_names_table_new (NULL, open_free);
  asks->prefix = g_strdup_printf ("a-%08x-", g_random_int ());
  return asks;
}

void
orf_worker_asks_free (OrfWorkerAsks *asks)
{
  g_hash_table_unref (asks->open);
  g_free (asks->prefix);
  g_free (asks);
}

/* ---- the end --------------------------------------------------------------------------------- */

static void
tell (Open *open, OrfWorkerAskEnd end, gint64 claimed_bytes, const char *text)
{
  const OrfWorkerAsker asker = open->asker;

  if (asker.answered != NULL)
    asker.answered (asker.user_data, end, claimed_bytes, text);
}

static gboolean
ended_cb (gpointer user_data)
{
  Open *open = user_data;

  open->ended_id = 0;
  g_hash_table_steal (open->asks->open, open->advice);
  tell (open, open->end, open->claimed_bytes, open->text);
  open_free (open);
  return G_SOURCE_REMOVE;
}

void
orf_worker_asks_end (OrfWorkerAsks *asks,
                     const char *advice,
                     OrfWorkerAskEnd end,
                     gint64 claimed_bytes,
                     const char *text)
{
  Open *open = g_hash_table_lookup (asks->open, advice);

  if (open == NULL || open->ended_id != 0)
    return;
  if (asks->adding != NULL && strcmp (asks->adding, advice) == 0) {
    open->end = end;
    open->claimed_bytes = claimed_bytes;
    open->text = g_strdup (text);
    g_clear_handle_id (&open->deadline_id, g_source_remove);
    open->ended_id = g_idle_add_full (G_PRIORITY_DEFAULT, ended_cb, open, NULL);
    return;
  }
  g_hash_table_steal (asks->open, advice);
  tell (open, end, claimed_bytes, text);
  open_free (open);
}

/* It is not waited for any more, and who was to do it may stop. */
static void
call_off (const Open *open)
{
  if (open->way.reach != NULL && open->ended_id == 0)
    open->way.reach->cancel (open->way.self, open->advice);
}

static gboolean
deadline_cb (gpointer user_data)
{
  Open *open = user_data;
  const OrfWorkerAsksOps *ops = &open->asks->ops;
  gboolean listens = ops->is_listening (ops->user_data, open->worker);

  open->deadline_id = 0;
  g_hash_table_steal (open->asks->open, open->advice);
  call_off (open);
  tell (open, listens ? ORF_WORKER_ASK_TIMED_OUT : ORF_WORKER_ASK_LOST, -1, NULL);
  open_free (open);
  return G_SOURCE_REMOVE;
}

void
orf_worker_asks_cancel (OrfWorkerAsks *asks, const char *advice)
{
  Open *open = g_hash_table_lookup (asks->open, advice);

  if (open == NULL)
    return;
  g_hash_table_steal (asks->open, advice);
  call_off (open);
  open_free (open);
}

static Open *
find_of (OrfWorkerAsks *asks, const OrfWorker *worker)
{
  GHashTableIter iter;
  gpointer value;

  g_hash_table_iter_init (&iter, asks->open);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    if (((Open *) value)->worker_no == worker->no && ((Open *) value)->ended_id == 0)
      return value;
  return NULL;
}

/* One after the other, as who is told of one may cancel the next. */
void
orf_worker_asks_lose (OrfWorkerAsks *asks, const OrfWorker *worker)
{
  Open *open;

  while ((open = find_of (asks, worker)) != NULL)
    orf_worker_asks_end (asks, open->advice, ORF_WORKER_ASK_LOST, -1, NULL);
}

/* ---- asking ---------------------------------------------------------------------------------- */

static void
publish (const OrfWorkerWay *way, const OrfWorkerAsk *ask)
{
  const OrfWorkerAdvice value = {
    .advice = (char *) ask->advice,
    .kind = ask->kind,
    .level = ask->level,
    .has_batch_size = ask->batch_size > 0,
    .batch_size = ask->batch_size,
    .deadline_us = ask->deadline_us,
    .reason = (char *) ask->reason,
  };
  g_autoptr (GString) json = g_string_sized_new (256);
  g_autoptr (GError) error = NULL;

  if (orf_encode (&orf_worker_advice_desc, &value, json, &error))
    orf_channel_publish (way->channel, json->str, json->len);
  else
    g_warning ("an advice that cannot be told: %s", error->message);
}

static guint
get_patience_ms (gint64 deadline_us)
{
  gint64 left_us = deadline_us - orf_clock_now_us ();

  return (guint) CLAMP (left_us / ORF_US_PER_MS, 0, G_MAXINT);
}

const char *
orf_worker_asks_add (OrfWorkerAsks *asks,
                     const OrfWorker *worker,
                     const OrfWorkerAsk *ask,
                     const OrfWorkerWay *way,
                     const OrfWorkerAsker *asker)
{
  const char *outer = asks->adding; /* an actuator may ask others meanwhile */
  OrfWorkerAsk told = *ask;
  Open *open;

  if (orf_worker_asks_count (asks, worker) >= ORF_WORKER_MAX_ASKS)
    return NULL;
  open = g_new0 (Open, 1);
  open->asks = asks;
  open->advice = g_strdup_printf ("%s%" G_GUINT64_FORMAT, asks->prefix, ++asks->last_number);
  open->worker_no = worker->no;
  open->worker = worker;
  open->way = *way;
  open->asker = *asker;
  open->deadline_id = g_timeout_add (get_patience_ms (ask->deadline_us), deadline_cb, open);
  g_hash_table_insert (asks->open, open->advice, open);
  told.advice = asks->adding = open->advice;
  if (way->reach != NULL)
    way->reach->ask (way->self, &told);
  else
    publish (way, &told);
  asks->adding = outer;
  return open->advice;
}

guint
orf_worker_asks_count (OrfWorkerAsks *asks, const OrfWorker *worker)
{
  GHashTableIter iter;
  gpointer value;
  guint n = 0;

  g_hash_table_iter_init (&iter, asks->open);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    n += ((Open *) value)->worker_no == worker->no;
  return n;
}

/* An id of this run that is not open any more. */
static gboolean
was_given (const OrfWorkerAsks *asks, const char *advice)
{
  guint64 number;

  return asks->last_number > 0 && g_str_has_prefix (advice, asks->prefix) &&
         g_ascii_string_to_unsigned (advice + strlen (asks->prefix), 10, 1, asks->last_number,
                                     &number, NULL);
}

gboolean
orf_worker_asks_check (OrfWorkerAsks *asks,
                       const OrfWorker *worker,
                       const char *advice,
                       GError **error)
{
  const Open *open = g_hash_table_lookup (asks->open, advice);

  if (open != NULL && open->worker_no == worker->no && open->ended_id == 0)
    return TRUE;
  if ((open != NULL && open->worker_no == worker->no) || (open == NULL && was_given (asks, advice)))
    g_propagate_error (error, orf_error_new_field (ORF_ERROR_FAILED_PRECONDITION, "advice", NULL,
                                                   "nobody waits for this advice any more: it was "
                                                   "answered, or its time is over"));
  else
    g_propagate_error (error, orf_error_new_field (ORF_ERROR_NOT_FOUND, "advice", NULL,
                                                   "%s has no such advice", worker->id));
  return FALSE;
}
