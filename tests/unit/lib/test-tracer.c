/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <glib.h>
#include <orfeas/tracer.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fake-receiver.h"

#define TRACE  "4bf92f3577b34da6a3ce929d0e0e4736"
#define PARENT "00f067aa0ba902b7"
/* Only a fault uses it up. */
#define PATIENCE_US 60000000

static const char *const ok[] = { "HTTP/1.1 200 OK", NULL };

static OrfTracer *
start (const FakeReceiver *receiver, OrfTracerOptions options)
{
  OrfTracer *tracer;

  options.service = "test";
  options.endpoint = receiver->endpoint;
  g_assert_cmpint (orf_tracer_new (&options, &tracer), ==, ORF_STATUS_OK);
  return tracer;
}

static OrfTracerState
get_state (OrfTracer *tracer)
{
  OrfTracerState state;

  orf_tracer_get_state (tracer, &state);
  return state;
}

/* All spans of all bodies, by their names. */
static GHashTable *
take_all (FakeReceiver *receiver, OrfTracer *tracer)
{
  GHashTable *all = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);

  g_assert_cmpint (orf_tracer_flush (tracer, PATIENCE_US), ==, ORF_STATUS_OK);
  for (guint i = 0; i < fake_receiver_get_n (receiver); i++) {
    g_autoptr (GPtrArray) spans = fake_receiver_read_spans (fake_receiver_wait (receiver, i), NULL);

    for (guint j = 0; j < spans->len; j++) {
      char *name = fake_receiver_get_field (spans->pdata[j], 5);

      g_hash_table_replace (all, g_strdelimit (name, "\"", '_'), g_strdup (spans->pdata[j]));
    }
  }
  return all;
}

static char *
get (GHashTable *all, const char *name, guint field)
{
  g_autofree char *key = g_strdup_printf ("_%s_", name);
  const char *span = g_hash_table_lookup (all, key);

  g_assert_nonnull (span);
  return fake_receiver_get_field (span, field);
}

/* ---- what is sent ---------------------------------------------------------------------------- */

static void
test_fields (void)
{
  const OrfAttribute resource[] = { ORF_TEXT ("zone", "a"), ORF_BOOL ("spot", true) };
  const OrfAttribute happened[] = { ORF_INT ("n", -1), ORF_DOUBLE ("x", 1.0) };
  const OrfSpanOptions options = { .kind = ORF_SPAN_KIND_CONSUMER,
                                   .traceparent = "00-" TRACE "-" PARENT "-01",
                                   .tracestate = "a=1 , b=2",
                                   .start_us = 1000 };
  FakeReceiver receiver;
  OrfTracer *tracer;
  OrfSpan *span;
  g_autoptr (GPtrArray) spans = NULL;
  g_autofree char *own = NULL, *id = NULL, *start_ns = NULL, *rest = NULL;

  fake_receiver_init (&receiver, ok);
  tracer = start (&receiver,
                  (OrfTracerOptions){ .resource = resource, .n_resource = 2, .token = "secret" });
  span = orf_span_begin (tracer, "all", &options);
  g_assert_cmpstr (orf_span_get_tracestate (span), ==, "a=1,b=2");
  orf_span_set_text (span, "t", "gr\xc3\xbc\xc3\x9f");
  orf_span_set_int (span, "i", G_MININT64);
  orf_span_set_double (span, "d", -0.5);
  orf_span_set_bool (span, "b", false);
  orf_span_add_event (span, "tick", happened, 2);
  orf_span_add_link (span, "00-" TRACE "-" PARENT "-00");
  orf_span_add_link (span, "nothing");
  orf_span_set_status (span, ORF_SPAN_STATUS_ERROR, "why");
  orf_span_end (span);
  orf_tracer_free (tracer);

  spans = fake_receiver_read_spans (fake_receiver_wait (&receiver, 0), &own);
  g_assert_cmpuint (spans->len, ==, 1);
  g_assert_true (
    g_str_has_prefix (own, "1{1:\"service.name\" 2{1:\"test\"}} 1{1:\"process.pid\" 2{3:"));
  g_assert_true (g_str_has_suffix (own, " 1{1:\"zone\" 2{1:\"a\"}} 1{1:\"spot\" 2{2:1}}"));
  id = fake_receiver_get_field (spans->pdata[0], 2);
  g_assert_cmpuint (strlen (id), ==, 16);
  start_ns = fake_receiver_get_field (spans->pdata[0], 7);
  g_assert_cmpstr (start_ns, ==, "00000000000f4240");
  rest = g_strdup_printf ("1:" TRACE " 2:%s 4:" PARENT " 6:5 7:00000000000f4240 8:", id);
  g_assert_true (g_str_has_prefix (spans->pdata[0], rest));
  g_assert_true (
    g_str_has_suffix (spans->pdata[0],
                      " 2:\"tick\" 3{1:\"n\" 2{3:-1}} 3{1:\"x\" 2{4:3ff0000000000000}}} "
                      "13{1:" TRACE " 2:" PARENT " 6:00000000} 15{2:\"why\" 3:2}"));
  g_assert_nonnull (strstr (spans->pdata[0],
                            " 16:00000301 5:\"all\" 3:\"a=1,b=2\" 9{1:\"t\" "
                            "2{1:\"gr\xc3\xbc\xc3\x9f\"}} 9{1:\"i\" 2{3:-9223372036854775808}} "
                            "9{1:\"d\" 2{4:bfe0000000000000}} 9{1:\"b\" 2{2:0}} 11{1:"));
  g_assert_true (
    g_str_has_prefix (receiver.heads->pdata[0], "POST /v1/traces HTTP/1.1\r\nHost: 127.0.0.1:"));
  g_assert_nonnull (strstr (receiver.heads->pdata[0], "\r\nAuthorization: Bearer secret\r\n"));
  g_assert_nonnull (
    strstr (receiver.heads->pdata[0], "\r\nContent-Type: application/x-protobuf\r\n"));
  fake_receiver_clear (&receiver);
}

