/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Invariants.
 * - `rows` has each notice that is open: from when it is made until it is delivered, refused or
 *   dropped.  What changes in a row goes to the ledger.
 * - A notice is either in the plan, or in an outlet: on its way to the outbox, or in it.
 */
#include "notify/orf-notifier.h"

#include "core/orf-cancel.h"
#include "core/orf-clock.h"
#include "metrics/orf-series-name.h"
#include "notify/orf-notice-ledger.h"
#include "notify/orf-notice-outlet.h"
#include "notify/orf-notice-plan.h"
#include "store/orf-store-alerts.h"

/* The plan is looked at so often at least, should the clock be set. */
#define MAX_WAIT_US (60 * ORF_US_PER_S)
/* Of a notice, attempts that failed are told one by one up to here, and then each time that their
 * number has doubled. */
#define MAX_ATTEMPTS_TOLD 10
/* Of an alert that is over and not told of. */
#define MAX_STORY_ROWS 1000

struct _OrfNotifier {
  const OrfConfig *config;
  OrfStore *store;
  OrfOutbox *outbox;
  OrfNoticePlan *plan;
  OrfNoticeLedger *ledger;
  GPtrArray *outlets; /* OrfNoticeOutlet, also of receivers that are gone */
  GHashTable *rows;   /* id -> OrfNoticeRow */
  GPtrArray *loaded;  /* OrfNoticeRow of the file; NULL after the start */
  gint64 max_id;
  OrfCancel *closing;
  guint step_id;  /* soon */
  guint timer_id; /* when time alone may change something */
  gboolean started, stopped;
};

static void schedule (OrfNotifier *notifier);

/* ---- rows ------------------------------------------------------------------------------------ */

static OrfNoticeRow *
find_row (const OrfNotifier *notifier, gint64 id)
{
  return g_hash_table_lookup (notifier->rows, &id);
}

static void
keep_row (OrfNotifier *notifier, const OrfNoticeRow *row)
{
  OrfNoticeRow *copy = orf_notice_row_copy (row);

  g_hash_table_replace (notifier->rows, &copy->id, copy);
}

static void
set_answer (OrfNoticeRow *row, const char *answer)
{
  g_free (row->answer);
  row->answer = answer != NULL && answer[0] != '\0' ? g_strdup (answer) : NULL;
}

/* It is open still. */
static void
change_row (OrfNotifier *notifier, OrfNoticeRow *row, OrfNoticeState state, const char *answer)
{
  row->state = state;
  set_answer (row, answer);
  orf_notice_ledger_add (notifier->ledger, row);
}

static void
end_row (OrfNotifier *notifier, OrfNoticeRow *row, OrfNoticeState state, const char *answer)
{
  row->done_us = orf_clock_now_us ();
  row->outbox_id = 0;
  change_row (notifier, row, state, answer);
  if (state != ORF_NOTICE_DELIVERED)
    orf_notice_ledger_add_event (notifier->ledger, row, row->done_us,
                                 orf_notice_state_get_word (state), answer);
  g_hash_table_remove (notifier->rows, &row->id);
}

static OrfNoticeRow *
make_row (
  OrfNotifier *notifier, gint64 alert_id, const char *receiver, OrfNoticeEvent event, gint64 now_us)
{
  OrfNoticeRow *row = orf_notice_row_new ();

  row->id = ++notifier->max_id;
  row->alert_id = alert_id;
  row->receiver = g_strdup (receiver);
  row->event = event;
  row->state = ORF_NOTICE_WAITING;
  row->made_us = now_us;
  return row;
}

static OrfNoticeOutlet *
find_outlet (const OrfNotifier *notifier, const char *name)
{
  for (guint i = 0; i < notifier->outlets->len; i++)
    if (g_str_equal (orf_notice_outlet_get_name (notifier->outlets->pdata[i]), name))
      return notifier->outlets->pdata[i];
  return NULL;
}

/* ---- what becomes of messages ---------------------------------------------------------------- */

