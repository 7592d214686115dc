/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sql/orf-sql-guard.h"

#include <string.h>

#include "sql/orf-samples-table.h"
#include "sql/orf-sql-error.h"
#include "sql/orf-sql-printf.h"

/* The longest text or blob: a chunk of ORF_CHUNK_MAX_POINTS that does not pack at all. */
#define MAX_VALUE_BYTES (17 * 1024 * 1024)

struct _OrfSqlGuard {
  GHashTable *tables; /* names in lower case */
  char *denied;
};

/* Sorted by strcmp(), for bsearch(). */
static const char *const functions[] = {
  "->",
  "->>",
  "abs",
  "acos",
  "acosh",
  "asin",
  "asinh",
  "atan",
  "atan2",
  "atanh",
  "avg",
  "ceil",
  "ceiling",
  "char",
  "coalesce",
  "concat",
  "concat_ws",
  "cos",
  "cosh",
  "count",
  "cume_dist",
  "current_date",
  "current_time",
  "current_timestamp",
  "date",
  "datetime",
  "degrees",
  "dense_rank",
  "exp",
  "first_value",
  "floor",
  "format",
  "glob",
  "group_concat",
  "hex",
  "if",
  "ifnull",
  "iif",
  "instr",
  "json",
  "json_array",
  "json_array_length",
  "json_error_position",
  "json_extract",
  "json_group_array",
  "json_group_object",
  "json_insert",
  "json_object",
  "json_patch",
  "json_pretty",
  "json_quote",
  "json_remove",
  "json_replace",
  "json_set",
  "json_type",
  "json_valid",
  "julianday",
  "lag",
  "last_value",
  "lead",
  "length",
  "like",
  "likelihood",
  "likely",
  "ln",
  "log",
  "log10",
  "log2",
  "lower",
  "ltrim",
  "max",
  "min",
  "mod",
  "nth_value",
  "ntile",
  "nullif",
  "octet_length",
  "percent_rank",
  "pi",
  "pow",
  "power",
  "printf",
  "quote",
  "radians",
  "random",
  "randomblob",
  "rank",
  "replace",
  "round",
  "row_number",
  "rtrim",
  "sign",
  "sin",
  "sinh",
  "soundex",
  "sqlite_version",
  "sqrt",
  "strftime",
  "string_agg",
  "substr",
  "substring",
  "sum",
  "tan",
  "tanh",
  "time",
  "timediff",
  "total",
  "trim",
  "trunc",
  "typeof",
  "unhex",
  "unicode",
  "unixepoch",
  "unlikely",
  "upper",
  "zeroblob",
};

/* Those that tell of the file or of SQLite; of the last group only with no value, which would set
 * them. */
static const char *const pragmas[] = {
  "collation_list", "compile_options", "database_list", "foreign_key_list", "function_list",
  "index_info",     "index_list",      "index_xinfo",   "module_list",      "pragma_list",
  "table_info",     "table_list",      "table_xinfo",
};
static const char *const readable_pragmas[] = {
  "application_id", "auto_vacuum", "data_version", "encoding",       "freelist_count",
  "journal_mode",   "page_count",  "page_size",    "schema_version", "user_version",
};

/* Beside what the file's schema names: SQLite's own, ours, and by which rows of a schema are read.
 * Not sqlite_dbpage (raw pages), nor sqlite_stmt. */
static const char *const own_tables[] = {
  "sqlite_schema", "sqlite_master", "json_each", "json_tree", "dbstat", "samples",
};
/* Tables of modules are made at first use, for which SQLite asks leave to UPDATE its schema: those
 * that may be used are made before anything is denied, by asking for their columns, and the others
 * cannot be.  One that a build of SQLite lacks has none. */
static const char *const modules[] = {
  "json_each",
  "json_tree",
  "dbstat",
  "samples",
  "pragma_application_id",
  "pragma_collation_list",
  "pragma_compile_options",
  "pragma_database_list",
  "pragma_foreign_key_list",
  "pragma_freelist_count",
  "pragma_function_list",
  "pragma_index_info",
  "pragma_index_list",
  "pragma_index_xinfo",
  "pragma_module_list",
  "pragma_page_count",
  "pragma_page_size",
  "pragma_pragma_list",
  "pragma_table_info",
  "pragma_table_list",
  "pragma_table_xinfo",
  "pragma_user_version",
};
/* Answers to others' calls. */
static const char *const hidden_tables[] = { "idempotency" };

