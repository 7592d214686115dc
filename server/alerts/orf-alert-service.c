/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "alerts/orf-alert-service.h"

#include <glib-object.h> /* GCallback, for orf-schema-bind.h */
#include <math.h>
#include <string.h>

#include "alerts/orf-alert-info.h"
#include "alerts/orf-alert-service-private.h"
#include "core/orf-clock.h"
#include "orf-encode.h"
#include "orf-error.h"
#include "orf-schema-bind.h"
#include "rpc/orf-list-cursor.h"

/* Of alerts that go on, on a file; more than [alerts] max_active may be. */
#define MAX_ONGOING 1000000
/* Of one alert's steps, and of its notices. */
#define MAX_STEPS 1000

/* ---- alerts.active ----------------------------------------------------------------------------
 */

typedef struct {
  OrfAlertService *service;
  OrfCall *call;
  OrfSeverity least;
  guint limit;
  gint64 after_severity, after_id; /* as the cursor says; G_MAXINT64: from the beginning */
} Active;

/* Most severe first, then oldest. */
static int
compare_active (gconstpointer a, gconstpointer b)
{
  const OrfAlertRow *x = *(OrfAlertRow *const *) a, *y = *(OrfAlertRow *const *) b;

  return x->severity != y->severity ? (int) y->severity - (int) x->severity
                                    : (x->id > y->id) - (x->id < y->id);
}

static gboolean
comes_after (const Active *active, const OrfAlertRow *row)
{
  return (gint64) row->severity < active->after_severity ||
         ((gint64) row->severity == active->after_severity && row->id > active->after_id);
}

/* rows: sorted here. */
static OrfAlertsListResult *
make_active (const Active *active, GPtrArray *rows)
{
  OrfAlertsListResult *result = orf_alerts_list_result_new ();
  const OrfAlertRow *last = NULL;

  g_ptr_array_sort (rows, compare_active);
  result->alerts = g_ptr_array_new_with_free_func ((GDestroyNotify) orf_alert_info_free);
  for (guint i = 0; i < rows->len; i++) {
    const OrfAlertRow *row = rows->pdata[i];

    if (row->severity < active->least || !comes_after (active, row))
      continue;
    if (result->alerts->len == active->limit) {
      result->next_cursor = orf_list_cursor_format ((gint64) last->severity, last->id);
      break;
    }
    last = row;
    g_ptr_array_add (result->alerts,
                     orf_alert_info_make (row, active->service->book, active->service->notifier));
  }
  return result;
}

static void
answer_active (const Active *active, GPtrArray *rows)
{
  g_autoptr (OrfAlertsListResult) result = make_active (active, rows);

  orf_call_return_alerts_active (active->call, result);
}

static void
active_read_cb (gpointer user_data, GPtrArray *rows, const GError *error)
{
  g_autofree Active *active = user_data;

  if (error != NULL)
    orf_call_fail (active->call, g_error_copy (error));
  else
    answer_active (active, rows);
}

/* Rows of the keeper, borrowed. */
static GPtrArray *
list_ongoing (OrfAlertService *service)
{
  g_autoptr (GPtrArray) list = orf_alert_keeper_list (orf_alerts_get_keeper (service->alerts));
  GPtrArray *rows = g_ptr_array_new ();

  for (guint i = 0; i < list->len; i++)
    g_ptr_array_add (rows, ((const OrfOngoing *) list->pdata[i])->row);
  return rows;
}

static void
active_cb (OrfCall *call, const OrfAlertsActiveParams *params, gpointer user_data)
{
  OrfAlertService *service = user_data;
  Active active = { service, call, params->severity, (guint) params->limit, G_MAXINT64, 0 };
  const OrfAlertFilter filter = { .to_us = G_MAXINT64,
                                  .unfired = TRUE,
                                  .ongoing = TRUE,
                                  .before_us = G_MAXINT64,
                                  .max = MAX_ONGOING };
  GError *error = NULL;

  if (params->cursor != NULL &&
      !orf_list_cursor_parse (params->cursor, &active.after_severity, &active.after_id, &error)) {
    orf_call_fail (call, error);
  } else if (service->alerts != NULL) {
    g_autoptr (GPtrArray) rows = list_ongoing (service);

    answer_active (&active, rows);
  } else {
    orf_store_read_alerts (service->parts->store, &filter, orf_call_get_cancel (call),
                           active_read_cb, g_memdup2 (&active, sizeof active));
  }
}

