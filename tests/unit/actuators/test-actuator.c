/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Actuators as the registry asks them, against a server in the same loop that behaves as told. */
#include "actuators/orf-actuators.h"

#include <string.h>

#include <libsoup/soup.h>

#include "actuator-config.h"
#include "core/orf-clock.h"
#include "exec/orf-errand.h"
#include "rpc/orf-stream-hub.h"

#define PATIENCE_S  60
#define FOR_EVER_US (PATIENCE_S * ORF_US_PER_S)

/* What a path is answered with. */
typedef struct {
  guint status;     /* 0: never */
  const char *body; /* JSON */
} Script;

typedef struct {
  SoupServer *server;
  GSocketService *listener;
  char *url;
  GHashTable *scripts; /* path -> Script */
  GString *log;        /* "POST /sleep?level=1;", but for looks */
  GPtrArray *held;     /* SoupServerMessage: that are never answered */
  gboolean sleeping;   /* vLLM */
  int settles_after;   /* looks until it sleeps truly */
  const char *models;  /* Ollama */

  char *config_path; /* orfeas-exec reads it */
  OrfConfig *config;
  OrfStreamHub *streams;
  OrfWorkers *workers;
  OrfActuator *actuator;
  OrfWorker *worker;
  gboolean is_low;

  gboolean answered;
  OrfWorkerAskEnd end;
  gint64 claimed_bytes;
  char *text;
} Fixture;

/* ---- the server ------------------------------------------------------------------------------ */

static const char *
get_state_body (Fixture *fixture, const char *path)
{
  if (g_str_equal (path, "/is_sleeping")) {
    if (fixture->sleeping && fixture->settles_after > 0 && --fixture->settles_after > 0)
      return "{\"is_sleeping\":false}";
    return fixture->sleeping ? "{\"is_sleeping\":true}" : "{\"is_sleeping\":false}";
  }
  if (g_str_equal (path, "/system_stats"))
    return "{\"devices\":[]}";
  return g_str_equal (path, "/api/ps") ? fixture->models : NULL;
}

static void
act (Fixture *fixture, const char *path)
{
  if (g_str_equal (path, "/sleep"))
    fixture->sleeping = TRUE;
  else if (g_str_equal (path, "/wake_up"))
    fixture->sleeping = FALSE;
  else if (g_str_equal (path, "/api/generate"))
    fixture->models = "{\"models\":[]}";
}

static void
served_cb (SoupServer *server,
           SoupServerMessage *message,
           const char *path,
           GHashTable *query,
           gpointer user_data)
{
  Fixture *fixture = user_data;
  const Script *script = g_hash_table_lookup (fixture->scripts, path);
  const char *state = get_state_body (fixture, path), *body = state != NULL ? state : "{}";
  g_autofree char *uri = g_uri_to_string_partial (soup_server_message_get_uri (message),
                                                  G_URI_HIDE_NONE);
  const char *asked = strchr (strstr (uri, "://") + 3, '/');

  if (script != NULL && script->status == 0) {
    soup_server_message_pause (message);
    g_ptr_array_add (fixture->held, g_object_ref (message));
  } else {
    soup_server_message_set_status (message, script != NULL ? script->status : 200, NULL);
    body = script != NULL && script->body != NULL ? script->body : body;
    soup_server_message_set_response (message, "application/json", SOUP_MEMORY_COPY, body,
                                      strlen (body));
  }
  if (state == NULL && !g_str_equal (path, "/metrics"))
    g_string_append_printf (fixture->log, "%s %s;", soup_server_message_get_method (message),
                            asked);
  if (script == NULL || script->status == 200)
    act (fixture, path);
}

static void
set_script (Fixture *fixture, const char *path, guint status, const char *body)
{
  Script *script = g_new0 (Script, 1);

  script->status = status;
  script->body = body;
  g_hash_table_insert (fixture->scripts, g_strdup (path), script);
}

/* ---- the fixture ----------------------------------------------------------------------------- */

static gboolean
is_low_cb (gpointer user_data, const char *device)
{
  return ((Fixture *) user_data)->is_low;
}

