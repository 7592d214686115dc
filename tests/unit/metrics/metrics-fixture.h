/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "../store/store-fixture.h"
#include "core/orf-config.h"
#include "metrics/orf-registry.h"

/* A registry over a real file of its own. */
typedef struct {
  StoreFixture store;
  OrfConfig *config;
  OrfRegistry *registry;
} MetricsFixture;

void metrics_fixture_set_up (MetricsFixture *fixture, gconstpointer data);
void metrics_fixture_tear_down (MetricsFixture *fixture, gconstpointer data);
/* As after a stop and a start. */
void metrics_fixture_restart (MetricsFixture *fixture);

/* Waits for the series; NULL when refused, with the error. */
OrfSeries *metrics_fixture_resolve (MetricsFixture *fixture,
                                    const char *name,
                                    const char *const *labels,
                                    GError **error);
/* One sample, written and waited for, and in the open chunk. */
void metrics_fixture_record (MetricsFixture *fixture, OrfSeries *series, gint64 t_us, double value);
