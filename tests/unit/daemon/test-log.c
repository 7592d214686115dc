/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <unistd.h>

#include <glib/gstdio.h>

#include "core/orf-clock.h"
#include "core/orf-config.h"
#include "daemon/orf-log.h"

#define MAX_PER_S 5

/* Past the test framework's own handler, which prints each message. */
#define LOG(level, ...) g_log_structured (G_LOG_DOMAIN, level, "MESSAGE", __VA_ARGS__)

/* Standard error is a file meanwhile; what was written to it, by line. */
typedef struct {
  OrfConfig *config;
  char *path;
  int before; /* standard error */
  gint64 begin_us;
} Fixture;

static void
set_up (Fixture *fixture, gconstpointer data)
{
  int fd = g_file_open_tmp ("orf-log-XXXXXX", &fixture->path, NULL);

  fixture->config = orf_config_new_defaults ();
  fixture->config->log.max_per_s = MAX_PER_S;
  orf_log_configure (fixture->config);
  g_usleep (ORF_US_PER_S + 1000); /* what was logged before is of another second */
  LOG (G_LOG_LEVEL_INFO, "tells what was left out in it");
  fixture->before = dup (STDERR_FILENO);
  g_assert_cmpint (dup2 (fd, STDERR_FILENO), ==, STDERR_FILENO);
  close (fd);
  fixture->begin_us = orf_clock_monotonic_us ();
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  g_unlink (fixture->path);
  g_free (fixture->path);
  orf_config_free (fixture->config);
}

static char **
read_lines (Fixture *fixture)
{
  g_autofree char *text = NULL;

  dup2 (fixture->before, STDERR_FILENO);
  close (fixture->before);
  g_assert_true (g_file_get_contents (fixture->path, &text, NULL, NULL));
  return g_strsplit (text, "\n", -1);
}

static guint
count (char *const *lines, const char *what)
{
  guint n = 0;

  for (guint i = 0; lines[i] != NULL; i++)
    n += strstr (lines[i], what) != NULL;
  return n;
}

/* Of one level: as many as may be in the seconds that passed, each begun one counting. */
static guint
most_lines (Fixture *fixture)
{
  gint64 seconds = (orf_clock_monotonic_us () - fixture->begin_us) / ORF_US_PER_S;

  return (guint) (seconds + 2) * MAX_PER_S;
}

static gpointer
flood_thread_cb (gpointer data)
{
  for (guint i = 0; i < 500; i++)
    LOG (G_LOG_LEVEL_INFO, "a request was refused: %u", i);
  return NULL;
}

static void
test_flood (Fixture *fixture, gconstpointer data)
{
  g_auto (GStrv) lines = NULL;
  pthread_t threads[3];
  guint most;

  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    g_assert_cmpint (pthread_create (&threads[i], NULL, flood_thread_cb, NULL), ==, 0);
  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    pthread_join (threads[i], NULL);
  most = most_lines (fixture);
  g_usleep (ORF_US_PER_S + 1000);
  LOG (G_LOG_LEVEL_INFO, "the next second");
  lines = read_lines (fixture);
  g_assert_cmpuint (count (lines, "a request was refused"), >=, 1);
  g_assert_cmpuint (count (lines, "a request was refused"), <=, most);
  g_assert_cmpuint (count (lines, "left out ([log] max_per_s)"), >=, 1);
  g_assert_cmpuint (count (lines, "the next second"), ==, 1);
}

/* What matters is not hidden by what does not. */
static void
test_levels (Fixture *fixture, gconstpointer data)
{
  g_auto (GStrv) lines = NULL;

  flood_thread_cb (NULL);
  LOG (G_LOG_LEVEL_WARNING, "the disk is full");
  LOG (G_LOG_LEVEL_DEBUG, "not of a level that is written");
  lines = read_lines (fixture);
  g_assert_cmpuint (count (lines, "warning: the disk is full"), ==, 1);
  g_assert_cmpuint (count (lines, "not of a level"), ==, 0);
}

/* What is quoted of a caller makes no line of its own. */
static void
test_quoted (Fixture *fixture, gconstpointer data)
{
  g_autofree char *long_text = g_strnfill (100000, 'x');
  g_autoptr (GString) wide_text = g_string_new ("x"); /* so that the end falls into a letter */
  g_auto (GStrv) lines = NULL;

  LOG (G_LOG_LEVEL_INFO, "there is no \"%s\"",
       "a\n2026-01-01T00:00:00.000Z error: \x1b[31mforged\r\n");
  LOG (G_LOG_LEVEL_INFO, "%s", long_text);
  for (guint i = 0; i < 5000; i++)
    g_string_append (wide_text, "\u00e9");
  LOG (G_LOG_LEVEL_INFO, "%s", wide_text->str);
  lines = read_lines (fixture);
  g_assert_cmpuint (g_strv_length (lines), ==, 4); /* the last is empty */
  g_assert_cmpuint (count (lines, "forged"), ==, 1);
  g_assert_cmpuint (count (lines, "\x1b"), ==, 0);
  g_assert_true (g_str_has_suffix (lines[0], "\""));
  g_assert_cmpuint (strlen (lines[1]), <, 5000);
  g_assert_cmpuint (strlen (lines[2]), <, 5000);
  g_assert_true (g_utf8_validate (lines[2], -1, NULL));
  g_assert_cmpstr (lines[3], ==, "");
}

/* A pipe that holds one line or two, and that nobody reads: who logs goes on. */
static void
test_unread (Fixture *fixture, gconstpointer data)
{
  g_autofree char *text = g_strnfill (3000, 'x');
  g_autofree char *read_back = g_malloc0 (1 << 16);
  g_auto (GStrv) lines = NULL;
  int ends[2];

  g_assert_cmpint (pipe2 (ends, O_CLOEXEC), ==, 0);
  g_assert_cmpint (fcntl (ends[1], F_SETPIPE_SZ, 8192), ==, 8192);
  g_assert_cmpint (dup2 (ends[1], STDERR_FILENO), ==, STDERR_FILENO);
  LOG (G_LOG_LEVEL_WARNING, "the first %s", text);
  LOG (G_LOG_LEVEL_WARNING, "the second %s", text);
  LOG (G_LOG_LEVEL_WARNING, "the third %s", text);
  LOG (G_LOG_LEVEL_WARNING, "the fourth %s", text);
  g_assert_cmpint (read (ends[0], read_back, 1 << 16), >, 6000);
  LOG (G_LOG_LEVEL_INFO, "it is read again");
  g_assert_cmpint (read (ends[0], read_back + strlen (read_back), 1 << 15), >, 0);
  lines = g_strsplit (read_back, "\n", -1);
  g_strfreev (read_lines (fixture));
  close (ends[0]);
  close (ends[1]);

  g_assert_cmpuint (g_strv_length (lines), ==, 5); /* the last is empty */
  g_assert_nonnull (strstr (lines[0], "the first"));
  g_assert_nonnull (strstr (lines[2], "2 messages lost"));
  g_assert_nonnull (strstr (lines[3], "it is read again"));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_log_set_always_fatal (G_LOG_FATAL_MASK); /* warnings are what is looked at */
  orf_log_install ();
#define ADD(name) g_test_add ("/log/" #name, Fixture, NULL, set_up, test_##name, tear_down)
  ADD (flood);
  ADD (levels);
  ADD (quoted);
  ADD (unread);
  return g_test_run ();
}
