/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <glib.h>
#include <orfeas/tracer.h>
#include <orfeas/worker.h>
#include <pthread.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fake-daemon.h"
#include "fake-device.h"

#define MIB        ((size_t) 1024 * 1024)
#define LONG_US    ((gint64) 3600 * 1000000) /* no report but those asked for */
#define PATIENT_US ((gint64) 60 * 1000000)
#define CLOSING_US ((gint64) 1000000) /* as orf_worker_free() has it */

typedef struct {
  FakeDaemon daemon;
  FakeDevice device;
  OrfGpuPool *pool;
  OrfWorker *worker;
} Fixture;

static void
set_up (Fixture *fixture, gconstpointer unused)
{
  OrfGpuBackend backend;

  fake_daemon_init (&fixture->daemon);
  fake_device_init (&fixture->device, 1024 * MIB);
  backend = fake_device_get_backend (&fixture->device);
  fixture->pool = orf_gpu_pool_new (&backend, 0);
}

static void
tear_down (Fixture *fixture, gconstpointer unused)
{
  fake_daemon_hang_up (&fixture->daemon, TRUE);
  orf_worker_free (fixture->worker);
  orf_gpu_pool_free (fixture->pool);
  fake_device_clear (&fixture->device);
  fake_daemon_clear (&fixture->daemon);
}

static void
start (Fixture *fixture, OrfWorkerOptions options)
{
  options.name = "tester";
  options.socket = fixture->daemon.path;
  if (options.report_us == 0)
    options.report_us = LONG_US;
  g_assert_cmpint (orf_worker_new (&options, &fixture->worker), ==, ORF_STATUS_OK);
}

static OrfWorkerState
get_state (Fixture *fixture)
{
  OrfWorkerState state;

  orf_worker_get_state (fixture->worker, &state);
  return state;
}

static gint64
get_number (const json_t *call, const char *object, const char *name)
{
  const json_t *params = fake_daemon_get_params (call);
  const json_t *value;

  if (object != NULL)
    params = json_object_get (params, object);
  value = json_object_get (params, name);
  return value != NULL ? json_integer_value (value) : -1;
}

static const char *
get_text (const json_t *call, const char *name)
{
  return json_string_value (json_object_get (fake_daemon_get_params (call), name));
}

static json_t *
accepted (void)
{
  return json_pack ("{s:i}", "accepted", 1);
}

/* The first report comes by itself, and tells what the pool holds. */
static void
test_register (Fixture *fixture, gconstpointer unused)
{
  OrfGpuBlock *block = NULL;
  json_t *call;

  g_assert_cmpint (orf_gpu_pool_allocate (fixture->pool, 12 * MIB, &block), ==, ORF_STATUS_OK);
  fake_daemon_listen (&fixture->daemon);
  start (fixture, (OrfWorkerOptions){ .device = "opencl-0", .pool = fixture->pool });
  g_assert_cmpint (orf_worker_wait_known (fixture->worker, 0), ==, ORF_STATUS_TIMEOUT);
  fake_daemon_accept (&fixture->daemon);
  call = fake_daemon_read (&fixture->daemon);
  g_assert_cmpstr (json_string_value (json_object_get (call, "method")), ==, "worker.register");
  g_assert_cmpstr (get_text (call, "name"), ==, "tester");
  g_assert_cmpstr (get_text (call, "device"), ==, "opencl-0");
  g_assert_cmpuint (
    json_array_size (json_object_get (fake_daemon_get_params (call), "capabilities")), ==, 1);
  fake_daemon_answer (&fixture->daemon, call,
                      json_pack ("{s:s, s:i}", "worker", "w-7", "lease_us", 30000000));
  g_assert_cmpint (orf_worker_wait_known (fixture->worker, PATIENT_US), ==, ORF_STATUS_OK);
  g_assert_cmpstr (get_state (fixture).id, ==, "w-7");

  call = fake_daemon_read (&fixture->daemon);
  g_assert_cmpstr (get_text (call, "worker"), ==, "w-7");
  g_assert_cmpint (get_number (call, "allocator", "allocated_bytes"), ==, 12 * MIB);
  g_assert_cmpint (get_number (call, "allocator", "active_bytes"), ==, 12 * MIB);
  g_assert_cmpint (get_number (call, "allocator", "reserved_bytes"), ==, 12 * MIB);
  g_assert_cmpint (get_number (call, "allocator", "inactive_split_bytes"), ==, 0);
  g_assert_cmpint (get_number (call, "allocator", "largest_free_bytes"), ==, 0);
  g_assert_cmpint (get_number (call, "allocator", "ooms"), ==, 0);
  g_assert_null (json_object_get (fake_daemon_get_params (call), "batches"));
  json_decref (call);
}

