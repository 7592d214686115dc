/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <math.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <glib-object.h> /* GCallback, for orf-schema-bind.h */

#include "core/orf-clock.h"
#include "core/orf-config.h"
#include "orf-error.h"
#include "orf-schema-bind.h"
#include "rpc/orf-peer.h"
#include "workers/orf-workers-private.h"

static const char *const can_trim[] = { "trim", NULL };

/* A registry, one connection, and all that it was told. */
typedef struct {
  OrfConfig *config;
  OrfRouter *router;
  OrfWorkers *workers;
  OrfPeer *peer;
  GString *log; /* of what is published, ended and listened to */
} Fixture;

/* ---- the connection -------------------------------------------------------------------------- */

static void
send_cb (gpointer transport, const char *data, gsize length)
{
}

static void
open_cb (gpointer transport, guint64 stream, const OrfStreamSpec *spec)
{
}

static void
close_cb (gpointer transport, guint64 stream, const char *status)
{
}

static void
publish_cb (gpointer outlet, guint64 channel, OrfBlob *value)
{
  gsize length;
  const char *json = orf_blob_get_data (value, &length);

  g_string_append_printf (((Fixture *) outlet)->log, "%.*s\n", (int) length, json);
}

static void
end_cb (gpointer outlet, guint64 channel, const char *status)
{
  g_string_append_printf (((Fixture *) outlet)->log, "end %s\n", status);
}

static void
advice_cb (OrfCall *call, const OrfWorkerAdviceParams *params, gpointer user_data)
{
  Fixture *f = user_data;

  orf_workers_open_stream (f->workers, orf_workers_find (f->workers, params->worker), call);
}

static void
connect_peer (Fixture *f)
{
  static const OrfPeerOps ops = { send_cb, open_cb, close_cb };

  f->peer = orf_peer_new (f->router, &ops, f, ORF_ROLE_ADMIN, "test");
}

static void
listen (Fixture *f, const OrfWorker *worker)
{
  g_autofree char *text = g_strdup_printf (
    "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"worker.advice\",\"params\":{\"worker\":\"%s\"}}",
    worker->id);

  orf_peer_receive (f->peer, text, strlen (text), NULL);
}

/* ---- listeners ------------------------------------------------------------------------------- */

static void
lost_cb (gpointer user_data, const OrfWorker *worker)
{
  g_string_append_printf (((Fixture *) user_data)->log, "lost %s\n", worker->id);
}

static void
back_cb (gpointer user_data, const OrfWorker *worker)
{
  g_string_append_printf (((Fixture *) user_data)->log, "back %s\n", worker->id);
}

static void
oom_cb (gpointer user_data, const OrfWorker *worker, gint64 n_more)
{
  g_string_append_printf (((Fixture *) user_data)->log, "oom %s %d\n", worker->id, (int) n_more);
}

static const OrfWorkersEvents events = { .lost = lost_cb, .back = back_cb, .oom = oom_cb };
static const OrfStreamOutlet outlet = { publish_cb, end_cb };

static void
set_up (Fixture *f, gconstpointer data)
{
  static const OrfRpcLimits limits = {
    .max_message_bytes = 1 << 20,
    .max_depth = 16,
    .max_batch = 10,
    .max_in_flight = 10,
    .max_in_flight_per_peer = 10,
    .max_streams_per_peer = 4,
    .default_deadline_us = 60 * ORF_US_PER_S,
    .max_deadline_us = 60 * ORF_US_PER_S,
  };
  GError *error = NULL;

  f->config = orf_config_new_defaults ();
  f->config->workers.max_workers = 4;
  f->router = orf_router_new (&limits);
  f->workers = orf_workers_new (f->config, orf_router_get_streams (f->router), &error);
  g_assert_no_error (error);
  f->log = g_string_new (NULL);
  orf_bind_worker_advice (f->router, advice_cb, f);
  orf_stream_hub_add_outlet (orf_router_get_streams (f->router), &outlet, f);
  orf_workers_listen (f->workers, &events, f);
  connect_peer (f);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  g_clear_pointer (&f->peer, orf_peer_free);
  orf_workers_free (f->workers);
  orf_stream_hub_remove_outlet (orf_router_get_streams (f->router), f);
  orf_router_unref (f->router);
  orf_config_free (f->config);
  g_string_free (f->log, TRUE);
}

