/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The way of one call: the incident, where one is asked for; then section by section in a reader's
 * thread, a transaction each, as a long one keeps the WAL from being written back; and in the last
 * of them what is to be said of it all.
 */
#include "postmortem/orf-postmortem-service.h"

#include <glib-object.h> /* GCallback, for orf-schema-bind.h */

#include "core/orf-clock.h"
#include "core/orf-id.h"
#include "orf-error.h"
#include "orf-schema-bind.h"
#include "postmortem/orf-postmortem-cache.h"
#include "postmortem/orf-postmortem-changes.h"
#include "postmortem/orf-postmortem-cost.h"
#include "postmortem/orf-postmortem-culprit.h"
#include "postmortem/orf-postmortem-gaps.h"
#include "postmortem/orf-postmortem-lists.h"
#include "postmortem/orf-postmortem-memory.h"
#include "postmortem/orf-postmortem-sql.h"
#include "postmortem/orf-postmortem-summary.h"
#include "postmortem/orf-postmortem-timeline.h"
#include "postmortem/orf-postmortem-traces.h"

/* With the baseline two months: as far back as most files have minutes. */
#define MAX_WINDOW_DAYS 31

struct _OrfPostmortemService {
  const OrfMetricsParts *parts;
  gboolean live;
};

typedef struct {
  OrfPostmortemService *service;
  OrfCall *call;
  OrfPostmortemFacts *facts; /* the reader's, until it is done */
  char *currency; /* a copy: a reload frees that of the config, which is not a reader's */
  guint section;  /* that is read */
} Build;

static void
build_free (Build *build)
{
  orf_postmortem_facts_free (build->facts);
  g_free (build->currency);
  g_free (build);
}

static void
fail (Build *build, GError *error)
{
  orf_call_fail (build->call, error);
  build_free (build);
}

static void
answer (Build *build)
{
  g_autoptr (OrfPostmortemBuildResult) result = orf_postmortem_build_result_new ();
  OrfPostmortemDocument *document = build->facts->document;

  result->from_us = document->window->from_us;
  result->to_us = document->window->to_us;
  result->title = document->incident != NULL ? g_strdup (document->incident->title)
                                             : orf_postmortem_summary_make_title (document->window);
  result->document = g_steal_pointer (&build->facts->document);
  orf_call_return_postmortem_build (build->call, result);
  build_free (build);
}

/* ---- in a reader's thread -------------------------------------------------------------------- */

static gboolean
read_changes_thread_cb (gpointer data, OrfConnection *connection, GError **error)
{
  return orf_postmortem_changes_read (((Build *) data)->facts, connection, error);
}

static gboolean
read_memory_thread_cb (gpointer data, OrfConnection *connection, GError **error)
{
  return orf_postmortem_memory_read (((Build *) data)->facts, connection, error);
}

static gboolean
read_traces_thread_cb (gpointer data, OrfConnection *connection, GError **error)
{
  return orf_postmortem_traces_read (((Build *) data)->facts, connection, error);
}

static gboolean
read_lists_thread_cb (gpointer data, OrfConnection *connection, GError **error)
{
  OrfPostmortemFacts *facts = ((Build *) data)->facts;

  return orf_postmortem_lists_read (facts, connection, error) &&
         orf_postmortem_cache_read (facts, connection, error);
}

/* The last one: it decides as well. */
static gboolean
read_cost_thread_cb (gpointer data, OrfConnection *connection, GError **error)
{
  const Build *build = data;

  if (!orf_postmortem_cost_read (build->facts, connection, build->currency, error))
    return FALSE;
  orf_postmortem_gaps_find (build->facts);
  orf_postmortem_timeline_finish (build->facts);
  build->facts->document->culprit = orf_postmortem_culprit_find (build->facts);
  orf_postmortem_summary_write (build->facts);
  orf_postmortem_sql_write (build->facts->document);
  return TRUE;
}

static const OrfReadThreadCb sections[] = {
  read_changes_thread_cb, read_memory_thread_cb, read_traces_thread_cb,
  read_lists_thread_cb,   read_cost_thread_cb,
};

static void
section_cb (gpointer user_data, const GError *error)
{
  Build *build = user_data;

  if (error != NULL) {
    fail (build, g_error_copy (error));
    return;
  }
  build->section++;
  if (build->section == G_N_ELEMENTS (sections))
    answer (build);
  else
    orf_store_read (build->service->parts->store, sections[build->section], build,
                    orf_call_get_cancel (build->call), section_cb, build);
}

/* ---- the call -------------------------------------------------------------------------------- */

static OrfPostmortemIncident *
make_incident (const OrfIncidentRow *row)
{
  OrfPostmortemIncident *incident = orf_postmortem_incident_new ();

  incident->id = orf_id_format (ORF_ID_INCIDENT, row->id);
  incident->title = g_strdup (row->title);
  incident->reason = g_strdup (row->reason);
  incident->author = g_strdup (row->author);
  incident->from_us = row->from_us;
  incident->to_us = row->to_us;
  return incident;
}