/* Without a pool and before the program said anything, nothing is claimed; then what it said. */
static void
test_report (Fixture *fixture, gconstpointer unused)
{
  OrfAllocator allocator = ORF_ALLOCATOR_UNKNOWN;
  OrfBatch batch = {
    .size = 32,
    .peak_bytes = 1000,
    .duration_us = INT64_MAX, /* as unknown: it would be refused, and all with it */
    .operation = "embed"
  };
  const json_t *batches;
  json_t *call;

  fake_daemon_listen (&fixture->daemon);
  start (fixture, (OrfWorkerOptions){ 0 });
  fake_daemon_welcome (&fixture->daemon);
  call = fake_daemon_read (&fixture->daemon);
  g_assert_null (json_object_get (fake_daemon_get_params (call), "allocator"));
  fake_daemon_answer (&fixture->daemon, call, accepted ());

  allocator.reserved_bytes = 5;
  allocator.active_bytes = INT64_MAX;
  orf_worker_report (fixture->worker, &allocator);
  g_assert_cmpint (orf_worker_add_batch (fixture->worker, &batch), ==, ORF_STATUS_OK);
  orf_worker_report_now (fixture->worker);
  call = fake_daemon_read (&fixture->daemon);
  g_assert_cmpint (get_number (call, "allocator", "reserved_bytes"), ==, 5);
  g_assert_cmpint (get_number (call, "allocator", "allocated_bytes"), ==, -1);
  g_assert_cmpint (get_number (call, "allocator", "active_bytes"), ==, -1);
  batches = json_object_get (fake_daemon_get_params (call), "batches");
  g_assert_cmpuint (json_array_size (batches), ==, 1);
  g_assert_cmpuint (json_object_size (json_array_get (batches, 0)), ==, 3);
  g_assert_nonnull (json_object_get (json_object_get (call, "meta"), "idempotency_key"));
  fake_daemon_answer (&fixture->daemon, call, accepted ());

  batch.size = 0;
  g_assert_cmpint (orf_worker_add_batch (fixture->worker, &batch), ==, ORF_STATUS_INVALID);
  batch.size = (UINT64_C (1) << 53) + 1;
  g_assert_cmpint (orf_worker_add_batch (fixture->worker, &batch), ==, ORF_STATUS_INVALID);
  batch.size = 1;
  batch.operation = "\xff";
  g_assert_cmpint (orf_worker_add_batch (fixture->worker, &batch), ==, ORF_STATUS_INVALID);
}

