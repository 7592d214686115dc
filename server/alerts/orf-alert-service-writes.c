/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What callers say: each takes hold when it is in the file, and not when it is repeated with its
 * idempotency key.
 */
#include <glib-object.h> /* GCallback, for orf-schema-bind.h */
#include <math.h>

#include "alerts/orf-alert-info.h"
#include "alerts/orf-alert-said.h"
#include "alerts/orf-alert-service-private.h"
#include "audit/orf-call-write.h"
#include "core/orf-clock.h"
#include "metrics/orf-series-name.h"
#include "orf-error.h"
#include "orf-schema-bind.h"

#define MAX_LABELS 16

static gboolean
was_done (const OrfWriteResult *result, const GError *error)
{
  return error == NULL && result->replayed_json == NULL;
}

static const char *
get_author (OrfCall *call, const char *author)
{
  return author != NULL && author[0] != '\0' ? author : orf_call_get_actor (call);
}

/* ---- alerts.acknowledge -----------------------------------------------------------------------
 */

typedef struct {
  OrfAlertService *service;
  OrfCall *call;
  OrfCallWrite *write;
  OrfAcknowledgement said;
  char *author, *note;
} Acknowledge;

static void
acknowledge_free (Acknowledge *acknowledge)
{
  g_free (acknowledge->author);
  g_free (acknowledge->note);
  g_free (acknowledge);
}

static void
acknowledged_cb (gpointer user_data, const OrfWriteResult *result, const GError *error)
{
  Acknowledge *acknowledge = user_data;

  if (was_done (result, error) && acknowledge->service->alerts != NULL)
    orf_alerts_acknowledged (acknowledge->service->alerts, &acknowledge->said);
  orf_call_write_done_cb (acknowledge->write, result, error);
  acknowledge_free (acknowledge);
}

/* As it will be told when that is written. */
static OrfAlertInfo *
make_acknowledged (const Acknowledge *acknowledge, const OrfAlertRow *row)
{
  g_autoptr (OrfAlertRow) copy = orf_alert_row_copy (row);
  const OrfAcknowledgement *said = &acknowledge->said;

  g_free (copy->author);
  g_free (copy->note);
  copy->author = g_strdup (said->author);
  copy->note = g_strdup (said->note);
  copy->verdict = said->verdict;
  copy->acknowledged_us = said->at_us;
  return orf_alert_info_make (copy, acknowledge->service->book, acknowledge->service->notifier);
}

static void
found_cb (gpointer user_data, GPtrArray *rows, const GError *error)
{
  Acknowledge *acknowledge = user_data;
  g_autoptr (OrfAlertInfo) info = NULL;

  if (error != NULL || rows->len == 0) {
    orf_call_fail (acknowledge->call,
                   error != NULL ? g_error_copy (error)
                                 : orf_error_new_field (ORF_ERROR_NOT_FOUND, "id", NULL,
                                                        "there is no such alert (any more)"));
    acknowledge_free (acknowledge);
    return;
  }
  info = make_acknowledged (acknowledge, rows->pdata[0]);
  acknowledge->write = orf_call_write_new (acknowledge->call, &orf_alert_info_desc, info);
  if (acknowledge->write == NULL)
    acknowledge_free (acknowledge);
  else
    orf_store_acknowledge_alert (acknowledge->service->parts->store, &acknowledge->said,
                                 orf_call_write_get_idempotency (acknowledge->write),
                                 acknowledged_cb, acknowledge);
}

static void
acknowledge_cb (OrfCall *call, const OrfAlertsAcknowledgeParams *params, gpointer user_data)
{
  OrfAlertService *service = user_data;
  OrfAlertFilter filter = {
    .to_us = G_MAXINT64, .unfired = TRUE, .before_us = G_MAXINT64, .max = 1
  };
  Acknowledge *acknowledge;

  if (!orf_alert_service_parse_id (call, ORF_ID_ALERT, params->id, &filter.id))
    return;
  acknowledge = g_new0 (Acknowledge, 1);
  acknowledge->service = service;
  acknowledge->call = call;
  acknowledge->author = g_strdup (get_author (call, params->author));
  acknowledge->note = g_strdup (params->note);
  acknowledge->said = (OrfAcknowledgement){ filter.id, orf_clock_now_us (), acknowledge->author,
                                            acknowledge->note, params->verdict };
  orf_store_read_alerts (service->parts->store, &filter, orf_call_get_cancel (call), found_cb,
                         acknowledge);
}

/* ---- alerts.set_rule --------------------------------------------------------------------------
 */

