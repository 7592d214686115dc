/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "forecast/orf-outlook.h"

const char *
orf_regime_get_word (OrfRegime regime)
{
  static const char *const words[] = {
    [ORF_REGIME_UNKNOWN] = "unknown",
    [ORF_REGIME_QUIET] = "quiet",
    [ORF_REGIME_STEPWISE] = "stepwise",
    [ORF_REGIME_SPIKY] = "spiky",
  };

  g_return_val_if_fail ((guint) regime < G_N_ELEMENTS (words), NULL);
  return words[regime];
}
