/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "orf-error.h"

#include "orf-ctl-cells.h"
#include "orf-ctl-format.h"
#include "orf-ctl-params.h"
#include "orf-ctl-table.h"
#include "orf-ctl.h"

/* What is asked for on the command line goes along as one of the parameters. */
static OrfCtlExit
fetch_key (OrfCtl *ctl, OrfMethodId method, gpointer *result, GError **error)
{
  json_t *params = orf_ctl_params_pack_argument (ctl, "key", error);

  return params != NULL ? orf_ctl_fetch (ctl, method, params, result, error) : ORF_CTL_USAGE;
}

/* ---- cache get ------------------------------------------------------------------------------- */

/* As it is; on a terminal without what would command it. */
static void
print_value (const OrfCtl *ctl, const OrfCacheEntry *entry)
{
  const OrfCtlTerminal *terminal = orf_ctl_get_terminal (ctl);
  gsize length = 0;
  g_autofree guchar *bytes = NULL;

  if (entry->encoding == ORF_CACHE_ENCODING_BASE64 && !terminal->is_terminal) {
    bytes = g_base64_decode (entry->value, &length);
    fwrite (bytes, 1, length, stdout);
  } else if (terminal->is_terminal) {
    g_autofree char *clean = orf_ctl_terminal_clean (terminal, entry->value);

    orf_ctl_print_line (clean);
  } else {
    orf_ctl_print (entry->value);
  }
}

OrfCtlExit
orf_ctl_verb_cache_get (OrfCtl *ctl, GError **error)
{
  g_autoptr (OrfCacheEntry) entry = NULL;
  OrfCtlExit verdict = fetch_key (ctl, ORF_METHOD_CACHE_GET, (gpointer *) &entry, error);

  if (verdict != ORF_CTL_DONE)
    return verdict;
  if (!orf_ctl_wants_json (ctl) && entry->value != NULL)
    print_value (ctl, entry);
  return entry->hit && entry->value != NULL ? ORF_CTL_DONE : ORF_CTL_CHECK_FAILED;
}

/* ---- cache set ------------------------------------------------------------------------------- */

static gboolean
add_lifetime (const OrfCtl *ctl, json_t *params, GError **error)
{
  gint64 ttl_us = 0;

  if (!orf_ctl_params_get_duration (ctl, "ttl", &ttl_us, error))
    return FALSE;
  if (ttl_us > 0)
    json_object_set_new (params, "ttl_ms", json_integer (MAX (ttl_us / 1000, 1)));
  return orf_ctl_params_add_duration (ctl, params, "stale", "stale_us", error);
}

static void
add_tags (const OrfCtl *ctl, json_t *params)
{
  const char *text = orf_ctl_options_get (orf_ctl_get_options (ctl), "tags");
  g_auto (GStrv) tags = text != NULL ? g_strsplit (text, ",", -1) : NULL;
  json_t *array;

  if (tags == NULL)
    return;
  array = json_array ();
  for (guint i = 0; tags[i] != NULL; i++)
    json_array_append_new (array, json_string (tags[i]));
  json_object_set_new (params, "tags", array);
}

OrfCtlExit
orf_ctl_verb_cache_set (OrfCtl *ctl, GError **error)
{
  g_autoptr (OrfCacheSetResult) result = NULL;
  g_autoptr (json_t) params = json_pack ("{s:s, s:s}", "key", orf_ctl_get_argument (ctl, 0),
                                         "value", orf_ctl_get_argument (ctl, 1));

  if (params == NULL) {
    g_set_error (error, ORF_ERROR, ORF_ERROR_INVALID_ARGUMENT, "KEY and VALUE have to be UTF-8");
    return ORF_CTL_USAGE;
  }
  add_tags (ctl, params);
  if (!add_lifetime (ctl, params, error))
    return ORF_CTL_USAGE;
  return orf_ctl_fetch (ctl, ORF_METHOD_CACHE_SET, g_steal_pointer (&params), (gpointer *) &result,
                        error);
}

/* ---- cache locate, invalidate ---------------------------------------------------------------- */

OrfCtlExit
orf_ctl_verb_cache_locate (OrfCtl *ctl, GError **error)
{
  g_autoptr (OrfCacheLocateResult) result = NULL;
  OrfCtlExit verdict = fetch_key (ctl, ORF_METHOD_CACHE_LOCATE, (gpointer *) &result, error);
  g_autoptr (GString) line = NULL;
  g_autofree char *node = NULL;

  if (verdict != ORF_CTL_DONE || orf_ctl_wants_json (ctl))
    return verdict;
  node = orf_ctl_terminal_clean (orf_ctl_get_terminal (ctl),
                                 result->node != NULL ? result->node : "only in the daemon");
  line = g_string_new (node);
  if (result->has_slot)
    g_string_append_printf (line, ", slot %" G_GINT64_FORMAT, result->slot);
  orf_ctl_print_line (line->str);
  return ORF_CTL_DONE;
}

