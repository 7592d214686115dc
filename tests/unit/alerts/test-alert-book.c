/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <math.h>

#include "alerts/orf-alert-book.h"
#include "core/orf-config.h"
#include "orf-error.h"

static OrfConfig *
load (const char *const *settings)
{
  g_autoptr (GError) error = NULL;
  OrfConfig *config = orf_config_load (NULL, settings, &error);

  g_assert_no_error (error);
  return config;
}

static const OrfAlertRuleSpec *
find (const OrfAlertBook *book, const char *name)
{
  const OrfAlertEntry *entry = orf_alert_book_find (book, name);

  g_assert_nonnull (entry);
  return orf_alert_rule_get_spec (entry->rule);
}

/* As the original had them, and none that its config would refuse. */
static void
test_builtin (void)
{
  g_autoptr (OrfConfig) config = load (NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (OrfAlertBook) book = orf_alert_book_new (config, NULL, &error);
  const OrfAlertEntry *entry;

  g_assert_no_error (error);
  g_assert_cmpuint (orf_alert_book_list (book)->len, ==, 11);
  entry = orf_alert_book_find (book, "gpu_memory_high");
  g_assert_cmpint (entry->source, ==, ORF_ALERT_RULE_SOURCE_BUILTIN);
  g_assert_true (entry->enabled);
  g_assert_cmpstr (entry->inhibited_by[0], ==, "gpu_memory_critical");
  g_assert_null (entry->set_by);
  g_assert_cmpfloat (orf_alert_rule_get_threshold (entry->rule), ==, 85);
  g_assert_cmpint (find (book, "gpu_memory_critical")->severity, ==, ORF_SEVERITY_CRITICAL);
  g_assert_cmpint (find (book, "gpu_memory_high")->timing.cooldown_us, ==,
                   config->alerts.cooldown_us);
  g_assert_cmpfloat (orf_alert_rule_get_threshold (
                       orf_alert_book_find (book, "gpu_fragmentation")->rule),
                     ==, config->gpu.fragmentation_warning_percent);
  for (guint i = 0; i < orf_alert_book_list (book)->len; i++) {
    const OrfAlertEntry *one = orf_alert_book_list (book)->pdata[i];

    g_assert_cmpint (orf_alert_rule_get_spec (one->rule)->timing.for_us, <=, 20000000);
    g_assert_nonnull (one->help);
  }
}

/* Whoever is called at night reads minutes, and not 7.2e+08 microseconds. */
static void
test_exhaustion (void)
{
  g_autoptr (OrfConfig) config = load (NULL);
  g_autoptr (OrfAlertBook) book = orf_alert_book_new (config, NULL, NULL);
  const OrfAlertRule *rule = orf_alert_book_find (book, "gpu_memory_exhaustion")->rule;
  char *labels[] = { (char *) "series", (char *) "gpu.memory.used_percent", NULL };
  g_autofree char *summary = orf_alert_rule_summarize (rule, labels, 12);

  g_assert_cmpstr (summary, ==,
                   "gpu.memory.used_percent is expected to reach its threshold in 12 minutes");
  g_assert_cmpint (orf_alert_rule_judge (rule, 12), ==, ORF_ALERT_TRUE);
  g_assert_cmpint (orf_alert_rule_judge (rule, 17), ==, ORF_ALERT_FALSE);
}

static void
test_config (void)
{
  static const char *const settings[] = {
    "alerts.queue_long=avg(queue.depth, 5m) > 100",
    "alerts.queue_long.threshold=2k",
    NULL,
  };
  static const char *const good[] = {
    "alerts.severity=info",
    "alerts.queue_long=avg(queue.depth, 5m) > 100",
    "alerts.queue_long.labels=team=render;area=gpu",
    "alerts.queue_long.for_us=30s",
    "alerts.queue_long.inhibited_by=gpu_memory_high",
    "alerts.gpu_memory_high.threshold=80%",
    "alerts.gpu_memory_high.cooldown_us=0",
    "alerts.host_cpu_high.enabled=false",
    NULL,
  };
  g_autoptr (OrfConfig) bad = load (settings);
  g_autoptr (OrfConfig) config = load (good);
  g_autoptr (GError) error = NULL;
  g_autoptr (OrfAlertBook) book = NULL;
  const OrfAlertRuleSpec *spec;

  g_assert_null (orf_alert_book_new (bad, NULL, &error));
  g_assert_error (error, ORF_ERROR, ORF_ERROR_INVALID_ARGUMENT);
  g_assert_cmpstr (orf_error_get_field (error), ==, "alerts.queue_long.threshold");
  g_clear_error (&error);

  book = orf_alert_book_new (config, NULL, &error);
  g_assert_no_error (error);
  spec = find (book, "queue_long");
  g_assert_cmpint (spec->severity, ==, ORF_SEVERITY_INFO);
  g_assert_cmpint (spec->timing.for_us, ==, 30000000);
  g_assert_cmpstr (spec->labels[0], ==, "area");
  g_assert_cmpstr (spec->labels[3], ==, "render");
  spec = find (book, "gpu_memory_high");
  g_assert_cmpstr (spec->expr, ==, "gpu.memory.used_percent > 80");
  g_assert_cmpint (spec->severity, ==, ORF_SEVERITY_WARNING);
  g_assert_cmpint (spec->timing.cooldown_us, ==, 0);
  g_assert_cmpint (spec->timing.for_us, ==, 10000000);
  g_assert_false (orf_alert_book_find (book, "host_cpu_high")->enabled);
}

static void
assert_refused (const char *setting, const char *field)
{
  const char *const settings[] = { setting, NULL };
  g_autoptr (OrfConfig) config = load (settings);
  g_autoptr (GError) error = NULL;

  g_assert_null (orf_alert_book_new (config, NULL, &error));
  g_assert_error (error, ORF_ERROR, ORF_ERROR_INVALID_ARGUMENT);
  g_assert_cmpstr (orf_error_get_field (error), ==, field);
}

static void
test_refused (void)
{
  assert_refused ("alerts.mine=m >", "alerts.mine.expr");
  assert_refused ("alerts.mine.threshold=5", "alerts.mine.expr");
  assert_refused ("alerts.gpu_memory_high.severity=loud", "alerts.gpu_memory_high.severity");
  assert_refused ("alerts.gpu_memory_high.for_us=2d", "alerts.gpu_memory_high.for_us");
  assert_refused ("alerts.gpu_memory_high.for_us=-1", "alerts.gpu_memory_high.for_us");
  assert_refused ("alerts.gpu_memory_high.labels=team", "alerts.gpu_memory_high.labels");
  assert_refused ("alerts.gpu_memory_high.hysteresis=-1", "alerts.gpu_memory_high.hysteresis");
  assert_refused ("alerts.gpu_memory_high.inhibited_by=nobody",
                  "alerts.gpu_memory_high.inhibited_by");
  assert_refused ("alerts.gpu_memory_high.summary=a {", "alerts.gpu_memory_high.summary");
}

static OrfAlertRuleRow *
say (const char *name, const char *expr, double threshold)
{
  OrfAlertRuleRow *row = orf_alert_rule_row_new ();

  row->name = g_strdup (name);
  row->expr = g_strdup (expr);
  row->threshold = threshold;
  row->set_us = 7;
  row->set_by = g_strdup ("ann");
  return row;
}

static void
accept (OrfAlertBook *book, const char *name, const char *expr, double threshold)
{
  g_autoptr (OrfAlertRuleRow) said = say (name, expr, threshold);
  g_autoptr (GError) error = NULL;
  OrfAlertRuleRow *row = orf_alert_book_propose (book, said, &error);

  g_assert_no_error (error);
  orf_alert_book_say (book, row);
}

static void
test_call (void)
{
  g_autoptr (OrfConfig) config = load (NULL);
  g_autoptr (OrfAlertBook) book = orf_alert_book_new (config, NULL, NULL);
  g_autoptr (GError) error = NULL;
  const OrfAlertEntry *entry;
  guint number = orf_alert_book_find (book, "gpu_memory_high")->number;

  accept (book, "gpu_memory_high", NULL, 70);
  entry = orf_alert_book_find (book, "gpu_memory_high");
  g_assert_cmpfloat (orf_alert_rule_get_threshold (entry->rule), ==, 70);
  g_assert_cmpstr (entry->set_by, ==, "ann");
  g_assert_cmpint (entry->source, ==, ORF_ALERT_RULE_SOURCE_BUILTIN);
  g_assert_cmpuint (entry->number, !=, number);
  /* another condition has a threshold of its own */
  accept (book, "gpu_memory_high", "gpu.memory.used_percent > 60", NAN);
  entry = orf_alert_book_find (book, "gpu_memory_high");
  g_assert_cmpfloat (orf_alert_rule_get_threshold (entry->rule), ==, 60);
  accept (book, "mine", "m > 5", NAN);
  g_assert_cmpuint (orf_alert_book_list (book)->len, ==, 12);
  g_assert_cmpint (orf_alert_book_find (book, "mine")->source, ==, ORF_ALERT_RULE_SOURCE_CALL);

  g_assert_true (orf_alert_book_check_unsay (book, "gpu_memory_high", &error));
  orf_alert_book_unsay (book, "gpu_memory_high");
  entry = orf_alert_book_find (book, "gpu_memory_high");
  g_assert_cmpfloat (orf_alert_rule_get_threshold (entry->rule), ==, 85);
  g_assert_false (orf_alert_book_check_unsay (book, "gpu_memory_high", &error));
  g_assert_error (error, ORF_ERROR, ORF_ERROR_FAILED_PRECONDITION);
  g_clear_error (&error);
  orf_alert_book_unsay (book, "mine");
  g_assert_null (orf_alert_book_find (book, "mine"));
  g_assert_false (orf_alert_book_check_unsay (book, "mine", &error));
  g_assert_error (error, ORF_ERROR, ORF_ERROR_NOT_FOUND);
}

static void
test_call_refused (void)
{
  static const char *const settings[] = { "alerts.max_rules=11", NULL };
  g_autoptr (OrfConfig) config = load (settings);
  g_autoptr (OrfAlertBook) book = orf_alert_book_new (config, NULL, NULL);
  const struct {
    const char *name, *expr;
    OrfErrorCode code;
  } cases[] = {
    { "a b", "m > 5", ORF_ERROR_INVALID_ARGUMENT },
    { "mine", "m > 5", ORF_ERROR_RESOURCE_EXHAUSTED },
    { "gpu_memory_high", "m >", ORF_ERROR_INVALID_ARGUMENT },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autoptr (OrfAlertRuleRow) said = say (cases[i].name, cases[i].expr, NAN);
    g_autoptr (GError) error = NULL;

    g_assert_null (orf_alert_book_propose (book, said, &error));
    g_assert_error (error, ORF_ERROR, (int) cases[i].code);
  }
}

/* What was said is there after a restart, and a reload of the config. */
static void
test_restart (void)
{
  g_autoptr (OrfConfig) config = load (NULL);
  g_autoptr (GPtrArray)
    rows = g_ptr_array_new_with_free_func ((GDestroyNotify) orf_alert_rule_row_free);
  g_autoptr (OrfAlertBook) book = NULL;

  g_ptr_array_add (rows, say ("gpu_memory_high", NULL, 70));
  g_ptr_array_add (rows, say ("broken", "m >", NAN));
  g_test_expect_message ("orfeas", G_LOG_LEVEL_WARNING, "*broken*");
  book = orf_alert_book_new (config, rows, NULL);
  g_test_assert_expected_messages ();
  g_assert_nonnull (book);
  g_assert_null (orf_alert_book_find (book, "broken"));
  g_test_expect_message ("orfeas", G_LOG_LEVEL_WARNING, "*broken*");
  orf_alert_book_reload (book);
  g_test_assert_expected_messages ();
  g_assert_cmpfloat (
    orf_alert_rule_get_threshold (orf_alert_book_find (book, "gpu_memory_high")->rule), ==, 70);
}

/* Between what was proposed and its being in the file the config may become another one. */
static void
test_config_changed (void)
{
  static const char *const settings[] = { "alerts.mine=m > 5", NULL };
  g_autoptr (OrfConfig) config = load (settings), other = load (NULL);
  g_autoptr (OrfAlertBook) book = orf_alert_book_new (config, NULL, NULL);
  g_autoptr (OrfAlertRuleRow) said = say ("mine", NULL, 7);
  OrfAlertRuleRow *row = orf_alert_book_propose (book, said, NULL);
  const OrfConfig before = *config;

  g_assert_nonnull (row);
  *config = *other;
  *other = before;
  orf_alert_book_reload (book);
  g_test_expect_message ("orfeas", G_LOG_LEVEL_WARNING, "*mine is left out*");
  orf_alert_book_say (book, row);
  g_test_assert_expected_messages ();
  g_assert_null (orf_alert_book_find (book, "mine"));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/alerts/book/builtin", test_builtin);
  g_test_add_func ("/alerts/book/exhaustion", test_exhaustion);
  g_test_add_func ("/alerts/book/config", test_config);
  g_test_add_func ("/alerts/book/refused", test_refused);
  g_test_add_func ("/alerts/book/call", test_call);
  g_test_add_func ("/alerts/book/call-refused", test_call_refused);
  g_test_add_func ("/alerts/book/restart", test_restart);
  g_test_add_func ("/alerts/book/config-changed", test_config_changed);
  return g_test_run ();
}
