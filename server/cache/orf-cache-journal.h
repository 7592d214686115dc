/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "cache/orf-cache-level.h"

G_BEGIN_DECLS

/*
 * What happens to keys, counted and told, for those who hold values themselves (cache.watch).
 *
 * Each change has a number, its version, one higher than the one before it.  A value that is
 * answered goes with the version of that moment: whoever holds it drops it when a change of its key
 * with a higher one is told.  So it does not matter which of the two comes first, nor by which
 * connection.
 *
 * Changes are told together, a millisecond after the first: one wakes a watcher at most a thousand
 * times a second, however much is written.  More than fits is told as one pattern that means all.
 * While nobody listens they are only counted.  In the context of the thread that makes it.
 */
typedef struct _OrfCacheJournal OrfCacheJournal;

typedef struct {
  guint64 version;
  gsize offset; /* of the key in the set's text, where it ends with NUL */
} OrfCacheChange;

typedef struct {
  guint64 version; /* all up to this are told with it, or were before */
  GArray *keys;    /* OrfCacheChange, in the order in which they happened */
  GString *text;
  GPtrArray *patterns; /* as orf_cache_match() has them */
} OrfCacheChangeSet;

/* set: taken. */
typedef void (*OrfCacheJournalTold) (gpointer user_data, OrfCacheChangeSet *set);

OrfCacheJournal *orf_cache_journal_new (OrfCacheJournalTold told, gpointer user_data);
void orf_cache_journal_free (OrfCacheJournal *journal);

/* Whether somebody wants to be told. */
void orf_cache_journal_listen (OrfCacheJournal *journal, gboolean is_heard);
/* Returns the change's version. */
guint64 orf_cache_journal_add_key (OrfCacheJournal *journal, OrfCacheBytes key);
/* pattern NULL: all keys. */
void orf_cache_journal_add_pattern (OrfCacheJournal *journal, const char *pattern);
/* Of the last change; 1: there was none. */
guint64 orf_cache_journal_get_version (const OrfCacheJournal *journal);

void orf_cache_change_set_free (OrfCacheChangeSet *set);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfCacheJournal, orf_cache_journal_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfCacheChangeSet, orf_cache_change_set_free)

G_END_DECLS
