/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Invariants.
 * - Spans are cut into runs in their order, each run an entry of the outbox, posted before the next
 * is cut; the cursor moves in the same transaction.  After a kill the same runs are sent again, and
 * whoever has their spans already knows them by their ids.
 * - One job reads at a time, and one request is in flight.
 * - What is in `parts` belongs to `delivery`, and is empty where there is none.
 */
#include "export/orf-span-outlet.h"

#include "core/orf-clock.h"
#include "core/orf-config.h"
#include "export/orf-export-settings.h"
#include "export/orf-span-run.h"
#include "outbox/orf-http-sender.h"
#include "outbox/orf-outbox-run.h"
#include "store/orf-store-outbox.h"

/* Runs that are posted and packed while the one before them is on its way. */
#define MAX_AHEAD 2
/* Requests by which one run that was too large is taken apart: a receiver that takes nothing does
 * not make thousands of it. */
#define MAX_SPLITS 64
/* Of a part, read and sent at once: as many as [trace_export] max_spans may be.  What an entry
 * names beyond is read when they are done with. */
#define MAX_AGAIN 20000
/* At most one line in the log so often. */
#define LOG_US (60 * ORF_US_PER_S)

/* Numbers of a delivery that are not sent yet. */
typedef struct {
  gint64 from_no, to_no;
} Part;

struct _OrfSpanOutlet {
  const OrfConfig *config;
  OrfStore *store;
  char *name;
  OrfDestination *destination;
  OrfConfigTraceReceiver *settings; /* NULL: there is no receiver */
  OrfHttpSender *sender;            /* the same */
  char **headers;                   /* name, value, …, NULL */
  OrfCancel *closing;
  gboolean started, stopped;

  gboolean reading; /* a job is on its way */
  gboolean due;     /* there may be spans that are not cut yet */
  gboolean posting;
  OrfSpanRun *cut; /* not in the outbox yet; NULL: none */
  GQueue runs;     /* OrfSpanRun, of entries, by number */
  gint64 next_no;  /* where the next is cut; 0: at the first span there is */
  gint64 last_no;  /* of the file, as last seen */

  OrfDelivery *delivery; /* NULL: none is on its way */
  gint64 oldest_no;      /* of the last delivery, until it ends; 0: none */
  GQueue parts;          /* Part */
  OrfSpanRun *loaded;    /* the first part, where it is none of runs; NULL: not read */
  OrfHttpPost *post;
  guint n_splits;
  guint64 n_taken, n_refused; /* spans of this delivery */
  char *refusal;

  guint64 sent, dropped;
  gint64 logged_us; /* monotonic */
};

static void read_more (OrfSpanOutlet *outlet);
static void step (OrfSpanOutlet *outlet);

/* ---- what is lost ---------------------------------------------------------------------------- */

static void
drop (OrfSpanOutlet *outlet, guint64 n, const char *why)
{
  gint64 now_us = orf_clock_monotonic_us ();

  outlet->dropped += n;
  if (n == 0 || (outlet->logged_us != 0 && now_us < outlet->logged_us + LOG_US))
    return;
  outlet->logged_us = now_us;
  g_warning ("trace_export: %s: %" G_GUINT64_FORMAT " spans are not sent: %s; %" G_GUINT64_FORMAT
             " since start",
             outlet->name, n, why, outlet->dropped);
}

static void
forget_runs (OrfSpanOutlet *outlet)
{
  g_clear_pointer (&outlet->cut, orf_span_run_free);
  g_queue_clear_full (&outlet->runs, (GDestroyNotify) orf_span_run_free);
}

static void
forget_parts (OrfSpanOutlet *outlet)
{
  g_queue_clear_full (&outlet->parts, g_free);
  g_clear_pointer (&outlet->loaded, orf_span_run_free);
}

/* ---- reading --------------------------------------------------------------------------------- */

typedef struct {
  OrfSpanOutlet *outlet;
  OrfSpanRun *run;
  gboolean again; /* for a part of a delivery */
} Look;

static void
posted_cb (gpointer user_data, const OrfWriteResult *result, const GError *error)
{
  OrfSpanOutlet *outlet = user_data;

  outlet->posting = FALSE;
  if (outlet->stopped)
    return;
  if (outlet->sender == NULL) { /* the receiver is gone meanwhile */
    forget_runs (outlet);
    orf_outbox_clear (outlet->destination, 0);
    return;
  }
  if (error != NULL) { /* no loss: it is posted again at the next look */
    g_info ("trace_export: %s: %s", outlet->name, error->message);
    return;
  }
  outlet->next_no = outlet->cut->next_no;
  g_queue_push_tail (&outlet->runs, g_steal_pointer (&outlet->cut));
  read_more (outlet);
}

