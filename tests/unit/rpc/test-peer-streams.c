/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "orf-error.h"
#include "orf-schema-bind.h"
#include "rpc/orf-peer.h"

typedef struct {
  OrfRouter *router;
  OrfPeer *peer;
  GString *log; /* what the transport was told, a line each */
  OrfChannel *channel;
  OrfCall *held; /* a slow call */
  guint n_idle;
} Fixture;

static void
send_cb (gpointer transport, const char *data, gsize length)
{
  Fixture *f = transport;

  g_string_append_printf (f->log, "send %.*s\n", (int) length, data != NULL ? data : "");
}

static void
open_cb (gpointer transport, guint64 stream, const OrfStreamSpec *spec)
{
  Fixture *f = transport;
  gsize length = 0;
  const char *first = spec->first != NULL ? orf_blob_get_data (spec->first, &length) : "";

  g_string_append_printf (f->log, "open %u of %u depth %u first %.*s\n", (guint) stream,
                          (guint) spec->channel, spec->depth, (int) length, first);
}

static void
close_cb (gpointer transport, guint64 stream, const char *status)
{
  g_string_append_printf (((Fixture *) transport)->log, "close %u %s\n", (guint) stream, status);
}

static void
publish_cb (gpointer outlet, guint64 channel, OrfBlob *value)
{
  gsize length;
  const char *data = orf_blob_get_data (value, &length);

  g_string_append_printf (((Fixture *) outlet)->log, "publish %u %.*s\n", (guint) channel,
                          (int) length, data);
}

static void
end_cb (gpointer outlet, guint64 channel, const char *status)
{
  g_string_append_printf (((Fixture *) outlet)->log, "end %u %s\n", (guint) channel, status);
}

static void
idle_cb (gpointer user_data)
{
  ((Fixture *) user_data)->n_idle++;
}

static void
watch_cb (OrfCall *call, const OrfMetricsWatchParams *params, gpointer user_data)
{
  Fixture *f = user_data;
  g_autoptr (OrfBlob) first = orf_blob_new ("{\"first\":1}", 11);

  orf_call_return_stream (call, f->channel, first);
}

static void
hold_cb (OrfCall *call, gconstpointer params, gpointer user_data)
{
  ((Fixture *) user_data)->held = call;
}

static void
set_up (Fixture *f, gconstpointer data)
{
  static const OrfPeerOps ops = { send_cb, open_cb, close_cb };
  static const OrfStreamOutlet outlet = { publish_cb, end_cb };
  const OrfRpcLimits limits = { .max_message_bytes = 65536,
                                .max_depth = 16,
                                .max_batch = 8,
                                .max_in_flight = 4,
                                .max_in_flight_per_peer = 4,
                                .max_streams_per_peer = 2,
                                .default_deadline_us = 60000000,
                                .max_deadline_us = 60000000 };

  f->router = orf_router_new (&limits);
  f->log = g_string_new (NULL);
  orf_bind_metrics_watch (f->router, watch_cb, f);
  orf_router_bind (f->router, ORF_METHOD_GPU_PROFILE, hold_cb, f);
  orf_peer_bind (f->router);
  orf_stream_hub_add_outlet (orf_router_get_streams (f->router), &outlet, f);
  f->channel = orf_channel_new (orf_router_get_streams (f->router), 3, idle_cb, f);
  f->peer = orf_peer_new (f->router, &ops, f, ORF_ROLE_READ, "test");
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  g_clear_pointer (&f->peer, orf_peer_free);
  g_assert_cmpuint (orf_stream_hub_get_n_streams (orf_router_get_streams (f->router)), ==, 0);
  g_clear_pointer (&f->channel, orf_channel_free);
  orf_stream_hub_remove_outlet (orf_router_get_streams (f->router), f);
  orf_router_unref (f->router);
  g_string_free (f->log, TRUE);
}

static void
says (Fixture *f, const char *expected)
{
  g_assert_cmpstr (f->log->str, ==, expected);
  g_string_truncate (f->log, 0);
}

static void
receive (Fixture *f, const char *text)
{
  orf_peer_receive (f->peer, text, strlen (text), NULL);
}

#define REQUEST(id, method, params)                                                                \
  "{\"jsonrpc\":\"2.0\",\"id\":" id ",\"method\":\"" method "\",\"params\":" params "}"
#define WATCH(id)        REQUEST (id, "metrics.watch", "{\"select\":\"x\"}")
#define RESULT(id, json) "{\"jsonrpc\":\"2.0\",\"id\":" id ",\"result\":" json "}"