static void
start (Build *build, gint64 from_us, gint64 to_us, const OrfIncidentRow *incident)
{
  const OrfMetricsParts *parts = build->service->parts;
  const OrfPostmortemTimes times = { from_us, to_us, orf_clock_now_us () };
  OrfPostmortemSource *source;

  build->facts = orf_postmortem_facts_new (&times, parts->config->trace.service_name);
  source = build->facts->document->source;
  source->orfeas = g_strdup (ORF_VERSION);
  source->db = g_strdup (orf_store_get_path (parts->store));
  source->live = build->service->live;
  build->currency = g_strdup (parts->config->cost.currency);
  if (incident != NULL)
    build->facts->document->incident = make_incident (incident);
  orf_store_read (parts->store, sections[0], build, orf_call_get_cancel (build->call), section_cb,
                  build);
}

/* NULL: it can be told of. */
static GError *
check_span (const OrfConfig *config, const char *field, gint64 from_us, gint64 to_us)
{
  /* steps and hours are counted beyond its end, which has to stay a number */
  if (from_us > orf_clock_now_us () + config->metrics.future_us)
    return orf_error_new_field (ORF_ERROR_INVALID_ARGUMENT, field, "no time to come",
                                "%s: the span has not begun", field);
  if (from_us < 0 || from_us >= to_us)
    return orf_error_new_field (ORF_ERROR_INVALID_ARGUMENT, field, "less than to_us",
                                "%s: the span is empty", field);
  if (to_us - from_us > MAX_WINDOW_DAYS * 86400 * ORF_US_PER_S)
    return orf_error_new_field (ORF_ERROR_INVALID_ARGUMENT, field, "at most 31 days before to_us",
                                "%s: the span is longer than 31 days", field);
  return NULL;
}

/* Who pinned it may have meant a time to come. */
static void
start_of_incident (Build *build, const OrfIncidentRow *row)
{
  GError *error = check_span (build->service->parts->config, "incident", row->from_us, row->to_us);

  if (error != NULL)
    fail (build, error);
  else
    start (build, row->from_us, row->to_us, row);
}

static void
found_cb (gpointer user_data, GPtrArray *rows, const GError *error)
{
  Build *build = user_data;

  if (error != NULL) {
    fail (build, g_error_copy (error));
  } else if (rows->len == 0) {
    fail (build, orf_error_new_field (ORF_ERROR_NOT_FOUND, "incident", "the id of an incident",
                                      "incident: there is no such incident"));
  } else {
    start_of_incident (build, rows->pdata[0]);
  }
}

static void
find_incident (Build *build, const char *id)
{
  OrfIncidentFilter filter = {
    .to_us = G_MAXINT64,
    .before_us = G_MAXINT64,
    .max = 1,
  };

  if (orf_id_parse (ORF_ID_INCIDENT, id, &filter.id))
    orf_store_read_incidents (build->service->parts->store, &filter,
                              orf_call_get_cancel (build->call), found_cb, build);
  else
    fail (build, orf_error_new_field (ORF_ERROR_NOT_FOUND, "incident", "the id of an incident",
                                      "incident: there is no such incident"));
}

/* NULL: they are as they have to be. */
static GError *
check (const OrfConfig *config, const OrfPostmortemBuildParams *params, gint64 to_us)
{
  if (params->incident != NULL && (params->has_from_us || params->has_to_us))
    return orf_error_new_field (ORF_ERROR_INVALID_ARGUMENT, "incident", "in place of a span",
                                "incident: give it, or a span, not both");
  if (params->incident != NULL)
    return NULL;
  if (!params->has_from_us)
    return orf_error_new_field (ORF_ERROR_INVALID_ARGUMENT, "from_us",
                                "needed where no incident is given",
                                "from_us: give a span, or an incident");
  return check_span (config, "from_us", params->from_us, to_us);
}

static void
build_cb (OrfCall *call, const OrfPostmortemBuildParams *params, gpointer user_data)
{
  OrfPostmortemService *service = user_data;
  gint64 to_us = params->has_to_us ? params->to_us : orf_clock_now_us ();
  GError *error = check (service->parts->config, params, to_us);
  Build *build;

  if (error != NULL) {
    orf_call_fail (call, error);
    return;
  }
  build = g_new0 (Build, 1);
  build->service = service;
  build->call = call;
  if (params->incident != NULL)
    find_incident (build, params->incident);
  else
    start (build, params->from_us, to_us, NULL);
}

OrfPostmortemService *
orf_postmortem_service_new (const OrfMetricsParts *parts, gboolean live)
{
  OrfPostmortemService *service = g_new0 (OrfPostmortemService, 1);

  service->parts = parts;
  service->live = live;
  return service;
}

void
orf_postmortem_service_free (OrfPostmortemService *service)
{
  g_free (service);
}

void
orf_postmortem_service_bind (OrfPostmortemService *service, OrfRouter *router)
{
  orf_bind_postmortem_build (router, build_cb, service);
}