static void
post_cut (OrfSpanOutlet *outlet)
{
  g_autoptr (GBytes)
    entry = orf_outbox_run_format (outlet->cut->begin_no, outlet->cut->next_no - 1);
  const OrfOutboxRows rows = { 0, outlet->cut->next_no };

  outlet->posting = TRUE;
  orf_outbox_post (outlet->destination, entry, &rows, posted_cb, outlet);
}

/* Takes run. */
static void
take_cut (OrfSpanOutlet *outlet, OrfSpanRun *run)
{
  outlet->last_no = run->last_no;
  if (run->n_spans == 0) {
    orf_span_run_free (run);
    return;
  }
  if (outlet->next_no > 0)
    drop (outlet, (guint64) (run->next_no - outlet->next_no - run->n_spans),
          "they are not there any more");
  outlet->due = run->last_no >= run->next_no;
  outlet->cut = run;
  post_cut (outlet);
}

static void
looked_cb (gpointer user_data, const GError *error)
{
  g_autofree Look *look = user_data;
  OrfSpanOutlet *outlet = look->outlet;
  g_autoptr (OrfSpanRun) run = look->run;

  outlet->reading = FALSE;
  if (outlet->stopped || outlet->sender == NULL)
    return;
  if (error != NULL) {
    g_info ("trace_export: %s: %s", outlet->name, error->message);
    if (look->again && outlet->delivery != NULL && outlet->post == NULL) {
      const OrfDeliveryResult result = { ORF_DELIVERY_RETRY, 0, error->message };

      forget_parts (outlet);
      orf_delivery_finish (g_steal_pointer (&outlet->delivery), &result);
    }
    return;
  }
  if (!look->again) {
    take_cut (outlet, g_steal_pointer (&run));
  } else if (outlet->delivery != NULL && outlet->loaded == NULL && outlet->post == NULL) {
    const Part *part = g_queue_peek_head (&outlet->parts);

    /* another delivery may have come meanwhile */
    if (part->from_no == run->from_no && part->to_no == run->to_no)
      outlet->loaded = g_steal_pointer (&run);
    step (outlet);
  }
  read_more (outlet);
}

/* Takes run. */
static void
start_look (OrfSpanOutlet *outlet, OrfSpanRun *run, gboolean again)
{
  Look *look = g_new0 (Look, 1);

  *look = (Look){ outlet, run, again };
  outlet->reading = TRUE;
  orf_store_read (outlet->store, orf_span_run_read, run, outlet->closing, looked_cb, look);
}

/* The run that a part is. */
static OrfSpanRun *
find_run (OrfSpanOutlet *outlet, const Part *part)
{
  for (GList *at = outlet->runs.head; at != NULL; at = at->next) {
    OrfSpanRun *run = at->data;

    if (run->begin_no == part->from_no && run->next_no - 1 == part->to_no)
      return run;
  }
  return outlet->loaded;
}

static gboolean
has_room (OrfSpanOutlet *outlet)
{
  OrfDestinationState state = orf_outbox_get_state (outlet->destination);

  return state.pending < MIN (MAX_AHEAD, (guint64) outlet->config->outbox.max_entries);
}

/* What is to be sent goes before what is to be cut. */
static void
read_more (OrfSpanOutlet *outlet)
{
  const Part *part = g_queue_peek_head (&outlet->parts);

  if (!outlet->started || outlet->stopped || outlet->reading || outlet->sender == NULL)
    return;
  if (part != NULL && outlet->post == NULL && find_run (outlet, part) == NULL) {
    start_look (outlet,
                orf_span_run_new (part->from_no, part->to_no,
                                  (guint) MIN (part->to_no - part->from_no + 1, MAX_AGAIN)),
                TRUE);
  } else if (outlet->due && outlet->cut == NULL && !outlet->posting) {
    outlet->due = FALSE;
    /* with no room it is only looked how many wait */
    start_look (outlet,
                orf_span_run_new (MAX (outlet->next_no, 1), G_MAXINT64,
                                  has_room (outlet) ? (guint) outlet->config->trace_export.max_spans
                                                    : 0),
                FALSE);
  }
}

void
orf_span_outlet_look (OrfSpanOutlet *outlet)
{
  outlet->due = TRUE;
  if (outlet->cut != NULL && !outlet->posting && outlet->sender != NULL)
    post_cut (outlet);
  else
    read_more (outlet);
}

/* ---- sending --------------------------------------------------------------------------------- */

