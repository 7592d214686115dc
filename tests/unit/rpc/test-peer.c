/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "orf-error.h"
#include "orf-schema-bind.h"
#include "rpc/orf-peer.h"

/* Of a test's data beside its role: each message is read by the reader's thread, and what is said
 * is to be the same. */
#define ASIDE 0x100

typedef struct {
  OrfRouter *router;
  OrfRpcReader *reader; /* NULL: none */
  OrfPeer *peer;
  GPtrArray *sent; /* char *; "" for (NULL, 0) */
  OrfCall *held;   /* by hold_cb */
} Fixture;

static void
send_cb (gpointer transport, const char *data, gsize length)
{
  Fixture *f = transport;

  g_ptr_array_add (f->sent, data != NULL ? g_strndup (data, length) : g_strdup (""));
}

static void
echo_cb (OrfCall *call, gconstpointer params, gpointer user_data)
{
  const OrfGpuListParams *list = params;

  if (list->device != NULL && g_str_equal (list->device, "none"))
    orf_call_fail (call,
                   orf_error_new_field (ORF_ERROR_NOT_FOUND, "device", NULL, "no such device"));
  else
    orf_call_return_encoded (call, "{\"devices\":[]}", 14);
}

static void
hold_cb (OrfCall *call, gconstpointer params, gpointer user_data)
{
  ((Fixture *) user_data)->held = call;
}

static void
set_up (Fixture *f, gconstpointer data)
{
  guint role = GPOINTER_TO_UINT (data) & ~ASIDE;
  const OrfRpcLimits limits = { .max_message_bytes = 65536,
                                .max_depth = 16,
                                .max_batch = 8,
                                .max_in_flight = 4,
                                .max_in_flight_per_peer = 2,
                                .default_deadline_us = 60000000,
                                .max_deadline_us = 60000000 };
  const OrfPeerOps ops = { .send = send_cb };

  f->router = orf_router_new (&limits);
  f->sent = g_ptr_array_new_with_free_func (g_free);
  orf_router_bind (f->router, ORF_METHOD_GPU_LIST, echo_cb, NULL);
  orf_router_bind (f->router, ORF_METHOD_GPU_PROFILE, hold_cb, f);
  orf_peer_bind (f->router);
  if (GPOINTER_TO_UINT (data) & ASIDE)
    f->reader = orf_rpc_reader_new (0, NULL, NULL);
  orf_router_set_reader (f->router, f->reader);
  f->peer = orf_peer_new (f->router, &ops, f, role != 0 ? role : ORF_ROLE_ADMIN, "test");
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  g_clear_pointer (&f->peer, orf_peer_free);
  g_clear_pointer (&f->reader, orf_rpc_reader_free);
  if (f->held != NULL)
    orf_call_return_encoded (f->held, "{}", 2); /* after its owner is gone: does nothing */
  g_assert_cmpuint (orf_router_get_counts (f->router).in_flight, ==, 0);
  g_ptr_array_unref (f->sent);
  orf_router_unref (f->router);
}

static void
receive (Fixture *f, const char *text, const OrfCallMeta *beside)
{
  orf_peer_receive (f->peer, text, strlen (text), beside);
  while (orf_peer_is_reading (f->peer))
    g_main_context_iteration (NULL, TRUE);
}

static const char *
ask (Fixture *f, const char *text)
{
  guint before = f->sent->len;

  receive (f, text, NULL);
  return f->sent->len > before ? f->sent->pdata[f->sent->len - 1] : NULL;
}

#define OK(id)   "{\"jsonrpc\":\"2.0\",\"id\":" id ",\"result\":{\"devices\":[]}}"
#define CALL(id) "{\"jsonrpc\":\"2.0\",\"id\":" id ",\"method\":\"gpu.list\"}"

