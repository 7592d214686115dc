/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "core/orf-split.h"
#include "orf-schema-types.h"
#include "store/orf-store-costs.h"

G_BEGIN_DECLS

/*
 * What time comes to in money.  Products of time and price are added up as they are; the total is
 * rounded once, to 1e-9 of the currency, and split so that its parts add up to it.  64 bits of that
 * are 9 billion: a month of some hundred devices where an hour costs some ten thousand.  Pure.
 */

/* Some of the time, at whatever prices. */
typedef struct {
  gint64 us;
  gint64 priced_us; /* of which a price is known */
  OrfWide product;  /* sum of us * price_nano */
} OrfCostSum;

typedef struct {
  char *name;
  char *service; /* "": none */
  gboolean rest; /* its name is nobody's */
  OrfCostSum used;
  OrfCostSum idle; /* of devices */
  OrfWide used_nano, idle_nano;
} OrfCostLine;

typedef struct {
  GPtrArray *lines; /* OrfCostLine, dearest first */
  OrfCostSum used, idle, unseen;
  OrfWide used_nano, idle_nano, unseen_nano; /* the first two are the bill */
  OrfCostBasis basis;
} OrfCostBill;

void orf_cost_sum_add (OrfCostSum *sum, gint64 us, gint64 price_nano);
/* NAN: there was time, and no price of any of it; of no time at all: NAN where no price is known.
 */
double orf_cost_sum_get_amount (const OrfCostSum *sum, OrfWide nano, gboolean prices_are_known);

/* times: rows of used, idle and unseen, by device.  rows: what `by` splits used time over, of the
 * same hours; NULL for devices. */
OrfCostBill *orf_cost_bill_new (OrfCostBy by, const GPtrArray *times, const GPtrArray *rows);
void orf_cost_bill_free (OrfCostBill *bill);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfCostBill, orf_cost_bill_free)

G_END_DECLS
