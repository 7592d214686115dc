/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "orf-desc.h"

#include "orf-html.h"

G_BEGIN_DECLS

/*
 * Drawings over time, as SVG.  They are stretched to the room there is, so nothing in them has to
 * keep its shape: lines keep their width, and texts stand beside them as HTML.  Colours are classes
 * of the style sheet.
 */

/* Units of a drawing from its left to its right, whatever it is on the screen. */
#define ORF_CHART_WIDTH 1000

typedef struct {
  gint64 from_us, to_us; /* left and right */
  double low, high;      /* bottom and top; NAN: none yet */
  double height;
} OrfChart;

/* Wide enough for these values too. */
void orf_chart_extend (OrfChart *chart, const GArray *points);
/* Ends where it begins or is not known: it is made so that there is room to draw in.  Values that
 * stay near zero, as shares and bytes do, are shown from zero on. */
void orf_chart_settle (OrfChart *chart);
double orf_chart_get_x (const OrfChart *chart, gint64 t_us);

/* <svg role="img"> with its name and what it shows in words (NULL: the name says it). */
void orf_chart_open (
  OrfHtml *html, const OrfChart *chart, const char *class, const char *title, const char *text);
/* The same for those who see it; others have the numbers beside it. */
void orf_chart_open_hidden (OrfHtml *html, const OrfChart *chart, const char *class);
void orf_chart_close (OrfHtml *html);

/* A line through points (OrfPoints by time), with gaps where there is no value. */
void
orf_chart_add_line (OrfHtml *html, const OrfChart *chart, const GArray *points, const char *class);
/* The same, filled down to the bottom. */
void
orf_chart_add_area (OrfHtml *html, const OrfChart *chart, const GArray *points, const char *class);
void orf_chart_add_level (OrfHtml *html, const OrfChart *chart, double value, const char *class);
void orf_chart_add_moment (OrfHtml *html, const OrfChart *chart, gint64 t_us, const char *class);
/* A block from from_us to to_us, at least wide enough to be seen; text: shown when it is pointed
 * at, NULL: none. */
void orf_chart_add_block (OrfHtml *html,
                          const OrfChart *chart,
                          gint64 from_us,
                          gint64 to_us,
                          const char *class,
                          const char *text);
/* A block by units instead of times. */
void orf_chart_add_box (OrfHtml *html, double x, double width, double height, const char *class);

G_END_DECLS
