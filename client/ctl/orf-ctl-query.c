/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "orf-ctl-query.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "orf-error.h"

#include "orf-ctl-params.h"

/* How many points an expression gets over a span without a step: what a line of blocks shows. */
#define N_STEPS 60
/* What is shown of an expression around the place of an error: a line of a terminal. */
#define SHOWN_BEFORE 56
#define SHOWN_AFTER  20

#define MINUTE_US (60 * (gint64) G_USEC_PER_SEC)
#define HOUR_US   (60 * MINUTE_US)
#define DAY_US    (24 * HOUR_US)

static gboolean
refuse (GError **error, const char *message)
{
  g_set_error_literal (error, ORF_ERROR, ORF_ERROR_INVALID_ARGUMENT, message);
  return FALSE;
}

/* The shortest that people would choose, with no more than N_STEPS in the span. */
static gint64
choose_step_us (gint64 span_us)
{
  static const gint64 steps_us[] = { 1000,
                                     10000,
                                     100000,
                                     G_USEC_PER_SEC,
                                     5 * G_USEC_PER_SEC,
                                     10 * G_USEC_PER_SEC,
                                     30 * G_USEC_PER_SEC,
                                     MINUTE_US,
                                     5 * MINUTE_US,
                                     10 * MINUTE_US,
                                     30 * MINUTE_US,
                                     HOUR_US,
                                     3 * HOUR_US,
                                     12 * HOUR_US,
                                     DAY_US,
                                     7 * DAY_US,
                                     30 * DAY_US,
                                     365 * DAY_US };
  guint i = 0;

  while (i + 1 < G_N_ELEMENTS (steps_us) && steps_us[i] * N_STEPS < span_us)
    i++;
  return steps_us[i];
}

static gboolean
set_series (const OrfCtl *ctl, json_t *params, GError **error)
{
  const char *select = orf_ctl_get_argument (ctl, 0);
  const char *expr = orf_ctl_options_get (orf_ctl_get_options (ctl), "expr");

  if ((select != NULL) == (expr != NULL))
    return refuse (error, select != NULL ? "SELECT and --expr both say which series: give one of "
                                           "them"
                                         : "give SELECT or --expr");
  if (json_object_set_new (params, select != NULL ? "select" : "expr",
                           json_string (select != NULL ? select : expr)) != 0)
    return refuse (error, select != NULL ? "SELECT is not UTF-8" : "--expr is not UTF-8");
  return TRUE;
}

static void
set_by (const OrfCtl *ctl, json_t *params)
{
  const char *by = orf_ctl_options_get (orf_ctl_get_options (ctl), "by");
  g_auto (GStrv) labels = by != NULL ? g_strsplit (by, ",", -1) : NULL;
  json_t *list;

  if (by == NULL)
    return;
  list = json_array ();
  for (char **label = labels; *label != NULL; label++)
    json_array_append_new (list, json_string (*label));
  json_object_set_new (params, "by", list);
}

json_t *
orf_ctl_query_new_params (const OrfCtl *ctl, GError **error)
{
  g_autoptr (json_t) params = json_object ();
  gint64 span_us = -1;
  gint64 step_us = -1;

  if (!set_series (ctl, params, error) || !orf_ctl_params_add_span (ctl, params, &span_us, error) ||
      !orf_ctl_params_get_duration (ctl, "step", &step_us, error))
    return NULL;
  if (step_us < 0 && span_us > 0 && json_object_get (params, "expr") != NULL)
    step_us = choose_step_us (span_us);
  orf_ctl_params_set_time (params, "step_us", step_us);
  orf_ctl_params_add_text (ctl, params, "aggregate");
  set_by (ctl, params);
  return g_steal_pointer (&params);
}

/* ---- where an expression is wrong ------------------------------------------------------------ */

/* FALSE: the message names none, in bytes of expr. */
static gboolean
find_position (const char *message, const char *expr, gsize *position)
{
  static const char mark[] = " at position ";
  const char *at = strstr (message, mark);
  gsize length = strlen (expr);

  if (at == NULL)
    return FALSE;
  *position = (gsize) g_ascii_strtoull (at + strlen (mark), NULL, 10);
  return *position <= length;
}

/* As much of expr as fits a line, and a caret below the place. */
static void
show_position (const char *expr, gsize position)
{
  const char *place = expr + position;
  const char *from = position > SHOWN_BEFORE ? place - SHOWN_BEFORE : expr;
  const char *end = expr + strlen (expr);
  const char *to = end - place > SHOWN_AFTER ? place + SHOWN_AFTER : end;
  g_autofree char *before = NULL;
  g_autofree char *clean_before = NULL;
  g_autofree char *after = NULL;
  g_autofree char *clean_after = NULL;
  OrfCtlTerminal terminal;

  /* not in the middle of a character */
  while (from < place && ((guchar) *from & 0xc0) == 0x80)
    from++;
  while (to < end && ((guchar) *to & 0xc0) == 0x80)
    to++;
  orf_ctl_terminal_probe (&terminal, STDERR_FILENO);
  before = g_strndup (from, (gsize) (place - from));
  after = g_strndup (place, (gsize) (to - place));
  clean_before = orf_ctl_terminal_clean (&terminal, before);
  clean_after = orf_ctl_terminal_clean (&terminal, after);
  fprintf (stderr, "  %s%s\n  %*s^\n", clean_before, clean_after,
           (int) orf_ctl_text_width (clean_before), "");
}

OrfCtlExit
orf_ctl_query_fetch (
  OrfCtl *ctl, OrfMethodId method, json_t *params, gpointer *result, GError **error)
{
  const char *expr = orf_ctl_options_get (orf_ctl_get_options (ctl), "expr");
  g_autoptr (GError) local = NULL;
  OrfCtlExit verdict = orf_ctl_fetch (ctl, method, params, result, &local);
  gsize position;

  if (local == NULL)
    return verdict;
  if (expr != NULL && find_position (local->message, expr, &position))
    show_position (expr, position);
  g_propagate_error (error, g_steal_pointer (&local));
  return verdict;
}
