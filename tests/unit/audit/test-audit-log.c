/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "../store/store-fixture.h"
#include "audit/orf-audit-log.h"
#include "core/orf-clock.h"
#include "orf-error.h"
#include "orf-schema-bind.h"
#include "rpc/orf-peer.h"

#define SILENCE                                                                                    \
  "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"alerts.unsilence\",\"params\":{\"id\":\"s1\"}}"

typedef struct {
  StoreFixture store;
  OrfRouter *router;
  OrfAuditLog *log;
  OrfPeer *peer;
  GPtrArray *sent;
  gint64 n_rows_at_call; /* in the file when the handler ran; -1: it has not */
} Fixture;

static void
send_cb (gpointer transport, const char *data, gsize length)
{
  g_ptr_array_add (((Fixture *) transport)->sent, g_strndup (data, length));
}

static void
unsilence_cb (OrfCall *call, gconstpointer params, gpointer user_data)
{
  Fixture *f = user_data;

  f->n_rows_at_call = store_query (f->store.path, "SELECT count(*) FROM audit");
  orf_call_return_encoded (call, "{}", 2);
}

static void
set_up (Fixture *f, gconstpointer data)
{
  const OrfRpcLimits limits = {
    .max_message_bytes = 65536,
    .max_depth = 16,
    .max_batch = 8,
    .max_in_flight = 64,
    .max_in_flight_per_peer = 64,
    .max_streams_per_peer = 1,
    .default_deadline_us = 60 * ORF_US_PER_S,
    .max_deadline_us = 60 * ORF_US_PER_S,
  };
  const OrfPeerOps ops = { .send = send_cb };

  store_fixture_set_up (&f->store, NULL);
  f->store.options.audit_us = 3600 * ORF_US_PER_S;
  store_fixture_open (&f->store);
  f->router = orf_router_new (&limits);
  orf_router_bind (f->router, ORF_METHOD_ALERTS_UNSILENCE, unsilence_cb, f);
  f->log = orf_audit_log_new (f->store.store, f->router);
  f->sent = g_ptr_array_new_with_free_func (g_free);
  f->peer = orf_peer_new (f->router, &ops, f, ORF_ROLE_OPERATE, "token:ann");
  f->n_rows_at_call = -1;
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  orf_peer_free (f->peer);
  orf_audit_log_free (f->log);
  store_fixture_tear_down (&f->store, NULL);
  g_assert_cmpuint (orf_router_get_counts (f->router).in_flight, ==, 0);
  orf_router_unref (f->router);
  g_ptr_array_unref (f->sent);
}

static void
ask (Fixture *f, const char *text)
{
  orf_peer_receive (f->peer, text, strlen (text), NULL);
}

static const char *
await (Fixture *f)
{
  while (f->sent->len == 0)
    g_main_context_iteration (NULL, TRUE);
  return f->sent->pdata[f->sent->len - 1];
}

static gint64
count (Fixture *f, const char *where)
{
  g_autofree char *sql = g_strdup_printf ("SELECT count(*) FROM audit WHERE %s", where);

  return store_query (f->store.path, sql);
}

static void
test_row_first (Fixture *f, gconstpointer data)
{
  ask (f, SILENCE);
  g_assert_cmpint (f->n_rows_at_call, ==, -1);
  g_assert_nonnull (strstr (await (f), "\"result\""));
  g_assert_cmpint (f->n_rows_at_call, ==, 1);
  g_assert_cmpint (count (f, "actor='token:ann' AND method='alerts.unsilence' AND "
                             "detail->>'id'='s1' AND t_us > 0"),
                   ==, 1);
}

/* What is refused, or not there yet, changes nothing: only who asked beyond his roles is told. */
static void
test_refused (Fixture *f, gconstpointer data)
{
  ask (f, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"alerts.unsilence\"}");
  ask (f, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"alerts.delete_rule\","
          "\"params\":{\"rule\":\"a\"}}");
  ask (f, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"cache.clear\"}");
  g_assert_cmpuint (f->sent->len, ==, 3);
  g_assert_nonnull (strstr (f->sent->pdata[0], "-32602"));
  g_assert_nonnull (strstr (f->sent->pdata[1], "PERMISSION_DENIED"));
  g_assert_nonnull (strstr (f->sent->pdata[2], "UNAVAILABLE"));
  store_fixture_close (&f->store);
  g_assert_cmpint (count (f, "1"), ==, 1);
  g_assert_cmpint (count (f, "actor='token:ann' AND method='auth.denied' AND "
                             "detail->>'method'='alerts.delete_rule'"),
                   ==, 1);
  g_assert_cmpint (f->n_rows_at_call, ==, -1);
}