/* What is no UTF-8, what is too long, and what does not fit. */
static void
test_texts (void)
{
  g_autofree char *ascii = g_strnfill (20000, 'a');
  g_autofree char *cut = g_strdup_printf ("%.16383s\xc3\xbc", ascii);
  g_autofree char *key = g_strnfill (300, 'k');
  g_autoptr (GPtrArray) spans = NULL;
  FakeReceiver receiver;
  OrfTracer *tracer;
  OrfSpan *span;
  const char *text;

  fake_receiver_init (&receiver, ok);
  tracer = start (&receiver, (OrfTracerOptions){ 0 });
  span = orf_span_begin (tracer, "\xff-\xc3-\xed\xa0\x80-\xf0\x9f\x98\x80", NULL);
  orf_span_set_text (span, "cut", cut);
  orf_span_set_text (span, key, NULL);
  for (guint i = 0; i < 5; i++)
    orf_span_set_text (span, "long", ascii);
  orf_span_end (span);
  orf_tracer_free (tracer);

  spans = fake_receiver_read_spans (fake_receiver_wait (&receiver, 0), NULL);
  text = spans->pdata[0];
  g_assert_true (g_utf8_validate (text, -1, NULL));
  g_assert_nonnull (strstr (text, "5:\"?-?-?\?\?-\xf0\x9f\x98\x80\""));
  g_assert_nonnull (strstr (text, "aaa\"}} 9{1:\"kkk"));
  g_assert_nonnull (strstr (text, "kkk\" 2{1:\"\"}}"));
  g_assert_nonnull (strstr (text, " 10:3 ")); /* 64 KiB hold three of 16 */
  fake_receiver_clear (&receiver);
}

/* ---- whose child ----------------------------------------------------------------------------- */

