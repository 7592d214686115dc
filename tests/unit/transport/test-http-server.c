/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <arpa/inet.h>
#include <errno.h>
#include <glib-unix.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/orf-config.h"
#include "core/orf-memory.h"
#include "orf-error.h"
#include "orf-schema-bind.h"
#include "rpc/orf-peer.h"
#include "transport/orf-http-server.h"

#define HOST   "Host: 127.0.0.1\r\n"
#define CLOSE  "Connection: close\r\n"
#define JSON   "Content-Type: application/json\r\n"
#define POST   "POST /rpc HTTP/1.1\r\n" HOST JSON
#define CALL   "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"metrics.list\"}"
#define LATE   "{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"gpu.list\"}"
#define MAX_US 20000000

typedef struct {
  char *dir;
  OrfConfig *config;
  OrfRouter *router;
  OrfPoller *poller;
  OrfGate *gate;
  OrfHttpServer *server;
  guint16 port;
  OrfCall *held;           /* what late_cb was called with */
  OrfHttpPageReply *reply; /* of /later */
  guint cancelled;
  gboolean drained;
} Fixture;

typedef struct {
  int fd;
  guint source;
  GString *in;
  gboolean ended;
} Client;

static void
list_cb (OrfCall *call, gconstpointer params, gpointer user_data)
{
  const OrfMetricsListParams *list = params;
  g_autofree char *json = g_strdup_printf (
    "{\"limit\":%d,\"actor\":\"%s\",\"key\":\"%s\"}", (int) list->limit, orf_call_get_actor (call),
    orf_call_get_idempotency_key (call) != NULL ? orf_call_get_idempotency_key (call) : "");

  orf_call_return_encoded (call, json, strlen (json));
}

static void
late_cb (OrfCall *call, gconstpointer params, gpointer user_data)
{
  Fixture *f = user_data;

  g_assert_null (f->held);
  f->held = call;
}

static void
busy_cb (OrfCall *call, gconstpointer params, gpointer user_data)
{
  orf_call_fail (call, orf_error_new_retry (ORF_ERROR_RESOURCE_EXHAUSTED, 1001, "busy"));
}

static void
big_cb (OrfCall *call, gconstpointer params, gpointer user_data)
{
  g_autofree char *filler = g_strnfill (8000000, 'x');
  g_autofree char *json = g_strdup_printf ("{\"filler\":\"%s\"}", filler);

  orf_call_return_encoded (call, json, strlen (json));
}

static void
page_cb (gpointer user_data, OrfHttpPage *page)
{
  g_assert_true (g_str_has_prefix (page->path, "/"));
  page->content_type = "text/plain";
  page->body = "0123456789";
  page->length = 10;
  page->etag = "\"ten\"";
  page->compress = g_strcmp0 (page->query, "pack") == 0;
}

static void
later_cb (gpointer user_data, OrfHttpPage *page)
{
  Fixture *f = user_data;

  f->reply = orf_http_page_defer (page);
  if (g_strcmp0 (page->query, "now") == 0)
    orf_http_page_reply (g_steal_pointer (&f->reply),
                         &(OrfHttpPage){ .status = 200, .content_type = "text/x", .body = "" });
}