OrfCtlExit
orf_ctl_verb_cache_invalidate (OrfCtl *ctl, GError **error)
{
  g_autoptr (OrfCacheRemoveResult) result = NULL;
  g_autoptr (json_t) params = json_object ();
  g_autofree char *line = NULL;
  OrfCtlExit verdict;

  if (orf_ctl_get_argument (ctl, 0) != NULL)
    json_object_set_new (params, "pattern", json_string (orf_ctl_get_argument (ctl, 0)));
  orf_ctl_params_add_text (ctl, params, "tag");
  if (json_object_size (params) == 0) {
    g_set_error (error, ORF_ERROR, ORF_ERROR_INVALID_ARGUMENT,
                 "PATTERN or --tag says what is to be dropped; '*' is everything");
    return ORF_CTL_USAGE;
  }
  verdict = orf_ctl_fetch (ctl, ORF_METHOD_CACHE_INVALIDATE, g_steal_pointer (&params),
                           (gpointer *) &result, error);
  if (verdict != ORF_CTL_DONE || orf_ctl_wants_json (ctl))
    return verdict;
  line = g_strdup_printf ("%" G_GINT64_FORMAT " dropped", result->removed);
  orf_ctl_print_line (line);
  return ORF_CTL_DONE;
}

/* ---- cache top ------------------------------------------------------------------------------- */

static int
compare_busy (gconstpointer a, gconstpointer b)
{
  const OrfCacheNamespace *one = *(OrfCacheNamespace *const *) a;
  const OrfCacheNamespace *other = *(OrfCacheNamespace *const *) b;
  gint64 more = (other->hits + other->misses) - (one->hits + one->misses);

  return more != 0 ? (more > 0 ? 1 : -1) : strcmp (one->name, other->name);
}

static OrfCtlTable *
new_name_table (const OrfCtlTerminal *terminal)
{
  static const char *const numbers[] = { "ENTRIES", "MEMORY", "HITS",  "MISSES", "RATE",
                                         "EVICTED", "A MISS", "SAVED", "SPENT" };
  OrfCtlTable *table = orf_ctl_table_new (terminal);

  orf_ctl_table_add_column (table, "NAMESPACE", ORF_CTL_COLUMN_GIVES_WAY);
  for (guint i = 0; i < G_N_ELEMENTS (numbers); i++)
    orf_ctl_table_add_column (table, numbers[i], ORF_CTL_COLUMN_RIGHT);
  orf_ctl_table_add_column (table, "WORTH", 0);
  return table;
}

static void
add_bytes (const OrfCtl *ctl, OrfCtlTable *table, gint64 bytes)
{
  if (orf_ctl_get_terminal (ctl)->is_terminal)
    orf_ctl_table_take (table, ORF_CTL_PLAIN, orf_ctl_format_bytes ((double) bytes));
  else
    orf_ctl_cells_take_count (table, ORF_CTL_PLAIN, bytes);
}

static void
add_name (const OrfCtl *ctl, OrfCtlTable *table, const OrfCacheNamespace *name)
{
  gboolean loses = name->worth == ORF_CACHE_VERDICT_LOSES;

  orf_ctl_table_add (table, ORF_CTL_STRONG, name->name[0] != '\0' ? name->name : "(none)");
  orf_ctl_cells_take_count (table, ORF_CTL_PLAIN, name->entries);
  add_bytes (ctl, table, name->used_bytes);
  orf_ctl_cells_take_count (table, ORF_CTL_PLAIN, name->hits);
  orf_ctl_cells_take_count (table, ORF_CTL_PLAIN, name->misses);
  orf_ctl_cells_take_percent (ctl, table, ORF_CTL_PLAIN, name->hit_rate_percent);
  orf_ctl_cells_take_count (table, ORF_CTL_PLAIN, name->evictions);
  orf_ctl_cells_take_duration (ctl, table, ORF_CTL_PLAIN, name->has_miss_cost_us,
                               name->miss_cost_us);
  orf_ctl_cells_take_duration (ctl, table, ORF_CTL_PLAIN, name->has_saved_us, name->saved_us);
  orf_ctl_cells_take_duration (ctl, table, ORF_CTL_PLAIN, name->has_spent_us, name->spent_us);
  orf_ctl_table_add (table, loses ? ORF_CTL_WARNING : ORF_CTL_PLAIN,
                     orf_cache_verdict_to_string (name->worth));
}

static void
append_names (const OrfCtl *ctl, GString *out, GPtrArray *names)
{
  g_autoptr (OrfCtlTable) table = new_name_table (orf_ctl_get_terminal (ctl));

  g_ptr_array_sort (names, compare_busy);
  for (guint i = 0; i < names->len; i++)
    add_name (ctl, table, names->pdata[i]);
  orf_ctl_table_append_to (table, out);
}

static OrfCtlExit
fetch_stats (OrfCtl *ctl, OrfCacheStatsResult **stats, GError **error)
{
  return orf_ctl_fetch (ctl, ORF_METHOD_CACHE_STATS, NULL, (gpointer *) stats, error);
}