static OrfWorker *
add (Fixture *f, const char *name, gint64 pid)
{
  const OrfWorkerFacts facts = { name, "gpu0", pid, can_trim, ORF_WORKER_REGISTERED };
  GError *error = NULL;
  OrfWorker *worker = orf_workers_register (f->workers, &facts, &error);

  g_assert_no_error (error);
  orf_workers_admit (f->workers, worker);
  return worker;
}

static void
leave (Fixture *f, OrfWorker *worker)
{
  gint64 said_us = orf_workers_begin_leave (f->workers, worker);

  orf_workers_end_leave (f->workers, worker, said_us, 7);
}

/* ---- asking ---------------------------------------------------------------------------------- */

typedef struct {
  Fixture *fixture;
  char *cancels; /* another advice, when it is told; may be NULL */
  guint n_told;
  OrfWorkerAskEnd end;
  gint64 claimed_bytes;
  char *text;
} Asked;

static void
answered_cb (gpointer user_data, OrfWorkerAskEnd end, gint64 claimed_bytes, const char *text)
{
  Asked *asked = user_data;

  asked->n_told++;
  asked->end = end;
  asked->claimed_bytes = claimed_bytes;
  asked->text = g_strdup (text);
  if (asked->cancels != NULL)
    orf_workers_cancel (asked->fixture->workers, asked->cancels);
}

static char *
ask (Fixture *f, const OrfWorker *worker, gint64 patience_us, Asked *asked)
{
  return orf_workers_ask (f->workers, worker, ORF_WORKER_ADVICE_KIND_CLEANUP,
                          ORF_CLEANUP_LEVEL_LIGHT, 0, orf_clock_now_us () + patience_us, "why",
                          answered_cb, asked);
}

static void
wait_told (const Asked *asked)
{
  while (asked->n_told == 0)
    g_main_context_iteration (NULL, TRUE);
}

static void
assert_refused (Fixture *f, const OrfWorker *worker, const char *advice, OrfErrorCode code)
{
  g_autoptr (GError) error = NULL;

  g_assert_false (
    orf_workers_answer (f->workers, worker->id, advice, ORF_WORKER_OUTCOME_DONE, 1, NULL, &error));
  g_assert_error (error, ORF_ERROR, (int) code);
}

static void
test_answered (Fixture *f, gconstpointer data)
{
  OrfWorker *worker = add (f, "a", -1);
  OrfWorker *other = add (f, "b", -1);
  Asked asked = { .fixture = f };
  g_autofree char *advice = NULL;
  g_autofree char *told = NULL;

  g_assert_null (ask (f, worker, ORF_US_PER_S, &asked)); /* it does not listen */
  listen (f, worker);
  advice = ask (f, worker, 60 * ORF_US_PER_S, &asked);
  told = g_strdup_printf ("{\"advice\":\"%s\",\"kind\":\"cleanup\",\"level\":\"light\","
                          "\"batch_size\":null,",
                          advice);
  g_assert_true (g_str_has_prefix (f->log->str, told));
  assert_refused (f, other, advice, ORF_ERROR_NOT_FOUND);
  assert_refused (f, worker, "a-1", ORF_ERROR_NOT_FOUND);
  g_assert_cmpuint (asked.n_told, ==, 0);
  g_assert_true (orf_workers_answer (f->workers, worker->id, advice, ORF_WORKER_OUTCOME_PARTIAL, 7,
                                     "busy", NULL));
  g_assert_cmpuint (asked.n_told, ==, 1);
  g_assert_cmpint (asked.end, ==, ORF_WORKER_ASK_PARTIAL);
  g_assert_cmpint (asked.claimed_bytes, ==, 7);
  g_assert_cmpstr (asked.text, ==, "busy");
  assert_refused (f, worker, advice, ORF_ERROR_FAILED_PRECONDITION);
  g_free (asked.text);
}

/* One that listens and says nothing hangs; one that listens no more has gone, as far as one sees.
 */
