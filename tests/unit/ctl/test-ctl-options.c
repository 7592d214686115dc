/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "orf-error.h"

#include "orf-ctl-help.h"
#include "orf-ctl-options.h"

static OrfCtlOptions *
parse (const char *line, GError **error)
{
  g_auto (GStrv) argv = NULL;

  g_assert_true (g_shell_parse_argv (line, NULL, &argv, NULL));
  /* the options borrow the words, as from main(): they live as long as the test */
  for (guint i = 0; argv[i] != NULL; i++) {
    char *word = (char *) g_intern_string (argv[i]);

    g_free (argv[i]);
    argv[i] = word;
  }
  {
    g_autofree char **words = g_steal_pointer (&argv);

    return orf_ctl_options_parse (orf_ctl_get_verbs (), orf_ctl_global_options,
                                  (const char *const *) words, error);
  }
}

static void
assert_refused (const char *line, const char *because)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (parse (line, &error));
  g_assert_error (error, ORF_ERROR, ORF_ERROR_INVALID_ARGUMENT);
  g_assert_nonnull (strstr (error->message, because));
}

static void
test_anywhere (void)
{
  static const char *const lines[] = {
    "--json --timeout 5 metrics query NAME --last 5m",
    "metrics query --last=5m NAME --json --timeout=5",
    "metrics --json query --timeout 9 --last 1h NAME --last 5m --timeout 5",
  };

  for (guint i = 0; i < G_N_ELEMENTS (lines); i++) {
    g_autoptr (GError) error = NULL;
    g_autoptr (OrfCtlOptions) options = parse (lines[i], &error);

    g_assert_no_error (error);
    g_assert_cmpstr (orf_ctl_options_get_verb (options)->name, ==, "metrics query");
    g_assert_cmpstr (orf_ctl_options_get_arguments (options)[0], ==, "NAME");
    g_assert_null (orf_ctl_options_get_arguments (options)[1]);
    g_assert_cmpstr (orf_ctl_options_get (options, "last"), ==, "5m");
    g_assert_cmpstr (orf_ctl_options_get (options, "timeout"), ==, "5");
    g_assert_true (orf_ctl_options_has (options, "json"));
    g_assert_false (orf_ctl_options_has (options, "csv"));
    g_assert_null (orf_ctl_options_get (options, "step"));
  }
}

static void
test_dashes (void)
{
  g_autoptr (OrfCtlOptions) query = parse ("metrics query --from -10m -- --odd", NULL);
  g_autoptr (OrfCtlOptions) call = parse ("call x.y -", NULL);

  g_assert_cmpstr (orf_ctl_options_get (query, "from"), ==, "-10m");
  g_assert_cmpstr (orf_ctl_options_get_arguments (query)[0], ==, "--odd");
  g_assert_cmpstr (orf_ctl_options_get_arguments (call)[1], ==, "-");
}

/* A verb of two words comes before one of the first and an argument. */
static void
test_longest (void)
{
  g_autoptr (OrfCtlOptions) one = parse ("gpu opencl-0", NULL);
  g_autoptr (OrfCtlOptions) two = parse ("gpu --json cleanups", NULL);

  g_assert_cmpstr (orf_ctl_options_get_verb (one)->name, ==, "gpu");
  g_assert_cmpstr (orf_ctl_options_get_arguments (one)[0], ==, "opencl-0");
  g_assert_cmpstr (orf_ctl_options_get_verb (two)->name, ==, "gpu cleanups");
  g_assert_null (orf_ctl_options_get_arguments (two)[0]);
}

static void
test_refused (void)
{
  assert_refused ("--json", "no verb");
  assert_refused ("frob", "\"frob\"");
  assert_refused ("metrics",
                  "metrics list, metrics query, metrics export, metrics watch, metrics record");
  assert_refused ("metrics frob", "\"metrics frob\"");
  assert_refused ("gpu --frob", "--frob");
  assert_refused ("gpu -x", "-x");
  assert_refused ("gpu --last 5m", "gpu has no option --last");
  assert_refused ("gpu a b", "\"b\"");
  assert_refused ("metrics watch", "SELECT");
  assert_refused ("metrics query a --last", "--last DURATION");
  assert_refused ("gpu --json=yes", "takes no value");
}

