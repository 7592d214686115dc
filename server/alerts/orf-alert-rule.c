/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "alerts/orf-alert-rule.h"

#include <math.h>
#include <string.h>

#include "core/orf-format.h"
#include "metrics/orf-expr-parse.h"
#include "metrics/orf-series-name.h"
#include "orf-error.h"

struct _OrfAlertRule {
  OrfAlertRuleSpec spec; /* its texts are the rule's own */
  OrfExpr *expr;
  const OrfExpr *value; /* in expr: it, or the side that is compared */
  OrfExpr *number;      /* in expr: what value is compared with; NULL: nothing is */
  OrfExprOperator op;   /* value op number */
};

void
orf_alert_rule_free (OrfAlertRule *self)
{
  if (self == NULL)
    return;
  g_free ((char *) self->spec.name);
  g_free ((char *) self->spec.expr);
  g_strfreev ((char **) self->spec.labels);
  g_free ((char *) self->spec.summary);
  g_free ((char *) self->spec.runbook);
  orf_expr_free (self->expr);
  g_free (self);
}

/* ---- what is compared with what -------------------------------------------------------------- */

/* a op b, said of b. */
static OrfExprOperator
mirror (OrfExprOperator op)
{
  switch ((int) op) {
  case ORF_EXPR_GREATER:
    return ORF_EXPR_LESS;
  case ORF_EXPR_GREATER_OR_EQUAL:
    return ORF_EXPR_LESS_OR_EQUAL;
  case ORF_EXPR_LESS:
    return ORF_EXPR_GREATER;
  case ORF_EXPR_LESS_OR_EQUAL:
    return ORF_EXPR_GREATER_OR_EQUAL;
  default:
    return op;
  }
}

static gboolean
is_comparison (const OrfExpr *expr)
{
  return expr->kind == ORF_EXPR_BINARY && expr->op >= ORF_EXPR_GREATER_OR_EQUAL &&
         expr->op <= ORF_EXPR_LESS;
}

/* -5 is written as the negative of 5. */
static void
fold_negative (OrfExpr *expr)
{
  if (expr->kind != ORF_EXPR_NEGATE || expr->left->kind != ORF_EXPR_NUMBER)
    return;
  expr->kind = ORF_EXPR_NUMBER;
  expr->number = -expr->left->number;
  g_clear_pointer (&expr->left, orf_expr_free);
}

static void
find_number (OrfAlertRule *self)
{
  OrfExpr *expr = self->expr;

  self->value = expr;
  if (!is_comparison (expr))
    return;
  fold_negative (expr->left);
  fold_negative (expr->right);
  if (expr->right->kind == ORF_EXPR_NUMBER) {
    self->value = expr->left;
    self->number = expr->right;
    self->op = expr->op;
  } else if (expr->left->kind == ORF_EXPR_NUMBER) {
    self->value = expr->right;
    self->number = expr->left;
    self->op = mirror (expr->op);
  }
}

static gboolean
refuse (GError **error, const char *field, const char *text)
{
  g_propagate_error (error,
                     orf_error_new_field (ORF_ERROR_INVALID_ARGUMENT, field, NULL, "%s", text));
  return FALSE;
}

static gboolean
check_numbers (const OrfAlertRule *self, const OrfAlertRuleSpec *spec, GError **error)
{
  gboolean is_ordered = self->number != NULL && self->op != ORF_EXPR_EQUAL &&
                        self->op != ORF_EXPR_NOT_EQUAL;

  if (!isnan (spec->threshold) && self->number == NULL)
    return refuse (error, "threshold", "the expression compares no value with a number");
  if (!(spec->hysteresis >= 0) || isinf (spec->hysteresis))
    return refuse (error, "hysteresis", "not a number of 0 or more");
  if (spec->hysteresis > 0 && !is_ordered)
    return refuse (error, "hysteresis",
                   "the expression does not say that a value is above or below a number");
  return TRUE;
}

/* ---- summaries ------------------------------------------------------------------------------- */

/* The {NAME} that begins here, without braces; NULL: none does. */
static char *
dup_placeholder (const char *text)
{
  const char *end = *text == '{' ? strchr (text, '}') : NULL;

  return end != NULL ? g_strndup (text + 1, (gsize) (end - text - 1)) : NULL;
}

static gboolean
check_summary (const char *summary, GError **error)
{
  for (const char *p = summary; p != NULL && (p = strchr (p, '{')) != NULL; p++) {
    g_autofree char *name = dup_placeholder (p);

    if (name == NULL || *name == '\0')
      return refuse (error, "summary", "a { that no name and } follow");
  }
  return TRUE;
}

static void
append_value (
  GString *text, const OrfAlertRule *self, char *const *labels, double value, const char *name)
{
  const char *label;

  if (g_str_equal (name, "value")) {
    g_autofree char *number = orf_format_number (value);

    g_string_append (text, number);
    return;
  }
  if (g_str_equal (name, "threshold") && self->number != NULL) {
    g_string_append_printf (text, "%.6g", self->number->number);
    return;
  }
  label = orf_series_name_get_label (labels, name);
  if (label == NULL)
    label = orf_series_name_get_label ((char *const *) self->spec.labels, name);
  g_string_append (text, label != NULL ? label : "");
}