static void
posted_cb (gpointer user_data, const GArray *ids, gint64 outbox_id)
{
  OrfNotifier *notifier = user_data;

  for (guint i = 0; i < ids->len; i++) {
    OrfNoticeRow *row = find_row (notifier, g_array_index (ids, gint64, i));

    if (row == NULL)
      continue;
    row->posted_us = orf_clock_now_us ();
    row->outbox_id = outbox_id;
    change_row (notifier, row, ORF_NOTICE_POSTED, NULL);
  }
  orf_notice_ledger_write (notifier->ledger);
}

static void
note_failure (OrfNotifier *notifier, OrfNoticeRow *row, const char *why)
{
  row->attempts++;
  change_row (notifier, row, ORF_NOTICE_POSTED, why);
  if (row->attempts <= MAX_ATTEMPTS_TOLD || (row->attempts & (row->attempts - 1)) == 0)
    orf_notice_ledger_add_event (notifier->ledger, row, orf_clock_now_us (), "failed", why);
}

static void
told_cb (gpointer user_data, const GArray *ids, const OrfDeliveryResult *result, const char *answer)
{
  OrfNotifier *notifier = user_data;

  for (guint i = 0; i < ids->len; i++) {
    OrfNoticeRow *row = find_row (notifier, g_array_index (ids, gint64, i));

    if (row == NULL)
      continue;
    if (result->outcome == ORF_DELIVERY_DONE)
      end_row (notifier, row, ORF_NOTICE_DELIVERED, answer);
    else if (result->outcome == ORF_DELIVERY_REFUSED)
      end_row (notifier, row, ORF_NOTICE_REFUSED, result->error);
    else
      note_failure (notifier, row, result->error);
  }
  orf_notice_ledger_write (notifier->ledger);
}

static void
dropped_cb (gpointer user_data, const GArray *ids, const char *reason)
{
  OrfNotifier *notifier = user_data;

  for (guint i = 0; i < ids->len; i++) {
    OrfNoticeRow *row = find_row (notifier, g_array_index (ids, gint64, i));

    if (row != NULL)
      end_row (notifier, row, ORF_NOTICE_DROPPED, reason);
  }
  orf_notice_ledger_write (notifier->ledger);
}

static GPtrArray *
list_firing_cb (gpointer user_data, const char *receiver)
{
  OrfNotifier *notifier = user_data;

  return orf_notice_plan_list_firing (notifier->plan, receiver, orf_clock_now_us ());
}

static const OrfNoticeOutletOps outlet_ops = { posted_cb, told_cb, dropped_cb, list_firing_cb };

/* ---- steps ----------------------------------------------------------------------------------- */

static void
take_change (OrfNotifier *notifier, const OrfNoticeChange *change, gint64 now_us)
{
  OrfNoticeRow *row = find_row (notifier, change->notice->id);

  if (row == NULL)
    return;
  if (change->is_final) {
    end_row (notifier, row, change->state, change->reason);
    return;
  }
  change_row (notifier, row, change->state, change->reason);
  orf_notice_ledger_add_event (notifier->ledger, row, now_us,
                               orf_notice_state_get_word (change->state), change->reason);
}

static void
take_repeat (OrfNotifier *notifier, const OrfNotice *wanted)
{
  g_autoptr (OrfNoticeRow) row = make_row (notifier, wanted->alert->alert_id, wanted->receiver,
                                           wanted->event, wanted->made_us);

  keep_row (notifier, row);
  orf_notice_ledger_add (notifier->ledger, row);
  orf_notice_plan_add (notifier->plan, orf_notice_new (row->id, row->receiver, row->event,
                                                       row->made_us, wanted->alert));
  schedule (notifier);
}

static gboolean
timer_cb (gpointer user_data)
{
  OrfNotifier *notifier = user_data;

  notifier->timer_id = 0;
  schedule (notifier);
  return G_SOURCE_REMOVE;
}

