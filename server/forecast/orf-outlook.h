/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/*
 * What is in store for a series beyond the next rows: a drift that lasts, and when it reaches the
 * threshold.  NAN: nothing can be said.  Values are in the series' unit, slopes in it a second.
 */

/* How the series moves about its course, which decides whether a time can be named at all. */
typedef enum {
  ORF_REGIME_UNKNOWN,  /* too few rows yet */
  ORF_REGIME_QUIET,    /* small noise about a level or a slow drift */
  ORF_REGIME_STEPWISE, /* levels, with steps between */
  ORF_REGIME_SPIKY,    /* jumps as large as what is to be foreseen */
} OrfRegime;

typedef struct {
  OrfRegime regime;
  double slope_per_s, slope_lower_per_s, slope_upper_per_s;
  gboolean leak;          /* moves towards the threshold, slowly and for long */
  double leak_confidence; /* 0 to 1: of the tests; as a probability: doc/leaks.md */
  gint64 leak_since_us;   /* 0: there is no leak */
  /* from the last row until the threshold is first passed; the bounds are those of 80 %, and the
   * upper one may be INFINITY.  0: it is passed */
  double tte_us, tte_lower_us, tte_upper_us;
} OrfOutlook;

/* "unknown", "quiet", "stepwise", "spiky". */
const char *orf_regime_get_word (OrfRegime regime);

G_END_DECLS
