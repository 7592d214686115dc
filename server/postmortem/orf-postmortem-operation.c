/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "postmortem/orf-postmortem-operation.h"

#include <math.h>
#include <string.h>

#include "postmortem/orf-postmortem-facts.h"
#include "store/orf-store-postmortem.h"

/* Fewer spans on either side tell no quantile. */
#define MIN_SPANS 20
/* Half as long again, and a millisecond: less nobody notices. */
#define SLOWER_PERCENT 50.0
#define SLOWER_US      1000.0
/* Points of all spans that fail more. */
#define MORE_ERRORS 5.0

typedef struct {
  gint64 spans, errors;
  OrfSketch *sketch;
} Sum;

static void
add_steps (const GPtrArray *steps, gint64 from_us, gint64 to_us, Sum *sum)
{
  sum->sketch = orf_sketch_new ();
  for (guint i = 0; i < steps->len; i++) {
    const OrfPostmortemStep *step = steps->pdata[i];

    if (step->t_us < from_us || step->t_us >= to_us)
      continue;
    sum->spans += step->spans;
    sum->errors += step->errors;
    orf_sketch_merge (sum->sketch, step->sketch);
  }
}

static double
get_errors_percent (const Sum *sum)
{
  return sum->spans > 0 ? 100.0 * (double) sum->errors / (double) sum->spans : NAN;
}

static void
set_quantiles (const Sum *sum, gint64 *p50_us, gboolean *has_p50, gint64 *p99_us, gboolean *has_p99)
{
  *has_p50 = *has_p99 = orf_sketch_get_count (sum->sketch) > 0;
  if (!*has_p50)
    return;
  *p50_us = (gint64) orf_sketch_quantile (sum->sketch, 0.5);
  *p99_us = (gint64) orf_sketch_quantile (sum->sketch, 0.99);
}

/* NAN: it is not slower so that anybody notices; else by how much. */
static double
get_slower (double us, double before_us)
{
  double percent = 100 * (us / fmax (before_us, 1) - 1);

  return percent >= SLOWER_PERCENT && us - before_us >= SLOWER_US ? percent : NAN;
}

static gboolean
is_step_worse (const OrfPostmortemStep *step, const OrfPostmortemOperation *operation)
{
  const Sum sum = { step->spans, step->errors, step->sketch };

  if (operation->before_count < MIN_SPANS)
    return FALSE;
  return !isnan (
           get_slower (orf_sketch_quantile (sum.sketch, 0.5), (double) operation->before_p50_us)) ||
         !isnan (get_slower (orf_sketch_quantile (sum.sketch, 0.99),
                             (double) operation->before_p99_us)) ||
         get_errors_percent (&sum) - operation->before_errors_percent >= MORE_ERRORS;
}

/* The first step that is worse, where the one behind it is too, or there is none. */
static void
set_from (const GPtrArray *steps,
          const OrfPostmortemWindow *window,
          OrfPostmortemOperation *operation)
{
  gint64 first_us = -1;

  for (guint i = 0; i < steps->len; i++) {
    const OrfPostmortemStep *step = steps->pdata[i];

    if (step->t_us < window->from_us - window->from_us % G_GINT64_CONSTANT (60000000))
      continue;
    if (!is_step_worse (step, operation)) {
      first_us = -1;
      continue;
    }
    if (first_us < 0)
      first_us = MAX (step->t_us, window->from_us);
    else
      break;
  }
  operation->has_from_us = first_us >= 0;
  operation->from_us = first_us;
}

static double
get_change (gint64 us, gint64 before_us)
{
  return 100.0 * ((double) us / (double) MAX (before_us, 1) - 1);
}

static OrfPostmortemOperation *
make_operation (const Sum *before, const Sum *during)
{
  OrfPostmortemOperation *operation = orf_postmortem_operation_new ();

  operation->count = during->spans;
  operation->before_count = before->spans;
  operation->errors_percent = get_errors_percent (during);
  operation->before_errors_percent = get_errors_percent (before);
  set_quantiles (during, &operation->p50_us, &operation->has_p50_us, &operation->p99_us,
                 &operation->has_p99_us);
  set_quantiles (before, &operation->before_p50_us, &operation->has_before_p50_us,
                 &operation->before_p99_us, &operation->has_before_p99_us);
  if (during->spans >= MIN_SPANS && before->spans >= MIN_SPANS)
    operation->slower_percent = fmax (get_change (operation->p50_us, operation->before_p50_us),
                                      get_change (operation->p99_us, operation->before_p99_us));
  return operation;
}

