/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Invariants:
 * - `entries` has all, `shown` those that were admitted, both by number; `by_id` is of `shown`.
 * - A worker that is not live has no stream, no open advice and no watched process.
 */
#include "workers/orf-workers.h"

#include <string.h>

#include "core/orf-clock.h"
#include "core/orf-id.h"
#include "core/orf-names.h"
#include "orf-error.h"
#include "workers/orf-process-watch.h"
#include "workers/orf-worker-listeners.h"
#include "workers/orf-workers-private.h"

/* What a worker is told to wait when there are too many: leases are that long. */
#define FULL_RETRY_MS 5000
/* Leases are looked at so many times while they last, and at least once a second. */
#define LOOKS_PER_LEASE 4
#define MAX_LOOK_US     ORF_US_PER_S
/* Reports that have to agree, and how far they may be apart. */
#define N_STEADY       4
#define STEADY_PERCENT 5
/* Workers that have gone, in memory: as many as a page of worker.list has. */
#define MAX_GONE 1000

typedef struct {
  OrfWorker worker; /* first: what others see is this */
  OrfWorkers *workers;
  char *owner;               /* the actor that speaks for it; NULL: whoever comes first */
  gint64 reserved[N_STEADY]; /* by its last reports, in turn; 0: there were less */
  guint n_reported;
  gint64 heard_us; /* monotonic, the last that it said by itself */
  guint n_holders; /* who still looks at it; never forgotten before */
  guint n_leaving; /* calls by which it leaves that are on their way to the file */
  gboolean shown;
  gboolean unheard;  /* of the file, and said nothing since */
  gboolean listened; /* it has had a stream since it registered */
  OrfChannel *channel;
  OrfProcessWatch *process; /* NULL: unknown, or the kernel cannot */
  const OrfWorkerReach *reach;
  gpointer self;
} Entry;

struct _OrfWorkers {
  const OrfConfig *config;
  OrfStreamHub *streams;
  OrfPoller *poller; /* of processes: GLib would poll each of them on every turn */
  OrfWorkerAsks *asks;
  GPtrArray *entries; /* Entry; owns them */
  GPtrArray *shown;
  GHashTable *by_id;
  OrfWorkerListeners *listeners;
  gint64 next_no;
  guint look_id;
  gboolean draining; /* leases are not looked at */
};

static void
entry_free (gpointer data)
{
  Entry *entry = data;

  g_clear_pointer (&entry->channel, orf_channel_free);
  g_clear_pointer (&entry->process, orf_process_watch_free);
  g_free (entry->worker.id);
  g_free (entry->worker.name);
  g_free (entry->worker.label);
  g_free (entry->worker.device);
  g_strfreev (entry->worker.capabilities);
  g_free (entry->owner);
  g_free (entry);
}

gboolean
orf_worker_is_live (const OrfWorker *worker)
{
  return worker->state == ORF_WORKER_STATE_CONNECTED || worker->state == ORF_WORKER_STATE_SILENT;
}

gboolean
orf_worker_is_registered (const OrfWorker *worker)
{
  return g_str_equal (worker->source, ORF_WORKER_REGISTERED);
}

static Entry *
get_entry (const OrfWorker *worker)
{
  return (Entry *) worker;
}

gboolean
orf_worker_is_steady (const OrfWorker *worker)
{
  const Entry *entry = get_entry (worker);
  gint64 least_bytes = G_MAXINT64, most_bytes = 0;

  for (guint i = 0; i < N_STEADY; i++) {
    least_bytes = MIN (least_bytes, entry->reserved[i]);
    most_bytes = MAX (most_bytes, entry->reserved[i]);
  }
  return least_bytes > 0 && most_bytes - least_bytes <= most_bytes / 100 * STEADY_PERCENT;
}

void
orf_workers_listen (OrfWorkers *workers, const OrfWorkersEvents *events, gpointer user_data)
{
  orf_worker_listeners_add (workers->listeners, events, user_data);
}

/* ---- labels ---------------------------------------------------------------------------------- */

static gboolean
label_is_taken (OrfWorkers *workers, const char *label)
{
  for (guint i = 0; i < workers->entries->len; i++) {
    const Entry *entry = workers->entries->pdata[i];

    if (orf_worker_is_live (&entry->worker) && g_str_equal (entry->worker.label, label))
      return TRUE;
  }
  return FALSE;
}

