/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <math.h>
#include <string.h>

#include "report/orf-report-decide.h"

#define GIB 1073741824.0

#define SPAN "in the 60 min to 2025-10-09T08:53:20Z"

static OrfReportFacts *
make_facts (void)
{
  return orf_report_facts_new (1760000000000000 - 3600000000, 1760000000000000);
}

static OrfReportDevice *
add_device (OrfReportFacts *facts, const char *id, double used, double most)
{
  OrfReportDevice *device = g_new0 (OrfReportDevice, 1);

  *device = (OrfReportDevice){
    .device = g_strdup (id),
    .total_bytes = 16 * GIB,
    .used_percent = used,
    .most_used_percent = most,
    .utilization_percent = NAN,
    .allocated_bytes = NAN,
    .reserved_bytes = NAN,
    .fragmentation_percent = NAN,
  };
  g_ptr_array_add (facts->devices, device);
  return device;
}

static OrfReportWorker *
add_worker (OrfReportFacts *facts, gint64 no, const char *name)
{
  OrfReportWorker *worker = g_new0 (OrfReportWorker, 1);

  *worker =
    (OrfReportWorker){ .worker_no = no, .name = g_strdup (name), .ooms = -1, .is_there = TRUE };
  g_ptr_array_add (facts->workers, worker);
  return worker;
}

static const OrfGpuRecommendation *
get (const GPtrArray *recommendations, guint i)
{
  g_assert_cmpuint (i, <, recommendations->len);
  return recommendations->pdata[i];
}

static void
assert_contains (const char *text, const char *part)
{
  if (strstr (text, part) == NULL)
    g_error ("\"%s\" has no \"%s\"", text, part);
}

static void
test_nothing (void)
{
  g_autoptr (OrfReportFacts) facts = make_facts ();
  g_autoptr (GPtrArray) recommendations = orf_report_decide (facts);
  g_autofree char *summary = orf_report_summarize (facts, recommendations);

  g_assert_cmpuint (recommendations->len, ==, 0);
  g_assert_cmpstr (summary, ==, "No device has samples " SPAN ". Nothing to recommend.");
}

/* What is not known is no reason for anything. */
static void
test_unknown (void)
{
  g_autoptr (OrfReportFacts) facts = make_facts ();
  g_autoptr (GPtrArray) recommendations = NULL;
  g_autofree char *summary = NULL;

  add_device (facts, "opencl-0", NAN, NAN);
  add_worker (facts, 1, "a");
  recommendations = orf_report_decide (facts);
  summary = orf_report_summarize (facts, recommendations);
  g_assert_cmpuint (recommendations->len, ==, 0);
  assert_contains (summary, "opencl-0: memory not known.");
  g_assert_true (isnan (orf_report_get_idle_percent (facts->devices->pdata[0])));
}

static void
test_idle (void)
{
  static const struct {
    double most;
    OrfSeverity severity;
  } rows[] = { { 50, ORF_SEVERITY_INFO },
               { 80, ORF_SEVERITY_WARNING },
               { 97, ORF_SEVERITY_CRITICAL } };

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autoptr (OrfReportFacts) facts = make_facts ();
    OrfReportDevice *device = add_device (facts, "opencl-0", 45, rows[i].most);
    g_autoptr (GPtrArray) recommendations = NULL;

    device->reserved_bytes = 8 * GIB;
    device->allocated_bytes = 2 * GIB;
    recommendations = orf_report_decide (facts);
    g_assert_cmpuint (recommendations->len, ==, 1);
    g_assert_cmpint (get (recommendations, 0)->severity, ==, rows[i].severity);
    g_assert_cmpstr (get (recommendations, 0)->title, ==, "Workers on opencl-0 hold 6.0 GiB idle");
    assert_contains (get (recommendations, 0)->evidence, "75 % of the 8.0 GiB");
    assert_contains (get (recommendations, 0)->evidence, SPAN);
    g_assert_cmpstr (get (recommendations, 0)->action, ==,
                     "orfeasctl gpu cleanup --device opencl-0 --level light");
  }
}

