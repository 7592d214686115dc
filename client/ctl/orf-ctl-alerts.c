/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "orf-ctl-alerts.h"

#include "orf-ctl-params.h"

/* As a selector has it. */
static void
append_quoted (GString *text, const char *value)
{
  g_string_append_c (text, '"');
  for (const char *p = value; *p != '\0'; p++) {
    if (*p == '"' || *p == '\\')
      g_string_append_c (text, '\\');
    g_string_append_c (text, *p);
  }
  g_string_append_c (text, '"');
}

char *
orf_ctl_alerts_format_labels (char *const *labels)
{
  GString *text;

  if (labels == NULL || labels[0] == NULL)
    return NULL;
  text = g_string_new ("{");
  for (guint i = 0; labels[i] != NULL; i += 2) {
    g_string_append_printf (text, "%s%s=", i > 0 ? "," : "", labels[i]);
    append_quoted (text, labels[i + 1]);
  }
  g_string_append_c (text, '}');
  return g_string_free (text, FALSE);
}

static void
append_hold (GString *text, const char *format, const char *by)
{
  if (by == NULL)
    return;
  if (text->len > 0)
    g_string_append (text, ", ");
  g_string_append_printf (text, format, by);
}

char *
orf_ctl_alerts_describe_holds (const OrfAlertInfo *alert)
{
  const OrfAlertAcknowledgement *seen = alert->acknowledged;
  GString *text = g_string_new (NULL);

  if (seen != NULL) {
    g_string_append_printf (text, "acknowledged%s%s", seen->author != NULL ? " by " : "",
                            seen->author != NULL ? seen->author : "");
    if (seen->verdict != ORF_ALERT_VERDICT_UNSET)
      g_string_append_printf (text, " (%s)", orf_alert_verdict_to_string (seen->verdict));
  }
  append_hold (text, "silenced by %s", alert->silenced_by);
  append_hold (text, "inhibited by %s", alert->inhibited_by);
  if (text->len > 0)
    return g_string_free (text, FALSE);
  g_string_free (text, TRUE);
  return NULL;
}

gboolean
orf_ctl_alerts_add_span (
  const OrfCtl *ctl, json_t *params, const char *option, const char *name, GError **error)
{
  const char *text = orf_ctl_options_get (orf_ctl_get_options (ctl), option);

  if (text == NULL || (!g_str_equal (text, "0") && !g_str_equal (text, "0s")))
    return orf_ctl_params_add_duration (ctl, params, option, name, error);
  json_object_set_new (params, name, json_integer (0));
  return TRUE;
}
