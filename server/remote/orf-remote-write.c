/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Invariants.
 * - Rows are cut into runs in their order, each run an entry of the outbox, posted before the next
 * is cut; the cursor moves in the same transaction.  After a kill the same runs are sent again as
 * they were, so a receiver that has one of them already refuses nothing else with it.
 * - One job reads at a time, and has the names with it.
 * - A request is in flight for one run at a time: samples of a series arrive in their order.
 */
#include "remote/orf-remote-write.h"

#include "core/orf-clock.h"
#include "outbox/orf-http-sender.h"
#include "outbox/orf-outbox-run.h"
#include "remote/orf-remote-batch.h"
#include "remote/orf-remote-labels.h"

/* Runs that are posted and packed while the one before them is on its way. */
#define MAX_AHEAD 3
/* Requests by which one run that was refused is taken apart: what is wrong in ten thousand samples
 * is found by 28, and what a receiver refuses as a whole does not become thousands. */
#define MAX_SPLITS 64
/* Of the runs after one that was refused as a whole, until something is taken. */
#define MAX_SPLITS_REFUSED 4
/* Of an entry: ten times what [remote_write] max_samples may be. */
#define MAX_ENTRY_ROWS 1000000
/* At most one line in the log so often. */
#define LOG_US (60 * ORF_US_PER_S)

struct _OrfRemoteWrite {
  const OrfConfig *config;
  OrfStore *store;
  OrfOutbox *outbox;
  OrfDestination *destination; /* NULL: nothing was ever handed on in this run */
  OrfHttpSender *sender;       /* NULL: nothing is */
  OrfRemoteNames *names;       /* NULL: a job has them */
  OrfCancel *closing;
  gboolean started, stopped;
  guint timer_id;

  gboolean reading; /* a job is on its way */
  gboolean due;     /* there may be rows that are not cut yet */
  gboolean rewind;  /* the next is cut before rows that were cut already */
  gboolean posting;
  OrfRemoteBatch *cut; /* not in the outbox yet; NULL: none */
  GQueue batches;      /* OrfRemoteBatch, of entries, by rowid */
  gint64 next_rowid;   /* where the next is cut; 0: at the first row there is */
  gint64 last_rowid;   /* of the file, as last seen */

  OrfDelivery *delivery;   /* NULL: none is on its way */
  OrfRemoteBatch *sending; /* of batches; NULL: to be read */
  OrfHttpPost *post;
  guint n_splits, max_splits;
  guint64 n_taken, n_refused; /* samples of this delivery */
  char *refusal;

  guint64 samples, dropped, requests;
  gint64 logged_us; /* monotonic */
};

static void read_more (OrfRemoteWrite *remote);
static void step (OrfRemoteWrite *remote);

/* ---- what is lost ---------------------------------------------------------------------------- */

static void
drop (OrfRemoteWrite *remote, guint64 n, const char *why)
{
  gint64 now_us = orf_clock_monotonic_us ();

  remote->dropped += n;
  if (n == 0 || (remote->logged_us != 0 && now_us < remote->logged_us + LOG_US))
    return;
  remote->logged_us = now_us;
  g_warning ("remote_write: %" G_GUINT64_FORMAT " samples are not sent: %s; %" G_GUINT64_FORMAT
             " since start",
             n, why, remote->dropped);
}

static gint64
get_oldest_rowid (OrfRemoteWrite *remote)
{
  OrfDestinationState state = orf_outbox_get_state (remote->destination);

  return state.oldest_rowid > 0 ? state.oldest_rowid : remote->next_rowid;
}

static void
forget_batches (OrfRemoteWrite *remote)
{
  g_clear_pointer (&remote->cut, orf_remote_batch_free);
  g_queue_clear_full (&remote->batches, (GDestroyNotify) orf_remote_batch_free);
}

/* More rows wait than may: the oldest are given up, some more
 * than needed, so that it is not done again at once.  TRUE: so it was. */
