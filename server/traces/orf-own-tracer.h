/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "core/orf-config.h"
#include "metrics/orf-sampler.h"
#include "rpc/orf-router.h"

G_BEGIN_DECLS

/*
 * The daemon's own calls, and what was slow of them, as spans in its own file ([trace]
 * service_name).  A call of a trace that its caller records is in that trace; of the others a share
 * ([trace] sample_percent) begin one.  Calls of traces.*, streams and the writing of these spans
 * are in none: a look at traces would make more of them.  Main context.
 */
typedef struct _OrfOwnTracer OrfOwnTracer;

typedef struct {
  const OrfConfig *config;
  OrfRouter *router;
  OrfStore *store;
  OrfSampler *sampler;
} OrfOwnTracerParts;

/* NULL: [trace] service_name is empty.  The parts outlive its use. */
OrfOwnTracer *orf_own_tracer_new (const OrfOwnTracerParts *parts);
/* Nothing more is traced; what it has goes to the store, which answers later. */
void orf_own_tracer_stop (OrfOwnTracer *tracer);
/* After the store and the sampler. */
void orf_own_tracer_free (OrfOwnTracer *tracer);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfOwnTracer, orf_own_tracer_free)

G_END_DECLS
