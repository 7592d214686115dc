/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "gpu/orf-device-rules.h"

#include "core/orf-clock.h"

/* What happens is over when it has not happened again for a minute: a storm is one event. */
#define QUIET_US (60 * ORF_US_PER_S)
/* Clocks go up and down with the load many times a second. */
#define THROTTLE_HOLD_US  (2 * ORF_US_PER_S)
#define THROTTLE_QUIET_US (10 * ORF_US_PER_S)

/* NVIDIA's catalogue of XIDs (docs.nvidia.com/deploy/xid-errors): those that a server sees.  What
 * ends a program is a warning; what asks for a reset, or a new device, is critical. */
static const struct {
  guint code;
  OrfSeverity severity;
  const char *text;
} xids[] = {
  { 8, ORF_SEVERITY_WARNING, "the GPU stopped processing" },
  { 13, ORF_SEVERITY_WARNING, "graphics engine exception, mostly of a program" },
  { 31, ORF_SEVERITY_WARNING, "GPU memory page fault, mostly of a program" },
  { 32, ORF_SEVERITY_WARNING, "invalid or corrupted push buffer" },
  { 38, ORF_SEVERITY_WARNING, "driver firmware error" },
  { 43, ORF_SEVERITY_WARNING, "the GPU stopped processing for a program" },
  { 45, ORF_SEVERITY_INFO, "a program's work was cleaned up after an error or its end" },
  { 48, ORF_SEVERITY_CRITICAL, "double bit ECC error" },
  { 61, ORF_SEVERITY_CRITICAL, "internal micro-controller breakpoint or warning" },
  { 62, ORF_SEVERITY_CRITICAL, "internal micro-controller halt" },
  { 63, ORF_SEVERITY_WARNING, "memory was retired or remapped" },
  { 64, ORF_SEVERITY_CRITICAL, "memory could not be retired or remapped" },
  { 69, ORF_SEVERITY_WARNING, "graphics engine class error, mostly of a program" },
  { 74, ORF_SEVERITY_CRITICAL, "NVLink error" },
  { 79, ORF_SEVERITY_CRITICAL, "the GPU has fallen off the bus" },
  { 92, ORF_SEVERITY_WARNING, "high rate of single bit ECC errors" },
  { 94, ORF_SEVERITY_CRITICAL, "contained memory error: the program that hit it has ended" },
  { 95, ORF_SEVERITY_CRITICAL, "uncontained memory error" },
  { 109, ORF_SEVERITY_WARNING, "context switch timed out" },
  { 119, ORF_SEVERITY_CRITICAL, "the GPU's system processor (GSP) does not answer" },
  { 120, ORF_SEVERITY_CRITICAL, "error of the GPU's system processor (GSP)" },
  { 140, ORF_SEVERITY_CRITICAL, "ECC error that was not recovered" },
  { 143, ORF_SEVERITY_CRITICAL, "the GPU could not be initialised" },
};

/* Of throttle_reasons; the others (idle, what somebody has set) are as they should be. */
static const struct {
  const char *reason;
  OrfSeverity severity;
  const char *text;
} throttles[] = {
  { "power_cap", ORF_SEVERITY_INFO, "clocks are held down by the power limit" },
  { "thermal", ORF_SEVERITY_WARNING, "clocks are held down by heat" },
  { "hw_slowdown", ORF_SEVERITY_WARNING, "clocks are held down by the hardware" },
  { "hw_thermal", ORF_SEVERITY_WARNING, "clocks are held down by the hardware: too hot" },
  { "hw_power_brake", ORF_SEVERITY_WARNING,
    "clocks are held down by the hardware: the power supply asks for it" },
};

void
orf_device_finding_free (OrfDeviceFinding *finding)
{
  if (!finding)
    return;

  g_free (finding->text);
  g_free (finding);
}

/* Takes text. */
static OrfDeviceFinding *
add (GPtrArray *findings, const char *kind, const char *key, OrfSeverity severity, char *text)
{
  OrfDeviceFinding *finding = g_new0 (OrfDeviceFinding, 1);

  finding->kind = kind;
  g_strlcpy (finding->key, key, sizeof finding->key);
  finding->severity = severity;
  finding->code = -1;
  finding->text = text;
  g_ptr_array_add (findings, finding);
  return finding;
}

static gboolean
has_finding (GPtrArray *findings, const char *kind, gint64 code)
{
  for (guint i = 0; i < findings->len; i++) {
    const OrfDeviceFinding *finding = g_ptr_array_index (findings, i);

    if (finding->code == code && g_str_equal (finding->kind, kind))
      return TRUE;
  }
  return FALSE;
}

