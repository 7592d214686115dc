/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "metrics/orf-prometheus-name.h"

G_BEGIN_DECLS

/*
 * Which names of families and samples are taken, so that no two metrics are told by one.  Whoever
 * claims first has a name; doc/prometheus.md says who does.
 */
typedef struct _OrfPrometheusClaims OrfPrometheusClaims;

/* With the names taken that Prometheus and the page have for themselves. */
OrfPrometheusClaims *orf_prometheus_claims_new (void);
void orf_prometheus_claims_free (OrfPrometheusClaims *claims);

/* family: without _total.  It and all that its samples are called, or FALSE and nothing. */
gboolean
orf_prometheus_claims_take (OrfPrometheusClaims *claims, const char *family, OrfSeriesKind kind);
/* Takes the family's plain name, or else one with a tag that is made of own_name, ours. */
char *orf_prometheus_claims_choose (OrfPrometheusClaims *claims,
                                    const OrfPrometheusName *name,
                                    const char *own_name,
                                    OrfSeriesKind kind);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfPrometheusClaims, orf_prometheus_claims_free)

G_END_DECLS
