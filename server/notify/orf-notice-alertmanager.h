/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "orf-schema-types.h"

G_BEGIN_DECLS

/* The body of POST /api/v2/alerts (postableAlerts in Alertmanager's api/v2/openapi.yaml): what
 * fires does so until now_us + valid_us unless it is pushed again.  Pure.  alerts: OrfAlertTold. */
GString *orf_notice_alertmanager_format (const GPtrArray *alerts,
                                         const char *external_url,
                                         gint64 now_us,
                                         gint64 valid_us);

G_END_DECLS
