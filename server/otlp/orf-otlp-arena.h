/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <protobuf-c/protobuf-c.h>

G_BEGIN_DECLS

/*
 * Memory for one request as it is decoded: given out piece by piece, taken back whole, and bounded.
 * One context at a time.
 */
typedef struct _OrfOtlpArena OrfOtlpArena;

OrfOtlpArena *orf_otlp_arena_new (void);
void orf_otlp_arena_free (OrfOtlpArena *arena);

/* Forgets all that was given out; what follows has max_bytes. */
void orf_otlp_arena_reset (OrfOtlpArena *arena, gsize max_bytes);
/* Not cleared; NULL beyond max_bytes. */
gpointer orf_otlp_arena_alloc (OrfOtlpArena *arena, gsize size);
gpointer orf_otlp_arena_alloc0 (OrfOtlpArena *arena, gsize size);
/* With a NUL behind it. */
char *orf_otlp_arena_copy (OrfOtlpArena *arena, const char *data, gsize length);
/* What may still be given out, about. */
gsize orf_otlp_arena_get_room (const OrfOtlpArena *arena);
/* Something was refused since the last reset. */
gboolean orf_otlp_arena_is_exhausted (const OrfOtlpArena *arena);
/* For protobuf-c: frees nothing. */
ProtobufCAllocator *orf_otlp_arena_get_allocator (OrfOtlpArena *arena);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfOtlpArena, orf_otlp_arena_free)

G_END_DECLS
