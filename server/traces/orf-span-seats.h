/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "store/orf-span-tally.h"

G_BEGIN_DECLS

/*
 * Sums of all operations whose spans came, and which of them have a seat: the busiest.  Pure.
 */
typedef struct _OrfSpanSeats OrfSpanSeats;

/* An exemplar stays until there is a longer one, or one that is so much younger. */
#define ORF_SPAN_EXEMPLAR_US (10 * 60 * G_GINT64_CONSTANT (1000000))

OrfSpanSeats *orf_span_seats_new (void);
void orf_span_seats_free (OrfSpanSeats *seats);

/* Who comes while fewer than max have one gets a seat at once. */
void orf_span_seats_add (OrfSpanSeats *seats, const OrfSpanTally *tally, guint max);
/* Once a minute: who is twice as busy as one with a seat takes it.  Who has none and is idle is
 * forgotten. */
void orf_span_seats_rank (OrfSpanSeats *seats, guint max);

/* OrfSpanTally: all spans since it was first heard of; borrowed. */
GPtrArray *orf_span_seats_dup_seated (const OrfSpanSeats *seats);
/* NULL: it is not known. */
const OrfSpanTally *
orf_span_seats_find (const OrfSpanSeats *seats, const char *service, const char *operation);
guint orf_span_seats_get_n_known (const OrfSpanSeats *seats);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfSpanSeats, orf_span_seats_free)

G_END_DECLS
