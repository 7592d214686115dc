/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Who is to blame, what the time line and the sentences say of it: of facts made by hand. */
#include <math.h>
#include <string.h>

#include "postmortem/orf-postmortem-culprit.h"
#include "postmortem/orf-postmortem-summary.h"
#include "postmortem/orf-postmortem-timeline.h"

#define S    G_GINT64_CONSTANT (1000000)
#define MIB  G_GINT64_CONSTANT (1048576)
#define FROM (36000 * S)
#define TO   (43200 * S)

static OrfPostmortemFacts *
make_facts (void)
{
  const OrfPostmortemTimes times = { FROM, TO, TO + S };

  return orf_postmortem_facts_new (&times, "orfeasd");
}

/* ---- what happened --------------------------------------------------------------------------- */

static void
add_moment (GPtrArray *rows, const char *kind, const char *severity, gint64 t_us, const char *text)
{
  OrfPostmortemMoment *moment = orf_postmortem_moment_new ();

  moment->kind = g_strdup (kind);
  moment->severity = g_strdup (severity);
  moment->t_us = t_us;
  moment->text = g_strdup (text);
  g_ptr_array_add (rows, moment);
}

static void
add_leak (OrfPostmortemFacts *facts, gint64 since_us)
{
  OrfPostmortemLeak *leak = orf_postmortem_leak_new ();

  leak->device = g_strdup ("gpu-0");
  leak->worker = g_strdup ("w-1");
  leak->name = g_strdup ("trainer");
  leak->since_us = since_us;
  leak->slope_bytes_per_s = (double) MIB;
  leak->confidence = 0.98;
  leak->has_grown_bytes = TRUE;
  leak->grown_bytes = 4096 * MIB;
  g_ptr_array_add (facts->document->memory->leaks, leak);
}

static OrfPostmortemDevice *
add_device (OrfPostmortemFacts *facts, const char *pressure)
{
  OrfPostmortemDevice *device = orf_postmortem_device_new ();

  device->device = g_strdup ("gpu-0");
  device->has_total_bytes = device->has_worst_us = device->has_worst_bytes = TRUE;
  device->total_bytes = 16384 * MIB;
  device->worst_us = FROM + 1800 * S;
  device->worst_bytes = 16000 * MIB;
  device->pressure_level = g_strdup (pressure);
  device->owners = g_ptr_array_new ();
  g_ptr_array_add (facts->document->memory->devices, device);
  return device;
}

static void
add_owner (OrfPostmortemDevice *device, const char *name, gint64 grew_bytes)
{
  OrfPostmortemOwner *owner = orf_postmortem_owner_new ();

  owner->kind = g_strdup ("process");
  owner->name = g_strdup (name);
  owner->has_used_bytes = owner->has_grew_bytes = TRUE;
  owner->used_bytes = grew_bytes + MIB;
  owner->grew_bytes = grew_bytes;
  owner->share_percent = 50;
  g_ptr_array_add (device->owners, owner);
}

static void
add_oom (OrfPostmortemFacts *facts, const char *worker, gint64 t_us)
{
  OrfPostmortemOom *oom = orf_postmortem_oom_new ();

  oom->t_us = t_us;
  oom->device = g_strdup ("gpu-0");
  oom->worker = g_strdup (worker);
  oom->errors = 1;
  g_ptr_array_add (facts->document->memory->ooms, oom);
}

static void
add_operation (OrfPostmortemFacts *facts, const char *service, gint64 from_us)
{
  OrfPostmortemOperation *operation = orf_postmortem_operation_new ();

  operation->service = g_strdup (service);
  operation->operation = g_strdup ("/infer");
  operation->count = operation->before_count = 1000;
  operation->has_p50_us = operation->has_p99_us = TRUE;
  operation->has_before_p50_us = operation->has_before_p99_us = TRUE;
  operation->p50_us = operation->p99_us = 900000;
  operation->before_p50_us = operation->before_p99_us = 100000;
  operation->errors_percent = 12;
  operation->before_errors_percent = 0;
  operation->slower_percent = 800;
  operation->has_from_us = from_us >= 0;
  operation->from_us = from_us;
  g_ptr_array_add (facts->document->traces->operations, operation);
}

