/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A table is read by its key from the first row on.  Where a page cannot be read, a number is
 * looked for from which on it can be again, near the last row first; from there rows are read on,
 * and back to where they end.  What lies between is a gap.
 */
#include "store/orf-recover-private.h"

#include <string.h>

#include "store/orf-file-twin.h"

/* Of the tables there are, twice. */
#define MAX_KEYS 12

/* A row by what its table is sorted by; n 0: none. */
typedef struct {
  sqlite3_value *values[MAX_KEYS];
  guint n;
} Key;

static void
key_clear (Key *key)
{
  for (guint i = 0; i < key->n; i++)
    sqlite3_value_free (key->values[i]);
  key->n = 0;
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Key, key_clear)

/* What was read at one go. */
typedef struct {
  Key first, last;
} Stretch;

static void
stretch_clear (Stretch *stretch)
{
  key_clear (&stretch->first);
  key_clear (&stretch->last);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Stretch, stretch_clear)

typedef struct {
  sqlite3 *db, *source;
  const char *name;
  gboolean has_rowid;
  char *keys[MAX_KEYS]; /* quoted: rowid, or the primary key */
  guint n_keys;
  GPtrArray *columns; /* quoted */
  GArray *types;      /* char, of columns: the first letter of the declared type */
  sqlite3_stmt *insert;
  sqlite3_stmt *lookup; /* of a row's key */
  OrfRecoveredTable *result;
} Reader;

static void
reader_clear (Reader *self)
{
  for (guint i = 0; i < self->n_keys; i++)
    g_free (self->keys[i]);
  g_clear_pointer (&self->columns, g_ptr_array_unref);
  g_clear_pointer (&self->types, g_array_unref);
  sqlite3_finalize (self->insert);
  sqlite3_finalize (self->lookup);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Reader, reader_clear)

/* ---- what the table is ----------------------------------------------------------------------- */

static char *
quote (const char *name)
{
  g_autoptr (GString) quoted = g_string_new (name);

  g_string_replace (quoted, "\"", "\"\"", 0);
  g_string_prepend_c (quoted, '"');
  g_string_append_c (quoted, '"');
  return g_string_free (g_steal_pointer (&quoted), FALSE);
}

/* The twin's own word for it: its schema is whole. */
static gboolean
load_columns (Reader *self, GError **error)
{
  static const char sql[] = "SELECT c.name, c.type, c.pk, t.wr FROM pragma_table_list AS t, "
                            "pragma_table_info (t.name) AS c "
                            "WHERE t.schema = 'main' AND t.name = ?1 ORDER BY c.cid";
  g_autoptr (OrfTwinStatement) statement = NULL;
  int code;

  if (sqlite3_prepare_v2 (self->db, sql, -1, &statement, NULL) != SQLITE_OK)
    return orf_twin_fail (self->db, error);
  sqlite3_bind_text (statement, 1, self->name, -1, SQLITE_STATIC);
  while ((code = sqlite3_step (statement)) == SQLITE_ROW) {
    char *column = quote ((const char *) sqlite3_column_text (statement, 0));
    const char type = *(const char *) sqlite3_column_text (statement, 1);
    int place = sqlite3_column_int (statement, 2);

    g_ptr_array_add (self->columns, column);
    g_array_append_val (self->types, type);
    self->has_rowid = sqlite3_column_int (statement, 3) == 0;
    if (!self->has_rowid && place > 0 && place <= MAX_KEYS) {
      self->keys[place - 1] = g_strdup (column);
      self->n_keys = MAX (self->n_keys, (guint) place);
    }
  }
  if (self->has_rowid) {
    self->keys[0] = g_strdup ("rowid");
    self->n_keys = 1;
  }
  return code == SQLITE_DONE || orf_twin_fail (self->db, error);
}

static void
append_list (GString *sql, char *const *names, guint n, const char *after_each)
{
  for (guint i = 0; i < n; i++)
    g_string_append_printf (sql, "%s%s%s", i > 0 ? ", " : "", names[i], after_each);
}

/* "(keys) < (?3, ?4)" */
static void
append_bound (GString *sql, const Reader *self, const char *sign, guint first)
{
  g_string_append_c (sql, '(');
  append_list (sql, self->keys, self->n_keys, "");
  g_string_append_printf (sql, ") %s (", sign);
  for (guint i = 0; i < self->n_keys; i++)
    g_string_append_printf (sql, "%s?%u", i > 0 ? ", " : "", first + i);
  g_string_append_c (sql, ')');
}

