/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "notify/orf-notifier.h"
#include "orf-schema-config.h"
#include "store/orf-store-silences.h"

G_BEGIN_DECLS

/* The silences in force and to come, as the file has them.  Main context. */
typedef struct _OrfAlertSilences OrfAlertSilences;

/* config outlives it. */
OrfAlertSilences *orf_alert_silences_new (const OrfConfig *config, OrfStore *store, GError **error);
void orf_alert_silences_free (OrfAlertSilences *silences);
/* From now on it knows of them; NULL: nobody any more. */
void orf_alert_silences_set_notifier (OrfAlertSilences *silences, OrfNotifier *notifier);

/* OrfSilenceRow by id, borrowed; those that are over by now are dropped. */
const GPtrArray *orf_alert_silences_list (OrfAlertSilences *silences, gint64 now_us);
/* NULL: there is none. */
const OrfSilenceRow *orf_alert_silences_find (OrfAlertSilences *silences, gint64 id, gint64 now_us);
/* A new one's id; INVALID_ARGUMENT: matchers; RESOURCE_EXHAUSTED: [alerts] max_silences. */
gint64
orf_alert_silences_take_id (OrfAlertSilences *silences, const char *matchers, GError **error);
/* It is in the file: takes row, in the place of one of that id. */
void orf_alert_silences_put (OrfAlertSilences *silences, OrfSilenceRow *row);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfAlertSilences, orf_alert_silences_free)

G_END_DECLS