static const struct {
  int code;
  const char *name;
} actions[] = {
  { SQLITE_INSERT, "INSERT" },
  { SQLITE_UPDATE, "UPDATE" },
  { SQLITE_DELETE, "DELETE" },
  { SQLITE_ATTACH, "ATTACH" },
  { SQLITE_DETACH, "DETACH" },
  { SQLITE_PRAGMA, "PRAGMA" },
  { SQLITE_FUNCTION, "function" },
  { SQLITE_READ, "reading" },
  { SQLITE_TRANSACTION, "a transaction" },
};

/* ---- lists ------------------------------------------------------------------------------------
 */

static int
compare_cb (const void *name, const void *element)
{
  return strcmp (name, *(const char *const *) element);
}

static gboolean
is_function (const char *name)
{
  g_autofree char *lower = g_ascii_strdown (name, -1);

  return bsearch (lower, functions, G_N_ELEMENTS (functions), sizeof functions[0], compare_cb) !=
         NULL;
}

static gboolean
is_among (const char *name, const char *const *names, gsize n_names)
{
  for (gsize i = 0; i < n_names; i++)
    if (g_ascii_strcasecmp (name, names[i]) == 0)
      return TRUE;
  return FALSE;
}

static gboolean
is_pragma (const char *name, const char *value)
{
  return is_among (name, pragmas, G_N_ELEMENTS (pragmas)) ||
         (value == NULL && is_among (name, readable_pragmas, G_N_ELEMENTS (readable_pragmas)));
}

static gboolean
is_table (OrfSqlGuard *guard, const char *name, const char *column)
{
  static const char prefix[] = "pragma_";
  g_autofree char *lower = g_ascii_strdown (name, -1);

  /* No column of it is read: SQLite asks that of each name in FROM, of those that WITH made too. */
  if (column[0] == '\0' && !is_among (name, hidden_tables, G_N_ELEMENTS (hidden_tables)))
    return TRUE;
  if (g_str_has_prefix (lower, prefix))
    return is_pragma (lower + strlen (prefix), NULL);
  return g_hash_table_contains (guard->tables, lower);
}

/* ---- the authorizer ---------------------------------------------------------------------------
 */

static int
deny (OrfSqlGuard *guard, int action, const char *what)
{
  const char *name = "this statement";

  if (guard->denied != NULL)
    return SQLITE_DENY;
  for (gsize i = 0; i < G_N_ELEMENTS (actions); i++)
    if (actions[i].code == action)
      name = actions[i].name;
  guard->denied = what != NULL ? g_strdup_printf ("%s (%s)", name, what) : g_strdup (name);
  return SQLITE_DENY;
}

static int
authorize_cb (void *data,
              int action,
              const char *first,
              const char *second,
              const char *database,
              const char *context)
{
  OrfSqlGuard *guard = data;

  switch (action) {
  case SQLITE_SELECT:
  case SQLITE_RECURSIVE:
    return SQLITE_OK;
  case SQLITE_READ:
    return is_table (guard, first, second) ? SQLITE_OK : deny (guard, action, first);
  case SQLITE_FUNCTION:
    return is_function (second) ? SQLITE_OK : deny (guard, action, second);
  case SQLITE_PRAGMA:
    return is_pragma (first, second) ? SQLITE_OK : deny (guard, action, first);
  default:
    return deny (guard, action, first);
  }
}

/* ---- the connection ---------------------------------------------------------------------------
 */

static void
lower_limits (sqlite3 *db)
{
  static const struct {
    int id, value;
  } limits[] = {
    { SQLITE_LIMIT_LENGTH, MAX_VALUE_BYTES },
    { SQLITE_LIMIT_SQL_LENGTH, 65536 }, /* what sql.query takes */
    { SQLITE_LIMIT_COLUMN, 500 },
    { SQLITE_LIMIT_EXPR_DEPTH, 100 },
    { SQLITE_LIMIT_COMPOUND_SELECT, 50 },
    { SQLITE_LIMIT_VDBE_OP, 250000 }, /* a program of some 6 MB */
    { SQLITE_LIMIT_FUNCTION_ARG, 100 },
    { SQLITE_LIMIT_ATTACHED, 0 },
    { SQLITE_LIMIT_LIKE_PATTERN_LENGTH, 100 }, /* time grows with its square */
    { SQLITE_LIMIT_VARIABLE_NUMBER, 1000 },
    { SQLITE_LIMIT_TRIGGER_DEPTH, 1 },
    { SQLITE_LIMIT_WORKER_THREADS, 0 },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (limits); i++)
    sqlite3_limit (db, limits[i].id, limits[i].value);
}

