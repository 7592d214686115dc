/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The process ends at a statement of SQL: before it, after it, or in the commit that it is part of.
 */
#include "shim.h"

#include <ctype.h>
#include <string.h>

/* As sqlite3.h has them, which is not needed for more. */
typedef struct sqlite3 sqlite3;
typedef struct sqlite3_stmt sqlite3_stmt;
const char *sqlite3_sql (sqlite3_stmt *statement);
int sqlite3_step (sqlite3_stmt *statement);
int sqlite3_exec (sqlite3 *db,
                  const char *sql,
                  int (*callback) (void *, int, char **, char **),
                  void *data,
                  char **message);

/* That text, not as the beginning of a longer name. */
static bool
mentions (const char *sql, const char *text)
{
  size_t length = strlen (text);

  for (; (sql = strstr (sql, text)) != NULL; sql++)
    if (!isalnum ((unsigned char) sql[length]) && sql[length] != '_')
      return true;
  return false;
}

/* Nobody else writes to the WAL until it is committed. */
static void
arm_commit (void)
{
  ShimPage *page = shim_get_page ();

  page->files = SHIM_WAL;
  page->action = SHIM_KILL_TORN;
  page->times = 1;
  __atomic_store_n (&page->ops, SHIM_WRITE, __ATOMIC_SEQ_CST);
}

static ShimStatementAction
meet (const char *sql)
{
  ShimPage *page = shim_get_page ();
  int64_t action;

  if (page == NULL || sql == NULL)
    return SHIM_STATEMENT_PASS;
  action = __atomic_load_n (&page->statement_action, __ATOMIC_SEQ_CST);
  if (action == SHIM_STATEMENT_PASS || !mentions (sql, page->statement) ||
      __atomic_sub_fetch (&page->statement_skip, 1, __ATOMIC_SEQ_CST) >= 0)
    return SHIM_STATEMENT_PASS;
  __atomic_add_fetch (&page->met, 1, __ATOMIC_SEQ_CST);
  if (action == SHIM_STATEMENT_KILL)
    shim_kill ();
  if (action == SHIM_STATEMENT_KILL_IN_COMMIT)
    arm_commit ();
  return (ShimStatementAction) action;
}

int
sqlite3_step (sqlite3_stmt *statement)
{
  SHIM_NEXT (sqlite3_step)
  ShimStatementAction action = meet (sqlite3_sql (statement));
  int code = next (statement);

  if (action == SHIM_STATEMENT_KILL_AFTER)
    shim_kill ();
  return code;
}

int
sqlite3_exec (sqlite3 *db,
              const char *sql,
              int (*callback) (void *, int, char **, char **),
              void *data,
              char **message)
{
  SHIM_NEXT (sqlite3_exec)
  ShimStatementAction action = meet (sql);
  int code = next (db, sql, callback, data, message);

  if (action == SHIM_STATEMENT_KILL_AFTER)
    shim_kill ();
  return code;
}
