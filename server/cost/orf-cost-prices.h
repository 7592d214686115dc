/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

#include "orf-schema-config.h"

G_BEGIN_DECLS

/* What a device-hour costs, as [cost] says. */
typedef struct _OrfCostPrices OrfCostPrices;

/* Of prices: 1e-9 of the currency. */
#define ORF_COST_NANO          G_GINT64_CONSTANT (1000000000)
#define ORF_COST_PRICE_UNKNOWN G_GINT64_CONSTANT (-1)

/* INVALID_ARGUMENT, field cost.devices. */
OrfCostPrices *orf_cost_prices_new (const OrfConfig *config, GError **error);
void orf_cost_prices_free (OrfCostPrices *prices);

/* Of an hour, in ORF_COST_NANO, or ORF_COST_PRICE_UNKNOWN. */
gint64 orf_cost_prices_get_nano (const OrfCostPrices *prices, const char *device);
/* It has a price of its own. */
gboolean orf_cost_prices_names (const OrfCostPrices *prices, const char *device);
/* Any price is known. */
gboolean orf_cost_prices_are_known (const OrfCostPrices *prices);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfCostPrices, orf_cost_prices_free)

G_END_DECLS