typedef struct {
  OrfAlertService *service;
  OrfCallWrite *write;
  OrfAlertRuleRow *row; /* NULL: what was said is taken back */
  char *name;
} RuleWrite;

static void
rule_written_cb (gpointer user_data, const OrfWriteResult *result, const GError *error)
{
  RuleWrite *job = user_data;
  OrfAlertService *service = job->service;

  if (was_done (result, error)) {
    if (job->row != NULL)
      orf_alert_book_say (service->book, g_steal_pointer (&job->row));
    else
      orf_alert_book_unsay (service->book, job->name);
    if (service->alerts != NULL)
      orf_alerts_rules_changed (service->alerts);
  }
  orf_call_write_done_cb (job->write, result, error);
  orf_alert_rule_row_free (job->row);
  g_free (job->name);
  g_free (job);
}

static gboolean
check_said (const OrfAlertsSetRuleParams *params, GError **error)
{
  if (params->labels != NULL &&
      !orf_series_name_check_labels (params->labels, MAX_LABELS, "labels", error))
    return FALSE;
  for (guint i = 0; params->inhibited_by != NULL && params->inhibited_by[i] != NULL; i++)
    if (!orf_alert_said_check_name (params->inhibited_by[i], "inhibited_by", error))
      return FALSE;
  return TRUE;
}

static OrfAlertRuleRow *
make_said (OrfCall *call, const OrfAlertsSetRuleParams *params)
{
  OrfAlertRuleRow *row = orf_alert_rule_row_new ();

  row->name = g_strdup (params->rule);
  row->expr = g_strdup (params->expr);
  row->threshold = params->threshold;
  row->hysteresis = params->hysteresis;
  row->severity = (int) params->severity;
  row->for_us = params->has_for_us ? params->for_us : -1;
  row->keep_firing_for_us = params->has_keep_firing_for_us ? params->keep_firing_for_us : -1;
  row->cooldown_us = params->has_cooldown_us ? params->cooldown_us : -1;
  row->labels_json = params->labels != NULL ? orf_series_name_labels_to_json (params->labels)
                                            : NULL;
  row->summary = g_strdup (params->summary);
  row->help = g_strdup (params->help);
  row->runbook = g_strdup (params->runbook);
  row->inhibited_by_json = params->inhibited_by != NULL
                             ? orf_alert_said_names_to_json (params->inhibited_by)
                             : NULL;
  row->enabled = params->has_enabled ? params->enabled : -1;
  row->set_us = orf_clock_now_us ();
  row->set_by = g_strdup (orf_call_get_actor (call));
  return row;
}

/* As it will be told when that is written; FALSE: the call has failed. */
static gboolean
begin_rule_write (RuleWrite *job, OrfCall *call)
{
  OrfAlertEntry *entry = orf_alert_book_preview (job->service->book, job->row);
  g_autoptr (OrfAlertRuleInfo) info = orf_alert_service_make_rule (job->service, entry);

  orf_alert_entry_free (entry);
  job->write = orf_call_write_new (call, &orf_alert_rule_info_desc, info);
  return job->write != NULL;
}

static void
set_rule_cb (OrfCall *call, const OrfAlertsSetRuleParams *params, gpointer user_data)
{
  OrfAlertService *service = user_data;
  g_autoptr (OrfAlertRuleRow) said = NULL;
  GError *error = NULL;
  RuleWrite *job;

  if (!check_said (params, &error)) {
    orf_call_fail (call, error);
    return;
  }
  said = make_said (call, params);
  job = g_new0 (RuleWrite, 1);
  job->service = service;
  job->row = orf_alert_book_propose (service->book, said, &error);
  if (job->row == NULL)
    orf_call_fail (call, error);
  if (job->row == NULL || !begin_rule_write (job, call)) {
    orf_alert_rule_row_free (job->row);
    g_free (job);
    return;
  }
  orf_store_write_alert_rule (service->parts->store, orf_alert_rule_row_copy (job->row),
                              orf_call_write_get_idempotency (job->write), rule_written_cb, job);
}

static void
delete_rule_cb (OrfCall *call, const OrfAlertsDeleteRuleParams *params, gpointer user_data)
{
  OrfAlertService *service = user_data;
  const OrfAlertsDeleteResult result = { .deleted = TRUE };
  GError *error = NULL;
  OrfCallWrite *write;
  RuleWrite *job;

  if (!orf_alert_book_check_unsay (service->book, params->rule, &error)) {
    orf_call_fail (call, error);
    return;
  }
  write = orf_call_write_new (call, &orf_alerts_delete_result_desc, &result);
  if (write == NULL)
    return;
  job = g_new0 (RuleWrite, 1);
  *job = (RuleWrite){ service, write, NULL, g_strdup (params->rule) };
  orf_store_delete_alert_rule (service->parts->store, job->name,
                               orf_call_write_get_idempotency (job->write), rule_written_cb, job);
}