static char *
choose_label (OrfWorkers *workers, const OrfWorker *worker)
{
  return label_is_taken (workers, worker->name)
           ? g_strdup_printf ("%s (%s)", worker->name, worker->id)
           : g_strdup (worker->name);
}

/* ---- states ---------------------------------------------------------------------------------- */

static void
set_gone (Entry *entry, OrfWorkerState state, gint64 gone_us)
{
  entry->worker.state = state;
  entry->worker.lost_us = gone_us;
  entry->listened = FALSE;
  g_clear_pointer (&entry->process, orf_process_watch_free);
  g_clear_pointer (&entry->channel, orf_channel_free);
  orf_worker_asks_lose (entry->workers->asks, &entry->worker);
  if (state == ORF_WORKER_STATE_LOST)
    orf_worker_listeners_tell_lost (entry->workers->listeners, &entry->worker);
  orf_worker_listeners_tell_changed (entry->workers->listeners, &entry->worker);
}

static void
lose (Entry *entry)
{
  set_gone (entry, entry->n_leaving > 0 ? ORF_WORKER_STATE_LEFT : ORF_WORKER_STATE_LOST,
            orf_clock_now_us ());
}

static void
process_ended_cb (gpointer user_data)
{
  lose (user_data);
}

/* Of one that registered; what it is by what it said and when. */
static OrfWorkerState
decide_state (const Entry *entry, gint64 now_us)
{
  gboolean over = now_us - entry->heard_us >= entry->workers->config->workers.lease_us;

  if (over && entry->channel == NULL)
    return ORF_WORKER_STATE_LOST;
  if (over || entry->unheard || (entry->listened && entry->channel == NULL))
    return ORF_WORKER_STATE_SILENT;
  return ORF_WORKER_STATE_CONNECTED;
}

static void
look_at (Entry *entry)
{
  OrfWorkerState state;

  if (entry->workers->draining || entry->reach != NULL || !orf_worker_is_live (&entry->worker))
    return;
  state = decide_state (entry, orf_clock_monotonic_us ());
  if (state == entry->worker.state)
    return;
  if (state == ORF_WORKER_STATE_LOST) {
    lose (entry);
    return;
  }
  entry->worker.state = state;
  orf_worker_listeners_tell_changed (entry->workers->listeners, &entry->worker);
}

static void
set_back (Entry *entry)
{
  if (orf_worker_is_live (&entry->worker))
    return;
  if (label_is_taken (entry->workers, entry->worker.label)) { /* while it was away */
    g_free (entry->worker.label);
    entry->worker.label = choose_label (entry->workers, &entry->worker);
  }
  entry->worker.state = ORF_WORKER_STATE_SILENT;
  entry->worker.lost_us = 0;
  orf_worker_listeners_tell_back (entry->workers->listeners, &entry->worker);
}

/* It said something: it is there, also if it was taken for lost. */
static void
hear (Entry *entry)
{
  entry->heard_us = orf_clock_monotonic_us ();
  entry->unheard = FALSE;
  set_back (entry);
  look_at (entry);
}

/* ---- who there is ---------------------------------------------------------------------------- */

static void
show (Entry *entry)
{
  GPtrArray *shown = entry->workers->shown;
  guint at = shown->len;

  while (at > 0 && ((Entry *) shown->pdata[at - 1])->worker.no > entry->worker.no)
    at--;
  g_ptr_array_insert (shown, (gint) at, entry);
  g_hash_table_insert (entry->workers->by_id, entry->worker.id, entry);
  entry->shown = TRUE;
}

static void
forget (Entry *entry)
{
  OrfWorkers *workers = entry->workers;

  if (entry->shown) {
    g_hash_table_remove (workers->by_id, entry->worker.id);
    g_ptr_array_remove (workers->shown, entry);
  }
  g_ptr_array_remove (workers->entries, entry);
}

GPtrArray *
orf_workers_get_all (OrfWorkers *workers)
{
  return workers->shown;
}

OrfWorker *
orf_workers_find (OrfWorkers *workers, const char *id)
{
  return g_hash_table_lookup (workers->by_id, id);
}