static void
set_timer (OrfNotifier *notifier, gint64 next_us, gint64 now_us)
{
  gint64 wait_us = CLAMP (next_us - now_us, 0, MAX_WAIT_US);

  g_clear_handle_id (&notifier->timer_id, g_source_remove);
  if (next_us < G_MAXINT64)
    notifier->timer_id = g_timeout_add ((guint) (wait_us / ORF_US_PER_MS + 1), timer_cb, notifier);
}

static gboolean
step_cb (gpointer user_data)
{
  OrfNotifier *notifier = user_data;
  gint64 now_us = orf_clock_now_us ();
  g_autoptr (OrfNoticeSteps) steps = orf_notice_plan_step (notifier->plan, now_us);

  notifier->step_id = 0;
  for (guint i = 0; i < steps->changes->len; i++)
    take_change (notifier, steps->changes->pdata[i], now_us);
  for (guint i = 0; i < steps->repeats->len; i++)
    take_repeat (notifier, steps->repeats->pdata[i]);
  orf_notice_ledger_write (notifier->ledger);
  for (guint i = 0; i < steps->posts->len; i++) {
    const OrfNoticePost *post = steps->posts->pdata[i];

    orf_notice_outlet_post (find_outlet (notifier, post->receiver), post);
  }
  set_timer (notifier, steps->next_us, now_us);
  return G_SOURCE_REMOVE;
}

/* In the next turn of the loop, so that what comes together is looked at together. */
static void
schedule (OrfNotifier *notifier)
{
  if (notifier->started && !notifier->stopped && notifier->step_id == 0)
    notifier->step_id = g_idle_add_full (G_PRIORITY_DEFAULT, step_cb, notifier, NULL);
}

/* ---- what comes in --------------------------------------------------------------------------- */

GPtrArray *
orf_notifier_make_rows (OrfNotifier *notifier,
                        const OrfNoticeAlert *alert,
                        OrfNoticeEvent event,
                        gint64 now_us)
{
  GPtrArray *rows = g_ptr_array_new_with_free_func ((GDestroyNotify) orf_notice_row_free);

  for (guint i = 0; i < notifier->outlets->len; i++) {
    OrfReceiver *receiver = orf_notice_outlet_get_receiver (notifier->outlets->pdata[i]);

    if (receiver != NULL && orf_receiver_wants (receiver, alert, event))
      g_ptr_array_add (rows, make_row (notifier, alert->alert_id, orf_receiver_get_name (receiver),
                                       event, now_us));
  }
  return rows;
}

static void
add_row (OrfNotifier *notifier, OrfNoticeAlert *alert, const OrfNoticeRow *row)
{
  keep_row (notifier, row);
  orf_notice_plan_add (notifier->plan,
                       orf_notice_new (row->id, row->receiver, row->event, row->made_us, alert));
}

void
orf_notifier_tell (OrfNotifier *notifier, OrfNoticeAlert *alert, const GPtrArray *rows)
{
  orf_notice_plan_set_alert (notifier->plan, alert);
  for (guint i = 0; rows != NULL && i < rows->len; i++)
    add_row (notifier, alert, rows->pdata[i]);
  schedule (notifier);
}

void
orf_notifier_acknowledged (OrfNotifier *notifier, gint64 alert_id)
{
  orf_notice_plan_acknowledge (notifier->plan, alert_id);
  schedule (notifier);
}

void
orf_notifier_set_silences (OrfNotifier *notifier, GPtrArray *silences)
{
  orf_notice_plan_set_silences (notifier->plan, silences);
  schedule (notifier);
}

const OrfNoticeSilence *
orf_notifier_find_silence (OrfNotifier *notifier, const OrfNoticeAlert *alert)
{
  return orf_notice_plan_find_silence (notifier->plan, alert, orf_clock_now_us ());
}

const OrfNoticeAlert *
orf_notifier_find_inhibitor (OrfNotifier *notifier, const OrfNoticeAlert *alert)
{
  return orf_notice_plan_find_inhibitor (notifier->plan, alert);
}

