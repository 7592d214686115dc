/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "notify/orf-notice-words.h"

#include <math.h>
#include <string.h>

#include "core/orf-clock.h"
#include "metrics/orf-series-name.h"

/* A subject is read at a glance. */
#define MAX_SUBJECT_CHARS 150

char *
orf_notice_words_format_number (double value)
{
  char text[G_ASCII_DTOSTR_BUF_SIZE];

  if (isnan (value))
    return g_strdup ("unknown");
  return g_strdup (g_ascii_formatd (text, sizeof text, "%.6g", value));
}

char *
orf_notice_words_format_time (gint64 t_us)
{
  g_autoptr (GDateTime) time = g_date_time_new_from_unix_utc (t_us / ORF_US_PER_S);
  g_autofree char *seconds = time != NULL ? g_date_time_format (time, "%Y-%m-%dT%H:%M:%S")
                                          : g_strdup ("9999-12-31T23:59:59");

  return g_strdup_printf ("%s.%03dZ", seconds, (int) (t_us % ORF_US_PER_S / ORF_US_PER_MS));
}

char *
orf_notice_words_cut (const char *text, guint max_chars, gboolean keep_lines)
{
  g_autofree char *valid = g_utf8_make_valid (text != NULL ? text : "", -1);
  GString *cut = g_string_new (NULL);
  guint n = 0;

  for (const char *at = valid; *at != '\0'; at = g_utf8_next_char (at)) {
    gunichar c = g_utf8_get_char (at);

    if (n++ == max_chars) {
      g_string_append (cut, "…");
      break;
    }
    g_string_append_unichar (cut, g_unichar_iscntrl (c) && !(keep_lines && c == '\n') ? ' ' : c);
  }
  return g_string_free (cut, FALSE);
}

/* ---- subject --------------------------------------------------------------------------------- */

static guint
count_firing (const OrfAlertTelling *telling)
{
  guint n = 0;

  for (guint i = 0; i < telling->alerts->len; i++)
    n += ((OrfAlertTold *) telling->alerts->pdata[i])->event != ORF_ALERT_NOTICE_EVENT_RESOLVED;
  return n;
}

/* The group's labels; of a lone alert its summary. */
static char *
describe (const OrfAlertTelling *telling)
{
  const char *rule = orf_series_name_get_label (telling->group, "rule");

  if (telling->is_summary)
    return g_strdup ("alerts of many kinds");
  if (telling->alerts->len == 1)
    return g_strdup (((OrfAlertTold *) telling->alerts->pdata[0])->summary);
  if (rule != NULL && g_strv_length (telling->group) == 2)
    return g_strdup (rule);
  return telling->group != NULL && telling->group[0] != NULL
           ? orf_series_name_to_text ("alerts", telling->group)
           : g_strdup ("alerts");
}

char *
orf_notice_words_make_subject (const OrfAlertTelling *telling)
{
  guint n_firing = count_firing (telling);
  g_autofree char *what = describe (telling);
  g_autofree char *all = NULL;

  if (n_firing > 0)
    all = g_strdup_printf ("[FIRING:%u] %s", n_firing, what);
  else
    all = g_strdup_printf ("[RESOLVED] %s", what);
  return orf_notice_words_cut (all, MAX_SUBJECT_CHARS, FALSE);
}

/* ---- text ------------------------------------------------------------------------------------ */

static void
add_line (GString *text, const char *name, const char *value)
{
  if (value != NULL && value[0] != '\0')
    g_string_append_printf (text, "%s: %s\n", name, value);
}

static const char *
get_word (const OrfAlertTold *told)
{
  switch (told->event) {
  case ORF_ALERT_NOTICE_EVENT_RESOLVED:
    return "resolved";
  case ORF_ALERT_NOTICE_EVENT_REPEAT:
    return "still firing";
  default:
    return "firing";
  }
}

char *
orf_notice_words_make_text (const OrfAlertTold *told)
{
  GString *text = g_string_new (NULL);
  g_autofree char *labels = orf_series_name_to_text ("", told->labels);
  g_autofree char *value = orf_notice_words_format_number (told->value);
  g_autofree char *threshold = isnan (told->threshold)
                                 ? NULL
                                 : orf_notice_words_format_number (told->threshold);
  g_autofree char *since = orf_notice_words_format_time (told->fired_us);
  g_autofree char *until = told->has_resolved_us ? orf_notice_words_format_time (told->resolved_us)
                                                 : NULL;

  g_string_append_printf (text, "%s\n", told->summary);
  g_string_append_printf (text, "%s: %s (%s)\n", told->rule, get_word (told),
                          orf_severity_to_string (told->severity));
  add_line (text, "labels", labels);
  add_line (text, "value", value);
  add_line (text, "threshold", threshold);
  add_line (text, "fired", since);
  add_line (text, "ended", until);
  add_line (text, "help", told->help);
  add_line (text, "runbook", told->runbook);
  add_line (text, "alert", told->alert);
  return g_string_free (text, FALSE);
}

/* ---- fields ---------------------------------------------------------------------------------- */

char **
orf_notice_words_make_fields (const OrfAlertTold *told)
{
  GPtrArray *fields = g_ptr_array_new ();
  g_autofree char *labels = orf_series_name_labels_to_json (told->labels);
  g_autofree char *value = orf_notice_words_format_number (told->value);
  g_autofree char *threshold = orf_notice_words_format_number (told->threshold);
  g_autofree char *since = orf_notice_words_format_time (told->fired_us);
  const char *const pairs[] = {
    "ORFEAS_NOTIFICATION", told->id,
    "ORFEAS_ALERT",        told->alert,
    "ORFEAS_EVENT",        orf_alert_notice_event_to_string (told->event),
    "ORFEAS_RULE",         told->rule,
    "ORFEAS_SEVERITY",     orf_severity_to_string (told->severity),
    "ORFEAS_SUMMARY",      told->summary,
    "ORFEAS_LABELS",       labels,
    "ORFEAS_VALUE",        value,
    "ORFEAS_THRESHOLD",    threshold,
    "ORFEAS_FIRED",        since,
    "ORFEAS_HELP",         told->help,
    "ORFEAS_RUNBOOK",      told->runbook,
  };

  for (guint i = 0; i < G_N_ELEMENTS (pairs); i += 2)
    if (pairs[i + 1] != NULL) {
      g_ptr_array_add (fields, g_strdup (pairs[i]));
      g_ptr_array_add (fields, g_strdup (pairs[i + 1]));
    }
  g_ptr_array_add (fields, NULL);
  return (char **) g_ptr_array_free (fields, FALSE);
}
