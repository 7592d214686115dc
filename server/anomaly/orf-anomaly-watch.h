/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "anomaly/orf-anomaly-tuning.h"
#include "anomaly/orf-drift.h"
#include "anomaly/orf-frozen.h"
#include "anomaly/orf-outlier.h"
#include "anomaly/orf-pattern.h"
#include "anomaly/orf-spike.h"
#include "orf-schema-types.h"

G_BEGIN_DECLS

/*
 * One series under watch: every detector judges each row by the rows before it, and what it says is
 * told as how rare it is among what it said of this very series (orf-tail.h), each direction by
 * itself, so that one threshold serves all.  It knows no clock and nothing else.  A value without
 * pointers, to be kept by thousands; its memory is what is saved of it.
 */
typedef enum {
  ORF_DETECTOR_LEVEL,
  ORF_DETECTOR_MOVE,
  ORF_DETECTOR_LONG_LEVEL,
  ORF_DETECTOR_RANGE,
  ORF_DETECTOR_SEASON,
  ORF_DETECTOR_SEASON_FITTED,
  ORF_DETECTOR_SEASON_MOVE,
  ORF_DETECTOR_DRIFT,
  ORF_DETECTOR_FROZEN,  /* from here on they judge their rarity themselves */
  ORF_N_DETECTORS,      /* of a group: its series do not move together as they do */
  ORF_DETECTOR_FOREST,  /* of a group too: a kind of row that is rare */
  ORF_DETECTOR_DISCORD, /* of a series that was chosen: a shape that has not come before */
} OrfDetector;

#define ORF_N_SCORED ORF_DETECTOR_FROZEN

typedef struct {
  gint64 step_us, last_us;
  double first, last; /* values; NAN: none yet */
  double last_row;    /* what the detectors were given; of a counter, what it rose by */
  guint32 n;          /* rows that had a value */
  guint8 counter;     /* it only rises, and a fall is a restart: rows are what it rose by */
  guint8 seasonal;    /* what is left for drifts was once what the season leaves */
  OrfSpike spike;
  OrfOutlier outlier;
  OrfPattern pattern;
  OrfDrift drift;
  OrfFrozen frozen;
  OrfTail tails[ORF_N_SCORED];
} OrfAnomalyWatch;

G_STATIC_ASSERT (sizeof (OrfAnomalyWatch) <= 2048);

typedef struct {
  float score;          /* -log10 of how rare, corrected for how many detectors there are; >= 0 */
  OrfDetector detector; /* the one that finds it rarest */
  double expected, lower, upper;
} OrfAnomalyVerdict;

/* Rows further apart than so many steps have a gap between. */
#define ORF_ANOMALY_GAP_STEPS 3

/* step_us: nominal distance of rows, > 0.  number: among those that begin together, whose costly
 * rows are then not the same ones. */
void
orf_anomaly_watch_init (OrfAnomalyWatch *watch, gint64 step_us, gboolean counter, guint number);
/* The next row; tuning: may be another one at any row.  FALSE: nothing is said, as it has no value
 * (not finite), is no later than the last one, or is the first (of a counter: or follows a
 * restart). */
gboolean orf_anomaly_watch_push (OrfAnomalyWatch *watch,
                                 const OrfAnomalyTuning *tuning,
                                 gint64 t_us,
                                 double value,
                                 OrfAnomalyVerdict *verdict);
/* Of bytes that were saved: nothing in it leads out of bounds. */
gboolean orf_anomaly_watch_is_valid (const OrfAnomalyWatch *watch);

/* "level", "move", …; ORF_N_DETECTORS: "correlated"; "forest", "discord". */
const char *orf_detector_get_name (OrfDetector detector);
OrfAnomalyKind orf_detector_get_kind (OrfDetector detector);

G_END_DECLS
