/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "orf-ctl-table.h"

static const OrfCtlTerminal wide = { .is_terminal = TRUE, .utf8 = TRUE, .width = 80 };
static const OrfCtlTerminal narrow = { .is_terminal = TRUE, .utf8 = TRUE, .width = 40 };
static const OrfCtlTerminal ascii = { .is_terminal = TRUE, .width = 40 };
static const OrfCtlTerminal colour = {
  .is_terminal = TRUE, .utf8 = TRUE, .colour = TRUE, .width = 80
};
static const OrfCtlTerminal piped = { .is_terminal = FALSE };

static OrfCtlTable *
new_table (const OrfCtlTerminal *terminal)
{
  OrfCtlTable *table = orf_ctl_table_new (terminal);

  orf_ctl_table_add_column (table, "NAME", ORF_CTL_COLUMN_GIVES_WAY);
  orf_ctl_table_add_column (table, "N", ORF_CTL_COLUMN_RIGHT);
  orf_ctl_table_add_column (table, "NOTE", ORF_CTL_COLUMN_GIVES_WAY);
  return table;
}

static void
assert_shown (OrfCtlTable *table, const char *expected)
{
  g_autoptr (GString) out = g_string_new (NULL);

  orf_ctl_table_append_to (table, out);
  g_assert_cmpstr (out->str, ==, expected);
  orf_ctl_table_free (table);
}

static void
test_aligned (void)
{
  OrfCtlTable *table = new_table (&wide);

  orf_ctl_table_add (table, ORF_CTL_GOOD, "löwe");
  orf_ctl_table_take (table, ORF_CTL_PLAIN, g_strdup ("1234"));
  orf_ctl_table_add (table, ORF_CTL_PLAIN, "a note");
  orf_ctl_table_add (table, ORF_CTL_PLAIN, "日本語");
  orf_ctl_table_add (table, ORF_CTL_PLAIN, NULL);
  orf_ctl_table_add (table, ORF_CTL_PLAIN, "");
  g_assert_cmpuint (orf_ctl_table_get_n_rows (table), ==, 2);
  orf_ctl_table_set_indent (table, 1);
  assert_shown (table, " NAME       N  NOTE\n"
                       " löwe    1234  a note\n"
                       " 日本語     –\n");
}

static void
test_gives_way (void)
{
  OrfCtlTable *table = new_table (&narrow);

  orf_ctl_table_add (table, ORF_CTL_PLAIN, "a name of some length");
  orf_ctl_table_add (table, ORF_CTL_PLAIN, "1");
  orf_ctl_table_add (table, ORF_CTL_PLAIN, "a note that is far too long to stand here");
  /* the note gives way first, and the name keeps what it needs */
  assert_shown (table, "NAME                   N  NOTE\n"
                       "a name of some length  1  a note that i…\n");

  table = new_table (&narrow);
  orf_ctl_table_add (table, ORF_CTL_PLAIN, "a name that alone is wider than the whole terminal");
  orf_ctl_table_add (table, ORF_CTL_PLAIN, "1");
  orf_ctl_table_add (table, ORF_CTL_PLAIN, "a longish note");
  assert_shown (table, "NAME                         N  NOTE\n"
                       "a name that alone is wider…  1  a longi…\n");
}

static void
test_ascii (void)
{
  OrfCtlTable *table = new_table (&ascii);

  orf_ctl_table_add (table, ORF_CTL_PLAIN, "löwe");
  orf_ctl_table_add (table, ORF_CTL_PLAIN, NULL);
  orf_ctl_table_add (table, ORF_CTL_PLAIN, "a note that is far too long to stand here");
  assert_shown (table, "NAME  N  NOTE\n"
                       "l?we  -  a note that is far too long to~\n");
}

static void
test_piped (void)
{
  OrfCtlTable *table = new_table (&piped);

  orf_ctl_table_set_indent (table, 4);
  orf_ctl_table_add (table, ORF_CTL_GOOD, "löwe\tzwei");
  orf_ctl_table_add (table, ORF_CTL_PLAIN, NULL);
  orf_ctl_table_add (table, ORF_CTL_PLAIN,
                     "a note that is never shortened, however long it becomes");
  assert_shown (table, "NAME\tN\tNOTE\n"
                       "löwe zwei\t-\ta note that is never shortened, however long it becomes\n");
}

static void
test_colour (void)
{
  OrfCtlTable *table = new_table (&colour);

  orf_ctl_table_add (table, ORF_CTL_GOOD, "x");
  orf_ctl_table_add (table, ORF_CTL_PLAIN, "1");
  /* what a server sends cannot drive the terminal */
  orf_ctl_table_add (table, ORF_CTL_PLAIN, "\033[2Jred\xff\xc2\x9b");
  assert_shown (table, "\033[2mNAME\033[0m  \033[2mN\033[0m  \033[2mNOTE\033[0m\n"
                       "\033[32mx\033[0m     1  ?[2Jred\357\277\275?\n");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/ctl/table/aligned", test_aligned);
  g_test_add_func ("/ctl/table/gives-way", test_gives_way);
  g_test_add_func ("/ctl/table/ascii", test_ascii);
  g_test_add_func ("/ctl/table/piped", test_piped);
  g_test_add_func ("/ctl/table/colour", test_colour);
  return g_test_run ();
}
