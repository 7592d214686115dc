/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "alerts/orf-alert-book.h"
#include "notify/orf-notifier.h"
#include "store/orf-store-alerts.h"

G_BEGIN_DECLS

/* An alert as callers and streams are told of it.  book and notifier may be NULL: what its rule
 * says, and what holds its telling back, is not known then. */
OrfAlertInfo *
orf_alert_info_make (const OrfAlertRow *row, const OrfAlertBook *book, OrfNotifier *notifier);

G_END_DECLS
