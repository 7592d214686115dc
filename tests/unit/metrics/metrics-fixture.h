/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "../store/store-fixture.h"
#include "core/orf-config.h"
#include "metrics/orf-metrics-parts.h"
#include "rpc/orf-peer.h"

/* A registry over a real file of its own. */
typedef struct {
  StoreFixture store;
  OrfConfig *config;
  OrfRegistry *registry;
  OrfMetricsParts parts;
  OrfRouter *router; /* record and define are bound */
  OrfPeer *peer;
  GPtrArray *answers; /* texts */
} MetricsFixture;

void metrics_fixture_set_up (MetricsFixture *fixture, gconstpointer data);
void metrics_fixture_tear_down (MetricsFixture *fixture, gconstpointer data);
/* As after a stop and a start. */
/* The same, and meanwhile at most n steps of packing. */
void metrics_fixture_restart_packed (MetricsFixture *fixture, guint n);
void metrics_fixture_restart (MetricsFixture *fixture);

/* Waits for the series; NULL when refused, with the error. */
OrfSeries *metrics_fixture_resolve (MetricsFixture *fixture,
                                    const char *name,
                                    const char *const *labels,
                                    GError **error);
/* One sample, written and waited for, and in the open chunk. */
void metrics_fixture_record (MetricsFixture *fixture, OrfSeries *series, gint64 t_us, double value);

/* Sends one JSON text, without waiting. */
void metrics_fixture_send (MetricsFixture *fixture, const char *text);
/* The n-th answer since the last start, waited for. */
const char *metrics_fixture_wait (MetricsFixture *fixture, guint n);
/* One call, waited for; params and meta as JSON text, meta may be NULL. */
const char *metrics_fixture_call (MetricsFixture *fixture,
                                  const char *method,
                                  const char *params,
                                  const char *meta);
/* It must be refused with this status and field (NULL: any). */
void metrics_fixture_refused (MetricsFixture *fixture,
                              const char *method,
                              const char *params,
                              const char *status,
                              const char *field);
