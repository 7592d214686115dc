/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Invariant: a piece in the list of class n has room for n * STEP bytes at least.  Nothing is
 * shared: a piece that another thread frees is that thread's from then on, and what it keeps
 * goes with it.
 */
#include "core/orf-json-cache.h"

#include <malloc.h>

#include <jansson.h>

#include "core/orf-sanitized.h"

/* Pieces come in steps of malloc's own; larger ones are rare. */
#define STEP      16
#define N_CLASSES 17
#define LARGEST   (STEP * (N_CLASSES - 1))

typedef struct _Piece Piece;
struct _Piece {
  Piece *next;
};

static __thread Piece *lists[N_CLASSES];
static __thread gsize kept_bytes;
static __thread gboolean ends_noticed;

static void
free_lists_cb (gpointer unused)
{
  (void) unused;
  for (guint class = 0; class < N_CLASSES; class ++)
    while (lists[class] != NULL) {
      Piece *piece = lists[class];

      lists[class] = piece->next;
      free (piece);
    }
  kept_bytes = 0;
  ends_noticed = FALSE; /* others that end with the thread may free trees after us */
}

static GPrivate thread_end = G_PRIVATE_INIT (free_lists_cb);

static void
notice_end (void)
{
  if (ends_noticed)
    return;
  ends_noticed = TRUE;
  g_private_set (&thread_end, &ends_noticed); /* any value: NULL would not be told */
}

void *
orf_json_cache_alloc (size_t size)
{
  guint class = (guint) ((MAX (size, 1) + STEP - 1) / STEP);
  Piece *piece;

  if (size > LARGEST)
    return malloc (size);
  piece = lists[class];
  if (piece == NULL)
    return malloc (class * STEP);
  lists[class] = piece->next;
  kept_bytes -= class * STEP;
  return piece;
}

void
orf_json_cache_free (void *memory)
{
  gsize class = malloc_usable_size (memory) / STEP;
  Piece *piece = memory;

  if (class == 0 || class >= N_CLASSES || kept_bytes >= ORF_JSON_CACHE_BYTES) {
    free (memory);
    return;
  }
  notice_end ();
  piece->next = lists[class];
  lists[class] = piece;
  kept_bytes += class * STEP;
}

gsize
orf_json_cache_get_size_bytes (void)
{
  return kept_bytes;
}

void
orf_json_cache_use (void)
{
  if (!ORF_SANITIZED) /* which is to see each piece for itself */
    json_set_alloc_funcs (orf_json_cache_alloc, orf_json_cache_free);
}
