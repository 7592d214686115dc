/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "anomaly/orf-anomaly-group.h"
#include "stats/orf-tail.h"
#include "store/orf-store-anomalies.h"

G_BEGIN_DECLS

/*
 * The series of an entity that come at the same pace: their samples become rows, and what the group
 * says of a row is told as how rare it is among all that it said of this entity, so that one
 * threshold serves entities of every kind.  What no longer comes is judged by how long it has been
 * missing before.  Time is that of the samples, but for what is missing, where it is the time that
 * the daemon was awake.  Belongs to one thread.
 */
typedef struct _OrfAnomalyCrew OrfAnomalyCrew;

typedef struct {
  gint64 t_us;
  OrfAnomalyGroupVerdict group;
  float rarity;       /* -log10 of how rare such a score is here; 0: nothing, or told already */
  float whole_rarity; /* the same, told or not */
} OrfAnomalyCrewVerdict;

/* A row ended.  TRUE: it is of an anomaly, and no example of what is usual, for now. */
typedef gboolean (*OrfAnomalyJudged) (gpointer user_data,
                                      OrfAnomalyCrew *crew,
                                      const OrfAnomalyCrewVerdict *verdict);

typedef struct {
  const char *entity;
  guint part;      /* where one crew has no room for all series of the entity */
  gint64 step_us;  /* > 0 */
  gint64 phase_us; /* rows begin at multiples of the step, and this */
  guint number;    /* as OrfAnomalySetup has it */
} OrfAnomalyCrewSetup;

/* Its name in `anomaly_state`. */
char *orf_anomaly_crew_make_subject (const char *entity, guint part, gint64 step_us);

OrfAnomalyCrew *orf_anomaly_crew_new (const OrfAnomalyCrewSetup *setup);
/* The same, from what was saved of it; NULL: it is of no use. */
OrfAnomalyCrew *
orf_anomaly_crew_restore (const OrfAnomalyCrewSetup *setup, const OrfAnomalyStateRow *saved);
void orf_anomaly_crew_free (OrfAnomalyCrew *crew);

/* number: the owner's, > 0; text: by which it is known again.  FALSE: there is no room. */
gboolean orf_anomaly_crew_join (
  OrfAnomalyCrew *crew, guint number, const char *text, gboolean counter, guint *place);
void orf_anomaly_crew_leave (OrfAnomalyCrew *crew, guint place);
void orf_anomaly_crew_tune (OrfAnomalyCrew *crew, const OrfAnomalyTuning *tuning);
/* As orf_anomaly_group_set_forest(); what was saved with one has it. */
void orf_anomaly_crew_set_forest (OrfAnomalyCrew *crew, gboolean forest);
/* As orf_anomaly_group_set_discord(). */
void orf_anomaly_crew_set_discord (OrfAnomalyCrew *crew, guint place, guint window);
/* Nobody is there. */
gboolean orf_anomaly_crew_is_empty (const OrfAnomalyCrew *crew);

typedef struct {
  gint64 t_us;
  double value;
  gint64 awake_us;
  gboolean live; /* it is of now, and not of the past */
} OrfAnomalyArrival;

/* FALSE: it is late, or not finite, and passed over. */
gboolean orf_anomaly_crew_take (OrfAnomalyCrew *crew,
                                guint place,
                                const OrfAnomalyArrival *arrival,
                                OrfAnomalyJudged judged,
                                gpointer user_data);
/* With each frame: a row that waits for values that do not come ends. */
void orf_anomaly_crew_look (OrfAnomalyCrew *crew,
                            gint64 awake_us,
                            OrfAnomalyJudged judged,
                            gpointer user_data);

/* What has stopped: the strangest one's place, how rare that it is missing for so long, and since
 * when.  FALSE: nothing is missing for longer than three rows. */
typedef struct {
  guint place;
  float rarity;
  gint64 since_us; /* event time: when the next sample was due */
  gint64 missing_us;
} OrfAnomalySilence;
gboolean orf_anomaly_crew_find_silent (const OrfAnomalyCrew *crew,
                                       gint64 awake_us,
                                       OrfAnomalySilence *silence);
/* Whether the place's series is missing as above. */
gboolean orf_anomaly_crew_is_silent (const OrfAnomalyCrew *crew, guint place, gint64 awake_us);

const char *orf_anomaly_crew_get_entity (const OrfAnomalyCrew *crew);
const char *orf_anomaly_crew_get_subject (const OrfAnomalyCrew *crew);
gint64 orf_anomaly_crew_get_step_us (const OrfAnomalyCrew *crew);
const OrfAnomalyGroup *orf_anomaly_crew_get_group (const OrfAnomalyCrew *crew);
/* Of a place; 0: nobody is there. */
guint orf_anomaly_crew_get_number (const OrfAnomalyCrew *crew, guint place);
gsize orf_anomaly_crew_get_bytes (const OrfAnomalyCrew *crew);

/* Those who were there when it was saved, and did not come back, leave. */
void orf_anomaly_crew_forget_absent (OrfAnomalyCrew *crew);
OrfAnomalyStateRow *orf_anomaly_crew_save (const OrfAnomalyCrew *crew, gint64 now_us);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfAnomalyCrew, orf_anomaly_crew_free)

G_END_DECLS
