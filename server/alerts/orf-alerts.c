/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Invariants:
 * - The thread sees jobs and the desk that they name, nothing else; the desk is looked at here
 *   before the first job and after the thread has ended only.
 * - A rule has one number from when it is there until it rests or is no more; findings of a number
 *   that is none any more are of alerts that were ended here.
 */
#include "alerts/orf-alerts.h"

#include <math.h>
#include <pthread.h>
#include <string.h>

#include "alerts/orf-alert-feed.h"
#include "alerts/orf-alert-info.h"
#include "alerts/orf-alert-writer.h"
#include "core/orf-clock.h"
#include "core/orf-thread.h"
#include "metrics/orf-expr-eval.h"
#include "metrics/orf-series-name.h"
#include "orf-encode.h"

/* Frames that wait for the thread: what comes while it has so many waits here. */
#define MAX_JOBS 8
/* After a start, how long an alert's series have time to come. */
#define PATIENCE_US (60 * ORF_US_PER_S)
#define SAY_US      (60 * ORF_US_PER_S)
/* Of one series: at 10 Hz six hours and a half, at 1 Hz almost three days. */
#define MAX_SERIES_POINTS 250000
#define POINT_BYTES       24
/* Values of all parts of all rules. */
#define MAX_LINES 2000000
/* Lists of changes kept for who reads slowly. */
#define DEPTH 64

typedef struct {
  gint64 number;
  guint version; /* the entry's number */
  char *name;
  char *trouble; /* NULL: none */
} Known;

struct _OrfAlerts {
  OrfAlertsParts parts;
  OrfAlertKeeper *keeper;
  OrfAlertFeed *feed;
  OrfAlertWriter *writer;
  GHashTable *by_name;   /* Known by name */
  GHashTable *by_number; /* the same */
  gint64 last_number;
  GArray *rule_changes; /* OrfAlertRuleChange for the next job */
  OrfAlertDesk *desk;
  OrfQueue *jobs, *replies;
  pthread_t thread;
  gboolean has_thread, stopped;
  OrfAlertFigures figures;
  guint64 n_lost; /* samples, also those that did not come as far as the thread */
  guint64 n_fired;
  gint64 said_us;                       /* monotonic: that there is no room */
  OrfChannel *channels[ORF_SEVERITY_N]; /* by the least severity; NULL: nobody watches */
};

static void
known_free (gpointer data)
{
  Known *known = data;

  g_free (known->name);
  g_free (known->trouble);
  g_free (known);
}

const OrfAlertKeeper *
orf_alerts_get_keeper (const OrfAlerts *alerts)
{
  return alerts->keeper;
}

/* ---- who watches ----------------------------------------------------------------------------- */

static void
publish (OrfAlerts *alerts, OrfSeverity least, const GPtrArray *rows)
{
  g_autoptr (OrfAlertsWatchValue) value = orf_alerts_watch_value_new ();
  g_autoptr (GString) json = g_string_new (NULL);

  value->alerts = g_ptr_array_new_with_free_func ((GDestroyNotify) orf_alert_info_free);
  for (guint i = 0; i < rows->len; i++) {
    const OrfAlertRow *row = rows->pdata[i];

    if (row->severity >= least)
      g_ptr_array_add (value->alerts,
                       orf_alert_info_make (row, alerts->parts.book, alerts->parts.notifier));
  }
  if (value->alerts->len > 0 && orf_encode (&orf_alerts_watch_value_desc, value, json, NULL))
    orf_channel_publish (alerts->channels[least], json->str, json->len);
}

static void
publish_all (OrfAlerts *alerts, const GPtrArray *rows)
{
  for (OrfSeverity least = ORF_SEVERITY_INFO; least < ORF_SEVERITY_N; least++)
    if (alerts->channels[least] != NULL && rows->len > 0)
      publish (alerts, least, rows);
}

OrfChannel *
orf_alerts_watch (OrfAlerts *alerts, OrfSeverity severity)
{
  OrfSeverity least = severity != ORF_SEVERITY_UNSET ? severity : ORF_SEVERITY_INFO;

  if (alerts->channels[least] == NULL)
    alerts->channels[least] = orf_channel_new (orf_router_get_streams (alerts->parts.router), DEPTH,
                                               NULL, NULL);
  return alerts->channels[least];
}

