/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "transport/orf-session-table.h"

#include <string.h>

typedef struct {
  guint8 id_hash[ORF_TOKEN_HASH_BYTES];
  GList link;
  OrfSessionOwner owner;
  gint64 begun_us;
  gint64 used_us;
} Session;

struct _OrfSessionTable {
  /* By the hash of the id: how far two ids agree shows in the time that a comparison takes, how
   * far their hashes do tells nothing. */
  GHashTable *sessions;
  GQueue by_age; /* the oldest first */
};

/* The key is a hash already, and of what nobody chooses. */
static guint
hash_cb (gconstpointer key)
{
  guint value;

  memcpy (&value, key, sizeof value);
  return value;
}

static gboolean
equal_cb (gconstpointer a, gconstpointer b)
{
  return memcmp (a, b, ORF_TOKEN_HASH_BYTES) == 0;
}

OrfSessionTable *
orf_session_table_new (void)
{
  OrfSessionTable *table = g_new0 (OrfSessionTable, 1);

  table->sessions = g_hash_table_new_full (hash_cb, equal_cb, NULL, g_free);
  g_queue_init (&table->by_age);
  return table;
}

void
orf_session_table_free (OrfSessionTable *table)
{
  if (table == NULL)
    return;
  g_hash_table_unref (table->sessions);
  g_free (table);
}

guint
orf_session_table_get_n_sessions (const OrfSessionTable *table)
{
  return g_hash_table_size (table->sessions);
}

static void
end (OrfSessionTable *table, Session *session)
{
  g_queue_unlink (&table->by_age, &session->link);
  g_hash_table_remove (table->sessions, session->id_hash);
}

static gboolean
is_over (const Session *session, const OrfSessionLimits *limits, gint64 now_us)
{
  return now_us - session->begun_us >= limits->life_us ||
         now_us - session->used_us >= limits->idle_us;
}

static gboolean
equal_owners (const OrfSessionOwner *a, const OrfSessionOwner *b)
{
  return a->kind == b->kind && memcmp (a->token_hash, b->token_hash, sizeof a->token_hash) == 0;
}

static void
make_room (OrfSessionTable *table,
           const OrfSessionOwner *owner,
           const OrfSessionLimits *limits,
           gint64 now_us)
{
  Session *own = NULL;
  GList *next;

  for (GList *link = table->by_age.head; link != NULL; link = next) {
    Session *session = link->data;

    next = link->next;
    if (is_over (session, limits, now_us))
      end (table, session);
    else if (own == NULL && equal_owners (&session->owner, owner))
      own = session;
  }
  while (table->by_age.length > 0 && table->by_age.length >= limits->max_sessions) {
    end (table, own != NULL ? own : g_queue_peek_head (&table->by_age));
    own = NULL;
  }
}

char *
orf_session_table_open (OrfSessionTable *table,
                        const OrfSessionOwner *owner,
                        const OrfSessionLimits *limits,
                        gint64 now_us)
{
  g_autofree char *id = orf_token_new ();
  Session *session = g_new0 (Session, 1);

  make_room (table, owner, limits, now_us);
  orf_token_hash (id, session->id_hash);
  session->owner = *owner;
  session->begun_us = session->used_us = now_us;
  session->link.data = session;
  g_queue_push_tail_link (&table->by_age, &session->link);
  g_hash_table_insert (table->sessions, session->id_hash, session);
  return g_steal_pointer (&id);
}

const OrfSessionOwner *
orf_session_table_find_hash (OrfSessionTable *table,
                             const guint8 id_hash[ORF_TOKEN_HASH_BYTES],
                             const OrfSessionLimits *limits,
                             gint64 now_us)
{
  Session *session = g_hash_table_lookup (table->sessions, id_hash);

  if (session == NULL)
    return NULL;
  if (is_over (session, limits, now_us)) {
    end (table, session);
    return NULL;
  }
  session->used_us = now_us;
  return &session->owner;
}

const OrfSessionOwner *
orf_session_table_find (OrfSessionTable *table,
                        const char *id,
                        const OrfSessionLimits *limits,
                        gint64 now_us)
{
  guint8 hash[ORF_TOKEN_HASH_BYTES];

  orf_token_hash (id, hash);
  return orf_session_table_find_hash (table, hash, limits, now_us);
}

gboolean
orf_session_table_close (OrfSessionTable *table, const char *id)
{
  guint8 hash[ORF_TOKEN_HASH_BYTES];
  Session *session;

  orf_token_hash (id, hash);
  session = g_hash_table_lookup (table->sessions, hash);
  if (session == NULL)
    return FALSE;
  end (table, session);
  return TRUE;
}
