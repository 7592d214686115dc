/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "orf-json.h"
#include "orf-load-verdict.h"

G_BEGIN_DECLS

/* A run as load_test_report.json: under the original's names, in its milliseconds; and under
 * "orfeas" all that was measured, in microseconds. */
typedef struct {
  const OrfLoadResult *result;
  const char *target;                      /* the URL */
  const OrfLoadRequirements *limit;        /* of a level */
  const OrfLoadRequirements *requirements; /* of the run; NULL: none */
} OrfLoadReport;

json_t *orf_load_report_new (const OrfLoadReport *report);
/* It holds what is required; where nothing is, not all of its requests failed. */
gboolean orf_load_report_passed (const OrfLoadReport *report);

G_END_DECLS