/* ---- what another run left ------------------------------------------------------------------- */

static gboolean
was_told (const OrfNoticeRow *row)
{
  return row->event != ORF_NOTICE_RESOLVED && row->posted_us > 0;
}

static void
take_posted (OrfNotifier *notifier, const OrfNoticeRow *row)
{
  OrfNoticeOutlet *outlet = find_outlet (notifier, row->receiver);

  keep_row (notifier, row);
  if (outlet == NULL)
    end_row (notifier, find_row (notifier, row->id), ORF_NOTICE_DROPPED,
             "there is no such receiver any more");
  else if (!orf_notice_outlet_adopt (outlet, row->outbox_id, row->id))
    end_row (notifier, find_row (notifier, row->id), ORF_NOTICE_DELIVERED,
             "it left the outbox as the daemon ended");
}

/* Before the outbox delivers any of them. */
static void
take_all_posted (OrfNotifier *notifier)
{
  for (guint i = 0; i < notifier->loaded->len; i++) {
    const OrfNoticeRow *row = notifier->loaded->pdata[i];

    if (row->state == ORF_NOTICE_POSTED)
      take_posted (notifier, row);
  }
}

static gboolean
is_waiting (const OrfNoticeRow *row)
{
  return row->state == ORF_NOTICE_WAITING || row->state == ORF_NOTICE_SILENCED ||
         row->state == ORF_NOTICE_INHIBITED || row->state == ORF_NOTICE_LIMITED;
}

/* Of an alert that the plan knows. */
static void
restore (OrfNotifier *notifier, OrfNoticeAlert *alert, const OrfNoticeRow *row)
{
  if (was_told (row))
    orf_notice_plan_restore_told (notifier->plan, row->alert_id, row->receiver, row->posted_us);
  if (is_waiting (row))
    add_row (notifier, alert, row);
}

typedef struct {
  OrfNotifier *notifier;
  gint64 alert_id;
} Look;

static OrfNoticeAlert *
make_alert (const OrfAlertRow *row)
{
  OrfNoticeAlert *alert = orf_notice_alert_new ();

  alert->alert_id = row->id;
  alert->rule = g_strdup (row->rule);
  alert->severity = row->severity;
  alert->labels = orf_series_name_labels_from_json (row->labels_json);
  alert->value = row->value;
  alert->threshold = row->threshold;
  alert->started_us = row->started_us;
  alert->fired_us = row->fired_us;
  alert->resolved_us = row->resolved_us;
  alert->summary = g_strdup (row->summary != NULL ? row->summary : row->rule);
  alert->is_acknowledged = row->acknowledged_us > 0;
  return alert;
}

/* It is over: what waits is told, as far as its firing was. */
static void
looked_cb (gpointer user_data, const OrfAlertStory *story, const GError *error)
{
  g_autofree Look *look = user_data;
  OrfNotifier *notifier = look->notifier;
  g_autoptr (OrfNoticeAlert) alert = NULL;

  if (notifier->stopped)
    return;
  if (error != NULL) { /* the file keeps them: the next start looks again */
    g_message ("notices of al-%" G_GINT64_FORMAT " are not told: %s", look->alert_id,
               error->message);
    return;
  }
  alert = make_alert (story->alert);
  orf_notice_plan_set_alert (notifier->plan, alert);
  for (guint i = story->notices->len; i > 0; i--)
    restore (notifier, alert, story->notices->pdata[i - 1]);
  schedule (notifier);
}

/* Of loaded, that do not belong to an alert that fires; each alert once. */
static void
look_for_rest (OrfNotifier *notifier, GHashTable *firing)
{
  g_autoptr (GHashTable) asked = g_hash_table_new (g_int64_hash, g_int64_equal);

  for (guint i = 0; i < notifier->loaded->len; i++) {
    OrfNoticeRow *row = notifier->loaded->pdata[i];
    Look *look;

    if (!is_waiting (row) || g_hash_table_contains (firing, &row->alert_id) ||
        !g_hash_table_add (asked, &row->alert_id))
      continue;
    look = g_new0 (Look, 1);
    *look = (Look){ notifier, row->alert_id };
    orf_store_read_alert_story (notifier->store, row->alert_id, MAX_STORY_ROWS, notifier->closing,
                                looked_cb, look);
  }
}

