/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "probe/orf-nvml-values.h"

#include <math.h>

/*
 * Each call fails for itself.  One that the device does not support is not made again, for some
 * take their time to say so.
 */
#define SLOW_US (10 * G_USEC_PER_SEC) /* how often what takes long, or changes seldom, is asked */

typedef enum {
  CALL_UTILIZATION,
  CALL_ENCODER,
  CALL_DECODER,
  CALL_FAN,
  CALL_TEMPERATURE,
  CALL_POWER,
  CALL_POWER_LIMIT,
  CALL_ENERGY,
  CALL_CLOCK, /* and three more */
  CALL_THROTTLE = CALL_CLOCK + 4,
  CALL_VIOLATION, /* and one more */
  CALL_REPLAYS = CALL_VIOLATION + 2,
  CALL_FIELDS,
  CALL_ECC, /* and one more */
  CALL_ROWS = CALL_ECC + 2,
  CALL_PAGES,
  CALL_PAGES_PENDING,
  CALL_THROUGHPUT, /* and one more */
} Call;

/* A counter of bytes, and when it was read. */
typedef struct {
  guint64 bytes;
  gint64 t_us; /* monotonic; 0: not yet */
} Counter;

/* What is asked each SLOW_US, as it was told last. */
typedef struct {
  gint64 t_us; /* monotonic; 0: not yet */
  gint64 pages;
  gboolean pending, failed;
  gboolean has_pages, has_pending, has_failed;
  double sent, received; /* NAN: not known */
} Slow;

struct _OrfNvmlValues {
  OrfNvml *nvml;
  OrfNvmlHandle device;
  guint64 unsupported; /* a bit for each Call */
  Counter sent, received;
  gboolean has_counters; /* the bus's, so that its slow call is not needed */
  Slow slow;
};

OrfNvmlValues *
orf_nvml_values_new (OrfNvml *nvml, OrfNvmlHandle device)
{
  OrfNvmlValues *values = g_new0 (OrfNvmlValues, 1);

  values->nvml = nvml;
  values->device = device;
  return values;
}

void
orf_nvml_values_free (OrfNvmlValues *values)
{
  g_free (values);
}

/* ---- calls ----------------------------------------------------------------------------------- */

static gboolean
may_call (const OrfNvmlValues *values, guint call, gconstpointer function)
{
  return function && !(values->unsupported & G_GUINT64_CONSTANT (1) << call);
}

static gboolean
is_good (OrfNvmlValues *values, guint call, int rc)
{
  if (rc == ORF_NVML_NOT_SUPPORTED || rc == ORF_NVML_NO_FUNCTION)
    values->unsupported |= G_GUINT64_CONSTANT (1) << call;

  return rc == ORF_NVML_OK;
}

#define TRY(values, call, function, ...)                                                           \
  (may_call ((values), (call), (gconstpointer) (values)->nvml->function) &&                        \
   is_good ((values), (call), (values)->nvml->function ((values)->device, __VA_ARGS__)))

static gboolean
take_integer (guint64 value, gint64 *target)
{
  if (value > ORF_NVML_MAX_VALUE)
    return FALSE;

  *target = (gint64) value;
  return TRUE;
}

/* ---- load, heat, power ----------------------------------------------------------------------- */

/* Drivers have told more than all. */
static double
to_percent (guint32 percent)
{
  return MIN (percent, 100u);
}

static void
read_load (OrfNvmlValues *values, OrfProbeDeviceSample *sample)
{
  OrfNvmlUtilization utilization = { 0 };
  guint32 percent = 0;
  guint32 period_us = 0;

  if (TRY (values, CALL_UTILIZATION, utilization, &utilization)) {
    sample->utilization_percent = to_percent (utilization.gpu_percent);
    sample->memory_utilization_percent = to_percent (utilization.memory_percent);
  }
  if (TRY (values, CALL_ENCODER, encoder, &percent, &period_us))
    sample->encoder_percent = to_percent (percent);
  if (TRY (values, CALL_DECODER, decoder, &percent, &period_us))
    sample->decoder_percent = to_percent (percent);
}