/* ---- what changes ---------------------------------------------------------------------------- */

/* What is to be written and told of one job. */
typedef struct {
  OrfAlertsChange *change;
  GPtrArray *told; /* OrfNoticeAlert */
  GPtrArray *rows; /* OrfAlertRow: as they are now */
} Outcome;

static Outcome
outcome_new (void)
{
  return (Outcome){
    orf_alerts_change_new (),
    g_ptr_array_new_with_free_func ((GDestroyNotify) orf_notice_alert_unref),
    g_ptr_array_new_with_free_func ((GDestroyNotify) orf_alert_row_free),
  };
}

static void
keep_evidence (OrfAlerts *alerts, const OrfAlertRow *row)
{
  g_autofree char *title = g_strdup_printf ("alert %s %s", row->rule, row->labels_json);

  orf_black_box_record (alerts->parts.black_box, title, row->summary, row->fired_us);
}

/* Takes row, which has just made a step. */
static void
note_step (OrfAlerts *alerts, const OrfAlertEntry *entry, OrfAlertRow *row, Outcome *outcome)
{
  gboolean fired = row->state == ORF_ALERT_STATE_FIRING;
  OrfNoticeAlert *told;
  g_autoptr (GPtrArray) notices = NULL;

  g_ptr_array_add (outcome->rows, row);
  if (!fired && row->state != ORF_ALERT_STATE_RESOLVED)
    return;
  alerts->n_fired += fired;
  if (fired && row->severity == ORF_SEVERITY_CRITICAL)
    keep_evidence (alerts, row);
  told = orf_alert_keeper_describe (row, entry);
  notices = orf_notifier_make_rows (alerts->parts.notifier, told,
                                    fired ? ORF_NOTICE_FIRING : ORF_NOTICE_RESOLVED,
                                    row->changed_us);
  for (guint i = 0; i < notices->len; i++)
    g_ptr_array_add (outcome->change->notices, orf_notice_row_copy (notices->pdata[i]));
  g_ptr_array_add (outcome->told, told);
}

static void
conclude (OrfAlerts *alerts, Outcome *outcome)
{
  const OrfConfig *config = alerts->parts.metrics->config;
  gint64 now_us = orf_store_get_age_now_us (alerts->parts.metrics->store);

  publish_all (alerts, outcome->rows);
  g_ptr_array_unref (outcome->rows);
  outcome->change->before_us = now_us - config->alerts.history_us;
  outcome->change->max_rows = config->alerts.max_rows;
  if (!orf_alerts_change_is_empty (outcome->change)) {
    orf_alert_writer_add (alerts->writer, outcome->change, outcome->told);
    return;
  }
  orf_alerts_change_free (outcome->change);
  g_ptr_array_unref (outcome->told);
}

/* ---- rules ----------------------------------------------------------------------------------- */

static const OrfAlertEntry *
find_entry (const OrfAlerts *alerts, gint64 number)
{
  const Known *known = g_hash_table_lookup (alerts->by_number, &number);

  return known != NULL ? orf_alert_book_find (alerts->parts.book, known->name) : NULL;
}

/* Of the thread alone. */
static OrfAlertRule *
copy_rule (const OrfAlertEntry *entry)
{
  return orf_alert_rule_new (orf_alert_rule_get_spec (entry->rule), NULL);
}

static void
hand_rule (OrfAlerts *alerts, gint64 number, const OrfAlertEntry *entry, GArray *kept)
{
  const OrfAlertRuleChange change = { number, entry != NULL ? copy_rule (entry) : NULL, kept };

  g_array_append_val (alerts->rule_changes, change);
}

static Known *
add_known (OrfAlerts *alerts, const char *name)
{
  Known *known = g_new0 (Known, 1);

  known->number = ++alerts->last_number;
  known->name = g_strdup (name);
  g_hash_table_insert (alerts->by_name, known->name, known);
  g_hash_table_insert (alerts->by_number, &known->number, known);
  return known;
}

static void
end_alerts (OrfAlerts *alerts, gint64 number, const char *reason, Outcome *outcome)
{
  g_autoptr (GPtrArray) list = orf_alert_keeper_list (alerts->keeper);
  gint64 now_us = orf_clock_now_us ();

  for (guint i = 0; i < list->len; i++) {
    const OrfOngoing *ongoing = list->pdata[i];

    if (ongoing->rule == number)
      note_step (alerts, NULL,
                 orf_alert_keeper_end (alerts->keeper, ongoing->row->id, reason, now_us,
                                       outcome->change),
                 outcome);
  }
}

