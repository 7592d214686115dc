/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/*
 * Labels as Prometheus is told them, and in the text that it reads: {k="v",l="w"}, or nothing.
 * Pure.  labels are as in OrfSeries.
 */

/* As they are told: key, value, …, NULL, with keys that are legal, each once and sorted, and
 * without empty values, which Prometheus takes for none.  without_le: a bucket's, whose le is told
 * apart. */
char **orf_exposition_labels_dup_told (char *const *labels, gboolean without_le);
/* A built-in metric's, as its export has them: key, value, …, NULL; $NAME is the value of NAME. */
char **orf_exposition_labels_dup_exported (const char *const *export_labels, char *const *labels);

/* What is told already, key, value, …, NULL, as text. */
char *orf_exposition_labels_write (char *const *told);
/* They are told as they stand in the series' canonical text. */
gboolean orf_exposition_labels_are_plain (char *const *labels);
/* orf_exposition_labels_dup_told() as text.  le: of a bucket, told last, in place of the label of
 * that name; else NULL. */
char *orf_exposition_labels_to_text (char *const *labels, const char *le);
/* orf_exposition_labels_dup_exported() as text. */
char *orf_exposition_labels_export (const char *const *export_labels, char *const *labels);
/* A bucket's bound, as OpenMetrics wants it: "0.5", "1.0", "1e+06", "+Inf". */
char *orf_exposition_labels_dup_le (double bound);

G_END_DECLS
