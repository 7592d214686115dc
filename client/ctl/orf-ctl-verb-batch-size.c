/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <math.h>

#include "orf-error.h"

#include "orf-ctl.h"
#include "orf-ctl-format.h"
#include "orf-ctl-params.h"
#include "orf-ctl-table.h"

/* Integers that may be null become doubles that may be NAN: every formatter of ours knows those. */
#define OPTIONAL(object, member) ((object)->has_##member ? (double) (object)->member : NAN)

/* NULL: the command line is wrong. */
static json_t *
make_params (const OrfCtl *ctl, GError **error)
{
  g_autoptr (json_t) params = json_object ();

  if (json_object_set_new (params, "worker", json_string (orf_ctl_get_argument (ctl, 0))) != 0) {
    g_set_error (error, ORF_ERROR, ORF_ERROR_INVALID_ARGUMENT, "WORKER is not UTF-8");
    return NULL;
  }
  orf_ctl_params_add_text (ctl, params, "device");
  if (!orf_ctl_params_add_number (ctl, params, "headroom", "headroom_percent", error) ||
      !orf_ctl_params_add_duration (ctl, params, "p99", "p99_us", error))
    return NULL;
  return g_steal_pointer (&params);
}

static void
add_row (OrfCtlTable *table, const char *name, char *value)
{
  orf_ctl_table_add (table, ORF_CTL_FAINT, name);
  orf_ctl_table_take (table, ORF_CTL_PLAIN, value);
}

/* "16", or "none" */
static char *
format_items (double items)
{
  return isnan (items) ? g_strdup ("none") : orf_ctl_format_exact (items);
}

static char *
format_seen (const OrfGpuBatchSizeResult *result)
{
  if (!result->explored->has_min)
    return g_strdup ("none");
  return g_strdup_printf ("%" G_GINT64_FORMAT " batches of %" G_GINT64_FORMAT
                          " to %" G_GINT64_FORMAT " items",
                          result->model->observations, result->explored->min,
                          result->explored->max);
}

static char *
format_model (const OrfGpuBatchModel *model)
{
  g_autofree char *base = orf_ctl_format_bytes (OPTIONAL (model, base_bytes));
  g_autofree char *item = orf_ctl_format_bytes (fmax (model->bytes_per_item, 0));

  if (model->law == NULL || base == NULL || item == NULL)
    return NULL;
  return g_strdup_printf ("%s: %s, and on average %s an item (r2 %.3f, noise %.1f %%)", model->law,
                          base, item, model->r2, model->noise_percent);
}

static void
add_rows (const OrfCtl *ctl, OrfCtlTable *table, const OrfGpuBatchSizeResult *result)
{
  gboolean utf8 = orf_ctl_get_terminal (ctl)->utf8;

  add_row (table, "recommended", format_items (OPTIONAL (result, recommended)));
  add_row (table, "limit", format_items (OPTIONAL (result, limit)));
  add_row (table, "confidence", orf_ctl_format_percent (100 * result->confidence));
  add_row (table, "device", g_strdup (result->device));
  if (result->operation != NULL)
    add_row (table, "operation", g_strdup (result->operation));
  add_row (table, "budget", orf_ctl_format_bytes ((double) result->budget_bytes));
  add_row (table, "peak", orf_ctl_format_bytes (OPTIONAL (result, peak_bytes)));
  if (result->has_p99_us)
    add_row (table, "p99", orf_ctl_format_duration_us ((double) result->p99_us, utf8));
  add_row (table, "seen", format_seen (result));
  add_row (table, "model", format_model (result->model));
  add_row (table, "because", g_strdup (result->reason));
}

OrfCtlExit
orf_ctl_verb_gpu_batch_size (OrfCtl *ctl, GError **error)
{
  g_autoptr (OrfGpuBatchSizeResult) result = NULL;
  g_autoptr (OrfCtlTable) table = orf_ctl_table_new (orf_ctl_get_terminal (ctl));
  g_autoptr (GString) out = g_string_new (NULL);
  json_t *params = make_params (ctl, error);
  OrfCtlExit verdict;

  if (params == NULL)
    return ORF_CTL_USAGE;
  verdict = orf_ctl_fetch (ctl, ORF_METHOD_GPU_BATCH_SIZE, params, (gpointer *) &result, error);
  if (verdict != ORF_CTL_DONE || orf_ctl_wants_json (ctl))
    return verdict;
  orf_ctl_table_add_column (table, "WHAT", 0);
  orf_ctl_table_add_column (table, "VALUE", 0);
  add_rows (ctl, table, result);
  orf_ctl_table_append_to (table, out);
  orf_ctl_print (out->str);
  return ORF_CTL_DONE;
}