OrfPostmortemOperation *
orf_postmortem_operation_compare (const GPtrArray *steps, const OrfPostmortemWindow *window)
{
  Sum before = { 0 }, during = { 0 };
  OrfPostmortemOperation *operation = NULL;
  /* steps are whole ones: the one in which the window begins is the window's */
  gint64 from_us = window->from_us - window->from_us % G_GINT64_CONSTANT (60000000);

  add_steps (steps, 0, from_us, &before);
  add_steps (steps, from_us, window->to_us, &during);
  if (before.spans + during.spans > 0) {
    operation = make_operation (&before, &during);
    set_from (steps, window, operation);
  }
  orf_sketch_free (before.sketch);
  orf_sketch_free (during.sketch);
  return operation;
}

double
orf_postmortem_operation_get_more_errors (const OrfPostmortemOperation *operation)
{
  double more = operation->errors_percent - operation->before_errors_percent;

  return operation->before_count >= MIN_SPANS && operation->count >= MIN_SPANS && !isnan (more)
           ? more
           : 0;
}

gboolean
orf_postmortem_operation_is_worse (const OrfPostmortemOperation *operation)
{
  return operation->has_from_us && !operation->own;
}

/* "p99 from 120 ms to 2.31 s", of the two quantiles the one that rose more. */
static char *
describe_duration (const OrfPostmortemOperation *operation)
{
  gboolean middle = get_change (operation->p50_us, operation->before_p50_us) >
                    get_change (operation->p99_us, operation->before_p99_us);
  gint64 before_us = middle ? operation->before_p50_us : operation->before_p99_us;
  gint64 during_us = middle ? operation->p50_us : operation->p99_us;
  g_autofree char *before = orf_postmortem_format_value ((double) before_us, "us", FALSE);
  g_autofree char *during = orf_postmortem_format_value ((double) during_us, "us", FALSE);

  return g_strdup_printf ("%s from %s to %s", middle ? "p50" : "p99", before, during);
}

char *
orf_postmortem_operation_describe (const OrfPostmortemOperation *operation)
{
  g_autoptr (GString) text = g_string_new (NULL);
  g_autofree char *duration = describe_duration (operation);

  g_string_append_printf (text, "%s %s: %s", operation->service, operation->operation, duration);
  if (operation->errors_percent > 0 || operation->before_errors_percent > 0)
    g_string_append_printf (text, ", %.3g %% failed (%.3g %% before)", operation->errors_percent,
                            operation->before_errors_percent);
  return g_string_free (g_steal_pointer (&text), FALSE);
}

static double
get_badness (const OrfPostmortemOperation *operation)
{
  double slower = isnan (operation->slower_percent) ? 0 : operation->slower_percent;

  return fmax (slower / SLOWER_PERCENT,
               orf_postmortem_operation_get_more_errors (operation) / MORE_ERRORS);
}

int
orf_postmortem_operation_compare_cb (gconstpointer a, gconstpointer b)
{
  const OrfPostmortemOperation *x = *(OrfPostmortemOperation *const *) a;
  const OrfPostmortemOperation *y = *(OrfPostmortemOperation *const *) b;
  gboolean worse = orf_postmortem_operation_is_worse (x);
  double badness = get_badness (y) - get_badness (x);
  int order;

  if (worse != orf_postmortem_operation_is_worse (y))
    return worse ? -1 : 1;
  if (worse && badness != 0)
    return badness > 0 ? 1 : -1;
  if (x->own != y->own)
    return x->own ? 1 : -1;
  if (x->count != y->count)
    return x->count < y->count ? 1 : -1;
  order = strcmp (x->service, y->service);
  return order != 0 ? order : strcmp (x->operation, y->operation);
}
