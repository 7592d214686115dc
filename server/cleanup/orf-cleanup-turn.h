/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "cleanup/orf-cleanup-crew.h"
#include "cleanup/orf-cleanup-verdict.h"
#include "store/orf-store-cleanups.h"
#include "workers/orf-workers.h"

G_BEGIN_DECLS

/*
 * A worker's turn in a cleanup: it is measured, asked, and measured until what it frees has come to
 * rest.  Who looks at memory, and when, is the cleanup's.  Main context.
 */
typedef struct _OrfCleanupTurn OrfCleanupTurn;

/* What all turns of an attempt share; outlives them. */
typedef struct {
  OrfWorkers *workers;
  OrfCleanupLevel level;
  char *reason;     /* told to who is asked */
  gboolean unified; /* the device shares the host's memory */
  gint64 settle_us; /* how long memory has to be flat */
  gint64 grace_us;  /* how long it may take to follow an answer */
  /* One answered: memory is worth a look at once. */
  void (*answered) (gpointer user_data);
  gpointer user_data;
} OrfCleanupTurns;

/* What a look says for one turn; bytes -1: unknown. */
typedef struct {
  gint64 t_us; /* monotonic: when the look began */
  gint64 device_bytes;
  gint64 process_bytes; /* the worker's own */
} OrfCleanupSight;

/* member and turns outlive it.  end_us: monotonic; it is over by then. */
OrfCleanupTurn *
orf_cleanup_turn_new (const OrfCleanupTurns *turns, const OrfCleanupMember *member, gint64 end_us);
/* Who was asked is told that nobody waits any more. */
void orf_cleanup_turn_free (OrfCleanupTurn *turn);

/* Asks; sight is of just before. */
void orf_cleanup_turn_begin (OrfCleanupTurn *turn, const OrfCleanupSight *sight);
/* Once it has begun; TRUE: it is over now, or was already. */
gboolean orf_cleanup_turn_look (OrfCleanupTurn *turn, const OrfCleanupSight *sight);
gboolean orf_cleanup_turn_is_over (const OrfCleanupTurn *turn);
/* It is over with its next look. */
void orf_cleanup_turn_hurry (OrfCleanupTurn *turn);
/* Memory may fall and rise again at any moment now: it is looked at as often as may be. */
gboolean orf_cleanup_turn_is_tense (const OrfCleanupTurn *turn);

const OrfCleanupMember *orf_cleanup_turn_get_member (const OrfCleanupTurn *turn);
/* Of one that is over. */
const OrfTurn *orf_cleanup_turn_get_outcome (const OrfCleanupTurn *turn);
OrfCleanupWorkerRow *orf_cleanup_turn_make_row (const OrfCleanupTurn *turn);
/* What the worker still holds idle: by its report since it was asked, else by what it told before
 * and what was measured; -1: not known. */
gint64 orf_cleanup_turn_get_retained_bytes (const OrfCleanupTurn *turn);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfCleanupTurn, orf_cleanup_turn_free)

G_END_DECLS