/* Not by a listener of the server's: libsoup 3.2 leaks what that accepts. */
static gboolean
incoming_cb (GSocketService *listener,
             GSocketConnection *connection,
             GObject *source,
             gpointer user_data)
{
  Fixture *fixture = user_data;
  g_autoptr (GSocketAddress) here = g_socket_connection_get_local_address (connection, NULL);
  g_autoptr (GSocketAddress) there = g_socket_connection_get_remote_address (connection, NULL);

  g_assert_true (
    soup_server_accept_iostream (fixture->server, G_IO_STREAM (connection), here, there, NULL));
  return TRUE;
}

static void
listen_local (Fixture *fixture)
{
  g_autoptr (GSocketAddress) any = g_inet_socket_address_new_from_string ("127.0.0.1", 0);
  g_autoptr (GSocketAddress) got = NULL;

  fixture->listener = g_socket_service_new ();
  g_assert_true (g_socket_listener_add_address (G_SOCKET_LISTENER (fixture->listener), any,
                                                G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_TCP, NULL,
                                                &got, NULL));
  g_signal_connect (fixture->listener, "incoming", G_CALLBACK (incoming_cb), fixture);
  fixture->url = g_strdup_printf ("http://127.0.0.1:%u/",
                                  g_inet_socket_address_get_port (G_INET_SOCKET_ADDRESS (got)));
}

static Fixture *
fixture_new (void)
{
  Fixture *fixture = g_new0 (Fixture, 1);

  fixture->server = soup_server_new (NULL, NULL);
  fixture->scripts = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  fixture->log = g_string_new (NULL);
  fixture->held = g_ptr_array_new_with_free_func (g_object_unref);
  fixture->models = "{\"models\":[{\"name\":\"llama3\",\"size_vram\":1000}]}";
  soup_server_add_handler (fixture->server, NULL, served_cb, fixture, NULL);
  listen_local (fixture);
  return fixture;
}

/* target NULL: the server. */
static void
start (Fixture *fixture, const char *target, const char *keys)
{
  g_autoptr (GError) error = NULL;
  OrfActuatorParts parts = { .is_low = is_low_cb, .user_data = fixture };

  fixture->config = actuator_config_load (target != NULL ? target : fixture->url, keys,
                                          &fixture->config_path);
  orf_errands_set_up (g_getenv ("ORFEAS_EXEC"), fixture->config_path, NULL);
  parts.config = fixture->config;
  fixture->streams = orf_stream_hub_new ();
  fixture->workers = orf_workers_new (fixture->config, fixture->streams, &error);
  g_assert_no_error (error);
  parts.workers = fixture->workers;
  fixture->actuator = orf_actuator_new (&parts, actuator_config_get (fixture->config), &error);
  g_assert_no_error (error);
  fixture->worker = orf_workers_get_all (fixture->workers)->pdata[0];
}

static void
remove_config (Fixture *fixture)
{
  g_autofree char *dir = g_path_get_dirname (fixture->config_path);

  g_unlink (fixture->config_path);
  g_rmdir (dir);
  g_free (fixture->config_path);
}

static void
fixture_free (Fixture *fixture)
{
  for (guint i = 0; i < fixture->held->len; i++)
    soup_server_message_unpause (fixture->held->pdata[i]);
  g_clear_pointer (&fixture->actuator, orf_actuator_free);
  while (g_main_context_iteration (NULL, FALSE))
    ; /* what was broken off ends */
  orf_workers_free (fixture->workers);
  orf_stream_hub_free (fixture->streams);
  orf_config_free (fixture->config);
  remove_config (fixture);
  g_socket_service_stop (fixture->listener);
  g_object_unref (fixture->listener);
  soup_server_disconnect (fixture->server);
  g_ptr_array_unref (fixture->held);
  g_object_unref (fixture->server);
  g_hash_table_unref (fixture->scripts);
  g_string_free (fixture->log, TRUE);
  g_free (fixture->url);
  g_free (fixture->text);
  g_free (fixture);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Fixture, fixture_free)

static gboolean
patience_cb (gpointer user_data)
{
  g_error ("waited too long");
  return G_SOURCE_REMOVE;
}

#define WAIT_FOR(condition)                                                                        \
  do {                                                                                             \
    guint id_ = g_timeout_add_seconds (PATIENCE_S, patience_cb, NULL);                             \
    while (!(condition))                                                                           \
      g_main_context_iteration (NULL, TRUE);                                                       \
    g_source_remove (id_);                                                                         \
  } while (0)

