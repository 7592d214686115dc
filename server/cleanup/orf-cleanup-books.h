/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/*
 * What a worker's own reports say of an attempt, beside what is measured: one that takes memory
 * again at once may be true to its word though nobody saw it fall.  Its reports explain a claim
 * where they say that so much was given back, and what its process uses does not contradict them.
 * Pure.
 */

/* A report.  Bytes: -1 unknown. */
typedef struct {
  gint64 reported_us;    /* 0: there is none; otherwise only compared */
  gint64 reserved_bytes; /* held from the device */
  gint64 returned_bytes; /* given back to it since the worker's start */
} OrfBooksReport;

typedef struct {
  OrfBooksReport first; /* when it was asked */
  OrfBooksReport last;
  gint64 used_bytes;   /* measured when it was asked; -1: they are not held against it */
  gint64 fallen_bytes; /* by how much what it holds fell at most since */
  gint64 returned_bytes;
  /* Between reports, once there were looks enough: */
  gint64 held_bytes;  /* the most that they say; -1: it began with none */
  gint64 least_bytes; /* the least that was measured */
  guint n_looks;
  gint64 excess_bytes; /* what was used beyond what they say, by the last such comparison */
} OrfCleanupBooks;

/* used_bytes: what its process uses; -1: only the device can be measured, or what it reported was
 * not steady until now, so that nobody knows what it uses beside its books. */
void
orf_cleanup_books_begin (OrfCleanupBooks *books, const OrfBooksReport *report, gint64 used_bytes);
/* As soon as it is there, and again with each look, of which used_bytes is; -1: there was none. */
void
orf_cleanup_books_add (OrfCleanupBooks *books, const OrfBooksReport *report, gint64 used_bytes);
/* tolerance_bytes: of the measurement. */
gboolean orf_cleanup_books_explain (const OrfCleanupBooks *books,
                                    gint64 claimed_bytes,
                                    gint64 tolerance_bytes);

G_END_DECLS
