/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sql/orf-sql-error.h"

#include <string.h>

#include "orf-error.h"

#define FIELD "sql"

/* Lines and columns as editors count them, columns in characters. */
static char *
describe_place (const char *sql, int offset)
{
  const char *at = sql + MIN ((gsize) MAX (offset, 0), strlen (sql));
  const char *start = at;
  guint line = 1;

  while (start > sql && start[-1] != '\n')
    start--;
  for (const char *c = sql; c < start; c++)
    line += *c == '\n';
  return g_strdup_printf ("line %u, column %ld", line, g_utf8_strlen (start, at - start) + 1);
}

GError *
orf_sql_error_new_at (const char *sql, int offset, const char *message)
{
  g_autofree char *place = NULL;

  if (offset < 0)
    return orf_error_new_field (ORF_ERROR_INVALID_ARGUMENT, FIELD, NULL, "sql: %s", message);
  place = describe_place (sql, offset);
  return orf_error_new_field (ORF_ERROR_INVALID_ARGUMENT, FIELD, NULL, "sql: %s, at %s", message,
                              place);
}

static GError *
new_plain (OrfErrorCode code, const char *message)
{
  return g_error_new (ORF_ERROR, (int) code, "sql: %s", message);
}

GError *
orf_sql_error_new (sqlite3 *db, int code, const char *sql)
{
  const char *message = sqlite3_errmsg (db);

  switch (code & 0xff) {
  case SQLITE_AUTH:
  case SQLITE_READONLY:
  case SQLITE_PERM:
    return orf_error_new_field (ORF_ERROR_PERMISSION_DENIED, FIELD, NULL, "sql: %s", message);
  case SQLITE_TOOBIG:
    return new_plain (ORF_ERROR_RESOURCE_EXHAUSTED, "a text or blob is longer than may be");
  case SQLITE_NOMEM:
    return new_plain (ORF_ERROR_RESOURCE_EXHAUSTED,
                      "the statement needs more than [sql] max_memory_bytes");
  case SQLITE_INTERRUPT:
    return new_plain (ORF_ERROR_DEADLINE_EXCEEDED,
                      "the statement took longer than [sql] max_us or the caller's deadline: ask "
                      "for less");
  case SQLITE_BUSY:
  case SQLITE_LOCKED:
  case SQLITE_IOERR:
  case SQLITE_CANTOPEN:
  case SQLITE_PROTOCOL:
    return new_plain (ORF_ERROR_UNAVAILABLE, message);
  case SQLITE_CORRUPT:
  case SQLITE_NOTADB:
    return new_plain (ORF_ERROR_DATA_LOSS, message);
  default:
    return orf_sql_error_new_at (sql, sqlite3_error_offset (db), message);
  }
}