static void
test_parents (void)
{
  static const char *const names[] = {
    "root", "child", "grandchild", "detached", "named", "alone"
  };
  FakeReceiver receiver;
  OrfTracer *tracer;
  OrfSpan *spans[6];
  char contexts[6][ORF_TRACEPARENT_SIZE];
  g_autoptr (GHashTable) all = NULL;

  fake_receiver_init (&receiver, ok);
  tracer = start (&receiver, (OrfTracerOptions){ 0 });
  g_assert_null (orf_span_get_current ());
  spans[0] = orf_span_begin (tracer, "root", NULL);
  spans[1] = orf_span_begin (tracer, "child", NULL);
  spans[2] = orf_span_begin (tracer, "grandchild", NULL);
  spans[3] = orf_span_begin (tracer, "detached", &(OrfSpanOptions){ .is_detached = true });
  g_assert_true (orf_span_get_current () == spans[2]);
  orf_span_end (spans[1]); /* out of order: the others stay */
  g_assert_true (orf_span_get_current () == spans[2]);
  spans[4] = orf_span_begin (tracer, "named",
                             &(OrfSpanOptions){ .parent = spans[3], .traceparent = "x" });
  spans[5] = orf_span_begin (tracer, "alone", &(OrfSpanOptions){ .is_root = true });
  for (guint i = 0; i < 6; i++)
    g_assert_cmpint (orf_span_get_traceparent (i == 1 ? NULL : spans[i], contexts[i]), ==, i != 1);
  for (int i = 5; i >= 0; i--)
    orf_span_end (i == 1 ? NULL : spans[i]);
  g_assert_null (orf_span_get_current ());

  all = take_all (&receiver, tracer);
  g_assert_cmpuint (g_hash_table_size (all), ==, 6);
  {
    const struct {
      const char *child, *parent;
    } edges[] = { { "child", "root" },
                  { "grandchild", "child" },
                  { "detached", "grandchild" },
                  { "named", "detached" } };

    for (guint i = 0; i < G_N_ELEMENTS (edges); i++) {
      g_autofree char *parent = get (all, edges[i].child, 4), *id = get (all, edges[i].parent, 2);
      g_autofree char *trace = get (all, edges[i].child, 1), *first = get (all, "root", 1);

      g_assert_cmpstr (parent, ==, id);
      g_assert_cmpstr (trace, ==, first);
    }
  }
  g_assert_null (get (all, "root", 4));
  g_assert_null (get (all, "alone", 4));
  for (guint i = 0; i < 6; i++) {
    g_autofree char *trace = get (all, names[i], 1), *id = get (all, names[i], 2);
    g_autofree char *want = g_strdup_printf ("00-%s-%s-03", trace, id);

    if (i != 1)
      g_assert_cmpstr (contexts[i], ==, want);
  }
  g_assert_cmpint (strncmp (contexts[0], contexts[5], 35), !=, 0);
  orf_tracer_free (tracer);
  fake_receiver_clear (&receiver);
}

/* Who is not recorded is passed on as such. */
static void
test_unsampled (void)
{
  const OrfSpanOptions quiet = { .traceparent = "00-" TRACE "-" PARENT "-00" };
  char context[ORF_TRACEPARENT_SIZE];
  FakeReceiver receiver;
  OrfTracer *tracer;
  OrfSpan *span, *child;

  fake_receiver_init (&receiver, ok);
  tracer = start (&receiver, (OrfTracerOptions){ .sample_percent = -1 });
  span = orf_span_begin (tracer, "quiet", &quiet);
  child = orf_span_begin (tracer, "below", NULL);
  orf_span_set_text (child, "a", "b");
  orf_span_add_event (child, "e", NULL, 0);
  orf_span_set_status (child, ORF_SPAN_STATUS_OK, NULL);
  g_assert_true (orf_span_get_traceparent (child, context));
  g_assert_true (g_str_has_prefix (context, "00-" TRACE "-") && g_str_has_suffix (context, "-00"));
  orf_span_end (child);
  orf_span_end (span);
  orf_span_end (orf_span_begin (tracer, "own", NULL)); /* none of its own either */
  span = orf_span_begin (tracer, "loud",
                         &(OrfSpanOptions){ .traceparent = "00-" TRACE "-" PARENT "-01" });
  orf_span_end (span);
  g_assert_cmpint (orf_tracer_flush (tracer, PATIENCE_US), ==, ORF_STATUS_OK);
  g_assert_cmpuint (get_state (tracer).n_sent, ==, 1);
  orf_tracer_free (tracer);
  fake_receiver_clear (&receiver);
}

/* ---- the receiver ---------------------------------------------------------------------------- */

static void
test_retry (void)
{
  static const char *const answers[] = { "HTTP/1.1 503 No\r\nRetry-After: 0",
                                         "HTTP/1.1 429 No\r\nRetry-After: 0\r\nConnection: close",
                                         "HTTP/1.1 200 OK",
                                         "HTTP/1.1 400 Bad",
                                         "HTTP/1.1 200 OK",
                                         NULL };
  FakeReceiver receiver;
  OrfTracer *tracer;
  OrfTracerState state;

  fake_receiver_init (&receiver, answers);
  tracer = start (&receiver, (OrfTracerOptions){ .period_us = 1000 });
  orf_span_end (orf_span_begin (tracer, "again", NULL));
  g_assert_cmpint (orf_tracer_flush (tracer, PATIENCE_US), ==, ORF_STATUS_OK);
  g_assert_cmpuint (fake_receiver_get_n (&receiver), ==, 3);
  for (guint i = 1; i < 3; i++)
    g_assert_true (
      g_bytes_equal (fake_receiver_wait (&receiver, 0), fake_receiver_wait (&receiver, i)));
  state = get_state (tracer);
  g_assert_cmpuint (state.n_sent, ==, 1);
  g_assert_cmpstr (state.reason, ==, "");

  orf_span_end (orf_span_begin (tracer, "refused", NULL));
  g_assert_cmpint (orf_tracer_flush (tracer, PATIENCE_US), ==, ORF_STATUS_OK);
  state = get_state (tracer);
  g_assert_cmpuint (state.n_dropped, ==, 1);
  g_assert_nonnull (strstr (state.reason, "400"));
  orf_span_end (orf_span_begin (tracer, "taken", NULL));
  orf_tracer_free (tracer);
  g_assert_cmpuint (fake_receiver_get_n (&receiver), ==, 5);
  fake_receiver_clear (&receiver);
}