static void
test_deadline (Fixture *f, gconstpointer data)
{
  OrfWorker *worker = add (f, "a", -1);
  Asked hung = { .fixture = f }, gone = { .fixture = f }, late = { .fixture = f };
  g_autofree char *first = NULL, *second = NULL, *third = NULL;

  listen (f, worker);
  first = ask (f, worker, 1000, &hung);
  wait_told (&hung);
  g_assert_cmpint (hung.end, ==, ORF_WORKER_ASK_TIMED_OUT);
  g_assert_cmpint (hung.claimed_bytes, ==, -1);
  third = ask (f, worker, -ORF_US_PER_S, &late); /* past already */
  g_assert_cmpuint (late.n_told, ==, 0);
  wait_told (&late);
  g_assert_cmpint (late.end, ==, ORF_WORKER_ASK_TIMED_OUT);
  second = ask (f, worker, 50000, &gone);
  g_clear_pointer (&f->peer, orf_peer_free);
  g_assert_cmpint (worker->state, ==, ORF_WORKER_STATE_SILENT);
  g_assert_cmpuint (gone.n_told, ==, 0); /* it may come back and answer */
  wait_told (&gone);
  g_assert_cmpint (gone.end, ==, ORF_WORKER_ASK_LOST);
}

/* Who is told of one may call off the next. */
static void
test_leaves (Fixture *f, gconstpointer data)
{
  OrfWorker *worker = add (f, "a", -1);
  Asked asked[3] = { { .fixture = f }, { .fixture = f }, { .fixture = f } };
  char *advice[3];

  listen (f, worker);
  for (guint i = 0; i < 3; i++)
    advice[i] = ask (f, worker, 60 * ORF_US_PER_S, &asked[i]);
  orf_workers_cancel (f->workers, advice[0]);
  asked[1].cancels = advice[2];
  asked[2].cancels = advice[1];
  leave (f, worker);
  g_assert_cmpuint (asked[0].n_told, ==, 0);
  g_assert_cmpuint (asked[1].n_told + asked[2].n_told, ==, 1);
  g_assert_cmpint (worker->state, ==, ORF_WORKER_STATE_LEFT);
  g_assert_null (strstr (f->log->str, "lost"));
  g_assert_true (g_str_has_suffix (f->log->str, "end UNAVAILABLE\n"));
  orf_workers_report (f->workers, worker, NULL);
  g_assert_true (g_str_has_suffix (f->log->str, "back w-1\n"));
  for (guint i = 0; i < 3; i++)
    g_free (advice[i]);
}

static OrfWorker *
add_of (Fixture *f, const char *owner)
{
  const OrfWorkerFacts facts = { "a", NULL, 7, can_trim, ORF_WORKER_REGISTERED, owner };
  OrfWorker *worker = orf_workers_register (f->workers, &facts, NULL);

  orf_workers_admit (f->workers, worker);
  return worker;
}

/* Nobody speaks for another token's, be it by its id or by its name and pid. */
static void
test_owner (Fixture *f, gconstpointer data)
{
  OrfWorker *ours = add_of (f, "token:us");

  g_assert_true (orf_workers_claim (f->workers, ours, "token:us"));
  g_assert_false (orf_workers_claim (f->workers, ours, "token:them"));
  g_assert_false (orf_workers_claim (f->workers, ours, "loopback"));
  g_assert_true (add_of (f, "token:us") == ours);
  g_assert_true (add_of (f, "token:them") != ours);
  g_assert_true (orf_workers_claim (f->workers, add_of (f, "loopback"), "unix:uid=1000"));
  g_assert_false (orf_workers_claim (f->workers, add_of (f, "loopback"), "token:us"));
}

/* Of one that the file had nobody knows the owner: the first who comes. */
static void
test_owner_after_a_start (Fixture *f, gconstpointer data)
{
  const char *const none[] = { NULL };
  OrfWorker *worker;

  orf_workers_restore (f->workers, &(OrfWorker){ .no = 3,
                                                 .name = (char *) "old",
                                                 .pid = -1,
                                                 .capabilities = (char **) none,
                                                 .source = ORF_WORKER_REGISTERED });
  worker = orf_workers_find (f->workers, "w-3");
  g_assert_true (orf_workers_claim (f->workers, worker, "token:us"));
  g_assert_false (orf_workers_claim (f->workers, worker, "token:them"));
}