static void
add_node (OrfPostmortemFacts *facts, gint64 from_us)
{
  OrfPostmortemCache *cache = orf_postmortem_cache_new ();
  OrfPostmortemNode *node = orf_postmortem_node_new ();
  OrfPostmortemAway *away = orf_postmortem_away_new ();

  away->from_us = from_us;
  node->node = g_strdup ("redis-2");
  node->away = g_ptr_array_new ();
  g_ptr_array_add (node->away, away);
  cache->nodes = g_ptr_array_new ();
  g_ptr_array_add (cache->nodes, node);
  cache->hit_rate_percent = 40;
  cache->before_hit_rate_percent = 95;
  facts->document->cache = cache;
}

static void
add_alert (OrfPostmortemFacts *facts, const char *rule, gint64 fired_us)
{
  OrfPostmortemAlert *alert = orf_postmortem_alert_new ();

  alert->rule = g_strdup (rule);
  alert->severity = g_strdup ("critical");
  alert->has_fired_us = TRUE;
  alert->fired_us = fired_us;
  g_ptr_array_add (facts->document->alerts->rows, alert);
  add_moment (facts->document->timeline->rows, "alert", "critical", fired_us, rule);
}

/* ---- what is made of it ---------------------------------------------------------------------- */

static const OrfPostmortemCulprit *
decide (OrfPostmortemFacts *facts)
{
  orf_postmortem_timeline_finish (facts);
  facts->document->culprit = orf_postmortem_culprit_find (facts);
  orf_postmortem_summary_write (facts);
  g_assert_cmpuint (facts->document->summary->len, ==, 5);
  return facts->document->culprit;
}

static void
check_said (const OrfPostmortemFacts *facts, guint i, const char *part)
{
  const OrfPostmortemSentence *sentence = facts->document->summary->pdata[i];

  if (strstr (sentence->text, part) == NULL)
    g_error ("\"%s\" is not in \"%s\"", part, sentence->text);
}

static void
check_culprit (const OrfPostmortemCulprit *culprit,
               const char *kind,
               const char *name,
               OrfPostmortemConfidence confidence)
{
  g_assert_nonnull (culprit);
  g_assert_cmpstr (culprit->kind, ==, kind);
  g_assert_cmpstr (culprit->name, ==, name);
  g_assert_cmpint (culprit->confidence, ==, confidence);
  g_assert_nonnull (culprit->because[0]);
}

static void
test_quiet (void)
{
  g_autoptr (OrfPostmortemFacts) facts = make_facts ();

  add_operation (facts, "api", -1);
  add_moment (facts->document->timeline->rows, "audit", NULL, FROM + S, "db.check by admin");
  g_assert_null (decide (facts));
  check_said (facts, 0, "Nothing happened in the 2.0 h to 1970-01-01T12:00:00Z");
  check_said (facts, 1, "Nothing in the window points to anybody");
  check_said (facts, 2, "No series had samples");
  check_said (facts, 3, "No operation became slower");
  check_said (facts, 4, "recorded without a gap");
}

/* A leak, pressure, and another worker that ran out: it is the one that leaks. */
static void
test_leak (void)
{
  g_autoptr (OrfPostmortemFacts) facts = make_facts ();
  const OrfPostmortemCulprit *culprit;

  add_leak (facts, FROM + 600 * S);
  add_device (facts, "critical");
  add_oom (facts, "server", FROM + 1900 * S);
  add_moment (facts->document->timeline->rows, "leak", "warning", FROM + 600 * S, "trainer leaks");
  culprit = decide (facts);
  check_culprit (culprit, "worker", "trainer", ORF_POSTMORTEM_CONFIDENCE_HIGH);
  g_assert_cmpint (culprit->since_us, ==, FROM + 600 * S);
  g_assert_nonnull (strstr (culprit->because[0], "4.0 GiB in all"));
  check_said (facts, 0, "1 leak and 1 worker out of memory; it began at 10:10:00: trainer leaks");
  check_said (facts, 1, "worker trainer (confidence high): It held more and more");
}