static void
answered_cb (gpointer user_data, OrfWorkerAskEnd end, gint64 claimed_bytes, const char *text)
{
  Fixture *fixture = user_data;

  g_assert_false (fixture->answered);
  fixture->answered = TRUE;
  fixture->end = end;
  fixture->claimed_bytes = claimed_bytes;
  g_free (fixture->text);
  fixture->text = g_strdup (text);
}

static char *
begin_ask (Fixture *fixture, OrfCleanupLevel level, gint64 time_us)
{
  char *advice = orf_workers_ask (fixture->workers, fixture->worker, ORF_WORKER_ADVICE_KIND_CLEANUP,
                                  level, 0, orf_clock_now_us () + time_us, "a test", answered_cb,
                                  fixture);

  g_assert_nonnull (advice);
  return advice;
}

static void
ask (Fixture *fixture, OrfCleanupLevel level)
{
  g_free (begin_ask (fixture, level, FOR_EVER_US));
  WAIT_FOR (fixture->answered);
  fixture->answered = FALSE;
}

#define assert_answer(fixture, end_, claimed, text_)                                               \
  do {                                                                                             \
    g_assert_cmpint ((fixture)->end, ==, end_);                                                    \
    g_assert_cmpint ((fixture)->claimed_bytes, ==, claimed);                                       \
    g_assert_cmpstr ((fixture)->text, ==, text_);                                                  \
  } while (0)

/* ---- cases ----------------------------------------------------------------------------------- */

static void
test_registers (void)
{
  g_autoptr (Fixture) fixture = fixture_new ();

  start (fixture, NULL, "kind=ollama\ndevice=simulated-0");
  g_assert_cmpstr (fixture->worker->name, ==, "it");
  g_assert_cmpstr (fixture->worker->device, ==, "simulated-0");
  g_assert_cmpstr (fixture->worker->source, ==, "ollama");
  g_assert_cmpint (fixture->worker->state, ==, ORF_WORKER_STATE_SILENT);
  WAIT_FOR (fixture->worker->state == ORF_WORKER_STATE_CONNECTED);
  g_assert_cmpint (fixture->worker->allocator.reserved_bytes, ==, 1000);
  g_assert_cmpint (fixture->worker->allocator.allocated_bytes, ==, -1);
}

/* It says 200 long before it sleeps: that is waited for, and bytes are not claimed. */
static void
test_answers_before_it_frees (void)
{
  g_autoptr (Fixture) fixture = fixture_new ();

  fixture->settles_after = 4;
  start (fixture, NULL, "kind=vllm");
  ask (fixture, ORF_CLEANUP_LEVEL_AGGRESSIVE);
  assert_answer (fixture, ORF_WORKER_ASK_DONE, -1, NULL);
  g_assert_cmpint (fixture->settles_after, ==, 0);
  ask (fixture, ORF_CLEANUP_LEVEL_AGGRESSIVE);
  assert_answer (fixture, ORF_WORKER_ASK_DONE, 0, "it holds nothing to give");
  g_assert_cmpstr (fixture->log->str, ==, "POST /sleep?level=1&mode=wait;");
}

static void
test_says_how_much (void)
{
  g_autoptr (Fixture) fixture = fixture_new ();

  start (fixture, NULL, "kind=ollama");
  ask (fixture, ORF_CLEANUP_LEVEL_NORMAL);
  assert_answer (fixture, ORF_WORKER_ASK_DONE, 1000, NULL);
  WAIT_FOR (fixture->worker->allocator.reserved_bytes == 0);
}

static void
test_refuses (void)
{
  g_autoptr (Fixture) fixture = fixture_new ();

  set_script (fixture, "/flush_cache", 400, "busy\nnow");
  start (fixture, NULL, "kind=sglang");
  ask (fixture, ORF_CLEANUP_LEVEL_NORMAL);
  assert_answer (fixture, ORF_WORKER_ASK_REFUSED, -1,
                 "it is asked from level aggressive on ([actuators.it] from_level)");
  ask (fixture, ORF_CLEANUP_LEVEL_AGGRESSIVE);
  assert_answer (fixture, ORF_WORKER_ASK_REFUSED, -1, "/flush_cache: 400 busy now");
  set_script (fixture, "/flush_cache", 200, NULL);
  set_script (fixture, "/release_memory_occupation", 500, NULL);
  ask (fixture, ORF_CLEANUP_LEVEL_AGGRESSIVE);
  assert_answer (fixture, ORF_WORKER_ASK_REFUSED, -1, "/release_memory_occupation: 500 {}");
}

