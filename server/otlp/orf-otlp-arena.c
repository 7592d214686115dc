/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "otlp/orf-otlp-arena.h"

#include <string.h>

#include "core/orf-poison.h"

/* A request of a thousand points fits into one. */
#define BLOCK_BYTES (256 * 1024)
/* Any of protobuf-c's structs, and any double. */
#define ALIGNMENT 16

typedef struct _Block Block;
struct _Block {
  Block *next;
  gsize size, used; /* of data */
  _Alignas(ALIGNMENT) guint8 data[];
};

struct _OrfOtlpArena {
  ProtobufCAllocator allocator;
  Block *blocks; /* the first one is given out from; the last one is kept */
  gsize held_bytes, max_bytes;
  gboolean exhausted;
};

static void *
alloc_cb (void *data, size_t size)
{
  return orf_otlp_arena_alloc (data, size);
}

static void
free_cb (void *data G_GNUC_UNUSED, void *memory G_GNUC_UNUSED)
{
}

static Block *
add_block (OrfOtlpArena *arena, gsize size)
{
  Block *block = g_malloc (sizeof *block + size);

  *block = (Block){ .next = arena->blocks, .size = size };
  ORF_POISON_FORBID (block->data, size);
  arena->blocks = block;
  arena->held_bytes += size;
  return block;
}

OrfOtlpArena *
orf_otlp_arena_new (void)
{
  OrfOtlpArena *arena = g_new0 (OrfOtlpArena, 1);

  arena->allocator = (ProtobufCAllocator){ alloc_cb, free_cb, arena };
  add_block (arena, BLOCK_BYTES);
  return arena;
}

void
orf_otlp_arena_free (OrfOtlpArena *arena)
{
  orf_otlp_arena_reset (arena, 0);
  g_free (arena->blocks);
  g_free (arena);
}

void
orf_otlp_arena_reset (OrfOtlpArena *arena, gsize max_bytes)
{
  while (arena->blocks->next != NULL) {
    Block *next = arena->blocks->next;

    g_free (arena->blocks);
    arena->blocks = next;
  }
  arena->blocks->used = 0;
  ORF_POISON_FORBID (arena->blocks->data, arena->blocks->size);
  arena->held_bytes = arena->blocks->size;
  arena->max_bytes = max_bytes;
  arena->exhausted = FALSE;
}

gpointer
orf_otlp_arena_alloc (OrfOtlpArena *arena, gsize size)
{
  Block *block = arena->blocks;
  gsize room = (MAX (size, 1) + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT + ORF_POISON_GAP;
  gpointer memory;

  if (room < size || room > block->size - block->used) {
    if (room < size || room > arena->max_bytes || arena->held_bytes > arena->max_bytes - room) {
      arena->exhausted = TRUE;
      return NULL;
    }
    block = add_block (arena, MAX (room, BLOCK_BYTES));
  }
  memory = block->data + block->used;
  block->used += room;
  ORF_POISON_ALLOW (memory, size);
  return memory;
}

gpointer
orf_otlp_arena_alloc0 (OrfOtlpArena *arena, gsize size)
{
  gpointer memory = orf_otlp_arena_alloc (arena, size);

  return memory != NULL ? memset (memory, 0, size) : NULL;
}

char *
orf_otlp_arena_copy (OrfOtlpArena *arena, const char *data, gsize length)
{
  char *copy = orf_otlp_arena_alloc (arena, length + 1);

  if (copy == NULL)
    return NULL;
  if (length > 0)
    memcpy (copy, data, length);
  copy[length] = '\0';
  return copy;
}

gsize
orf_otlp_arena_get_room (const OrfOtlpArena *arena)
{
  return arena->max_bytes > arena->held_bytes ? arena->max_bytes - arena->held_bytes : 0;
}

gboolean
orf_otlp_arena_is_exhausted (const OrfOtlpArena *arena)
{
  return arena->exhausted;
}

ProtobufCAllocator *
orf_otlp_arena_get_allocator (OrfOtlpArena *arena)
{
  return &arena->allocator;
}
