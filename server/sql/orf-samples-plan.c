/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A plan is a text with a letter for each value that xFilter gets, in their order.  Each constraint
 * that is taken is answered exactly, as SQLite would compare a column of integers or texts, so that
 * it need not look at each row again.
 */
#include "sql/orf-samples-plan.h"

#include <math.h>
#include <string.h>

/* Letters of a plan. */
#define PLAN_ID     'i'
#define PLAN_IDS    'I'
#define PLAN_NAME   'n'
#define PLAN_LABELS 'l'
#define PLAN_EQ     '='
#define PLAN_GT     '>'
#define PLAN_GE     'g'
#define PLAN_LT     '<'
#define PLAN_LE     'k'

#define MAX_PLAN 32
/* sqlite3_vtab_in() */
#define IN_VERSION 3038000
/* What a scan costs before its first row, in rows: the blocks, the rows that are not packed. */
#define SCAN_COST 500.0
/* The chunk in which a single time lies is decoded whole. */
#define CHUNK_COST 3000.0
/* SQLite takes a table that it has no statistics of for a million rows, `series` too, and would
 * rather read all samples than each series by itself, which costs no more. */
#define ALL_SERIES_FACTOR 1e6
/* What is asked for, for want of statistics. */
#define SERIES_OF_A_NAME 8.0
#define SERIES_OF_AN_IN  25.0
#define PART_OF_A_BOUND  0.3
/* Of a double that is no integer of 64 bits. */
#define INTEGER_END 9223372036854775808.0

/* ---- how much there is ------------------------------------------------------------------------
 */

/* 0 where it cannot be told: the plan is none the worse than a guess. */
static double
get_number (sqlite3 *db, const char *sql)
{
  sqlite3_stmt *statement = NULL;
  double number = 0;

  if (sqlite3_prepare_v2 (db, sql, -1, &statement, NULL) == SQLITE_OK &&
      sqlite3_step (statement) == SQLITE_ROW)
    number = sqlite3_column_double (statement, 0);
  sqlite3_finalize (statement);
  return number;
}

void
orf_samples_size_load (OrfSamplesSize *size, sqlite3 *db)
{
  /* of the rows most are in chunks too */
  size->samples = MAX (get_number (db, "SELECT sum(samples) FROM chunk_block"),
                       get_number (db, "SELECT (SELECT max(rowid) FROM sample_raw) - "
                                       "(SELECT min(rowid) FROM sample_raw)"));
  size->samples = MAX (size->samples, 1);
  size->series = MAX (get_number (db, "SELECT count(*) FROM series"), 1);
}

/* ---- planning ---------------------------------------------------------------------------------
 */

typedef struct {
  sqlite3_index_info *info;
  char letters[MAX_PLAN];
  int n_letters;
  double series, part; /* of those there are; of their samples */
  gboolean has_series, one_series, one_time;
} Planning;

static void
take (Planning *planning, int at, char letter)
{
  planning->letters[planning->n_letters++] = letter;
  planning->info->aConstraintUsage[at].argvIndex = planning->n_letters;
  planning->info->aConstraintUsage[at].omit = 1;
}

static void
take_id (Planning *planning, int at, double all)
{
  planning->has_series = TRUE;
  if (sqlite3_libversion_number () >= IN_VERSION && sqlite3_vtab_in (planning->info, at, -1)) {
    sqlite3_vtab_in (planning->info, at, 1);
    take (planning, at, PLAN_IDS);
    planning->series = MIN (planning->series, MIN (SERIES_OF_AN_IN, all));
  } else {
    take (planning, at, PLAN_ID);
    planning->series = 1;
    planning->one_series = TRUE;
  }
}

static void
take_text (Planning *planning, int at, char letter)
{
  take (planning, at, letter);
  planning->has_series = TRUE;
  planning->series = MIN (planning->series, letter == PLAN_NAME ? SERIES_OF_A_NAME : 1);
}

