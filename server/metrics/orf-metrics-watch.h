/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "metrics/orf-metrics-parts.h"
#include "rpc/orf-router.h"

G_BEGIN_DECLS

/*
 * metrics.watch: a channel for each (select, period), whose values are encoded once for all who
 * watch it.
 */
typedef struct _OrfMetricsWatch OrfMetricsWatch;

/* Binds the method.  Router and parts outlive it. */
OrfMetricsWatch *orf_metrics_watch_new (OrfRouter *router, const OrfMetricsParts *parts);
/* Ends its streams. */
void orf_metrics_watch_free (OrfMetricsWatch *watch);
/* A frame is through: the open chunks have its values. */
void orf_metrics_watch_tick (OrfMetricsWatch *watch, gint64 t_us);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfMetricsWatch, orf_metrics_watch_free)

G_END_DECLS
