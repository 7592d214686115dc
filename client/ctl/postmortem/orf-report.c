/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The frame of the page: its head, what it is about, and the sections one after the other. */
#include "orf-report.h"

#include <gio/gio.h>

#include "orf-error.h"

#include "orf-ctl-format.h"

#include "orf-report-cell.h"

/* Generated from report.gresource.xml; naming it is what links it in. */
GResource *orf_report_resource_get_resource (void);

#define STYLE "/org/orfeas/report/report.css"

/* ---- the head -------------------------------------------------------------------------------- */

/* Nothing is loaded, run or sent anywhere; of styles the one that is here, by its hash. */
static char *
make_policy (const char *css)
{
  g_autoptr (GChecksum) checksum = g_checksum_new (G_CHECKSUM_SHA256);
  guint8 digest[32];
  gsize length = sizeof digest;
  g_autofree char *hash = NULL;

  g_checksum_update (checksum, (const guchar *) css, -1);
  g_checksum_get_digest (checksum, digest, &length);
  hash = g_base64_encode (digest, length);
  return g_strdup_printf (
    "default-src 'none'; style-src 'sha256-%s'; base-uri 'none'; form-action 'none'", hash);
}

void
orf_report_add_head (OrfReport *report, const char *title)
{
  OrfHtml *html = report->html;
  g_autoptr (GBytes)
    css = g_resource_lookup_data (orf_report_resource_get_resource (), STYLE, 0, NULL);
  const char *text = g_bytes_get_data (css, NULL); /* resources end in a NUL */
  g_autofree char *policy = make_policy (text);

  orf_html_open (html, "head", NULL);
  orf_html_add_void (html, "meta", "charset", "utf-8", NULL);
  orf_html_add_void (html, "meta", "http-equiv", "Content-Security-Policy", "content", policy,
                     NULL);
  orf_html_add_void (html, "meta", "name", "viewport", "content",
                     "width=device-width, initial-scale=1", NULL);
  orf_html_add_void (html, "meta", "name", "color-scheme", "content", "light dark", NULL);
  orf_html_add_void (html, "meta", "name", "referrer", "content", "no-referrer", NULL);
  orf_html_add (html, "title", title, NULL);
  orf_html_add_style (html, text);
  orf_html_close (html);
}

/* ---- what it is about ------------------------------------------------------------------------ */

static char *
make_title (const OrfReport *report)
{
  const char *incident = orf_value_get_text (json_object_get (report->document, "incident"),
                                             "title");
  g_autofree char *from = orf_report_format_time (report->from_us);

  return g_strdup_printf ("Post-mortem: %s", incident != NULL ? incident : from);
}

static void
open_fact (OrfReport *report, const char *name)
{
  orf_html_open (report->html, "div", NULL);
  orf_html_add (report->html, "dt", name, NULL);
  orf_html_open (report->html, "dd", NULL);
}

static void
close_fact (OrfReport *report)
{
  orf_html_close (report->html);
  orf_html_close (report->html);
}

static void
add_fact (OrfReport *report, const char *name, json_t *object, const char *member)
{
  g_autofree char *text = orf_report_format (ORF_CELL_TEXT, object, member);

  if (text == NULL)
    return;
  open_fact (report, name);
  orf_html_add_text (report->html, text);
  close_fact (report);
}

static void
add_span (OrfReport *report, const char *name, json_t *window, const char *from, const char *to)
{
  gint64 from_us, to_us;
  g_autofree char *length = NULL;

  if (!orf_value_get_integer (window, from, &from_us) ||
      !orf_value_get_integer (window, to, &to_us))
    return;
  length = orf_ctl_format_duration_us ((double) (to_us - from_us), TRUE);
  open_fact (report, name);
  orf_report_add_full_time (report, from_us);
  orf_html_add_text (report->html, " to ");
  orf_report_add_full_time (report, to_us);
  orf_html_add_text (report->html, ", ");
  orf_html_add_text (report->html, length);
  close_fact (report);
}