static Entry *
entry_new (OrfWorkers *workers, gint64 no, const OrfWorkerFacts *facts)
{
  Entry *entry = g_new0 (Entry, 1);
  OrfWorker *worker = &entry->worker;

  entry->workers = workers;
  worker->no = no;
  worker->id = orf_id_format (ORF_ID_WORKER, no);
  worker->name = g_strdup (facts->name);
  worker->label = choose_label (workers, worker);
  worker->device = g_strdup (facts->device);
  worker->pid = facts->pid;
  worker->capabilities = g_strdupv ((char **) facts->capabilities);
  worker->state = ORF_WORKER_STATE_SILENT;
  worker->registered_us = orf_clock_now_us ();
  worker->allocator = ORF_ALLOCATOR_UNKNOWN;
  worker->source = facts->source;
  entry->owner = g_strdup (facts->owner);
  entry->heard_us = orf_clock_monotonic_us ();
  g_ptr_array_add (workers->entries, entry);
  return entry;
}

static gboolean
has_token (const char *actor)
{
  return g_str_has_prefix (actor, ORF_CALL_TOKEN_ACTOR_PREFIX);
}

static gboolean
speaks_for (const char *actor, const char *owner)
{
  return g_str_equal (actor, owner) || (!has_token (actor) && !has_token (owner));
}

static gboolean
may_be_of (const Entry *entry, const char *owner)
{
  return entry->owner == NULL || owner == NULL || speaks_for (owner, entry->owner);
}

static Entry *
find_same (OrfWorkers *workers, const OrfWorkerFacts *facts)
{
  for (guint i = workers->entries->len; i > 0; i--) {
    Entry *entry = workers->entries->pdata[i - 1];

    if (g_str_equal (entry->worker.name, facts->name) &&
        g_str_equal (entry->worker.source, facts->source) &&
        (entry->worker.pid == facts->pid || entry->reach != NULL) &&
        may_be_of (entry, facts->owner))
      return entry;
  }
  return NULL;
}

static void
set_facts (Entry *entry, const OrfWorkerFacts *facts)
{
  OrfWorker *worker = &entry->worker;

  g_free (worker->device);
  worker->device = g_strdup (facts->device);
  g_strfreev (worker->capabilities);
  worker->capabilities = g_strdupv ((char **) facts->capabilities);
  if (entry->owner == NULL)
    entry->owner = g_strdup (facts->owner);
}

/* ---- how many -------------------------------------------------------------------------------- */

/* In the order of their going; those that are live are of no concern. */
static Entry *
find_first_gone (OrfWorkers *workers, guint *n_gone)
{
  Entry *first = NULL;

  *n_gone = 0;
  for (guint i = 0; i < workers->entries->len; i++) {
    Entry *entry = workers->entries->pdata[i];

    if (orf_worker_is_live (&entry->worker) || entry->n_holders > 0 || entry->reach != NULL)
      continue;
    (*n_gone)++;
    if (first == NULL || entry->worker.lost_us < first->worker.lost_us)
      first = entry;
  }
  return first;
}

static void
forget_gone (OrfWorkers *workers)
{
  gint64 since_us = orf_clock_now_us () - workers->config->workers.keep_us;
  Entry *first;
  guint n_gone;

  while ((first = find_first_gone (workers, &n_gone)) != NULL &&
         (n_gone > MAX_GONE || first->worker.lost_us < since_us))
    forget (first);
}

static gboolean
check_room (OrfWorkers *workers, GError **error)
{
  guint max = (guint) workers->config->workers.max_workers;
  guint n_live = 0;

  for (guint i = 0; i < workers->entries->len; i++)
    n_live += orf_worker_is_live (workers->entries->pdata[i]);
  if (n_live < max)
    return TRUE;
  g_propagate_error (error, orf_error_new_retry (ORF_ERROR_RESOURCE_EXHAUSTED, FULL_RETRY_MS,
                                                 "%u workers are there, which is the limit "
                                                 "(workers.max_workers)",
                                                 n_live));
  return FALSE;
}

static gboolean
look_cb (gpointer user_data)
{
  OrfWorkers *workers = user_data;

  for (guint i = 0; i < workers->entries->len; i++)
    look_at (workers->entries->pdata[i]);
  forget_gone (workers);
  return G_SOURCE_CONTINUE;
}

/* ---- those that the file has ------------------------------------------------------------------
 */