static void
set_up (Fixture *f, gconstpointer data)
{
  const OrfRpcLimits limits = { .max_message_bytes = 1 << 20,
                                .max_depth = 16,
                                .max_batch = 10,
                                .max_in_flight = 10,
                                .max_in_flight_per_peer = 10,
                                .default_deadline_us = 60000000,
                                .max_deadline_us = 60000000 };
  g_autoptr (GError) error = NULL;
  g_autofree char *cookie = NULL;

  f->dir = g_dir_make_tmp ("orf-http-XXXXXX", &error);
  g_assert_no_error (error);
  cookie = g_build_filename (f->dir, "cookie", NULL);
  f->config = orf_config_new_defaults ();
  g_free (f->config->listen.http);
  f->config->listen.http = g_strdup ("127.0.0.1:0");
  f->config->listen.max_body_bytes = 1 << 20;
  f->router = orf_router_new (&limits);
  orf_bind_metrics_list (f->router, (gpointer) list_cb, f);
  orf_router_bind (f->router, ORF_METHOD_GPU_LIST, late_cb, f);
  orf_router_bind (f->router, ORF_METHOD_METRICS_RECORD, busy_cb, f);
  orf_router_bind (f->router, ORF_METHOD_GPU_REPORT, big_cb, f);
  f->poller = orf_poller_new (NULL, &error);
  g_assert_no_error (error);
  f->gate = orf_gate_new (f->config, cookie, &error);
  g_assert_no_error (error);
  f->server = orf_http_server_new (f->router, f->poller, f->gate, f->config, &error);
  g_assert_no_error (error);
  orf_http_server_add_page (f->server, "/page", TRUE, page_cb, f);
  orf_http_server_add_page (f->server, "/closed", FALSE, page_cb, f);
  orf_http_server_add_page (f->server, "/below/*", TRUE, page_cb, f);
  orf_http_server_add_page (f->server, "/later", TRUE, later_cb, f);
  f->port = (guint16) atoi (strrchr (orf_http_server_get_url (f->server), ':') + 1);
  g_assert_cmpuint (f->port, >, 0);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  if (f->held != NULL)
    orf_call_return_encoded (f->held, "{}", 2);
  g_clear_pointer (&f->server, orf_http_server_free);
  orf_gate_free (f->gate);
  orf_poller_free (f->poller);
  orf_router_unref (f->router);
  orf_config_free (f->config);
  g_assert_cmpint (rmdir (f->dir), ==, 0);
  g_free (f->dir);
}

static gboolean
late_timer_cb (gpointer user_data)
{
  g_error ("nothing came");
  return G_SOURCE_REMOVE;
}

#define turn_until(condition)                                                                      \
  G_STMT_START                                                                                     \
  {                                                                                                \
    guint timer = g_timeout_add (MAX_US / 1000, late_timer_cb, NULL);                              \
    while (!(condition))                                                                           \
      g_main_context_iteration (NULL, TRUE);                                                       \
    g_source_remove (timer);                                                                       \
  }                                                                                                \
  G_STMT_END

static gboolean
client_cb (int fd, GIOCondition condition, gpointer user_data)
{
  Client *client = user_data;
  char buffer[65536];
  gssize n = recv (fd, buffer, sizeof buffer, MSG_DONTWAIT);

  if (n > 0)
    g_string_append_len (client->in, buffer, n);
  if (n > 0 || (n < 0 && (errno == EAGAIN || errno == EINTR)))
    return G_SOURCE_CONTINUE;
  client->ended = TRUE;
  client->source = 0;
  return G_SOURCE_REMOVE;
}

static Client *
client_new (Fixture *f)
{
  struct sockaddr_in address = { .sin_family = AF_INET,
                                 .sin_port = htons (f->port),
                                 .sin_addr.s_addr = htonl (INADDR_LOOPBACK) };
  Client *client = g_new0 (Client, 1);

  client->fd = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  g_assert_cmpint (connect (client->fd, (struct sockaddr *) &address, sizeof address), ==, 0);
  client->in = g_string_new (NULL);
  client->source = g_unix_fd_add (client->fd, G_IO_IN, client_cb, client);
  return client;
}

static void
client_free (Client *client)
{
  g_clear_handle_id (&client->source, g_source_remove);
  close (client->fd);
  g_string_free (client->in, TRUE);
  g_free (client);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Client, client_free)

static void
client_send (Client *client, const char *text)
{
  g_assert_cmpint (send (client->fd, text, strlen (text), MSG_NOSIGNAL), ==, (int) strlen (text));
}

/* What is answered to text until the server closes. */
static char *
exchange (Fixture *f, const char *text)
{
  g_autoptr (Client) client = client_new (f);

  client_send (client, text);
  turn_until (client->ended);
  return g_strdup (client->in->str);
}

static int
status_of (const char *answer)
{
  return g_str_has_prefix (answer, "HTTP/1.") ? atoi (answer + 9) : 0;
}

static const char *
body_of (const char *answer)
{
  const char *end = strstr (answer, "\r\n\r\n");

  g_assert_nonnull (end);
  return end + 4;
}

