/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "forecast/orf-outlook.h"

G_BEGIN_DECLS

/*
 * Watches one series for a slow leak, in a bounded number of bytes: rows are folded into blocks
 * (least, middle, most) that get wider with age, and what is asked is answered from the blocks.
 * Pure: no clock, no allocation, nothing but what was pushed.  Without pointers: it can be stored
 * as it is.
 *
 * What a leak is: the value that memory does not fall below any more rises, over the whole of a
 * stretch and not in one place of it, does not slow down, and has left all that was there before. A
 * saw-tooth gives back, a step rises in one place, a warm-up slows down, a daily rhythm comes back
 * to where it was.
 */

/* A block of rows, by its distance to the watch's origin. */
typedef struct {
  gfloat middle;    /* median of rows, mean of medians where blocks were joined; NAN: no rows */
  guint16 down, up; /* middle - least and most - middle, each the upper half of a float */
} OrfLeakBlock;

#define ORF_LEAK_LEVELS       4
#define ORF_LEAK_LEVEL_BLOCKS 8
#define ORF_LEAK_OLD_BLOCKS   10
#define ORF_LEAK_YOUNG_BLOCKS ((ORF_LEAK_LEVELS - 1) * ORF_LEAK_LEVEL_BLOCKS)
#define ORF_LEAK_ROWS         4 /* of the narrowest block */

typedef struct {
  gdouble origin; /* the first value: floats hold what was added to it */
  gint64 first_us, last_us;
  guint32 n_rows;                /* from first_us to last_us, with those of gaps */
  guint16 old_width, old_filled; /* of the oldest level: rows a block / ROWS, and of its newest */
  guint8 counts[ORF_LEAK_LEVELS];
  guint8 n_pending;
  guint8 falling;
  gfloat step_us;
  gfloat pending[ORF_LEAK_ROWS];
  gfloat before; /* the row before the pending ones; NAN: none */
  /* the narrowest level first, in each the oldest first */
  OrfLeakBlock blocks[ORF_LEAK_YOUNG_BLOCKS + ORF_LEAK_OLD_BLOCKS];
  guint16 drifts[ORF_LEAK_YOUNG_BLOCKS]; /* the usual move from row to row, in each block */
} OrfLeakWatch;

/* step_us: nominal distance of rows.  falling: what is scarce falls (free bytes), and a leak is a
 * fall. */
void orf_leak_watch_init (OrfLeakWatch *watch, gint64 step_us, gboolean falling);
/* t_us must rise; a row that does not is ignored.  value NAN: none.  A distance of more than 3
 * steps is a gap. */
void orf_leak_watch_push (OrfLeakWatch *watch, gint64 t_us, gdouble value);
/* Whether it may be one that was stored: its counts are within its arrays, its times can be
 * reckoned with. */
gboolean orf_leak_watch_is_valid (const OrfLeakWatch *watch);

/* Of the rows that make no block yet. */
OrfLeakBlock orf_leak_watch_get_pending (const OrfLeakWatch *watch);
/* down, up or a drift of its as a number. */
gfloat orf_leak_watch_unpack (guint16 packed);

/* threshold NAN: none, and no time to it is told. */
void orf_leak_watch_get_outlook (const OrfLeakWatch *watch, double threshold, OrfOutlook *outlook);

G_END_DECLS
