/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <gio/gio.h>
#include <glib/gstdio.h>
#include <netinet/in.h>

#include "orf-ctl-exit.h"

/* The program is run as a child; the test itself is the server, with plain sockets, one call long.
 */

typedef struct {
  char *folder;
  GSubprocess *child;
  char *out;
  char *err;
  int listener;
  GString *request; /* what the program sent */
} Fixture;

static void
set_up (Fixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
  fixture->folder = g_dir_make_tmp ("orf-ctl-XXXXXX", NULL);
  fixture->listener = -1;
  fixture->request = g_string_new (NULL);
  g_assert_nonnull (fixture->folder);
}

static void
tear_down (Fixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
  static const char *const files[] = { "s", "orfeas/cookie", "orfeas", "daemon", "a.db" };

  for (guint i = 0; i < G_N_ELEMENTS (files); i++) {
    g_autofree char *path = g_build_filename (fixture->folder, files[i], NULL);

    g_remove (path);
  }
  g_assert_cmpint (g_rmdir (fixture->folder), ==, 0);
  if (fixture->listener >= 0)
    close (fixture->listener);
  g_clear_object (&fixture->child);
  g_string_free (fixture->request, TRUE);
  g_free (fixture->folder);
  g_free (fixture->out);
  g_free (fixture->err);
}

/* Words of `line` are the program's; %s in it is `place`. */
static void
start (Fixture *fixture, const char *line, const char *place)
{
  g_autoptr (GSubprocessLauncher) launcher = g_subprocess_launcher_new (
    G_SUBPROCESS_FLAGS_STDOUT_PIPE | G_SUBPROCESS_FLAGS_STDERR_PIPE);
  g_autofree char *daemon = g_build_filename (fixture->folder, "daemon", NULL);
  g_autoptr (GString) full = g_string_new (line);
  g_autoptr (GError) error = NULL;
  g_auto (GStrv) words = NULL;
  g_autoptr (GPtrArray) argv = g_ptr_array_new ();

  g_string_replace (full, "%s", place, 0);
  g_assert_true (g_shell_parse_argv (full->str, NULL, &words, NULL));
  g_ptr_array_add (argv, (char *) g_getenv ("ORFEASCTL"));
  for (char **word = words; *word != NULL; word++)
    g_ptr_array_add (argv, *word);
  g_ptr_array_add (argv, NULL);
  g_subprocess_launcher_setenv (launcher, "XDG_RUNTIME_DIR", fixture->folder, TRUE);
  g_subprocess_launcher_setenv (launcher, "ORFEAS_ORFEASD", daemon, TRUE);
  fixture->child = g_subprocess_launcher_spawnv (launcher, (const char *const *) argv->pdata,
                                                 &error);
  g_assert_no_error (error);
}

static OrfCtlExit
finish (Fixture *fixture)
{
  g_autoptr (GError) error = NULL;

  g_assert_true (g_subprocess_communicate_utf8 (fixture->child, NULL, NULL, &fixture->out,
                                                &fixture->err, &error));
  g_assert_no_error (error);
  g_assert_true (g_subprocess_get_if_exited (fixture->child));
  return (OrfCtlExit) g_subprocess_get_exit_status (fixture->child);
}

static char *
listen_unix (Fixture *fixture)
{
  struct sockaddr_un address = { .sun_family = AF_UNIX };
  char *path = g_build_filename (fixture->folder, "s", NULL);

  g_assert_cmpuint (strlen (path), <, sizeof address.sun_path);
  strcpy (address.sun_path, path);
  fixture->listener = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  g_assert_cmpint (bind (fixture->listener, (struct sockaddr *) &address, sizeof address), ==, 0);
  g_assert_cmpint (listen (fixture->listener, 4), ==, 0);
  return path;
}