static void
test_ids (Fixture *f, gconstpointer data)
{
  g_assert_cmpstr (ask (f, CALL ("1")), ==, OK ("1"));
  g_assert_cmpstr (ask (f, CALL ("1.0")), ==, OK ("1.0"));
  g_assert_cmpstr (ask (f, CALL ("-1e2")), ==, OK ("-1e2"));
  g_assert_cmpstr (ask (f, CALL ("12345678901234567890123")), ==, OK ("12345678901234567890123"));
  g_assert_cmpstr (ask (f, CALL ("\"a\\u0041\\\"},{\"")), ==, OK ("\"a\\u0041\\\"},{\""));
  g_assert_cmpstr (ask (f, CALL ("null")), ==, OK ("null"));
  g_assert_cmpstr (ask (f, "  {\"id\" : 7 , \"method\":\"gpu.list\",\"jsonrpc\":\"2.0\"}\n"), ==,
                   OK ("7"));
  /* only the request's own id counts */
  g_assert_cmpstr (ask (f, "{\"jsonrpc\":\"2.0\",\"params\":{\"device\":\"x\"},\"x\":{\"id\":3},"
                           "\"method\":\"gpu.list\",\"id\":4}"),
                   ==, OK ("4"));
  g_assert_cmpstr (ask (f, "{\"jsonrpc\":\"2.0\",\"method\":\"gpu.list\",\"\\u0069d\":5}"), ==,
                   OK ("5.0"));
}

static void
test_notification (Fixture *f, gconstpointer data)
{
  g_assert_cmpstr (ask (f, "{\"jsonrpc\":\"2.0\",\"method\":\"gpu.list\"}"), ==, "");
  g_assert_cmpstr (ask (f, "{\"jsonrpc\":\"2.0\",\"method\":\"no.such\"}"), ==, "");
  g_assert_cmpstr (ask (f, "[{\"jsonrpc\":\"2.0\",\"method\":\"gpu.list\"}]"), ==, "");
}

static void
test_batch (Fixture *f, gconstpointer data)
{
  g_assert_cmpstr (ask (f, "[" CALL ("1") ", " CALL ("\"b\"") "]"), ==,
                   "[" OK ("1") "," OK ("\"b\"") "]");
  g_assert_nonnull (strstr (ask (f, "[]"), "-32600"));
  g_assert_nonnull (strstr (ask (f, "[1]"), "-32600"));
  g_assert_true (g_str_has_prefix (ask (f, "[1]"), "[{"));
  g_assert_nonnull (strstr (ask (f, "[1,2,3,4,5,6,7,8,9]"), "rpc.max_batch"));
}

/* The answers stand in the requests' order, also when the first one is the last to end. */
static void
test_batch_order (Fixture *f, gconstpointer data)
{
  OrfCall *held;

  g_assert_null (
    ask (f, "[{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"gpu.profile\"}," CALL ("2") "]"));
  g_assert_cmpuint (orf_peer_get_pending (f->peer), ==, 1);
  held = g_steal_pointer (&f->held);
  orf_call_return_encoded (held, "{\"devices\":[]}", 14);
  g_assert_cmpuint (f->sent->len, ==, 1);
  g_assert_cmpstr (f->sent->pdata[0], ==, "[" OK ("1") "," OK ("2") "]");
}

typedef struct {
  const char *text;
  const char *code;
  const char *also;
} ErrorCase;

static void
test_errors (Fixture *f, gconstpointer data)
{
  static const ErrorCase cases[] = {
    { "", "-32700", "\"id\":null" },
    { "{", "-32700", "PARSE_ERROR" },
    { "[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]", "-32700", "16 levels" },
    { "\"text\"", "-32600", "\"id\":null" },
    { "{\"id\":1,\"method\":\"gpu.list\"}", "-32600", "\"id\":1" },
    { "{\"jsonrpc\":\"1.0\",\"id\":1,\"method\":\"gpu.list\"}", "-32600", "\"field\":\"jsonrpc\"" },
    { "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":1}", "-32600", "\"field\":\"method\"" },
    { "{\"jsonrpc\":\"2.0\",\"id\":{},\"method\":\"gpu.list\"}", "-32600", "\"id\":null" },
    { "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"gpu.list\",\"params\":3}", "-32600", "params" },
    { "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"no.such\"}", "-32601", "no.such" },
    { "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"gpu.list\",\"params\":{\"x\":1}}", "-32602",
      "\"field\":\"x\"" },
    { "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"gpu.list\",\"params\":{\"device\":1}}", "-32602",
      "\"field\":\"device\"" },
    { "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"gpu.list\",\"params\":[\"a\",\"b\"]}", "-32602",
      "at most" },
    { "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"gpu.list\",\"params\":[\"none\"]}", "-32005",
      "NOT_FOUND" },
    { "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"gpu.list\",\"meta\":{\"deadline_ms\":0}}",
      "-32602", "\"field\":\"meta.deadline_ms\"" },
    { "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"alerts.active\"}", "-32014", "UNAVAILABLE" },
    { "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"metrics.watch\"}", "-32009",
      "FAILED_PRECONDITION" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    const char *answer = ask (f, cases[i].text);

    if (strstr (answer, cases[i].code) == NULL || strstr (answer, cases[i].also) == NULL)
      g_error ("%s: answered %s", cases[i].text, answer);
  }
  g_assert_cmpuint (f->sent->len, ==, G_N_ELEMENTS (cases));
}

