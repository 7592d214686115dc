/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cost/orf-cost-prices.h"

#include <string.h>

#include "core/orf-config.h"
#include "cost/orf-cost-service.h"
#include "orf-error.h"

/* devices: parted by commas. */
static OrfConfig *
make_config (double gpu_hour, const char *devices)
{
  OrfConfig *config = orf_config_new_defaults ();

  config->cost.gpu_hour = gpu_hour;
  g_strfreev (config->cost.devices);
  config->cost.devices = g_strsplit (devices, ",", -1);
  return config;
}

static void
test_by_device (void)
{
  g_autoptr (OrfConfig) config = make_config (2.5, "pci-0000:3b:00.0=1.25,a=b=0,simulated-1=3e-9");
  g_autoptr (GError) error = NULL;
  g_autoptr (OrfCostPrices) prices = orf_cost_prices_new (config, &error);

  g_assert_no_error (error);
  g_assert_cmpint (orf_cost_prices_get_nano (prices, "x"), ==, 2500000000);
  g_assert_cmpint (orf_cost_prices_get_nano (prices, "pci-0000:3b:00.0"), ==, 1250000000);
  g_assert_cmpint (orf_cost_prices_get_nano (prices, "a=b"), ==, 0);
  g_assert_cmpint (orf_cost_prices_get_nano (prices, "simulated-1"), ==, 3);
  g_assert_true (orf_cost_prices_names (prices, "a=b"));
  g_assert_false (orf_cost_prices_names (prices, "x"));
}

static void
test_none (void)
{
  g_autoptr (OrfConfig) config = make_config (0, ""), some = make_config (0, "a=1");
  g_autoptr (OrfCostPrices) prices = orf_cost_prices_new (config, NULL);
  g_autoptr (OrfCostPrices) others = orf_cost_prices_new (some, NULL);

  g_assert_cmpint (orf_cost_prices_get_nano (prices, "x"), ==, ORF_COST_PRICE_UNKNOWN);
  g_assert_false (orf_cost_prices_are_known (prices));
  g_assert_cmpint (orf_cost_prices_get_nano (others, "x"), ==, ORF_COST_PRICE_UNKNOWN);
  g_assert_true (orf_cost_prices_are_known (others));
}

static void
assert_refused (const OrfConfig *config, const char *field)
{
  g_autoptr (GError) error = NULL;

  g_assert_false (orf_cost_service_check (config, &error));
  g_assert_error (error, ORF_ERROR, ORF_ERROR_INVALID_ARGUMENT);
  g_assert_nonnull (strstr (error->message, field));
}

static void
test_refused (void)
{
  static const char *const bad[] = { "a",     "=1",    "a=",     "a=-1",    "a=1x",
                                     "a=nan", "a=inf", "a=1e99", "a=1,a=2", "a=1000001" };
  g_autoptr (OrfConfig) config = make_config (1, "a=1");

  g_assert_true (orf_cost_service_check (config, NULL));
  for (guint i = 0; i < G_N_ELEMENTS (bad); i++) {
    g_autoptr (OrfConfig) wrong = make_config (1, bad[i]);

    assert_refused (wrong, "cost.devices");
  }
  g_free (config->cost.gb_counter);
  config->cost.gb_counter = g_strdup ("{");
  assert_refused (config, "cost.gb_counter");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/cost-prices/by-device", test_by_device);
  g_test_add_func ("/cost-prices/none", test_none);
  g_test_add_func ("/cost-prices/refused", test_refused);
  return g_test_run ();
}