static void
test_busy (void)
{
  g_autoptr (Fixture) fixture = fixture_new ();

  set_script (fixture, "/metrics", 200, "vllm:num_requests_running{a=\"b\"} 3\n");
  start (fixture, NULL, "kind=vllm");
  ask (fixture, ORF_CLEANUP_LEVEL_AGGRESSIVE);
  assert_answer (fixture, ORF_WORKER_ASK_REFUSED, -1, "3 requests run or wait");
  set_script (fixture, "/metrics", 404, NULL); /* it has none: that keeps nobody */
  ask (fixture, ORF_CLEANUP_LEVEL_AGGRESSIVE);
  assert_answer (fixture, ORF_WORKER_ASK_DONE, -1, NULL);
}

/* Its own time is over long before the cleanup's. */
static void
test_hangs (void)
{
  g_autoptr (Fixture) fixture = fixture_new ();

  set_script (fixture, "/free", 0, NULL);
  start (fixture, NULL, "kind=comfyui\ntimeout_us=300000");
  ask (fixture, ORF_CLEANUP_LEVEL_NORMAL);
  g_assert_cmpint (fixture->end, ==, ORF_WORKER_ASK_PARTIAL);
  g_assert_cmpint (fixture->claimed_bytes, ==, -1);
  g_assert_cmpstr (fixture->text, ==, "it was asked, and is not done in time");
  set_script (fixture, "/system_stats", 0, NULL);
  ask (fixture, ORF_CLEANUP_LEVEL_NORMAL);
  assert_answer (fixture, ORF_WORKER_ASK_REFUSED, -1, "it did not tell its state in time");
}

/* The registry's deadline comes first, and cancels; the next ask is as any other. */
static void
test_deadline (void)
{
  g_autoptr (Fixture) fixture = fixture_new ();
  g_autofree char *advice = NULL;

  set_script (fixture, "/free", 0, NULL);
  start (fixture, NULL, "kind=comfyui");
  advice = begin_ask (fixture, ORF_CLEANUP_LEVEL_NORMAL, FOR_EVER_US);
  WAIT_FOR (fixture->held->len > 0);
  orf_workers_cancel (fixture->workers, advice);
  set_script (fixture, "/free", 200, NULL);
  ask (fixture, ORF_CLEANUP_LEVEL_NORMAL);
  assert_answer (fixture, ORF_WORKER_ASK_DONE, -1, NULL);
}

static void
test_one_ask_at_a_time (void)
{
  g_autoptr (Fixture) fixture = fixture_new ();
  g_autofree char *advice = NULL;

  set_script (fixture, "/free", 0, NULL);
  start (fixture, NULL, "kind=comfyui");
  advice = begin_ask (fixture, ORF_CLEANUP_LEVEL_NORMAL, FOR_EVER_US);
  WAIT_FOR (fixture->held->len > 0);
  ask (fixture, ORF_CLEANUP_LEVEL_NORMAL);
  assert_answer (fixture, ORF_WORKER_ASK_REFUSED, -1, "it is being asked already");
  /* freed while one is open: that one ends as lost */
  g_clear_pointer (&fixture->actuator, orf_actuator_free);
  WAIT_FOR (fixture->answered);
  g_assert_cmpint (fixture->end, ==, ORF_WORKER_ASK_LOST);
}

static void
test_not_there (void)
{
  g_autoptr (Fixture) fixture = fixture_new ();

  start (fixture, "http://unix:/nowhere/at/all.sock:/", "kind=vllm");
  ask (fixture, ORF_CLEANUP_LEVEL_AGGRESSIVE);
  g_assert_cmpint (fixture->end, ==, ORF_WORKER_ASK_REFUSED);
  g_assert_true (g_str_has_prefix (fixture->text, "it cannot be reached: "));
  g_assert_cmpint (fixture->worker->state, ==, ORF_WORKER_STATE_SILENT);
}

