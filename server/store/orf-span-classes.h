/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/*
 * Classes of durations: the buckets of `span.duration_us`, and of each of which an exemplar is
 * kept.
 */
#define ORF_SPAN_N_BOUNDS  14
#define ORF_SPAN_N_CLASSES (ORF_SPAN_N_BOUNDS + 1)
/* In the column `class` beside them: one that failed. */
#define ORF_SPAN_CLASS_FAILED 100

/* A class has what is longer than the bound before, up to its own; the last has no bound. */
extern const gint64 orf_span_bounds_us[ORF_SPAN_N_BOUNDS];
guint orf_span_get_class (gint64 duration_us);

G_END_DECLS