static guint
count (const char *text, const char *what)
{
  guint n = 0;

  while ((text = strstr (text, what)) != NULL) {
    text += strlen (what);
    n++;
  }
  return n;
}

static char *
post (const char *headers, const char *body)
{
  return g_strdup_printf (POST "%sContent-Length: %u\r\n\r\n%s", headers, (guint) strlen (body),
                          body);
}

static void
answers (Fixture *f, const char *text, int status, const char *part)
{
  g_autofree char *answer = exchange (f, text);

  g_test_message ("%s\n-> %.400s", text, answer);
  g_assert_cmpint (status_of (answer), ==, status);
  if (part != NULL)
    g_assert_nonnull (strstr (answer, part));
}

static void
posts (Fixture *f, const char *headers, const char *body, int status, const char *part)
{
  g_autofree char *text = post (headers, body);

  answers (f, text, status, part);
}

static void
test_rpc (Fixture *f, gconstpointer data)
{
  g_autofree char *text = post (CLOSE, CALL);
  g_autofree char *answer = exchange (f, text);

  g_assert_cmpint (status_of (answer), ==, 200);
  g_assert_nonnull (strstr (answer, "Content-Type: application/json\r\n"));
  g_assert_cmpstr (body_of (answer), ==,
                   "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":"
                   "{\"limit\":100,\"actor\":\"loopback\",\"key\":\"\"}}");
  posts (f, CLOSE, "{\"jsonrpc\":\"2.0\",\"method\":\"metrics.list\"}", 204, NULL);
  posts (f, CLOSE, "[" CALL "," CALL "]", 200, "\r\n\r\n[{");
  posts (f, CLOSE, "", 200, "-32700");
  posts (f, CLOSE "Idempotency-Key: k1\r\n", CALL, 200, "\"key\":\"k1\"");
  posts (f, CLOSE "X-Deadline-Ms: 1000\r\n", CALL, 200, "\"limit\"");
  posts (f, CLOSE "X-Deadline-Ms: soon\r\n", CALL, 200, "-32602");
  posts (f, CLOSE "Authorization: Bearer x\r\n", CALL, 200, "-32016");
  answers (f, "GET /rpc HTTP/1.1\r\n" HOST CLOSE "\r\n", 405, "Allow: POST\r\n");
  answers (f,
           "POST /rpc HTTP/1.1\r\n" HOST CLOSE
           "Content-Type: text/plain\r\nContent-Length: 2\r\n\r\n[]",
           415, "\"status\":\"error\"");
  answers (f, "POST /rpc HTTP/1.1\r\n" HOST CLOSE "Content-Length: 2\r\n\r\n[]", 415, NULL);
}

static void
test_chunks (Fixture *f, gconstpointer data)
{
  g_autoptr (GString) text = g_string_new (POST CLOSE "Transfer-Encoding: chunked\r\n\r\n");

  for (guint i = 0; i < strlen (CALL); i++)
    g_string_append_printf (text, "1;x\r\n%c\r\n", CALL[i]);
  g_string_append (text, "0\r\nTrailer: x\r\n\r\n");
  answers (f, text->str, 200, "\"limit\":100");
}

