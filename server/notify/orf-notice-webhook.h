/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "orf-schema-types.h"

G_BEGIN_DECLS

/* The JSON that Alertmanager POSTs to its webhook receivers, version "4"
 * (prometheus.io/docs/alerting/latest/configuration, webhook_config), so that what was made for it
 * takes ours.  Pure. */
GString *orf_notice_webhook_format (const OrfAlertTelling *telling, const char *external_url);

G_END_DECLS
