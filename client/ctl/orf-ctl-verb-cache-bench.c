/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "orf-error.h"

#include "orf-ctl-cache-load.h"
#include "orf-ctl-cells.h"
#include "orf-ctl-connection.h"
#include "orf-ctl-format.h"
#include "orf-ctl-params.h"
#include "orf-ctl-progress.h"
#include "orf-ctl-verb.h"

/* The value of an option that is not given stays. */
static gboolean
get_number (
  const OrfCtl *ctl, const char *option, double least, double most, double *value, GError **error)
{
  g_autoptr (json_t) params = json_object ();

  if (!orf_ctl_params_add_number (ctl, params, option, option, error))
    return FALSE;
  if (json_object_size (params) == 0)
    return TRUE;
  *value = json_number_value (json_object_get (params, option));
  if (*value >= least && *value <= most)
    return TRUE;
  g_set_error (error, ORF_ERROR, ORF_ERROR_INVALID_ARGUMENT, "--%s: %g is not from %g to %g",
               option, *value, least, most);
  return FALSE;
}

static gboolean
get_count (
  const OrfCtl *ctl, const char *option, guint least, guint most, guint *value, GError **error)
{
  double number = *value;

  if (!get_number (ctl, option, least, most, &number, error))
    return FALSE;
  *value = (guint) number;
  return TRUE;
}

static gboolean
read_plan (const OrfCtl *ctl, OrfCtlCachePlan *plan, GError **error)
{
  *plan = (OrfCtlCachePlan){
    .n_connections = 4,
    .depth = 8,
    .n_keys = 10000,
    .exponent = 1,
    .sets_percent = 10,
    .value_bytes = 100,
    .duration_us = 10 * (gint64) G_USEC_PER_SEC,
    .seed = 1,
  };
  return get_count (ctl, "connections", 1, 1000, &plan->n_connections, error) &&
         get_count (ctl, "depth", 1, 256, &plan->depth, error) &&
         get_count (ctl, "keys", 1, 10000000, &plan->n_keys, error) &&
         get_number (ctl, "zipf", 0, 5, &plan->exponent, error) &&
         get_number (ctl, "sets", 0, 100, &plan->sets_percent, error) &&
         get_count (ctl, "bytes", 0, 1048576, &plan->value_bytes, error) &&
         orf_ctl_params_get_duration (ctl, "for", &plan->duration_us, error);
}

/* Beside the main socket: that of a daemon which is not the first in its folder has its name. */
static char *
find_socket (const OrfCtl *ctl)
{
  const char *given = orf_ctl_options_get (orf_ctl_get_options (ctl), "socket");
  g_autofree char *main_path = given != NULL ? g_strdup (given) : orf_ctl_dup_default_socket ();
  g_autofree char *folder = g_path_get_dirname (main_path);
  g_autofree char *name = g_path_get_basename (main_path);
  g_autofree char *own_name = NULL;
  g_autofree char *own = NULL;

  if (g_str_has_suffix (name, ".sock"))
    name[strlen (name) - strlen (".sock")] = '\0';
  own_name = g_strconcat (name, "-cache.sock", NULL);
  own = g_build_filename (folder, own_name, NULL);
  return g_file_test (own, G_FILE_TEST_EXISTS) ? g_steal_pointer (&own)
                                               : g_build_filename (folder, "cache.sock", NULL);
}

/* ---- what came of it ------------------------------------------------------------------------- */

static const char *const kind_names[ORF_CTL_CACHE_N_KINDS] = {
  [ORF_CTL_CACHE_GET] = "get",
  [ORF_CTL_CACHE_SET] = "set",
};

static const struct {
  const char *title, *member;
  double share;
} quantiles[] = {
  { "P50", "p50_us", 0.5 },
  { "P99", "p99_us", 0.99 },
  { "P99.9", "p999_us", 0.999 },
  { "LONGEST", "longest_us", 1 },
};

static double
get_rate (const OrfCtlCacheResult *result, guint64 n)
{
  return (double) n * G_USEC_PER_SEC / (double) MAX (result->took_us, 1);
}

static double
get_hit_percent (const OrfCtlCacheResult *result)
{
  guint64 n = orf_ctl_latencies_get_n (result->latencies[ORF_CTL_CACHE_GET]);

  return n > 0 ? 100.0 * (double) result->n_hits / (double) n : 0;
}

static json_t *
describe_kind (const OrfCtlCacheResult *result, const OrfCtlLatencies *latencies)
{
  guint64 n = orf_ctl_latencies_get_n (latencies);
  json_t *object = json_pack ("{s:I, s:f}", "calls", (json_int_t) n, "calls_per_s",
                              get_rate (result, n));

  for (guint i = 0; i < G_N_ELEMENTS (quantiles); i++)
    json_object_set_new (object, quantiles[i].member,
                         n > 0
                           ? json_integer (orf_ctl_latencies_get_us (latencies, quantiles[i].share))
                           : json_null ());
  return object;
}

