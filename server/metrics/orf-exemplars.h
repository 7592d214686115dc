/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "metrics/orf-exposition-source.h"

G_BEGIN_DECLS

/*
 * What stands behind a sample in OpenMetrics: a trace that it counted.  Of built-in counters alone.
 */
typedef struct {
  guint line; /* of the sheet */
  char *text; /* " # {...} VALUE TIME" */
} OrfExemplar;

/* The text of one, taken; NULL: there is none.  Main context. */
typedef char *(*OrfExemplarFunc) (gpointer user_data, const OrfSeries *series);

/* Of OrfExemplar, by line. */
GArray *orf_exemplars_new (const GArray *sources, OrfExemplarFunc func, gpointer user_data);

/* labels: key, value, ..., NULL. */
char *orf_exemplar_format (const char *const *labels, double value, gint64 t_us);

G_END_DECLS
