/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/*
 * The last rows of a series in few bytes: the newest one by one, those before thinned to every
 * fourth; each as its distance from a base, in 16 bits.  The base moves to where the rows are when
 * they have left it.  A value, without pointers.
 */
#define ORF_ROW_RING_NEW  32 /* rows, one by one */
#define ORF_ROW_RING_OLD  24 /* and before those, every fourth */
#define ORF_ROW_RING_THIN 4
#define ORF_ROW_RING_MAX  (ORF_ROW_RING_NEW + ORF_ROW_RING_OLD)
/* rows that it reaches back */
#define ORF_ROW_RING_SPAN (ORF_ROW_RING_NEW + ORF_ROW_RING_OLD * ORF_ROW_RING_THIN)

typedef struct {
  double base;    /* NAN: no value yet */
  guint32 n_rows; /* ever pushed */
  guint16 recent[ORF_ROW_RING_NEW];
  guint16 old[ORF_ROW_RING_OLD];
} OrfRowRing;

/* One row of it, by its distance from the base. */
typedef struct {
  float distance;
  guint age; /* rows; 0: the newest */
} OrfRowRingEntry;

void orf_row_ring_init (OrfRowRing *ring);
/* value NAN: a row without one.  moved: by how much the base moved (mostly 0). */
void orf_row_ring_push (OrfRowRing *ring, double value, double *moved);
/* In entries those that have a value, from the newest; how many. */
guint orf_row_ring_list (const OrfRowRing *ring, OrfRowRingEntry entries[ORF_ROW_RING_MAX]);
/* Distance of the row of that age, or of one next to it; NAN: none, or not kept. */
float orf_row_ring_get (const OrfRowRing *ring, guint age);
/* A value as a distance, within what a float holds. */
float orf_row_ring_measure (const OrfRowRing *ring, double value);
/* Of one that was saved: its base and its distances are numbers, or none. */
gboolean orf_row_ring_is_valid (const OrfRowRing *ring);

G_END_DECLS
