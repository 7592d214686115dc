/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include <jansson.h>

#include "orf-ctl-doctor.h"
#include "orf-error.h"

/* ---- what it answers --------------------------------------------------------------------------
 */

static void
advise_on_call (OrfCtlFindings *findings, OrfCtlExit exit, const GError *error)
{
  switch (exit) {
  case ORF_CTL_NO_CONNECTION:
    orf_ctl_findings_advise (findings, "start it: systemctl start orfeasd, or script/server; "
                                       "--socket or --url say where it is, if it is elsewhere");
    return;
  case ORF_CTL_DEADLINE:
    orf_ctl_findings_advise (findings, "it is there and does not answer: systemctl status orfeasd "
                                       "says whether it is stopped; under systemd the watchdog "
                                       "starts it anew");
    return;
  default:
    break;
  }
  if (g_error_matches (error, ORF_ERROR, ORF_ERROR_UNAUTHENTICATED) ||
      g_error_matches (error, ORF_ERROR, ORF_ERROR_PERMISSION_DENIED))
    orf_ctl_findings_advise (findings, "ask as the daemon's user by its socket (sudo -u orfeas "
                                       "orfeasctl doctor), or with --token-file");
  else
    orf_ctl_findings_advise (findings,
                             "is it orfeasd that listens there? The original backend uses "
                             "port 5000 too; ss -ltnp names who it is");
}

/* NULL: it could not be asked, which is found then. */
static gpointer
ask (OrfCtl *ctl, OrfCtlFindings *findings, OrfMethodId method, json_t *params)
{
  g_autoptr (GError) error = NULL;
  gpointer result = NULL;
  OrfCtlExit exit = orf_ctl_ask (ctl, method, params, &result, &error);

  if (exit == ORF_CTL_DONE)
    return result;
  orf_ctl_findings_add (findings, "daemon", ORF_CTL_FINDING_FAULT, "%s%s%s",
                        exit == ORF_CTL_NO_CONNECTION ? "" : orf_methods[method].name,
                        exit == ORF_CTL_NO_CONNECTION ? "" : ": ", error->message);
  advise_on_call (findings, exit, error);
  return NULL;
}

/* Where it serves HTTP is in the document that describes it. */
static void
check_http (OrfCtl *ctl, OrfCtlFindings *findings)
{
  g_autofree char *text = NULL, *base = NULL;
  g_autoptr (GError) error = NULL;
  const char *url = NULL;
  json_t *root;
  OrfCtlExit exit = orf_ctl_call (ctl, "rpc.discover", NULL, &text, &error);

  if (exit != ORF_CTL_DONE) {
    orf_ctl_findings_add (findings, "endpoint", ORF_CTL_FINDING_FAULT, "rpc.discover: %s",
                          error->message);
    advise_on_call (findings, exit, error);
    return;
  }
  root = json_loads (text, 0, NULL);
  if (json_unpack (root, "{s:[{s:s}]}", "servers", "url", &url) == 0 &&
      g_str_has_prefix (url, "http")) {
    base = g_str_has_suffix (url, "/rpc") ? g_strndup (url, strlen (url) - 4) : g_strdup (url);
    orf_ctl_doctor_check_endpoints (findings, base);
  } else {
    orf_ctl_findings_add (findings, "endpoint", ORF_CTL_FINDING_NOTE,
                          "[listen] http is empty: there is no page, no REST and no /metrics");
  }
  json_decref (root);
}

static void
check_daemon (OrfCtl *ctl, OrfCtlFindings *findings)
{
  g_autoptr (OrfStatusGetResult) status = ask (ctl, findings, ORF_METHOD_STATUS_GET, NULL);
  g_autoptr (OrfCacheStatsResult) cache = NULL;
  g_autoptr (OrfAnomaliesDetectorsResult) detectors = NULL;

  if (status == NULL)
    return;
  orf_ctl_doctor_judge_status (findings, status);
  orf_ctl_doctor_check_disk (findings, status->db->path);
  cache = ask (ctl, findings, ORF_METHOD_CACHE_STATS, NULL);
  if (cache != NULL)
    orf_ctl_doctor_judge_cache (findings, cache);
  detectors = ask (ctl, findings, ORF_METHOD_ANOMALIES_DETECTORS, NULL);
  if (detectors != NULL)
    orf_ctl_doctor_judge_detectors (findings, detectors);
  check_http (ctl, findings);
}

/* ---- --verify ---------------------------------------------------------------------------------
 */

static void
verify_file (OrfCtl *ctl, OrfCtlFindings *findings)
{
  g_autoptr (OrfDbCheckResult) checked = NULL;

  /* that alone takes long */
  orf_ctl_limit_calls (ctl, FALSE);
  checked = ask (ctl, findings, ORF_METHOD_DB_CHECK, NULL);
  orf_ctl_limit_calls (ctl, TRUE);
  if (checked == NULL)
    return;
  for (guint i = 0; checked->problems[i] != NULL; i++) {
    orf_ctl_findings_add (findings, "verify", ORF_CTL_FINDING_FAULT, "%s", checked->problems[i]);
    orf_ctl_findings_advise (findings, "keep a copy (orfeasctl db backup FILE), then see "
                                       "doc/durability.md");
  }
  if (checked->ok)
    orf_ctl_findings_add (findings, "verify", ORF_CTL_FINDING_GOOD, "the database file is sound");
}