static void
take_time (Planning *planning, int at, unsigned char operator)
{
  static const struct {
    unsigned char operator;
    char letter;
  } letters[] = {
    { SQLITE_INDEX_CONSTRAINT_EQ, PLAN_EQ }, { SQLITE_INDEX_CONSTRAINT_GT, PLAN_GT },
    { SQLITE_INDEX_CONSTRAINT_GE, PLAN_GE }, { SQLITE_INDEX_CONSTRAINT_LT, PLAN_LT },
    { SQLITE_INDEX_CONSTRAINT_LE, PLAN_LE },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (letters); i++) {
    if (letters[i].operator!= operator)
      continue;
    take (planning, at, letters[i].letter);
    planning->one_time |= letters[i].letter == PLAN_EQ;
    planning->part *= PART_OF_A_BOUND;
  }
}

static void
consider (Planning *planning, int at, const OrfSamplesSize *size)
{
  const struct sqlite3_index_constraint *constraint = &planning->info->aConstraint[at];
  gboolean is_equal = constraint->op == SQLITE_INDEX_CONSTRAINT_EQ;

  if (!constraint->usable || planning->n_letters == MAX_PLAN - 1)
    return;
  if (constraint->iColumn == ORF_SAMPLES_T_US)
    take_time (planning, at, constraint->op);
  else if (constraint->iColumn == ORF_SAMPLES_SERIES_ID && is_equal)
    take_id (planning, at, size->series);
  else if (constraint->iColumn == ORF_SAMPLES_NAME && is_equal)
    take_text (planning, at, PLAN_NAME);
  else if (constraint->iColumn == ORF_SAMPLES_LABELS && is_equal)
    take_text (planning, at, PLAN_LABELS);
}

/* Rows come by series_id, t_us, rising. */
static gboolean
is_in_order (const Planning *planning)
{
  const sqlite3_index_info *info = planning->info;
  int next = ORF_SAMPLES_SERIES_ID;

  for (int i = 0; i < info->nOrderBy; i++) {
    int column = info->aOrderBy[i].iColumn;

    if (column == ORF_SAMPLES_SERIES_ID && planning->one_series)
      continue;
    if (info->aOrderBy[i].desc)
      return FALSE;
    if (column == ORF_SAMPLES_SERIES_ID && next == ORF_SAMPLES_SERIES_ID)
      next = ORF_SAMPLES_T_US;
    else if (column == ORF_SAMPLES_T_US && (next == ORF_SAMPLES_T_US || planning->one_series))
      return TRUE; /* one row a series and time: what follows orders nothing */
    else
      return FALSE;
  }
  return TRUE;
}

static double
get_cost (const Planning *planning, double rows)
{
  double cost = SCAN_COST + planning->series * (planning->one_time ? CHUNK_COST : 10) + rows;

  return planning->has_series ? cost : cost * ALL_SERIES_FACTOR;
}

int
orf_samples_plan_choose (const OrfSamplesSize *size, sqlite3_index_info *info)
{
  Planning planning = { .info = info, .series = size->series, .part = 1 };
  double rows;

  for (int i = 0; i < info->nConstraint; i++)
    consider (&planning, i, size);
  rows = size->samples / size->series * planning.series * planning.part;
  if (planning.one_time)
    rows = planning.series;
  info->estimatedRows = (sqlite3_int64) MAX (rows, 1);
  info->estimatedCost = get_cost (&planning, rows);
  info->orderByConsumed = info->nOrderBy > 0 && is_in_order (&planning);
  if (planning.one_series && planning.one_time)
    info->idxFlags = SQLITE_INDEX_SCAN_UNIQUE;
  info->idxStr = sqlite3_mprintf ("%s", planning.letters);
  info->needToFreeIdxStr = 1;
  return info->idxStr != NULL ? SQLITE_OK : SQLITE_NOMEM;
}

/* ---- what the values ask for ------------------------------------------------------------------
 */

/* The least integer that is not below value, or G_MAXINT64 where there is none. */
static gint64
get_ceiling (double value)
{
  if (value >= INTEGER_END)
    return G_MAXINT64;
  return value <= -INTEGER_END ? G_MININT64 : (gint64) ceil (value);
}

static gint64
add_one (gint64 number)
{
  return number == G_MAXINT64 ? number : number + 1;
}

/* from: the least integer that is >= value, or > value where `beyond`.  For an upper bound that is
 * its end. */
