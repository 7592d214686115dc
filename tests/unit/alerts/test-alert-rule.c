/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <math.h>

#include "alerts/orf-alert-rule.h"
#include "orf-error.h"

static OrfAlertRule *
make (const char *expr, double threshold, double hysteresis)
{
  const OrfAlertRuleSpec spec = {
    .name = "test", .expr = expr, .threshold = threshold, .hysteresis = hysteresis
  };
  g_autoptr (GError) error = NULL;
  OrfAlertRule *rule = orf_alert_rule_new (&spec, &error);

  g_assert_no_error (error);
  g_assert_nonnull (rule);
  return rule;
}

static void
assert_refused (const OrfAlertRuleSpec *spec, const char *field)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (orf_alert_rule_new (spec, &error));
  g_assert_error (error, ORF_ERROR, ORF_ERROR_INVALID_ARGUMENT);
  g_assert_cmpstr (orf_error_get_field (error), ==, field);
}

static void
assert_value (const OrfAlertRule *rule, const char *text)
{
  g_autofree char *printed = orf_expr_print (orf_alert_rule_get_value (rule));

  g_assert_cmpstr (printed, ==, text);
}

static void
test_value_and_threshold (void)
{
  g_autoptr (OrfAlertRule) plain = make ("avg(gpu.memory.used_percent, 5m) > 85%", NAN, 0);
  g_autoptr (OrfAlertRule) turned = make ("85 <= m", NAN, 0);
  g_autoptr (OrfAlertRule) two = make ("m > 1 and m < 3", NAN, 0);
  g_autoptr (OrfAlertRule) negative = make ("m < -5", NAN, 0);

  assert_value (plain, "avg(gpu.memory.used_percent, 5m)");
  g_assert_cmpfloat (orf_alert_rule_get_threshold (plain), ==, 85);
  assert_value (turned, "m");
  g_assert_cmpint (orf_alert_rule_judge (turned, 85), ==, ORF_ALERT_TRUE);
  g_assert_cmpint (orf_alert_rule_judge (turned, 84), ==, ORF_ALERT_FALSE);
  assert_value (two, "m > 1 and m < 3");
  g_assert_true (isnan (orf_alert_rule_get_threshold (two)));
  g_assert_cmpint (orf_alert_rule_judge (two, 1), ==, ORF_ALERT_TRUE);
  g_assert_cmpint (orf_alert_rule_judge (two, 0), ==, ORF_ALERT_FALSE);
  g_assert_cmpfloat (orf_alert_rule_get_threshold (negative), ==, -5);
  g_assert_cmpint (orf_alert_rule_judge (negative, -6), ==, ORF_ALERT_TRUE);
}

static void
test_threshold_given (void)
{
  g_autoptr (OrfAlertRule) rule = make ("gpu.memory.used_percent > 85", 90, 0);

  g_assert_cmpstr (orf_alert_rule_get_spec (rule)->expr, ==, "gpu.memory.used_percent > 90");
  g_assert_cmpint (orf_alert_rule_judge (rule, 89), ==, ORF_ALERT_FALSE);
  g_assert_cmpint (orf_alert_rule_judge (rule, 91), ==, ORF_ALERT_TRUE);
}

static void
test_hysteresis (void)
{
  g_autoptr (OrfAlertRule) above = make ("m > 85", NAN, 5);
  g_autoptr (OrfAlertRule) below = make ("m <= 50", NAN, 10);

  g_assert_cmpint (orf_alert_rule_judge (above, 85.1), ==, ORF_ALERT_TRUE);
  g_assert_cmpint (orf_alert_rule_judge (above, 85), ==, ORF_ALERT_HELD);
  g_assert_cmpint (orf_alert_rule_judge (above, 80.1), ==, ORF_ALERT_HELD);
  g_assert_cmpint (orf_alert_rule_judge (above, 80), ==, ORF_ALERT_FALSE);
  g_assert_cmpint (orf_alert_rule_judge (above, NAN), ==, ORF_ALERT_UNKNOWN);
  g_assert_cmpint (orf_alert_rule_judge (below, 50), ==, ORF_ALERT_TRUE);
  g_assert_cmpint (orf_alert_rule_judge (below, 60), ==, ORF_ALERT_HELD);
  g_assert_cmpint (orf_alert_rule_judge (below, 61), ==, ORF_ALERT_FALSE);
}

static void
test_refused (void)
{
  assert_refused (&(OrfAlertRuleSpec){ .expr = "m >", .threshold = NAN }, "expr");
  assert_refused (&(OrfAlertRuleSpec){ .expr = "m > n", .threshold = 3 }, "threshold");
  assert_refused (&(OrfAlertRuleSpec){ .expr = "m == 3", .threshold = NAN, .hysteresis = 1 },
                  "hysteresis");
  assert_refused (&(OrfAlertRuleSpec){ .expr = "m > 3", .threshold = NAN, .hysteresis = -1 },
                  "hysteresis");
  assert_refused (&(OrfAlertRuleSpec){ .expr = "m > 3", .threshold = NAN, .hysteresis = INFINITY },
                  "hysteresis");
  assert_refused (&(OrfAlertRuleSpec){ .expr = "m > 3", .threshold = NAN, .summary = "{value" },
                  "summary");
  assert_refused (&(OrfAlertRuleSpec){ .expr = "m > 3", .threshold = NAN, .summary = "{} is" },
                  "summary");
}

static void
test_summary (void)
{
  const char *const own[] = { "team", "ml", NULL };
  char *labels[] = { (char *) "device", (char *) "gpu0", NULL };
  const OrfAlertRuleSpec spec = {
    .name = "full",
    .expr = "gpu.memory.used_percent > 85",
    .threshold = NAN,
    .labels = own,
    .summary = "{device} is {value} % full, more than {threshold} ({team}, {nobody})",
  };
  g_autoptr (OrfAlertRule) told = orf_alert_rule_new (&spec, NULL);
  g_autoptr (OrfAlertRule) plain = make ("gpu.memory.used_percent > 85", NAN, 0);
  g_autoptr (OrfAlertRule) absent = make ("absent(m, 5m)", NAN, 0);
  g_autofree char *text = orf_alert_rule_summarize (told, labels, 91.26);
  g_autofree char *made = orf_alert_rule_summarize (plain, labels, 91.25);
  g_autofree char *bare = orf_alert_rule_summarize (absent, NULL, 1);

  g_assert_cmpstr (text, ==, "gpu0 is 91.3 % full, more than 85 (ml, )");
  g_assert_cmpstr (made, ==, "gpu.memory.used_percent is 91.25 (> 85): device=gpu0");
  g_assert_cmpstr (bare, ==, "absent(m, 5m) holds");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/alerts/rule/value-and-threshold", test_value_and_threshold);
  g_test_add_func ("/alerts/rule/threshold-given", test_threshold_given);
  g_test_add_func ("/alerts/rule/hysteresis", test_hysteresis);
  g_test_add_func ("/alerts/rule/refused", test_refused);
  g_test_add_func ("/alerts/rule/summary", test_summary);
  return g_test_run ();
}