static void
test_many_open (Fixture *f, gconstpointer data)
{
  OrfWorker *worker = add (f, "a", -1);
  Asked asked = { .fixture = f };
  g_autofree char *first = NULL;

  listen (f, worker);
  first = ask (f, worker, 60 * ORF_US_PER_S, &asked);
  for (guint i = 1; i < ORF_WORKER_MAX_ASKS; i++)
    g_free (ask (f, worker, 60 * ORF_US_PER_S, &asked));
  g_assert_false (orf_workers_can_ask (f->workers, worker));
  g_assert_null (ask (f, worker, 60 * ORF_US_PER_S, &asked));
  orf_workers_cancel (f->workers, first);
  g_free (ask (f, worker, 60 * ORF_US_PER_S, &asked));
  g_assert_cmpuint (asked.n_told, ==, 0);
}

/* ---- reached --------------------------------------------------------------------------------- */

static void
reach_ask (gpointer self, const OrfWorkerAsk *ask)
{
  Fixture *f = self;

  g_string_append_printf (f->log, "reach %s\n", ask->reason);
  orf_workers_answer (f->workers, "w-1", ask->advice, ORF_WORKER_OUTCOME_REFUSED, -1, "at once",
                      NULL);
}

static void
reach_ask_later (gpointer self, const OrfWorkerAsk *ask)
{
}

static void
reach_cancel (gpointer self, const char *advice)
{
  g_string_append (((Fixture *) self)->log, "called off\n");
}

static void
test_reached (Fixture *f, gconstpointer data)
{
  static const OrfWorkerReach at_once = { reach_ask, reach_cancel };
  static const OrfWorkerReach later = { reach_ask_later, reach_cancel };
  const OrfWorkerFacts facts = { "vllm", "gpu0", -1, can_trim, "vllm" };
  OrfWorker *worker = orf_workers_add_reached (f->workers, &facts, &at_once, f);
  Asked asked = { .fixture = f }, lost = { .fixture = f };
  g_autofree char *advice = NULL, *second = NULL, *third = NULL;

  g_assert_cmpint (worker->state, ==, ORF_WORKER_STATE_SILENT);
  g_assert_false (orf_workers_claim (f->workers, worker, "loopback")); /* no caller is its server */
  g_assert_false (orf_workers_claim (f->workers, worker, "token:us"));
  orf_workers_update (f->workers, worker, 42, ORF_WORKER_STATE_CONNECTED, NULL);
  g_assert_cmpint (worker->pid, ==, 42);
  advice = ask (f, worker, 60 * ORF_US_PER_S, &asked);
  g_assert_cmpuint (asked.n_told, ==, 0); /* not before it has its id */
  wait_told (&asked);
  g_assert_cmpint (asked.end, ==, ORF_WORKER_ASK_REFUSED);
  g_assert_cmpstr (asked.text, ==, "at once");
  g_free (asked.text);
  g_assert_true (orf_workers_add_reached (f->workers, &facts, &later, f) == worker);
  second = ask (f, worker, 60 * ORF_US_PER_S, &lost);
  orf_workers_cancel (f->workers, second);
  g_assert_cmpstr (f->log->str, ==, "reach why\ncalled off\n");
  third = ask (f, worker, 60 * ORF_US_PER_S, &lost);
  orf_workers_remove_reached (f->workers, worker);
  g_assert_cmpint (lost.end, ==, ORF_WORKER_ASK_LOST);
  g_assert_cmpuint (lost.n_told, ==, 1);
  g_assert_null (ask (f, worker, ORF_US_PER_S, &lost));
}

/* ---- who there is ---------------------------------------------------------------------------- */

