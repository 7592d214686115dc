/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "otlp/orf-otlp-arena.h"
#include "store/orf-store-traces.h"

G_BEGIN_DECLS

/*
 * Spans of the store as the body of an OTLP request: what orf_otlp_spans_map() would make the same
 * rows of.  Spans of one source stand together.  rows: OrfSpanRow with source_no; arena is for what
 * is needed meanwhile.  NULL where it has no room.  Pure.
 */
GString *orf_otlp_write_spans (OrfOtlpArena *arena, const GPtrArray *rows);

G_END_DECLS
