/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The notifier with a store and an outbox of its own, for tests against receivers that are real:
 * notice-driver CONFIG DB.  It says "ready", takes orders line by line, and ends with its input:
 *
 *   fire ID RULE KEY=VALUE…   resolve ID   silence SECONDS MATCHERS   unsilence   reload
 */
#include <stdio.h>
#include <string.h>

#include <glib-unix.h>

#include "core/orf-clock.h"
#include "core/orf-config.h"
#include "exec/orf-errand.h"
#include "notice-engine.h"
#include "notice-fixture.h"

typedef struct {
  const char *config_path;
  OrfConfig *config;
  OrfStore *store;
  OrfOutbox *outbox;
  OrfNotifier *notifier;
  NoticeEngine engine;
  GMainLoop *loop;
} Driver;

static void
say (const char *word)
{
  printf ("%s\n", word);
  fflush (stdout);
}

static void
fire (Driver *driver, char **words)
{
  gint64 now_us = orf_clock_now_us ();
  g_autoptr (GString) labels = g_string_new (NULL);

  for (guint i = 3; words[i] != NULL; i++)
    g_string_append_printf (labels, "%s%s", i > 3 ? " " : "", words[i]);
  g_strdelimit (labels->str, "=", ' ');
  notice_engine_fire (&driver->engine, make_alert (g_ascii_strtoll (words[1], NULL, 10), words[2],
                                                   labels->str, NULL, now_us));
}

static void
reload (Driver *driver)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (OrfConfig) fresh = orf_config_load (driver->config_path, NULL, &error);

  g_assert_no_error (error);
  g_strfreev (orf_config_reload (driver->config, fresh));
  if (!orf_notifier_reload (driver->notifier, &error))
    say (error->message);
}

static void
obey (Driver *driver, const char *line)
{
  g_auto (GStrv) words = g_strsplit (line, " ", -1);

  if (g_str_equal (words[0], "fire"))
    fire (driver, words);
  else if (g_str_equal (words[0], "resolve"))
    notice_engine_resolve (&driver->engine, g_ascii_strtoll (words[1], NULL, 10));
  else if (g_str_equal (words[0], "silence"))
    notice_engine_silence (&driver->engine, words[2],
                           orf_clock_now_us () + g_ascii_strtoll (words[1], NULL, 10) * S);
  else if (g_str_equal (words[0], "unsilence"))
    notice_engine_silence (&driver->engine, NULL, 0);
  else if (g_str_equal (words[0], "reload"))
    reload (driver);
  notice_engine_settle (&driver->engine);
  say ("done");
}

static gboolean
read_cb (GIOChannel *channel, GIOCondition condition G_GNUC_UNUSED, gpointer user_data)
{
  Driver *driver = user_data;
  g_autofree char *line = NULL;
  gsize end;

  if (g_io_channel_read_line (channel, &line, NULL, &end, NULL) != G_IO_STATUS_NORMAL) {
    g_main_loop_quit (driver->loop);
    return G_SOURCE_REMOVE;
  }
  line[end] = '\0';
  obey (driver, line);
  return G_SOURCE_CONTINUE;
}

static void
open_all (Driver *driver, const char *db)
{
  g_autoptr (GError) error = NULL;
  const OrfStoreOptions options = {
    .path = db,
    .readers = 1,
    .max_write_jobs = 1000,
    .max_read_jobs = 100,
    .batch_us = 20 * ORF_US_PER_MS,
    .read_us = 20 * S,
    .raw_us = 7200 * S,
    .idempotency_us = 600 * S,
    .min_free_bytes = 1 << 16,
    .ballast_bytes = 1 << 16,
  };

  driver->config = orf_config_load (driver->config_path, NULL, &error);
  g_assert_no_error (error);
  driver->store = orf_store_open (&options, &error);
  g_assert_no_error (error);
  driver->outbox = orf_outbox_new (driver->config, driver->store, &error);
  g_assert_no_error (error);
  driver->notifier = orf_notifier_new (driver->config, driver->store, driver->outbox, &error);
  g_assert_no_error (error);
  orf_outbox_start (driver->outbox);
  notice_engine_start (&driver->engine, driver->store, driver->notifier);
}

static void
close_all (Driver *driver)
{
  orf_notifier_stop (driver->notifier);
  orf_outbox_stop (driver->outbox);
  orf_store_close (driver->store);
  notice_engine_clear (&driver->engine);
  orf_notifier_free (driver->notifier);
  orf_outbox_free (driver->outbox);
  orf_config_free (driver->config);
}

int
main (int argc, char **argv)
{
  Driver driver = { 0 };
  g_autoptr (GIOChannel) input = g_io_channel_unix_new (STDIN_FILENO);

  g_assert_cmpint (argc, ==, 3);
  driver.config_path = argv[1];
  driver.loop = g_main_loop_new (NULL, FALSE);
  orf_errands_set_up (g_getenv ("ORFEAS_EXEC"), argv[1], NULL);
  open_all (&driver, argv[2]);
  g_io_add_watch (input, G_IO_IN | G_IO_HUP, read_cb, &driver);
  say ("ready");
  g_main_loop_run (driver.loop);
  close_all (&driver);
  /* posts that were on their way hear that they are cancelled */
  while (g_main_context_iteration (NULL, FALSE))
    continue;
  g_main_loop_unref (driver.loop);
  return 0;
}
