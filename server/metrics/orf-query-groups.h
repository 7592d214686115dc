/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "metrics/orf-series-set.h"
#include "metrics/orf-window.h"

G_BEGIN_DECLS

/*
 * The series of an answer: each one found, or those that agree in some labels as one.
 */
typedef struct _OrfQueryGroups OrfQueryGroups;

/* by: NULL: each series for itself; else label keys, borrowed. */
OrfQueryGroups *orf_query_groups_new (const char *const *by);
void orf_query_groups_free (OrfQueryGroups *groups);

/* one is borrowed; takes points (OrfPoint, by time) and rollups (OrfRollup, by time; may be NULL).
 * A series without any is left out. */
void orf_query_groups_add (OrfQueryGroups *groups,
                           const OrfSelected *one,
                           GArray *points,
                           GArray *rollups);

/* How many have points at or after from_us: as many as orf_query_groups_aggregate() will tell. */
guint orf_query_groups_count (const OrfQueryGroups *groups, gint64 from_us);

/* Both: OrfMetricsSeriesPoints by canonical text, owned by the array.  Of UNSET, the aggregate is
 * that of the series' kind.  Taking points leaves the groups empty. */
GPtrArray *orf_query_groups_aggregate (OrfQueryGroups *groups, const OrfWindowSpec *spec);
GPtrArray *orf_query_groups_take_points (OrfQueryGroups *groups);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfQueryGroups, orf_query_groups_free)

G_END_DECLS
