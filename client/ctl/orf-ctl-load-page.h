/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "orf-json.h"

G_BEGIN_DECLS

/* A load test's report (orf_load_report_new()) as one page of HTML that needs nothing else. */
char *orf_ctl_load_page_render (json_t *report);
/* What was measured for one of its requirements, with its unit; NULL: nothing was. */
char *orf_ctl_load_page_format_measured (json_t *requirement);
/* "Failed by: status 3, timeout 1"; NULL: nothing failed.  Of the report. */
char *orf_ctl_load_page_format_faults (json_t *report);

G_END_DECLS
