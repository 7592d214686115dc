/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "metrics/orf-metrics-parts.h"
#include "metrics/orf-selector.h"

G_BEGIN_DECLS

/*
 * The series that a selector means, active ones and those that only the file has any more.
 */
typedef struct {
  char *text; /* canonical */
  char *name;
  char **labels;
  OrfSeriesKind kind;
  char *unit, *help; /* may be NULL */
  gint64 id;
  gint64 created_us, last_us; /* 0: no sample yet */
  OrfSeries *active;          /* held; NULL: retired */
  gsize held_bytes;           /* counted for it */
} OrfSelected;

/* selected: OrfSelected, by canonical text; the set's owner frees it with orf_series_set_free(). */
typedef void (*OrfSeriesSetDone) (gpointer user_data, GPtrArray *selected, const GError *error);

/* RESOURCE_EXHAUSTED where queries hold all they may.  selector NULL: all.  since_us: what had no
 * sample since does not matter; where no retired series can have one, the answer comes at once,
 * else from the store. */
void orf_series_set_select (const OrfMetricsParts *parts,
                            const OrfSelector *selector,
                            gint64 since_us,
                            OrfCancel *cancel,
                            OrfSeriesSetDone done,
                            gpointer user_data);
void orf_series_set_free (const OrfMetricsParts *parts, GPtrArray *selected);

G_END_DECLS
