/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "incidents/orf-incident-service.h"
#include "orf-schema-config.h"
#include "store/orf-store.h"

G_BEGIN_DECLS

/*
 * The flight recorder's black box: when something breaks, the ten minutes before it and the minute
 * after it become an incident, whose samples retention leaves alone.  What breaks again within ten
 * minutes makes that incident longer.  Main context.
 */
typedef struct _OrfBlackBox OrfBlackBox;

/* All outlive it; config is read at each record. */
OrfBlackBox *
orf_black_box_new (const OrfConfig *config, OrfStore *store, OrfIncidentService *incidents);
void orf_black_box_free (OrfBlackBox *box);

/* title: what broke and where, the same whenever it is the same; reason: what was seen.  Never
 * fails: what cannot be kept is in the log. */
void orf_black_box_record (OrfBlackBox *box, const char *title, const char *reason, gint64 at_us);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfBlackBox, orf_black_box_free)

G_END_DECLS
