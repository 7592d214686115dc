/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "metrics/orf-frame.h"
#include "store/orf-store-anomalies.h"

G_BEGIN_DECLS

/* Anomalies that go on and are told, as series that rules of alerts can be about.  Main context. */
typedef struct _OrfAnomalyOpen OrfAnomalyOpen;

OrfAnomalyOpen *orf_anomaly_open_new (void);
void orf_anomaly_open_free (OrfAnomalyOpen *self);
/* Each time that it changes. */
void orf_anomaly_open_note (OrfAnomalyOpen *self, const OrfAnomalyRecord *row);
/* The highest score of an entity by kind and severity; 0 once when it is over. */
void orf_anomaly_open_fill (OrfAnomalyOpen *self, OrfFrame *frame);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfAnomalyOpen, orf_anomaly_open_free)

G_END_DECLS
