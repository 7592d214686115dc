/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "metrics/orf-exposition-format.h"
#include "scrape/orf-exposition-token.h"

G_BEGIN_DECLS

/*
 * A page of metrics, read sample by sample: Prometheus' text format 0.0.4 or OpenMetrics 1.0. Pure;
 * nothing is copied, and everything points into the page, which outlives it.
 *
 * A page that breaks the grammar is refused from there on, with line and column; so is one that was
 * cut (no line feed at its end; no "# EOF").  What the formats ask for beyond the grammar (the
 * order of families and buckets, names that say their kind) is not looked at: Prometheus does not
 * either. Exemplars are checked and left out.
 */
typedef enum {
  ORF_EXPOSITION_UNKNOWN,
  ORF_EXPOSITION_GAUGE,
  ORF_EXPOSITION_COUNTER,
  ORF_EXPOSITION_HISTOGRAM,
  ORF_EXPOSITION_GAUGE_HISTOGRAM,
  ORF_EXPOSITION_SUMMARY,
  ORF_EXPOSITION_INFO,
  ORF_EXPOSITION_STATE_SET,
} OrfExpositionType;

/* What the lines that begin with # said; lengths are 0 where they said nothing. */
typedef struct {
  OrfExpositionSlice name;
  OrfExpositionType type;
  OrfExpositionSlice help; /* escaped as it came */
  OrfExpositionSlice unit;
} OrfExpositionFamily;

typedef struct {
  OrfExpositionSlice
    series; /* name and labels as they came: who writes it the same means the same */
  OrfExpositionSlice name;
  OrfExpositionSlice labels; /* for orf_exposition_next_label() */
  double value;
  gboolean has_time;
  gint64 t_us;
} OrfExpositionSample;

typedef enum {
  ORF_EXPOSITION_SAMPLE,
  ORF_EXPOSITION_END,
  ORF_EXPOSITION_BROKEN,
} OrfExpositionStep;

/* To be initialised by the function, and then its own. */
typedef struct {
  const char *at, *end;
  OrfExpositionFormat format;
  guint line; /* the one that at begins, from 1 on */
  OrfExpositionFamily family;
  gboolean ended, checked;
} OrfExpositionParser;

void orf_exposition_parser_init (OrfExpositionParser *parser,
                                 const char *page,
                                 gsize length,
                                 OrfExpositionFormat format);
/* ORF_EXPOSITION_BROKEN: INVALID_ARGUMENT, "line 3, column 7: …"; the parser is done then. */
OrfExpositionStep orf_exposition_parser_next (OrfExpositionParser *parser,
                                              OrfExpositionSample *sample,
                                              GError **error);
/* What was said of the family that this name, of the sample read last, belongs to; NULL: nothing.
 * ending: what the name has after the family's, "" or "_total", "_bucket", …. */
const OrfExpositionFamily *orf_exposition_parser_get_family (const OrfExpositionParser *parser,
                                                             OrfExpositionSlice name,
                                                             OrfExpositionSlice *ending);

G_END_DECLS
