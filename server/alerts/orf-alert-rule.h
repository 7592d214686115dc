/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "alerts/orf-alert-lifecycle.h"
#include "metrics/orf-expr-minutes.h"

G_BEGIN_DECLS

/*
 * When to tell whom of what: an expression that is compared with a threshold, and how long, how
 * often and how loud.  Made once from what was written, then only read.
 */
typedef struct {
  const char *name;
  const char *expr;  /* a condition; what it compares with a number is the alert's value */
  double threshold;  /* in place of the number in expr; NAN: that one */
  double hysteresis; /* a firing alert ends only so far beyond the threshold; >= 0 */
  OrfSeverity severity;
  OrfAlertTiming timing;
  const char *const *labels; /* key, value, …, NULL: added to those of the series; may be NULL */
  const char *summary;       /* with {value}, {threshold} and {LABEL}; NULL: made of expr */
  const char *runbook;       /* a link; may be NULL */
} OrfAlertRuleSpec;

typedef struct _OrfAlertRule OrfAlertRule;

/* INVALID_ARGUMENT with the field: expr, threshold, hysteresis, summary. */
OrfAlertRule *orf_alert_rule_new (const OrfAlertRuleSpec *spec, GError **error);
void orf_alert_rule_free (OrfAlertRule *self);

/* As written, borrowed from the rule; expr is canonical and has the threshold in it. */
const OrfAlertRuleSpec *orf_alert_rule_get_spec (const OrfAlertRule *self);

/* What is to be evaluated: each of its lines has an alert's labels and value. */
const OrfExpr *orf_alert_rule_get_value (const OrfAlertRule *self);
/* Which of its values make it fire. */
OrfExprTowards orf_alert_rule_get_towards (const OrfAlertRule *self);
/* NAN: it compares no value with a number. */
double orf_alert_rule_get_threshold (const OrfAlertRule *self);

/* Of a line's value; NAN is not known. */
OrfAlertCondition orf_alert_rule_judge (const OrfAlertRule *self, double value);

/* The value against what it is compared with: "91.5 > 85", "80 is not > 83"; or that it holds. */
char *orf_alert_rule_describe (const OrfAlertRule *self, double value);
/* One sentence; labels: key, value, …, NULL, of the line. */
char *orf_alert_rule_summarize (const OrfAlertRule *self, char *const *labels, double value);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfAlertRule, orf_alert_rule_free)

G_END_DECLS