static void
print_json (const OrfCtlCachePlan *plan, const OrfCtlCacheResult *result)
{
  g_autoptr (json_t)
    root = json_pack ("{s:{s:s, s:i, s:i, s:i, s:f, s:f, s:i}, s:I, s:f, s:I, s:I, s:I, s:I, s:s?}",
                      "plan", "socket", plan->path, "connections", (int) plan->n_connections,
                      "depth", (int) plan->depth, "keys", (int) plan->n_keys, "zipf",
                      plan->exponent, "sets_percent", plan->sets_percent, "bytes",
                      (int) plan->value_bytes, "took_us", (json_int_t) result->took_us,
                      "hit_rate_percent", get_hit_percent (result), "hits",
                      (json_int_t) result->n_hits, "l1_hits", (json_int_t) result->n_l1, "l2_hits",
                      (json_int_t) result->n_l2, "errors", (json_int_t) result->n_errors,
                      "first_error", result->first_error);
  g_autofree char *text = NULL;

  for (guint i = 0; i < ORF_CTL_CACHE_N_KINDS; i++)
    json_object_set_new (root, kind_names[i], describe_kind (result, result->latencies[i]));
  text = json_dumps (root, JSON_COMPACT | JSON_REAL_PRECISION (9));
  orf_ctl_print_line (text);
}

static void
append_kinds (const OrfCtl *ctl, GString *out, const OrfCtlCacheResult *result)
{
  g_autoptr (OrfCtlTable) table = orf_ctl_table_new (orf_ctl_get_terminal (ctl));

  orf_ctl_table_add_column (table, "CALL", 0);
  orf_ctl_table_add_column (table, "CALLS", ORF_CTL_COLUMN_RIGHT);
  orf_ctl_table_add_column (table, "EACH SECOND", ORF_CTL_COLUMN_RIGHT);
  for (guint i = 0; i < G_N_ELEMENTS (quantiles); i++)
    orf_ctl_table_add_column (table, quantiles[i].title, ORF_CTL_COLUMN_RIGHT);
  for (guint kind = 0; kind < ORF_CTL_CACHE_N_KINDS; kind++) {
    const OrfCtlLatencies *latencies = result->latencies[kind];
    guint64 n = orf_ctl_latencies_get_n (latencies);

    orf_ctl_table_add (table, ORF_CTL_STRONG, kind_names[kind]);
    orf_ctl_cells_take_count (table, ORF_CTL_PLAIN, (gint64) n);
    orf_ctl_cells_take_count (table, ORF_CTL_PLAIN, (gint64) get_rate (result, n));
    for (guint i = 0; i < G_N_ELEMENTS (quantiles); i++)
      orf_ctl_cells_take_duration (ctl, table, ORF_CTL_PLAIN, n > 0,
                                   orf_ctl_latencies_get_us (latencies, quantiles[i].share));
  }
  orf_ctl_table_append_to (table, out);
}

static void
print_text (const OrfCtl *ctl, const OrfCtlCacheResult *result)
{
  g_autoptr (GString) out = g_string_new (NULL);
  g_autofree char *hits = g_strdup_printf ("%.1f %% of gets: %" G_GUINT64_FORMAT
                                           " in the daemon, %" G_GUINT64_FORMAT " on nodes",
                                           get_hit_percent (result), result->n_l1, result->n_l2);
  g_autofree char *errors = NULL;

  append_kinds (ctl, out, result);
  g_string_append_c (out, '\n');
  orf_ctl_cells_append_fact (ctl, out, "hits", hits);
  if (result->n_errors > 0) {
    g_autofree char *first = orf_ctl_terminal_clean (orf_ctl_get_terminal (ctl),
                                                     result->first_error);

    errors = g_strdup_printf ("%" G_GUINT64_FORMAT ", the first: %s", result->n_errors, first);
  }
  orf_ctl_cells_append_fact (ctl, out, "errors", errors);
  orf_ctl_print (out->str);
}

static void
progress_cb (gpointer user_data, double share)
{
  orf_ctl_progress_show (user_data, MIN (share, 1), "cache bench");
}

OrfCtlExit
orf_ctl_verb_cache_bench (OrfCtl *ctl, GError **error)
{
  g_autoptr (OrfCtlCacheResult) result = NULL;
  g_autoptr (OrfCtlProgress) progress = NULL;
  g_autofree char *path = NULL;
  OrfCtlCachePlan plan;
  OrfCtlExit verdict;

  if (orf_ctl_options_get (orf_ctl_get_options (ctl), "url") != NULL ||
      orf_ctl_options_get (orf_ctl_get_options (ctl), "db") != NULL) {
    g_set_error (error, ORF_ERROR, ORF_ERROR_INVALID_ARGUMENT,
                 "cache bench asks a daemon's cache.sock: name the socket beside it with --socket");
    return ORF_CTL_USAGE;
  }
  if (!read_plan (ctl, &plan, error))
    return ORF_CTL_USAGE;
  plan.path = path = find_socket (ctl);
  progress = orf_ctl_progress_new ();
  verdict = orf_ctl_cache_load_run (&plan, progress_cb, progress, &result, error);
  g_clear_pointer (&progress, orf_ctl_progress_free);
  if (verdict != ORF_CTL_DONE)
    return verdict;
  if (orf_ctl_wants_json (ctl))
    print_json (&plan, result);
  else
    print_text (ctl, result);
  return result->n_errors == 0 ? ORF_CTL_DONE : ORF_CTL_CHECK_FAILED;
}
