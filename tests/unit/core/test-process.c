/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/orf-process.h"

#include <sys/wait.h>
#include <unistd.h>

#include <glib-unix.h>

static const char *const ENV[] = { "/usr/bin/env", NULL };

/* Each line that it wrote. */
static char **
run (const char *const *environment)
{
  g_autoptr (GString) text = g_string_new (NULL);
  g_autoptr (GError) error = NULL;
  OrfProcess process;
  char buffer[4096];
  gssize n;

  g_assert_true (orf_process_spawn (ENV, environment, &process, &error));
  g_assert_no_error (error);
  g_assert_true (g_unix_set_fd_nonblocking (process.fd, FALSE, NULL));
  while ((n = read (process.fd, buffer, sizeof buffer)) > 0)
    g_string_append_len (text, buffer, n);
  waitpid (process.pid, NULL, 0);
  close (process.fd);
  close (process.log_fd);
  return g_strsplit (text->str, "\n", -1);
}

/* Whatever is loaded by a child may read its environment. */
static void
test_no_settings (void)
{
  g_auto (GStrv) lines = NULL;

  g_setenv ("ORFEAS_CACHE_REDIS_PASSWORD", "secret", TRUE);
  g_setenv ("ORFEAS_NVML_LIBRARY", "/opt/libnvidia-ml.so", TRUE); /* the probe's own */
  lines = run (NULL);
  g_assert_true (
    g_strv_contains ((const char *const *) lines, "ORFEAS_NVML_LIBRARY=/opt/libnvidia-ml.so"));
  for (guint i = 0; lines[i] != NULL; i++)
    g_assert_false (g_str_has_prefix (lines[i], "ORFEAS_CACHE_REDIS_PASSWORD"));
}

static void
test_environment (void)
{
  static const char *const environment[] = { "A=1", NULL };
  g_auto (GStrv) lines = run (environment);

  g_assert_cmpuint (g_strv_length (lines), ==, 2);
  g_assert_cmpstr (lines[0], ==, "A=1");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/process/no-settings", test_no_settings);
  g_test_add_func ("/process/environment", test_environment);
  return g_test_run ();
}