/* A receiver that is away: what does not fit is counted, and nobody waits. */
static void
test_bounded (void)
{
  OrfTracerOptions options = {
    .service = "test", .endpoint = "http://127.0.0.1:1", .period_us = 1000, .queue_bytes = 10000
  };
  OrfTracer *tracer;
  OrfTracerState state;

  g_assert_cmpint (orf_tracer_new (&options, &tracer), ==, ORF_STATUS_OK);
  for (guint i = 0; i < 1000; i++)
    orf_span_end (orf_span_begin (tracer, "lost", NULL));
  state = get_state (tracer);
  g_assert_cmpuint (state.n_ended, ==, 1000);
  g_assert_cmpuint (state.n_dropped, >, 500);
  g_assert_cmpuint (state.n_sent, ==, 0);
  g_assert_cmpint (orf_tracer_flush (tracer, 1000), ==, ORF_STATUS_TIMEOUT);
  orf_tracer_free (tracer);
}

/* One that takes long to answer holds up nobody but flush. */
static void
test_slow (void)
{
  FakeReceiver receiver;
  OrfTracer *tracer;

  fake_receiver_init (&receiver, ok);
  fake_receiver_hold (&receiver, TRUE);
  tracer = start (&receiver, (OrfTracerOptions){ 0 });
  orf_span_end (orf_span_begin (tracer, "a", NULL));
  g_assert_cmpint (orf_tracer_flush (tracer, 1000), ==, ORF_STATUS_TIMEOUT);
  orf_span_end (orf_span_begin (tracer, "b", NULL));
  fake_receiver_hold (&receiver, FALSE);
  g_assert_cmpint (orf_tracer_flush (tracer, PATIENCE_US), ==, ORF_STATUS_OK);
  g_assert_cmpuint (get_state (tracer).n_sent, ==, 2);
  orf_tracer_free (tracer);
  fake_receiver_clear (&receiver);
}

/* ---- threads and processes ------------------------------------------------------------------- */

#define N_THREADS 4
#define N_SPANS   2000

static void *
trace_thread_cb (void *data)
{
  for (guint i = 0; i < N_SPANS / 2; i++) {
    OrfSpan *outer = orf_span_begin (data, "outer", NULL);
    OrfSpan *inner = orf_span_begin (data, "inner", NULL);

    orf_span_set_int (inner, "i", i);
    orf_span_end (inner);
    orf_span_end (outer);
  }
  return NULL;
}

static void
test_threads (void)
{
  FakeReceiver receiver;
  OrfTracer *tracer;
  pthread_t threads[N_THREADS];
  g_autoptr (GHashTable) ids = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);

  fake_receiver_init (&receiver, ok);
  tracer = start (&receiver, (OrfTracerOptions){ .period_us = 1000, .queue_bytes = 16 << 20 });
  for (guint i = 0; i < N_THREADS; i++)
    pthread_create (&threads[i], NULL, trace_thread_cb, tracer);
  for (guint i = 0; i < N_THREADS; i++)
    pthread_join (threads[i], NULL);
  g_assert_cmpint (orf_tracer_flush (tracer, PATIENCE_US), ==, ORF_STATUS_OK);
  g_assert_cmpuint (get_state (tracer).n_sent, ==, N_THREADS * N_SPANS);
  for (guint i = 0; i < fake_receiver_get_n (&receiver); i++) {
    g_autoptr (GPtrArray)
      spans = fake_receiver_read_spans (fake_receiver_wait (&receiver, i), NULL);

    for (guint j = 0; j < spans->len; j++)
      g_hash_table_add (ids, fake_receiver_get_field (spans->pdata[j], 2));
  }
  g_assert_cmpuint (g_hash_table_size (ids), ==, N_THREADS * N_SPANS);
  orf_tracer_free (tracer);
  fake_receiver_clear (&receiver);
}