static gboolean
give_up_oldest (OrfRemoteWrite *remote)
{
  gint64 max_rows = remote->config->remote_write.max_rows;
  gint64 oldest = get_oldest_rowid (remote);
  gint64 next = remote->last_rowid + 1 - (max_rows - max_rows / 10);

  if (remote->posting || oldest == 0 || remote->last_rowid + 1 - oldest <= max_rows)
    return FALSE;
  orf_outbox_clear (remote->destination, next); /* cancels what is on its way */
  forget_batches (remote);
  remote->rewind = TRUE;
  remote->next_rowid = next;
  remote->due = TRUE;
  drop (remote, (guint64) (next - oldest), "the receiver takes none, and more than max_rows wait");
  return TRUE;
}

/* ---- reading --------------------------------------------------------------------------------- */

typedef struct {
  OrfRemoteWrite *remote;
  OrfRemoteBatch *batch;
  OrfRemoteNames *names;
  gboolean again; /* of an entry of another run of the daemon */
} Look;

static void
look_free (Look *look)
{
  g_clear_pointer (&look->batch, orf_remote_batch_free);
  g_free (look);
}

static gboolean
look_thread_cb (gpointer data, OrfConnection *connection, GError **error)
{
  Look *look = data;

  return orf_remote_batch_read (look->batch, look->names, connection, error);
}

static void
posted_cb (gpointer user_data, const OrfWriteResult *result, const GError *error)
{
  OrfRemoteWrite *remote = user_data;

  remote->posting = FALSE;
  if (remote->stopped)
    return;
  if (remote->sender == NULL) { /* turned off meanwhile */
    forget_batches (remote);
    orf_outbox_clear (remote->destination, 0);
    return;
  }
  if (error != NULL) { /* no loss: it is posted again at the next tick */
    g_info ("remote_write: %s", error->message);
    return;
  }
  remote->next_rowid = remote->cut->next_rowid;
  g_queue_push_tail (&remote->batches, g_steal_pointer (&remote->cut));
  read_more (remote);
}

static void
post_cut (OrfRemoteWrite *remote)
{
  const OrfRemoteBatch *cut = remote->cut;
  g_autoptr (GBytes) body = orf_outbox_run_format (cut->from_rowid, cut->next_rowid - 1);
  const OrfOutboxRows rows = { cut->from_rowid, cut->next_rowid };

  remote->posting = TRUE;
  orf_outbox_post (remote->destination, body, &rows, posted_cb, remote);
}

static void
take_cut (OrfRemoteWrite *remote, OrfRemoteBatch *batch)
{
  g_autoptr (OrfRemoteBatch) taken = batch;

  if (remote->next_rowid > 0 && batch->first_rowid > batch->from_rowid)
    drop (remote, (guint64) (batch->first_rowid - batch->from_rowid),
          "they are not there any more");
  batch->from_rowid = MAX (batch->from_rowid, batch->first_rowid);
  /* a file that was put in the place of another */
  if (batch->last_rowid > 0 && batch->from_rowid > batch->last_rowid + 1)
    remote->next_rowid = batch->last_rowid + 1;
  if (give_up_oldest (remote) || batch->n_rows == 0)
    return;
  remote->due = batch->n_rows == batch->max_samples;
  drop (remote, batch->n_left_out, "another series is sent under their name");
  remote->cut = g_steal_pointer (&taken);
  post_cut (remote);
}

static void
fail_delivery (OrfRemoteWrite *remote, const char *why)
{
  const OrfDeliveryResult result = { ORF_DELIVERY_RETRY, 0, why };

  orf_delivery_finish (g_steal_pointer (&remote->delivery), &result);
}

/* The rows of an entry of another run, or what is left of them. */
static void
take_again (OrfRemoteWrite *remote, OrfRemoteBatch *batch)
{
  if (remote->delivery == NULL || remote->sending != NULL) {
    orf_remote_batch_free (batch);
    return;
  }
  drop (remote, (guint64) (batch->to_rowid - batch->from_rowid + 1 - batch->n_rows),
        "they are not there any more");
  g_queue_push_head (&remote->batches, batch);
  remote->sending = batch;
  step (remote);
}