static char *
listen_http (Fixture *fixture)
{
  struct sockaddr_in address = { .sin_family = AF_INET,
                                 .sin_addr.s_addr = htonl (INADDR_LOOPBACK) };
  socklen_t length = sizeof address;

  fixture->listener = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  g_assert_cmpint (bind (fixture->listener, (struct sockaddr *) &address, sizeof address), ==, 0);
  g_assert_cmpint (listen (fixture->listener, 4), ==, 0);
  g_assert_cmpint (getsockname (fixture->listener, (struct sockaddr *) &address, &length), ==, 0);
  return g_strdup_printf ("http://127.0.0.1:%u", ntohs (address.sin_port));
}

/* Takes one connection, reads until the request's end and answers; answer NULL: says nothing, and
 * keeps the connection until the program has gone. */
static void
serve (Fixture *fixture, const char *answer)
{
  int peer = accept (fixture->listener, NULL, NULL);
  char chunk[4096];
  gssize length = 1;

  g_assert_cmpint (peer, >=, 0);
  while (length > 0 && !g_str_has_suffix (fixture->request->str, "}\n")) {
    length = read (peer, chunk, sizeof chunk);
    g_string_append_len (fixture->request, chunk, MAX (length, 0));
  }
  if (answer != NULL) {
    g_assert_cmpint (send (peer, answer, strlen (answer), MSG_NOSIGNAL), ==, strlen (answer));
  } else {
    while (read (peer, chunk, sizeof chunk) > 0)
      continue;
  }
  close (peer);
}

static void
test_socket (Fixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
  g_autofree char *path = listen_unix (fixture);

  start (fixture, "--socket %s --json --timeout 20000 db check", path);
  /* notifications, and members that we never heard of */
  serve (fixture, "{\"jsonrpc\":\"2.0\",\"method\":\"x\",\"params\":{}}\n"
                  "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"ok\": true, \"problems\":[],"
                  "\"took_us\":1.0e1,\"newer\":{}}}\n");
  g_assert_cmpint (finish (fixture), ==, ORF_CTL_DONE);
  g_assert_cmpstr (fixture->out, ==,
                   "{\"ok\": true, \"problems\":[],\"took_us\":1.0e1,\"newer\":{}}\n");
  g_assert_cmpstr (fixture->err, ==, "");
  g_assert_cmpstr (
    fixture->request->str, ==,
    "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"db.check\",\"meta\":{\"deadline_ms\":20000}}\n");
}

static void
test_check_failed (Fixture *fixture, gconstpointer line)
{
  g_autofree char *path = listen_unix (fixture);

  start (fixture, line, path);
  serve (fixture, "{\"id\":1,\"result\":{\"ok\":false,\"problems\":[\"row 7\\u001b missing\"],"
                  "\"took_us\":10}}\n");
  g_assert_cmpint (finish (fixture), ==, ORF_CTL_CHECK_FAILED);
  g_assert_nonnull (strstr (fixture->out, "row 7"));
  g_assert_null (strchr (fixture->out, '\033'));
}

static void
test_server_error (Fixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
  g_autofree char *path = listen_unix (fixture);

  start (fixture, "--socket %s gpu nope", path);
  serve (fixture, "{\"id\":1,\"error\":{\"code\":-32005,\"message\":\"no device\\nnope\","
                  "\"data\":{\"status\":\"NOT_FOUND\",\"field\":\"device\"}}}\n");
  g_assert_cmpint (finish (fixture), ==, ORF_CTL_SERVER_ERROR);
  g_assert_cmpstr (fixture->out, ==, "");
  g_assert_cmpstr (fixture->err, ==, "orfeasctl: gpu.list: NOT_FOUND: no device nope (device)\n");
}

static void
test_closed (Fixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
  g_autofree char *path = listen_unix (fixture);

  start (fixture, "--socket %s gpu", path);
  serve (fixture, "{\"half\":");
  g_assert_cmpint (finish (fixture), ==, ORF_CTL_NO_CONNECTION);
}