static void
read_power (OrfNvmlValues *values, OrfProbeDeviceSample *sample)
{
  guint32 number = 0;
  guint64 millijoules = 0;

  if (TRY (values, CALL_FAN, fan, &number))
    sample->fan_percent = number;
  if (TRY (values, CALL_TEMPERATURE, temperature, 0, &number))
    sample->temperature_c = (gint32) number; /* below zero in the cold */
  if (TRY (values, CALL_POWER, power, &number))
    sample->power_w = number / 1000.0;
  if (TRY (values, CALL_POWER_LIMIT, power_limit, &number))
    sample->power_limit_w = number / 1000.0;
  if (TRY (values, CALL_ENERGY, energy, &millijoules))
    sample->energy_j = (double) millijoules / 1000.0;
}

static void
read_clocks (OrfNvmlValues *values, OrfProbeDeviceSample *sample)
{
  double *const targets[] = { &sample->clock_graphics_mhz, &sample->clock_sm_mhz,
                              &sample->clock_memory_mhz, &sample->clock_video_mhz };
  guint32 mhz = 0;

  for (guint32 kind = 0; kind < G_N_ELEMENTS (targets); kind++) {
    if (TRY (values, CALL_CLOCK + kind, clock, kind, &mhz))
      *targets[kind] = mhz;
  }
}

/* ---- throttling ------------------------------------------------------------------------------ */

static char **
dup_reasons (guint64 bits)
{
  static const char *const names[] = { "idle",        "application_clocks", "power_cap",
                                       "hw_slowdown", "sync_boost",         "thermal",
                                       "hw_thermal",  "hw_power_brake",     "display_clocks" };
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  guint64 known = (G_GUINT64_CONSTANT (1) << G_N_ELEMENTS (names)) - 1;

  for (guint i = 0; i < G_N_ELEMENTS (names); i++) {
    if (bits & G_GUINT64_CONSTANT (1) << i)
      g_strv_builder_add (builder, names[i]);
  }
  if (bits & ~known) {
    g_autofree char *rest = g_strdup_printf ("unknown-%" G_GINT64_MODIFIER "x", bits & ~known);

    g_strv_builder_add (builder, rest);
  }

  return g_strv_builder_end (builder);
}

static void
read_throttling (OrfNvmlValues *values, OrfProbeDeviceSample *sample)
{
  OrfNvmlViolation power = { 0 };
  OrfNvmlViolation thermal = { 0 };
  guint64 bits = 0;

  if (TRY (values, CALL_THROTTLE, throttle_reasons, &bits))
    sample->throttle_reasons = dup_reasons (bits);
  if (TRY (values, CALL_VIOLATION, violation, 0, &power))
    sample->has_throttled_power_us = take_integer (power.violation_ns / 1000,
                                                   &sample->throttled_power_us);
  if (TRY (values, CALL_VIOLATION + 1, violation, 1, &thermal))
    sample->has_throttled_thermal_us = take_integer (thermal.violation_ns / 1000,
                                                     &sample->throttled_thermal_us);
}

/* ---- memory errors --------------------------------------------------------------------------- */

static void
read_ecc (OrfNvmlValues *values, OrfProbeDeviceSample *sample)
{
  guint64 count = 0;

  /* counter 0: since the driver was loaded */
  if (TRY (values, CALL_ECC, ecc_errors, 0, 0, &count))
    sample->has_ecc_corrected_errors = take_integer (count, &sample->ecc_corrected_errors);
  if (TRY (values, CALL_ECC + 1, ecc_errors, 1, 0, &count))
    sample->has_ecc_uncorrected_errors = take_integer (count, &sample->ecc_uncorrected_errors);
}

/* Of one cause; the pages themselves are not asked for, so "too little room" is an answer. */
static gboolean
count_pages (OrfNvmlValues *values, guint32 cause, gint64 *pages)
{
  guint32 n = 0;
  int rc = 0;

  if (!may_call (values, CALL_PAGES, (gconstpointer) values->nvml->retired_pages))
    return FALSE;

  rc = values->nvml->retired_pages (values->device, cause, &n, NULL);
  if (!is_good (values, CALL_PAGES, rc) && rc != ORF_NVML_INSUFFICIENT_SIZE)
    return FALSE;

  *pages += n;
  return TRUE;
}

/* Newer chips remap rows, older ones retire pages. */
static void
ask_retired (OrfNvmlValues *values, Slow *slow)
{
  guint32 corrected = 0;
  guint32 uncorrected = 0;
  guint32 pending = 0;
  guint32 failed = 0;

  slow->pages = 0;
  slow->has_pages = slow->has_pending = slow->has_failed = FALSE;
  if (TRY (values, CALL_ROWS, remapped_rows, &corrected, &uncorrected, &pending, &failed)) {
    slow->has_pages = slow->has_pending = slow->has_failed = TRUE;
    slow->pages = (gint64) corrected + uncorrected;
    slow->pending = pending != 0;
    slow->failed = failed != 0;
    return;
  }

  slow->has_pages = count_pages (values, 0, &slow->pages) && count_pages (values, 1, &slow->pages);
  slow->has_pending = TRY (values, CALL_PAGES_PENDING, retirement_pending, &pending);
  slow->pending = pending != 0;
}

