/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "metrics/orf-metrics-parts.h"
#include "rpc/orf-router.h"

G_BEGIN_DECLS

/*
 * The dashboard set: the few series that everyone looks at, sent to all who listen at /ws/metrics,
 * and summed up by dashboard.summary.  What is made of a frame is made once.
 */
typedef struct _OrfDashboard OrfDashboard;

/* Whether orf_dashboard_new() would take [dashboard] series. */
gboolean orf_dashboard_check (const OrfConfig *config, GError **error);
/* Binds dashboard.summary; the series are [dashboard] series, or those the schema marks.
 * INVALID_ARGUMENT for a selector that is none.  Router and parts outlive it. */
OrfDashboard *orf_dashboard_new (OrfRouter *router, const OrfMetricsParts *parts, GError **error);
/* Ends its streams. */
void orf_dashboard_free (OrfDashboard *dashboard);
/* Looks at [dashboard] series again; where a selector is none the set stays as it was. */
gboolean orf_dashboard_reload (OrfDashboard *dashboard, GError **error);
/* A frame is through: the open chunks have its values. */
void orf_dashboard_tick (OrfDashboard *dashboard, gint64 t_us);

/* Of the messages of /ws/metrics. */
OrfChannel *orf_dashboard_get_channel (OrfDashboard *dashboard);
/* The first of them, with the history.  Borrowed until the next tick. */
OrfBlob *orf_dashboard_get_first (OrfDashboard *dashboard);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfDashboard, orf_dashboard_free)

G_END_DECLS
