/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "history/orf-sketch.h"

G_BEGIN_DECLS

/* What became of some requests.  Tallies of parts add up to that of the whole. */

/* Why a request failed. */
typedef enum {
  ORF_LOAD_FAULT_NONE,
  ORF_LOAD_FAULT_CONNECT,  /* no connection */
  ORF_LOAD_FAULT_STATUS,   /* HTTP 400 or above */
  ORF_LOAD_FAULT_RPC,      /* a JSON-RPC error */
  ORF_LOAD_FAULT_PROTOCOL, /* the answer broke off, or is none */
  ORF_LOAD_FAULT_TIMEOUT,  /* no answer in time, or not sent within it */
  ORF_LOAD_N_FAULTS
} OrfLoadFault;
const char *orf_load_fault_to_string (OrfLoadFault fault);

/* Later than this a request was not sent when it should have been. */
#define ORF_LOAD_LATE_US 1000

typedef struct {
  guint64 sent;
  guint64 answered;                  /* without a fault */
  guint64 faults[ORF_LOAD_N_FAULTS]; /* of those sent, and of the dropped ones */
  guint64 late;                      /* sent more than ORF_LOAD_LATE_US after their time */
  guint64 dropped;                   /* never sent: no connection, or none free in time */
  guint64 received_bytes;
  double sum_us, sum_squares; /* of latencies */
  double min_us, max_us;      /* NAN: of nothing */
  OrfSketch *latency;         /* of the answered, microseconds */
  OrfSketch *lateness;        /* of the sent */
} OrfLoadTally;

OrfLoadTally *orf_load_tally_new (void);
void orf_load_tally_free (OrfLoadTally *tally);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfLoadTally, orf_load_tally_free)

void orf_load_tally_add_sent (OrfLoadTally *tally, gint64 lateness_us);
void orf_load_tally_add_dropped (OrfLoadTally *tally, OrfLoadFault fault);
/* latency_us counts where there was no fault. */
void orf_load_tally_add_end (OrfLoadTally *tally, OrfLoadFault fault, gint64 latency_us);
void orf_load_tally_merge (OrfLoadTally *tally, const OrfLoadTally *other);

/* Requests that were meant to be sent and whose end is known. */
guint64 orf_load_tally_get_ended (const OrfLoadTally *tally);
guint64 orf_load_tally_get_failed (const OrfLoadTally *tally);
/* NAN: of nothing. */
double orf_load_tally_get_error_percent (const OrfLoadTally *tally);
/* Within what was measured, unlike a sketch's; NAN: of nothing. */
double orf_load_tally_get_quantile (const OrfLoadTally *tally, double share);
double orf_load_tally_get_mean (const OrfLoadTally *tally);
double orf_load_tally_get_deviation (const OrfLoadTally *tally);

G_END_DECLS