/* Left out of a call it would have more done than was asked. */
static void
test_no_text (void)
{
  assert_refused ("gpu cleanup --worker \"\xff\"", "--worker");
  assert_refused ("gpu cleanup --worker=a\xff", "UTF-8");
  assert_refused ("cache invalidate \xe9 --tag t", "UTF-8");
  assert_refused ("gpu \xe9", "UTF-8");
  assert_refused ("--url http://\xe9 status", "--url");
}

/* Names of files are bytes. */
static void
test_file_names (void)
{
  static const char *const lines[] = { "--db \xe9.db status", "--socket /tmp/\xe9 status",
                                       "export a -o \xe9.csv", "alerts rules check \xe9.conf",
                                       "anomalies replay \xe9.csv" };

  for (guint i = 0; i < G_N_ELEMENTS (lines); i++) {
    g_autoptr (GError) error = NULL;
    g_autoptr (OrfCtlOptions) options = parse (lines[i], &error);

    g_assert_no_error (error);
    g_assert_nonnull (options);
  }
}

/* No line is wider than a terminal. */
static void
assert_fits (const char *help)
{
  g_auto (GStrv) shown = g_strsplit (help, "\n", -1);

  for (char **at = shown; *at != NULL; at++)
    g_assert_cmpuint (orf_ctl_text_width (*at), <=, 80);
}

static void
test_help (void)
{
  static const OrfCtlTerminal terminal = { .is_terminal = TRUE, .utf8 = TRUE, .width = 80 };
  static const char *const lines[] = { "--help", "-h", "help", "metrics --help", "gpu --help" };
  g_autoptr (OrfCtlOptions) version = parse ("--version", NULL);

  g_assert_true (orf_ctl_options_has (version, "version"));
  for (guint i = 0; i < G_N_ELEMENTS (lines); i++) {
    g_autoptr (OrfCtlOptions) options = parse (lines[i], NULL);

    g_autofree char *help = orf_ctl_help_new (&terminal, orf_ctl_get_verbs (),
                                              orf_ctl_global_options, options);

    g_assert_true (orf_ctl_options_has (options, "help"));
    assert_fits (help);
    /* those that have `gpu` in front too */
    if (g_str_has_prefix (lines[i], "gpu"))
      g_assert_nonnull (strstr (help, "gpu cleanups "));
  }
  /* help of each verb: nothing else need be right */
  for (const OrfCtlVerb *verb = orf_ctl_get_verbs (); verb->name != NULL; verb++) {
    g_autofree char *line = g_strconcat ("help ", verb->name, NULL);
    g_autoptr (OrfCtlOptions) options = parse (line, NULL);
    g_autofree char *help = orf_ctl_help_new (&terminal, orf_ctl_get_verbs (),
                                              orf_ctl_global_options, options);

    g_assert_true (orf_ctl_options_get_verb (options) == verb);
    g_assert_nonnull (strstr (help, verb->examples == NULL ? "no examples" : "Examples"));
    assert_fits (help);
  }
}

/* Options are split before the verb is known, so one name means one shape everywhere. */
static void
test_one_shape (void)
{
  for (const OrfCtlVerb *verb = orf_ctl_get_verbs (); verb->name != NULL; verb++) {
    for (const OrfCtlOption *option = verb->options; option && option->name; option++) {
      for (const OrfCtlOption *other = orf_ctl_global_options; other->name; other++)
        g_assert_cmpstr (option->name, !=, other->name);
      for (const OrfCtlVerb *next = verb + 1; next->name != NULL; next++) {
        for (const OrfCtlOption *other = next->options; other && other->name; other++) {
          if (g_str_equal (option->name, other->name))
            g_assert_cmpint (option->value == NULL, ==, other->value == NULL);
        }
      }
    }
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/ctl/options/anywhere", test_anywhere);
  g_test_add_func ("/ctl/options/dashes", test_dashes);
  g_test_add_func ("/ctl/options/longest", test_longest);
  g_test_add_func ("/ctl/options/refused", test_refused);
  g_test_add_func ("/ctl/options/no-text", test_no_text);
  g_test_add_func ("/ctl/options/file-names", test_file_names);
  g_test_add_func ("/ctl/options/help", test_help);
  g_test_add_func ("/ctl/options/one-shape", test_one_shape);
  return g_test_run ();
}