static gboolean
prepare_lookup (Reader *self, GError **error)
{
  g_autofree char *table = quote (self->name);
  g_autoptr (GString) sql = g_string_new (NULL);

  g_string_append_printf (sql, "SELECT 1 FROM %s WHERE ", table);
  append_bound (sql, self, "=", 1);
  return sqlite3_prepare_v2 (self->db, sql->str, -1, &self->lookup, NULL) == SQLITE_OK ||
         orf_twin_fail (self->db, error);
}

/* A row that is there already, or that breaks what its table asks of it, is passed over. */
static gboolean
prepare_insert (Reader *self, GError **error)
{
  g_autofree char *table = quote (self->name);
  g_autoptr (GString) sql = g_string_new (NULL);
  guint n = self->columns->len + (self->has_rowid ? 1 : 0);

  g_string_append_printf (sql, "INSERT OR IGNORE INTO %s (%s", table,
                          self->has_rowid ? "rowid, " : "");
  append_list (sql, (char *const *) self->columns->pdata, self->columns->len, "");
  g_string_append (sql, ") VALUES (");
  for (guint i = 0; i < n; i++)
    g_string_append (sql, i > 0 ? ", ?" : "?");
  g_string_append_c (sql, ')');
  return sqlite3_prepare_v2 (self->db, sql->str, -1, &self->insert, NULL) == SQLITE_OK ||
         orf_twin_fail (self->db, error);
}

/* ---- rows ------------------------------------------------------------------------------------ */

static void
bind_key (sqlite3_stmt *statement, const Key *key, guint first)
{
  for (guint i = 0; i < key->n; i++)
    sqlite3_bind_value (statement, (int) (first + i), key->values[i]);
}

/* Keys, then all columns.  condition: of the first key, or of all, or "".  NULL: not even the root
 * can be read. */
static sqlite3_stmt *
prepare_read (Reader *self, const char *condition, gboolean backwards)
{
  g_autofree char *table = quote (self->name);
  g_autoptr (GString) sql = g_string_new ("SELECT ");
  sqlite3_stmt *statement = NULL;

  append_list (sql, self->keys, self->n_keys, "");
  g_string_append (sql, ", ");
  append_list (sql, (char *const *) self->columns->pdata, self->columns->len, "");
  g_string_append_printf (sql, " FROM %s %s ORDER BY ", table, condition);
  append_list (sql, self->keys, self->n_keys, backwards ? " DESC" : "");
  sqlite3_prepare_v2 (self->source, sql->str, -1, &statement, NULL);
  return statement;
}

/* Tables that are not STRICT take anything; we do not. */
static gboolean
column_fits (sqlite3_value *value, char type)
{
  switch (sqlite3_value_type (value)) {
  case SQLITE_INTEGER:
    return type == 'I' || type == 'R';
  case SQLITE_FLOAT:
    return type == 'R';
  case SQLITE_TEXT:
    return type == 'T';
  case SQLITE_BLOB:
    return type == 'B';
  default: /* NULL: the table itself says where it may be */
    return TRUE;
  }
}

/* By its key: what was read twice is not refused. */
static gboolean
is_there (Reader *self, sqlite3_stmt *row)
{
  int code;

  for (guint i = 0; i < self->n_keys; i++)
    sqlite3_bind_value (self->lookup, (int) i + 1, sqlite3_column_value (row, (int) i));
  code = sqlite3_step (self->lookup);
  sqlite3_reset (self->lookup);
  return code == SQLITE_ROW;
}

static gboolean
take_row (Reader *self, sqlite3_stmt *row, GError **error)
{
  guint at = 1;
  gboolean fits = TRUE;
  int code;

  if (self->has_rowid)
    sqlite3_bind_value (self->insert, (int) at++, sqlite3_column_value (row, 0));
  for (guint i = 0; i < self->columns->len; i++) {
    sqlite3_value *value = sqlite3_column_value (row, (int) (self->n_keys + i));

    fits = fits && column_fits (value, g_array_index (self->types, char, i));
    sqlite3_bind_value (self->insert, (int) at++, value);
  }
  code = fits ? sqlite3_step (self->insert) : SQLITE_CONSTRAINT;
  if (code == SQLITE_DONE && sqlite3_changes (self->db) == 1)
    self->result->rows++;
  else if (!is_there (self, row))
    self->result->n_refused++;
  sqlite3_reset (self->insert);
  return code == SQLITE_DONE || (code & 0xff) == SQLITE_CONSTRAINT ||
         orf_twin_fail (self->db, error);
}