static void
test_too_large (Fixture *f, gconstpointer data)
{
  g_autofree char *text = g_strnfill (65537, ' ');

  g_assert_nonnull (strstr (ask (f, text), "rpc.max_message_bytes"));
}

static void
test_roles (Fixture *f, gconstpointer data)
{
  g_assert_nonnull (strstr (ask (f, CALL ("1")), "-32007"));
  g_assert_nonnull (strstr (ask (f, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"db.check\"}"),
                            "PERMISSION_DENIED"));
}

static void
test_in_flight (Fixture *f, gconstpointer data)
{
  static const char slow[] = "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"gpu.profile\"}";
  OrfCall *first;
  OrfCall *second;

  g_assert_null (ask (f, slow));
  first = f->held;
  g_assert_null (ask (f, slow));
  second = f->held;
  f->held = NULL;
  g_assert_nonnull (strstr (ask (f, slow), "rpc.max_in_flight_per_peer"));
  g_assert_nonnull (strstr (f->sent->pdata[0], "retry_after_ms"));
  orf_call_return_encoded (first, "{}", 2);
  orf_call_return_encoded (second, "{}", 2);
  g_assert_cmpuint (f->sent->len, ==, 3);
  g_assert_cmpstr (ask (f, CALL ("9")), ==, OK ("9"));
}

static void
test_cancel (Fixture *f, gconstpointer data)
{
  OrfCancel *cancel;

  g_assert_null (ask (f, "{\"jsonrpc\":\"2.0\",\"id\":\"a\",\"method\":\"gpu.profile\"}"));
  cancel = orf_call_get_cancel (f->held);
  g_assert_false (orf_cancel_is_set (cancel));
  ask (f, "{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"rpc.cancel\",\"params\":{\"id\":\"a\"}}");
  g_assert_cmpuint (f->sent->len, ==, 2);
  g_assert_nonnull (strstr (f->sent->pdata[0], "-32001"));
  g_assert_nonnull (strstr (f->sent->pdata[0], "\"id\":\"a\""));
  g_assert_nonnull (strstr (f->sent->pdata[1], "{\"cancelled\":true}"));
  g_assert_true (orf_cancel_is_set (cancel));
  g_assert_nonnull (
    strstr (ask (f, "{\"jsonrpc\":\"2.0\",\"id\":3,\"method\":\"rpc.cancel\",\"params\":[\"a\"]}"),
            "{\"cancelled\":false}"));
}

static void
test_deadline (Fixture *f, gconstpointer data)
{
  g_assert_null (ask (
    f, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"gpu.profile\",\"meta\":{\"deadline_ms\":500}}"));
  while (f->sent->len == 0)
    g_main_context_iteration (NULL, TRUE);
  g_assert_nonnull (strstr (f->sent->pdata[0], "-32004"));
  g_assert_true (orf_call_is_ended (f->held));
}

/* Its time is up when the thread looks at it, and the main context has not yet seen that. */
static void
test_deadline_of_answer (Fixture *f, gconstpointer data)
{
  g_assert_null (ask (
    f, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"gpu.profile\",\"meta\":{\"deadline_ms\":500}}"));
  while (!orf_cancel_is_set (orf_call_get_cancel (f->held)))
    g_usleep (1000);
  orf_call_return_taken (g_steal_pointer (&f->held), orf_gpu_profile_result_new ());
  orf_router_set_reader (f->router, NULL);
  g_clear_pointer (&f->reader, orf_rpc_reader_free); /* tells what it has */
  g_assert_cmpuint (f->sent->len, ==, 1);
  g_assert_nonnull (strstr (f->sent->pdata[0], "-32004"));
}

#define N_MANY 40

/* A peer whose router has calls wait for no longer than it takes to look. */
static OrfPeer *
make_hurried (Fixture *f, OrfRouter **router)
{
  const OrfRpcLimits limits = { .max_message_bytes = 65536,
                                .max_depth = 16,
                                .max_batch = 8,
                                .max_in_flight = 1000,
                                .max_in_flight_per_peer = 1000,
                                .max_wait_us = 1,
                                .default_deadline_us = 60000000,
                                .max_deadline_us = 60000000 };
  const OrfPeerOps ops = { .send = send_cb };

  *router = orf_router_new (&limits);
  orf_router_bind (*router, ORF_METHOD_GPU_LIST, echo_cb, NULL);
  orf_router_bind (*router, ORF_METHOD_GPU_PROFILE, hold_cb, f);
  return orf_peer_new (*router, &ops, f, ORF_ROLE_READ, "test");
}

