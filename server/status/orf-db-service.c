/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "status/orf-db-service.h"

#include "orf-error.h"
#include "orf-schema-bind.h"

static void
check_done_cb (gpointer user_data, char **problems, gint64 took_us, const GError *error)
{
  OrfCall *call = user_data;

  if (error != NULL) {
    orf_call_fail (call, g_error_copy (error));
  } else {
    const OrfDbCheckResult result = { .ok = problems[0] == NULL,
                                      .problems = problems,
                                      .took_us = took_us };

    orf_call_return_db_check (call, &result);
  }
}

static void
check_cb (OrfCall *call, const OrfDbCheckParams *params, gpointer user_data)
{
  orf_store_check (user_data, orf_call_get_cancel (call), check_done_cb, call);
}

static OrfDbTier *
make_tier (const OrfTierStats *stats)
{
  OrfDbTier *tier = orf_db_tier_new ();

  tier->name = g_strdup (stats->name);
  tier->rows = stats->rows;
  tier->samples = stats->samples;
  tier->bytes = stats->bytes;
  tier->has_from_us = tier->has_to_us = stats->has_times;
  tier->from_us = stats->from_us;
  tier->to_us = stats->to_us;
  return tier;
}

static OrfDbSeries *
make_series (const OrfSeriesStats *stats)
{
  OrfDbSeries *series = orf_db_series_new ();

  series->series = g_strdup (stats->name);
  series->samples = stats->samples;
  series->bytes = stats->bytes;
  series->bytes_per_sample = (double) stats->bytes / (double) MAX (stats->samples, 1);
  return series;
}

static void
measured_cb (gpointer user_data, const OrfFileStats *stats, gint64 took_us, const GError *error)
{
  OrfCall *call = user_data;
  g_autoptr (OrfDbStatsResult) result = NULL;

  if (error != NULL) {
    orf_call_fail (call, g_error_copy (error));
    return;
  }
  result = orf_db_stats_result_new ();
  result->size_bytes = stats->size_bytes;
  result->free_bytes = stats->free_bytes;
  result->exact = stats->exact;
  result->took_us = took_us;
  result->tiers = g_ptr_array_new_with_free_func ((GDestroyNotify) orf_db_tier_free);
  result->series = g_ptr_array_new_with_free_func ((GDestroyNotify) orf_db_series_free);
  for (guint i = 0; i < stats->tiers->len; i++)
    g_ptr_array_add (result->tiers, make_tier (&g_array_index (stats->tiers, OrfTierStats, i)));
  for (guint i = 0; i < stats->series->len; i++)
    g_ptr_array_add (result->series, make_series (stats->series->pdata[i]));
  orf_call_return_db_stats (call, result);
}

static void
stats_cb (OrfCall *call, const OrfDbStatsParams *params, gpointer user_data)
{
  orf_store_measure (user_data, (guint) params->series, params->quick, orf_call_get_cancel (call),
                     measured_cb, call);
}

typedef struct {
  OrfCall *call;
  char *path;
} Backup;

static void
backup_done_cb (gpointer user_data, gint64 size_bytes, gint64 took_us, const GError *error)
{
  Backup *backup = user_data;

  if (error != NULL) {
    orf_call_fail (backup->call, g_error_copy (error));
  } else {
    const OrfDbBackupResult result = { .path = backup->path,
                                       .size_bytes = size_bytes,
                                       .took_us = took_us };

    orf_call_return_db_backup (backup->call, &result);
  }
  g_free (backup->path);
  g_free (backup);
}

static void
backup_cb (OrfCall *call, const OrfDbBackupParams *params, gpointer user_data)
{
  Backup *backup;

  if (!g_path_is_absolute (params->path)) {
    orf_call_fail (call,
                   orf_error_new_field (ORF_ERROR_INVALID_ARGUMENT, "path", "an absolute path",
                                        "path: \"%s\" is relative, and the daemon's folder is "
                                        "not the caller's",
                                        params->path));
    return;
  }
  backup = g_new0 (Backup, 1);
  backup->call = call;
  backup->path = g_strdup (params->path);
  orf_store_backup (user_data, params->path, orf_call_get_cancel (call), backup_done_cb, backup);
}

void
orf_db_service_bind (OrfRouter *router, OrfStore *store)
{
  orf_bind_db_check (router, check_cb, store);
  orf_bind_db_backup (router, backup_cb, store);
  orf_bind_db_stats (router, stats_cb, store);
}
