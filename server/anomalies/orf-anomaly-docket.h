/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "anomalies/orf-anomaly-case.h"
#include "anomalies/orf-anomaly-quiet.h"
#include "anomaly/orf-alarm-gate.h"

G_BEGIN_DECLS

/*
 * The anomalies that go on, and the one gate that says how strange a row must be to begin one.
 * Belongs to the desk.
 */
typedef struct _OrfAnomalyDocket OrfAnomalyDocket;

/* What one entity has to do with them; all 0 at first. */
typedef struct {
  OrfAnomalyCase *anomaly; /* it has part in; NULL: nothing is strange */
  OrfAnomalySight last;    /* the alarm of its last case; entity: none yet where NULL */
} OrfAnomalyParty;

typedef struct {
  OrfAnomalyRecord *row;
  gboolean told; /* it began, its severity rose, it ended */
} OrfAnomalyFinding;

OrfAnomalyDocket *orf_anomaly_docket_new (gint64 next_id, double alarms_per_day);
void orf_anomaly_docket_free (OrfAnomalyDocket *docket);

/* What the gate knew before, where it is of use. */
void orf_anomaly_docket_restore (OrfAnomalyDocket *docket, GBytes *state, double alarms_per_day);
GBytes *orf_anomaly_docket_save (const OrfAnomalyDocket *docket);
void orf_anomaly_docket_promise (OrfAnomalyDocket *docket, double alarms_per_day);
/* OrfAnomalyQuiet: all that there are; copied. */
void orf_anomaly_docket_set_quiets (OrfAnomalyDocket *docket, const GArray *quiets);

/* rarity: -log10 of how rare a row of step_us is among all of n_crews; what it is in rows of the
 * gate's step. */
double orf_anomaly_docket_score (gint64 step_us, float rarity, guint n_crews);
gboolean orf_anomaly_docket_is_alarm (const OrfAnomalyDocket *docket, double score);
/* An anomaly that began goes on with such a row. */
gboolean orf_anomaly_docket_is_strange (const OrfAnomalyDocket *docket, double score);

/* An alarm: of the case that its entity has, of one that began at this moment, or of a new one.
 * text: of the sight's series; NULL: it is no more. */
void orf_anomaly_docket_raise (OrfAnomalyDocket *docket,
                               OrfAnomalyParty *party,
                               const OrfAnomalySight *sight,
                               const char *text);
/* The entity is usual again. */
void orf_anomaly_docket_leave (OrfAnomalyParty *party);

/* So much time went by. */
void orf_anomaly_docket_pass (OrfAnomalyDocket *docket, gint64 passed_us);
/* Adds OrfAnomalyFinding of what changed. */
void orf_anomaly_docket_tell (OrfAnomalyDocket *docket,
                              gint64 awake_us,
                              OrfAnomalyTextOf text_of,
                              gpointer user_data,
                              GArray *findings);
GArray *orf_anomaly_findings_new (void);

guint orf_anomaly_docket_get_n_open (const OrfAnomalyDocket *docket);
double orf_anomaly_docket_get_threshold (const OrfAnomalyDocket *docket);

G_END_DECLS