/* ---- alerts.history ---------------------------------------------------------------------------
 */

typedef struct {
  OrfAlertService *service;
  OrfCall *call;
  guint limit;
} History;

static void
answer_history (const History *history, const GPtrArray *rows)
{
  g_autoptr (OrfAlertsListResult) result = orf_alerts_list_result_new ();
  guint n = MIN (rows->len, history->limit);

  result->alerts = g_ptr_array_new_with_free_func ((GDestroyNotify) orf_alert_info_free);
  for (guint i = 0; i < n; i++)
    g_ptr_array_add (result->alerts, orf_alert_info_make (rows->pdata[i], history->service->book,
                                                          history->service->notifier));
  if (rows->len > n) {
    const OrfAlertRow *last = rows->pdata[n - 1];

    result->next_cursor = orf_list_cursor_format (last->started_us, last->id);
  }
  orf_call_return_alerts_history (history->call, result);
}

static void
history_read_cb (gpointer user_data, GPtrArray *rows, const GError *error)
{
  g_autofree History *history = user_data;

  if (error != NULL)
    orf_call_fail (history->call, g_error_copy (error));
  else
    answer_history (history, rows);
}

static void
history_cb (OrfCall *call, const OrfAlertsHistoryParams *params, gpointer user_data)
{
  OrfAlertService *service = user_data;
  OrfAlertFilter filter = {
    .from_us = params->has_from_us ? params->from_us : 0,
    .to_us = params->has_to_us ? params->to_us : G_MAXINT64,
    .rule = params->rule,
    .unfired = params->unfired,
    .before_us = G_MAXINT64,
    .max = (guint) params->limit + 1, /* one more tells whether there is a next page */
  };
  GError *error = NULL;
  History *history;

  if (params->cursor != NULL &&
      !orf_list_cursor_parse (params->cursor, &filter.before_us, &filter.before_id, &error)) {
    orf_call_fail (call, error);
    return;
  }
  history = g_new0 (History, 1);
  *history = (History){ service, call, (guint) params->limit };
  orf_store_read_alerts (service->parts->store, &filter, orf_call_get_cancel (call),
                         history_read_cb, history);
}

/* ---- alerts.explain ---------------------------------------------------------------------------
 */

typedef struct {
  OrfAlertService *service;
  OrfCall *call;
} Explain;

static OrfAlertStep *
make_step (gint64 t_us, const char *step, const char *reason, const char *receiver)
{
  OrfAlertStep *made = orf_alert_step_new ();

  made->t_us = t_us;
  made->step = g_strdup (step);
  made->reason = g_strdup (reason);
  made->receiver = g_strdup (receiver);
  return made;
}

/* What its row knows and no event says: when it was made, and handed to the outbox. */
static void
add_notice (GPtrArray *steps, const OrfNoticeRow *row)
{
  const char *event = orf_notice_event_get_word (row->event);
  g_autofree char *made = g_strdup_printf ("to be told of: %s", event);
  g_autofree char *posted = g_strdup_printf ("%s: on its way", event);
  g_autofree char *state = g_strdup_printf ("%s: %s", event,
                                            row->answer != NULL ? row->answer : "done");

  g_ptr_array_add (steps, make_step (row->made_us, "waiting", made, row->receiver));
  if (row->posted_us > 0)
    g_ptr_array_add (steps, make_step (row->posted_us, "posted", posted, row->receiver));
  if (row->done_us > 0)
    g_ptr_array_add (steps, make_step (row->done_us, orf_notice_state_get_word (row->state), state,
                                       row->receiver));
}