static gint64
get_bound (sqlite3_value *value, gboolean beyond)
{
  double real = sqlite3_value_double (value);

  if (sqlite3_value_numeric_type (value) == SQLITE_INTEGER)
    return beyond ? add_one (sqlite3_value_int64 (value)) : sqlite3_value_int64 (value);
  return beyond && real == floor (real) ? add_one (get_ceiling (real)) : get_ceiling (real);
}

static void
ask_time (OrfSamplesAsk *ask, char letter, sqlite3_value *value)
{
  int type = sqlite3_value_numeric_type (value);
  gboolean is_upper = letter == PLAN_LT || letter == PLAN_LE;

  if (type != SQLITE_INTEGER && type != SQLITE_FLOAT) {
    /* NULL matches nothing; texts and blobs come after all numbers. */
    ask->is_empty |= type == SQLITE_NULL || !is_upper;
    return;
  }
  if (letter == PLAN_EQ || letter == PLAN_GE || letter == PLAN_GT)
    ask->from_us = MAX (ask->from_us, get_bound (value, letter == PLAN_GT));
  if (letter == PLAN_EQ || is_upper)
    ask->to_us = MIN (ask->to_us, get_bound (value, letter != PLAN_LT));
}

static void
add_id (GArray *ids, sqlite3_value *value)
{
  int type = sqlite3_value_numeric_type (value);
  double real = sqlite3_value_double (value);
  gint64 id = sqlite3_value_int64 (value);

  if (type == SQLITE_INTEGER || (type == SQLITE_FLOAT && (double) id == real))
    g_array_append_val (ids, id);
}

/* Several of them (series_id = 1 AND series_id = ?) must all hold. */
static void
ask_ids (OrfSamplesAsk *ask, GArray *ids)
{
  if (!ask->has_ids) {
    g_array_append_vals (ask->ids, ids->data, ids->len);
  } else {
    for (guint i = 0; i < ask->ids->len;) {
      gint64 id = g_array_index (ask->ids, gint64, i);
      gboolean found = FALSE;

      for (guint j = 0; j < ids->len && !found; j++)
        found = g_array_index (ids, gint64, j) == id;
      if (found)
        i++;
      else
        g_array_remove_index_fast (ask->ids, i);
    }
  }
  ask->has_ids = TRUE;
}

static void
ask_series (OrfSamplesAsk *ask, char letter, sqlite3_value *value)
{
  g_autoptr (GArray) ids = g_array_new (FALSE, FALSE, sizeof (gint64));
  sqlite3_value *one = NULL;

  if (letter == PLAN_ID)
    add_id (ids, value);
  else
    for (int code = sqlite3_vtab_in_first (value, &one); code == SQLITE_OK && one != NULL;
         code = sqlite3_vtab_in_next (value, &one))
      add_id (ids, one);
  ask_ids (ask, ids);
}

/* The second of two is compared by hand: they are rare. */
static void
ask_text (OrfSamplesAsk *ask, sqlite3_value **text, sqlite3_value *value)
{
  if (sqlite3_value_type (value) == SQLITE_NULL)
    ask->is_empty = TRUE;
  else if (*text != NULL && g_strcmp0 ((const char *) sqlite3_value_text (*text),
                                       (const char *) sqlite3_value_text (value)) != 0)
    ask->is_empty = TRUE;
  *text = value;
}

void
orf_samples_ask_init (OrfSamplesAsk *ask, const char *plan, sqlite3_value **values)
{
  *ask = (OrfSamplesAsk){ .from_us = G_MININT64, .to_us = G_MAXINT64 };
  ask->ids = g_array_new (FALSE, FALSE, sizeof (gint64));
  for (int i = 0; plan[i] != '\0'; i++) {
    if (plan[i] == PLAN_ID || plan[i] == PLAN_IDS)
      ask_series (ask, plan[i], values[i]);
    else if (plan[i] == PLAN_NAME)
      ask_text (ask, &ask->name, values[i]);
    else if (plan[i] == PLAN_LABELS)
      ask_text (ask, &ask->labels, values[i]);
    else
      ask_time (ask, plan[i], values[i]);
  }
  if (ask->from_us >= ask->to_us || (ask->has_ids && ask->ids->len == 0))
    ask->is_empty = TRUE;
}

void
orf_samples_ask_clear (OrfSamplesAsk *ask)
{
  g_clear_pointer (&ask->ids, g_array_unref);
}