static void
test_deadline (Fixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
  g_autofree char *path = listen_unix (fixture);

  start (fixture, "--socket %s --timeout 50 gpu", path);
  serve (fixture, NULL);
  g_assert_cmpint (finish (fixture), ==, ORF_CTL_DEADLINE);
  g_assert_nonnull (strstr (fixture->err, "DEADLINE_EXCEEDED"));
}

static void
test_no_daemon (Fixture *fixture, gconstpointer line)
{
  g_autofree char *path = g_build_filename (fixture->folder, "orfeas", "orfeas.sock", NULL);

  start (fixture, line, fixture->folder);
  g_assert_cmpint (finish (fixture), ==, ORF_CTL_NO_CONNECTION);
  g_assert_cmpstr (fixture->out, ==, "");
  if (strstr (line, "--") == NULL)
    g_assert_nonnull (strstr (fixture->err, path));
  g_assert_nonnull (strstr (fixture->err, fixture->folder));
}

static void
test_usage (Fixture *fixture, gconstpointer line)
{
  start (fixture, line, fixture->folder);
  g_assert_cmpint (finish (fixture), ==, ORF_CTL_USAGE);
  g_assert_cmpstr (fixture->out, ==, "");
  g_assert_nonnull (strstr (fixture->err, "--help"));
}

static void
write_private (const char *folder, const char *name, const char *text, int mode)
{
  g_autofree char *path = g_build_filename (folder, name, NULL);

  g_assert_true (g_file_set_contents (path, text, -1, NULL));
  g_assert_cmpint (g_chmod (path, mode), ==, 0);
}

#define ACCEPTED "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"accepted\":1}}"

static void
test_http (Fixture *fixture, gconstpointer mode)
{
  g_autofree char *url = listen_http (fixture);
  g_autofree char *folder = g_build_filename (fixture->folder, "orfeas", NULL);
  g_autofree char *answer = g_strdup_printf ("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
                                             "Connection: close\r\nContent-Length: %zu\r\n\r\n%s",
                                             strlen (ACCEPTED), ACCEPTED);

  g_assert_cmpint (g_mkdir (folder, 0700), ==, 0);
  write_private (folder, "cookie", "s3cret\n", GPOINTER_TO_INT (mode));
  start (fixture, "--url %s metrics record 'a{k=\"v\"}=1.5' --at 1760000000", url);
  serve (fixture, answer);
  g_assert_cmpint (finish (fixture), ==, ORF_CTL_DONE);
  g_assert_cmpstr (fixture->out, ==, "accepted 1\n");
  g_assert_true (g_str_has_prefix (fixture->request->str, "POST /rpc HTTP/1.1\r\n"));
  g_assert_nonnull (strstr (fixture->request->str, "Content-Type: application/json\r\n"));
  g_assert_nonnull (strstr (fixture->request->str,
                            "\"params\":{\"samples\":[{\"name\":\"a\",\"labels\":"
                            "{\"k\":\"v\"},\"value\":1.5,\"t_us\":1760000000000000}]}"));
  /* a cookie that others can read is none */
  g_assert_cmpint (strstr (fixture->request->str, "Authorization: Bearer s3cret\r\n") != NULL, ==,
                   GPOINTER_TO_INT (mode) == 0600);
}

static void
test_http_refusal (Fixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
  g_autofree char *url = listen_http (fixture);

  start (fixture, "--url %s gpu", url);
  serve (fixture, "HTTP/1.1 403 Forbidden\r\nConnection: close\r\nContent-Length: 2\r\n\r\n{}");
  g_assert_cmpint (finish (fixture), ==, ORF_CTL_SERVER_ERROR);
  g_assert_nonnull (strstr (fixture->err, "HTTP 403 Forbidden"));
}

static void
test_http_deadline (Fixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
  g_autofree char *url = listen_http (fixture);

  start (fixture, "--url %s --timeout 50 gpu", url);
  serve (fixture, NULL);
  g_assert_cmpint (finish (fixture), ==, ORF_CTL_DEADLINE);
}