static int
compare_steps (gconstpointer a, gconstpointer b)
{
  const OrfAlertStep *x = *(OrfAlertStep *const *) a, *y = *(OrfAlertStep *const *) b;

  return (x->t_us > y->t_us) - (x->t_us < y->t_us);
}

static void
story_cb (gpointer user_data, const OrfAlertStory *story, const GError *error)
{
  g_autofree Explain *explain = user_data;
  g_autoptr (OrfAlertsExplainResult) result = orf_alerts_explain_result_new ();

  if (error != NULL) {
    orf_call_fail (explain->call, g_error_copy (error));
    return;
  }
  result->alert = orf_alert_info_make (story->alert, explain->service->book,
                                       explain->service->notifier);
  result->steps = g_ptr_array_new_with_free_func ((GDestroyNotify) orf_alert_step_free);
  for (guint i = 0; i < story->events->len; i++) {
    const OrfAlertEventRow *row = story->events->pdata[i];

    g_ptr_array_add (result->steps, make_step (row->t_us, row->step, row->reason, row->receiver));
  }
  for (guint i = 0; i < story->notices->len; i++)
    add_notice (result->steps, story->notices->pdata[i]);
  g_ptr_array_sort (result->steps, compare_steps);
  orf_call_return_alerts_explain (explain->call, result);
}

gboolean
orf_alert_service_parse_id (OrfCall *call, OrfIdKind kind, const char *text, gint64 *id)
{
  if (orf_id_parse (kind, text, id))
    return TRUE;
  orf_call_fail (call,
                 orf_error_new_field (ORF_ERROR_NOT_FOUND, "id", NULL, "there is no \"%s\"", text));
  return FALSE;
}

static void
explain_cb (OrfCall *call, const OrfAlertsExplainParams *params, gpointer user_data)
{
  OrfAlertService *service = user_data;
  Explain *explain;
  gint64 id;

  if (!orf_alert_service_parse_id (call, ORF_ID_ALERT, params->id, &id))
    return;
  explain = g_new0 (Explain, 1);
  *explain = (Explain){ service, call };
  orf_store_read_alert_story (service->parts->store, id, MAX_STEPS, orf_call_get_cancel (call),
                              story_cb, explain);
}

/* ---- alerts.rules -----------------------------------------------------------------------------
 */

typedef struct {
  OrfAlertService *service;
  OrfCall *call;
  guint limit;
  char *after; /* a name; NULL: from the beginning */
} Rules;

OrfAlertRuleInfo *
orf_alert_service_make_rule (OrfAlertService *service, const OrfAlertEntry *entry)
{
  const OrfAlertRuleSpec *spec = orf_alert_rule_get_spec (entry->rule);
  OrfAlertRuleInfo *info = orf_alert_rule_info_new ();

  info->rule = g_strdup (spec->name);
  info->expr = g_strdup (spec->expr);
  info->threshold = orf_alert_rule_get_threshold (entry->rule);
  info->hysteresis = spec->hysteresis;
  info->severity = spec->severity;
  info->for_us = spec->timing.for_us;
  info->keep_firing_for_us = spec->timing.keep_firing_for_us;
  info->cooldown_us = spec->timing.cooldown_us;
  info->labels = spec->labels != NULL ? g_strdupv ((char **) spec->labels) : g_new0 (char *, 1);
  info->summary = g_strdup (spec->summary);
  info->help = g_strdup (entry->help);
  info->runbook = g_strdup (spec->runbook);
  info->inhibited_by = g_strdupv (entry->inhibited_by);
  info->enabled = entry->enabled;
  info->builtin = entry->source == ORF_ALERT_RULE_SOURCE_BUILTIN;
  info->source = entry->source;
  info->set_by = g_strdup (entry->set_by);
  info->has_set_us = entry->set_us > 0;
  info->set_us = entry->set_us;
  info->waiting_for = service->alerts != NULL && entry->enabled
                        ? orf_alerts_dup_trouble (service->alerts, entry)
                        : NULL;
  info->record = orf_alert_rule_record_new ();
  info->record->precision = NAN;
  return info;
}

