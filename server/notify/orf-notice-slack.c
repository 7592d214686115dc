/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "notify/orf-notice-slack.h"

#include <string.h>

#include "core/orf-clock.h"
#include "notify/orf-notice-labels.h"
#include "notify/orf-notice-words.h"
#include "orf-encode.h"

/* Slack asks for no more than 20 attachments, and folds a text at some 700 characters. */
#define MAX_ATTACHMENTS 20
#define MAX_TEXT_CHARS  1500
#define MAX_TITLE_CHARS 200

/* &, < and > are the three that Slack's markup is made of. */
static char *
escape (const char *text, guint max_chars, gboolean keep_lines)
{
  g_autofree char *cut = orf_notice_words_cut (text, max_chars, keep_lines);
  GString *out = g_string_new (NULL);

  for (const char *at = cut; *at != '\0'; at++)
    switch (*at) {
    case '&':
      g_string_append (out, "&amp;");
      break;
    case '<':
      g_string_append (out, "&lt;");
      break;
    case '>':
      g_string_append (out, "&gt;");
      break;
    default:
      g_string_append_c (out, *at);
    }
  return g_string_free (out, FALSE);
}

static void
add_text (GString *json, const char *name, const char *text, guint max_chars)
{
  g_autofree char *escaped = escape (text, max_chars, TRUE);

  orf_encode_member (json, name);
  orf_encode_string (json, escaped, -1);
}

static const char *
get_color (const OrfAlertTold *told)
{
  if (told->event == ORF_ALERT_NOTICE_EVENT_RESOLVED)
    return "good";
  switch (told->severity) {
  case ORF_SEVERITY_CRITICAL:
    return "danger";
  case ORF_SEVERITY_WARNING:
    return "warning";
  default:
    return "#439fe0";
  }
}

/* What the title says already is left out. */
static char *
make_rest (const OrfAlertTold *told)
{
  g_autofree char *all = orf_notice_words_make_text (told);
  const char *end = strchr (all, '\n');

  return g_strchomp (g_strdup (
    end != NULL && g_str_has_prefix (all, told->summary) ? all + strlen (told->summary) + 1 : all));
}

static void
add_attachment (GString *json, const OrfAlertTold *told, const char *link)
{
  g_autofree char *rest = make_rest (told);

  orf_encode_comma (json);
  g_string_append_c (json, '{');
  orf_encode_member (json, "color");
  orf_encode_string (json, get_color (told), -1);
  add_text (json, "fallback", told->summary, MAX_TITLE_CHARS);
  add_text (json, "title", told->summary, MAX_TITLE_CHARS);
  if (link != NULL) {
    orf_encode_member (json, "title_link");
    orf_encode_string (json, link, -1);
  }
  add_text (json, "text", rest, MAX_TEXT_CHARS);
  add_text (json, "footer", told->id, MAX_TITLE_CHARS);
  orf_encode_member (json, "ts");
  orf_encode_integer (json,
                      (told->has_resolved_us ? told->resolved_us : told->fired_us) / ORF_US_PER_S);
  g_string_append_c (json, '}');
}

GString *
orf_notice_slack_format (const OrfAlertTelling *telling, const char *external_url)
{
  GString *json = g_string_new ("{");
  guint n = MIN (telling->alerts->len, MAX_ATTACHMENTS);
  gint64 n_more = telling->left_out + telling->alerts->len - n;
  g_autofree char *subject = orf_notice_words_make_subject (telling);
  g_autofree char *more = n_more > 0 ? g_strdup_printf (" (and %" G_GINT64_FORMAT " more)", n_more)
                                     : NULL;
  g_autofree char *text = g_strconcat (subject, more, NULL);
  g_autofree char *link = orf_notice_labels_make_link (external_url);

  add_text (json, "text", text, MAX_TEXT_CHARS);
  orf_encode_member (json, "attachments");
  g_string_append_c (json, '[');
  for (guint i = 0; i < n; i++)
    add_attachment (json, telling->alerts->pdata[i], link);
  g_string_append (json, "]}");
  return json;
}
