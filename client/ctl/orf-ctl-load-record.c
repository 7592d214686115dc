/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "orf-ctl-load-record.h"

#include "orf-error.h"

#include "orf-ctl-load-joined.h"

/* The daemon's own samples are at most 5 s behind in the file, and one of its series comes each
 * second. */
#define JOIN_PATIENCE_US (7 * (gint64) G_USEC_PER_SEC)
#define JOIN_PAUSE_US    (250 * 1000)

/* NULL: name is not UTF-8. */
static json_t *
make_params (const char *name, json_t *report)
{
  static const char *const optional[] = { "rate_per_s", "p50_us", "p95_us", "p99_us" };
  json_t *measured = json_object_get (report, "orfeas");
  json_t *total = json_object_get (measured, "total");
  json_t *params = json_pack ("{s:s, s:O, s:O, s:O, s:I, s:O, s:O}", "name", name, "kind",
                              json_object_get (measured, "kind"), "started_us",
                              json_object_get (measured, "started_us"), "took_us",
                              json_object_get (measured, "took_us"), "requests",
                              orf_value_get_count (total, "sent") +
                                orf_value_get_count (total, "dropped"),
                              "errors", json_object_get (total, "failed"), "report", report);

  if (params == NULL)
    return NULL;
  if (json_array_size (json_object_get (measured, "requirements")) > 0)
    json_object_set (params, "passed", json_object_get (measured, "passed"));
  for (guint i = 0; i < G_N_ELEMENTS (optional); i++)
    if (!json_is_null (json_object_get (total, optional[i])))
      json_object_set (params, optional[i], json_object_get (total, optional[i]));
  return params;
}

OrfCtlExit
orf_ctl_load_record (OrfCtl *ctl, const char *name, json_t *report, char **id, GError **error)
{
  g_autoptr (OrfLoadRecordResult) recorded = NULL;
  json_t *params = make_params (name, report);
  OrfCtlExit verdict;

  if (params == NULL) {
    g_set_error_literal (error, ORF_ERROR, ORF_ERROR_INVALID_ARGUMENT, "--record: it is not UTF-8");
    return ORF_CTL_USAGE;
  }
  verdict = orf_ctl_ask (ctl, ORF_METHOD_LOAD_RECORD, params, (gpointer *) &recorded, error);
  if (verdict == ORF_CTL_DONE)
    *id = g_strdup (recorded->id);
  return verdict;
}

OrfCtlExit
orf_ctl_load_join (OrfCtl *ctl, const char *id, json_t **joined, GError **error)
{
  gint64 until_us = g_get_monotonic_time () + JOIN_PATIENCE_US;

  for (;;) {
    g_autoptr (json_t) found = NULL;
    g_autofree char *text = NULL;
    OrfCtlExit verdict = orf_ctl_load_fetch (ctl, id, &text, &found, error);

    if (verdict != ORF_CTL_DONE)
      return verdict;
    if (orf_ctl_load_is_whole (found) || g_get_monotonic_time () >= until_us) {
      *joined = g_steal_pointer (&found);
      return ORF_CTL_DONE;
    }
    g_usleep (JOIN_PAUSE_US);
  }
}
