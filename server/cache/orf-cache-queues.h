/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "cache/orf-cache-cell.h"

G_BEGIN_DECLS

/*
 * Who has to go: S3-FIFO.  What is new waits in a small queue; at its end it goes on to the main
 * one if it was asked for meanwhile, and out if not.  The main queue's end goes round once more for
 * each visit.  What went out and comes back soon goes to the main queue at once.  A hit moves
 * nothing.  doc/cache.md says what else was measured.
 */
typedef struct _OrfCacheQueues OrfCacheQueues;

typedef enum { ORF_CACHE_SMALL, ORF_CACHE_MAIN } OrfCacheQueueId;

OrfCacheQueues *orf_cache_queues_new (gsize max_bytes, gsize max_entries);
void orf_cache_queues_free (OrfCacheQueues *queues);

void orf_cache_queues_add (OrfCacheQueues *queues, OrfCacheCell *entry);
/* In place of another, which is removed: in its queue, as its newest, and as well known. */
void
orf_cache_queues_add_for (OrfCacheQueues *queues, OrfCacheCell *entry, const OrfCacheCell *other);
void orf_cache_queues_remove (OrfCacheQueues *queues, OrfCacheCell *entry);
void orf_cache_queues_visit (OrfCacheCell *entry);
/* Takes out who has to go; NULL: nobody is there. */
OrfCacheCell *orf_cache_queues_evict (OrfCacheQueues *queues);
gsize orf_cache_queues_get_size_bytes (const OrfCacheQueues *queues);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfCacheQueues, orf_cache_queues_free)

G_END_DECLS
