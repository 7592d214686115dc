/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef enum {
  ORF_EXPOSITION_TEXT,        /* Prometheus' text, version 0.0.4 */
  ORF_EXPOSITION_OPENMETRICS, /* version 1.0.0 */
  ORF_EXPOSITION_N_FORMATS
} OrfExpositionFormat;

/* By the Accept header, NULL where none came: OpenMetrics for who asks for it by name and likes it
 * no less, else the text, also for who says that it takes neither.  Pure. */
OrfExpositionFormat orf_exposition_format_choose (const char *accept);
const char *orf_exposition_format_get_type (OrfExpositionFormat format);

G_END_DECLS
