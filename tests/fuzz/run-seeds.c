/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Runs a fuzz target over the files of folders, as a test: where libFuzzer is not linked. */
#include <stdint.h>
#include <stdlib.h>

#include <glib.h>

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

static guint
run_folder (const char *folder)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GDir) dir = g_dir_open (folder, 0, &error);
  const char *name;
  guint n = 0;

  if (dir == NULL)
    g_error ("%s", error->message);
  while ((name = g_dir_read_name (dir)) != NULL) {
    g_autofree char *path = g_build_filename (folder, name, NULL);
    g_autofree char *text = NULL;
    gsize length;

    if (!g_file_get_contents (path, &text, &length, &error))
      g_error ("%s", error->message);
    /* each of its beginnings too, of small ones: where a text is cut is where parsers fail */
    for (gsize cut = length > 300 ? length : 0; cut <= length; cut++) {
      g_autofree uint8_t *copy = g_memdup2 (text, cut + 1); /* so that ASan sees its end */

      copy = g_realloc (copy, MAX (cut, 1));
      LLVMFuzzerTestOneInput (copy, cut);
    }
    n++;
  }
  return n;
}

int
main (int argc, char **argv)
{
  guint n = 0;

  /* as script/fuzz has it: a seed that brought one about fails again */
  g_log_set_always_fatal (G_LOG_FATAL_MASK | G_LOG_LEVEL_CRITICAL);
  for (int i = 1; i < argc; i++)
    n += run_folder (argv[i]);
  g_print ("1..1\n%s 1 seeds # %u files\n", n > 0 ? "ok" : "not ok", n);
  return n > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