/* Nobody leaks: who grew most is named where that led to something, and nobody where not. */
static void
test_grower (void)
{
  g_autoptr (OrfPostmortemFacts) facts = make_facts ();
  g_autoptr (OrfPostmortemFacts) harmless = make_facts ();
  OrfPostmortemDevice *device = add_device (facts, "high");

  add_owner (device, "small", 100 * MIB);
  add_owner (device, "big", 8192 * MIB);
  check_culprit (decide (facts), "process", "big", ORF_POSTMORTEM_CONFIDENCE_LOW);
  add_owner (add_device (harmless, "low"), "big", 8192 * MIB);
  g_assert_null (decide (harmless));
}

static void
test_node (void)
{
  g_autoptr (OrfPostmortemFacts) facts = make_facts ();

  add_node (facts, FROM + 300 * S);
  add_operation (facts, "api", FROM + 310 * S);
  add_alert (facts, "latency_high", FROM + 400 * S);
  check_culprit (decide (facts), "node", "redis-2", ORF_POSTMORTEM_CONFIDENCE_HIGH);
  check_said (facts, 1, "cache's node redis-2");
  check_said (facts, 3, "hit rate went from 95 % to 40 %");
  check_said (facts, 4, "At the end 1 alert still fired");
}

/* The one before the operation became slow; not the one long before, and not one behind it. */
static void
test_deploy (void)
{
  g_autoptr (OrfPostmortemFacts) facts = make_facts ();
  g_autoptr (OrfPostmortemFacts) later = make_facts ();

  add_moment (facts->earlier, "deploy", NULL, FROM - 1500 * S, "web 1");
  add_moment (facts->document->timeline->rows, "deploy", NULL, FROM + 600 * S, "api 2.4");
  add_operation (facts, "api", FROM + 660 * S);
  check_culprit (decide (facts), "deploy", "api 2.4", ORF_POSTMORTEM_CONFIDENCE_HIGH);
  check_said (facts, 3, "api /infer: p99 from 100 ms to 900 ms, 12 % failed (0 % before)");

  add_moment (later->document->timeline->rows, "deploy", NULL, FROM + 900 * S, "api 2.5");
  add_operation (later, "api", FROM + 660 * S);
  check_culprit (decide (later), "operation", "api /infer", ORF_POSTMORTEM_CONFIDENCE_LOW);
}

/* A mark that was made twice speaks no louder than one. */
static void
test_deploy_twice (void)
{
  g_autoptr (OrfPostmortemFacts) facts = make_facts ();
  const OrfPostmortemCulprit *culprit;

  add_moment (facts->document->timeline->rows, "deploy", NULL, FROM + 600 * S, "web 2.4");
  add_moment (facts->document->timeline->rows, "deploy", NULL, FROM + 602 * S, "web 2.4");
  add_operation (facts, "api", FROM + 660 * S);
  culprit = decide (facts);
  check_culprit (culprit, "deploy", "web 2.4", ORF_POSTMORTEM_CONFIDENCE_MEDIUM);
  g_assert_cmpint (culprit->since_us, ==, FROM + 600 * S);
  for (guint i = 1; culprit->because[i] != NULL; i++)
    g_assert_cmpstr (culprit->because[i - 1], !=, culprit->because[i]);
}

/* What fired for days is told where nothing began in the window, and not as its beginning. */
static void
test_older_trouble (void)
{
  g_autoptr (OrfPostmortemFacts) facts = make_facts ();
  g_autoptr (OrfPostmortemFacts) quiet = make_facts ();

  add_moment (facts->document->timeline->rows, "alert", "warning", FROM - 900 * S, "the disk");
  add_moment (facts->document->timeline->rows, "oom", "critical", FROM + 60 * S, "no memory");
  decide (facts);
  check_said (facts, 0, "it began at 10:01:00: no memory");
  add_moment (quiet->document->timeline->rows, "alert", "warning", FROM - 900 * S, "the disk");
  decide (quiet);
  check_said (quiet, 0, "it began at 09:45:00, before it: the disk");
}

/* One that far before the first that was noticed is none, nor is what came when it was slow
 * already. */
static void
test_far_deploy (void)
{
  g_autoptr (OrfPostmortemFacts) facts = make_facts ();

  add_moment (facts->document->timeline->rows, "deploy", NULL, FROM + 600 * S, "studio 2.4");
  add_operation (facts, "api", FROM + 1076 * S);
  check_culprit (decide (facts), "operation", "api /infer", ORF_POSTMORTEM_CONFIDENCE_LOW);
}

