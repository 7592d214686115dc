/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "cost/orf-cost-bill.h"
#include "cost/orf-cost-return.h"

G_BEGIN_DECLS

/* What the file has of costs, read in a reader's thread. */

typedef struct {
  OrfCostBy by;
  gboolean with_changes; /* of batch sizes */
  gint64 from_us, to_us; /* asked for; -1: since the first, until now */
  gint64 now_us;
  gint64 max_spans;        /* that came lately and are looked at */
  const char *own_service; /* the daemon's */
  OrfCostBill *bill;       /* the answer, of whole hours: */
  gint64 told_from_us, told_to_us;
  GPtrArray *changes; /* OrfCostBatchChange */
} OrfCostSummaryRead;

void orf_cost_summary_read_clear (OrfCostSummaryRead *read);
gboolean
orf_cost_summary_read_run (OrfCostSummaryRead *read, OrfConnection *connection, GError **error);

typedef struct {
  gint64 from_us, to_us;
  OrfCostSum bill, idle;
  gint64 unseen_us;
} OrfCostMonthRead;

typedef struct {
  guint max;
  gint64 now_us;
  GArray *months; /* OrfCostMonthRead, oldest first */
  /* For the month that runs, as of told_us, until when there is anything; 0: nothing. */
  gint64 told_us;
  OrfCostSum recent;
  gint64 recent_us; /* in so long */
} OrfCostTrendRead;

gboolean
orf_cost_trend_read_run (OrfCostTrendRead *read, OrfConnection *connection, GError **error);

G_END_DECLS