static gboolean
is_in_force (const OrfAlerts *alerts, const Known *known, const char **why_not)
{
  const OrfAlertEntry *entry = orf_alert_book_find (alerts->parts.book, known->name);

  *why_not = entry == NULL ? "the rule is no more" : "the rule was disabled";
  return entry != NULL && entry->enabled;
}

static void
remove_rules (OrfAlerts *alerts, Outcome *outcome)
{
  GHashTableIter iter;
  gpointer value;
  const char *why_not;

  g_hash_table_iter_init (&iter, alerts->by_name);
  while (g_hash_table_iter_next (&iter, NULL, &value)) {
    const Known *known = value;

    if (is_in_force (alerts, known, &why_not))
      continue;
    end_alerts (alerts, known->number, why_not, outcome);
    hand_rule (alerts, known->number, NULL, NULL);
    g_hash_table_remove (alerts->by_number, &known->number);
    g_hash_table_iter_remove (&iter);
  }
}

static void
add_rules (OrfAlerts *alerts)
{
  const GPtrArray *entries = orf_alert_book_list (alerts->parts.book);
  g_autoptr (GPtrArray) exprs = g_ptr_array_new ();

  for (guint i = 0; i < entries->len; i++) {
    const OrfAlertEntry *entry = entries->pdata[i];
    const char *name = orf_alert_rule_get_spec (entry->rule)->name;
    Known *known = g_hash_table_lookup (alerts->by_name, name);

    if (!entry->enabled)
      continue;
    g_ptr_array_add (exprs, (gpointer) orf_alert_rule_get_value (entry->rule));
    if (known == NULL)
      known = add_known (alerts, name);
    if (known->version != entry->number)
      hand_rule (alerts, known->number, entry, NULL);
    known->version = entry->number;
  }
  orf_alert_feed_set_exprs (alerts->feed, exprs);
}

void
orf_alerts_rules_changed (OrfAlerts *alerts)
{
  Outcome outcome = outcome_new ();

  remove_rules (alerts, &outcome);
  add_rules (alerts);
  conclude (alerts, &outcome);
}

/* A selector without which part is never known; NULL: none. */
static const char *
find_missing (const OrfAlerts *alerts, const OrfExpr *part)
{
  const char *left, *right;

  if (part == NULL || part->kind == ORF_EXPR_ABSENT)
    return NULL;
  if (part->selector != NULL)
    return orf_alert_feed_has (alerts->feed, part->selector) ? NULL : part->select;
  left = find_missing (alerts, part->left);
  right = find_missing (alerts, part->right);
  if (part->kind == ORF_EXPR_BINARY && part->op == ORF_EXPR_OR && (left == NULL || right == NULL))
    return NULL; /* what there is of one side counts alone */
  return left != NULL ? left : right;
}

char *
orf_alerts_dup_trouble (OrfAlerts *alerts, const OrfAlertEntry *entry)
{
  const Known *known = g_hash_table_lookup (alerts->by_name,
                                            orf_alert_rule_get_spec (entry->rule)->name);
  const char *missing;

  if (known == NULL)
    return NULL;
  if (known->trouble != NULL)
    return g_strdup (known->trouble);
  missing = find_missing (alerts, orf_alert_rule_get_value (entry->rule));
  return missing != NULL ? g_strdup_printf ("no series is %s", missing) : NULL;
}

/* ---- what comes back ------------------------------------------------------------------------- */

static void
note_figures (OrfAlerts *alerts, const OrfAlertJob *job)
{
  gint64 now_us = orf_clock_monotonic_us ();
  guint64 n_lost = job->figures.n_lost + orf_alert_feed_get_n_dropped (alerts->feed);
  guint64 before = alerts->figures.n_refused + alerts->n_lost;

  alerts->figures = job->figures;
  alerts->n_lost = n_lost;
  if (job->figures.n_left_out == 0 && job->figures.n_refused + n_lost == before)
    return;
  if (alerts->said_us != 0 && now_us - alerts->said_us < SAY_US)
    return;
  alerts->said_us = now_us;
  g_warning ("rules: no room for %u alerts ([alerts] max_active); %" G_GUINT64_FORMAT
             " series and %" G_GUINT64_FORMAT
             " samples left out so far ([alerts] max_window_points, [memory] alerts_bytes)",
             job->figures.n_left_out, job->figures.n_refused, n_lost);
}