/* What the daemon itself does is no symptom. */
static void
test_own_operation (void)
{
  g_autoptr (OrfPostmortemFacts) facts = make_facts ();

  add_moment (facts->document->timeline->rows, "deploy", NULL, FROM + 600 * S, "studio 2.4");
  add_operation (facts, "orfeasd", FROM + 610 * S);
  ((OrfPostmortemOperation *) facts->document->traces->operations->pdata[0])->own = TRUE;
  g_assert_null (decide (facts));
  check_said (facts, 3, "No operation became slower");
}

/* Nothing was recorded, and nobody ended the daemon; where somebody did the machine is not named.
 */
static void
test_host (void)
{
  g_autoptr (OrfPostmortemFacts) facts = make_facts ();
  OrfPostmortemGap *gap = orf_postmortem_gap_new ();

  gap->from_us = FROM + 600 * S;
  gap->to_us = FROM + 606 * S;
  gap->what = g_strdup ("everything");
  g_ptr_array_add (facts->document->gaps->rows, gap);
  add_operation (facts, "api", FROM + 600 * S);
  check_culprit (decide (facts), "host", "machine", ORF_POSTMORTEM_CONFIDENCE_MEDIUM);
  check_said (facts, 1,
              "Most likely it was the machine (confidence medium): It stood still for 6 s");
  g_clear_pointer (&facts->document->culprit, orf_postmortem_culprit_free);
  gap->why = g_strdup ("the daemon was ended");
  facts->document->culprit = orf_postmortem_culprit_find (facts);
  g_assert_cmpstr (facts->document->culprit->kind, ==, "operation");
}

/* With nothing before there is nothing to compare with. */
static void
test_no_baseline (void)
{
  g_autoptr (OrfPostmortemFacts) facts = make_facts ();

  facts->document->changes->series = 148;
  decide (facts);
  check_said (facts, 2, "nothing to compare 148 series with");
}

/* A deploy just before the window counts as well. */
static void
test_earlier (void)
{
  g_autoptr (OrfPostmortemFacts) facts = make_facts ();

  add_moment (facts->earlier, "deploy", NULL, FROM - 60 * S, "api 2.4");
  add_operation (facts, "api", FROM);
  check_culprit (decide (facts), "deploy", "api 2.4", ORF_POSTMORTEM_CONFIDENCE_HIGH);
}

static void
add_load (OrfPostmortemFacts *facts, gint64 t_us, const char *text)
{
  GPtrArray *rows = facts->document->timeline->rows;
  OrfPostmortemMoment *moment;

  add_moment (rows, "load", NULL, t_us, text);
  moment = rows->pdata[rows->len - 1];
  moment->has_until_us = TRUE;
  moment->until_us = t_us + 300 * S;
}

/* A load test that began just before: by what became slow in it, or by what fired in it alone. */
static void
test_load (void)
{
  g_autoptr (OrfPostmortemFacts) slow = make_facts ();
  g_autoptr (OrfPostmortemFacts) fired = make_facts ();
  g_autoptr (OrfPostmortemFacts) over = make_facts ();
  g_autoptr (OrfPostmortemFacts) behind = make_facts ();

  add_load (slow, FROM + 600 * S, "load test nightly (stress) 2 (spike): 120 requests, 0 failed");
  add_operation (slow, "api", FROM + 660 * S);
  add_alert (slow, "latency_high", FROM + 630 * S);
  check_culprit (decide (slow), "load", "nightly (stress) 2", ORF_POSTMORTEM_CONFIDENCE_HIGH);
  check_said (slow, 1,
              "it was the load test nightly (stress) 2 (confidence high): It began at 10:10:00 and "
              "ran for 300 s");

  add_load (fired, FROM + 600 * S, "load test nightly (stress): 120 requests, 0 failed");
  add_alert (fired, "host_cpu_high", FROM + 630 * S);
  check_culprit (decide (fired), "load", "nightly", ORF_POSTMORTEM_CONFIDENCE_LOW);
  g_assert_cmpstr (fired->document->culprit->because[1], ==,
                   "Alert host_cpu_high fired 30 s later.");

  /* long over when it began; and not there yet */
  add_load (over, FROM + 600 * S, "load test nightly (stress): 120 requests, 0 failed");
  add_alert (over, "host_cpu_high", FROM + 3000 * S);
  g_assert_null (decide (over));
  add_load (behind, FROM + 900 * S, "load test nightly (stress): 120 requests, 0 failed");
  add_operation (behind, "api", FROM + 660 * S);
  check_culprit (decide (behind), "operation", "api /infer", ORF_POSTMORTEM_CONFIDENCE_LOW);
}

