/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "scrape/orf-exposition-token.h"

G_BEGIN_DECLS

/* More than metrics.record takes: vllm:cache_config_info has 21. */
#define ORF_SCRAPE_MAX_LABELS 32

/*
 * The labels that a scraped sample is stored with, sorted: its own, but for empty ones, which are
 * as none, and target.  An own label target becomes exported_target, as in Prometheus.  Pure.
 *
 * text: as orf_exposition_take_labels() gave them.  INVALID_ARGUMENT: one stands twice, they are
 * too many, or too long (orf_series_name_check_labels()).
 */
char **orf_scrape_labels_new (OrfExpositionSlice text, const char *target, GError **error);

G_END_DECLS