static void
note_troubles (OrfAlerts *alerts, const OrfAlertJob *job)
{
  GHashTableIter iter;
  gpointer value;

  g_hash_table_iter_init (&iter, alerts->by_name);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    g_clear_pointer (&((Known *) value)->trouble, g_free);
  for (guint i = 0; i < job->troubles->len; i++) {
    const OrfAlertTrouble *trouble = &g_array_index (job->troubles, OrfAlertTrouble, i);
    Known *known = g_hash_table_lookup (alerts->by_number, &trouble->rule);

    if (known != NULL)
      known->trouble = g_strdup (trouble->text);
  }
}

static void
done_cb (OrfJob *base)
{
  OrfAlertJob *job = (OrfAlertJob *) base;
  OrfAlerts *alerts = job->user_data;
  Outcome outcome = outcome_new ();

  note_figures (alerts, job);
  note_troubles (alerts, job);
  for (guint i = 0; i < job->findings->len; i++) {
    const OrfAlertFinding *finding = &g_array_index (job->findings, OrfAlertFinding, i);
    const OrfAlertEntry *entry = find_entry (alerts, finding->rule);

    if (entry != NULL)
      note_step (alerts, entry,
                 orf_alert_keeper_step (alerts->keeper, entry, finding, job->now_us,
                                        outcome.change),
                 &outcome);
  }
  conclude (alerts, &outcome);
}

/* ---- handing over ---------------------------------------------------------------------------- */

static void
hand_over (OrfAlerts *alerts)
{
  OrfAlertJob *job;

  /* This side alone adds to the queue, so that what is not full now takes it. */
  if (orf_queue_get_length (alerts->jobs, 0) >= MAX_JOBS)
    return;
  job = orf_alert_job_new (alerts->desk);
  g_array_append_vals (job->rules, alerts->rule_changes->data, alerts->rule_changes->len);
  g_array_set_size (alerts->rule_changes, 0);
  orf_alert_feed_take (alerts->feed, job);
  job->now_us = orf_clock_now_us ();
  job->user_data = alerts;
  job->base.reply = alerts->replies;
  job->base.done = done_cb;
  orf_queue_push (alerts->jobs, 0, &job->base);
}

void
orf_alerts_tick (OrfAlerts *alerts)
{
  if (alerts->stopped)
    return;
  orf_alert_writer_retry (alerts->writer);
  hand_over (alerts);
}

void
orf_alerts_acknowledged (OrfAlerts *alerts, const OrfAcknowledgement *said)
{
  const OrfOngoing *ongoing;
  g_autoptr (GPtrArray) rows = g_ptr_array_new ();

  orf_alert_keeper_acknowledge (alerts->keeper, said);
  orf_notifier_acknowledged (alerts->parts.notifier, said->alert_id);
  ongoing = orf_alert_keeper_find (alerts->keeper, said->alert_id);
  if (ongoing != NULL)
    g_ptr_array_add (rows, ongoing->row);
  publish_all (alerts, rows);
}

/* ---- its own series -------------------------------------------------------------------------- */

static void
fill_cb (gpointer self, OrfFrame *frame)
{
  OrfAlerts *alerts = self;
  OrfOngoingCounts counts = orf_alert_keeper_count (alerts->keeper);

  for (OrfSeverity severity = ORF_SEVERITY_INFO; severity < ORF_SEVERITY_N; severity++) {
    const char *const labels[] = { orf_severity_to_string (severity), NULL };

    orf_frame_add (frame, ORF_METRIC_ORFEAS_ALERTS_FIRING, labels, counts.n_firing[severity]);
  }
  orf_frame_add (frame, ORF_METRIC_ORFEAS_ALERTS_PENDING, NULL, counts.n_pending);
  orf_frame_add (frame, ORF_METRIC_ORFEAS_ALERTS_FIRED, NULL, (double) alerts->n_fired);
  orf_frame_add (frame, ORF_METRIC_ORFEAS_ALERTS_TICK_US, NULL, (double) alerts->figures.tick_us);
}

