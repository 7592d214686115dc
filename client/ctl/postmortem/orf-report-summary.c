/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What happened in some sentences, each with a way to what it rests on, and who is to blame. */
#include "orf-report-cell.h"

static const OrfReportSection *
find_section (const char *name)
{
  for (const OrfReportSection *one = orf_report_sections; one->name != NULL; one++)
    if (g_strcmp0 (one->name, name) == 0)
      return one;
  return NULL;
}

static void
add_sentence (OrfReport *report, json_t *sentence)
{
  const char *text = orf_value_get_text (sentence, "text");
  const OrfReportSection *section = find_section (orf_value_get_text (sentence, "section"));
  g_autofree char *href = section != NULL ? g_strconcat ("#", section->name, NULL) : NULL;

  orf_html_open (report->html, "li", NULL);
  orf_html_add (report->html, "span", text != NULL ? text : "", NULL);
  if (section != NULL) {
    orf_html_add_text (report->html, " ");
    orf_html_add (report->html, "a", section->title, "href", href, NULL);
  }
  orf_html_close (report->html);
}

static void
add_reasons (OrfReport *report, json_t *reasons)
{
  orf_html_open (report->html, "ul", NULL);
  for (gsize i = 0; i < json_array_size (reasons); i++) {
    const char *text = json_string_value (json_array_get (reasons, i));

    if (text != NULL)
      orf_html_add (report->html, "li", text, NULL);
  }
  orf_html_close (report->html);
}

gboolean
orf_report_draw_summary (OrfReport *report, json_t *section)
{
  if (json_array_size (section) == 0)
    return FALSE;
  orf_html_open (report->html, "ol", "class", "sentences", NULL);
  for (gsize i = 0; i < json_array_size (section); i++)
    add_sentence (report, json_array_get (section, i));
  orf_html_close (report->html);
  return TRUE;
}

gboolean
orf_report_draw_culprit (OrfReport *report, json_t *section)
{
  OrfHtml *html = report->html;
  const char *kind = orf_value_get_text (section, "kind");
  const char *name = orf_value_get_text (section, "name");
  const char *confidence = orf_value_get_text (section, "confidence");
  gint64 since_us;

  if (name == NULL)
    return FALSE;
  orf_html_open (html, "p", NULL);
  if (kind != NULL)
    orf_html_add (html, "span", kind, NULL);
  orf_html_add_text (html, " ");
  orf_html_add (html, "code", name, NULL);
  if (orf_value_get_integer (section, "since_us", &since_us)) {
    orf_html_add_text (html, ", since ");
    orf_report_add_time (report, since_us);
  }
  if (confidence != NULL) {
    orf_html_add_text (html, "; confidence ");
    orf_html_add (html, "b", confidence, NULL);
  }
  orf_html_close (html);
  add_reasons (report, orf_value_get_array (section, "because"));
  return TRUE;
}
