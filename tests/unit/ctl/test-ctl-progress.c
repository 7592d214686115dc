/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "orf-ctl-progress.h"

static void
check (OrfCtlTerminal terminal, double share, const char *expected)
{
  g_autoptr (GString) out = g_string_new (NULL);

  orf_ctl_progress_append (&terminal, out, share, "at noon");
  g_assert_cmpstr (out->str, ==, expected);
  g_assert_cmpuint (orf_ctl_text_width (out->str), <, MAX (terminal.width, 13));
}

static void
test_bar (void)
{
  const OrfCtlTerminal wide = { .utf8 = TRUE, .width = 80 }, plain = { .width = 80 };

  check (wide, 0, "  0 % ░░░░░░░░░░░░░░░░░░░░░░░░ at noon");
  check (wide, 0.5, " 50 % ████████████░░░░░░░░░░░░ at noon");
  check (wide, 0.999, " 99 % ████████████████████████ at noon");
  check (wide, 1, "100 % ████████████████████████ at noon");
  check (plain, 0.25, " 25 % ######------------------ at noon");
  check (wide, -1, "  0 % ░░░░░░░░░░░░░░░░░░░░░░░░ at noon");
}

/* What does not fit is left out, or the line could not be drawn over. */
static void
test_narrow (void)
{
  const OrfCtlTerminal narrow = { .width = 20 }, least = { .width = 10 };

  check (narrow, 0.5, " 50 % #####-----");
  check (least, 0.5, " 50 % ###--");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/ctl-progress/bar", test_bar);
  g_test_add_func ("/ctl-progress/narrow", test_narrow);
  return g_test_run ();
}