static void
looked_cb (gpointer user_data, const GError *error)
{
  Look *look = user_data;
  OrfRemoteWrite *remote = look->remote;

  remote->reading = FALSE;
  remote->names = look->names;
  if (remote->stopped || remote->sender == NULL) {
    look_free (look);
    return;
  }
  if (error != NULL) {
    g_info ("remote_write: %s", error->message);
    if (look->again && remote->delivery != NULL && remote->sending == NULL)
      fail_delivery (remote, error->message);
  } else {
    remote->last_rowid = look->batch->last_rowid;
    if (look->again)
      take_again (remote, g_steal_pointer (&look->batch));
    else
      take_cut (remote, g_steal_pointer (&look->batch));
    read_more (remote);
  }
  look_free (look);
}

/* Takes batch. */
static void
start_look (OrfRemoteWrite *remote, OrfRemoteBatch *batch, gboolean again)
{
  Look *look = g_new0 (Look, 1);

  if (remote->rewind && !again) {
    orf_remote_names_rewind (remote->names);
    remote->rewind = FALSE;
  }
  *look = (Look){ remote, batch, g_steal_pointer (&remote->names), again };
  remote->reading = TRUE;
  orf_store_read (remote->store, look_thread_cb, look, remote->closing, looked_cb, look);
}

static OrfRemoteBatch *
parse_entry (OrfDelivery *delivery)
{
  gint64 from, to;

  if (!orf_outbox_run_parse (orf_delivery_get_body (delivery), MAX_ENTRY_ROWS, &from, &to))
    return NULL;
  return orf_remote_batch_new (from, to, (guint) (to - from + 1));
}

/* What is to be sent goes before what is to be cut. */
static void
read_more (OrfRemoteWrite *remote)
{
  const OrfConfig *config = remote->config;
  gboolean room = remote->batches.length < MIN (MAX_AHEAD, (guint64) config->outbox.max_entries);

  if (!remote->started || remote->stopped || remote->reading || remote->sender == NULL)
    return;
  if (remote->delivery != NULL && remote->sending == NULL) {
    start_look (remote, parse_entry (remote->delivery), TRUE);
  } else if (remote->due && remote->cut == NULL && !remote->posting) {
    remote->due = FALSE;
    /* with no room it is only looked how many wait */
    start_look (remote,
                orf_remote_batch_new (MAX (remote->next_rowid, 1), G_MAXINT64,
                                      room ? (guint) config->remote_write.max_samples : 0),
                FALSE);
  }
}

/* ---- sending --------------------------------------------------------------------------------- */

static void
end_delivery (OrfRemoteWrite *remote)
{
  g_autofree char *refusal = g_steal_pointer (&remote->refusal);
  gboolean refused = remote->n_taken == 0 && remote->n_refused > 0;
  const OrfDeliveryResult result = { refused ? ORF_DELIVERY_REFUSED : ORF_DELIVERY_DONE, 0,
                                     refused ? refusal : NULL };

  if (remote->n_refused > 0)
    remote->max_splits = refused ? MAX_SPLITS_REFUSED : MAX_SPLITS;
  g_queue_remove (&remote->batches, remote->sending);
  g_clear_pointer (&remote->sending, orf_remote_batch_free);
  orf_delivery_finish (g_steal_pointer (&remote->delivery), &result);
  remote->due = remote->due || remote->last_rowid >= remote->next_rowid;
  read_more (remote);
}

/* What is wrong with it may be in one half. */
static gboolean
try_halves (OrfRemoteWrite *remote, const OrfRemotePart *part, guint status)
{
  OrfWritePiece pieces[2];

  if ((status != 400 && status != 413 && status != 422) || remote->n_splits >= remote->max_splits ||
      !orf_write_request_split (part->body, pieces))
    return FALSE;
  remote->n_splits++;
  for (guint i = 2; i > 0; i--) {
    OrfRemotePart *half = g_new0 (OrfRemotePart, 1);

    *half = (OrfRemotePart){ pieces[i - 1].body, pieces[i - 1].n_samples };
    g_queue_push_head (&remote->sending->parts, half);
  }
  return TRUE;
}

static void
take_refusal (OrfRemoteWrite *remote, const OrfRemotePart *part, const char *why, guint status)
{
  if (try_halves (remote, part, status))
    return;
  remote->n_refused += part->n_samples;
  g_free (remote->refusal);
  remote->refusal = g_strdup (why);
  drop (remote, part->n_samples, why);
}