static int
configure (sqlite3 *db)
{
  static const struct {
    int id, value;
  } settings[] = {
    { SQLITE_DBCONFIG_DEFENSIVE, 1 },
    { SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0 },
    { SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0 },
    { SQLITE_DBCONFIG_ENABLE_FTS3_TOKENIZER, 0 },
    { SQLITE_DBCONFIG_WRITABLE_SCHEMA, 0 },
    { SQLITE_DBCONFIG_ENABLE_TRIGGER, 0 },
  };
  int code = SQLITE_OK;

  for (gsize i = 0; i < G_N_ELEMENTS (settings) && code == SQLITE_OK; i++)
    code = sqlite3_db_config (db, settings[i].id, settings[i].value, NULL);
  return code;
}

static int
make_tables (sqlite3 *db)
{
  int code = SQLITE_OK;

  for (gsize i = 0; i < G_N_ELEMENTS (modules) && code == SQLITE_OK; i++) {
    char *sql = sqlite3_mprintf ("PRAGMA table_info(%Q)", modules[i]);

    code = sqlite3_exec (db, sql, NULL, NULL, NULL);
    sqlite3_free (sql);
  }
  return code;
}

static int
load_tables (OrfSqlGuard *guard, sqlite3 *db)
{
  sqlite3_stmt *statement = NULL;
  int code =
    sqlite3_prepare_v2 (db, "SELECT lower(name) FROM sqlite_schema WHERE type IN ('table', 'view')",
                        -1, &statement, NULL);

  while (code == SQLITE_OK && (code = sqlite3_step (statement)) == SQLITE_ROW) {
    g_hash_table_add (guard->tables, g_strdup ((const char *) sqlite3_column_text (statement, 0)));
    code = SQLITE_OK;
  }
  sqlite3_finalize (statement);
  for (gsize i = 0; i < G_N_ELEMENTS (own_tables); i++)
    g_hash_table_add (guard->tables, g_strdup (own_tables[i]));
  for (gsize i = 0; i < G_N_ELEMENTS (hidden_tables); i++)
    g_hash_table_remove (guard->tables, hidden_tables[i]);
  return code == SQLITE_DONE ? SQLITE_OK : code;
}

OrfSqlGuard *
orf_sql_guard_new (sqlite3 *db, GError **error)
{
  g_autoptr (OrfSqlGuard) guard = g_new0 (OrfSqlGuard, 1);
  int code;

  guard->tables = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  code = configure (db);
  if (code == SQLITE_OK)
    code = sqlite3_exec (db,
                         "PRAGMA query_only = ON; PRAGMA cell_size_check = ON;"
                         "PRAGMA temp_store = MEMORY; PRAGMA mmap_size = 0",
                         NULL, NULL, NULL);
  if (code == SQLITE_OK)
    code = orf_samples_table_register (db);
  if (code == SQLITE_OK)
    code = make_tables (db);
  if (code == SQLITE_OK)
    code = load_tables (guard, db);
  if (code == SQLITE_OK)
    code = orf_sql_printf_register (db);
  if (code == SQLITE_OK)
    code = sqlite3_set_authorizer (db, authorize_cb, guard);
  if (code != SQLITE_OK) {
    g_propagate_error (error, orf_sql_error_new (db, code, ""));
    return NULL;
  }
  lower_limits (db);
  return g_steal_pointer (&guard);
}

void
orf_sql_guard_free (OrfSqlGuard *guard)
{
  g_hash_table_unref (guard->tables);
  g_free (guard->denied);
  g_free (guard);
}

/* SQLite does not ask leave for columns that a join makes of both sides (FULL JOIN … USING), and no
 * name of a table can be computed: it stands in the text. */
gboolean
orf_sql_guard_takes (OrfSqlGuard *guard, const char *sql)
{
  g_autofree char *lower = g_ascii_strdown (sql, -1);

  for (gsize i = 0; i < G_N_ELEMENTS (hidden_tables); i++)
    if (strstr (lower, hidden_tables[i]) != NULL) {
      deny (guard, SQLITE_READ, hidden_tables[i]);
      return FALSE;
    }
  return TRUE;
}

char *
orf_sql_guard_take_denied (OrfSqlGuard *guard)
{
  return g_steal_pointer (&guard->denied);
}