typedef enum {
  READ_END,
  READ_DAMAGED,
  READ_FAILED, /* db cannot be written */
} Read;

static void
note_key (const Reader *self, sqlite3_stmt *row, Key *key)
{
  key_clear (key);
  for (; key->n < self->n_keys; key->n++)
    key->values[key->n] = sqlite3_value_dup (sqlite3_column_value (row, (int) key->n));
}

/* To the end of what is asked for, or to where it cannot be read. */
static Read
read_on (Reader *self, sqlite3_stmt *rows, Stretch *stretch, GError **error)
{
  int code;

  while ((code = sqlite3_step (rows)) == SQLITE_ROW) {
    gint64 n_rows = self->result->rows;

    if (!take_row (self, rows, error))
      return READ_FAILED;
    /* what makes no sense, or was read before, is nothing to go by */
    if (self->result->rows == n_rows)
      continue;
    note_key (self, rows, &stretch->last);
    if (stretch->first.n == 0)
      note_key (self, rows, &stretch->first);
  }
  return code == SQLITE_DONE ? READ_END : READ_DAMAGED;
}

/* What lies between the keys, the last first; one that is none is no bound. */
static Read
read_back (Reader *self, const Key *after, const Key *before, GError **error)
{
  g_autoptr (GString) condition = g_string_new (NULL);
  g_autoptr (OrfTwinStatement) rows = NULL;
  g_auto (Stretch) stretch = { .first.n = 0 };

  if (after->n > 0) {
    g_string_append (condition, "WHERE ");
    append_bound (condition, self, ">", 1);
  }
  if (before->n > 0) {
    g_string_append (condition, after->n > 0 ? " AND " : "WHERE ");
    append_bound (condition, self, "<", after->n + 1);
  }
  rows = prepare_read (self, condition->str, TRUE);
  if (rows == NULL)
    return READ_DAMAGED;
  bind_key (rows, after, 1);
  bind_key (rows, before, after->n + 1);
  return read_on (self, rows, &stretch, error);
}

/* ---- behind a page that cannot be read ------------------------------------------------------- */

/* From keys on of which one place is looked for, and those before it stay. */
typedef struct {
  sqlite3_stmt *rows; /* NULL: not even the root can be read */
  int place;          /* of its parameters, from 1 */
} Search;

static void
search_clear (Search *search)
{
  sqlite3_finalize (search->rows);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Search, search_clear)

/* n_keys: of how many keys a place is made. */
static Search
search_prepare (Reader *self, const Key *last, guint n_keys)
{
  g_autoptr (GString) condition = g_string_new ("WHERE ");
  Reader of = *self;
  Search search;

  of.n_keys = n_keys;
  append_bound (condition, &of, ">=", 1);
  search = (Search){ prepare_read (self, condition->str, FALSE), (int) n_keys };
  for (guint i = 0; search.rows != NULL && i + 1 < n_keys; i++)
    sqlite3_bind_value (search.rows, (int) i + 1, last->values[i]);
  return search;
}

/* Whether rows from the number on can be read, or that there are none. */
static gboolean
can_read_from (const Search *search, gint64 number)
{
  int code;

  sqlite3_reset (search->rows);
  sqlite3_bind_int64 (search->rows, search->place, number);
  code = sqlite3_step (search->rows);
  sqlite3_reset (search->rows);
  return code == SQLITE_ROW || code == SQLITE_DONE;
}

/* The least number above `from` from which on rows can be read, as far as the ways there tell: what
 * lies between two pages that cannot be may be passed over.  It is bound then. */
static gboolean
find_readable (const Search *search, gint64 from)
{
  gint64 bad, good = from;
  guint64 step = 1;

  do {
    if (step > (guint64) (G_MAXINT64 - MAX (from, 0)))
      return FALSE;
    bad = good;
    good = from + (gint64) step;
    step *= 2;
  } while (!can_read_from (search, good));
  while (good - bad > 1) {
    gint64 middle = bad + (good - bad) / 2;

    if (can_read_from (search, middle))
      good = middle;
    else
      bad = middle;
  }
  sqlite3_bind_int64 (search->rows, search->place, good);
  return TRUE;
}