static void
test_sums (Fixture *f, gconstpointer data)
{
  const OrfAllocator told[] = {
    { .allocated_bytes = 100,
      .reserved_bytes = 200,
      .active_bytes = -1,
      .inactive_split_bytes = -1,
      .largest_free_bytes = 60,
      .ooms = 3,
      .retries = -1 },
    { .allocated_bytes = -1,
      .reserved_bytes = 50,
      .active_bytes = -1,
      .inactive_split_bytes = -1,
      .largest_free_bytes = 70,
      .ooms = -1,
      .retries = -1 },
  };
  OrfAllocator more = ORF_ALLOCATOR_UNKNOWN;
  OrfAllocator sum;

  g_assert_true (isnan (orf_workers_get_fragmentation_percent (f->workers, "gpu0")));
  orf_workers_report (f->workers, add (f, "a", -1), &told[0]);
  orf_workers_report (f->workers, add (f, "b", -1), &told[1]);
  add (f, "c", -1);
  orf_workers_sum (f->workers, "gpu0", &sum);
  g_assert_cmpint (sum.allocated_bytes, ==, 100);
  g_assert_cmpint (sum.reserved_bytes, ==, 250);
  g_assert_cmpint (sum.active_bytes, ==, -1);
  g_assert_cmpint (sum.largest_free_bytes, ==, 70);
  g_assert_cmpfloat (orf_workers_get_fragmentation_percent (f->workers, "gpu0"), ==, 20);
  orf_workers_sum (f->workers, "gpu1", &sum);
  g_assert_cmpint (sum.reserved_bytes, ==, -1);
  g_assert_cmpstr (f->log->str, ==, ""); /* three of before it was known are not news */
  more.ooms = 5;
  orf_workers_report (f->workers, orf_workers_find (f->workers, "w-1"), &more);
  more.ooms = 1; /* it began anew */
  orf_workers_report (f->workers, orf_workers_find (f->workers, "w-1"), &more);
  g_assert_cmpstr (f->log->str, ==, "oom w-1 2\n");
  orf_workers_sum (f->workers, "gpu0", &sum);
  g_assert_cmpint (sum.reserved_bytes, ==, 250); /* what is left out is as it was */
}

/* Nobody holds as much, but anybody may say so: it is still a number that a result can have. */
static void
test_sums_of_lies (Fixture *f, gconstpointer data)
{
  const gint64 most = G_GINT64_CONSTANT (1) << 53;
  const OrfAllocator told = { .allocated_bytes = 0,
                              .reserved_bytes = most,
                              .active_bytes = most,
                              .inactive_split_bytes = most,
                              .largest_free_bytes = 0,
                              .ooms = most,
                              .retries = most };
  OrfAllocator sum;

  orf_workers_report (f->workers, add (f, "a", -1), &told);
  orf_workers_report (f->workers, add (f, "b", -1), &told);
  orf_workers_sum (f->workers, "gpu0", &sum);
  g_assert_cmpint (sum.reserved_bytes, ==, most);
  g_assert_cmpint (sum.ooms, ==, most);
  g_assert_cmpfloat (orf_workers_get_fragmentation_percent (f->workers, "gpu0"), ==, 100);
}

static void
test_room (Fixture *f, gconstpointer data)
{
  const OrfWorkerFacts facts = { "e", NULL, -1, can_trim, ORF_WORKER_REGISTERED };
  OrfWorker *hidden;
  g_autoptr (GError) error = NULL;

  for (guint i = 0; i < 3; i++)
    add (f, "same", 100000000 + i);
  g_assert_cmpstr (orf_workers_find (f->workers, "w-1")->label, ==, "same");
  g_assert_cmpstr (orf_workers_find (f->workers, "w-3")->label, ==, "same (w-3)");
  hidden = orf_workers_register (f->workers, &facts, NULL);
  g_assert_null (orf_workers_find (f->workers, hidden->id));
  g_assert_cmpuint (orf_workers_get_all (f->workers)->len, ==, 3);
  g_assert_true (orf_workers_register (f->workers, &facts, NULL) == hidden);
  orf_workers_give_up (f->workers, hidden);
  orf_workers_admit (f->workers, hidden);
  g_assert_true (orf_workers_find (f->workers, "w-4") == hidden);
  g_assert_null (orf_workers_register (
    f->workers, &(OrfWorkerFacts){ "f", NULL, -1, can_trim, ORF_WORKER_REGISTERED }, &error));
  g_assert_error (error, ORF_ERROR, ORF_ERROR_RESOURCE_EXHAUSTED);
  leave (f, hidden);
  hidden = orf_workers_register (
    f->workers, &(OrfWorkerFacts){ "f", NULL, -1, can_trim, ORF_WORKER_REGISTERED }, NULL);
  orf_workers_give_up (f->workers, hidden);
  g_assert_cmpuint (orf_workers_get_all (f->workers)->len, ==, 4);
}

/* Two that are there never have one label: what they tell would be one series. */
static void
test_label_of_one_that_is_back (Fixture *f, gconstpointer data)
{
  OrfWorker *first = add (f, "same", 100000001);
  OrfWorker *second;

  leave (f, first);
  second = add (f, "same", 100000002);
  g_assert_cmpstr (second->label, ==, "same");
  orf_workers_report (f->workers, first, NULL);
  g_assert_cmpint (first->state, ==, ORF_WORKER_STATE_CONNECTED);
  g_assert_cmpstr (first->label, ==, "same (w-1)");
  g_assert_cmpstr (second->label, ==, "same");
  leave (f, second);
  orf_workers_report (f->workers, second, NULL); /* nobody took it meanwhile */
  g_assert_cmpstr (second->label, ==, "same");
}

