/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "orf-json.h"

G_BEGIN_DECLS

/* Two reports, and whether what differs may be chance.  Pure. */

typedef struct {
  const char *name;     /* "p95_us" */
  double before, after; /* NAN: not known */
  double p;          /* how likely chance alone makes such a difference; NAN: too little is known */
  gboolean is_worse; /* more of it is bad, and there is more; or the other way round */
  gboolean is_neutral; /* neither more nor less of it is bad by itself */
} OrfLoadDifference;

/* Of rate_per_s, p50_us, p95_us, p99_us and error_percent, from two documents of
 * orf_load_report_new(); INVALID_ARGUMENT: one of them is none. */
GArray *orf_load_compare (json_t *before, json_t *after, GError **error);

/* Of the series of the daemon's side that both have, by their means; none where one of the
 * documents has no side of the daemon's.  Names are the documents'. */
GArray *orf_load_compare_servers (json_t *before, json_t *after);

/* How likely two samples of the same distribution differ in rank as these do (Mann and Whitney's U,
 * by its normal approximation with ties; both sides).  NAN: fewer than 5 in one. */
double orf_load_compare_ranks (const GArray *before, const GArray *after);
/* The same of two shares: failed of so many (two-proportion z-test). */
double orf_load_compare_shares (double failed_before,
                                double n_before,
                                double failed_after,
                                double n_after);

G_END_DECLS