static void
test_rest (Fixture *f, gconstpointer data)
{
  answers (f, "GET /api/v1/metrics/list?limit=7 HTTP/1.1\r\n" HOST CLOSE "\r\n", 200,
           "{\"status\":\"success\",\"limit\":7,");
  answers (f, "GET /api/v1/metrics%2Flist?limit=7 HTTP/1.0\r\n" HOST "\r\n", 200, "\"limit\":7");
  answers (f, "DELETE /api/v1/metrics/list HTTP/1.1\r\n" HOST CLOSE "\r\n", 405, "Allow: GET");
  answers (f, "OPTIONS /api/v1/metrics/list HTTP/1.1\r\n" HOST CLOSE "\r\n", 405, "Allow: GET");
  answers (f, "OPTIONS * HTTP/1.1\r\n" HOST CLOSE "\r\n", 405, "Allow: ");
  answers (f, "GET /api/v1/nothing HTTP/1.1\r\n" HOST CLOSE "\r\n", 404, "{\"status\":\"error\",");
  answers (f, "GET /nothing HTTP/1.1\r\n" HOST CLOSE "\r\n", 404, "{\"status\":\"error\",");
  answers (f, "GET /api/%00 HTTP/1.1\r\n" HOST CLOSE "\r\n", 400, "{\"status\":\"error\",");
  answers (f, "GET /api/%ff HTTP/1.1\r\n" HOST CLOSE "\r\n", 400, NULL);
  answers (f, "GET /api/v1/metrics/list HTTP/1.1\r\n" HOST CLOSE JSON "Content-Length: 2\r\n\r\n{}",
           400, NULL);
  answers (f, "POST /api/v1/metrics/record HTTP/1.1\r\n" HOST CLOSE "Content-Length: 2\r\n\r\n{}",
           415, NULL);
  answers (f,
           "POST /api/v1/metrics/record HTTP/1.1\r\n" HOST CLOSE JSON
           "Content-Length: 38\r\n\r\n{\"samples\":[{\"name\":\"a.b\",\"value\":1}]}",
           429, "Retry-After: 2\r\n");
  answers (f, "GET /api/v1/metrics/list HTTP/1.1\r\n" HOST CLOSE "Authorization: Basic x\r\n\r\n",
           401, "WWW-Authenticate: Bearer\r\n");
}

/* HEAD: the same head, and no body. */
static void
test_head (Fixture *f, gconstpointer data)
{
  g_autofree char *answer = exchange (f, "HEAD /page HTTP/1.1\r\n" HOST CLOSE "\r\n");

  g_assert_cmpint (status_of (answer), ==, 200);
  g_assert_nonnull (strstr (answer, "Content-Length: 10\r\n"));
  g_assert_cmpstr (body_of (answer), ==, "");
  answers (f, "HEAD /api/v1/metrics/list HTTP/1.1\r\n" HOST CLOSE "\r\n", 200, "application/json");
}

static void
test_pages (Fixture *f, gconstpointer data)
{
  answers (f, "GET /page?x HTTP/1.1\r\n" HOST CLOSE "\r\n", 200, "\r\n\r\n0123456789");
  answers (f, "POST /page HTTP/1.1\r\n" HOST CLOSE "\r\n", 405, "Allow: GET, HEAD\r\n");
  answers (f, "GET /page/x HTTP/1.1\r\n" HOST CLOSE "\r\n", 404, NULL);
  f->config->auth.require = TRUE;
  answers (f, "GET /page HTTP/1.1\r\n" HOST CLOSE "\r\n", 200, NULL);
  answers (f, "GET /below/a/b HTTP/1.1\r\n" HOST CLOSE "\r\n", 200, "Cache-Control: no-store\r\n");
  answers (f, "GET /below HTTP/1.1\r\n" HOST CLOSE "\r\n", 404, NULL);
  answers (f, "GET /page?pack HTTP/1.1\r\nAccept-Encoding: gzip\r\n" HOST CLOSE "\r\n", 200,
           "Content-Encoding: gzip\r\n");
  answers (f, "GET /page?pack HTTP/1.1\r\n" HOST CLOSE "\r\n", 200, "Vary: Accept-Encoding\r\n");
  answers (f, "GET /page HTTP/1.1\r\nIf-None-Match: \"ten\"\r\n" HOST CLOSE "\r\n", 304,
           "ETag: \"ten\"\r\n");
  answers (f, "GET /closed HTTP/1.1\r\n" HOST CLOSE "\r\n", 401, "WWW-Authenticate: Bearer\r\n");
}