static void
answered_cb (gpointer user_data, const OrfDeliveryResult *result, guint status)
{
  OrfRemoteWrite *remote = user_data;
  OrfRemotePart *part;

  remote->post = NULL;
  if (result->outcome == ORF_DELIVERY_RETRY) { /* what is left of the run stays in batches */
    remote->sending = NULL;
    orf_delivery_finish (g_steal_pointer (&remote->delivery), result);
    return;
  }
  part = g_queue_pop_head (&remote->sending->parts);
  if (result->outcome == ORF_DELIVERY_DONE) {
    remote->n_taken += part->n_samples;
    remote->samples += part->n_samples;
    remote->max_splits = MAX_SPLITS;
  } else {
    take_refusal (remote, part, result->error, status);
  }
  orf_remote_part_free (part);
  step (remote);
}

static void
step (OrfRemoteWrite *remote)
{
  static const char *const headers[] = { "Content-Encoding", "snappy",
                                         "X-Prometheus-Remote-Write-Version", "0.1.0", NULL };
  const OrfRemotePart *part = g_queue_peek_head (&remote->sending->parts);

  if (part == NULL) {
    end_delivery (remote);
    return;
  }
  remote->requests++;
  remote->post = orf_http_sender_post (remote->sender, "application/x-protobuf", headers,
                                       part->body, remote->config->remote_write.timeout_us,
                                       answered_cb, remote);
}

static OrfRemoteBatch *
find_batch (OrfRemoteWrite *remote, gint64 from_rowid)
{
  for (GList *at = remote->batches.head; at != NULL; at = at->next)
    if (((OrfRemoteBatch *) at->data)->from_rowid == from_rowid)
      return at->data;
  return NULL;
}

static void
send_cb (gpointer user_data, OrfDelivery *delivery)
{
  OrfRemoteWrite *remote = user_data;
  g_autoptr (OrfRemoteBatch) asked = parse_entry (delivery);

  if (asked == NULL) {
    const OrfDeliveryResult result = { ORF_DELIVERY_REFUSED, 0, "the entry is none of ours" };

    orf_delivery_finish (delivery, &result);
    return;
  }
  remote->delivery = delivery;
  remote->n_splits = 0;
  remote->n_taken = remote->n_refused = 0;
  remote->sending = find_batch (remote, asked->from_rowid);
  if (remote->sending != NULL)
    step (remote);
  else
    read_more (remote);
}

static void
cancel_cb (gpointer user_data, OrfDelivery *delivery)
{
  OrfRemoteWrite *remote = user_data;

  g_clear_pointer (&remote->post, orf_http_post_cancel);
  remote->delivery = NULL;
  remote->sending = NULL;
}

/* ---- settings -------------------------------------------------------------------------------- */

static gboolean
make_sender (const OrfConfig *config, OrfHttpSender **sender, GError **error)
{
  const OrfHttpSenderOptions options = {
    .section = "remote_write",
    .url = config->remote_write.url,
    .token_file = config->remote_write.token_file,
    .basic_user = config->remote_write.basic_user,
    .password_file = config->remote_write.password_file,
    .tls_ca_file = config->remote_write.tls_ca_file,
  };

  *sender = NULL;
  if (config->remote_write.url[0] == '\0')
    return TRUE;
  *sender = orf_http_sender_new (&options, error);
  return *sender != NULL;
}

static char **
make_labels (const OrfConfig *config, GError **error)
{
  return orf_remote_labels_parse ((const char *const *) config->remote_write.external_labels,
                                  g_get_host_name (), error);
}

gboolean
orf_remote_write_check (const OrfConfig *config, GError **error)
{
  g_auto (GStrv) labels = make_labels (config, error);
  g_autoptr (OrfHttpSender) sender = NULL;

  return labels != NULL && make_sender (config, &sender, error);
}

