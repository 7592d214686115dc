/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "gpu/orf-device-rules.h"

/* "kind key severity", by the order of the rules. */
static char *
dup_findings (OrfDeviceCounters *counters, const OrfProbeDeviceSample *sample)
{
  g_autoptr (GPtrArray) findings = orf_device_rules_find (counters, sample);
  GString *text = g_string_new (NULL);

  for (guint i = 0; i < findings->len; i++) {
    const OrfDeviceFinding *finding = g_ptr_array_index (findings, i);

    g_assert_cmpstr (finding->text, !=, "");
    g_string_append_printf (text, "%s%s %s %s", i > 0 ? "; " : "", finding->kind, finding->key,
                            orf_severity_to_string (finding->severity));
  }
  return g_string_free (text, FALSE);
}

static void
check (OrfDeviceCounters *counters, const OrfProbeDeviceSample *sample, const char *expected)
{
  g_autofree char *found = dup_findings (counters, sample);

  g_assert_cmpstr (found, ==, expected);
}

static void
add_xid (OrfProbeDeviceSample *sample, gint64 code)
{
  if (!sample->xids)
    sample->xids = g_array_new (FALSE, FALSE, sizeof (gint64));
  g_array_append_val (sample->xids, code);
}

static void
test_nothing (void)
{
  OrfDeviceCounters counters = ORF_DEVICE_COUNTERS_NONE;
  g_autoptr (OrfProbeDeviceSample) sample = orf_probe_device_sample_new ();

  check (&counters, sample, "");
  sample->throttle_reasons = g_strsplit ("idle application_clocks display_clocks unknown-4", " ",
                                         -1);
  sample->xids = g_array_new (FALSE, FALSE, sizeof (gint64));
  check (&counters, sample, "");
}

static void
test_xids (void)
{
  OrfDeviceCounters counters = ORF_DEVICE_COUNTERS_NONE;
  g_autoptr (OrfProbeDeviceSample) sample = orf_probe_device_sample_new ();
  g_autoptr (GPtrArray) findings = NULL;

  add_xid (sample, 31);
  add_xid (sample, 79);
  add_xid (sample, 31);
  add_xid (sample, 4000000000);
  check (&counters, sample, "xid 31 warning; xid 79 critical; xid 4000000000 warning");
  findings = orf_device_rules_find (&counters, sample);
  g_assert_cmpint (((OrfDeviceFinding *) findings->pdata[1])->code, ==, 79);
  g_assert_cmpstr (((OrfDeviceFinding *) findings->pdata[1])->text, ==,
                   "XID 79: the GPU has fallen off the bus");
}

/* What was counted before anybody looked is nothing new, and neither is a counter that began anew.
 */
static void
test_counters (void)
{
  OrfDeviceCounters counters = ORF_DEVICE_COUNTERS_NONE;
  g_autoptr (OrfProbeDeviceSample) sample = orf_probe_device_sample_new ();

  sample->has_ecc_uncorrected_errors = sample->has_ecc_corrected_errors = TRUE;
  sample->has_retired_pages = TRUE;
  sample->ecc_uncorrected_errors = 5;
  sample->ecc_corrected_errors = 700;
  sample->retired_pages = 1;
  check (&counters, sample, "");
  check (&counters, sample, "");
  sample->ecc_uncorrected_errors = 6;
  sample->ecc_corrected_errors = 750;
  sample->retired_pages = 2;
  check (&counters, sample,
         "ecc uncorrected critical; ecc corrected info; retired_pages retired warning");
  sample->ecc_uncorrected_errors = 0;
  sample->has_ecc_corrected_errors = FALSE;
  check (&counters, sample, "");
  sample->ecc_uncorrected_errors = 1;
  sample->has_ecc_corrected_errors = TRUE; /* 750 again, after a sample that did not tell */
  check (&counters, sample, "ecc uncorrected critical");
}

static void
test_states (void)
{
  OrfDeviceCounters counters = ORF_DEVICE_COUNTERS_NONE;
  g_autoptr (OrfProbeDeviceSample) sample = orf_probe_device_sample_new ();

  sample->has_retirement_pending = sample->has_retirement_failed = TRUE;
  sample->retirement_pending = TRUE;
  sample->throttle_reasons = g_strsplit ("hw_thermal idle power_cap thermal", " ", -1);
  check (&counters, sample,
         "retired_pages pending warning; throttle power_cap info; throttle thermal warning; "
         "throttle hw_thermal warning");
  sample->retirement_failed = TRUE;
  g_clear_pointer (&sample->throttle_reasons, g_strfreev);
  check (&counters, sample, "retired_pages pending warning; retired_pages failed critical");
}

static void
test_lost (void)
{
  OrfDeviceCounters counters = ORF_DEVICE_COUNTERS_NONE;
  g_autoptr (OrfProbeDeviceSample) sample = orf_probe_device_sample_new ();

  check (&counters, NULL, "lost lost critical");
  sample->has_lost = TRUE;
  check (&counters, sample, "");
  sample->lost = TRUE;
  add_xid (sample, 79);
  check (&counters, sample, "lost lost critical; xid 79 critical");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/device-rules/nothing", test_nothing);
  g_test_add_func ("/device-rules/xids", test_xids);
  g_test_add_func ("/device-rules/counters", test_counters);
  g_test_add_func ("/device-rules/states", test_states);
  g_test_add_func ("/device-rules/lost", test_lost);
  return g_test_run ();
}