/* ---- the bus --------------------------------------------------------------------------------- */

/* bytes/s since the reading before; NAN at the first, and where the counter began anew. */
static double
advance (Counter *counter, const OrfNvmlField *field, gint64 now_us)
{
  gboolean is_short = field->type == 1;
  guint64 bytes = is_short ? field->value.u32 : field->value.u64;
  guint64 grown = is_short ? (guint32) (bytes - counter->bytes) : bytes - counter->bytes;
  gint64 took_us = now_us - counter->t_us;
  gboolean good = counter->t_us > 0 && took_us > 0 && (is_short || bytes >= counter->bytes);

  counter->bytes = bytes;
  counter->t_us = now_us;
  return good ? (double) grown * G_USEC_PER_SEC / (double) took_us : NAN;
}

static void
read_fields (OrfNvmlValues *values, gint64 now_us, OrfProbeDeviceSample *sample)
{
  OrfNvmlField fields[] = { { .field = ORF_NVML_FIELD_MEMORY_TEMPERATURE },
                            { .field = ORF_NVML_FIELD_PCIE_SENT_BYTES },
                            { .field = ORF_NVML_FIELD_PCIE_RECEIVED } };

  /* A field that a driver does not know leaves its rc as it was. */
  for (guint i = 0; i < G_N_ELEMENTS (fields); i++)
    fields[i].rc = ORF_NVML_NOT_SUPPORTED;
  values->has_counters = FALSE;
  if (!TRY (values, CALL_FIELDS, fields, G_N_ELEMENTS (fields), fields))
    return;

  if (fields[0].rc == ORF_NVML_OK)
    sample->temperature_memory_c = (gint32) fields[0].value.u32;
  if (fields[1].rc != ORF_NVML_OK || fields[2].rc != ORF_NVML_OK)
    return;

  values->has_counters = TRUE;
  sample->pcie_sent_bytes_per_s = advance (&values->sent, &fields[1], now_us);
  sample->pcie_received_bytes_per_s = advance (&values->received, &fields[2], now_us);
}

/* Measures for 20 ms each, inside the call. */
static void
ask_throughput (OrfNvmlValues *values, Slow *slow)
{
  guint32 kb_per_s = 0;

  slow->sent = slow->received = NAN;
  if (TRY (values, CALL_THROUGHPUT, pcie_throughput, 0, &kb_per_s))
    slow->sent = kb_per_s * 1024.0;
  if (TRY (values, CALL_THROUGHPUT + 1, pcie_throughput, 1, &kb_per_s))
    slow->received = kb_per_s * 1024.0;
}

static void
read_slow (OrfNvmlValues *values, gint64 now_us, OrfProbeDeviceSample *sample)
{
  Slow *slow = &values->slow;

  if (slow->t_us == 0 || now_us - slow->t_us >= SLOW_US) {
    slow->t_us = now_us;
    ask_retired (values, slow);
    if (!values->has_counters)
      ask_throughput (values, slow);
  }

  sample->has_retired_pages = slow->has_pages;
  sample->retired_pages = slow->pages;
  sample->has_retirement_pending = slow->has_pending;
  sample->retirement_pending = slow->pending;
  sample->has_retirement_failed = slow->has_failed;
  sample->retirement_failed = slow->failed;
  if (values->has_counters)
    return;

  sample->pcie_sent_bytes_per_s = slow->sent;
  sample->pcie_received_bytes_per_s = slow->received;
}

void
orf_nvml_values_read (OrfNvmlValues *values, OrfProbeDeviceSample *sample)
{
  gint64 now_us = g_get_monotonic_time ();
  guint32 replays = 0;

  read_load (values, sample);
  read_power (values, sample);
  read_clocks (values, sample);
  read_throttling (values, sample);
  read_ecc (values, sample);
  if (TRY (values, CALL_REPLAYS, pcie_replays, &replays))
    sample->has_pcie_replays = take_integer (replays, &sample->pcie_replays);
  read_fields (values, now_us, sample);
  read_slow (values, now_us, sample);
}
