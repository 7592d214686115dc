/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "fake-daemon.h"

#include <glib/gstdio.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define PATIENCE_MS 60000

void
fake_daemon_init (FakeDaemon *daemon)
{
  daemon->folder = g_dir_make_tmp ("orfeas-worker-XXXXXX", NULL);
  g_assert_nonnull (daemon->folder);
  daemon->path = g_build_filename (daemon->folder, "orfeas.sock", NULL);
  daemon->listener = daemon->fd = -1;
  daemon->in = g_string_new ("");
}

void
fake_daemon_clear (FakeDaemon *daemon)
{
  fake_daemon_hang_up (daemon, TRUE);
  g_string_free (daemon->in, TRUE);
  g_rmdir (daemon->folder);
  g_free (daemon->folder);
  g_free (daemon->path);
}

void
fake_daemon_listen (FakeDaemon *daemon)
{
  struct sockaddr_un address = { .sun_family = AF_UNIX };

  daemon->listener = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  g_strlcpy (address.sun_path, daemon->path, sizeof address.sun_path);
  g_assert_cmpint (bind (daemon->listener, (struct sockaddr *) &address, sizeof address), ==, 0);
  g_assert_cmpint (listen (daemon->listener, 8), ==, 0);
}

static void
await (int fd)
{
  struct pollfd poll_fd = { .fd = fd, .events = POLLIN };

  g_assert_cmpint (poll (&poll_fd, 1, PATIENCE_MS), ==, 1);
}

void
fake_daemon_accept (FakeDaemon *daemon)
{
  await (daemon->listener);
  daemon->fd = accept4 (daemon->listener, NULL, NULL, SOCK_CLOEXEC);
  g_assert_cmpint (daemon->fd, >=, 0);
}

void
fake_daemon_hang_up (FakeDaemon *daemon, gboolean away)
{
  if (daemon->fd >= 0)
    close (daemon->fd);
  daemon->fd = -1;
  g_string_truncate (daemon->in, 0);
  if (!away || daemon->listener < 0)
    return;
  close (daemon->listener);
  daemon->listener = -1;
  g_unlink (daemon->path);
}

json_t *
fake_daemon_read (FakeDaemon *daemon)
{
  const char *end;
  json_t *call;

  while ((end = strchr (daemon->in->str, '\n')) == NULL) {
    char bytes[4096];
    ssize_t got;

    await (daemon->fd);
    got = read (daemon->fd, bytes, sizeof bytes);
    if (got <= 0)
      return NULL;
    g_string_append_len (daemon->in, bytes, got);
  }
  call = json_loadb (daemon->in->str, (size_t) (end - daemon->in->str), 0, NULL);
  g_assert_nonnull (call);
  g_string_erase (daemon->in, 0, end - daemon->in->str + 1);
  return call;
}

static const char *
get_method (const json_t *call)
{
  return json_string_value (json_object_get (call, "method"));
}

const json_t *
fake_daemon_get_params (const json_t *call)
{
  return json_object_get (call, "params");
}

json_t *
fake_daemon_expect (FakeDaemon *daemon, const char *method)
{
  for (;;) {
    json_t *call = fake_daemon_read (daemon);

    g_assert_nonnull (call);
    if (strcmp (get_method (call), method) == 0)
      return call;
    g_assert_cmpstr (get_method (call), ==, "worker.report");
    fake_daemon_answer (daemon, call, json_pack ("{s:i}", "accepted", 1));
  }
}

static void
send_json (FakeDaemon *daemon, json_t *message)
{
  g_autofree char *text = json_dumps (message, JSON_COMPACT);

  fake_daemon_send (daemon, text);
  json_decref (message);
}

void
fake_daemon_send (FakeDaemon *daemon, const char *line)
{
  g_autofree char *text = g_strconcat (line, "\n", NULL);

  g_assert_cmpint (send (daemon->fd, text, strlen (text), MSG_NOSIGNAL), ==,
                   (gssize) strlen (text));
}

void
fake_daemon_answer (FakeDaemon *daemon, json_t *call, json_t *result)
{
  send_json (daemon, json_pack ("{s:s, s:O, s:o}", "jsonrpc", "2.0", "id",
                                json_object_get (call, "id"), "result", result));
  json_decref (call);
}

void
fake_daemon_refuse (FakeDaemon *daemon, json_t *call, const char *status)
{
  send_json (daemon, json_pack ("{s:s, s:O, s:{s:i, s:s, s:{s:s}}}", "jsonrpc", "2.0", "id",
                                json_object_get (call, "id"), "error", "code", -32005, "message",
                                "as the test says", "data", "status", status));
  json_decref (call);
}

void
fake_daemon_welcome (FakeDaemon *daemon)
{
  json_t *call;

  fake_daemon_accept (daemon);
  call = fake_daemon_read (daemon);
  g_assert_nonnull (call);
  g_assert_cmpstr (get_method (call), ==, "worker.register");
  fake_daemon_answer (daemon, call,
                      json_pack ("{s:s, s:i}", "worker", "w-1", "lease_us", 30000000));
}

void
fake_daemon_open_stream (FakeDaemon *daemon)
{
  json_t *call = fake_daemon_expect (daemon, "worker.advice");

  g_assert_cmpstr (json_string_value (json_object_get (fake_daemon_get_params (call), "worker")),
                   ==, "w-1");
  fake_daemon_answer (daemon, call, json_pack ("{s:s}", "stream", "s1"));
}

void
fake_daemon_advise (FakeDaemon *daemon, const char *advice, const char *kind, int batch_size)
{
  send_json (daemon,
             json_pack ("{s:s, s:s, s:{s:s, s:i, s:{s:s, s:s, s:o, s:o, s:I, s:s}}}", "jsonrpc",
                        "2.0", "method", "stream.next", "params", "stream", "s1", "seq", 1, "value",
                        "advice", advice, "kind", kind, "level",
                        batch_size > 0 ? json_null () : json_string ("aggressive"), "batch_size",
                        batch_size > 0 ? json_integer (batch_size) : json_null (), "deadline_us",
                        (json_int_t) g_get_real_time () + 10000000, "reason", "the test"));
}
