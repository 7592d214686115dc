/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cache/orf-cache-journal.h"

#include "core/orf-timer.h"

/* From a change until it is told. */
#define TELL_MS 1
/* Told one by one in a millisecond: more than the cache's thread can write in that time, unless
 * they come by the hundred in one call.  Beyond, everything is told as gone. */
#define MAX_KEYS     1000
#define MAX_BYTES    (32 * 1024)
#define MAX_PATTERNS 16

static const char every_key[] = "*";

struct _OrfCacheJournal {
  OrfCacheJournalTold told;
  gpointer user_data;
  gboolean is_heard;
  guint64 version;
  OrfCacheChangeSet *set; /* to be told; NULL: nothing is */
  gboolean is_all;        /* its pattern means all: no more is put down */
  GSource *timer;         /* runs while there is a set */
};

OrfCacheJournal *
orf_cache_journal_new (OrfCacheJournalTold told, gpointer user_data)
{
  OrfCacheJournal *journal = g_new0 (OrfCacheJournal, 1);

  journal->told = told;
  journal->user_data = user_data;
  journal->version = 1;
  return journal;
}

static OrfCacheChangeSet *
set_new (void)
{
  OrfCacheChangeSet *set = g_new0 (OrfCacheChangeSet, 1);

  set->keys = g_array_new (FALSE, FALSE, sizeof (OrfCacheChange));
  set->text = g_string_new (NULL);
  set->patterns = g_ptr_array_new_with_free_func (g_free);
  return set;
}

void
orf_cache_change_set_free (OrfCacheChangeSet *set)
{
  g_array_unref (set->keys);
  g_string_free (set->text, TRUE);
  g_ptr_array_unref (set->patterns);
  g_free (set);
}

static void
forget_set (OrfCacheJournal *journal)
{
  g_clear_pointer (&journal->timer, orf_timer_stop);
  g_clear_pointer (&journal->set, orf_cache_change_set_free);
  journal->is_all = FALSE;
}

void
orf_cache_journal_free (OrfCacheJournal *journal)
{
  forget_set (journal);
  g_free (journal);
}

void
orf_cache_journal_listen (OrfCacheJournal *journal, gboolean is_heard)
{
  journal->is_heard = is_heard;
  if (!is_heard)
    forget_set (journal);
}

guint64
orf_cache_journal_get_version (const OrfCacheJournal *journal)
{
  return journal->version;
}

static gboolean
tell_cb (gpointer user_data)
{
  OrfCacheJournal *journal = user_data;
  OrfCacheChangeSet *set = g_steal_pointer (&journal->set);

  forget_set (journal);
  set->version = journal->version;
  journal->told (journal->user_data, set);
  return G_SOURCE_REMOVE;
}

/* The set that the newest change goes into; NULL: it need not. */
static OrfCacheChangeSet *
open_set (OrfCacheJournal *journal)
{
  if (!journal->is_heard || journal->is_all)
    return NULL;
  if (journal->set == NULL) {
    journal->set = set_new ();
    journal->timer = orf_timer_start (TELL_MS, tell_cb, journal);
  }
  return journal->set;
}

static void
tell_all (OrfCacheJournal *journal, OrfCacheChangeSet *set)
{
  journal->is_all = TRUE;
  g_array_set_size (set->keys, 0);
  g_string_truncate (set->text, 0);
  g_ptr_array_set_size (set->patterns, 0);
  g_ptr_array_add (set->patterns, g_strdup (every_key));
}

guint64
orf_cache_journal_add_key (OrfCacheJournal *journal, OrfCacheBytes key)
{
  OrfCacheChange change = { .version = ++journal->version };
  OrfCacheChangeSet *set = open_set (journal);

  /* what another program wrote on a node, and no caller of ours can name, nobody holds */
  if (set == NULL || !g_utf8_validate (key.data, (gssize) key.length, NULL))
    return change.version;
  if (set->keys->len == MAX_KEYS || set->text->len + key.length > MAX_BYTES) {
    tell_all (journal, set);
    return change.version;
  }
  change.offset = set->text->len;
  g_array_append_val (set->keys, change);
  g_string_append_len (set->text, key.data, (gssize) key.length);
  g_string_append_c (set->text, 0);
  return change.version;
}

void
orf_cache_journal_add_pattern (OrfCacheJournal *journal, const char *pattern)
{
  OrfCacheChangeSet *set;

  journal->version++;
  set = open_set (journal);
  if (set == NULL)
    return;
  if (pattern == NULL || g_str_equal (pattern, every_key) || set->patterns->len == MAX_PATTERNS)
    tell_all (journal, set);
  else
    g_ptr_array_add (set->patterns, g_strdup (pattern));
}
