/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cost/orf-cost-prices.h"

#include <math.h>
#include <string.h>

#include "core/orf-names.h"
#include "orf-error.h"

/* As gpu_hour in the schema. */
#define MAX_PRICE 1000000.0

struct _OrfCostPrices {
  gint64 general_nano;
  GHashTable *named; /* device → gint64 */
};

static gint64
to_nano (double price)
{
  return llround (price * (double) ORF_COST_NANO);
}

static gboolean
refuse (const char *text, const char *why, GError **error)
{
  g_propagate_error (error, orf_error_new_field (ORF_ERROR_INVALID_ARGUMENT, "cost.devices",
                                                 "DEVICE=PRICE, a price from 0 to 1000000",
                                                 "cost.devices: \"%s\" %s", text, why));
  return FALSE;
}

/* A device may have = in its name, a price has not. */
static gboolean
add (OrfCostPrices *prices, const char *text, GError **error)
{
  const char *sign = strrchr (text, '=');
  g_autofree char *device = sign != NULL ? g_strndup (text, (gsize) (sign - text)) : NULL;
  char *end = NULL;
  double price;

  if (device == NULL || device[0] == '\0')
    return refuse (text, "is no DEVICE=PRICE", error);
  price = g_ascii_strtod (sign + 1, &end);
  if (end == sign + 1 || *end != '\0' || !(price >= 0 && price <= MAX_PRICE))
    return refuse (text, "has no price from 0 to 1000000", error);
  if (g_hash_table_contains (prices->named, device))
    return refuse (text, "is a device that has a price already", error);
  g_hash_table_insert (prices->named, g_steal_pointer (&device),
                       g_memdup2 (&(gint64){ to_nano (price) }, sizeof (gint64)));
  return TRUE;
}

OrfCostPrices *
orf_cost_prices_new (const OrfConfig *config, GError **error)
{
  g_autoptr (OrfCostPrices) prices = g_new0 (OrfCostPrices, 1);

  prices->named = orf_names_table_new (g_free, g_free);
  prices->general_nano = config->cost.gpu_hour > 0 ? to_nano (config->cost.gpu_hour)
                                                   : ORF_COST_PRICE_UNKNOWN;
  for (char **text = config->cost.devices; text != NULL && *text != NULL; text++)
    if (!add (prices, *text, error))
      return NULL;
  return g_steal_pointer (&prices);
}

void
orf_cost_prices_free (OrfCostPrices *prices)
{
  if (prices == NULL)
    return;
  g_hash_table_unref (prices->named);
  g_free (prices);
}

gint64
orf_cost_prices_get_nano (const OrfCostPrices *prices, const char *device)
{
  const gint64 *own = g_hash_table_lookup (prices->named, device);

  return own != NULL ? *own : prices->general_nano;
}

gboolean
orf_cost_prices_names (const OrfCostPrices *prices, const char *device)
{
  return g_hash_table_contains (prices->named, device);
}

gboolean
orf_cost_prices_are_known (const OrfCostPrices *prices)
{
  return prices->general_nano >= 0 || g_hash_table_size (prices->named) > 0;
}
