/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Any bytes as an alert: a line that is its rule's condition, another its summary, the rest its
 * life: values of any kind at any time, clocks set back, restarts.  A rule is refused with its
 * field, or is the same when written again; a life has only steps that follow each other, and is
 * the same when the file gives it back.  And any text as what the file has of a life.
 */
#include "alerts/orf-alert-rule.h"
#include "core/orf-clock.h"
#include "orf-error.h"

#include "fuzz-take.h"

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

#define START_US  (1700000000 * ORF_US_PER_S)
#define MAX_STEPS 1000

static char *const labels[] = { (char *) "device", (char *) "gpu-0", NULL };

/* ---- a life ---------------------------------------------------------------------------------- */

/* What may come of each phase. */
static gboolean
may_follow (OrfAlertPhase before, OrfAlertPhase after)
{
  switch (after) {
  case ORF_ALERT_INACTIVE:
    return before == ORF_ALERT_INACTIVE || before == ORF_ALERT_PENDING;
  case ORF_ALERT_RESOLVED:
    return before != ORF_ALERT_INACTIVE;
  case ORF_ALERT_PENDING:
    return before != ORF_ALERT_FIRING;
  default:
    return TRUE;
  }
}

static void
check_text (const OrfAlertLife *life)
{
  g_autofree char *text = orf_alert_life_to_text (life), *again = NULL;
  OrfAlertLife read = { 0 };

  if (!orf_alert_life_from_text (&read, text))
    g_error ("what was written is not taken: %s", text);
  again = orf_alert_life_to_text (&read);
  if (!g_str_equal (text, again))
    g_error ("%s became %s", text, again);
}

static void
read_life (const char *text)
{
  OrfAlertLife life = { 0 };

  if (orf_alert_life_from_text (&life, text))
    check_text (&life);
}

static void
step (OrfAlertLife *life, const OrfAlertTiming *timing, OrfAlertCondition condition, gint64 now_us)
{
  OrfAlertPhase before = life->phase;
  OrfAlertChange change = orf_alert_life_step (life, timing, condition, now_us);

  if (!may_follow (before, life->phase))
    g_error ("phase %d after %d", life->phase, before);
  if ((change == ORF_ALERT_CHANGE_FIRING && life->phase != ORF_ALERT_FIRING) ||
      (change == ORF_ALERT_CHANGE_RESOLVED && life->phase == ORF_ALERT_FIRING))
    g_error ("change %d to phase %d", change, life->phase);
  orf_alert_life_get_due_us (life, timing);
}

static void
live (const OrfAlertRule *rule, FuzzInput *input)
{
  const OrfAlertTiming *timing = &orf_alert_rule_get_spec (rule)->timing;
  OrfAlertLife life = { 0 };
  gint64 now_us = START_US;

  for (guint i = 0; i < MAX_STEPS && input->size > 0; i++) {
    guint8 op = fuzz_take_byte (input);

    if (op < 200) {
      now_us += (gint64) (op % 32) * op * ORF_US_PER_S / 8;
      step (&life, timing, orf_alert_rule_judge (rule, fuzz_take_value (input)), now_us);
    } else if (op < 225) {
      gint64 back_us = (op - 199) * 100 * ORF_US_PER_S;

      now_us -= back_us;
      orf_alert_life_turn_back (&life, back_us);
    } else {
      check_text (&life);
    }
  }
  check_text (&life);
}

/* ---- a rule ---------------------------------------------------------------------------------- */

static void
check_words (const OrfAlertRule *rule, double value)
{
  g_autofree char *described = orf_alert_rule_describe (rule, value);
  g_autofree char *summary = orf_alert_rule_summarize (rule, labels, value);

  if (!g_utf8_validate (described, -1, NULL) || !g_utf8_validate (summary, -1, NULL))
    g_error ("words that are none");
}

static void
check_again (const OrfAlertRule *rule)
{
  const OrfAlertRuleSpec *spec = orf_alert_rule_get_spec (rule);
  OrfAlertRuleSpec as_written = *spec;
  g_autoptr (GError) error = NULL;
  g_autoptr (OrfAlertRule) again = NULL;

  as_written.threshold = NAN; /* it stands in expr */
  again = orf_alert_rule_new (&as_written, &error);
  if (again == NULL)
    g_error ("%s: %s", spec->expr, error->message);
  if (!g_str_equal (orf_alert_rule_get_spec (again)->expr, spec->expr) ||
      orf_alert_rule_get_towards (again) != orf_alert_rule_get_towards (rule))
    g_error ("%s became %s", spec->expr, orf_alert_rule_get_spec (again)->expr);
}

/* As settings and calls may have one. */
static double
take_finite (FuzzInput *input)
{
  double value = fuzz_take_value (input);

  return isfinite (value) ? value : 0;
}

static OrfAlertRule *
make_rule (const char *expr, const char *summary, FuzzInput *input)
{
  static const char *const more[] = { "team", "ml", NULL };
  guint8 what = fuzz_take_byte (input);
  const OrfAlertRuleSpec spec = {
    .name = "fuzz",
    .expr = expr,
    .threshold = what & 1 ? take_finite (input) : NAN,
    .hysteresis = what & 2 ? fabs (take_finite (input)) : 0,
    .severity = ORF_SEVERITY_WARNING,
    .timing = { fuzz_take_byte (input) * ORF_US_PER_S, fuzz_take_byte (input) * ORF_US_PER_S,
                fuzz_take_byte (input) * ORF_US_PER_S },
    .labels = what & 4 ? more : NULL,
    .summary = what & 8 ? summary : NULL,
  };
  g_autoptr (GError) error = NULL;
  OrfAlertRule *rule = orf_alert_rule_new (&spec, &error);

  if (rule == NULL && orf_error_get_field (error) == NULL)
    g_error ("refused without its field: %s", error->message);
  return rule;
}

/* Up to the end of its line. */
static char *
take_line (FuzzInput *input)
{
  const uint8_t *end = input->size > 0 ? memchr (input->data, '\n', input->size) : NULL;
  gsize length = end != NULL ? (gsize) (end - input->data) : input->size;
  char *line = g_strndup ((const char *) input->data, length);

  length += end != NULL;
  input->data += length;
  input->size -= length;
  return line;
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  FuzzInput input = { data, size };
  g_autofree char *text = g_strndup ((const char *) data, size);
  g_autofree char *expr = take_line (&input), *summary = take_line (&input);
  g_autoptr (OrfAlertRule) rule = NULL;

  read_life (text);
  if (!g_utf8_validate (expr, -1, NULL) || !g_utf8_validate (summary, -1, NULL))
    return 0; /* the codec lets no other in */
  rule = make_rule (expr, summary, &input);
  if (rule == NULL)
    return 0;
  check_again (rule);
  check_words (rule, fuzz_take_value (&input));
  live (rule, &input);
  return 0;
}