/* A daemon of a few lines of shell: it shows its arguments, and answers the one line it reads. */
static void
test_file (Fixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
  g_autofree char *db = g_build_filename (fixture->folder, "a.db", NULL);
  g_autofree char *expected = g_strdup_printf ("{\"args\":\"--stdio --db %s\"}\n", db);

  write_private (fixture->folder, "a.db", "", 0600);
  write_private (
    fixture->folder, "daemon",
    "#!/bin/sh\nread line\necho \"{\\\"id\\\":1,\\\"result\\\":{\\\"args\\\":\\\"$*\\\"}}\"\n",
    0700);
  start (fixture, "--db %s/a.db call status.get", fixture->folder);
  g_assert_cmpint (finish (fixture), ==, ORF_CTL_DONE);
  g_assert_cmpstr (fixture->out, ==, expected);
}

static void
test_file_refused (Fixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
  write_private (fixture->folder, "a.db", "", 0600);
  write_private (fixture->folder, "daemon",
                 "#!/bin/sh\necho starting >&2\necho not a database >&2\nexit 1\n", 0700);
  start (fixture, "--db %s/a.db status", fixture->folder);
  g_assert_cmpint (finish (fixture), ==, ORF_CTL_NO_CONNECTION);
  g_assert_true (g_str_has_suffix (fixture->err, "a.db: not a database\n"));
}

static void
test_file_hangs (Fixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
  write_private (fixture->folder, "a.db", "", 0600);
  write_private (fixture->folder, "daemon", "#!/bin/sh\nexec sleep 60\n", 0700);
  start (fixture, "--db %s/a.db --timeout 50 status", fixture->folder);
  g_assert_cmpint (finish (fixture), ==, ORF_CTL_DEADLINE);
}

static void
test_query_piped (Fixture *fixture, gconstpointer line)
{
  g_autofree char *path = listen_unix (fixture);

  start (fixture, line, path);
  serve (
    fixture,
    "{\"id\":1,\"result\":{\"series\":[{\"series\":\"a{k=\\\"v\\\"}\",\"name\":\"a\",\"labels\":"
    "{\"k\":\"v\"},\"points\":[[1760000000000000,0.1],[1760000001500000,null]]}],"
    "\"from_us\":1760000000000000,\"to_us\":1760000002000000}}\n");
  g_assert_cmpint (finish (fixture), ==, ORF_CTL_DONE);
  g_assert_cmpstr (fixture->out, ==,
                   "TIME\tVALUE\tSERIES\n"
                   "2025-10-09T08:53:20.000000Z\t0.1\ta{k=\"v\"}\n"
                   "2025-10-09T08:53:21.500000Z\t-\ta{k=\"v\"}\n");
  g_assert_nonnull (
    strstr (fixture->request->str, "\"from_us\":1760000000000000,\"to_us\":1760000002000000"));
}

static void
test_csv (Fixture *fixture, gconstpointer line)
{
  g_autofree char *path = listen_unix (fixture);

  start (fixture, line, path);
  serve (fixture, "{\"id\":1,\"result\":{\"csv\":\"t_us,a\\r\\n1760000000000000,0.1\\r\\n\","
                  "\"rows\":1}}\n");
  g_assert_cmpint (finish (fixture), ==, ORF_CTL_DONE);
  g_assert_cmpstr (fixture->out, ==, "t_us,a\r\n1760000000000000,0.1\r\n");
  g_assert_nonnull (strstr (fixture->request->str, "\"metrics.export\""));
  g_assert_nonnull (
    strstr (fixture->request->str, "\"from_us\":1760000000000000,\"to_us\":1760000002000000"));
}

/* ---- streams ----------------------------------------------------------------------------------
 */

#define OPENED     "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"stream\":\"s7\"}}\n"
#define NEXT(more) "{\"method\":\"stream.next\",\"params\":{\"stream\":\"s7\"," more "}}\n"
#define END                                                                                        \
  "{\"method\":\"stream.end\",\"params\":{\"stream\":\"s7\",\"status\":\"UNAVAILABLE\"}}\n"