static void
fill_record (OrfAlertRuleRecord *to, const GPtrArray *records, const char *rule)
{
  for (guint i = 0; i < records->len; i++) {
    const OrfAlertRecord *from = records->pdata[i];
    gint64 n_judged = from->useful + from->noise + from->known;

    if (!g_str_equal (from->rule, rule))
      continue;
    to->fired = from->fired;
    to->acknowledged = from->acknowledged;
    to->useful = from->useful;
    to->noise = from->noise;
    to->known = from->known;
    to->precision = n_judged > 0 ? (double) (from->useful + from->known) / (double) n_judged : NAN;
    to->has_mean_acknowledge_us = from->mean_acknowledge_us >= 0;
    to->mean_acknowledge_us = MAX (from->mean_acknowledge_us, 0);
  }
}

static OrfAlertsRulesResult *
make_rules (const Rules *rules, const GPtrArray *records)
{
  const GPtrArray *entries = orf_alert_book_list (rules->service->book);
  OrfAlertsRulesResult *result = orf_alerts_rules_result_new ();
  const char *last = NULL;

  result->rules = g_ptr_array_new_with_free_func ((GDestroyNotify) orf_alert_rule_info_free);
  for (guint i = 0; i < entries->len; i++) {
    const OrfAlertEntry *entry = entries->pdata[i];
    const char *name = orf_alert_rule_get_spec (entry->rule)->name;
    OrfAlertRuleInfo *info;

    if (rules->after != NULL && strcmp (name, rules->after) <= 0)
      continue;
    if (result->rules->len == rules->limit) {
      result->next_cursor = g_strdup (last);
      break;
    }
    info = orf_alert_service_make_rule (rules->service, entry);
    fill_record (info->record, records, name);
    g_ptr_array_add (result->rules, info);
    last = name;
  }
  return result;
}

static void
records_cb (gpointer user_data, GPtrArray *records, const GError *error)
{
  Rules *rules = user_data;

  if (error != NULL) {
    orf_call_fail (rules->call, g_error_copy (error));
  } else {
    g_autoptr (OrfAlertsRulesResult) result = make_rules (rules, records);

    orf_call_return_alerts_rules (rules->call, result);
  }
  g_free (rules->after);
  g_free (rules);
}

static void
rules_cb (OrfCall *call, const OrfAlertsRulesParams *params, gpointer user_data)
{
  OrfAlertService *service = user_data;
  Rules *rules = g_new0 (Rules, 1);

  *rules = (Rules){ service, call, (guint) params->limit, g_strdup (params->cursor) };
  orf_store_read_alert_records (service->parts->store, orf_call_get_cancel (call), records_cb,
                                rules);
}

/* ---- alerts.silences --------------------------------------------------------------------------
 */

OrfAlertSilenceInfo *
orf_alert_service_make_silence (const OrfSilenceRow *row)
{
  OrfAlertSilenceInfo *info = orf_alert_silence_info_new ();

  info->id = orf_id_format (ORF_ID_SILENCE, row->id);
  info->matchers = g_strdup (row->matchers);
  info->from_us = row->from_us;
  info->until_us = row->until_us;
  info->author = g_strdup (row->author);
  info->note = g_strdup (row->note);
  return info;
}