static void
begin (OrfRemoteWrite *remote)
{
  static const OrfDestinationOps ops = { send_cb, cancel_cb };

  if (remote->destination == NULL) {
    remote->destination = orf_outbox_add_destination (remote->outbox, ORF_REMOTE_WRITE_NAME, &ops,
                                                      remote);
    remote->next_rowid = orf_outbox_get_next_rowid (remote->destination);
  }
  remote->due = TRUE;
}

static void
end (OrfRemoteWrite *remote)
{
  remote->next_rowid = 0;
  remote->rewind = TRUE;
  orf_outbox_clear (remote->destination, 0);
  if (!remote->posting)
    forget_batches (remote);
}

gboolean
orf_remote_write_reload (OrfRemoteWrite *remote, GError **error)
{
  OrfHttpSender *fresh;
  gboolean was_on = remote->sender != NULL;

  if (!make_sender (remote->config, &fresh, error))
    return FALSE;
  /* a request on its way ends by the settings it began with */
  g_clear_pointer (&remote->sender, orf_http_sender_free);
  remote->sender = fresh;
  if (was_on && fresh == NULL)
    end (remote);
  else if (fresh != NULL && !was_on)
    begin (remote);
  if (fresh != NULL)
    orf_outbox_hurry (remote->destination);
  read_more (remote);
  return TRUE;
}

/* ---- life ------------------------------------------------------------------------------------ */

static gboolean
tick_cb (gpointer user_data)
{
  OrfRemoteWrite *remote = user_data;

  remote->timer_id = g_timeout_add (
    (guint) (remote->config->remote_write.period_us / ORF_US_PER_MS), tick_cb, remote);
  remote->due = TRUE;
  if (remote->cut != NULL && !remote->posting && remote->sender != NULL)
    post_cut (remote);
  else
    read_more (remote);
  return G_SOURCE_REMOVE;
}

OrfRemoteWrite *
orf_remote_write_new (const OrfConfig *config, OrfStore *store, OrfOutbox *outbox, GError **error)
{
  g_autoptr (OrfRemoteWrite) remote = g_new0 (OrfRemoteWrite, 1);
  g_auto (GStrv) labels = NULL;

  remote->config = config;
  remote->store = store;
  remote->outbox = outbox;
  remote->max_splits = MAX_SPLITS;
  labels = make_labels (config, error);
  if (labels == NULL || !make_sender (config, &remote->sender, error))
    return NULL;
  remote->names = orf_remote_names_new (labels);
  remote->closing = orf_cancel_new (0);
  if (remote->sender != NULL)
    begin (remote);
  return g_steal_pointer (&remote);
}

void
orf_remote_write_start (OrfRemoteWrite *remote)
{
  remote->started = TRUE;
  tick_cb (remote);
}

void
orf_remote_write_stop (OrfRemoteWrite *remote)
{
  remote->stopped = TRUE;
  g_clear_handle_id (&remote->timer_id, g_source_remove);
  orf_cancel_trigger (remote->closing);
}

void
orf_remote_write_free (OrfRemoteWrite *remote)
{
  forget_batches (remote);
  g_clear_pointer (&remote->sender, orf_http_sender_free);
  g_clear_pointer (&remote->names, orf_remote_names_free);
  g_clear_pointer (&remote->closing, orf_cancel_unref);
  g_free (remote->refusal);
  g_free (remote);
}

gboolean
orf_remote_write_get_state (OrfRemoteWrite *remote, OrfRemoteWriteState *state)
{
  const OrfRemoteBatch *batch = g_queue_peek_head (&remote->batches);
  OrfDestinationState outbox;
  gint64 oldest_us;

  if (remote->sender == NULL)
    return FALSE;
  outbox = orf_outbox_get_state (remote->destination);
  oldest_us = batch != NULL ? batch->from_us : outbox.oldest_us;
  *state = (OrfRemoteWriteState){
    .url = remote->config->remote_write.url,
    .samples = remote->samples,
    .dropped = remote->dropped,
    .requests = remote->requests,
  };
  if (outbox.pending == 0)
    return TRUE;
  state->pending_samples = MAX (remote->last_rowid + 1 - outbox.oldest_rowid, 0);
  state->behind_us = MAX (orf_clock_now_us () - oldest_us, 0);
  return TRUE;
}