static void
add_facts (OrfReport *report)
{
  json_t *window = json_object_get (report->document, "window");
  json_t *incident = json_object_get (report->document, "incident");
  json_t *source = json_object_get (report->document, "source");
  gint64 made_us;

  orf_html_open (report->html, "dl", "class", "facts", NULL);
  add_span (report, "Window", window, "from_us", "to_us");
  add_span (report, "Compared with", window, "baseline_from_us", "baseline_to_us");
  add_fact (report, "Incident", incident, "id");
  add_fact (report, "Kept because", incident, "reason");
  add_fact (report, "By", incident, "author");
  add_fact (report, "File", source, "db");
  add_fact (report, "Orfeas", source, "orfeas");
  if (orf_value_get_integer (report->document, "made_us", &made_us)) {
    open_fact (report, "Made");
    orf_report_add_full_time (report, made_us);
    close_fact (report);
  }
  orf_html_close (report->html);
}

/* ---- sections -------------------------------------------------------------------------------- */

static void
add_contents (OrfReport *report)
{
  orf_html_open (report->html, "nav", "aria-label", "Sections", NULL);
  orf_html_open (report->html, "ul", NULL);
  for (const OrfReportSection *one = orf_report_sections; one->name != NULL; one++) {
    g_autofree char *href = g_strconcat ("#", one->name, NULL);

    orf_html_open (report->html, "li", NULL);
    orf_html_add (report->html, "a", one->title, "href", href, NULL);
    orf_html_close (report->html);
  }
  orf_html_close (report->html);
  orf_html_close (report->html);
}

static void
add_sql (OrfReport *report, json_t *section)
{
  const char *sql = orf_value_get_text (section, "sql");

  if (sql == NULL)
    return;
  orf_html_open (report->html, "details", NULL);
  orf_html_add (report->html, "summary", "The SQL behind this", NULL);
  orf_html_open (report->html, "pre", "tabindex", "0", NULL);
  orf_html_add (report->html, "code", sql, NULL);
  orf_html_close (report->html);
  orf_html_close (report->html);
}

static void
add_section (OrfReport *report, const OrfReportSection *one)
{
  json_t *section = json_object_get (report->document, one->name);
  g_autofree char *heading = g_strconcat (one->name, "-title", NULL);

  orf_html_open (report->html, "section", "id", one->name, "aria-labelledby", heading, NULL);
  orf_html_add (report->html, "h2", one->title, "id", heading, NULL);
  if (!one->draw (report, section))
    orf_html_add (report->html, "p", one->none, "class", "muted", NULL);
  add_sql (report, section);
  orf_html_close (report->html);
}

static void
add_body (OrfReport *report, const char *title)
{
  OrfHtml *html = report->html;

  orf_html_open (html, "body", NULL);
  orf_html_open (html, "header", NULL);
  orf_html_add (html, "h1", title, NULL);
  add_facts (report);
  add_contents (report);
  orf_html_close (html);
  orf_html_open (html, "main", NULL);
  for (const OrfReportSection *one = orf_report_sections; one->name != NULL; one++)
    add_section (report, one);
  orf_html_close (html);
}

/* The page with at most max_rows in each table. */
static OrfHtml *
write_page (json_t *document, gsize max_rows)
{
  OrfHtml *html = orf_html_new ();
  OrfReport report = { .html = html, .document = document, .max_rows = max_rows };
  json_t *window = json_object_get (document, "window");
  g_autofree char *title = NULL;

  orf_value_get_integer (window, "from_us", &report.from_us);
  orf_value_get_integer (window, "to_us", &report.to_us);
  title = make_title (&report);
  orf_html_open (html, "html", "lang", "en", NULL);
  orf_report_add_head (&report, title);
  add_body (&report, title);
  return html;
}

char *
orf_report_render (json_t *document, GError **error)
{
  /* all, and then what is still worth reading */
  static const gsize max_rows[] = { G_MAXSIZE, 100, 30, 10 };
  gsize length = 0;

  for (guint i = 0; i < G_N_ELEMENTS (max_rows); i++) {
    g_autoptr (OrfHtml) html = write_page (document, max_rows[i]);

    length = orf_html_get_length (html);
    if (length <= ORF_REPORT_MAX_BYTES)
      return orf_html_finish (html);
  }
  g_set_error (error, ORF_ERROR, ORF_ERROR_RESOURCE_EXHAUSTED,
               "the page would be %" G_GSIZE_FORMAT " bytes large, more than %d: take a shorter "
               "window",
               length, ORF_REPORT_MAX_BYTES);
  return NULL;
}