static void
test_open (Fixture *f, gconstpointer data)
{
  receive (f, WATCH ("1"));
  says (f,
        "send " RESULT ("1", "{\"stream\":\"s1\"}") "\nopen 1 of 1 depth 3 first {\"first\":1}\n");
  g_assert_cmpuint (orf_channel_get_n_streams (f->channel), ==, 1);
  orf_channel_publish (f->channel, "{}", 2);
  says (f, "publish 1 {}\n");
  g_clear_pointer (&f->peer, orf_peer_free);
  g_assert_cmpuint (f->n_idle, ==, 1);
  orf_channel_publish (f->channel, "{}", 2);
  says (f, "");
}

/* The ids are known before the first values come. */
static void
test_batch (Fixture *f, gconstpointer data)
{
  receive (f, "[" WATCH ("1") "," REQUEST ("2", "gpu.profile", "{}") "," WATCH ("3") "]");
  says (f, "");
  orf_call_return_encoded (f->held, "{}", 2);
  says (f, "send [" RESULT ("1", "{\"stream\":\"s1\"}") "," RESULT ("2", "{}") "," RESULT (
             "3", "{\"stream\":\"s2\"}") "]\n"
                                         "open 1 of 1 depth 3 first {\"first\":1}\nopen 2 of 1 "
                                         "depth 3 first {\"first\":1}\n");
}

static void
test_cancel (Fixture *f, gconstpointer data)
{
  receive (f, WATCH ("1"));
  g_string_truncate (f->log, 0);
  receive (f, REQUEST ("2", "stream.cancel", "{\"stream\":\"s1\"}"));
  says (f, "close 1 CANCELLED\nsend " RESULT ("2", "{\"cancelled\":true}") "\n");
  g_assert_cmpuint (f->n_idle, ==, 1);
  receive (f, REQUEST ("3", "stream.cancel", "{\"stream\":\"s1\"}"));
  g_assert_nonnull (strstr (f->log->str, "\"code\":-32005"));
  g_assert_nonnull (strstr (f->log->str, "\"field\":\"stream\""));
}

/* A stream that was cancelled while its answer waited has an end, and no value. */
static void
test_cancel_early (Fixture *f, gconstpointer data)
{
  receive (f, "[" WATCH ("1") "," REQUEST ("2", "gpu.profile", "{}") "]");
  receive (f, REQUEST ("3", "stream.cancel", "{\"stream\":\"s1\"}"));
  says (f, "send " RESULT ("3", "{\"cancelled\":true}") "\n");
  orf_call_return_encoded (f->held, "{}", 2);
  says (f, "send [" RESULT ("1", "{\"stream\":\"s1\"}") "," RESULT (
             "2", "{}") "]\nopen 1 of 0 depth 1 first \nclose 1 CANCELLED\n");
}

static void
test_limits (Fixture *f, gconstpointer data)
{
  receive (f, WATCH ("1"));
  receive (f, WATCH ("2"));
  g_string_truncate (f->log, 0);
  receive (f, WATCH ("3"));
  g_assert_nonnull (strstr (f->log->str, "\"code\":-32008"));
  g_assert_nonnull (strstr (f->log->str, "stream.max_per_connection"));
  receive (f, REQUEST ("4", "stream.cancel", "{\"stream\":\"s1\"}"));
  orf_stream_hub_set_max (orf_router_get_streams (f->router), 1);
  g_string_truncate (f->log, 0);
  receive (f, WATCH ("5"));
  g_assert_nonnull (strstr (f->log->str, "dashboard.max_subscribers"));
  g_assert_nonnull (strstr (f->log->str, "\"retry_after_ms\":5000"));
  /* nobody would know its id */
  orf_stream_hub_set_max (orf_router_get_streams (f->router), 9);
  g_string_truncate (f->log, 0);
  receive (f, "{\"jsonrpc\":\"2.0\",\"method\":\"metrics.watch\",\"params\":{\"select\":\"x\"}}");
  says (f, "send \n");
  g_assert_cmpuint (orf_peer_get_n_streams (f->peer), ==, 1);
}

static void
test_channel_ends (Fixture *f, gconstpointer data)
{
  receive (f, WATCH ("1"));
  receive (f, WATCH ("2"));
  g_string_truncate (f->log, 0);
  g_clear_pointer (&f->channel, orf_channel_free);
  says (f, "end 1 UNAVAILABLE\n");
  g_assert_cmpuint (orf_peer_get_n_streams (f->peer), ==, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define add(name, func) g_test_add ("/peer-streams/" name, Fixture, NULL, set_up, func, tear_down)
  add ("open", test_open);
  add ("batch", test_batch);
  add ("cancel", test_cancel);
  add ("cancel-early", test_cancel_early);
  add ("limits", test_limits);
  add ("channel-ends", test_channel_ends);
  return g_test_run ();
}