static void
test_fork (void)
{
  FakeReceiver receiver;
  OrfTracer *tracer;
  OrfSpan *span;
  pid_t child;
  int status;

  fake_receiver_init (&receiver, ok);
  tracer = start (&receiver, (OrfTracerOptions){ 0 });
  span = orf_span_begin (tracer, "parent", NULL);
  child = fork ();
  if (child == 0) {
    gboolean right = orf_span_begin (tracer, "child", NULL) == NULL &&
                     orf_span_get_current () == span &&
                     orf_tracer_flush (tracer, 1000) == ORF_STATUS_INVALID;

    orf_span_end (span);
    orf_tracer_free (tracer);
    _exit (right ? 0 : 1);
  }
  g_assert_cmpint (waitpid (child, &status, 0), ==, child);
  g_assert_cmpint (status, ==, 0);
  orf_span_end (span);
  g_assert_cmpint (orf_tracer_flush (tracer, PATIENCE_US), ==, ORF_STATUS_OK);
  g_assert_cmpuint (get_state (tracer).n_sent, ==, 1);
  orf_tracer_free (tracer);
  fake_receiver_clear (&receiver);
}

/* ---- arguments ------------------------------------------------------------------------------- */

static void
test_invalid (void)
{
  static const char *const endpoints[] = {
    "",           "https://127.0.0.1", "127.0.0.1:5000",     "http://",
    "http://a:b", "http://a:",         "http://a/v1/traces", "http://u@a",
    "http://a b", "http://[::1",       "http://[::1]x",      "http://a\r\nb"
  };
  OrfTracer *tracer = NULL;
  OrfTracerState state;
  char context[ORF_TRACEPARENT_SIZE];

  g_assert_cmpint (orf_tracer_new (NULL, &tracer), ==, ORF_STATUS_INVALID);
  g_assert_cmpint (orf_tracer_new (&(OrfTracerOptions){ 0 }, &tracer), ==, ORF_STATUS_INVALID);
  for (guint i = 1; i < G_N_ELEMENTS (endpoints); i++) {
    const OrfTracerOptions options = { .service = "s", .endpoint = endpoints[i] };

    g_assert_cmpint (orf_tracer_new (&options, &tracer), ==, ORF_STATUS_INVALID);
  }
  g_assert_cmpint (orf_tracer_new (&(OrfTracerOptions){ .service = "s", .token = "a\nb" }, &tracer),
                   ==, ORF_STATUS_INVALID);
  g_assert_null (tracer);
  g_assert_cmpint (
    orf_tracer_new (&(OrfTracerOptions){ .service = "s", .endpoint = "http://[::1]:7/" }, &tracer),
    ==, ORF_STATUS_OK);
  orf_tracer_free (tracer);

  g_assert_null (orf_span_begin (NULL, "nobody", NULL));
  orf_span_set_text (NULL, "a", "b");
  orf_span_set_int (NULL, "a", 1);
  orf_span_set_double (NULL, "a", 1);
  orf_span_set_bool (NULL, "a", true);
  orf_span_add_event (NULL, "a", NULL, 0);
  orf_span_add_link (NULL, "a");
  orf_span_set_status (NULL, ORF_SPAN_STATUS_OK, NULL);
  orf_span_end (NULL);
  g_assert_false (orf_span_get_traceparent (NULL, context));
  g_assert_cmpstr (context, ==, "");
  g_assert_null (orf_span_get_tracestate (NULL));
  orf_tracer_get_state (NULL, &state);
  g_assert_cmpuint (state.n_ended, ==, 0);
  g_assert_cmpint (orf_tracer_flush (NULL, 0), ==, ORF_STATUS_OK);
  orf_tracer_free (NULL);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/tracer/fields", test_fields);
  g_test_add_func ("/tracer/texts", test_texts);
  g_test_add_func ("/tracer/parents", test_parents);
  g_test_add_func ("/tracer/unsampled", test_unsampled);
  g_test_add_func ("/tracer/retry", test_retry);
  g_test_add_func ("/tracer/bounded", test_bounded);
  g_test_add_func ("/tracer/slow", test_slow);
  g_test_add_func ("/tracer/threads", test_threads);
  g_test_add_func ("/tracer/fork", test_fork);
  g_test_add_func ("/tracer/invalid", test_invalid);
  return g_test_run ();
}
