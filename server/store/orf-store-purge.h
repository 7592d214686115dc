/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "store/orf-store-pins.h"

G_BEGIN_DECLS

/*
 * Old rows of a table whose rowids grow with time go, some a step and without an index: a cursor
 * remembers which of the rows at its front are kept in spite of their age.
 */
typedef struct {
  const char *scan_sql; /* rowid and time of the ORF_PURGE_ROWS rows behind ?1, in order */
  const char *drop_sql; /* the rows from ?1 to ?2 */
  gint64 rowid;         /* seen up to here */
  gint64 old_rowid;     /* the last seen that was old */
  gint64 ahead_rowid;   /* the first seen that was ahead of the clock, and stays; 0: none */
} OrfPurge;

#define ORF_PURGE_ROWS 256
/* The two statements of a table. */
#define ORF_PURGE_SCAN_SQL(table, column)                                                          \
  "SELECT rowid, " column " FROM " table " WHERE rowid > ?1 ORDER BY rowid LIMIT 256"
#define ORF_PURGE_DROP_SQL(table) "DELETE FROM " table " WHERE rowid BETWEEN ?1 AND ?2"

typedef struct {
  gint64 before_us; /* what is older goes */
  /* What is further ahead than this was written by a clock that was wrong; it goes with what came
   * after it. */
  gint64 ahead_us;
  gint64 trim_to_rowid; /* these go whatever their age; 0: none */
  const OrfPins *pins;  /* what stays; NULL: nothing */
} OrfPurgeLimits;

/* From the front again: after pins have gone, or a transaction was lost. */
void orf_purge_restart (OrfPurge *purge);
/* In the caller's transaction; *more: there may be more to do at once. */
gboolean orf_purge_step (OrfPurge *purge,
                         OrfConnection *connection,
                         const OrfPurgeLimits *limits,
                         gboolean *more,
                         GError **error);

G_END_DECLS