void
orf_notifier_start (OrfNotifier *notifier, const GPtrArray *alerts)
{
  g_autoptr (GHashTable) firing = g_hash_table_new (g_int64_hash, g_int64_equal);

  for (guint i = 0; i < alerts->len; i++) {
    OrfNoticeAlert *alert = alerts->pdata[i];

    orf_notice_plan_set_alert (notifier->plan, alert);
    g_hash_table_insert (firing, &alert->alert_id, alert);
  }
  for (guint i = 0; i < notifier->loaded->len; i++) {
    const OrfNoticeRow *row = notifier->loaded->pdata[i];
    OrfNoticeAlert *alert = g_hash_table_lookup (firing, &row->alert_id);

    if (alert != NULL)
      restore (notifier, alert, row);
  }
  look_for_rest (notifier, firing);
  g_clear_pointer (&notifier->loaded, g_ptr_array_unref);
  notifier->started = TRUE;
  for (guint i = 0; i < notifier->outlets->len; i++)
    orf_notice_outlet_start (notifier->outlets->pdata[i]);
  orf_notice_ledger_write (notifier->ledger);
  schedule (notifier);
}

/* ---- settings -------------------------------------------------------------------------------- */

static void
set_timing (OrfNotifier *notifier)
{
  const OrfConfig *config = notifier->config;
  const OrfNoticeTiming timing = {
    .group_by = config->notify.group_by,
    .group_wait_us = config->notify.group_wait_us,
    .group_interval_us = config->notify.group_interval_us,
    .repeat_us = config->notify.repeat_us,
    .max_per_minute = (guint) config->notify.max_per_minute,
    .max_waiting = (guint) config->notify.max_waiting,
  };

  orf_notice_plan_set_timing (notifier->plan, &timing);
}

static void
set_plan_receivers (OrfNotifier *notifier)
{
  g_autoptr (GArray) receivers = g_array_new (FALSE, FALSE, sizeof (OrfNoticeReceiver));

  for (guint i = 0; i < notifier->outlets->len; i++) {
    OrfReceiver *receiver = orf_notice_outlet_get_receiver (notifier->outlets->pdata[i]);
    OrfNoticeReceiver one;

    if (receiver == NULL)
      continue;
    one = (OrfNoticeReceiver){ orf_receiver_get_name (receiver),
                               orf_receiver_get_resend_us (receiver) > 0 };
    g_array_append_val (receivers, one);
  }
  orf_notice_plan_set_receivers (notifier->plan, (const OrfNoticeReceiver *) receivers->data,
                                 receivers->len);
}

/* OrfReceiver of the config, NULL in the places of those that are as they were. */
static GPtrArray *
make_receivers (OrfNotifier *notifier, GError **error)
{
  const GPtrArray *list = notifier->config->receivers.list;
  g_autoptr (GPtrArray)
    receivers = g_ptr_array_new_with_free_func ((GDestroyNotify) orf_receiver_free);

  for (guint i = 0; i < list->len; i++) {
    const OrfConfigReceiver *settings = list->pdata[i];
    OrfNoticeOutlet *outlet = find_outlet (notifier, settings->name);
    OrfReceiver *now = outlet != NULL ? orf_notice_outlet_get_receiver (outlet) : NULL;
    OrfReceiver *receiver = NULL;

    if (now == NULL || !orf_receiver_has_settings (now, settings)) {
      receiver = orf_receiver_new (notifier->config, settings, error);
      if (receiver == NULL)
        return NULL;
    }
    g_ptr_array_add (receivers, receiver);
  }
  return g_steal_pointer (&receivers);
}

