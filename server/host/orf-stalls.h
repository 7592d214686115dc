/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "core/orf-turn.h"
#include "orf-schema-config.h"

G_BEGIN_DECLS

/*
 * What held the main loop up for longer than [host] stall_us, by who did: counted since the start,
 * the latest kept, and said in the log.  Main context, which it watches while it lives.
 */
typedef struct _OrfStalls OrfStalls;

typedef struct {
  char *source; /* "call metrics.record" */
  gint64 t_us;  /* when it was over */
  gint64 took_us, cpu_us;
} OrfStall;

/* config outlives it. */
OrfStalls *orf_stalls_new (const OrfConfig *config);
void orf_stalls_free (OrfStalls *stalls);

/* The latest, of at most ORF_STALLS_KEPT; NULL: there are no more.  i: 0 is the newest.  Borrowed.
 */
#define ORF_STALLS_KEPT 10
const OrfStall *orf_stalls_get (const OrfStalls *stalls, guint i);

/* How many by each source; the name is borrowed. */
typedef void (*OrfStallsCount) (gpointer user_data, const char *source, guint64 n);
void orf_stalls_count (const OrfStalls *stalls, OrfStallsCount count, gpointer user_data);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfStalls, orf_stalls_free)

G_END_DECLS
