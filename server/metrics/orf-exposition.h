/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "metrics/orf-exposition-format.h"
#include "metrics/orf-registry.h"

G_BEGIN_DECLS

/*
 * What GET /metrics answers: the newest value of every active series, in the text of Prometheus.
 * Main context.
 */
typedef struct _OrfExposition OrfExposition;

/* registry outlives it. */
OrfExposition *orf_exposition_new (OrfRegistry *registry);
void orf_exposition_free (OrfExposition *exposition);

/* Borrowed until the next call.  Made anew when a sample came since, but not so often that it would
 * take more than a twentieth of the loop's time. */
const char *
orf_exposition_get_text (OrfExposition *exposition, OrfExpositionFormat format, gsize *length);
/* For status.get. */
gsize orf_exposition_get_size_bytes (OrfExposition *exposition);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfExposition, orf_exposition_free)

G_END_DECLS