/* A page that is answered in another turn, or whose client, or server, is gone by then. */
static void
test_later_page (Fixture *f, gconstpointer data)
{
  static const char request[] = "GET /later HTTP/1.1\r\nAccept-Encoding: gzip\r\n" HOST CLOSE
                                "\r\n";
  const OrfHttpPage page = { .status = 200,
                             .content_type = "text/x",
                             .body = "plain",
                             .length = 5,
                             .gzip = "packed",
                             .gzip_length = 6 };
  g_autoptr (Client) client = client_new (f);
  g_autoptr (Client) gone = client_new (f);
  g_autoptr (Client) left = client_new (f);

  answers (f, "GET /later?now HTTP/1.1\r\n" HOST CLOSE "\r\n", 200, "Content-Type: text/x\r\n");
  client_send (client, request);
  turn_until (f->reply != NULL);
  g_assert_cmpuint (client->in->len, ==, 0);
  orf_http_page_reply (g_steal_pointer (&f->reply), &page);
  turn_until (client->ended);
  g_assert_cmpstr (body_of (client->in->str), ==, "packed");
  client_send (gone, request);
  turn_until (f->reply != NULL);
  g_clear_pointer (&gone, client_free);
  answers (f, "GET /page HTTP/1.1\r\n" HOST CLOSE "\r\n", 200, NULL); /* it was seen by now */
  orf_http_page_reply (g_steal_pointer (&f->reply), &page);
  client_send (left, request);
  turn_until (f->reply != NULL);
  g_clear_pointer (&f->server, orf_http_server_free);
  orf_http_page_reply (g_steal_pointer (&f->reply), &page);
}

/* libsoup would send each range again. */
static void
test_range (Fixture *f, gconstpointer data)
{
  answers (f, "GET /page HTTP/1.1\r\n" HOST CLOSE "Range: bytes=0-1,2-3\r\n\r\n", 200,
           "\r\n\r\n0123456789");
}

static void
test_browser (Fixture *f, gconstpointer data)
{
  g_autofree char *own = g_strdup_printf (CLOSE "Origin: http://localhost:%u\r\n", f->port);

  answers (f, "GET /page HTTP/1.1\r\nHost: evil.example\r\n" CLOSE "\r\n", 403,
           "PERMISSION_DENIED");
  answers (f, "GET /page HTTP/1.1\r\nHost: LocalHost:1\r\n" CLOSE "\r\n", 200, NULL);
  posts (f, CLOSE "Origin: http://evil.example\r\n", CALL, 403, "PERMISSION_DENIED");
  posts (f, CLOSE "Origin: null\r\n", CALL, 403, NULL);
  posts (f, own, CALL, 200, "\"limit\"");
  answers (f,
           "DELETE /api/v1/metrics/list HTTP/1.1\r\n" HOST CLOSE
           "Origin: http://evil.example\r\n\r\n",
           403, NULL);
}