/* A share below the bound, and a share of next to nothing. */
static void
test_little_idle (void)
{
  g_autoptr (OrfReportFacts) facts = make_facts ();
  OrfReportDevice *some = add_device (facts, "a", 45, 50);
  OrfReportDevice *little = add_device (facts, "b", 45, 50);
  g_autoptr (GPtrArray) recommendations = NULL;

  some->reserved_bytes = 8 * GIB;
  some->allocated_bytes = 6 * GIB;
  little->reserved_bytes = 0.2 * GIB;
  little->allocated_bytes = 0.01 * GIB;
  recommendations = orf_report_decide (facts);
  g_assert_cmpuint (recommendations->len, ==, 0);
}

/* Most severe first, then most gain. */
static void
test_rank (void)
{
  g_autoptr (OrfReportFacts) facts = make_facts ();
  OrfReportDevice *small = add_device (facts, "a", 50, 80);
  OrfReportDevice *large = add_device (facts, "b", 50, 80);
  OrfReportDevice *full = add_device (facts, "c", 90, 99);
  g_autoptr (GPtrArray) recommendations = NULL;

  small->reserved_bytes = large->reserved_bytes = full->reserved_bytes = 8 * GIB;
  small->allocated_bytes = 5 * GIB;
  large->allocated_bytes = 1 * GIB;
  full->allocated_bytes = 5.2 * GIB;
  recommendations = orf_report_decide (facts);
  g_assert_cmpuint (recommendations->len, ==, 3);
  assert_contains (get (recommendations, 0)->title, " c ");
  assert_contains (get (recommendations, 1)->title, " b ");
  assert_contains (get (recommendations, 2)->title, " a ");
}

static void
test_pressure_and_use (void)
{
  g_autoptr (OrfReportFacts) facts = make_facts ();
  OrfReportDevice *device = add_device (facts, "cuda 0", 70, 95.5);
  g_autoptr (GPtrArray) recommendations = NULL;

  device->utilization_percent = 4;
  device->reserved_bytes = 8 * GIB;
  device->fragmentation_percent = 40;
  recommendations = orf_report_decide (facts);
  g_assert_cmpuint (recommendations->len, ==, 3);
  g_assert_cmpstr (get (recommendations, 0)->action, ==,
                   "orfeasctl gpu cleanup --device 'cuda 0' --level normal");
  g_assert_cmpstr (get (recommendations, 1)->title, ==, "cuda 0 was nearly full");
  assert_contains (get (recommendations, 1)->evidence, "95.5 %");
  g_assert_cmpint (get (recommendations, 2)->severity, ==, ORF_SEVERITY_INFO);
  g_assert_cmpstr (get (recommendations, 2)->action, ==, "orfeasctl gpu 'cuda 0'");
}

static void
test_batches (void)
{
  g_autoptr (OrfReportFacts) facts = make_facts ();
  OrfReportWorker *small = add_worker (facts, 1, "small");
  OrfReportWorker *large = add_worker (facts, 2, "large");
  OrfReportWorker *right = add_worker (facts, 3, "right");
  OrfReportWorker *gone = add_worker (facts, 4, "gone");
  g_autoptr (GPtrArray) recommendations = NULL;
  const OrfBatchAdvice advice = {
    .recommended = 20,
    .confidence = 0.97,
    .bytes_per_item = GIB,
    .peak_bytes = (gint64) (4 * GIB),
    .observations = 120,
    .explored_min = 1,
    .explored_max = 8,
  };

  small->is_studied = large->is_studied = right->is_studied = gone->is_studied = TRUE;
  small->advice = large->advice = right->advice = gone->advice = advice;
  large->advice.explored_max = 32;
  right->advice.explored_max = 18;
  gone->is_there = FALSE;
  recommendations = orf_report_decide (facts);
  g_assert_cmpuint (recommendations->len, ==, 2);
  g_assert_cmpint (get (recommendations, 0)->severity, ==, ORF_SEVERITY_WARNING);
  g_assert_cmpstr (get (recommendations, 0)->action, ==, "orfeasctl gpu batch-size w-2");
  g_assert_cmpstr (get (recommendations, 1)->title, ==, "Batches of small could be larger");
  assert_contains (get (recommendations, 1)->evidence,
                   "120 batches of 1 to 8 items; 20 take 4.0 GiB");
}

