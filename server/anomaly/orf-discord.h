/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "stats/orf-tail.h"

G_BEGIN_DECLS

/*
 * Whether the shape of the newest rows of a series has come before: the distance of a window to the
 * nearest of the windows before it, both brought to mean 0 and deviation 1, and how rare it is
 * among such distances so far (the left matrix profile, whose peaks are discords: C.-C. M. Yeh and
 * others, "Matrix Profile I", ICDM 2016; row by row as STOMPI there, but over a past of bounded
 * length).  It needs no period, and costs a step for each row of the past: some 3 us a row by
 * 4,096, which is for series that somebody chose.  One block of memory without pointers, of 56
 * bytes a row of the past.
 */
#define ORF_DISCORD_MIN_WINDOW 4 /* rows; fewer have no shape */
#define ORF_DISCORD_MAX_WINDOW 512
#define ORF_DISCORD_MIN_PAST   8 /* windows */
#define ORF_DISCORD_MAX_PAST   (1 << 16)

typedef struct {
  guint32 window, past; /* rows */
  guint32 n;            /* rows so far, up to past + window */
  guint32 head;         /* where the newest is in what is kept newest first */
  guint32 fresh;        /* the lag whose product is next to be summed anew */
  float usual;          /* mean distance, of about 256 */
  double first;         /* values are told as distances from here */
  OrfTail tail;
  double data[]; /* values, means and scales of windows, twice the room each; products by lag */
} OrfDiscord;

/* FALSE: out of the ranges above. */
gboolean orf_discord_is_setup (guint window, guint past);
gsize orf_discord_get_bytes (guint window, guint past);
void orf_discord_init (OrfDiscord *discord, guint window, guint past);

/* value: not finite: as before.  -log10 of how rare; 0 until half of the past is there.  distance:
 * 0 to 2 sqrt (window), NAN: there are no two windows yet that do not overlap; may be NULL. */
float orf_discord_push (OrfDiscord *discord, double value, double *distance);
gboolean orf_discord_is_valid (const OrfDiscord *discord, guint window, guint past);

G_END_DECLS
