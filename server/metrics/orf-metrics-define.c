/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "metrics/orf-metrics-define.h"

#include <string.h>

#include <glib-object.h> /* GCallback, for orf-schema-bind.h */

#include "metrics/orf-histogram.h"
#include "orf-encode.h"
#include "orf-error.h"
#include "orf-schema-bind.h"

/* One definition of a metric is written at a time, the first of its family's: who comes meanwhile
 * waits, and is held to what came of it. */
typedef struct {
  const OrfMetricsParts *parts;
  OrfCall *call;
  const OrfMetricsDefineParams *params; /* the call's */
  GArray *buckets;                      /* in force; NULL unless it is a histogram */
  char *unit, *help;                    /* in force */
  gboolean created;
  OrfSeries *series; /* (name, {}), held */
  char *answer;      /* JSON */
} Definition;

static void
definition_free (Definition *definition)
{
  if (definition->series != NULL)
    orf_registry_release (definition->parts->registry, definition->series);
  g_clear_pointer (&definition->buckets, g_array_unref);
  g_free (definition->unit);
  g_free (definition->help);
  g_free (definition->answer);
  g_free (definition);
}

/* Takes error. */
static void
fail (Definition *definition, GError *error)
{
  orf_call_fail (definition->call, error);
  definition_free (definition);
}

static OrfFamilyDefinition
get_definition (const Definition *definition)
{
  return (OrfFamilyDefinition){ definition->params->kind, definition->unit, definition->help,
                                definition->buckets };
}

/* ---- what is there already ------------------------------------------------------------------- */

static gboolean
equal_buckets (const GArray *a, const GArray *b)
{
  return a != NULL && b != NULL && a->len == b->len &&
         memcmp (a->data, b->data, a->len * sizeof (double)) == 0;
}

static gboolean
refuse (GError **error, const char *field, const char *allowed, const char *message)
{
  g_propagate_error (error, orf_error_new_field (ORF_ERROR_ALREADY_EXISTS, field, allowed, "%s: %s",
                                                 field, message));
  return FALSE;
}

static gboolean
check_against (const Definition *definition, const OrfFamily *family, GError **error)
{
  const OrfMetricsDefineParams *params = definition->params;

  if (family->builtin)
    return refuse (error, "name", "a name that is not built in",
                   "the daemon itself defines this metric");
  if (family->kind != params->kind)
    return refuse (error, "kind", orf_series_kind_to_string (family->kind),
                   "it has another kind, and samples of it may be stored");
  if (params->buckets != NULL && !equal_buckets (params->buckets, family->buckets))
    return refuse (error, "buckets", "those it has",
                   "it has others, and counts in them may be stored");
  return TRUE;
}

static GArray *
choose_buckets (const OrfMetricsDefineParams *params, const OrfFamily *family)
{
  if (params->kind != ORF_SERIES_KIND_HISTOGRAM)
    return NULL;
  if (family != NULL && family->buckets != NULL)
    return g_array_copy (family->buckets);
  return params->buckets != NULL ? g_array_copy (params->buckets)
                                 : orf_histogram_make_default_buckets ();
}

/* What is in force once it is written. */
static gboolean
decide (Definition *definition, GError **error)
{
  const OrfMetricsDefineParams *params = definition->params;
  const OrfFamily *family = orf_registry_find_family (definition->parts->registry, params->name);

  if (family != NULL && !check_against (definition, family, error))
    return FALSE;
  definition->created = family == NULL;
  definition->buckets = choose_buckets (params, family);
  /* what is left out stays */
  definition->unit = g_strdup (params->unit == NULL && family != NULL ? family->unit
                                                                      : params->unit);
  definition->help = g_strdup (params->help == NULL && family != NULL ? family->help
                                                                      : params->help);
  return TRUE;
}

/* ---- the write ------------------------------------------------------------------------------- */

static void write_first (OrfFamily *family);

/* It is answered.  FALSE: none waits, and the family may be gone. */
static gboolean
take_out_first (OrfFamily *family)
{
  Definition *first = g_queue_pop_head (family->definitions);
  gboolean more = family->definitions->length > 0;

  if (!more)
    g_clear_pointer (&family->definitions, g_queue_free);
  definition_free (first);
  return more;
}

static void
written_cb (gpointer user_data, const OrfWriteResult *result, const GError *error)
{
  Definition *definition = user_data;
  const OrfFamilyDefinition in_force = get_definition (definition);
  OrfFamily *family = definition->series->family;

  if (error != NULL) {
    orf_call_fail (definition->call, g_error_copy (error));
  } else if (result->replayed_json != NULL) {
    orf_call_return_encoded (definition->call, result->replayed_json,
                             strlen (result->replayed_json));
  } else {
    orf_registry_define (definition->parts->registry, family, &in_force);
    orf_call_return_encoded (definition->call, definition->answer, strlen (definition->answer));
  }
  if (take_out_first (family))
    write_first (family);
}

