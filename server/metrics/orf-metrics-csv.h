/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "orf-schema-types.h"

G_BEGIN_DECLS

/*
 * Series as a table in CSV by RFC 4180: a line for each t_us, a column for each series.
 *
 * Spreadsheets take a cell for a formula that begins with =, +, -, @, a tab or a carriage return,
 * in quotes or not.  Here none does: a series' text begins with its name, and so with a letter or
 * "_" (orf_series_name_check()), and all else is numbers.  So texts are told unchanged, and are
 * what metrics.query takes as its selector.
 */

/* series: of OrfMetricsSeriesPoints, each by time.  FALSE: the table has more than max_cells, its
 * lines times its series; out is then of no use. */
gboolean
orf_metrics_csv_append (GString *out, const GPtrArray *series, guint64 max_cells, gint64 *n_rows);

G_END_DECLS
