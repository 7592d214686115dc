/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

#include "history/orf-sqlite.h"

G_BEGIN_DECLS

/*
 * How a question to the table `samples` is planned, and what its values then ask for.  Pure, but
 * for the one look at how much there is.
 */
typedef enum {
  ORF_SAMPLES_SERIES_ID,
  ORF_SAMPLES_NAME,
  ORF_SAMPLES_LABELS,
  ORF_SAMPLES_T_US,
  ORF_SAMPLES_VALUE,
} OrfSamplesColumn;

/* Rough figures, by which joins are ordered. */
typedef struct {
  double samples;
  double series;
} OrfSamplesSize;

void orf_samples_size_load (OrfSamplesSize *size, sqlite3 *db);
int orf_samples_plan_choose (const OrfSamplesSize *size, sqlite3_index_info *info);

/* What is asked for. */
typedef struct {
  gint64 from_us, to_us; /* from_us <= t_us < to_us */
  gboolean has_ids;      /* only these series */
  GArray *ids;           /* gint64 */
  sqlite3_value *name;   /* borrowed; NULL: any */
  sqlite3_value *labels;
  gboolean is_empty; /* nothing can match */
} OrfSamplesAsk;

/* plan: what choose() left in idxStr. */
void orf_samples_ask_init (OrfSamplesAsk *ask, const char *plan, sqlite3_value **values);
void orf_samples_ask_clear (OrfSamplesAsk *ask);

G_END_DECLS