static char *
make_answer (const Definition *definition, GError **error)
{
  g_autoptr (GArray) none = g_array_new (FALSE, FALSE, sizeof (double));
  const OrfMetricsDefineResult result = {
    .name = definition->params->name,
    .kind = definition->params->kind,
    .unit = definition->unit,
    .help = definition->help,
    .buckets = definition->buckets != NULL ? definition->buckets : none,
    .created = definition->created,
  };
  g_autoptr (GString) json = g_string_new (NULL);

  if (!orf_encode (&orf_metrics_define_result_desc, &result, json, error))
    return NULL;
  return g_strdup (json->str);
}

static void
write_rows (Definition *definition)
{
  OrfCall *call = definition->call;
  const OrfFamilyDefinition in_force = get_definition (definition);
  const OrfAudit audit = { orf_call_get_actor (call), orf_call_get_method (call)->name,
                           definition->answer };
  const OrfIdempotency idempotency = {
    .key = orf_call_get_idempotency_key (call),
    .method = orf_call_get_method (call)->name,
    .params_hash = orf_call_get_params_hash (call),
    .response_json = definition->answer,
  };

  orf_store_write_series (definition->parts->store,
                          orf_registry_describe (definition->parts->registry, definition->series,
                                                 &in_force),
                          &audit, idempotency.key != NULL ? &idempotency : NULL, written_cb,
                          definition);
}

/* FALSE: it is not written. */
static gboolean
submit (Definition *definition, GError **error)
{
  if (!decide (definition, error))
    return FALSE;
  definition->answer = make_answer (definition, error);
  if (definition->answer == NULL)
    return FALSE;
  write_rows (definition);
  return TRUE;
}

/* Or the first that is not refused. */
static void
write_first (OrfFamily *family)
{
  gboolean more = TRUE;

  while (more) {
    Definition *first = g_queue_peek_head (family->definitions);
    GError *error = NULL;

    if (submit (first, &error))
      return;
    orf_call_fail (first->call, error);
    more = take_out_first (family);
  }
}

static void
resolved_cb (gpointer user_data, OrfSeries *const *series, guint n_series, const GError *error)
{
  Definition *definition = user_data;
  OrfFamily *family;

  if (error != NULL) {
    fail (definition, g_error_copy (error));
    return;
  }
  definition->series = series[0];
  orf_registry_hold (definition->parts->registry, series[0]);
  family = series[0]->family;
  if (family->definitions == NULL)
    family->definitions = g_queue_new ();
  g_queue_push_tail (family->definitions, definition);
  if (family->definitions->length == 1)
    write_first (family);
}

/* What is refused already needs no series. */
static void
families_cb (gpointer user_data, OrfFamily *const *families, guint n_families, const GError *error)
{
  Definition *definition = user_data;
  const OrfSeriesRef ref = { definition->params->name, NULL, ORF_SERIES_KIND_UNSET };
  GError *local = NULL;

  if (error != NULL)
    fail (definition, g_error_copy (error));
  else if (families[0] != NULL && !check_against (definition, families[0], &local))
    fail (definition, local);
  else
    orf_registry_resolve (definition->parts->registry, &ref, 1, resolved_cb, definition);
}

/* ---- the call -------------------------------------------------------------------------------- */

static gboolean
check_params (const OrfMetricsParts *parts, const OrfMetricsDefineParams *params, GError **error)
{
  if (!orf_series_name_check (params->name, "name", error))
    return FALSE;
  if (orf_histogram_owns_name (parts->registry, params->name))
    return refuse (error, "name", "a name that no histogram uses",
                   "a histogram keeps its counters there");
  if (params->buckets == NULL)
    return TRUE;
  if (params->kind == ORF_SERIES_KIND_HISTOGRAM)
    return orf_histogram_check_buckets (params->buckets, error);
  g_propagate_error (error, orf_error_new_field (ORF_ERROR_INVALID_ARGUMENT, "buckets", "nothing",
                                                 "buckets: only a histogram has them"));
  return FALSE;
}

static void
define_cb (OrfCall *call, const OrfMetricsDefineParams *params, gpointer user_data)
{
  const OrfMetricsParts *parts = user_data;
  const char *names[] = { params->name };
  Definition *definition;
  GError *error = NULL;

  if (!check_params (parts, params, &error)) {
    orf_call_fail (call, error);
    return;
  }
  definition = g_new0 (Definition, 1);
  definition->parts = parts;
  definition->call = call;
  definition->params = params;
  orf_registry_resolve_families (parts->registry, names, 1, families_cb, definition);
}

void
orf_metrics_define_bind (OrfRouter *router, const OrfMetricsParts *parts)
{
  orf_bind_metrics_define (router, define_cb, (gpointer) parts);
}