static void
test_device (void)
{
  g_autoptr (OrfPostmortemFacts) facts = make_facts ();

  add_moment (facts->document->timeline->rows, "gpu_event", "critical", FROM + S,
              "gpu-0: XID 79: fell off the bus");
  check_culprit (decide (facts), "device", "gpu-0", ORF_POSTMORTEM_CONFIDENCE_MEDIUM);
  g_assert_cmpstr (facts->document->culprit->because[0], ==,
                   "It told at 10:00:01: XID 79: fell off the bus.");
}

/* Two that weigh about the same: the earlier one, less sure, and the other is named. */
static void
test_unsure (void)
{
  g_autoptr (OrfPostmortemFacts) facts = make_facts ();
  const OrfPostmortemCulprit *culprit;

  add_leak (facts, FROM + 600 * S);
  add_node (facts, FROM + 300 * S);
  culprit = decide (facts);
  check_culprit (culprit, "node", "redis-2", ORF_POSTMORTEM_CONFIDENCE_LOW);
  g_assert_cmpstr (culprit->because[1], ==, "Nearly as much speaks against worker trainer.");
}

/* By time; of the same time the cause first; of too many the lightest go. */
static void
test_order (void)
{
  g_autoptr (OrfPostmortemFacts) facts = make_facts ();
  GPtrArray *rows = facts->document->timeline->rows;

  for (guint i = 0; i < 250; i++)
    add_moment (rows, "audit", NULL, FROM + (100 + i) * S, "call");
  add_moment (rows, "alert", "critical", FROM + 400 * S, "alert");
  add_moment (rows, "deploy", NULL, FROM + 400 * S, "deploy");
  add_moment (rows, "leak", "warning", FROM + 50 * S, "leak");
  add_oom (facts, "trainer", FROM + 399 * S);
  decide (facts);
  g_assert_cmpuint (rows->len, ==, 200);
  g_assert_cmpint (facts->document->timeline->more, ==, 54);
  g_assert_cmpstr (((OrfPostmortemMoment *) rows->pdata[0])->kind, ==, "leak");
  g_assert_cmpstr (((OrfPostmortemMoment *) rows->pdata[197])->kind, ==, "oom");
  g_assert_cmpstr (((OrfPostmortemMoment *) rows->pdata[198])->kind, ==, "deploy");
  g_assert_cmpstr (((OrfPostmortemMoment *) rows->pdata[199])->kind, ==, "alert");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/postmortem-culprit/quiet", test_quiet);
  g_test_add_func ("/postmortem-culprit/leak", test_leak);
  g_test_add_func ("/postmortem-culprit/grower", test_grower);
  g_test_add_func ("/postmortem-culprit/node", test_node);
  g_test_add_func ("/postmortem-culprit/deploy", test_deploy);
  g_test_add_func ("/postmortem-culprit/deploy-twice", test_deploy_twice);
  g_test_add_func ("/postmortem-culprit/older-trouble", test_older_trouble);
  g_test_add_func ("/postmortem-culprit/far-deploy", test_far_deploy);
  g_test_add_func ("/postmortem-culprit/own-operation", test_own_operation);
  g_test_add_func ("/postmortem-culprit/host", test_host);
  g_test_add_func ("/postmortem-culprit/no-baseline", test_no_baseline);
  g_test_add_func ("/postmortem-culprit/earlier", test_earlier);
  g_test_add_func ("/postmortem-culprit/load", test_load);
  g_test_add_func ("/postmortem-culprit/device", test_device);
  g_test_add_func ("/postmortem-culprit/unsure", test_unsure);
  g_test_add_func ("/postmortem-culprit/order", test_order);
  return g_test_run ();
}
