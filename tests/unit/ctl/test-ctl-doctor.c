/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include <glib/gstdio.h>
#include <jansson.h>

#include "orf-ctl-doctor.h"
#include "orf-decode.h"

#define MEMORY                                                                                     \
  "\"memory\":{\"total\":{\"used_bytes\":%d,\"budget_bytes\":100},"                                \
  "\"registry\":" PART ",\"open_chunks\":" PART ",\"sqlite\":" PART ",\"writes\":" PART            \
  ",\"connections\":" PART ",\"rpc\":" PART ",\"queries\":" PART ",\"streams\":" PART              \
  ",\"ingest\":" PART ",\"alerts\":" PART ",\"forecasts\":" PART ",\"anomalies\":" PART            \
  ",\"cache\":" PART "}"
#define PART "{\"used_bytes\":0,\"budget_bytes\":100}"

/* What of a status differs from a good one; 0 and NULL: nothing. */
typedef struct {
  const char *version, *reason_state, *probe_state, *fault;
  int dropped, used_percent, stall_us;
  gint64 wal_bytes;
} Status;

static char *
write_status (const Status *from)
{
  g_autofree char *reasons =
    from->reason_state != NULL
      ? g_strdup_printf ("{\"component\":\"cache_manager\",\"state\":\"%s\",\"reason\":\"why\"}",
                         from->reason_state)
      : g_strdup ("");
  g_autofree char *fault = from->fault != NULL ? g_strdup_printf ("\"%s\"", from->fault)
                                               : g_strdup ("null");
  const char *probe = from->probe_state != NULL ? from->probe_state : "operational";

  return g_strdup_printf (
    "{\"version\":\"%s\",\"uptime_us\":1000000,\"roles\":[],\"phase4_enabled\":true,"
    "\"completion\":\"96%%\",\"components\":{\"tier1\":{\"gpu_optimizer\":\"operational\","
    "\"dashboard\":\"operational\",\"cache_manager\":\"operational\"},\"tier2\":{"
    "\"predictive_optimizer\":\"operational\",\"alerting_system\":\"operational\","
    "\"cost_tracker\":\"operational\"},\"tier3\":{\"anomaly_detector\":\"operational\","
    "\"tracing_system\":\"operational\",\"custom_metrics\":\"operational\"}},\"reasons\":[%s],"
    "\"db\":{\"path\":\"/a/b.db\",\"size_bytes\":1,\"wal_bytes\":%" G_GINT64_FORMAT
    ",\"written_bytes_per_s\":1,\"rows_written\":1,\"frames_dropped\":%d,\"disk_full\":false,"
    "\"fault\":%s},\"self\":{\"rss_bytes\":1,\"cpu_percent\":1,\"threads\":1,"
    "\"loop_stall_us\":%d}," MEMORY
    ",\"sources\":[{\"source\":\"nvml\",\"kind\":\"probe\",\"state\":\"%s\","
    "\"reason\":null,\"unguarded\":null,\"pid\":null,\"rss_bytes\":null,\"restarts\":0,"
    "\"sampled_us\":null}]}",
    from->version != NULL ? from->version : ORF_VERSION, reasons, from->wal_bytes, from->dropped,
    fault, from->stall_us, from->used_percent, probe);
}

static OrfCtlFindings *
judge (const Status *from)
{
  OrfCtlFindings *findings = orf_ctl_findings_new ();
  g_autofree char *text = write_status (from);
  g_autoptr (GError) error = NULL;
  g_autoptr (OrfStatusGetResult)
    status = orf_decode_text (&orf_status_get_result_desc, text, strlen (text), ORF_DECODE_LENIENT,
                              &error);

  g_assert_no_error (error);
  orf_ctl_doctor_judge_status (findings, status);
  return findings;
}

/* Each that something is to be done about says what. */
static void
assert_advised (const OrfCtlFindings *findings)
{
  g_autofree char *told = orf_ctl_findings_to_json (findings);
  json_t *root = json_loads (told, 0, NULL);
  size_t i;
  json_t *one;

  json_array_foreach (json_object_get (root, "findings"), i, one)
  {
    const char *level = json_string_value (json_object_get (one, "level"));

    if (g_str_equal (level, "warning") || g_str_equal (level, "fault"))
      g_assert_nonnull (json_string_value (json_object_get (one, "advice")));
  }
  json_decref (root);
}

static void
assert_found (const OrfCtlFindings *findings, OrfCtlFindingLevel level, const char *text)
{
  g_autofree char *told = orf_ctl_findings_to_json (findings);

  g_test_message ("%s", told);
  g_assert_cmpuint (orf_ctl_findings_count (findings, level), ==, 1);
  g_assert_nonnull (strstr (told, text));
  assert_advised (findings);
}

static void
test_good (void)
{
  g_autoptr (OrfCtlFindings) findings = judge (&(Status){ 0 });

  g_assert_cmpuint (orf_ctl_findings_count (findings, ORF_CTL_FINDING_GOOD), ==, 5);
  g_assert_cmpuint (orf_ctl_findings_count (findings, ORF_CTL_FINDING_NOTE), ==, 0);
  g_assert_cmpuint (orf_ctl_findings_count (findings, ORF_CTL_FINDING_WARNING), ==, 0);
  g_assert_cmpuint (orf_ctl_findings_count (findings, ORF_CTL_FINDING_FAULT), ==, 0);
}