void
orf_workers_set_next_no (OrfWorkers *workers, gint64 next_no)
{
  workers->next_no = next_no;
}

void
orf_workers_restore (OrfWorkers *workers, const OrfWorker *worker)
{
  const OrfWorkerFacts facts = { worker->name,   worker->device,
                                 worker->pid,    (const char *const *) worker->capabilities,
                                 worker->source, NULL };
  Entry *entry = entry_new (workers, worker->no, &facts);

  entry->unheard = TRUE;
  entry->worker.registered_us = worker->registered_us;
  entry->worker.reported_us = worker->reported_us;
  entry->worker.lost_us = worker->lost_us;
  entry->worker.allocator = worker->allocator;
  entry->worker.n_batches = worker->n_batches;
  if (worker->lost_us > 0) {
    entry->worker.state = worker->state;
  } else if (!g_str_equal (worker->source, ORF_WORKER_REGISTERED)) {
    entry->worker.state = ORF_WORKER_STATE_LEFT;
    entry->worker.lost_us = MAX (worker->reported_us, worker->registered_us);
  }
  show (entry);
}

/* ---- those that register --------------------------------------------------------------------- */

OrfWorker *
orf_workers_register (OrfWorkers *workers, const OrfWorkerFacts *facts, GError **error)
{
  Entry *entry = find_same (workers, facts);

  if (entry == NULL) {
    if (!check_room (workers, error))
      return NULL;
    entry = entry_new (workers, workers->next_no++, facts);
  } else {
    set_facts (entry, facts);
  }
  entry->n_holders++;
  entry->listened = entry->channel != NULL;
  if (entry->process == NULL && facts->pid > 0)
    entry->process = orf_process_watch_new (workers->poller, facts->pid, process_ended_cb, entry);
  hear (entry);
  orf_worker_listeners_tell_changed (entry->workers->listeners, &entry->worker);
  return &entry->worker;
}

void
orf_workers_admit (OrfWorkers *workers, OrfWorker *worker)
{
  Entry *entry = get_entry (worker);

  entry->n_holders--;
  if (!entry->shown)
    show (entry);
}

gboolean
orf_workers_claim (OrfWorkers *workers, OrfWorker *worker, const char *actor)
{
  Entry *entry = get_entry (worker);

  if (!orf_worker_is_registered (worker))
    return FALSE;
  if (entry->owner == NULL)
    entry->owner = g_strdup (actor);
  return speaks_for (actor, entry->owner);
}

void
orf_workers_hold (OrfWorkers *workers, OrfWorker *worker)
{
  get_entry (worker)->n_holders++;
}

void
orf_workers_release (OrfWorkers *workers, OrfWorker *worker)
{
  get_entry (worker)->n_holders--;
}

void
orf_workers_give_up (OrfWorkers *workers, OrfWorker *worker)
{
  Entry *entry = get_entry (worker);

  if (--entry->n_holders == 0 && !entry->shown)
    forget (entry);
}

/* Those before it was known are not news; fewer than before: it began anew. */
static gint64
count_more_ooms (const OrfAllocator *before, const OrfAllocator *told)
{
  return before->ooms >= 0 && told->ooms > before->ooms ? told->ooms - before->ooms : 0;
}

static void
set_reported (Entry *entry, const OrfAllocator *allocator)
{
  gint64 n_more_ooms = 0;

  if (allocator != NULL)
    n_more_ooms = count_more_ooms (&entry->worker.allocator, allocator);
  orf_worker_take_report (&entry->worker, allocator);
  if (allocator != NULL)
    entry->reserved[entry->n_reported++ % N_STEADY] = entry->worker.allocator.reserved_bytes;
  orf_worker_listeners_tell_reported (entry->workers->listeners, &entry->worker, n_more_ooms);
}

void
orf_workers_hear (OrfWorkers *workers, OrfWorker *worker)
{
  hear (get_entry (worker));
}

void
orf_workers_report (OrfWorkers *workers, OrfWorker *worker, const OrfAllocator *allocator)
{
  hear (get_entry (worker));
  set_reported (get_entry (worker), allocator);
  orf_worker_listeners_tell_changed (workers->listeners, worker);
}

void
orf_workers_count_batches (OrfWorkers *workers, OrfWorker *worker, guint n_batches)
{
  worker->n_batches += n_batches;
}