static void
test_ooms (void)
{
  g_autoptr (OrfReportFacts) facts = make_facts ();
  OrfReportWorker *worker = add_worker (facts, 7, "trainer");
  g_autoptr (GPtrArray) recommendations = NULL;

  worker->ooms = 3;
  recommendations = orf_report_decide (facts);
  g_assert_cmpuint (recommendations->len, ==, 1);
  g_assert_cmpint (get (recommendations, 0)->severity, ==, ORF_SEVERITY_CRITICAL);
  assert_contains (get (recommendations, 0)->evidence, "3 times");
  g_assert_cmpstr (get (recommendations, 0)->action, ==, "orfeasctl incidents list");
}

static void
add_past (OrfReportFacts *facts, gint64 retaken_bytes)
{
  const OrfReportCleanups cleanups = {
    .device = g_strdup ("a"),
    .n = 5,
    .n_freed = 2,
    .n_nothing = 3,
    .freed_bytes = 1 << 30,
    .n_followed = 2,
    .followed_bytes = 1 << 30,
    .regained_bytes = 1 << 30,
    .retaken_bytes = retaken_bytes,
  };
  const OrfReportAsked asked = {
    .worker_no = 2,
    .name = g_strdup ("liar"),
    .device = g_strdup ("a"),
    .n_asked = 5,
    .n_overclaimed = 4,
    .n_timed_out = 1,
    .claimed_bytes = 1 << 29,
  };
  const OrfReportEvents events = {
    .device = g_strdup ("a"),
    .kind = g_strdup ("xid"),
    .n = 2,
    .n_open = 1,
    .is_critical = TRUE,
    .text = g_strdup ("XID 79"),
  };

  g_ptr_array_add (facts->cleanups, g_memdup2 (&cleanups, sizeof cleanups));
  g_ptr_array_add (facts->asked, g_memdup2 (&asked, sizeof asked));
  g_ptr_array_add (facts->events, g_memdup2 (&events, sizeof events));
}

static void
test_past (void)
{
  g_autoptr (OrfReportFacts) facts = make_facts ();
  g_autoptr (GPtrArray) recommendations = NULL;

  add_past (facts, 0);
  recommendations = orf_report_decide (facts);
  g_assert_cmpuint (recommendations->len, ==, 5);
  g_assert_cmpstr (get (recommendations, 0)->title, ==, "a told xid");
  assert_contains (get (recommendations, 0)->evidence, "the newest: XID 79");
  g_assert_cmpstr (get (recommendations, 0)->action, ==, "orfeasctl gpu events a");
  assert_contains (get (recommendations, 1)->title, "soon taken again");
  assert_contains (get (recommendations, 2)->evidence,
                   "4 of 5 cleanups: 512.0 MiB claimed, 0 B measured");
  assert_contains (get (recommendations, 3)->title, "free nothing");
  g_assert_null (strstr (get (recommendations, 3)->evidence, "took it again"));
  assert_contains (get (recommendations, 4)->title, "does not answer");
}

/* That nothing is free at the end may be nobody's fault. */
static void
test_taken_again (void)
{
  g_autoptr (OrfReportFacts) facts = make_facts ();
  g_autoptr (GPtrArray) recommendations = NULL;

  add_past (facts, G_GINT64_CONSTANT (3) << 30);
  recommendations = orf_report_decide (facts);
  assert_contains (get (recommendations, 3)->title, "free nothing");
  assert_contains (get (recommendations, 3)->evidence,
                   "workers gave back 3.0 GiB and took it again at once");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/report-decide/nothing", test_nothing);
  g_test_add_func ("/report-decide/unknown", test_unknown);
  g_test_add_func ("/report-decide/idle", test_idle);
  g_test_add_func ("/report-decide/little-idle", test_little_idle);
  g_test_add_func ("/report-decide/rank", test_rank);
  g_test_add_func ("/report-decide/pressure-and-use", test_pressure_and_use);
  g_test_add_func ("/report-decide/batches", test_batches);
  g_test_add_func ("/report-decide/ooms", test_ooms);
  g_test_add_func ("/report-decide/past", test_past);
  g_test_add_func ("/report-decide/taken-again", test_taken_again);
  return g_test_run ();
}
