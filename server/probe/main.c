/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <glib.h>

#include "orf-encode.h"
#include "orf-error.h"
#include "probe/orf-probe-answers.h"
#include "probe/orf-probe-backend.h"
#include "probe/orf-probe-cage.h"

/*
 * orfeas-probe BACKEND [KEY=VALUE]…: asks one backend's devices for the daemon, so that a driver
 * which hangs, crashes or eats memory does so here.  Lines of JSON (schema/internal/probe.json) go
 * to standard output (orf-probe-answers.h); the line `sample` on standard input asks for one; its
 * end ends the program.  Standard error is the log.  sandbox=off: orf-probe-cage.h.
 */
#define MAX_ERROR_BYTES 4096 /* of schema/internal/probe.json */

static gboolean
write_message (const OrfProbeMessage *message)
{
  g_autoptr (GString) line = g_string_sized_new (1024);
  g_autoptr (GError) error = NULL;

  if (!orf_encode (&orf_probe_message_desc, message, line, &error)) {
    g_printerr ("%s\n", error->message);
    return FALSE;
  }

  g_string_append_c (line, '\n');
  return orf_probe_answers_write (line->str, line->len);
}

static gboolean
write_error (const GError *error)
{
  g_autoptr (OrfProbeMessage) message = orf_probe_message_new ();

  message->error = g_utf8_make_valid (error->message,
                                      (gssize) strnlen (error->message, MAX_ERROR_BYTES / 4));
  return write_message (message);
}

static gboolean
write_hello (const OrfProbeBackend *backend, gpointer state)
{
  g_autoptr (OrfProbeMessage) message = orf_probe_message_new ();
  const char *gaps = orf_probe_cage_get_gaps ();

  message->hello = orf_probe_hello_new ();
  message->hello->backend = g_strdup (backend->name);
  message->hello->devices = g_ptr_array_new ();
  backend->describe (state, message->hello);
  if (gaps[0] != '\0')
    message->hello->unguarded = g_utf8_make_valid (gaps, -1);
  return write_message (message);
}

static gboolean
answer (const OrfProbeBackend *backend, gpointer state)
{
  g_autoptr (OrfProbeMessage) message = orf_probe_message_new ();
  g_autoptr (GError) error = NULL;
  gint64 start_us = g_get_monotonic_time ();

  message->sample = orf_probe_sample_new ();
  message->sample->devices = g_ptr_array_new ();
  if (!backend->sample (state, message->sample, &error))
    return write_error (error);

  message->sample->took_us = g_get_monotonic_time () - start_us;
  return write_message (message);
}

static int
serve (const OrfProbeBackend *backend, gpointer state)
{
  char line[64];

  if (!write_hello (backend, state))
    return 1;

  while (fgets (line, sizeof line, stdin)) {
    if (!g_str_equal (line, "sample\n"))
      g_printerr ("not understood: %s", line);
    else if (!answer (backend, state))
      return 1;
  }

  return 0;
}

/* The daemon's end is ours, also where it is killed while we are inside a driver and read nothing;
 * and when memory runs out the kernel is to take us before it. */
static void
tie_to_parent (void)
{
  int fd = open ("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);

  prctl (PR_SET_PDEATHSIG, SIGKILL);
  prctl (PR_SET_NAME, "orfeas-probe");
  if (fd < 0)
    return;
  if (write (fd, "500", 3) < 0)
    g_printerr ("oom_score_adj: %s\n", g_strerror (errno));
  close (fd);
}

/* A word that is no backend's. */
static void
take_sandbox_off (char **argv)
{
  guint kept = 0;

  for (guint i = 0; argv[i] != NULL; i++) {
    if (g_str_equal (argv[i], "sandbox=off"))
      orf_probe_cage_turn_off ();
    else
      argv[kept++] = argv[i];
  }
  argv[kept] = NULL;
}

int
main (int argc, char **argv)
{
  OrfProbeBackend backend = { 0 };
  g_autoptr (GError) error = NULL;
  gpointer state = NULL;
  int rc = 0;

  if (argc < 2 || !orf_probe_backend_find (argv[1], &backend)) {
    g_autofree char *names = orf_probe_backend_dup_names ();

    g_printerr ("usage: orfeas-probe BACKEND [KEY=VALUE]...\nbackends: %s\n", names);
    return 2;
  }

  if (!orf_probe_answers_claim ()) {
    g_printerr ("standard output: %s\n", g_strerror (errno));
    return 1;
  }

  tie_to_parent ();
  take_sandbox_off (argv);
  if (!backend.open (&state, argv, &error)) {
    write_error (error);
    return 1;
  }

  rc = serve (&backend, state);
  backend.close (state);
  return rc;
}