static void
find_xid (GPtrArray *findings, gint64 code)
{
  g_autofree char *key = g_strdup_printf ("%" G_GINT64_FORMAT, code);
  const char *text = "see NVIDIA's catalogue of XID errors";
  OrfSeverity severity = ORF_SEVERITY_WARNING;
  OrfDeviceFinding *finding = NULL;

  if (has_finding (findings, "xid", code))
    return;
  for (guint i = 0; i < G_N_ELEMENTS (xids); i++) {
    if (xids[i].code == code) {
      text = xids[i].text;
      severity = xids[i].severity;
    }
  }
  finding = add (findings, "xid", key, severity, g_strdup_printf ("XID %s: %s", key, text));
  finding->code = code;
  finding->quiet_us = QUIET_US;
}

/* *before is what it is now from then on.  How many came to it; 0 where that is not known. */
static gint64
count_new (gint64 *before, gboolean told, gint64 now)
{
  gint64 n_new = told && *before >= 0 ? now - *before : 0;

  *before = told ? now : *before;
  return MAX (n_new, 0); /* fewer: the driver began anew */
}

static void
find_errors (GPtrArray *findings, OrfDeviceCounters *counters, const OrfProbeDeviceSample *sample)
{
  gint64 uncorrected = count_new (&counters->ecc_uncorrected, sample->has_ecc_uncorrected_errors,
                                  sample->ecc_uncorrected_errors);
  gint64 corrected = count_new (&counters->ecc_corrected, sample->has_ecc_corrected_errors,
                                sample->ecc_corrected_errors);
  gint64 retired = count_new (&counters->retired_pages, sample->has_retired_pages,
                              sample->retired_pages);

  if (uncorrected > 0)
    add (findings, "ecc", "uncorrected", ORF_SEVERITY_CRITICAL,
         g_strdup_printf ("%" G_GINT64_FORMAT " memory errors that could not be corrected",
                          uncorrected))
      ->quiet_us = QUIET_US;
  if (corrected > 0)
    add (findings, "ecc", "corrected", ORF_SEVERITY_INFO,
         g_strdup_printf ("%" G_GINT64_FORMAT " memory errors, corrected", corrected))
      ->quiet_us = QUIET_US;
  if (retired > 0)
    add (findings, "retired_pages", "retired", ORF_SEVERITY_WARNING,
         g_strdup_printf ("%" G_GINT64_FORMAT " pages or rows of memory were retired", retired))
      ->quiet_us = QUIET_US;
  if (sample->has_retirement_pending && sample->retirement_pending)
    add (findings, "retired_pages", "pending", ORF_SEVERITY_WARNING,
         g_strdup ("memory is to be retired: the device needs a reset"));
  if (sample->has_retirement_failed && sample->retirement_failed)
    add (findings, "retired_pages", "failed", ORF_SEVERITY_CRITICAL,
         g_strdup ("memory could not be retired: nothing is left in its place"));
}

static void
find_throttle (GPtrArray *findings, char **reasons)
{
  for (guint i = 0; i < G_N_ELEMENTS (throttles); i++) {
    OrfDeviceFinding *finding = NULL;

    if (!g_strv_contains ((const char *const *) reasons, throttles[i].reason))
      continue;
    finding = add (findings, "throttle", throttles[i].reason, throttles[i].severity,
                   g_strdup (throttles[i].text));
    finding->hold_us = THROTTLE_HOLD_US;
    finding->quiet_us = THROTTLE_QUIET_US;
  }
}

GPtrArray *
orf_device_rules_find (OrfDeviceCounters *counters, const OrfProbeDeviceSample *sample)
{
  GPtrArray *findings = g_ptr_array_new_with_free_func ((GDestroyNotify) orf_device_finding_free);

  if (!sample || (sample->has_lost && sample->lost)) {
    add (findings, "lost", "lost", ORF_SEVERITY_CRITICAL,
         g_strdup (sample ? "the device has fallen off the bus"
                          : "its driver tells nothing of it any more"));
  }
  if (!sample)
    return findings;

  for (guint i = 0; sample->xids && i < sample->xids->len; i++)
    find_xid (findings, g_array_index (sample->xids, gint64, i));
  find_errors (findings, counters, sample);
  if (sample->throttle_reasons)
    find_throttle (findings, sample->throttle_reasons);
  return findings;
}