#define FRAMES                                                                                     \
  NEXT (                                                                                           \
    "\"seq\":1,\"value\":{\"t_us\": 1760000002000000,\"values\":{\"b\":2,\"a\":null},\"history\":" \
    "{\"t_us\":[1760000000000000,1760000001000000],\"series\":{\"a\":[1.5,null],\"b\":[1,1]}}}")   \
  "{\"method\":\"stream.next\",\"params\":{\"stream\":\"s8\",\"seq\":1,\"value\":{\"t_us\":1}}}"   \
  "\n" NEXT ("\"seq\":4,\"dropped\":2,\"value\":{\"t_us\":1760000005000000,\"values\":{\"c{k="     \
             "\\\"v\\\"}\":3}}")

/* The stream is ended, or its connection is lost; what came before is shown in any case. */
static void
test_stream_of_points (Fixture *fixture, gconstpointer line)
{
  g_autofree char *path = listen_unix (fixture);
  gboolean json = strstr (line, "--json") != NULL;

  start (fixture, line, path);
  serve (fixture, json ? OPENED FRAMES : OPENED FRAMES END);
  g_assert_cmpint (finish (fixture), ==, json ? ORF_CTL_NO_CONNECTION : ORF_CTL_SERVER_ERROR);
  g_assert_cmpstr (
    fixture->out, ==,
    json ? "{\"t_us\": 1760000002000000,\"values\":{\"b\":2,\"a\":null},\"history\":{\"t_us\":"
           "[1760000000000000,1760000001000000],\"series\":{\"a\":[1.5,null],\"b\":[1,1]}}}\n"
           "{\"t_us\":1760000005000000,\"values\":{\"c{k=\\\"v\\\"}\":3}}\n"
         : "2025-10-09T08:53:20.000000Z\t1.5\ta\n"
           "2025-10-09T08:53:20.000000Z\t1\tb\n"
           "2025-10-09T08:53:21.000000Z\t1\tb\n"
           "2025-10-09T08:53:22.000000Z\t2\tb\n"
           "2025-10-09T08:53:25.000000Z\t3\tc{k=\"v\"}\n");
  g_assert_nonnull (strstr (fixture->err, "orfeasctl: 2 values were lost"));
  g_assert_nonnull (
    strstr (fixture->err, json ? "metrics.watch: the connection closed"
                               : "metrics.watch: the server ended the stream: UNAVAILABLE"));
}

static void
test_stream_of_anything (Fixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
  g_autofree char *path = listen_unix (fixture);

  start (fixture, "--socket %s call health.watch", path);
  serve (fixture,
         OPENED NEXT ("\"value\":{\"serving\":\"A\\u001bB\",\"n\":12,\"l\":[1],\"z\":null}") END);
  g_assert_cmpint (finish (fixture), ==, ORF_CTL_SERVER_ERROR);
  g_assert_true (g_str_has_suffix (fixture->out, "Z\tserving=A?B\tn=12\tl=[1]\tz=null\n"));
}

static void
test_stream_unreadable (Fixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
  g_autofree char *path = listen_unix (fixture);

  start (fixture, "--socket %s metrics watch a", path);
  serve (fixture, OPENED NEXT ("\"value\":{\"t_us\":\"soon\",\"values\":{}}"));
  g_assert_cmpint (finish (fixture), ==, ORF_CTL_SERVER_ERROR);
  g_assert_nonnull (strstr (fixture->err, "t_us"));
}

/* --timeout is over once the stream is open. */
static void
test_stream_deadline (Fixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
  g_autofree char *path = listen_unix (fixture);

  start (fixture, "--socket %s --timeout 50 call health.watch", path);
  serve (fixture, NULL);
  g_assert_cmpint (finish (fixture), ==, ORF_CTL_DEADLINE);
  g_assert_nonnull (strstr (fixture->request->str, "\"deadline_ms\":50"));
}