static void
end_delivery (OrfSpanOutlet *outlet)
{
  g_autofree char *refusal = g_steal_pointer (&outlet->refusal);
  gboolean refused = outlet->n_taken == 0 && outlet->n_refused > 0;
  const OrfDeliveryResult result = { refused ? ORF_DELIVERY_REFUSED : ORF_DELIVERY_DONE, 0,
                                     refused ? refusal : NULL };
  const OrfSpanRun *first;

  while ((first = g_queue_peek_head (&outlet->runs)) != NULL &&
         first->begin_no <= outlet->oldest_no)
    orf_span_run_free (g_queue_pop_head (&outlet->runs));
  outlet->oldest_no = 0;
  orf_delivery_finish (g_steal_pointer (&outlet->delivery), &result);
  outlet->due = outlet->due || outlet->last_no >= outlet->next_no;
  read_more (outlet);
}

static void
end_part (OrfSpanOutlet *outlet)
{
  g_free (g_queue_pop_head (&outlet->parts));
  g_clear_pointer (&outlet->loaded, orf_span_run_free);
}

/* The same of what was read of it; it goes on behind that. */
static void
end_run (OrfSpanOutlet *outlet, const OrfSpanRun *run)
{
  Part *part = g_queue_peek_head (&outlet->parts);

  if (run->next_no > part->to_no) {
    end_part (outlet);
    return;
  }
  part->from_no = run->next_no;
  g_clear_pointer (&outlet->loaded, orf_span_run_free);
}

/* Its two halves go one after the other.  FALSE: it is one span, or too often halved already. */
static gboolean
try_halves (OrfSpanOutlet *outlet)
{
  const Part *part = g_queue_peek_head (&outlet->parts);
  gint64 from_no = part->from_no, to_no = part->to_no, middle = from_no + (to_no - from_no) / 2;
  Part *halves[2];

  if (from_no == to_no || outlet->n_splits >= MAX_SPLITS)
    return FALSE;
  outlet->n_splits++;
  end_part (outlet);
  for (guint i = 0; i < G_N_ELEMENTS (halves); i++)
    halves[i] = g_new0 (Part, 1);
  *halves[0] = (Part){ from_no, middle };
  *halves[1] = (Part){ middle + 1, to_no };
  g_queue_push_head (&outlet->parts, halves[1]);
  g_queue_push_head (&outlet->parts, halves[0]);
  return TRUE;
}

static void
take_refusal (OrfSpanOutlet *outlet, const OrfSpanRun *run, const char *why, gboolean too_large)
{
  if (too_large && try_halves (outlet))
    return;
  outlet->n_refused += run->n_spans;
  g_free (outlet->refusal);
  outlet->refusal = g_strdup (why);
  drop (outlet, run->n_spans, why);
  end_run (outlet, run);
}

static void
answered_cb (gpointer user_data, const OrfDeliveryResult *result, guint status)
{
  OrfSpanOutlet *outlet = user_data;
  const OrfSpanRun *run = find_run (outlet, g_queue_peek_head (&outlet->parts));

  outlet->post = NULL;
  if (result->outcome == ORF_DELIVERY_RETRY) {
    forget_parts (outlet);
    orf_delivery_finish (g_steal_pointer (&outlet->delivery), result);
    return;
  }
  if (result->outcome == ORF_DELIVERY_DONE) {
    outlet->n_taken += run->n_spans;
    outlet->sent += run->n_spans;
    end_run (outlet, run);
  } else {
    take_refusal (outlet, run, result->error, status == 413);
  }
  step (outlet);
}

/* FALSE: it was no request, and its part is done with. */
static gboolean
send_run (OrfSpanOutlet *outlet, const OrfSpanRun *run)
{
  const Part *part = g_queue_peek_head (&outlet->parts);

  if (run->n_spans == 0) {
    drop (outlet, (guint64) (part->to_no - part->from_no + 1), "they are not there any more");
    end_part (outlet);
    return FALSE;
  }
  if (run->body == NULL) {
    take_refusal (outlet, run, "they are too large", TRUE);
    return FALSE;
  }
  outlet->post = orf_http_sender_post (outlet->sender, "application/x-protobuf",
                                       (const char *const *) outlet->headers, run->body,
                                       outlet->settings->timeout_us, answered_cb, outlet);
  return TRUE;
}

static void
step (OrfSpanOutlet *outlet)
{
  for (;;) {
    const Part *part = g_queue_peek_head (&outlet->parts);
    const OrfSpanRun *run = part != NULL ? find_run (outlet, part) : NULL;

    if (part == NULL)
      end_delivery (outlet);
    else if (run == NULL)
      read_more (outlet);
    else if (!send_run (outlet, run))
      continue;
    return;
  }
}

static void
send_cb (gpointer user_data, OrfDelivery *delivery)
{
  OrfSpanOutlet *outlet = user_data;
  Part *part = g_new0 (Part, 1);

  if (outlet->sender == NULL || !orf_outbox_run_parse (orf_delivery_get_body (delivery), G_MAXINT64,
                                                       &part->from_no, &part->to_no)) {
    const OrfDeliveryResult result = { ORF_DELIVERY_REFUSED, 0, "the entry is none of ours" };

    g_free (part);
    orf_delivery_finish (delivery, &result);
    return;
  }
  outlet->delivery = delivery;
  outlet->oldest_no = part->from_no;
  outlet->n_splits = 0;
  outlet->n_taken = outlet->n_refused = 0;
  g_queue_push_head (&outlet->parts, part);
  step (outlet);
}

