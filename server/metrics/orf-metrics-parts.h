/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "core/orf-memory.h"
#include "metrics/orf-registry.h"

G_BEGIN_DECLS

/* What the methods metrics.* work with; outlives the router they are bound to. */
typedef struct {
  OrfRegistry *registry;
  OrfStore *store;
  const OrfConfig *config;
  OrfMemory *memory; /* NULL: nothing is counted */
} OrfMetricsParts;

G_END_DECLS