OrfCtlExit
orf_ctl_verb_cache_top (OrfCtl *ctl, GError **error)
{
  g_autoptr (OrfCacheStatsResult) stats = NULL;
  g_autoptr (GString) out = g_string_new (NULL);
  OrfCtlExit verdict = fetch_stats (ctl, &stats, error);

  if (verdict != ORF_CTL_DONE || orf_ctl_wants_json (ctl))
    return verdict;
  append_names (ctl, out, stats->namespaces);
  orf_ctl_print (out->str);
  return ORF_CTL_DONE;
}

/* ---- cache stats ----------------------------------------------------------------------------- */

static void
append_facts (const OrfCtl *ctl, GString *out, const OrfCacheStatsResult *stats)
{
  const OrfCtlTerminal *terminal = orf_ctl_get_terminal (ctl);
  g_autofree char *rate = isnan (stats->hit_rate_percent)
                            ? NULL
                            : g_strdup_printf ("%.1f %% of %" G_GINT64_FORMAT " gets",
                                               stats->hit_rate_percent,
                                               stats->hits + stats->misses);
  g_autofree char *bytes = orf_ctl_format_bytes_pair ((double) stats->l1->used_bytes,
                                                      (double) stats->l1->budget_bytes);
  g_autofree char *entries = g_strdup_printf ("%" G_GINT64_FORMAT " in %s, %" G_GINT64_FORMAT
                                              " evicted, %" G_GINT64_FORMAT " over",
                                              stats->l1->entries, bytes, stats->l1->evictions,
                                              stats->l1->expirations);
  g_autofree char *leases = g_strdup_printf ("%" G_GINT64_FORMAT ", %" G_GINT64_FORMAT " wait",
                                             stats->l1->leases, stats->l1->waiting);
  g_autofree char *saved = stats->has_saved_us
                             ? orf_ctl_format_duration_us ((double) stats->saved_us, terminal->utf8)
                             : NULL;

  orf_ctl_cells_append_fact (ctl, out, "hits", rate != NULL ? rate : "nobody has asked yet");
  orf_ctl_cells_append_fact (ctl, out, "entries", entries);
  orf_ctl_cells_append_fact (ctl, out, "leases", leases);
  orf_ctl_cells_append_fact (ctl, out, "saved", saved);
  orf_ctl_cells_append_fact (ctl, out, "mode", orf_cache_mode_to_string (stats->l2->mode));
}

static void
append_nodes (const OrfCtl *ctl, GString *out, const GPtrArray *nodes)
{
  g_autoptr (OrfCtlTable) table = orf_ctl_table_new (orf_ctl_get_terminal (ctl));

  orf_ctl_table_add_column (table, "NODE", ORF_CTL_COLUMN_GIVES_WAY);
  orf_ctl_table_add_column (table, "STATE", 0);
  orf_ctl_table_add_column (table, "SHARE", ORF_CTL_COLUMN_RIGHT);
  orf_ctl_table_add_column (table, "LATENCY", ORF_CTL_COLUMN_RIGHT);
  for (guint i = 0; i < nodes->len; i++) {
    const OrfCacheNode *node = nodes->pdata[i];

    orf_ctl_table_add (table, ORF_CTL_STRONG, node->name);
    orf_ctl_table_add (table,
                       node->state == ORF_CACHE_NODE_STATE_UP ? ORF_CTL_PLAIN : ORF_CTL_WARNING,
                       orf_cache_node_state_to_string (node->state));
    orf_ctl_cells_take_percent (ctl, table, ORF_CTL_PLAIN, node->share_percent);
    orf_ctl_cells_take_duration (ctl, table, ORF_CTL_PLAIN, node->has_latency_us, node->latency_us);
  }
  g_string_append_c (out, '\n');
  orf_ctl_table_append_to (table, out);
}

static void
append_invalidations (const OrfCtl *ctl, GString *out, const GPtrArray *running)
{
  for (guint i = 0; i < running->len; i++) {
    const OrfCacheInvalidation *one = running->pdata[i];
    g_autofree char *text = g_strdup_printf ("%s%s%s, %.0f %%, %" G_GINT64_FORMAT " dropped",
                                             one->pattern != NULL ? one->pattern : "*",
                                             one->tag != NULL ? " with " : "",
                                             one->tag != NULL ? one->tag : "",
                                             one->progress_percent, one->removed);

    orf_ctl_cells_append_fact (ctl, out, "dropping", text);
  }
}

OrfCtlExit
orf_ctl_verb_cache_stats (OrfCtl *ctl, GError **error)
{
  g_autoptr (OrfCacheStatsResult) stats = NULL;
  g_autoptr (GString) out = g_string_new (NULL);
  OrfCtlExit verdict = fetch_stats (ctl, &stats, error);

  if (verdict != ORF_CTL_DONE || orf_ctl_wants_json (ctl))
    return verdict;
  append_facts (ctl, out, stats);
  append_invalidations (ctl, out, stats->invalidations);
  if (stats->l2->nodes->len > 0)
    append_nodes (ctl, out, stats->l2->nodes);
  if (stats->namespaces->len > 0) {
    g_string_append_c (out, '\n');
    append_names (ctl, out, stats->namespaces);
  }
  orf_ctl_print (out->str);
  return ORF_CTL_DONE;
}