static void
add (const char *path, gconstpointer data, void (*run) (Fixture *, gconstpointer))
{
  g_test_add (path, Fixture, data, set_up, run, tear_down);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_assert_nonnull (g_getenv ("ORFEASCTL"));
  add ("/ctl/program/socket", NULL, test_socket);
  add ("/ctl/program/check-failed", "--socket %s db check", test_check_failed);
  add ("/ctl/program/check-failed-json", "--socket %s db check --json", test_check_failed);
  add ("/ctl/program/server-error", NULL, test_server_error);
  add ("/ctl/program/closed", NULL, test_closed);
  add ("/ctl/program/deadline", NULL, test_deadline);
  add ("/ctl/program/no-daemon", "status", test_no_daemon);
  add ("/ctl/program/no-socket", "--socket %s/x gpu", test_no_daemon);
  add ("/ctl/program/no-file", "--db %s/x.db gpu", test_no_daemon);
  add ("/ctl/program/usage/none", "--json", test_usage);
  add ("/ctl/program/usage/two-places", "--db a --socket b gpu", test_usage);
  add ("/ctl/program/usage/write-to-file", "--db a metrics record b=1", test_usage);
  add ("/ctl/program/usage/call-writes-to-file", "--db a call metrics.record", test_usage);
  add ("/ctl/program/usage/timeout", "--timeout 0 gpu", test_usage);
  add ("/ctl/program/usage/url", "--url ftp://x gpu", test_usage);
  add ("/ctl/program/usage/json", "call gpu.list '{\"a\"'", test_usage);
  add ("/ctl/program/usage/span", "metrics query a --last 5m --from -1h", test_usage);
  add ("/ctl/program/http", GINT_TO_POINTER (0600), test_http);
  add ("/ctl/program/http-open-cookie", GINT_TO_POINTER (0644), test_http);
  add ("/ctl/program/http-refusal", NULL, test_http_refusal);
  add ("/ctl/program/http-deadline", NULL, test_http_deadline);
  add ("/ctl/program/file", NULL, test_file);
  add ("/ctl/program/file-refused", NULL, test_file_refused);
  add ("/ctl/program/file-hangs", NULL, test_file_hangs);
  add ("/ctl/program/query-piped", "--socket %s metrics query a --from 1760000000 --to 1760000002",
       test_query_piped);
  add ("/ctl/program/query-csv", "--socket %s metrics query a --csv --last 2s --to 1760000002",
       test_csv);
  add ("/ctl/program/export", "--socket %s metrics export a --last 2s --to 1760000002", test_csv);
  add ("/ctl/program/stream/verb", "--socket %s metrics watch a --history 2s",
       test_stream_of_points);
  add ("/ctl/program/stream/verb-json", "--socket %s metrics watch a --json",
       test_stream_of_points);
  add ("/ctl/program/stream/call", "--socket %s call metrics.watch '{\"select\":\"a\"}'",
       test_stream_of_points);
  add ("/ctl/program/stream/call-json", "--socket %s --json call metrics.watch '[\"a\"]'",
       test_stream_of_points);
  add ("/ctl/program/stream/anything", NULL, test_stream_of_anything);
  add ("/ctl/program/stream/unreadable", NULL, test_stream_unreadable);
  add ("/ctl/program/stream/deadline", NULL, test_stream_deadline);
  add ("/ctl/program/stream/url", "--url http://127.0.0.1:1 metrics watch a", test_usage);
  add ("/ctl/program/stream/url-call", "--url http://127.0.0.1:1 call health.watch", test_usage);
  add ("/ctl/program/stream/file", "--db %s metrics watch a", test_usage);
  add ("/ctl/program/stream/file-call", "--db %s call health.watch", test_usage);
  add ("/ctl/program/stream/period", "metrics watch a --period soon", test_usage);
  return g_test_run ();
}
