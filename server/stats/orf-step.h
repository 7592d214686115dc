/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* So many distances between the first rows of a series tell its step. */
#define ORF_STEP_ROWS 8

/* Their median, as it is: of times out of order it may be below 1. */
gint64 orf_step_measure_us (const gint64 first[ORF_STEP_ROWS + 1]);

G_END_DECLS