/* The call that tells of a batch is in its trace. */
static void
test_trace (Fixture *fixture, gconstpointer unused)
{
  const OrfTracerOptions options = { .service = "test",
                                     .endpoint = "http://127.0.0.1:1",
                                     .sample_percent = -1 };
  const OrfBatch batch = { .size = 1 };
  char context[ORF_TRACEPARENT_SIZE];
  OrfTracer *tracer;
  OrfSpan *span;
  json_t *call;

  g_assert_cmpint (orf_tracer_new (&options, &tracer), ==, ORF_STATUS_OK);
  start (fixture, (OrfWorkerOptions){ 0 }); /* nobody is there yet: both go with the first report */
  span = orf_span_begin (tracer, "batch", NULL);
  orf_span_get_traceparent (span, context);
  g_assert_cmpint (orf_worker_add_batch (fixture->worker, &batch), ==, ORF_STATUS_OK);
  orf_span_end (span);
  g_assert_cmpint (orf_worker_add_batch (fixture->worker, &batch), ==, ORF_STATUS_OK);
  fake_daemon_listen (&fixture->daemon);
  fake_daemon_welcome (&fixture->daemon);
  call = fake_daemon_read (&fixture->daemon);
  g_assert_cmpstr (json_string_value (
                     json_object_get (json_object_get (call, "meta"), "traceparent")),
                   ==, context);
  fake_daemon_answer (&fixture->daemon, call, accepted ());
  orf_tracer_free (tracer);
}

/* With a pool and no callback a cleanup is a trim; the report tells so before the answer does. */
static void
test_trim (Fixture *fixture, gconstpointer unused)
{
  OrfGpuBlock *block = NULL;
  gint64 reserved_bytes;
  json_t *call;

  g_assert_cmpint (orf_gpu_pool_allocate (fixture->pool, 64 * MIB, &block), ==, ORF_STATUS_OK);
  orf_gpu_pool_release (fixture->pool, block);
  fake_daemon_listen (&fixture->daemon);
  start (fixture, (OrfWorkerOptions){ .pool = fixture->pool });
  fake_daemon_welcome (&fixture->daemon);
  fake_daemon_open_stream (&fixture->daemon);
  fake_daemon_advise (&fixture->daemon, "a-1", "cleanup", 0);
  do {
    call = fake_daemon_read (&fixture->daemon);
    g_assert_cmpstr (json_string_value (json_object_get (call, "method")), ==, "worker.report");
    reserved_bytes = get_number (call, "allocator", "reserved_bytes");
    fake_daemon_answer (&fixture->daemon, call, accepted ());
  } while (reserved_bytes != 0);
  call = fake_daemon_read (&fixture->daemon);
  g_assert_cmpstr (json_string_value (json_object_get (call, "method")), ==, "worker.done");
  g_assert_cmpstr (get_text (call, "advice"), ==, "a-1");
  g_assert_cmpstr (get_text (call, "outcome"), ==, "done");
  g_assert_cmpint (get_number (call, NULL, "freed_bytes"), ==, 64 * MIB);
  g_assert_cmpint (get_number (call, "allocator", "reserved_bytes"), ==, 0);
  g_assert_cmpint (get_number (call, "allocator", "returned_bytes"), ==, 64 * MIB);
  fake_daemon_answer (&fixture->daemon, call, accepted ());

  /* nobody to ask about a batch size, and a kind that is newer than the library */
  fake_daemon_advise (&fixture->daemon, "a-2", "batch_size", 8);
  fake_daemon_advise (&fixture->daemon, "a-3", "dance", 0);
  for (int i = 2; i <= 3; i++) {
    g_autofree char *id = g_strdup_printf ("a-%d", i);

    call = fake_daemon_expect (&fixture->daemon, "worker.done");
    g_assert_cmpstr (get_text (call, "advice"), ==, id);
    g_assert_cmpstr (get_text (call, "outcome"), ==, "refused");
    g_assert_cmpint (get_number (call, NULL, "freed_bytes"), ==, -1);
    fake_daemon_refuse (&fixture->daemon, call, "FAILED_PRECONDITION");
  }
  g_assert_cmpuint (get_state (fixture).n_advice, ==, 3);
}

/* A report that was on its way already tells what was held before: another one comes before the
 * answer. */
