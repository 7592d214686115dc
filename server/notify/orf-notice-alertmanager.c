/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "notify/orf-notice-alertmanager.h"

#include "notify/orf-notice-labels.h"
#include "notify/orf-notice-words.h"
#include "orf-encode.h"

static void
add_time (GString *json, const char *name, gint64 t_us)
{
  g_autofree char *text = orf_notice_words_format_time (t_us);

  orf_encode_member (json, name);
  orf_encode_string (json, text, -1);
}

static void
add_alert (GString *json, const OrfAlertTold *told, const char *link, gint64 until_us)
{
  g_auto (GStrv) labels = orf_notice_labels_make (told);
  g_auto (GStrv) annotations = orf_notice_labels_make_annotations (told);
  gboolean over = told->event == ORF_ALERT_NOTICE_EVENT_RESOLVED;

  orf_encode_comma (json);
  g_string_append_c (json, '{');
  orf_encode_member (json, "labels");
  orf_notice_labels_append_json (json, labels);
  orf_encode_member (json, "annotations");
  orf_notice_labels_append_json (json, annotations);
  add_time (json, "startsAt", told->fired_us);
  add_time (json, "endsAt", over ? told->resolved_us : until_us);
  if (link != NULL) {
    orf_encode_member (json, "generatorURL");
    orf_encode_string (json, link, -1);
  }
  g_string_append_c (json, '}');
}

GString *
orf_notice_alertmanager_format (const GPtrArray *alerts,
                                const char *external_url,
                                gint64 now_us,
                                gint64 valid_us)
{
  GString *json = g_string_new ("[");
  g_autofree char *link = orf_notice_labels_make_link (external_url);

  for (guint i = 0; i < alerts->len; i++)
    add_alert (json, alerts->pdata[i], link, now_us + valid_us);
  g_string_append_c (json, ']');
  return json;
}