static void
test_status (void)
{
  static const struct {
    Status status;
    OrfCtlFindingLevel level;
    const char *text;
  } cases[] = {
    { { .version = "0.0.1" }, ORF_CTL_FINDING_WARNING, "it is orfeas 0.0.1" },
    { { .reason_state = "disabled" }, ORF_CTL_FINDING_NOTE, "cache_manager is disabled: why" },
    { { .reason_state = "degraded" }, ORF_CTL_FINDING_WARNING, "cache_manager is degraded: why" },
    { { .reason_state = "unavailable" }, ORF_CTL_FINDING_FAULT, "is unavailable: why" },
    { { .probe_state = "disabled" }, ORF_CTL_FINDING_FAULT, "no backend sees a GPU" },
    { { .probe_state = "unavailable" }, ORF_CTL_FINDING_WARNING, "nvml is unavailable" },
    { { .fault = "disk I/O error" }, ORF_CTL_FINDING_FAULT, "nothing is written: disk I/O error" },
    { { .dropped = 7 }, ORF_CTL_FINDING_WARNING, "7 seconds of samples" },
    { { .wal_bytes = G_GINT64_CONSTANT (1) << 30 }, ORF_CTL_FINDING_WARNING, "fuser -v /a/b.db" },
    { { .stall_us = 49999, .used_percent = 90 }, ORF_CTL_FINDING_WARNING, "the daemon holds 90 %" },
    { { .stall_us = 50000 }, ORF_CTL_FINDING_WARNING, "stood still for 50" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autoptr (OrfCtlFindings) findings = judge (&cases[i].status);

    assert_found (findings, cases[i].level, cases[i].text);
  }
}

static void
test_detectors (void)
{
  static const struct {
    const char *promised, *realised;
    guint n_warnings;
  } cases[] = { { "1", "2", 0 }, { "1", "4.9", 0 }, { "1", "6", 1 }, { "24", "60", 0 } };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autofree char *text =
      g_strdup_printf ("{\"detectors\":[{\"detector\":\"level\",\"kind\":\"spike\",\"series\":3,"
                       "\"promised_per_day\":%s,\"realised_per_day\":%s}]}",
                       cases[i].promised, cases[i].realised);
    g_autoptr (OrfCtlFindings) findings = orf_ctl_findings_new ();
    g_autoptr (GError) error = NULL;
    g_autoptr (OrfAnomaliesDetectorsResult)
      detectors = orf_decode_text (&orf_anomalies_detectors_result_desc, text, strlen (text),
                                   ORF_DECODE_LENIENT, &error);

    g_assert_no_error (error);
    orf_ctl_doctor_judge_detectors (findings, detectors);
    g_assert_cmpuint (orf_ctl_findings_count (findings, ORF_CTL_FINDING_WARNING), ==,
                      cases[i].n_warnings);
    assert_advised (findings);
  }
}

/* Files of a folder stand for devices: one that is there, none, one that nobody may use. */
static void
test_devices (void)
{
  g_autofree char *folder = g_dir_make_tmp ("orf-doctor-XXXXXX", NULL);
  g_autofree char *device = g_build_filename (folder, "renderD128", NULL);
  g_autofree char *pattern = g_build_filename (folder, "renderD*", NULL);
  const char *const patterns[] = { pattern, NULL };
  g_autoptr (OrfCtlFindings) none = orf_ctl_findings_new ();
  g_autoptr (OrfCtlFindings) one = orf_ctl_findings_new ();

  orf_ctl_doctor_check_devices (none, patterns);
  assert_found (none, ORF_CTL_FINDING_NOTE, "no device file");
  g_assert_true (g_file_set_contents (device, "", 0, NULL));
  orf_ctl_doctor_check_devices (one, patterns);
  assert_found (one, ORF_CTL_FINDING_GOOD, "renderD128 can be used");
  g_unlink (device);
  g_rmdir (folder);
}

static void
test_shown (void)
{
  static const OrfCtlTerminal pipe = { 0 };
  static const OrfCtlTerminal screen = { .is_terminal = TRUE, .utf8 = TRUE, .width = 40 };
  g_autoptr (OrfCtlFindings) findings = orf_ctl_findings_new ();
  g_autoptr (GString) out = g_string_new (NULL);

  orf_ctl_findings_add (findings, "disk", ORF_CTL_FINDING_WARNING, "%d bytes are left of many", 7);
  orf_ctl_findings_advise (findings, "make room");
  orf_ctl_findings_append_to (findings, &pipe, out);
  g_assert_cmpstr (
    out->str, ==,
    "AREA\tLEVEL\tWHAT\tADVICE\ndisk\twarning\t7 bytes are left of many\tmake room\n");
  g_string_truncate (out, 0);
  orf_ctl_findings_append_to (findings, &screen, out);
  g_assert_cmpstr (out->str, ==,
                   "disk       warning  7 bytes are left of\n"
                   "                    many\n"
                   "                      make room\n");
}

/* Whoever made it may have had no words. */
static void
test_of_nothing (void)
{
  static const OrfCtlTerminal screen = { .is_terminal = TRUE, .utf8 = TRUE, .width = 40 };
  g_autoptr (OrfCtlFindings) findings = orf_ctl_findings_new ();
  g_autoptr (GString) out = g_string_new (NULL);

  orf_ctl_findings_add (findings, "verify", ORF_CTL_FINDING_FAULT, "%s", "");
  orf_ctl_findings_append_to (findings, &screen, out);
  g_assert_cmpstr (out->str, ==, "verify     fault    \n");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/ctl-doctor/good", test_good);
  g_test_add_func ("/ctl-doctor/status", test_status);
  g_test_add_func ("/ctl-doctor/detectors", test_detectors);
  g_test_add_func ("/ctl-doctor/devices", test_devices);
  g_test_add_func ("/ctl-doctor/shown", test_shown);
  g_test_add_func ("/ctl-doctor/of-nothing", test_of_nothing);
  return g_test_run ();
}
