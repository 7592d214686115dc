/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "orf-ctl-sql-source.h"

static void
assert_statements (const char *text, const char *const *expected)
{
  for (guint i = 0; expected[i] != NULL; i++) {
    g_autofree char *statement = orf_ctl_sql_take_statement (&text);

    g_assert_cmpstr (statement, ==, expected[i]);
  }
  g_assert_null (orf_ctl_sql_take_statement (&text));
}

static void
test_statements (void)
{
  assert_statements ("", (const char *[]){ NULL });
  assert_statements (" ; ;\n -- nothing;\n /* ; */", (const char *[]){ NULL });
  assert_statements ("SELECT 1", (const char *[]){ "SELECT 1", NULL });
  assert_statements ("SELECT 1; SELECT ';', 2 ;",
                     (const char *[]){ "SELECT 1;", " SELECT ';', 2 ;", NULL });
  assert_statements ("SELECT 1 -- ; no\n; SELECT \"a;b\" /* ; */",
                     (const char *[]){ "SELECT 1 -- ; no\n;", " SELECT \"a;b\" /* ; */", NULL });
  assert_statements (";;SELECT 1;;;-- end", (const char *[]){ "SELECT 1;", NULL });
  /* a text that does not end takes the rest */
  assert_statements ("SELECT 'a; SELECT 2;", (const char *[]){ "SELECT 'a; SELECT 2;", NULL });
}

static void
test_blank (void)
{
  static const char *const blank[] = { "", " \n\t;;", "-- a", "-- a\n ;/* b */", "/* not ended" };
  static const char *const other[] = { "x", "- 1", "/ 2", "-- a\nx", "/* a */ x", "'" };

  for (guint i = 0; i < G_N_ELEMENTS (blank); i++)
    g_assert_true (orf_ctl_sql_is_blank (blank[i]));
  for (guint i = 0; i < G_N_ELEMENTS (other); i++)
    g_assert_false (orf_ctl_sql_is_blank (other[i]));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/ctl/sql/statements", test_statements);
  g_test_add_func ("/ctl/sql/blank", test_blank);
  return g_test_run ();
}