static void
silences_cb (OrfCall *call, const OrfAlertsSilencesParams *params, gpointer user_data)
{
  OrfAlertService *service = user_data;
  const GPtrArray *rows = orf_alert_silences_list (service->silences, orf_clock_now_us ());
  g_autoptr (OrfAlertsSilencesResult) result = orf_alerts_silences_result_new ();
  gint64 nothing, after_id = 0;
  GError *error = NULL;

  if (params->cursor != NULL &&
      !orf_list_cursor_parse (params->cursor, &nothing, &after_id, &error)) {
    orf_call_fail (call, error);
    return;
  }
  result->silences = g_ptr_array_new_with_free_func ((GDestroyNotify) orf_alert_silence_info_free);
  for (guint i = 0; i < rows->len; i++) {
    const OrfSilenceRow *row = rows->pdata[i];

    if (row->id <= after_id)
      continue;
    if (result->silences->len == (guint) params->limit) {
      result->next_cursor =
        orf_list_cursor_format (0, ((const OrfSilenceRow *) rows->pdata[i - 1])->id);
      break;
    }
    g_ptr_array_add (result->silences, orf_alert_service_make_silence (row));
  }
  orf_call_return_alerts_silences (call, result);
}

/* ---- alerts.watch -----------------------------------------------------------------------------
 */

static void
watch_cb (OrfCall *call, const OrfAlertsWatchParams *params, gpointer user_data)
{
  OrfAlertService *service = user_data;
  const Active active = { service, call, params->severity, G_MAXUINT, G_MAXINT64, 0 };
  g_autoptr (OrfAlertsWatchValue) value = orf_alerts_watch_value_new ();
  g_autoptr (GString) json = g_string_new (NULL);
  g_autoptr (OrfAlertsListResult) ongoing = NULL;
  g_autoptr (GPtrArray) rows = NULL;
  g_autoptr (OrfBlob) first = NULL;

  if (service->alerts == NULL) {
    orf_call_fail (call, g_error_new (ORF_ERROR, ORF_ERROR_UNAVAILABLE, "no daemon runs here"));
    return;
  }
  rows = list_ongoing (service);
  ongoing = make_active (&active, rows);
  value->alerts = g_steal_pointer (&ongoing->alerts);
  if (orf_encode (&orf_alerts_watch_value_desc, value, json, NULL))
    first = orf_blob_new (json->str, json->len);
  orf_call_return_stream (call, orf_alerts_watch (service->alerts, params->severity), first);
}

/* ---- life -------------------------------------------------------------------------------------
 */

OrfAlertService *
orf_alert_service_new (const OrfMetricsParts *parts, GError **error)
{
  g_autoptr (OrfAlertService) service = g_new0 (OrfAlertService, 1);
  g_autoptr (GPtrArray) rows = orf_store_load_alert_rules (parts->store, error);

  if (rows == NULL)
    return NULL;
  service->parts = parts;
  service->book = orf_alert_book_new (parts->config, rows, error);
  if (service->book == NULL)
    return NULL;
  service->silences = orf_alert_silences_new (parts->config, parts->store, error);
  return service->silences != NULL ? g_steal_pointer (&service) : NULL;
}

void
orf_alert_service_free (OrfAlertService *service)
{
  if (service == NULL)
    return;
  orf_alert_silences_free (service->silences);
  orf_alert_book_free (service->book);
  g_free (service);
}

OrfAlertBook *
orf_alert_service_get_book (OrfAlertService *service)
{
  return service->book;
}

void
orf_alert_service_set_live (OrfAlertService *service, OrfAlerts *alerts, OrfNotifier *notifier)
{
  service->alerts = alerts;
  service->notifier = notifier;
  orf_alert_silences_set_notifier (service->silences, notifier);
}

void
orf_alert_service_reload (OrfAlertService *service)
{
  orf_alert_book_reload (service->book);
  if (service->alerts != NULL)
    orf_alerts_rules_changed (service->alerts);
}

void
orf_alert_service_bind (OrfAlertService *service, OrfRouter *router)
{
  orf_bind_alerts_active (router, active_cb, service);
  orf_bind_alerts_history (router, history_cb, service);
  orf_bind_alerts_explain (router, explain_cb, service);
  orf_bind_alerts_rules (router, rules_cb, service);
  orf_bind_alerts_silences (router, silences_cb, service);
  orf_bind_alerts_watch (router, watch_cb, service);
  orf_alert_service_bind_writes (service, router);
  orf_alert_service_bind_test (service, router);
}