/* Each is answered by the guard, and the connection ended; the table is in test-http-framing. */
static void
test_framing (Fixture *f, gconstpointer data)
{
  static const struct {
    const char *text;
    int status;
  } cases[] = {
    { "GET /page HTTP/1.1\r\n" HOST HOST "\r\n", 400 },
    { "GET /page HTTP/1.0\r\n\r\n", 400 },
    { POST "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400 },
    { POST "Transfer-Encoding: chunked\r\n\r\n0x3\r\nabc\r\n0\r\n\r\n", 400 },
    { POST "Transfer-Encoding: chunked\r\n\r\n-1\r\nabc\r\n0\r\n\r\n", 400 },
    { POST "Content-Length: 1048577\r\n\r\n", 413 },
    { "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505 },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    answers (f, cases[i].text, cases[i].status, "{\"status\":\"error\",\"error\":");
}

static void
test_pipeline (Fixture *f, gconstpointer data)
{
  g_autoptr (GString) text = g_string_new (NULL);
  g_autofree char *answer = NULL;
  const char *at;

  for (guint i = 0; i < 20; i++)
    g_string_append_printf (text, "GET /api/v1/metrics/list?limit=%u HTTP/1.1\r\n" HOST "\r\n",
                            100 + i);
  g_string_append (text, "GET /page HTTP/1.1\r\n" HOST HOST "\r\n");
  at = answer = exchange (f, text->str);
  g_assert_cmpuint (count (answer, "HTTP/1.1 200 OK"), ==, 20);
  for (guint i = 0; i < 20; i++) {
    g_autofree char *part = g_strdup_printf ("\"limit\":%u,", 100 + i);

    at = strstr (at, part);
    g_assert_nonnull (at);
  }
  g_assert_nonnull (strstr (at, "HTTP/1.1 400 "));
}

static void
test_continue (Fixture *f, gconstpointer data)
{
  g_autoptr (Client) client = client_new (f);
  g_autofree char *head = g_strdup_printf (POST CLOSE
                                           "Expect: 100-continue\r\nContent-Length: %u\r\n\r\n",
                                           (guint) strlen (CALL));

  client_send (client, head);
  turn_until (client->in->len > 0);
  g_assert_cmpstr (client->in->str, ==, "HTTP/1.1 100 Continue\r\n\r\n");
  client_send (client, CALL);
  turn_until (client->ended);
  g_assert_cmpint (status_of (body_of (client->in->str)), ==, 200);
}

/* Fed by the byte, for ever: ended by its own deadline. */
static void
test_drip (Fixture *f, gconstpointer data)
{
  g_autoptr (Client) client = client_new (f);

  f->config->listen.header_us = 200000;
  client_send (client, "GET / HTTP/1.1\r\n" HOST "X: ");
  while (!client->ended) {
    send (client->fd, "x", 1, MSG_NOSIGNAL);
    g_main_context_iteration (NULL, TRUE);
    /* a fast machine would send more than a head may have before the deadline */
    g_usleep (100);
  }
  g_assert_cmpint (status_of (client->in->str), ==, 408);
}

static void
test_silent (Fixture *f, gconstpointer data)
{
  g_autoptr (Client) silent = client_new (f);
  g_autoptr (Client) half = client_new (f);
  g_autoptr (Client) idle = client_new (f);

  f->config->listen.header_us = f->config->listen.body_us = f->config->listen.idle_us = 1000000;
  client_send (half, POST "Content-Length: 100\r\n\r\n{");
  client_send (idle, "GET /page HTTP/1.1\r\n" HOST "\r\n");
  turn_until (silent->ended && half->ended && idle->ended);
  g_assert_cmpstr (silent->in->str, ==, "");
  g_assert_cmpint (status_of (half->in->str), ==, 408);
  g_assert_cmpuint (count (idle->in->str, "HTTP/1.1"), ==, 1);
}

/* The server takes the bound, and a little that it throws away; not what is sent. */
static void
test_flood (Fixture *f, gconstpointer data)
{
  g_autoptr (Client) client = client_new (f);
  g_autofree char *filler = g_strnfill (65536, ' ');
  gsize sent = 0;

  client_send (client, POST "Transfer-Encoding: chunked\r\n\r\n");
  while (!client->ended) {
    gssize n = send (client->fd, "10000\r\n", 7, MSG_NOSIGNAL | MSG_DONTWAIT);

    for (gsize done = 0; n == 7 && done < 65536 && !client->ended;) {
      gssize part = send (client->fd, filler + done, 65536 - done, MSG_NOSIGNAL | MSG_DONTWAIT);

      if (part < 0 && errno != EAGAIN)
        break;
      done += part > 0 ? (gsize) part : 0;
      sent += part > 0 ? (gsize) part : 0;
      g_main_context_iteration (NULL, FALSE);
    }
    while (n == 7 && !client->ended &&
           send (client->fd, "\r\n", 2, MSG_NOSIGNAL | MSG_DONTWAIT) < 0 && errno == EAGAIN)
      g_main_context_iteration (NULL, FALSE);
    g_main_context_iteration (NULL, FALSE);
  }
  g_assert_cmpuint (sent, <, 16 << 20);
  g_assert_true (client->in->len == 0 || status_of (client->in->str) == 413);
}

static void
test_late (Fixture *f, gconstpointer data)
{
  g_autoptr (Client) client = client_new (f);
  g_autofree char *text = post (CLOSE, LATE);

  client_send (client, text);
  turn_until (f->held != NULL);
  orf_call_return_encoded (g_steal_pointer (&f->held), "{\"devices\":[]}", 14);
  turn_until (client->ended);
  g_assert_cmpint (status_of (client->in->str), ==, 200);
  g_assert_nonnull (strstr (client->in->str, "{\"devices\":[]}"));
}

static void
cancels (Fixture *f, const char *text)
{
  Client *client = client_new (f);

  client_send (client, text);
  turn_until (f->held != NULL);
  g_assert_false (orf_cancel_is_set (orf_call_get_cancel (f->held)));
  client_free (client);
  turn_until (orf_cancel_is_set (orf_call_get_cancel (f->held)));
  orf_call_return_encoded (g_steal_pointer (&f->held), "{}", 2);
}

static void
test_disconnect (Fixture *f, gconstpointer data)
{
  g_autofree char *text = post ("", LATE);

  cancels (f, text);
  cancels (f, "GET /api/v1/gpu HTTP/1.1\r\n" HOST "\r\n");
}

/* Freed with a call in flight. */
static void
test_free (Fixture *f, gconstpointer data)
{
  g_autoptr (Client) client = client_new (f);
  g_autofree char *text = post ("", LATE);

  client_send (client, text);
  turn_until (f->held != NULL);
  g_clear_pointer (&f->server, orf_http_server_free);
  g_assert_true (orf_cancel_is_set (orf_call_get_cancel (f->held)));
  turn_until (client->ended);
}

static void
drained_cb (gpointer user_data)
{
  Fixture *f = user_data;

  f->drained = TRUE;
}

static void
test_drain (Fixture *f, gconstpointer data)
{
  g_autoptr (Client) busy = client_new (f);
  g_autoptr (Client) idle = client_new (f);
  g_autofree char *text = post ("", LATE);

  client_send (idle, "GET /page HTTP/1.1\r\n" HOST "\r\n");
  turn_until (g_str_has_suffix (idle->in->str, "0123456789"));
  client_send (busy, text);
  turn_until (f->held != NULL);
  orf_http_server_drain (f->server, drained_cb, f);
  turn_until (idle->ended);
  g_assert_false (f->drained);
  orf_call_return_encoded (g_steal_pointer (&f->held), "{\"devices\":[]}", 14);
  turn_until (busy->ended);
  g_assert_nonnull (strstr (busy->in->str, "Connection: close\r\n"));
  g_assert_nonnull (strstr (busy->in->str, "{\"devices\":[]}"));
  g_clear_handle_id (&busy->source, g_source_remove);
  shutdown (busy->fd, SHUT_RDWR);
  turn_until (f->drained);
}

/* A request that came ahead of an answer is a whole one. */
static void
test_drain_ahead (Fixture *f, gconstpointer data)
{
  static const char page[] = "GET /page HTTP/1.1\r\n" HOST "\r\n";
  g_autofree char *both = g_strconcat (page, page, NULL);
  g_autoptr (Client) client = client_new (f);

  client_send (client, both);
  turn_until (client->in->len > 0);
  orf_http_server_drain (f->server, drained_cb, f);
  turn_until (client->ended);
  g_assert_cmpuint (count (client->in->str, "HTTP/1.1 200 OK"), ==, 2);
}

/* Requests that are not whole are refused, and hold nothing up. */
static void
test_drain_halves (Fixture *f, gconstpointer data)
{
  g_autoptr (Client) head = client_new (f);
  g_autoptr (Client) body = client_new (f);
  g_autoptr (Client) silent = client_new (f);

  client_send (head, "GET /page HTTP/1.1\r\nHo");
  client_send (body, POST "Content-Length: 100\r\n\r\n{");
  answers (f, "GET /page HTTP/1.1\r\n" HOST CLOSE "\r\n", 200, NULL); /* theirs came before */
  orf_http_server_drain (f->server, drained_cb, f);
  turn_until (f->drained && head->ended && body->ended && silent->ended);
  g_assert_cmpint (status_of (head->in->str), ==, 503);
  g_assert_cmpint (status_of (body->in->str), ==, 503);
  g_assert_cmpstr (silent->in->str, ==, "");
}

static gint64
get_held_bytes (OrfMemory *memory)
{
  return orf_memory_get_use (memory, ORF_MEMORY_CONNECTIONS).used_bytes;
}

/* libsoup's part of an idle connection is let go; the connection is not. */
static void
test_park (Fixture *f, gconstpointer data)
{
  static const char page[] = "GET /page HTTP/1.1\r\n" HOST "\r\n";
  g_autoptr (OrfMemory) memory = orf_memory_new (f->config);
  gint64 own_bytes, busy_bytes;
  Client *client;

  orf_router_set_memory (f->router, memory);
  client = client_new (f);
  turn_until (get_held_bytes (memory) > 0);
  own_bytes = get_held_bytes (memory);
  for (guint i = 0; i < 3; i++) {
    /* half of it comes before, or while, or after the connection is parked */
    client_send (client, "GET /pa");
    client_send (client, page + strlen ("GET /pa"));
    turn_until (count (client->in->str, "0123456789") == i + 1);
    busy_bytes = get_held_bytes (memory);
    g_assert_cmpint (busy_bytes, >, own_bytes + 8192);
    turn_until (get_held_bytes (memory) < busy_bytes - 8192);
  }
  client_send (client, "GET /pa");
  turn_until (get_held_bytes (memory) > own_bytes);
  client_send (client, page + strlen ("GET /pa"));
  turn_until (count (client->in->str, "0123456789") == 4);
  g_assert_false (client->ended);
  client_free (client);
  turn_until (get_held_bytes (memory) == 0);
  orf_router_set_memory (f->router, NULL);
}

/* What was parked is closed with the rest. */
static void
test_free_parked (Fixture *f, gconstpointer data)
{
  g_autoptr (OrfMemory) memory = orf_memory_new (f->config);
  g_autoptr (Client) client = client_new (f);
  gint64 busy_bytes;

  orf_router_set_memory (f->router, memory);
  client_send (client, "GET /page HTTP/1.1\r\n" HOST "\r\n");
  turn_until (g_str_has_suffix (client->in->str, "0123456789"));
  busy_bytes = get_held_bytes (memory);
  turn_until (get_held_bytes (memory) < busy_bytes - 8192);
  g_clear_pointer (&f->server, orf_http_server_free);
  turn_until (client->ended);
  g_assert_cmpint (get_held_bytes (memory), ==, 0);
  orf_router_set_memory (f->router, NULL);
}

static void
test_drain_at_once (Fixture *f, gconstpointer data)
{
  orf_http_server_drain (f->server, drained_cb, f);
  g_assert_true (f->drained);
}

/* A long answer comes whole; a reader that takes nothing is closed. */
static void
test_big (Fixture *f, gconstpointer data)
{
  static const char text[] = "GET /api/v1/gpu/report HTTP/1.1\r\n" HOST "\r\n";
  g_autoptr (Client) reader = client_new (f);
  g_autoptr (Client) stuck = client_new (f);

  client_send (reader, text);
  turn_until (g_str_has_suffix (reader->in->str, "x\"}"));
  g_assert_cmpuint (strlen (body_of (reader->in->str)), >, 8000000);
  f->config->listen.answer_us = 200000;
  g_clear_handle_id (&stuck->source, g_source_remove);
  client_send (stuck, text);
  orf_http_server_drain (f->server, drained_cb, f);
  turn_until (f->drained);
}

#define add(name, func) g_test_add ("/http-server/" name, Fixture, NULL, set_up, func, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  add ("rpc", test_rpc);
  add ("chunks", test_chunks);
  add ("rest", test_rest);
  add ("head", test_head);
  add ("pages", test_pages);
  add ("later-page", test_later_page);
  add ("range", test_range);
  add ("browser", test_browser);
  add ("framing", test_framing);
  add ("pipeline", test_pipeline);
  add ("continue", test_continue);
  add ("drip", test_drip);
  add ("silent", test_silent);
  add ("flood", test_flood);
  add ("late", test_late);
  add ("disconnect", test_disconnect);
  add ("free", test_free);
  add ("drain", test_drain);
  add ("drain-ahead", test_drain_ahead);
  add ("drain-at-once", test_drain_at_once);
  add ("drain-halves", test_drain_halves);
  add ("park", test_park);
  add ("free-parked", test_free_parked);
  add ("big", test_big);
  return g_test_run ();
}
