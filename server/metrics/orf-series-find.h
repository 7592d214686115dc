/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "metrics/orf-series-set.h"

G_BEGIN_DECLS

/*
 * Series by their canonical texts, active ones and those that only the file has any more.
 */

/* selected: in the order of texts.  INVALID_ARGUMENT, field series.N, where a text is none,
 * or is there twice; NOT_FOUND, the same field, where no series has it.  texts is there until done
 * is called. */
void orf_series_set_find (const OrfMetricsParts *parts,
                          const char *const *texts,
                          OrfCancel *cancel,
                          OrfSeriesSetDone done,
                          gpointer user_data);

G_END_DECLS
