/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <glib-unix.h>
#include <sodium.h>

#ifdef HAVE_SYSTEMD
#include <systemd/sd-daemon.h>
#endif

#include "core/orf-config.h"
#include "core/orf-heap.h"
#include "core/orf-json-cache.h"
#include "core/orf-turn.h"
#include "daemon/orf-config-check.h"
#include "daemon/orf-daemon.h"
#include "daemon/orf-inspector.h"
#include "daemon/orf-log.h"
#include "daemon/orf-paths.h"
#include "exec/orf-errand.h"
#include "orf-error.h"
#include "orf-schema-config.h"
#include "transport/orf-inherited.h"

/* A drain that takes longer is cut: who stops us waits five seconds for the end, of which the
 * file's takes one. */
#define DRAIN_S 4

typedef struct {
  const OrfOptions *options;
  GMainLoop *loop;
  OrfDaemon *daemon;
  gboolean stopping;
} Program;

/* What systemd is told; nothing where it did not start us. */
static void
notify (const char *state)
{
#ifdef HAVE_SYSTEMD
  sd_notify (0, state);
#endif
}

static void
quit_cb (gpointer user_data)
{
  g_main_loop_quit (user_data);
}

static gboolean
drain_late_cb (gpointer user_data)
{
  Program *program = user_data;

  g_warning ("not drained within %d s; what is left is cut", DRAIN_S);
  g_main_loop_quit (program->loop);
  return G_SOURCE_REMOVE;
}

static gboolean
stop_cb (gpointer user_data)
{
  Program *program = user_data;

  if (program->stopping)
    return G_SOURCE_CONTINUE;
  program->stopping = TRUE;
  notify ("STOPPING=1");
  g_message ("stopping");
  g_timeout_add_seconds (DRAIN_S, drain_late_cb, program);
  orf_daemon_drain (program->daemon, quit_cb, program->loop);
  return G_SOURCE_CONTINUE;
}

static gboolean
reload_cb (gpointer user_data)
{
  Program *program = user_data;
  OrfTurn turn;
  g_autoptr (GError) error = NULL;
  g_autoptr (OrfConfig) fresh = NULL;

  orf_turn_begin (&turn, "signal", "reload");
  fresh = orf_config_load (program->options->config_file,
                           (const char *const *) program->options->overrides, &error);

  if (fresh == NULL)
    g_warning ("settings stay as they are: %s", error->message);
  else
    orf_daemon_reload (program->daemon, fresh);
  orf_turn_end (&turn);
  return G_SOURCE_CONTINUE;
}

static gboolean
watchdog_cb (gpointer user_data)
{
  notify ("WATCHDOG=1");
  return G_SOURCE_CONTINUE;
}

static void
start_watchdog (void)
{
#ifdef HAVE_SYSTEMD
  uint64_t period_us = 0;

  if (sd_watchdog_enabled (0, &period_us) > 0)
    g_timeout_add ((guint) (period_us / 2 / 1000), watchdog_cb, NULL);
#else
  (void) watchdog_cb;
#endif
}

/* The daemon's whole standard output. */
static gboolean
say_ready (OrfDaemon *daemon, GError **error)
{
  g_autofree char *line = orf_daemon_dup_ready_line (daemon, error);

  if (line == NULL)
    return FALSE;
  fputs (line, stdout);
  fflush (stdout);
  notify ("READY=1");
  return TRUE;
}

static gboolean
run (const OrfOptions *options, OrfConfig *config, GError **error)
{
  g_autoptr (GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  g_autofree char *helper = orf_paths_dup_exec ();
  g_autoptr (OrfDaemon) daemon = NULL;
  Program program = { options, loop, NULL, FALSE };

  /* until there is something to reload: a migration may take minutes, and what a reload would read
   * has just been read */
  signal (SIGHUP, SIG_IGN);
  orf_errands_set_up (helper, options->config_file, (const char *const *) options->overrides);
  program.daemon = daemon = orf_daemon_new (config, error);
  if (daemon == NULL)
    return FALSE;
  orf_inherited_close_rest ();
  g_unix_signal_add (SIGTERM, stop_cb, &program);
  g_unix_signal_add (SIGINT, stop_cb, &program);
  g_unix_signal_add (SIGHUP, reload_cb, &program);
  start_watchdog ();
  if (!say_ready (daemon, error))
    return FALSE;
  g_main_loop_run (loop);
  return TRUE;
}

static gboolean
inspect (OrfConfig *config, GError **error)
{
  g_autoptr (GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  g_autoptr (OrfInspector) inspector = orf_inspector_new (config, quit_cb, loop, error);

  if (inspector == NULL)
    return FALSE;
  g_main_loop_run (loop);
  return TRUE;
}

static gboolean
act (const OrfOptions *options, GError **error)
{
  g_autoptr (OrfConfig) config = NULL;

  if (options->action == ORF_ACTION_VERSION) {
    puts ("orfeasd " ORF_VERSION);
    return TRUE;
  }
  if (options->action == ORF_ACTION_PRINT_DEFAULTS) {
    fputs (orf_config_sample, stdout);
    return TRUE;
  }
  config = orf_config_load (options->config_file, (const char *const *) options->overrides, error);
  if (config == NULL)
    return FALSE;
  if (options->action == ORF_ACTION_CHECK_CONFIG)
    return orf_config_check (config, error);
  orf_log_configure (config);
  orf_inherited_collect ();
  if (options->action == ORF_ACTION_STDIO)
    return inspect (g_steal_pointer (&config), error);
  return run (options, g_steal_pointer (&config), error);
}

int
main (int argc, char **argv)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (OrfOptions) options = NULL;

  orf_heap_configure ();
  orf_json_cache_use ();
  setlocale (LC_ALL, "");
  setlocale (LC_NUMERIC, "C"); /* a decimal comma would break numbers in JSON and SQL */
  signal (SIGPIPE, SIG_IGN);
  if (sodium_init () < 0) {
    fputs ("orfeasd: libsodium does not start\n", stderr);
    return EXIT_FAILURE;
  }
  options = orf_options_parse (argc, argv, &error);
  if (options == NULL) {
    fprintf (stderr, "orfeasd: %s\n", error->message);
    return 2;
  }
  orf_log_install ();
  if (!act (options, &error)) {
    fprintf (stderr, "orfeasd: %s\n", error->message);
    if (g_error_matches (error, ORF_ERROR, ORF_ERROR_DATA_LOSS))
      fputs ("orfeasd: orfeasctl db recover FILE NEW saves what can be read\n", stderr);
    return EXIT_FAILURE;
  }
  return EXIT_SUCCESS;
}