static void
cancel_cb (gpointer user_data, OrfDelivery *delivery)
{
  OrfSpanOutlet *outlet = user_data;

  g_clear_pointer (&outlet->post, orf_http_post_cancel);
  outlet->delivery = NULL;
  forget_parts (outlet);
}

/* ---- settings -------------------------------------------------------------------------------- */

static void
forget_settings (OrfSpanOutlet *outlet)
{
  if (outlet->settings != NULL)
    orf_config_entry_free (ORF_EXPORT_SECTION, g_steal_pointer (&outlet->settings));
}

static void
end (OrfSpanOutlet *outlet)
{
  if (outlet->sender == NULL)
    return;
  g_clear_pointer (&outlet->sender, orf_http_sender_free);
  forget_settings (outlet);
  outlet->next_no = 0;
  outlet->oldest_no = 0;
  orf_outbox_clear (outlet->destination, 0);
  if (!outlet->posting)
    forget_runs (outlet);
}

gboolean
orf_span_outlet_set_settings (OrfSpanOutlet *outlet,
                              const OrfConfigTraceReceiver *settings,
                              GError **error)
{
  g_auto (GStrv) headers = NULL;
  OrfHttpSender *sender;

  if (settings == NULL) {
    end (outlet);
    return TRUE;
  }
  sender = orf_export_settings_make_sender (outlet->config, settings, &headers, error);
  if (sender == NULL)
    return FALSE;
  /* a request on its way ends by the settings it began with */
  g_clear_pointer (&outlet->sender, orf_http_sender_free);
  forget_settings (outlet);
  g_strfreev (outlet->headers);
  outlet->sender = sender;
  outlet->headers = g_steal_pointer (&headers);
  outlet->settings = orf_config_entry_copy (ORF_EXPORT_SECTION, settings);
  if (outlet->started) /* else what waits goes on to */
    orf_outbox_hurry (outlet->destination);
  orf_span_outlet_look (outlet);
  return TRUE;
}

const char *
orf_span_outlet_get_name (OrfSpanOutlet *outlet)
{
  return outlet->name;
}

/* ---- life ------------------------------------------------------------------------------------ */

OrfSpanOutlet *
orf_span_outlet_new (const OrfConfig *config, OrfStore *store, OrfOutbox *outbox, const char *name)
{
  static const OrfDestinationOps ops = { send_cb, cancel_cb };
  OrfSpanOutlet *outlet = g_new0 (OrfSpanOutlet, 1);
  g_autofree char *destination = g_strconcat (ORF_OUTBOX_SPANS_PREFIX, name, NULL);

  outlet->config = config;
  outlet->store = store;
  outlet->name = g_strdup (name);
  outlet->closing = orf_cancel_new (0);
  outlet->destination = orf_outbox_add_destination (outbox, destination, &ops, outlet);
  outlet->next_no = orf_outbox_get_next_rowid (outlet->destination);
  return outlet;
}

void
orf_span_outlet_start (OrfSpanOutlet *outlet)
{
  outlet->started = TRUE;
  orf_span_outlet_look (outlet);
}

void
orf_span_outlet_stop (OrfSpanOutlet *outlet)
{
  outlet->stopped = TRUE;
  orf_cancel_trigger (outlet->closing);
}

void
orf_span_outlet_free (OrfSpanOutlet *outlet)
{
  forget_runs (outlet);
  forget_parts (outlet);
  g_clear_pointer (&outlet->sender, orf_http_sender_free);
  forget_settings (outlet);
  g_strfreev (outlet->headers);
  orf_cancel_unref (outlet->closing);
  g_free (outlet->refusal);
  g_free (outlet->name);
  g_free (outlet);
}

gboolean
orf_span_outlet_get_state (OrfSpanOutlet *outlet, OrfSpanOutletState *state)
{
  const OrfSpanRun *first = g_queue_peek_head (&outlet->runs);
  gint64 oldest_no = outlet->oldest_no > 0 ? outlet->oldest_no
                     : first != NULL       ? first->begin_no
                                           : outlet->next_no;

  if (outlet->sender == NULL)
    return FALSE;
  *state = (OrfSpanOutletState){
    .url = outlet->settings->url,
    .sent = outlet->sent,
    .dropped = outlet->dropped,
    .pending = MAX (outlet->last_no + 1 - MAX (oldest_no, 1), 0),
  };
  return TRUE;
}