/* ---- alerts.silence ---------------------------------------------------------------------------
 */

typedef struct {
  OrfAlertService *service;
  OrfCallWrite *write;
  OrfSilenceRow *row;
} SilenceWrite;

static void
silence_written_cb (gpointer user_data, const OrfWriteResult *result, const GError *error)
{
  SilenceWrite *job = user_data;

  if (was_done (result, error))
    orf_alert_silences_put (job->service->silences, g_steal_pointer (&job->row));
  orf_call_write_done_cb (job->write, result, error);
  orf_silence_row_free (job->row);
  g_free (job);
}

/* Takes row. */
static void
write_silence (OrfAlertService *service, OrfCallWrite *write, OrfSilenceRow *row)
{
  OrfStore *store = service->parts->store;
  SilenceWrite *job = g_new0 (SilenceWrite, 1);

  *job = (SilenceWrite){ service, write, row };
  orf_store_write_silence (store, orf_silence_row_copy (row),
                           orf_store_get_age_now_us (store) -
                             service->parts->config->alerts.history_us,
                           orf_call_write_get_idempotency (write), silence_written_cb, job);
}

static gboolean
check_span (gint64 from_us, gint64 until_us, gint64 now_us, GError **error)
{
  if (until_us > MAX (from_us, now_us))
    return TRUE;
  g_propagate_error (error, orf_error_new_field (ORF_ERROR_INVALID_ARGUMENT, "until_us",
                                                 "later than now and from_us",
                                                 "until_us: %" G_GINT64_FORMAT " is over by then",
                                                 until_us));
  return FALSE;
}

static void
silence_cb (OrfCall *call, const OrfAlertsSilenceParams *params, gpointer user_data)
{
  OrfAlertService *service = user_data;
  gint64 now_us = orf_clock_now_us ();
  g_autoptr (OrfSilenceRow) row = orf_silence_row_new ();
  g_autoptr (OrfAlertSilenceInfo) info = NULL;
  OrfCallWrite *write;
  GError *error = NULL;

  row->from_us = params->has_from_us ? params->from_us : now_us;
  row->until_us = params->until_us;
  if (check_span (row->from_us, row->until_us, now_us, &error))
    row->id = orf_alert_silences_take_id (service->silences, params->matchers, &error);
  if (row->id == 0) {
    orf_call_fail (call, error);
    return;
  }
  row->matchers = g_strdup (params->matchers);
  row->author = g_strdup (get_author (call, params->author));
  row->note = g_strdup (params->note);
  row->created_us = now_us;
  info = orf_alert_service_make_silence (row);
  write = orf_call_write_new (call, &orf_alert_silence_info_desc, info);
  if (write != NULL)
    write_silence (service, write, g_steal_pointer (&row));
}

static void
unsilence_cb (OrfCall *call, const OrfAlertsUnsilenceParams *params, gpointer user_data)
{
  OrfAlertService *service = user_data;
  const OrfAlertsDeleteResult result = { .deleted = TRUE };
  gint64 now_us = orf_clock_now_us (), id;
  const OrfSilenceRow *found;
  OrfSilenceRow *row;
  OrfCallWrite *write;

  if (!orf_alert_service_parse_id (call, ORF_ID_SILENCE, params->id, &id))
    return;
  found = orf_alert_silences_find (service->silences, id, now_us);
  if (found == NULL) {
    orf_call_fail (call, orf_error_new_field (ORF_ERROR_NOT_FOUND, "id", NULL,
                                              "there is no silence \"%s\" (any more)", params->id));
    return;
  }
  write = orf_call_write_new (call, &orf_alerts_delete_result_desc, &result);
  if (write == NULL)
    return;
  row = orf_silence_row_copy (found);
  row->until_us = now_us;
  row->ended_by = g_strdup (orf_call_get_actor (call));
  write_silence (service, write, row);
}

/* ---- life -------------------------------------------------------------------------------------
 */

void
orf_alert_service_bind_writes (OrfAlertService *service, OrfRouter *router)
{
  orf_bind_alerts_acknowledge (router, acknowledge_cb, service);
  orf_bind_alerts_set_rule (router, set_rule_cb, service);
  orf_bind_alerts_delete_rule (router, delete_rule_cb, service);
  orf_bind_alerts_silence (router, silence_cb, service);
  orf_bind_alerts_unsilence (router, unsilence_cb, service);
}