/* A redirect is an answer, and not followed. */
static void
test_another_server (void)
{
  g_autoptr (Fixture) fixture = fixture_new ();

  set_script (fixture, "/is_sleeping", 200, "<html>hello</html>");
  start (fixture, NULL, "kind=vllm");
  ask (fixture, ORF_CLEANUP_LEVEL_AGGRESSIVE);
  g_assert_cmpint (fixture->end, ==, ORF_WORKER_ASK_REFUSED);
  g_assert_nonnull (strstr (fixture->text, "none of vllm"));
  set_script (fixture, "/is_sleeping", 302, NULL);
  ask (fixture, ORF_CLEANUP_LEVEL_AGGRESSIVE);
  assert_answer (fixture, ORF_WORKER_ASK_REFUSED, -1, "it cannot be reached: it answers 302");
}

static void
test_dry_run (void)
{
  g_autoptr (Fixture) fixture = fixture_new ();

  start (fixture, NULL, "kind=ollama\ndry_run=true");
  ask (fixture, ORF_CLEANUP_LEVEL_NORMAL);
  g_assert_cmpint (fixture->end, ==, ORF_WORKER_ASK_REFUSED);
  g_assert_true (g_str_has_prefix (fixture->text, "dry_run: http://127.0.0.1:"));
  g_assert_cmpstr (fixture->log->str, ==, "");
}

static void
test_http_may_say_more (void)
{
  g_autoptr (Fixture) fixture = fixture_new ();
  g_autofree char *target = g_strconcat (fixture->url, "trim?all=1", NULL);

  set_script (fixture, "/trim", 200, "{\"freed_bytes\":77,\"outcome\":\"partial\"}");
  start (fixture, target, "");
  g_assert_cmpint (fixture->worker->state, ==, ORF_WORKER_STATE_CONNECTED);
  ask (fixture, ORF_CLEANUP_LEVEL_NORMAL);
  assert_answer (fixture, ORF_WORKER_ASK_PARTIAL, 77, NULL);
  set_script (fixture, "/trim", 200, "all right");
  ask (fixture, ORF_CLEANUP_LEVEL_NORMAL);
  assert_answer (fixture, ORF_WORKER_ASK_DONE, -1, NULL);
  g_assert_cmpstr (fixture->log->str, ==, "POST /trim?all=1;POST /trim?all=1;");
}

static void
test_batch_size (void)
{
  g_autoptr (Fixture) fixture = fixture_new ();
  g_autofree char *advice = NULL;

  start (fixture, NULL, "kind=vllm");
  advice = orf_workers_ask (fixture->workers, fixture->worker, ORF_WORKER_ADVICE_KIND_BATCH_SIZE,
                            ORF_CLEANUP_LEVEL_UNSET, 8, orf_clock_now_us () + FOR_EVER_US, "a test",
                            answered_cb, fixture);
  WAIT_FOR (fixture->answered);
  assert_answer (fixture, ORF_WORKER_ASK_REFUSED, -1, "it cannot be told a batch size");
}

/* ---- the way back ---------------------------------------------------------------------------- */

static gboolean
tick_cb (gpointer user_data)
{
  return G_SOURCE_CONTINUE; /* so that the loop turns */
}

static void
test_never_restored_by_default (void)
{
  g_autoptr (Fixture) fixture = fixture_new ();
  gint64 end_us;
  guint id;

  fixture->is_low = TRUE;
  start (fixture, NULL, "kind=vllm\npoll_us=100000\nrestore_us=0");
  ask (fixture, ORF_CLEANUP_LEVEL_AGGRESSIVE);
  id = g_timeout_add (50, tick_cb, NULL);
  end_us = orf_clock_monotonic_us () + 500 * ORF_US_PER_MS;
  WAIT_FOR (orf_clock_monotonic_us () > end_us);
  g_source_remove (id);
  g_assert_true (fixture->sleeping);
}

static void
test_restored_when_low (void)
{
  g_autoptr (Fixture) fixture = fixture_new ();

  start (fixture, NULL, "kind=vllm\npoll_us=100000\nrestore=low\nrestore_us=200000");
  ask (fixture, ORF_CLEANUP_LEVEL_AGGRESSIVE);
  fixture->is_low = TRUE;
  WAIT_FOR (!fixture->sleeping);
  WAIT_FOR (strstr (fixture->log->str, "POST /wake_up;") != NULL);
  /* and may be asked anew */
  ask (fixture, ORF_CLEANUP_LEVEL_AGGRESSIVE);
  while (g_strcmp0 (fixture->text, "it is being restored") == 0)
    ask (fixture, ORF_CLEANUP_LEVEL_AGGRESSIVE);
  assert_answer (fixture, ORF_WORKER_ASK_DONE, -1, NULL);
}