gint64
orf_workers_begin_leave (OrfWorkers *workers, OrfWorker *worker)
{
  Entry *entry = get_entry (worker);

  entry->n_holders++;
  entry->n_leaving++;
  return orf_clock_monotonic_us ();
}

void
orf_workers_end_leave (OrfWorkers *workers, OrfWorker *worker, gint64 said_us, gint64 left_us)
{
  Entry *entry = get_entry (worker);

  entry->n_holders--;
  entry->n_leaving--;
  if (left_us > 0 && worker->state != ORF_WORKER_STATE_LEFT && entry->heard_us <= said_us)
    set_gone (entry, ORF_WORKER_STATE_LEFT, left_us);
}

/* The connection has gone, and maybe the worker; a process that ended is told by itself. */
static void
idle_cb (gpointer user_data)
{
  Entry *entry = user_data;

  g_clear_pointer (&entry->channel, orf_channel_free);
  look_at (entry);
}

void
orf_workers_open_stream (OrfWorkers *workers, OrfWorker *worker, OrfCall *call)
{
  Entry *entry = get_entry (worker);

  if (entry->channel != NULL) {
    orf_call_fail (call, orf_error_new_field (ORF_ERROR_FAILED_PRECONDITION, "worker", NULL,
                                              "%s is being listened for already", worker->id));
    return;
  }
  entry->channel = orf_channel_new (workers->streams, ORF_WORKER_MAX_ASKS, idle_cb, entry);
  if (orf_call_return_stream (call, entry->channel, NULL)) {
    entry->listened = TRUE;
    hear (entry);
  } else {
    g_clear_pointer (&entry->channel, orf_channel_free);
  }
}

/* ---- those that are reached ------------------------------------------------------------------ */

OrfWorker *
orf_workers_add_reached (OrfWorkers *workers,
                         const OrfWorkerFacts *facts,
                         const OrfWorkerReach *reach,
                         gpointer self)
{
  Entry *entry = find_same (workers, facts);

  if (entry == NULL)
    entry = entry_new (workers, workers->next_no++, facts);
  else
    set_facts (entry, facts);
  entry->reach = reach;
  entry->self = self;
  set_back (entry);
  entry->worker.state = ORF_WORKER_STATE_SILENT;
  if (!entry->shown)
    show (entry);
  orf_worker_listeners_tell_changed (entry->workers->listeners, &entry->worker);
  return &entry->worker;
}

void
orf_workers_remove_reached (OrfWorkers *workers, OrfWorker *worker)
{
  Entry *entry = get_entry (worker);

  entry->reach = NULL;
  entry->self = NULL;
  if (orf_worker_is_live (worker))
    set_gone (entry, ORF_WORKER_STATE_LEFT, orf_clock_now_us ());
}

void
orf_workers_update (OrfWorkers *workers,
                    OrfWorker *worker,
                    gint64 pid,
                    OrfWorkerState state,
                    const OrfAllocator *allocator)
{
  Entry *entry = get_entry (worker);
  const OrfWorker before = *worker;

  if (pid > 0)
    worker->pid = pid;
  if (state == ORF_WORKER_STATE_LOST) {
    if (orf_worker_is_live (worker))
      lose (entry);
    return;
  }
  set_back (entry);
  worker->state = state;
  if (allocator != NULL)
    set_reported (entry, allocator);
  if (before.pid != worker->pid || before.state != state ||
      memcmp (&before.allocator, &worker->allocator, sizeof before.allocator) != 0)
    orf_worker_listeners_tell_changed (entry->workers->listeners, &entry->worker);
}

/* ---- asking ---------------------------------------------------------------------------------- */

gboolean
orf_workers_can_ask (OrfWorkers *workers, const OrfWorker *worker)
{
  const Entry *entry = get_entry (worker);

  return orf_worker_is_live (worker) && (entry->channel != NULL || entry->reach != NULL) &&
         orf_worker_asks_count (workers->asks, worker) < ORF_WORKER_MAX_ASKS;
}