static void
test_trim_during_a_report (Fixture *fixture, gconstpointer unused)
{
  OrfGpuBlock *block = NULL;
  json_t *early, *call;

  g_assert_cmpint (orf_gpu_pool_allocate (fixture->pool, 64 * MIB, &block), ==, ORF_STATUS_OK);
  orf_gpu_pool_release (fixture->pool, block);
  fake_daemon_listen (&fixture->daemon);
  start (fixture, (OrfWorkerOptions){ .pool = fixture->pool });
  fake_daemon_welcome (&fixture->daemon);
  early = fake_daemon_read (&fixture->daemon);
  g_assert_cmpint (get_number (early, "allocator", "reserved_bytes"), ==, 64 * MIB);
  call = fake_daemon_read (&fixture->daemon);
  g_assert_cmpstr (json_string_value (json_object_get (call, "method")), ==, "worker.advice");
  fake_daemon_answer (&fixture->daemon, call, json_pack ("{s:s}", "stream", "s1"));
  fake_daemon_advise (&fixture->daemon, "a-1", "cleanup", 0);
  while (get_state (fixture).n_advice == 0)
    g_usleep (1000);
  fake_daemon_answer (&fixture->daemon, early, accepted ());
  call = fake_daemon_read (&fixture->daemon);
  g_assert_cmpstr (json_string_value (json_object_get (call, "method")), ==, "worker.report");
  g_assert_cmpint (get_number (call, "allocator", "reserved_bytes"), ==, 0);
  json_decref (call);
  call = fake_daemon_read (&fixture->daemon);
  g_assert_cmpstr (json_string_value (json_object_get (call, "method")), ==, "worker.done");
  json_decref (call);
}

typedef struct {
  pthread_mutex_t lock;
  pthread_cond_t came;
  OrfAdvice advice;
  char id[64];
  int n;
} Seen;

static void
on_advice (OrfWorker *worker, const OrfAdvice *advice, void *user_data)
{
  Seen *seen = user_data;

  pthread_mutex_lock (&seen->lock);
  seen->advice = *advice;
  g_strlcpy (seen->id, advice->id, sizeof seen->id);
  seen->n++;
  pthread_cond_signal (&seen->came);
  pthread_mutex_unlock (&seen->lock);
}

static void
await_advice (Seen *seen, int n)
{
  pthread_mutex_lock (&seen->lock);
  while (seen->n < n)
    pthread_cond_wait (&seen->came, &seen->lock);
  pthread_mutex_unlock (&seen->lock);
}

/* The program is asked, and answers when it likes, from a thread of its own. */
static void
test_callback (Fixture *fixture, gconstpointer unused)
{
  const char *const capabilities[] = { "trim", "batch_size", NULL };
  Seen seen = { .lock = PTHREAD_MUTEX_INITIALIZER, .came = PTHREAD_COND_INITIALIZER };
  json_t *call;

  fake_daemon_listen (&fixture->daemon);
  start (fixture, (OrfWorkerOptions){
                    .capabilities = capabilities, .on_advice = on_advice, .user_data = &seen });
  fake_daemon_welcome (&fixture->daemon);
  fake_daemon_open_stream (&fixture->daemon);
  /* what is no message, or none of ours, is passed over */
  fake_daemon_send (&fixture->daemon, "{\"jsonrpc\":");
  fake_daemon_send (&fixture->daemon, "[]");
  fake_daemon_send (&fixture->daemon, "{\"id\":99999,\"result\":{}}");
  fake_daemon_send (&fixture->daemon,
                    "{\"method\":\"stream.next\",\"params\":{\"stream\":\"s1\",\"value\":null}}");
  fake_daemon_advise (&fixture->daemon, "a-1", "cleanup", 0);
  await_advice (&seen, 1);
  g_assert_cmpint (seen.advice.kind, ==, ORF_ADVICE_CLEANUP);
  g_assert_cmpint (seen.advice.level, ==, ORF_CLEANUP_LEVEL_AGGRESSIVE);
  g_assert_cmpint (seen.advice.deadline_us, >, g_get_real_time ());
  fake_daemon_advise (&fixture->daemon, "a-2", "batch_size", 24);
  await_advice (&seen, 2);
  g_assert_cmpint (seen.advice.kind, ==, ORF_ADVICE_BATCH_SIZE);
  g_assert_cmpuint (seen.advice.batch_size, ==, 24);
  g_assert_cmpstr (seen.id, ==, "a-2");

  g_assert_cmpint (orf_worker_answer (fixture->worker, "", ORF_OUTCOME_DONE, 1, NULL), ==,
                   ORF_STATUS_INVALID);
  g_assert_cmpint (orf_worker_answer (fixture->worker, "a-2", (OrfOutcome) 9, 1, NULL), ==,
                   ORF_STATUS_INVALID);
  g_assert_cmpint (orf_worker_answer (fixture->worker, "a-1", ORF_OUTCOME_PARTIAL, 77,
                                      "half is in use"),
                   ==, ORF_STATUS_OK);
  call = fake_daemon_expect (&fixture->daemon, "worker.done");
  g_assert_cmpstr (get_text (call, "outcome"), ==, "partial");
  g_assert_cmpint (get_number (call, NULL, "freed_bytes"), ==, 77);
  g_assert_cmpstr (get_text (call, "text"), ==, "half is in use");
  fake_daemon_answer (&fixture->daemon, call, accepted ());

  /* a stream that ends is asked for again */
  fake_daemon_send (
    &fixture->daemon,
    "{\"method\":\"stream.end\",\"params\":{\"stream\":\"s1\",\"status\":\"CANCELLED\"}}");
  fake_daemon_open_stream (&fixture->daemon);
}

