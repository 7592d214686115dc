/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <math.h>

#include "orf-schema-types.h"
#include "store/orf-row-struct.h"

/* Of the first row of a statement on a database in memory. */
static gpointer
read_row (const char *sql, const OrfDesc *desc)
{
  sqlite3 *db = NULL;
  sqlite3_stmt *statement = NULL;
  gpointer row;

  g_assert_cmpint (sqlite3_open (":memory:", &db), ==, SQLITE_OK);
  g_assert_cmpint (sqlite3_prepare_v2 (db, sql, -1, &statement, NULL), ==, SQLITE_OK);
  g_assert_cmpint (sqlite3_step (statement), ==, SQLITE_ROW);
  row = orf_row_struct_new (statement, desc);
  sqlite3_finalize (statement);
  sqlite3_close (db);
  return row;
}

/* By name, in any order; what is no member is left out. */
static void
test_columns (void)
{
  g_autoptr (OrfPostmortemAlert)
    alert = read_row ("SELECT 7 AS n_all, 1.5 AS value, 'al-1' AS id, '{\"a\":\"b\",\"c\":\"d\"}' "
                      "AS labels, 3 AS started_us, 4 AS fired_us",
                      &orf_postmortem_alert_desc);

  g_assert_cmpstr (alert->id, ==, "al-1");
  g_assert_cmpfloat (alert->value, ==, 1.5);
  g_assert_cmpuint (g_strv_length (alert->labels), ==, 4);
  g_assert_cmpstr (alert->labels[3], ==, "d");
  g_assert_cmpint (alert->started_us, ==, 3);
  g_assert_true (alert->has_fired_us);
  g_assert_cmpint (alert->fired_us, ==, 4);
  g_assert_null (alert->rule);
}

/* Who reads looks for no NULL where there can be none: a file may be made by anybody. */
static void
test_null_where_there_is_none (void)
{
  g_autoptr (OrfPostmortemAlert)
    alert = read_row ("SELECT NULL AS id, NULL AS rule, NULL AS value", &orf_postmortem_alert_desc);

  g_assert_cmpstr (alert->id, ==, "");
  g_assert_cmpstr (alert->rule, ==, "");
  g_assert_true (isnan (alert->value));
}

/* NULL is unknown, also where a member has a flag for it; JSON that is none is empty. */
static void
test_null (void)
{
  g_autoptr (OrfPostmortemAnomaly)
    anomaly = read_row ("SELECT NULL AS ended_us, NULL AS value, NULL AS series, '[1,\"x\"]' AS "
                        "related",
                        &orf_postmortem_anomaly_desc);
  g_autoptr (OrfPostmortemAnomaly)
    broken = read_row ("SELECT 'no array' AS related", &orf_postmortem_anomaly_desc);

  g_assert_false (anomaly->has_ended_us);
  g_assert_true (isnan (anomaly->value));
  g_assert_null (anomaly->series);
  g_assert_cmpuint (g_strv_length (anomaly->related), ==, 2);
  g_assert_cmpstr (anomaly->related[0], ==, "");
  g_assert_cmpstr (anomaly->related[1], ==, "x");
  g_assert_cmpuint (g_strv_length (broken->related), ==, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/row-struct/columns", test_columns);
  g_test_add_func ("/row-struct/null", test_null);
  g_test_add_func ("/row-struct/null-where-there-is-none", test_null_where_there_is_none);
  return g_test_run ();
}
