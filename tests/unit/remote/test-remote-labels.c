/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "remote/orf-remote-labels.h"

#include "orf-error.h"

static char *
parse (const char *text)
{
  g_auto (GStrv) texts = g_strsplit (text, ";", -1);
  g_autoptr (GError) error = NULL;
  g_auto (GStrv) labels = orf_remote_labels_parse ((const char *const *) texts, "host-1", &error);

  if (labels == NULL) {
    g_assert_error (error, ORF_ERROR, ORF_ERROR_INVALID_ARGUMENT);
    return g_strdup ("no");
  }
  g_assert_no_error (error);
  return g_strjoinv ("|", labels);
}

static void
test_parse (void)
{
  static const struct {
    const char *text, *expected;
  } cases[] = {
    { "", "" },
    { "job=orfeas;instance=$HOSTNAME", "job|orfeas|instance|host-1" },
    { "a=b=c", "a|b=c" },
    { "_a1=x-$HOSTNAME-$HOSTNAME", "_a1|x-host-1-host-1" },
    { "a=b;a=c", "no" },
    { "a", "no" },
    { "a=", "no" },
    { "=b", "no" },
    { "1a=b", "no" },
    { "a-b=c", "no" },
    { "__name__=c", "no" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autofree char *found = parse (cases[i].text);

    g_assert_cmpstr (found, ==, cases[i].expected);
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/remote-labels/parse", test_parse);
  return g_test_run ();
}