/* A daemon that goes with a report unanswered gets the same batches under the same key when it is
 * back. */
static void
test_reconnect (Fixture *fixture, gconstpointer unused)
{
  OrfBatch batch = { .size = 3, .peak_bytes = -1, .duration_us = 5 };
  g_autofree char *key = NULL;
  json_t *call;

  start (fixture, (OrfWorkerOptions){ .pool = fixture->pool }); /* nobody is there yet */
  g_assert_cmpint (orf_worker_add_batch (fixture->worker, &batch), ==, ORF_STATUS_OK);
  fake_daemon_listen (&fixture->daemon);
  fake_daemon_welcome (&fixture->daemon);
  call = fake_daemon_read (&fixture->daemon);
  key = g_strdup (
    json_string_value (json_object_get (json_object_get (call, "meta"), "idempotency_key")));
  g_assert_nonnull (key);
  json_decref (call);
  /* meanwhile */
  g_assert_cmpint (orf_worker_add_batch (fixture->worker, &batch), ==, ORF_STATUS_OK);
  orf_worker_answer (fixture->worker, "a-5", ORF_OUTCOME_DONE, 9, NULL);
  fake_daemon_hang_up (&fixture->daemon, TRUE);
  fake_daemon_listen (&fixture->daemon);

  fake_daemon_welcome (&fixture->daemon);
  call = fake_daemon_read (&fixture->daemon);
  g_assert_cmpstr (json_string_value (
                     json_object_get (json_object_get (call, "meta"), "idempotency_key")),
                   ==, key);
  g_assert_cmpuint (json_array_size (json_object_get (fake_daemon_get_params (call), "batches")),
                    ==, 1);
  fake_daemon_answer (&fixture->daemon, call, accepted ());
  call = fake_daemon_expect (&fixture->daemon, "worker.done");
  g_assert_cmpstr (get_text (call, "advice"), ==, "a-5");
  fake_daemon_answer (&fixture->daemon, call, accepted ());
  g_assert_cmpuint (get_state (fixture).n_registered, ==, 2);
  g_assert_cmpuint (get_state (fixture).n_dropped_batches, ==, 0);
}

