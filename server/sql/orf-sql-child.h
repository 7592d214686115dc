/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/*
 * One run of orfeas-sql: a line in, a bounded answer out, and its end.  Main context.
 */
typedef struct _OrfSqlChild OrfSqlChild;

/* It has ended and is reaped.  problem NULL: as it should, and answer is all that it wrote;
 * "was killed by signal 9 (Killed)" otherwise. */
typedef void (*OrfSqlChildEnded) (gpointer user_data, const GString *answer, const char *problem);

/* Takes ask, a line with its newline.  UNAVAILABLE where the program cannot be started; `ended` is
 * not called then. */
OrfSqlChild *orf_sql_child_start (const char *program,
                                  char *ask,
                                  gsize max_answer_bytes,
                                  OrfSqlChildEnded ended,
                                  gpointer user_data,
                                  GError **error);
/* `ended` comes all the same. */
void orf_sql_child_kill (OrfSqlChild *child);
/* Kills it where it still runs; `ended` does not come any more. */
void orf_sql_child_free (OrfSqlChild *child);
gsize orf_sql_child_get_size_bytes (const OrfSqlChild *child);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfSqlChild, orf_sql_child_free)

G_END_DECLS
