/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "metrics/orf-series-set.h"

G_BEGIN_DECLS

/*
 * What is measured now: the newest sample of each series of a selector.  Those of this run come
 * from memory, others from the file, so that it works on a file with no daemon too.
 */
typedef struct {
  const OrfSelected *selected;
  OrfPoint point;
} OrfNewest;

/* newest: OrfNewest by canonical text, good until the function returns; without those whose sample
 * is older than the newest of all, and than now, by more than together_us: they are gone. */
typedef void (*OrfNewestDone) (gpointer user_data,
                               const OrfNewest *newest,
                               guint n_newest,
                               const GError *error);

/* Takes the selector. */
void orf_newest_read (const OrfMetricsParts *parts,
                      OrfSelector *selector,
                      gint64 together_us,
                      OrfCancel *cancel,
                      OrfNewestDone done,
                      gpointer user_data);

G_END_DECLS