/* Its caller went away before it was begun. */
static void
test_abandoned (Fixture *f, gconstpointer data)
{
  const OrfPeerOps ops = { .send = send_cb };

  ask (f, SILENCE);
  g_clear_pointer (&f->peer, orf_peer_free);
  store_fixture_close (&f->store);
  g_assert_cmpint (f->n_rows_at_call, ==, -1);
  g_assert_cmpint (count (f, "1"), ==, 1);
  f->peer = orf_peer_new (f->router, &ops, f, ORF_ROLE_OPERATE, "token:ann");
}

/* No row, no change. */
static void
test_not_written (Fixture *f, gconstpointer data)
{
  store_fixture_close (&f->store);
  f->store.options.read_only = TRUE;
  orf_audit_log_free (f->log);
  store_fixture_open (&f->store);
  f->log = orf_audit_log_new (f->store.store, f->router);
  ask (f, SILENCE);
  g_assert_nonnull (strstr (await (f), "FAILED_PRECONDITION"));
  g_assert_cmpint (f->n_rows_at_call, ==, -1);
}

static void
test_notes (Fixture *f, gconstpointer data)
{
  orf_audit_log_note (f->log, "orfeasd", "daemon.start", NULL);
  for (guint i = 0; i < 3 * ORF_AUDIT_REFUSALS_PER_MINUTE; i++)
    orf_audit_log_note_refusal (f->log, "unknown", "auth.login_refused", json_object ());
  orf_audit_log_note (f->log, "token:ann", "auth.login", json_pack ("{s:s}", "address", "::1"));
  store_fixture_close (&f->store);
  g_assert_cmpint (count (f, "method='auth.login_refused'"), ==, ORF_AUDIT_REFUSALS_PER_MINUTE);
  g_assert_cmpint (count (f, "detail IS NULL"), ==, 1);
  g_assert_cmpint (count (f, "detail->>'address'='::1'"), ==, 1);
}

static void
test_kept_by_count (Fixture *f, gconstpointer data)
{
  for (guint i = 0; i < 700; i++)
    orf_audit_log_note (f->log, "ann", "a", NULL);
  store_fixture_close (&f->store);
  g_assert_cmpint (count (f, "1"), ==, 700);
  f->store.options.audit_rows = 40;
  orf_audit_log_free (f->log);
  store_fixture_open (&f->store);
  f->log = orf_audit_log_new (f->store.store, f->router);
  while (count (f, "1") > 40)
    g_main_context_iteration (NULL, FALSE);
  g_assert_cmpint (count (f, "1"), ==, 40);
  g_assert_cmpint (store_query (f->store.path, "SELECT min(id) FROM audit"), ==, 661);
}

static void
test_kept_by_age (Fixture *f, gconstpointer data)
{
  for (guint i = 0; i < 300; i++)
    orf_audit_log_note (f->log, "ann", "a", NULL);
  store_fixture_close (&f->store);
  f->store.options.audit_us = 1;
  orf_audit_log_free (f->log);
  store_fixture_open (&f->store);
  f->log = orf_audit_log_new (f->store.store, f->router);
  while (count (f, "1") > 0)
    g_main_context_iteration (NULL, FALSE);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(name, test) g_test_add ("/audit/" name, Fixture, NULL, set_up, test, tear_down)
  ADD ("row-first", test_row_first);
  ADD ("refused", test_refused);
  ADD ("abandoned", test_abandoned);
  ADD ("not-written", test_not_written);
  ADD ("notes", test_notes);
  ADD ("kept-by-count", test_kept_by_count);
  ADD ("kept-by-age", test_kept_by_age);
  return g_test_run ();
}
