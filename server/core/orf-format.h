/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Quantities in sentences for people, in English and for every locale the same. */

/* "512.0 MiB" */
char *orf_format_bytes (double bytes);
/* In the largest unit of which there are two: "90 s", "20 min", "5.0 h", "3.2 d". */
char *orf_format_span (gint64 us);
/* Three digits that matter, and no exponent: "0.0125", "36", "5990". */
char *orf_format_number (double value);

G_END_DECLS
