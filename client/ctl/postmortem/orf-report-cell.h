/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "orf-report.h"

G_BEGIN_DECLS

/* What is not known. */
#define ORF_REPORT_DASH "–"

/* How a member of the document reads. */
typedef enum {
  ORF_CELL_TEXT,
  ORF_CELL_CODE,     /* a name or an id: monospaced */
  ORF_CELL_SEVERITY, /* info, warning, critical; levels of pressure */
  ORF_CELL_TIME,
  ORF_CELL_DURATION,
  ORF_CELL_BYTES,
  ORF_CELL_RATE, /* bytes in a second */
  ORF_CELL_PERCENT,
  ORF_CELL_SIGNED_PERCENT,
  ORF_CELL_NUMBER,
  ORF_CELL_COUNT,
  ORF_CELL_MONEY,  /* in whatever currency, to the cent */
  ORF_CELL_METRIC, /* a value of the row's series, in its unit */
  ORF_CELL_YES_NO,
} OrfCellKind;

typedef struct {
  const char *title;
  const char *member; /* NULL: draw makes it */
  OrfCellKind kind;
  /* What is in the cell, in place of the member's text. */
  void (*draw) (OrfReport *report, json_t *row);
} OrfColumn;

/* NULL: unknown.  A text that is longer than a cell needs ends in an ellipsis. */
char *orf_report_format (OrfCellKind kind, json_t *row, const char *member);
/* A value of the series that row is about; NULL: unknown. */
char *orf_report_format_metric (json_t *row, double value);
/* To the second, in UTC. */
char *orf_report_format_time (gint64 t_us);
/* The clock alone on the day on which the window begins; exactly for machines beside it. */
void orf_report_add_time (OrfReport *report, gint64 t_us);
/* The same with its day. */
void orf_report_add_full_time (OrfReport *report, gint64 t_us);
/* The member in its style, or a dash. */
void orf_report_add_cell (OrfReport *report, const OrfColumn *column, json_t *row);
/* A list in a cell: draw makes an <li> of each; a dash where there are none. */
void orf_report_add_items (OrfReport *report,
                           json_t *items,
                           void (*draw) (OrfReport *report, json_t *item));
/* <span class="sev …">, its words as they came. */
void orf_report_add_severity (OrfReport *report, const char *severity);
/* The class of a colour for one of several: "c1" to "c8", then again. */
const char *orf_report_get_color (guint index);

/* A table of rows (an array of objects) with a name for those who cannot see where it stands;
 * columns are ended by one without a title.  A column that no row has anything for is left out.
 * FALSE: there are no rows, and nothing was drawn. */
gboolean orf_report_add_table (OrfReport *report,
                               const char *caption,
                               const OrfColumn *columns,
                               json_t *rows);
/* How many of rows are shown. */
gsize orf_report_count_rows (const OrfReport *report, json_t *rows);
/* Says how many of rows are not, which is nothing where all are. */
void orf_report_add_cut (OrfReport *report, json_t *rows);
/* "… and 12 more" where section has `more`. */
void orf_report_add_more (OrfReport *report, json_t *section);

G_END_DECLS