static gint64
get_period_us_cb (gpointer self)
{
  /* as the daemon's other own series */
  return MAX (((OrfAlerts *) self)->parts.metrics->config->host.sample_us, ORF_US_PER_S);
}

static const OrfSamplerSource source = { .fill = fill_cb, .get_period_us = get_period_us_cb };

/* ---- what the file has ----------------------------------------------------------------------- */

static gint64
get_longest_cooldown (const OrfAlertBook *book)
{
  const GPtrArray *entries = orf_alert_book_list (book);
  gint64 longest_us = 0;

  for (guint i = 0; i < entries->len; i++) {
    const OrfAlertEntry *entry = entries->pdata[i];

    longest_us = MAX (longest_us, orf_alert_rule_get_spec (entry->rule)->timing.cooldown_us);
  }
  return longest_us;
}

/* For the thread: what goes on, and what is in its cooldown. */
static void
keep (GArray *kept, const OrfAlertRow *row, gint64 now_us)
{
  OrfAlertKept one = { .value = row->value, .patient_until_us = now_us + PATIENCE_US };

  one.labels = orf_series_name_labels_from_json (row->own_labels_json);
  if (one.labels == NULL || !orf_alert_life_from_text (&one.life, row->life)) {
    g_strfreev (one.labels);
    return;
  }
  /* the clock was set back while nothing ran: it would stay as it is until that time comes */
  if (one.life.seen_us > now_us)
    orf_alert_life_turn_back (&one.life, one.life.seen_us - now_us);
  g_array_append_val (kept, one);
}

/* rows: the newest last, which goes before an older one of the same labels. */
static GArray *
take_kept (OrfAlerts *alerts, const Known *known, const GPtrArray *rows, gint64 now_us)
{
  g_autoptr (GHashTable) seen = g_hash_table_new (g_str_hash, g_str_equal);
  GArray *kept = g_array_new (FALSE, FALSE, sizeof (OrfAlertKept));

  for (guint i = rows->len; i > 0; i--) {
    const OrfAlertRow *row = rows->pdata[i - 1];

    if (!g_str_equal (row->rule, known->name) || !g_hash_table_add (seen, row->own_labels_json))
      continue;
    keep (kept, row, now_us);
    if (row->state != ORF_ALERT_STATE_RESOLVED)
      orf_alert_keeper_restore (alerts->keeper, known->number, row);
  }
  return kept;
}

/* What nobody goes on with ends. */
static void
end_orphans (OrfAlerts *alerts, const GPtrArray *rows)
{
  Outcome outcome = outcome_new ();
  gint64 now_us = orf_clock_now_us ();

  for (guint i = 0; i < rows->len; i++) {
    const OrfAlertRow *row = rows->pdata[i];
    const char *reason = g_hash_table_contains (alerts->by_name, row->rule)
                           ? "the file does not tell how it stood"
                           : "the rule is no more, or was disabled";

    if (row->state != ORF_ALERT_STATE_RESOLVED &&
        orf_alert_keeper_find (alerts->keeper, row->id) == NULL)
      note_step (alerts, NULL, orf_alert_keeper_end_orphan (row, reason, now_us, outcome.change),
                 &outcome);
  }
  conclude (alerts, &outcome);
}

/* Also of what is about to end: who was told that it fires is told of that. */
static void
start_notifier (OrfAlerts *alerts, const GPtrArray *rows)
{
  g_autoptr (GPtrArray)
    firing = g_ptr_array_new_with_free_func ((GDestroyNotify) orf_notice_alert_unref);

  for (guint i = 0; i < rows->len; i++) {
    const OrfAlertRow *row = rows->pdata[i];

    if (row->state == ORF_ALERT_STATE_FIRING)
      g_ptr_array_add (firing,
                       orf_alert_keeper_describe (row, orf_alert_book_find (alerts->parts.book,
                                                                            row->rule)));
  }
  orf_notifier_start (alerts->parts.notifier, firing);
}