/* Calls that nobody answers for a tenth of a second; how many of the last were refused. */
static guint
overload (Fixture *f, OrfPeer *peer, OrfCall **held)
{
  static const char slow[] = "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"gpu.profile\"}";

  for (guint i = 0; i < N_MANY; i++) {
    orf_peer_receive (peer, slow, strlen (slow), NULL);
    held[i] = g_steal_pointer (&f->held);
    g_assert_nonnull (held[i]);
  }
  g_usleep (110000); /* the span that is looked at */
  orf_peer_receive (peer, slow, strlen (slow), NULL);
  held[N_MANY] = g_steal_pointer (&f->held);
  return f->sent->len;
}

static void
answer_all (OrfCall **held)
{
  for (guint i = 0; i <= N_MANY; i++)
    if (held[i] != NULL)
      orf_call_return_encoded (held[i], "{}", 2);
}

/* Beyond what may wait calls are refused, but for those that are answered at once. */
static void
test_overload (Fixture *f, gconstpointer data)
{
  OrfCall *held[N_MANY + 1];
  OrfRouter *router;
  g_autoptr (OrfPeer) peer = make_hurried (f, &router);

  g_assert_cmpuint (overload (f, peer, held), ==, 1);
  g_assert_nonnull (strstr (f->sent->pdata[0], "rpc.max_wait_us"));
  g_assert_nonnull (strstr (f->sent->pdata[0], "retry_after_ms"));
  orf_peer_receive (peer, CALL ("2"), strlen (CALL ("2")), NULL);
  g_assert_cmpstr (f->sent->pdata[1], ==, OK ("2"));
  answer_all (held);
  orf_router_unref (router);
}

static void
test_may_wait (Fixture *f, gconstpointer data)
{
  OrfCall *held[N_MANY + 1];
  OrfRouter *router;
  g_autoptr (OrfPeer) peer = make_hurried (f, &router);

  orf_router_let_wait (router, ORF_METHOD_GPU_PROFILE);
  g_assert_cmpuint (overload (f, peer, held), ==, 0);
  answer_all (held);
  orf_router_unref (router);
}

#define TRACE  "4bf92f3577b34da6a3ce929d0e0e4736"
#define PARENT "00-" TRACE "-00f067aa0ba902b7-01"
#define OTHER  "00-" TRACE "-00f067aa0ba902b8-00"

/* What beside and meta together come to: the last byte of the caller's span id, -1: no context. */
static int
hold_context (Fixture *f, const OrfCallMeta *beside, const char *meta, const char *state)
{
  g_autofree char *text =
    g_strdup_printf ("{\"jsonrpc\":\"2.0\",\"method\":\"gpu.profile\",\"meta\":%s}", meta);
  const OrfTraceContext *trace;
  int last;

  receive (f, text, beside);
  trace = orf_call_get_trace (f->held);
  last = trace != NULL ? trace->span_id[7] : -1;
  g_assert_cmpstr (orf_call_get_trace_state (f->held), ==, state);
  orf_call_return_encoded (g_steal_pointer (&f->held), "{}", 2);
  return last;
}

/* Malformed is none, and no error; meta and header are not mixed. */
static void
test_trace (Fixture *f, gconstpointer data)
{
  const OrfCallMeta header = { .traceparent = OTHER, .tracestate = "a=1 , b=2" };

  g_assert_cmpint (hold_context (f, NULL, "{}", NULL), ==, -1);
  g_assert_cmpint (hold_context (f, NULL, "{\"traceparent\":\"" PARENT "\"}", NULL), ==, 0xb7);
  g_assert_cmpint (hold_context (f, NULL, "{\"traceparent\":\"" PARENT "\",\"tracestate\":\"x=y\"}",
                                 "x=y"),
                   ==, 0xb7);
  g_assert_cmpint (hold_context (f, NULL, "{\"traceparent\":\"" PARENT "\",\"tracestate\":\"X\"}",
                                 NULL),
                   ==, 0xb7);
  g_assert_cmpint (hold_context (f, &header, "{}", "a=1,b=2"), ==, 0xb8);
  g_assert_cmpint (hold_context (f, &header, "{\"traceparent\":\"" PARENT "\"}", NULL), ==, 0xb7);
  g_assert_cmpint (hold_context (f, &header, "{\"tracestate\":\"x=y\"}", "a=1,b=2"), ==, 0xb8);
  g_assert_cmpint (hold_context (f, NULL, "{\"tracestate\":\"x=y\"}", NULL), ==, -1);
  g_assert_cmpint (hold_context (f, NULL,
                                 "{\"traceparent\":\"" PARENT "x\",\"tracestate\":\"x=y\"}", NULL),
                   ==, -1);
}