/* ---- commands -------------------------------------------------------------------------------- */

static void
test_exec (void)
{
  g_autoptr (Fixture) fixture = fixture_new ();
  g_autofree char *dir = g_dir_make_tmp ("orf-actuator-XXXXXX", NULL);
  g_autofree char *asked = g_build_filename (dir, "asked", NULL);
  g_autofree char *keys = g_strdup_printf (
    "kind=exec\ndevice=d0\ncommand=/bin/sh;-c;cat > %s && echo '{\"freed_bytes\":5}'", asked);
  g_autofree char *line = NULL;

  start (fixture, "exec", keys);
  ask (fixture, ORF_CLEANUP_LEVEL_NORMAL);
  assert_answer (fixture, ORF_WORKER_ASK_DONE, 5, NULL);
  g_assert_true (g_file_get_contents (asked, &line, NULL, NULL));
  g_assert_true (g_str_has_prefix (line, "{\"action\":\"cleanup\",\"name\":\"it\",\"level\":"
                                         "\"normal\",\"device\":\"d0\",\"deadline_us\":"));
  g_assert_true (g_str_has_suffix (line, ",\"reason\":\"a test\"}\n"));
  g_unlink (asked);
  g_rmdir (dir);
}

static void
test_exec_fails (void)
{
  g_autoptr (Fixture) fixture = fixture_new ();

  start (fixture, "exec", "kind=exec\ncommand=/bin/false");
  ask (fixture, ORF_CLEANUP_LEVEL_NORMAL);
  g_assert_cmpint (fixture->end, ==, ORF_WORKER_ASK_REFUSED);
}

static void
test_exec_hangs (void)
{
  g_autoptr (Fixture) fixture = fixture_new ();

  start (fixture, "exec", "kind=exec\ncommand=/bin/sleep;1000\ntimeout_us=100000");
  ask (fixture, ORF_CLEANUP_LEVEL_NORMAL);
  assert_answer (fixture, ORF_WORKER_ASK_PARTIAL, -1, "it was asked, and is not done in time");
}

static void
test_exec_is_not_there (void)
{
  g_autoptr (Fixture) fixture = fixture_new ();

  start (fixture, "exec", "kind=exec\ncommand=/nowhere/at/all");
  ask (fixture, ORF_CLEANUP_LEVEL_NORMAL);
  g_assert_cmpint (fixture->end, ==, ORF_WORKER_ASK_REFUSED);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_log_set_always_fatal (G_LOG_LEVEL_CRITICAL |
                          G_LOG_FATAL_MASK); /* servers go away: a warning each */
  g_test_add_func ("/actuator/registers", test_registers);
  g_test_add_func ("/actuator/answers-before-it-frees", test_answers_before_it_frees);
  g_test_add_func ("/actuator/says-how-much", test_says_how_much);
  g_test_add_func ("/actuator/refuses", test_refuses);
  g_test_add_func ("/actuator/busy", test_busy);
  g_test_add_func ("/actuator/hangs", test_hangs);
  g_test_add_func ("/actuator/deadline", test_deadline);
  g_test_add_func ("/actuator/one-ask-at-a-time", test_one_ask_at_a_time);
  g_test_add_func ("/actuator/not-there", test_not_there);
  g_test_add_func ("/actuator/another-server", test_another_server);
  g_test_add_func ("/actuator/dry-run", test_dry_run);
  g_test_add_func ("/actuator/http-may-say-more", test_http_may_say_more);
  g_test_add_func ("/actuator/batch-size", test_batch_size);
  g_test_add_func ("/actuator/never-restored-by-default", test_never_restored_by_default);
  g_test_add_func ("/actuator/restored-when-low", test_restored_when_low);
  g_test_add_func ("/actuator/exec", test_exec);
  g_test_add_func ("/actuator/exec-fails", test_exec_fails);
  g_test_add_func ("/actuator/exec-hangs", test_exec_hangs);
  g_test_add_func ("/actuator/exec-is-not-there", test_exec_is_not_there);
  return g_test_run ();
}
