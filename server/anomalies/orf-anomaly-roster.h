/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "anomalies/orf-anomaly-docket.h"

G_BEGIN_DECLS

/*
 * All series that are watched, and the crews that they are in, by entity and pace; with what was
 * saved of crews that nobody came back to yet.  Belongs to the desk.
 */
typedef struct _OrfAnomalyRoster OrfAnomalyRoster;

/* What [anomaly] says. */
typedef struct {
  double alarms_per_day;       /* > 0 */
  gint64 look_back_us;         /* 0: as built */
  double threshold_deviations; /* 0: none */
  guint forests;               /* crews that may have one: those that first have enough series */
} OrfAnomalyWishes;

/* A series that comes.  Numbers are never used again. */
typedef struct {
  guint number;
  char *text, *entity;
  gboolean counter;
  gboolean departs; /* it ends with what it is of: that is no silence */
  gint64 shape_us;  /* length of the shapes that are to have come before; 0: that is not asked */
} OrfAnomalyOpening;

/* A crew, and what the desk has seen of it. */
typedef struct {
  OrfAnomalyCrew *crew;
  guint number; /* by age */
  OrfAnomalyParty party;
  gboolean silent;   /* that is what is strange */
  gint64 strange_us; /* awake time, of the last row that was */
  gint64 saved_us;   /* awake time; 0: never looked at */
} OrfAnomalyPost;

OrfAnomalyRoster *orf_anomaly_roster_new (const OrfAnomalyWishes *wishes);
void orf_anomaly_roster_free (OrfAnomalyRoster *roster);

/* A crew that was saved; taken. */
void orf_anomaly_roster_remember (OrfAnomalyRoster *roster, OrfAnomalyStateRow *row);
void orf_anomaly_roster_wish (OrfAnomalyRoster *roster, const OrfAnomalyWishes *wishes);

void orf_anomaly_roster_open (OrfAnomalyRoster *roster, const OrfAnomalyOpening *opening);
/* The post that is left without series by it, to be dropped; NULL: none. */
OrfAnomalyPost *orf_anomaly_roster_close (OrfAnomalyRoster *roster, guint number);
void orf_anomaly_roster_drop (OrfAnomalyRoster *roster, OrfAnomalyPost *post);

/* A sample of the series came at t_us: where it belongs.  NULL: there is no such series, or its
 * pace is not known yet. */
OrfAnomalyPost *
orf_anomaly_roster_place (OrfAnomalyRoster *roster, guint number, gint64 t_us, guint *place);
OrfAnomalyPost *
orf_anomaly_roster_get_post (const OrfAnomalyRoster *roster, const OrfAnomalyCrew *crew);
/* OrfAnomalyPost by subject; not to be changed. */
GHashTable *orf_anomaly_roster_get_posts (const OrfAnomalyRoster *roster);

/* NULL: there is no such series. */
const char *orf_anomaly_roster_get_text (const OrfAnomalyRoster *roster, guint number);
/* Also of one that is gone. */
gboolean orf_anomaly_roster_departs (const OrfAnomalyRoster *roster, guint number);

guint orf_anomaly_roster_get_n_series (const OrfAnomalyRoster *roster);
guint orf_anomaly_roster_get_n_crews (const OrfAnomalyRoster *roster);
gsize orf_anomaly_roster_get_bytes (const OrfAnomalyRoster *roster);

G_END_DECLS