/* That it left is so once the file has it, but for what came behind it. */
static void
test_leave_on_its_way (Fixture *f, gconstpointer data)
{
  OrfWorker *worker = add (f, "a", -1);
  gint64 said_us = orf_workers_begin_leave (f->workers, worker);

  g_assert_cmpint (worker->state, ==, ORF_WORKER_STATE_CONNECTED);
  orf_workers_end_leave (f->workers, worker, said_us, 0); /* it is a repetition */
  g_assert_cmpint (worker->state, ==, ORF_WORKER_STATE_CONNECTED);
  said_us = orf_workers_begin_leave (f->workers, worker);
  g_usleep (10);
  orf_workers_report (f->workers, worker, NULL);
  orf_workers_end_leave (f->workers, worker, said_us, 7);
  g_assert_cmpint (worker->state, ==, ORF_WORKER_STATE_CONNECTED);
  leave (f, worker);
  g_assert_cmpint (worker->state, ==, ORF_WORKER_STATE_LEFT);
  g_assert_cmpint (worker->lost_us, ==, 7);
  g_assert_null (strstr (f->log->str, "lost"));
}

/* Its parent, which is this one, has not waited for it. */
static void
test_process_ends (Fixture *f, gconstpointer data)
{
  pid_t child = fork ();
  OrfWorker *worker;

  if (child == 0) {
    for (;;)
      pause ();
  }
  worker = add (f, "a", child);
  g_assert_cmpint (worker->state, ==, ORF_WORKER_STATE_CONNECTED);
  kill (child, SIGKILL);
  while (worker->state != ORF_WORKER_STATE_LOST)
    g_main_context_iteration (NULL, TRUE);
  g_assert_cmpstr (f->log->str, ==, "lost w-1\n");
  g_assert_cmpint (waitpid (child, NULL, 0), ==, child);
}

static void
test_restored (Fixture *f, gconstpointer data)
{
  OrfWorker was = {
    .no = 7,
    .name = (char *) "a",
    .pid = 12,
    .capabilities = (char **) can_trim,
    .source = ORF_WORKER_REGISTERED,
    .registered_us = 1,
    .reported_us = 2,
    .n_batches = 3,
    .allocator = ORF_ALLOCATOR_UNKNOWN,
  };
  const OrfWorker *worker;

  orf_workers_restore (f->workers, &was);
  was.no = 8;
  was.source = "vllm"; /* nobody reaches it yet */
  orf_workers_restore (f->workers, &was);
  orf_workers_set_next_no (f->workers, 9);
  worker = orf_workers_find (f->workers, "w-7");
  g_assert_cmpint (worker->state, ==, ORF_WORKER_STATE_SILENT);
  g_assert_cmpint (worker->n_batches, ==, 3);
  g_assert_cmpint (orf_workers_find (f->workers, "w-8")->state, ==, ORF_WORKER_STATE_LEFT);
  g_assert_true (add (f, "a", 12) == worker);
  g_assert_cmpint (worker->state, ==, ORF_WORKER_STATE_CONNECTED);
  g_assert_cmpint (add (f, "b", 12)->no, ==, 9);
}

#define TEST(name, function)                                                                       \
  g_test_add ("/workers/" name, Fixture, NULL, set_up, function, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  TEST ("answered", test_answered);
  TEST ("deadline", test_deadline);
  TEST ("leaves", test_leaves);
  TEST ("owner", test_owner);
  TEST ("owner-after-a-start", test_owner_after_a_start);
  TEST ("many-open", test_many_open);
  TEST ("reached", test_reached);
  TEST ("sums", test_sums);
  TEST ("sums-of-lies", test_sums_of_lies);
  TEST ("room", test_room);
  TEST ("label-of-one-that-is-back", test_label_of_one_that_is_back);
  TEST ("leave-on-its-way", test_leave_on_its_way);
  TEST ("process-ends", test_process_ends);
  TEST ("restored", test_restored);
  return g_test_run ();
}