/* Within what the last row is of (the minutes of its series) first, then from what comes after. */
static gboolean
find_behind (Reader *self, const Key *last, Search *search)
{
  for (guint n_keys = MAX (last->n, 1); n_keys > 0; n_keys--) {
    sqlite3_value *value = last->n > 0 ? last->values[n_keys - 1] : NULL;

    if (value != NULL && sqlite3_value_type (value) != SQLITE_INTEGER)
      continue;
    search_clear (search);
    *search = search_prepare (self, last, n_keys);
    if (search->rows != NULL &&
        find_readable (search, value != NULL ? sqlite3_value_int64 (value) : 0))
      return TRUE;
  }
  return FALSE;
}

static int
compare_values (sqlite3_value *a, sqlite3_value *b)
{
  int type = sqlite3_value_type (a), n_a, n_b, order;

  if (type != sqlite3_value_type (b))
    return type - sqlite3_value_type (b);
  if (type == SQLITE_INTEGER)
    return sqlite3_value_int64 (a) < sqlite3_value_int64 (b)
             ? -1
             : sqlite3_value_int64 (a) > sqlite3_value_int64 (b);
  n_a = sqlite3_value_bytes (a);
  n_b = sqlite3_value_bytes (b);
  order = memcmp (sqlite3_value_blob (a), sqlite3_value_blob (b), (size_t) MIN (n_a, n_b));
  return order != 0 ? order : n_a - n_b;
}

/* Damaged pages may lead back to rows that were read. */
static gboolean
key_is_behind (const Key *key, const Key *last)
{
  int order = last->n == 0 ? 1 : 0;

  for (guint i = 0; i < last->n && order == 0; i++)
    order = compare_values (key->values[i], last->values[i]);
  return order > 0;
}

/* What is left where no number leads behind the gap: the rows from the end back to it.  The last
 * row that was read is no bound: its number may be the damage. */
static Read
read_rest (Reader *self, GError **error)
{
  const Key none = { .n = 0 };

  return read_back (self, &none, &none, error) == READ_FAILED ? READ_FAILED : READ_END;
}

/* From behind the gap on, and back to it.  *last: the last row before it, then of what was read. */
static Read
read_behind (Reader *self, Key *last, GError **error)
{
  g_auto (Search) search = { NULL, 0 };
  g_auto (Stretch) stretch = { .first.n = 0 };
  Read outcome;

  if (!find_behind (self, last, &search))
    return read_rest (self, error);
  outcome = read_on (self, search.rows, &stretch, error);
  if (outcome == READ_FAILED)
    return outcome;
  /* no row, and yet there was one: it comes and goes */
  if (stretch.first.n == 0 || !key_is_behind (&stretch.last, last))
    return read_rest (self, error);
  if (read_back (self, last, &stretch.first, error) == READ_FAILED)
    return READ_FAILED;
  key_clear (last);
  *last = stretch.last;
  stretch.last.n = 0;
  return outcome;
}

static gboolean
read_all (Reader *self, GError **error)
{
  g_autoptr (OrfTwinStatement) rows = prepare_read (self, "", FALSE);
  g_auto (Stretch) stretch = { .first.n = 0 };
  Read outcome = rows != NULL ? read_on (self, rows, &stretch, error) : READ_DAMAGED;

  while (outcome == READ_DAMAGED) {
    self->result->n_gaps++;
    outcome = read_behind (self, &stretch.last, error);
  }
  return outcome == READ_END;
}

OrfRecoveredTable *
orf_recover_table (sqlite3 *db, sqlite3 *source, const char *name, GError **error)
{
  OrfRecoveredTable *result = g_new0 (OrfRecoveredTable, 1);
  g_auto (Reader) reader = { .db = db, .source = source, .name = name, .result = result };

  result->name = g_strdup (name);
  reader.columns = g_ptr_array_new_with_free_func (g_free);
  reader.types = g_array_new (FALSE, FALSE, sizeof (char));
  if (load_columns (&reader, error) && prepare_insert (&reader, error) &&
      prepare_lookup (&reader, error) && read_all (&reader, error))
    return result;
  g_prefix_error (error, "%s: ", name);
  orf_recovered_table_free (result);
  return NULL;
}
