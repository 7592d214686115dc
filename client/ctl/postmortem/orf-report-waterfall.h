/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "orf-report.h"

G_BEGIN_DECLS

/* One trace, a row a span, each with a bar of when it ran.  FALSE: it has no spans. */
gboolean orf_report_add_waterfall (OrfReport *report, json_t *waterfall);

G_END_DECLS
