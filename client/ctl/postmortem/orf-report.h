/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "orf-html.h"
#include "orf-value.h"

G_BEGIN_DECLS

/*
 * A post-mortem document (postmortem.build) as one page of HTML that needs nothing else: no script,
 * no picture, no address.  Everything in the document is outside text.
 */

/* Larger than this no page may be: it goes with a ticket, or a mail. */
#define ORF_REPORT_MAX_BYTES (2 * 1024 * 1024)

/* Times are UTC, as in the document's own sentences, and for who reads it elsewhere.  Where the
 * page would be larger than ORF_REPORT_MAX_BYTES, tables and lists have fewer rows, and say so;
 * RESOURCE_EXHAUSTED: it is too large all the same. */
char *orf_report_render (json_t *document, GError **error);

/* ---- for the sections ------------------------------------------------------------------------ */

/* A page that is being written, on the stack of orf_report_render(). */
typedef struct {
  OrfHtml *html;
  json_t *document;
  gsize max_rows;        /* of each table and list */
  gint64 from_us, to_us; /* the window; 0: not told */
} OrfReport;

/* <head>: title, style, and that nothing is loaded or run. */
void orf_report_add_head (OrfReport *report, const char *title);

typedef struct {
  const char *name; /* the document's member, and the element's id */
  const char *title;
  const char *none; /* said where it has nothing */
  /* FALSE: it has nothing.  section: NULL where the document has none. */
  gboolean (*draw) (OrfReport *report, json_t *section);
} OrfReportSection;

/* In the order of the page, ended by a row whose name is NULL. */
extern const OrfReportSection orf_report_sections[];

gboolean orf_report_draw_summary (OrfReport *report, json_t *section);
gboolean orf_report_draw_culprit (OrfReport *report, json_t *section);
gboolean orf_report_draw_timeline (OrfReport *report, json_t *section);
gboolean orf_report_draw_changes (OrfReport *report, json_t *section);
gboolean orf_report_draw_memory (OrfReport *report, json_t *section);
gboolean orf_report_draw_cleanups (OrfReport *report, json_t *section);
gboolean orf_report_draw_alerts (OrfReport *report, json_t *section);
gboolean orf_report_draw_anomalies (OrfReport *report, json_t *section);
gboolean orf_report_draw_traces (OrfReport *report, json_t *section);
gboolean orf_report_draw_cache (OrfReport *report, json_t *section);
gboolean orf_report_draw_forecasts (OrfReport *report, json_t *section);
gboolean orf_report_draw_cost (OrfReport *report, json_t *section);
gboolean orf_report_draw_gaps (OrfReport *report, json_t *section);

G_END_DECLS
