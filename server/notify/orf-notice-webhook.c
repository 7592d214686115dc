/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "notify/orf-notice-webhook.h"

#include "metrics/orf-series-name.h"
#include "notify/orf-notice-labels.h"
#include "notify/orf-notice-words.h"
#include "orf-encode.h"

/* What Alertmanager writes for a time that is not known: Go's zero time. */
#define NO_TIME "0001-01-01T00:00:00Z"

static void
add_text (GString *json, const char *name, const char *value)
{
  orf_encode_member (json, name);
  orf_encode_string (json, value, -1);
}

static void
add_labels (GString *json, const char *name, char *const *labels)
{
  orf_encode_member (json, name);
  orf_notice_labels_append_json (json, labels);
}

static void
add_time (GString *json, const char *name, gint64 t_us)
{
  g_autofree char *text = orf_notice_words_format_time (t_us);

  add_text (json, name, text);
}

/* Beside Prometheus' own: what this telling is called, however often it comes. */
static char **
make_annotations (const OrfAlertTold *told)
{
  g_auto (GStrv) annotations = orf_notice_labels_make_annotations (told);
  guint n = g_strv_length (annotations), at = 0;
  char **all = g_new0 (char *, n + 3);

  while (at < n && g_strcmp0 (annotations[at], "notification_id") < 0)
    at += 2;
  for (guint i = 0; i < n; i++)
    all[i < at ? i : i + 2] = g_strdup (annotations[i]);
  all[at] = g_strdup ("notification_id");
  all[at + 1] = g_strdup (told->id);
  return all;
}

static void
add_alert (GString *json, const OrfAlertTold *told, const char *link)
{
  gboolean over = told->event == ORF_ALERT_NOTICE_EVENT_RESOLVED;
  g_auto (GStrv) labels = orf_notice_labels_make (told);
  g_auto (GStrv) annotations = make_annotations (told);
  g_autofree char *fingerprint = orf_notice_labels_make_fingerprint (labels);

  orf_encode_comma (json);
  g_string_append_c (json, '{');
  add_text (json, "status", over ? "resolved" : "firing");
  add_labels (json, "labels", labels);
  add_labels (json, "annotations", annotations);
  add_time (json, "startsAt", told->fired_us);
  if (over)
    add_time (json, "endsAt", told->resolved_us);
  else
    add_text (json, "endsAt", NO_TIME);
  add_text (json, "generatorURL", link != NULL ? link : "");
  add_text (json, "fingerprint", fingerprint);
  g_string_append_c (json, '}');
}

/* What all alerts have alike. */
static void
add_common (GString *json,
            const char *name,
            const OrfAlertTelling *telling,
            char **(*make) (const OrfAlertTold *) )
{
  g_auto (GStrv) first = telling->alerts->len > 0 ? make (telling->alerts->pdata[0]) : NULL;
  g_autoptr (GPtrArray) common = g_ptr_array_new ();

  for (guint i = 0; first != NULL && first[i] != NULL; i += 2) {
    gboolean alike = TRUE;

    for (guint j = 1; alike && j < telling->alerts->len; j++) {
      g_auto (GStrv) other = make (telling->alerts->pdata[j]);

      alike = g_strcmp0 (orf_series_name_get_label (other, first[i]), first[i + 1]) == 0;
    }
    if (alike) {
      g_ptr_array_add (common, first[i]);
      g_ptr_array_add (common, first[i + 1]);
    }
  }
  g_ptr_array_add (common, NULL);
  add_labels (json, name, (char *const *) common->pdata);
}

GString *
orf_notice_webhook_format (const OrfAlertTelling *telling, const char *external_url)
{
  GString *json = g_string_new ("{");
  g_auto (GStrv) group = orf_notice_labels_make_group (telling->group);
  g_autofree char *group_text = orf_series_name_to_text ("", group);
  g_autofree char *key = g_strconcat ("{}:", group_text[0] != '\0' ? group_text : "{}", NULL);
  g_autofree char *link = orf_notice_labels_make_link (external_url);

  add_text (json, "version", "4");
  add_text (json, "groupKey", key);
  orf_encode_member (json, "truncatedAlerts");
  orf_encode_integer (json, telling->left_out);
  add_text (json, "status", orf_alert_telling_status_to_string (telling->status));
  add_text (json, "receiver", telling->receiver);
  add_labels (json, "groupLabels", group);
  add_common (json, "commonLabels", telling, orf_notice_labels_make);
  add_common (json, "commonAnnotations", telling, make_annotations);
  add_text (json, "externalURL", external_url);
  orf_encode_member (json, "alerts");
  g_string_append_c (json, '[');
  for (guint i = 0; i < telling->alerts->len; i++)
    add_alert (json, telling->alerts->pdata[i], link);
  g_string_append (json, "]}");
  return json;
}