static gboolean
is_configured (const OrfNotifier *notifier, const char *name)
{
  const GPtrArray *list = notifier->config->receivers.list;

  for (guint i = 0; i < list->len; i++)
    if (g_str_equal (((const OrfConfigReceiver *) list->pdata[i])->name, name))
      return TRUE;
  return FALSE;
}

static OrfNoticeOutlet *
ensure_outlet (OrfNotifier *notifier, const char *name)
{
  OrfNoticeOutlet *outlet = find_outlet (notifier, name);

  if (outlet == NULL) {
    outlet = orf_notice_outlet_new (notifier->config, notifier->outbox, name, &outlet_ops,
                                    notifier);
    g_ptr_array_add (notifier->outlets, outlet);
    if (notifier->started)
      orf_notice_outlet_start (outlet);
  }
  return outlet;
}

gboolean
orf_notifier_reload (OrfNotifier *notifier, GError **error)
{
  const GPtrArray *list = notifier->config->receivers.list;
  g_autoptr (GPtrArray) receivers = make_receivers (notifier, error);

  if (receivers == NULL)
    return FALSE;
  for (guint i = 0; i < notifier->outlets->len; i++) {
    OrfNoticeOutlet *outlet = notifier->outlets->pdata[i];

    if (orf_notice_outlet_get_receiver (outlet) != NULL &&
        !is_configured (notifier, orf_notice_outlet_get_name (outlet)))
      orf_notice_outlet_set_receiver (outlet, NULL);
  }
  for (guint i = 0; i < list->len; i++)
    if (receivers->pdata[i] != NULL)
      orf_notice_outlet_set_receiver (
        ensure_outlet (notifier, ((const OrfConfigReceiver *) list->pdata[i])->name),
        g_steal_pointer (&receivers->pdata[i]));
  set_timing (notifier);
  set_plan_receivers (notifier);
  schedule (notifier);
  return TRUE;
}

/* ---- life ------------------------------------------------------------------------------------ */

OrfNotifier *
orf_notifier_new (const OrfConfig *config, OrfStore *store, OrfOutbox *outbox, GError **error)
{
  g_autoptr (OrfNotifier) notifier = g_new0 (OrfNotifier, 1);

  notifier->config = config;
  notifier->store = store;
  notifier->outbox = outbox;
  notifier->plan = orf_notice_plan_new ();
  notifier->ledger = orf_notice_ledger_new (store);
  notifier->outlets = g_ptr_array_new_with_free_func ((GDestroyNotify) orf_notice_outlet_free);
  notifier->rows = g_hash_table_new_full (g_int64_hash, g_int64_equal, NULL,
                                          (GDestroyNotify) orf_notice_row_free);
  notifier->closing = orf_cancel_new (0);
  notifier->loaded = orf_store_load_notices (store, &notifier->max_id, error);
  if (notifier->loaded == NULL || !orf_notifier_reload (notifier, error))
    return NULL;
  take_all_posted (notifier);
  return g_steal_pointer (&notifier);
}

void
orf_notifier_stop (OrfNotifier *notifier)
{
  if (notifier->stopped)
    return;
  notifier->stopped = TRUE;
  orf_cancel_trigger (notifier->closing);
  g_clear_handle_id (&notifier->step_id, g_source_remove);
  g_clear_handle_id (&notifier->timer_id, g_source_remove);
  for (guint i = 0; i < notifier->outlets->len; i++)
    orf_notice_outlet_stop (notifier->outlets->pdata[i]);
  orf_notice_ledger_stop (notifier->ledger);
}

void
orf_notifier_free (OrfNotifier *notifier)
{
  orf_notifier_stop (notifier);
  g_ptr_array_unref (notifier->outlets);
  orf_notice_plan_free (notifier->plan);
  orf_notice_ledger_free (notifier->ledger);
  g_hash_table_unref (notifier->rows);
  g_clear_pointer (&notifier->loaded, g_ptr_array_unref);
  orf_cancel_unref (notifier->closing);
  g_free (notifier);
}