/* A value that is written, read and deleted. */
static void
verify_cache (OrfCtl *ctl, OrfCtlFindings *findings)
{
  g_autofree char *key = g_uuid_string_random ();
  g_autofree char *name = g_strconcat ("orfeas-doctor:", key, NULL);
  g_autoptr (OrfCacheSetResult) set = NULL;
  g_autoptr (OrfCacheEntry) got = NULL;
  g_autoptr (OrfCacheRemoveResult) gone = NULL;

  set = ask (ctl, findings, ORF_METHOD_CACHE_SET,
             json_pack ("{s:s,s:s,s:i}", "key", name, "value", key, "ttl_ms", 60000));
  got = set != NULL ? ask (ctl, findings, ORF_METHOD_CACHE_GET, json_pack ("{s:s}", "key", name))
                    : NULL;
  gone = got != NULL
           ? ask (ctl, findings, ORF_METHOD_CACHE_DELETE, json_pack ("{s:s}", "key", name))
           : NULL;
  if (gone == NULL)
    return;
  if (got->hit && g_strcmp0 (got->value, key) == 0) {
    orf_ctl_findings_add (findings, "verify", ORF_CTL_FINDING_GOOD,
                          "the cache gave back what was stored");
  } else {
    orf_ctl_findings_add (findings, "verify", ORF_CTL_FINDING_FAULT,
                          "the cache did not give back what was stored");
    orf_ctl_findings_advise (findings, "orfeasctl cache stats says whether it is full or a node is "
                                       "away");
  }
}

/* Its own frames are in the file, and a query finds them. */
static void
verify_samples (OrfCtl *ctl, OrfCtlFindings *findings)
{
  g_autoptr (OrfMetricsQueryResult) found = NULL;
  gint64 now_us = g_get_real_time ();

  found = ask (ctl, findings, ORF_METHOD_METRICS_QUERY,
               json_pack ("{s:s,s:I,s:I}", "select", "orfeas.cpu_percent", "from_us",
                          (json_int_t) now_us - 60 * G_USEC_PER_SEC, "to_us", (json_int_t) now_us));
  if (found == NULL)
    return;
  if (found->series->len > 0) {
    orf_ctl_findings_add (findings, "verify", ORF_CTL_FINDING_GOOD,
                          "samples of the last minute are found");
  } else {
    orf_ctl_findings_add (findings, "verify", ORF_CTL_FINDING_FAULT,
                          "no sample of the last minute is found");
    orf_ctl_findings_advise (findings, "the clock was set back, or nothing is sampled: orfeasctl "
                                       "status, and the daemon's log");
  }
}

/* ---- the verb ---------------------------------------------------------------------------------
 */

static void
print (OrfCtl *ctl, const OrfCtlFindings *findings)
{
  g_autoptr (GString) out = g_string_new (NULL);
  guint n_faults = orf_ctl_findings_count (findings, ORF_CTL_FINDING_FAULT);
  guint n_warnings = orf_ctl_findings_count (findings, ORF_CTL_FINDING_WARNING);

  if (orf_ctl_wants_json (ctl)) {
    g_autofree char *text = orf_ctl_findings_to_json (findings);

    orf_ctl_print_line (text);
    return;
  }
  orf_ctl_findings_append_to (findings, orf_ctl_get_terminal (ctl), out);
  if (orf_ctl_get_terminal (ctl)->is_terminal)
    g_string_append_printf (out, "\n%u faults, %u warnings\n", n_faults, n_warnings);
  orf_ctl_print (out->str);
}

OrfCtlExit
orf_ctl_verb_doctor (OrfCtl *ctl, GError **error)
{
  g_autoptr (OrfCtlFindings) findings = orf_ctl_findings_new ();

  /* one that hangs is what it is asked about */
  orf_ctl_limit_calls (ctl, TRUE);
  orf_ctl_doctor_check_config (findings);
  orf_ctl_doctor_check_devices (findings, orf_ctl_doctor_devices);
  orf_ctl_doctor_check_clock (findings);
  check_daemon (ctl, findings);
  if (orf_ctl_options_has (orf_ctl_get_options (ctl), "verify")) {
    verify_file (ctl, findings);
    verify_samples (ctl, findings);
    verify_cache (ctl, findings);
  }
  print (ctl, findings);
  return orf_ctl_findings_count (findings, ORF_CTL_FINDING_FAULT) > 0 ? ORF_CTL_CHECK_FAILED
                                                                      : ORF_CTL_DONE;
}
