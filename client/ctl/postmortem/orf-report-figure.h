/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "orf-report.h"

G_BEGIN_DECLS

/* Lines over the window with what says how much and when. */

typedef struct {
  const char *label;
  const char *class; /* of the style sheet: a colour */
  const GArray *points;
  gboolean filled;
} OrfFigureLine;

typedef struct {
  const char *title;
  const char *text; /* what it shows, for those who do not see it */
  const char *name; /* of the series: its end is the unit */
  const OrfFigureLine *lines;
  guint n_lines;
  double level; /* a line across; NAN: none */
  const char *level_label;
  gint64 moment_us; /* a line down; 0: none */
  const char *moment_label;
} OrfFigure;

/* FALSE: no line has a point, and nothing was drawn. */
gboolean orf_report_add_figure (OrfReport *report, const OrfFigure *figure);
/* What is below a drawing over the window: when it begins, its middle, and when it ends. */
void orf_report_add_time_axis (OrfReport *report);
/* A spot of a colour, for legends. */
void orf_report_add_swatch (OrfReport *report, const char *class);

G_END_DECLS
