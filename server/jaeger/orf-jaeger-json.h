/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "otlp/orf-otlp-arena.h"
#include "store/orf-store-traces.h"

G_BEGIN_DECLS

/*
 * Traces as Jaeger's clients read them (the shapes of Jaeger's model/json; which tag says what, as
 * OpenTelemetry's transformation to Jaeger has it).  Pure.
 */

/* One trace, whose spans are OrfSpanRow, at least one; cut: it has more.  arena is for what is
 * needed meanwhile. */
void orf_jaeger_json_add_trace (GString *json,
                                OrfOtlpArena *arena,
                                const GPtrArray *spans,
                                gboolean cut);
/* As Jaeger writes it: half as long where the first half is zeros. */
char *orf_jaeger_json_format_trace_id (const guint8 id[ORF_TRACE_ID_BYTES]);

G_END_DECLS