static gboolean
load (OrfAlerts *alerts, GError **error)
{
  gint64 now_us = orf_clock_now_us (), last_id = 0;
  const OrfAlertBook *book = alerts->parts.book;
  g_autoptr (GPtrArray)
    rows = orf_store_load_alerts (alerts->parts.metrics->store,
                                  now_us - get_longest_cooldown (book), &last_id, error);

  if (rows == NULL)
    return FALSE;
  alerts->keeper = orf_alert_keeper_new (last_id);
  add_rules (alerts);
  for (guint i = 0; i < alerts->rule_changes->len; i++) {
    OrfAlertRuleChange *change = &g_array_index (alerts->rule_changes, OrfAlertRuleChange, i);

    change->kept = take_kept (alerts, g_hash_table_lookup (alerts->by_number, &change->number),
                              rows, now_us);
  }
  start_notifier (alerts, rows);
  end_orphans (alerts, rows);
  return TRUE;
}

/* ---- life ------------------------------------------------------------------------------------ */

static OrfAlertDesk *
make_desk (const OrfMetricsParts *metrics)
{
  const OrfConfig *config = metrics->config;
  const OrfAlertDeskSetup setup = {
    .limits = {
      .live = {
        .max_series = (guint) config->metrics.max_series + 1,
        .max_points = MAX_SERIES_POINTS,
        .max_bytes = (gsize) MIN (config->alerts.max_window_points * POINT_BYTES,
                                  config->memory.alerts_bytes),
        .max_lines = MAX_LINES,
      },
      .max_alerts = (guint) config->alerts.max_active,
    },
    .memory = metrics->memory,
  };

  return orf_alert_desk_new (&setup);
}

static gboolean
start (OrfAlerts *alerts, GError **error)
{
  alerts->desk = make_desk (alerts->parts.metrics);
  alerts->jobs = orf_queue_new (1, MAX_JOBS + 1);
  alerts->replies = orf_queue_new (1, G_MAXUINT);
  orf_queue_attach (alerts->replies, NULL);
  if (!orf_thread_start_worker (&alerts->thread, "alerts", alerts->jobs, error))
    return FALSE;
  alerts->has_thread = TRUE;
  orf_sampler_add_source (alerts->parts.sampler, &source, alerts);
  return TRUE;
}

OrfAlerts *
orf_alerts_new (const OrfAlertsParts *parts, GError **error)
{
  g_autoptr (OrfAlerts) alerts = g_new0 (OrfAlerts, 1);

  alerts->parts = *parts;
  alerts->by_name = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, known_free);
  alerts->by_number = g_hash_table_new (g_int64_hash, g_int64_equal);
  alerts->rule_changes = g_array_new (FALSE, FALSE, sizeof (OrfAlertRuleChange));
  alerts->writer = orf_alert_writer_new (parts->metrics->store, parts->notifier);
  alerts->feed = orf_alert_feed_new (parts->metrics);
  if (!load (alerts, error) || !start (alerts, error))
    return NULL;
  return g_steal_pointer (&alerts);
}

static void
free_channels (OrfAlerts *alerts)
{
  for (OrfSeverity least = 0; least < ORF_SEVERITY_N; least++)
    g_clear_pointer (&alerts->channels[least], orf_channel_free);
}

void
orf_alerts_stop (OrfAlerts *alerts)
{
  if (alerts->stopped)
    return;
  alerts->stopped = TRUE;
  orf_alert_feed_stop (alerts->feed);
  free_channels (alerts);
  if (!alerts->has_thread)
    return;
  orf_queue_close (alerts->jobs);
  pthread_join (alerts->thread, NULL);
  orf_queue_dispatch (alerts->replies);
  orf_alert_writer_stop (alerts->writer);
  g_clear_pointer (&alerts->desk, orf_alert_desk_free); /* counts where the memory outlives it */
}

void
orf_alerts_free (OrfAlerts *alerts)
{
  if (alerts == NULL)
    return;
  orf_alerts_stop (alerts);
  orf_alert_desk_free (alerts->desk);
  orf_alert_feed_free (alerts->feed);
  orf_alert_writer_free (alerts->writer);
  orf_alert_keeper_free (alerts->keeper);
  for (guint i = 0; i < alerts->rule_changes->len; i++)
    orf_alert_rule_change_clear (&g_array_index (alerts->rule_changes, OrfAlertRuleChange, i));
  g_array_unref (alerts->rule_changes);
  g_clear_pointer (&alerts->jobs, orf_queue_unref);
  g_clear_pointer (&alerts->replies, orf_queue_unref);
  g_hash_table_unref (alerts->by_number);
  g_hash_table_unref (alerts->by_name);
  g_free (alerts);
}