static char *
summarize_plainly (const OrfAlertRule *self, char *const *labels, double value)
{
  g_autofree char *of = orf_expr_print (self->value);
  GString *text = g_string_new (of);

  if (self->number == NULL)
    g_string_append (text, " holds");
  else
    g_string_append_printf (text, " is %.6g (%s %.6g)", value,
                            orf_expr_get_operator_text (self->op), self->number->number);
  for (guint i = 0; labels != NULL && labels[i] != NULL; i += 2)
    g_string_append_printf (text, "%s%s=%s", i == 0 ? ": " : ", ", labels[i], labels[i + 1]);
  return g_string_free (text, FALSE);
}

char *
orf_alert_rule_summarize (const OrfAlertRule *self, char *const *labels, double value)
{
  const char *p = self->spec.summary;
  GString *text;

  if (p == NULL)
    return summarize_plainly (self, labels, value);
  text = g_string_new (NULL);
  while (*p != '\0') {
    g_autofree char *name = dup_placeholder (p);

    if (name == NULL) {
      g_string_append_c (text, *p++);
      continue;
    }
    append_value (text, self, labels, value, name);
    p += strlen (name) + 2;
  }
  return g_string_free (text, FALSE);
}

char *
orf_alert_rule_describe (const OrfAlertRule *self, double value)
{
  OrfAlertCondition condition = orf_alert_rule_judge (self, value);
  double margin = condition == ORF_ALERT_FALSE ? self->spec.hysteresis : 0;
  gboolean above = self->op == ORF_EXPR_GREATER || self->op == ORF_EXPR_GREATER_OR_EQUAL;

  if (condition == ORF_ALERT_UNKNOWN)
    return g_strdup ("nothing is known of it");
  if (self->number == NULL)
    return g_strdup (condition == ORF_ALERT_TRUE ? "it holds" : "it does not hold");
  return g_strdup_printf ("%.6g %s%s %.6g", value, condition == ORF_ALERT_TRUE ? "" : "is not ",
                          orf_expr_get_operator_text (self->op),
                          self->number->number - (above ? margin : -margin));
}

/* ---- the rule -------------------------------------------------------------------------------- */

OrfAlertRule *
orf_alert_rule_new (const OrfAlertRuleSpec *spec, GError **error)
{
  g_autoptr (OrfAlertRule) self = g_new0 (OrfAlertRule, 1);

  self->expr = orf_expr_parse (spec->expr, error);
  if (self->expr == NULL)
    return NULL;
  find_number (self);
  if (!check_numbers (self, spec, error) || !check_summary (spec->summary, error))
    return NULL;
  /* a threshold for no number was refused above */
  if (self->number != NULL && !isnan (spec->threshold))
    self->number->number = spec->threshold;
  self->spec = *spec;
  self->spec.name = g_strdup (spec->name);
  self->spec.expr = orf_expr_print (self->expr);
  self->spec.labels = (const char *const *) g_strdupv ((char **) spec->labels);
  self->spec.summary = g_strdup (spec->summary);
  self->spec.runbook = g_strdup (spec->runbook);
  return g_steal_pointer (&self);
}

const OrfAlertRuleSpec *
orf_alert_rule_get_spec (const OrfAlertRule *self)
{
  return &self->spec;
}

const OrfExpr *
orf_alert_rule_get_value (const OrfAlertRule *self)
{
  return self->value;
}

OrfExprTowards
orf_alert_rule_get_towards (const OrfAlertRule *self)
{
  if (self->number == NULL) /* true is 1 */
    return ORF_EXPR_TOWARDS_HIGH;
  switch ((int) self->op) {
  case ORF_EXPR_GREATER:
  case ORF_EXPR_GREATER_OR_EQUAL:
    return ORF_EXPR_TOWARDS_HIGH;
  case ORF_EXPR_LESS:
  case ORF_EXPR_LESS_OR_EQUAL:
    return ORF_EXPR_TOWARDS_LOW;
  default:
    return ORF_EXPR_TOWARDS_LAST;
  }
}

double
orf_alert_rule_get_threshold (const OrfAlertRule *self)
{
  return self->number != NULL ? self->number->number : NAN;
}

static gboolean
holds (const OrfAlertRule *self, double value, double margin)
{
  double number = self->number->number;

  switch ((int) self->op) {
  case ORF_EXPR_GREATER:
    return value > number - margin;
  case ORF_EXPR_GREATER_OR_EQUAL:
    return value >= number - margin;
  case ORF_EXPR_LESS:
    return value < number + margin;
  case ORF_EXPR_LESS_OR_EQUAL:
    return value <= number + margin;
  case ORF_EXPR_EQUAL:
    return value == number;
  default:
    return value != number;
  }
}

OrfAlertCondition
orf_alert_rule_judge (const OrfAlertRule *self, double value)
{
  if (isnan (value))
    return ORF_ALERT_UNKNOWN;
  if (self->number == NULL)
    return value != 0 ? ORF_ALERT_TRUE : ORF_ALERT_FALSE;
  if (holds (self, value, 0))
    return ORF_ALERT_TRUE;
  return holds (self, value, self->spec.hysteresis) ? ORF_ALERT_HELD : ORF_ALERT_FALSE;
}
