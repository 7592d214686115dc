/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "orf-token.h"

G_BEGIN_DECLS

/*
 * The sessions of browsers: a random id in a cookie, and who it stands for.  What he may do is not
 * kept here but looked up by each use, so that a session is worth what its token is worth now.
 *
 * Times are monotonic, and the caller's: nothing here looks at a clock.
 */
typedef struct _OrfSessionTable OrfSessionTable;

typedef enum {
  ORF_SESSION_LOOPBACK, /* the page, where no token is asked; only good on loopback */
  ORF_SESSION_COOKIE,   /* who showed the cookie file's token */
  ORF_SESSION_TOKEN,    /* who showed one of the token file's */
} OrfSessionKind;

typedef struct {
  OrfSessionKind kind;
  guint8 token_hash[ORF_TOKEN_HASH_BYTES]; /* of ORF_SESSION_TOKEN, else 0 */
} OrfSessionOwner;

typedef struct {
  guint max_sessions;
  gint64 idle_us; /* since its last use */
  gint64 life_us; /* since it began */
} OrfSessionLimits;

OrfSessionTable *orf_session_table_new (void);
void orf_session_table_free (OrfSessionTable *table);

/* The id of a new session.  When there are too many, the owner's oldest ends, or, if he has none,
 * the oldest of all: so nobody's own sessions can push out another's while he has some. */
char *orf_session_table_open (OrfSessionTable *table,
                              const OrfSessionOwner *owner,
                              const OrfSessionLimits *limits,
                              gint64 now_us);
/* NULL: no such session, or its time is over.  Counts as a use.  Until the table's next change. */
const OrfSessionOwner *orf_session_table_find (OrfSessionTable *table,
                                               const char *id,
                                               const OrfSessionLimits *limits,
                                               gint64 now_us);
/* The same of the one whose id has that hash. */
const OrfSessionOwner *
orf_session_table_find_hash (OrfSessionTable *table,
                             const guint8 id_hash[ORF_TOKEN_HASH_BYTES],
                             const OrfSessionLimits *limits,
                             gint64 now_us);
/* FALSE: there was none. */
gboolean orf_session_table_close (OrfSessionTable *table, const char *id);
guint orf_session_table_get_n_sessions (const OrfSessionTable *table);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfSessionTable, orf_session_table_free)

G_END_DECLS