/* A daemon that forgot us is told who we are on the same connection. */
static void
test_forgotten (Fixture *fixture, gconstpointer unused)
{
  json_t *call;

  fake_daemon_listen (&fixture->daemon);
  start (fixture, (OrfWorkerOptions){ .pool = fixture->pool });
  fake_daemon_welcome (&fixture->daemon);
  call = fake_daemon_read (&fixture->daemon);
  fake_daemon_refuse (&fixture->daemon, call, "NOT_FOUND");
  do {
    call = fake_daemon_read (&fixture->daemon);
    if (strcmp (json_string_value (json_object_get (call, "method")), "worker.register") == 0)
      break;
    fake_daemon_refuse (&fixture->daemon, call, "NOT_FOUND"); /* the stream, by the old name */
  } while (TRUE);
  fake_daemon_answer (&fixture->daemon, call,
                      json_pack ("{s:s, s:i}", "worker", "w-1", "lease_us", 30000000));
  fake_daemon_open_stream (&fixture->daemon);
  g_assert_cmpuint (get_state (fixture).n_registered, ==, 2);
}

/* Refused, and tried again: why is told meanwhile. */
static void
test_refused (Fixture *fixture, gconstpointer unused)
{
  json_t *call;

  fake_daemon_listen (&fixture->daemon);
  start (fixture, (OrfWorkerOptions){ .device = "none" });
  for (int i = 0; i < 2; i++) {
    fake_daemon_accept (&fixture->daemon);
    call = fake_daemon_read (&fixture->daemon);
    fake_daemon_refuse (&fixture->daemon, call, "NOT_FOUND");
    g_assert_null (fake_daemon_read (&fixture->daemon));
    fake_daemon_hang_up (&fixture->daemon, FALSE);
  }
  g_assert_cmpstr (get_state (fixture).reason, ==, "registration: as the test says");
  fake_daemon_welcome (&fixture->daemon);
  g_assert_cmpint (orf_worker_wait_known (fixture->worker, PATIENT_US), ==, ORF_STATUS_OK);
}

/* An answer that does not come within five seconds ends the connection. */
static void
test_silent (Fixture *fixture, gconstpointer unused)
{
  json_t *call;

  fake_daemon_listen (&fixture->daemon);
  start (fixture, (OrfWorkerOptions){ 0 });
  fake_daemon_accept (&fixture->daemon);
  call = fake_daemon_read (&fixture->daemon);
  json_decref (call);
  g_assert_null (fake_daemon_read (&fixture->daemon));
  g_assert_cmpstr (get_state (fixture).reason, ==, "no answer in time");
}

static void *
free_thread_cb (void *worker)
{
  orf_worker_free (worker);
  return NULL;
}

/* What is left at the end is told, in as many reports as it takes, and at last that it is the end.
 */
static void
test_closing (Fixture *fixture, gconstpointer unused)
{
  OrfBatch batch = { .size = 1, .peak_bytes = -1, .duration_us = -1 };
  size_t n_batches = 0;
  gboolean has_left = FALSE;
  pthread_t thread;
  gint64 began_us;
  json_t *call;

  fake_daemon_listen (&fixture->daemon);
  start (fixture, (OrfWorkerOptions){ .pool = fixture->pool });
  fake_daemon_welcome (&fixture->daemon);
  fake_daemon_open_stream (&fixture->daemon);
  for (int i = 0; i < 1500; i++)
    g_assert_cmpint (orf_worker_add_batch (fixture->worker, &batch), ==, ORF_STATUS_OK);
  began_us = g_get_monotonic_time ();
  pthread_create (&thread, NULL, free_thread_cb, fixture->worker);
  while ((call = fake_daemon_read (&fixture->daemon)) != NULL) {
    size_t n = json_array_size (json_object_get (fake_daemon_get_params (call), "batches"));

    g_assert_cmpuint (n, <=, 1000);
    g_assert_false (has_left);
    has_left = strcmp (json_string_value (json_object_get (call, "method")), "worker.leave") == 0;
    n_batches += n;
    fake_daemon_answer (&fixture->daemon, call, accepted ());
  }
  pthread_join (thread, NULL);
  fixture->worker = NULL;
  if (g_get_monotonic_time () - began_us >= CLOSING_US && !has_left) {
    g_test_skip ("the second that it takes for that is over: the machine is too busy");
    return;
  }
  g_assert_true (has_left);
  g_assert_cmpuint (n_batches, ==, 1500);
}