char *
orf_workers_ask (OrfWorkers *workers,
                 const OrfWorker *worker,
                 OrfWorkerAdviceKind kind,
                 OrfCleanupLevel level,
                 gint64 batch_size,
                 gint64 deadline_us,
                 const char *reason,
                 OrfWorkerAnswered answered,
                 gpointer user_data)
{
  const Entry *entry = get_entry (worker);
  const OrfWorkerWay way = { entry->channel, entry->reach, entry->self };
  const OrfWorkerAsker asker = { answered, user_data };
  const OrfWorkerAsk ask = {
    .kind = kind,
    .level = level,
    .batch_size = batch_size,
    .deadline_us = deadline_us,
    .reason = reason,
  };

  if (!orf_workers_can_ask (workers, worker))
    return NULL;
  return g_strdup (orf_worker_asks_add (workers->asks, worker, &ask, &way, &asker));
}

void
orf_workers_cancel (OrfWorkers *workers, const char *advice)
{
  orf_worker_asks_cancel (workers->asks, advice);
}

static OrfWorkerAskEnd
end_from_outcome (OrfWorkerOutcome outcome)
{
  switch (outcome) {
  case ORF_WORKER_OUTCOME_PARTIAL:
    return ORF_WORKER_ASK_PARTIAL;
  case ORF_WORKER_OUTCOME_REFUSED:
    return ORF_WORKER_ASK_REFUSED;
  case ORF_WORKER_OUTCOME_UNSET:
  case ORF_WORKER_OUTCOME_DONE:
  default:
    return ORF_WORKER_ASK_DONE;
  }
}

gboolean
orf_workers_check_answer (OrfWorkers *workers,
                          const char *worker,
                          const char *advice,
                          GError **error)
{
  const OrfWorker *found = orf_workers_find (workers, worker);

  if (found != NULL)
    return orf_worker_asks_check (workers->asks, found, advice, error);
  g_propagate_error (error, orf_error_new_field (ORF_ERROR_NOT_FOUND, "worker", NULL,
                                                 "there is no such worker"));
  return FALSE;
}

gboolean
orf_workers_answer (OrfWorkers *workers,
                    const char *worker,
                    const char *advice,
                    OrfWorkerOutcome outcome,
                    gint64 claimed_bytes,
                    const char *text,
                    GError **error)
{
  Entry *entry;

  if (!orf_workers_check_answer (workers, worker, advice, error))
    return FALSE;
  entry = g_hash_table_lookup (workers->by_id, worker);
  if (entry->reach == NULL)
    hear (entry);
  orf_worker_asks_end (workers->asks, advice, end_from_outcome (outcome), claimed_bytes, text);
  return TRUE;
}

static gboolean
is_listening (gpointer user_data, const OrfWorker *worker)
{
  const Entry *entry = get_entry (worker);

  return entry->channel != NULL || entry->reach != NULL;
}

/* ---- life ------------------------------------------------------------------------------------ */

OrfWorkers *
orf_workers_new (const OrfConfig *config, OrfStreamHub *streams, GError **error)
{
  g_autoptr (OrfPoller) poller = orf_poller_new (NULL, error);
  OrfWorkers *workers;
  gint64 look_us = MIN (config->workers.lease_us / LOOKS_PER_LEASE, MAX_LOOK_US);

  if (poller == NULL)
    return NULL;
  workers = g_new0 (OrfWorkers, 1);
  workers->config = config;
  workers->poller = g_steal_pointer (&poller);
  workers->streams = streams;
  workers->asks = orf_worker_asks_new (&(OrfWorkerAsksOps){ is_listening, workers });
  workers->entries = g_ptr_array_new_with_free_func (entry_free);
  workers->shown = g_ptr_array_new ();
  workers->by_id = orf_names_table_new (NULL, NULL);
  workers->listeners = orf_worker_listeners_new ();
  workers->next_no = 1;
  workers->look_id = g_timeout_add ((guint) (look_us / ORF_US_PER_MS), look_cb, workers);
  return workers;
}

void
orf_workers_drain (OrfWorkers *workers)
{
  workers->draining = TRUE;
}

void
orf_workers_free (OrfWorkers *workers)
{
  g_clear_handle_id (&workers->look_id, g_source_remove);
  g_clear_pointer (&workers->asks, orf_worker_asks_free);
  g_hash_table_unref (workers->by_id);
  g_ptr_array_unref (workers->shown);
  g_ptr_array_unref (workers->entries);
  orf_worker_listeners_free (workers->listeners);
  orf_poller_free (workers->poller);
  g_free (workers);
}
