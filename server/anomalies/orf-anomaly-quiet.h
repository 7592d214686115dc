/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Of the like of what somebody called known or noise, up to this height. */
typedef struct {
  char *key; /* orf_anomaly_quiet_make_key() */
  double score;
} OrfAnomalyQuiet;

/* The like: entity, series, detector and direction.  To be freed. */
char *orf_anomaly_quiet_make_key (const char *entity,
                                  const char *series,
                                  const char *detector,
                                  int direction);

/* All of them, to be looked up.  Pure. */
typedef struct _OrfAnomalyQuietSet OrfAnomalyQuietSet;

OrfAnomalyQuietSet *orf_anomaly_quiet_set_new (void);
void orf_anomaly_quiet_set_free (OrfAnomalyQuietSet *set);
/* In place of those there were; quiets: OrfAnomalyQuiet, copied. */
void orf_anomaly_quiet_set_fill (OrfAnomalyQuietSet *set, const GArray *quiets);
gboolean orf_anomaly_quiet_set_is_empty (const OrfAnomalyQuietSet *set);
gboolean
orf_anomaly_quiet_set_covers (const OrfAnomalyQuietSet *set, const char *key, double score);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfAnomalyQuietSet, orf_anomaly_quiet_set_free)

G_END_DECLS