/* With nobody to be told, so many are kept. */
static void
test_bounds (Fixture *fixture, gconstpointer unused)
{
  OrfBatch batch = { .size = 1, .peak_bytes = -1, .duration_us = -1 };
  g_autofree char *long_text = g_strnfill (201, 'x');
  const char *const too_many[] = { "a", "a", "a", "a", "a", "a", "a", "a", "a",
                                   "a", "a", "a", "a", "a", "a", "a", "a", NULL };
  const char *const empty[] = { "", NULL };
  const OrfWorkerOptions wrong[] = {
    { .name = NULL },
    { .name = "" },
    { .name = long_text },
    { .name = "\xc3" },
    { .name = "x", .device = long_text },
    { .name = "x", .capabilities = too_many },
    { .name = "x", .capabilities = empty },
    { .name = "x", .report_us = -1 },
  };
  OrfWorker *worker = NULL;
  int n_accepted = 0;

  for (size_t i = 0; i < G_N_ELEMENTS (wrong); i++)
    g_assert_cmpint (orf_worker_new (&wrong[i], &worker), ==, ORF_STATUS_INVALID);
  g_assert_cmpint (orf_worker_new (NULL, &worker), ==, ORF_STATUS_INVALID);
  g_assert_null (worker);

  start (fixture, (OrfWorkerOptions){ 0 });
  for (int i = 0; i < 10005; i++)
    g_assert_cmpint (orf_worker_add_batch (fixture->worker, &batch), ==, ORF_STATUS_OK);
  g_assert_cmpuint (get_state (fixture).n_dropped_batches, ==, 5);
  for (int i = 0; i < 100; i++)
    n_accepted += orf_worker_answer (fixture->worker, "a", ORF_OUTCOME_DONE, -1, NULL) ==
                  ORF_STATUS_OK;
  g_assert_cmpint (n_accepted, ==, 64);
  g_assert_false (get_state (fixture).is_known);
  orf_worker_free (NULL);
}

/* In a fork's child there is no thread, and nothing may wait for one. */
static void
test_fork (Fixture *fixture, gconstpointer unused)
{
  OrfBatch batch = { .size = 1, .peak_bytes = -1, .duration_us = -1 };
  int status = 0;
  pid_t child;

  start (fixture, (OrfWorkerOptions){ 0 });
  child = fork ();
  if (child == 0) {
    OrfStatus added = orf_worker_add_batch (fixture->worker, &batch);
    OrfStatus waited = orf_worker_wait_known (fixture->worker, -1);

    orf_worker_report_now (fixture->worker);
    orf_worker_free (fixture->worker);
    _exit (added == ORF_STATUS_INVALID && waited == ORF_STATUS_INVALID ? 0 : 1);
  }
  g_assert_cmpint (waitpid (child, &status, 0), ==, child);
  g_assert_cmpint (status, ==, 0);
}

int
main (int argc, char **argv)
{
  const struct {
    const char *name;
    void (*test) (Fixture *fixture, gconstpointer unused);
  } tests[] = {
    { "/lib/worker/register", test_register },
    { "/lib/worker/report", test_report },
    { "/lib/worker/trace", test_trace },
    { "/lib/worker/trim", test_trim },
    { "/lib/worker/callback", test_callback },
    { "/lib/worker/reconnect", test_reconnect },
    { "/lib/worker/forgotten", test_forgotten },
    { "/lib/worker/refused", test_refused },
    { "/lib/worker/silent", test_silent },
    { "/lib/worker/closing", test_closing },
    { "/lib/worker/bounds", test_bounds },
    { "/lib/worker/fork", test_fork },
    { "/lib/worker/trim-during-a-report", test_trim_during_a_report },
  };

  g_test_init (&argc, &argv, NULL);
  for (size_t i = 0; i < G_N_ELEMENTS (tests); i++)
    g_test_add (tests[i].name, Fixture, NULL, set_up, tests[i].test, tear_down);
  return g_test_run ();
}