/* Small ones behind a large one are started after it. */
static void
test_order (Fixture *f, gconstpointer data)
{
  g_autofree char *spaces = g_strnfill (60000, ' ');
  g_autofree char *large = g_strconcat (CALL ("0"), spaces, NULL);
  static const char *const expected[] = { OK ("0"), OK ("1"), OK ("2"), OK ("3") };

  if (f->reader != NULL) {
    orf_router_set_reader (f->router, NULL);
    orf_rpc_reader_free (f->reader);
    f->reader = orf_rpc_reader_new (50000, NULL, NULL);
    orf_router_set_reader (f->router, f->reader);
  }
  orf_peer_receive (f->peer, large, strlen (large), NULL);
  orf_peer_receive (f->peer, CALL ("1"), strlen (CALL ("1")), NULL);
  orf_peer_receive (f->peer, CALL ("2"), strlen (CALL ("2")), NULL);
  g_assert_cmpuint (orf_peer_get_pending (f->peer), ==, f->reader != NULL ? 3 : 0);
  while (orf_peer_is_reading (f->peer))
    g_main_context_iteration (NULL, TRUE);
  orf_peer_receive (f->peer, CALL ("3"), strlen (CALL ("3")), NULL);
  g_assert_false (orf_peer_is_reading (f->peer));
  g_assert_cmpuint (f->sent->len, ==, G_N_ELEMENTS (expected));
  for (guint i = 0; i < G_N_ELEMENTS (expected); i++)
    g_assert_cmpstr (f->sent->pdata[i], ==, expected[i]);
}

/* What a peer that is gone had sent is not begun. */
static void
test_gone (Fixture *f, gconstpointer data)
{
  orf_peer_receive (f->peer, CALL ("1"), strlen (CALL ("1")), NULL);
  g_clear_pointer (&f->peer, orf_peer_free);
  g_clear_pointer (&f->reader, orf_rpc_reader_free);
  g_assert_cmpuint (orf_router_get_counts (f->router).calls, ==, 0);
  g_assert_cmpuint (f->sent->len, ==, 0);
}

/* The time that it was read counts too. */
static void
test_deadline_from_arrival (Fixture *f, gconstpointer data)
{
  const OrfCallMeta beside = { .deadline_ms = 1000,
                               .came_us = g_get_monotonic_time () - 1000 * 1000 };

  receive (f, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"gpu.profile\"}", &beside);
  g_assert_null (f->held);
  g_assert_nonnull (strstr (f->sent->pdata[0], "-32004"));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(name, role)                                                                            \
  g_test_add ("/rpc/peer/" #name, Fixture, GUINT_TO_POINTER (role), set_up, test_##name,           \
              tear_down);                                                                          \
  g_test_add ("/rpc/peer-aside/" #name, Fixture, GUINT_TO_POINTER (role | ASIDE), set_up,          \
              test_##name, tear_down)
  ADD (ids, 0);
  ADD (notification, 0);
  ADD (batch, 0);
  ADD (batch_order, 0);
  ADD (errors, 0);
  ADD (too_large, 0);
  ADD (roles, ORF_ROLE_INGEST);
  ADD (in_flight, 0);
  ADD (cancel, 0);
  ADD (deadline, 0);
  ADD (overload, 0);
  ADD (may_wait, 0);
  ADD (trace, 0);
  ADD (order, 0);
  ADD (deadline_from_arrival, 0);
  g_test_add ("/rpc/peer-aside/deadline_of_answer", Fixture, GUINT_TO_POINTER (ASIDE), set_up,
              test_deadline_of_answer, tear_down);
  g_test_add ("/rpc/peer-aside/gone", Fixture, GUINT_TO_POINTER (ASIDE), set_up, test_gone,
              tear_down);
  return g_test_run ();
}
