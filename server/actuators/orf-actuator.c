/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Invariants, all in the main context:
 * - One thing is under way at most: a look, or the requests (or the command) of an ask or of a
 * restore.  An ask that comes during a look waits for that one, which is its first.
 * - The timer is set exactly while nothing is under way.
 * - Whatever ends an ask, by end_ask() or by the registry's cancel, ends what is under way for it.
 */
#include "actuators/orf-actuator.h"

#include <stdio.h>
#include <string.h>

#include "actuators/orf-actuator-http.h"
#include "core/orf-clock.h"
#include "exec/orf-errand.h"
#include "core/orf-config.h"
#include "orf-decode.h"
#include "orf-encode.h"
#include "orf-error.h"

#define SECTION "actuators"
/* A look has so long where nobody waits for it: a server that is busy answers late. */
#define LOOK_US (5 * ORF_US_PER_S)
/* How often it is asked whether it has done what it was asked: a cleanup waits for that. */
#define SETTLE_US (100 * ORF_US_PER_MS)
/* An ask has a timer of its own, which says what was done and what not; a request that takes as
 * long would say only that it had no answer, if its timer came first. */
#define REQUEST_GRACE_US ORF_US_PER_S
/* Of an answer that says why not. */
#define MAX_REASON_BYTES 200
#define MAX_PID_BYTES    32

typedef enum {
  STAGE_LOOK,   /* what is it now? */
  STAGE_ACT,    /* requests are sent, one after the other, or a command runs */
  STAGE_SETTLE, /* it said yes: has it done so? */
} Stage;

typedef struct {
  char *advice;
  char *reason;
  OrfCleanupLevel level;
  gint64 deadline_us; /* UTC */
  gint64 begun_us;    /* monotonic */
  Stage stage;
  gint64 claimed_bytes; /* as its answer said; -1: it did not */
  guint timer_id;
} Ask;

struct _OrfActuator {
  OrfActuatorParts parts;
  OrfConfigActuator *settings;
  const OrfActuatorKind *kind;
  OrfActuatorHttp *http; /* NULL: a command */
  OrfErrand *exec;       /* NULL: none runs */
  OrfWorker *worker;
  guint timer_id;

  OrfActuatorState now;   /* by the last look that went well */
  OrfActuatorState fresh; /* of the look that is under way */
  gboolean looking, reachable;
  guint look;

  Ask *ask;            /* NULL: none */
  GPtrArray *requests; /* OrfActuatorRequest, of an ask or a restore; NULL: none */
  guint request;

  /* what it gave up, and could be given back */
  gboolean gave, restoring;
  gboolean slept;          /* it said so since */
  OrfActuatorState before; /* when it was asked */
  OrfCleanupLevel gave_level;
  gint64 low_since_us; /* monotonic; 0: pressure is not low */
};

static void wait_a_while (OrfActuator *actuator, gint64 us);
static void begin_look (OrfActuator *actuator);
static void send_next (OrfActuator *actuator);
static void acted (OrfActuator *actuator);
static void failed (OrfActuator *actuator, const char *what, const char *why, gboolean refused);

/* ---- what is under way ----------------------------------------------------------------------- */

static void
stop (OrfActuator *actuator)
{
  if (actuator->http != NULL)
    orf_actuator_http_cancel (actuator->http);
  g_clear_pointer (&actuator->exec, orf_errand_cancel);
  g_clear_pointer (&actuator->requests, g_ptr_array_unref);
  orf_actuator_state_clear (&actuator->fresh);
  actuator->looking = FALSE;
  actuator->restoring = FALSE;
  g_clear_handle_id (&actuator->timer_id, g_source_remove);
}

static void
ask_free (Ask *ask)
{
  g_clear_handle_id (&ask->timer_id, g_source_remove);
  g_free (ask->advice);
  g_free (ask->reason);
  g_free (ask);
}

static void
answer (OrfActuator *actuator,
        const char *advice,
        OrfWorkerOutcome outcome,
        gint64 claimed_bytes,
        const char *text)
{
  /* nobody may wait for it any more: what it did is measured all the same */
  orf_workers_answer (actuator->parts.workers, actuator->worker->id, advice, outcome, claimed_bytes,
                      text, NULL);
}

/* A request of which something may have to be undone was on its way: of several the first is not.
 */
static void
note_given (OrfActuator *actuator)
{
  const Ask *ask = actuator->ask;
  gboolean sent = ask->stage == STAGE_ACT && (actuator->requests->len < 2 || actuator->request > 0);

  if (ask->stage != STAGE_SETTLE && !sent)
    return;
  actuator->gave = TRUE;
  actuator->slept = FALSE;
  actuator->gave_level = ask->level;
  actuator->low_since_us = 0;
}

static void
end_ask (OrfActuator *actuator, OrfWorkerOutcome outcome, gint64 claimed_bytes, const char *text)
{
  Ask *ask = actuator->ask;
  gint64 took_ms = (orf_clock_monotonic_us () - ask->begun_us) / ORF_US_PER_MS;

  if (outcome != ORF_WORKER_OUTCOME_REFUSED)
    note_given (actuator);
  actuator->ask = NULL;
  stop (actuator);
  g_message ("actuator %s: asked for memory (%s): %s after %" G_GINT64_FORMAT " ms%s%s",
             actuator->settings->name, orf_cleanup_level_to_string (ask->level),
             orf_worker_outcome_to_string (outcome), took_ms, text != NULL ? ": " : "",
             text != NULL ? text : "");
  answer (actuator, ask->advice, outcome, claimed_bytes, text);
  ask_free (ask);
  wait_a_while (actuator, SETTLE_US); /* what it did shows in its state */
}

static void
end_ask_by (OrfActuator *actuator, OrfWorkerOutcome outcome, char *text)
{
  g_autofree char *owned = text;

  end_ask (actuator, outcome, actuator->ask->claimed_bytes, owned);
}

static gboolean
ask_timeout_cb (gpointer user_data)
{
  OrfActuator *actuator = user_data;
  gboolean acted_on = actuator->ask->stage != STAGE_LOOK;

  actuator->ask->timer_id = 0;
  end_ask_by (actuator, acted_on ? ORF_WORKER_OUTCOME_PARTIAL : ORF_WORKER_OUTCOME_REFUSED,
              g_strdup (acted_on ? "it was asked, and is not done in time"
                                 : "it did not tell its state in time"));
  return G_SOURCE_REMOVE;
}

/* ---- looks ----------------------------------------------------------------------------------- */

static gint64
read_pid (const OrfActuator *actuator)
{
  char line[MAX_PID_BYTES] = "";
  FILE *file = actuator->settings->pid_file[0] != '\0' ? fopen (actuator->settings->pid_file, "re")
                                                       : NULL;
  gint64 pid;

  if (file == NULL)
    return -1;
  if (fgets (line, sizeof line, file) == NULL)
    line[0] = '\0';
  fclose (file);
  pid = g_ascii_strtoll (line, NULL, 10);
  return pid > 0 && pid <= G_MAXINT32 ? pid : -1;
}

static void
tell_registry (OrfActuator *actuator)
{
  OrfAllocator allocator = ORF_ALLOCATOR_UNKNOWN;
  gboolean known = actuator->now.reserved_bytes >= 0;

  allocator.reserved_bytes = actuator->now.reserved_bytes;
  allocator.allocated_bytes = actuator->now.allocated_bytes;
  orf_workers_update (actuator->parts.workers, actuator->worker, read_pid (actuator),
                      actuator->reachable ? ORF_WORKER_STATE_CONNECTED : ORF_WORKER_STATE_SILENT,
                      actuator->reachable && known ? &allocator : NULL);
}

static void
decide (OrfActuator *actuator)
{
  Ask *ask = actuator->ask;
  const OrfConfigActuator *settings = actuator->settings;
  char *refusal = orf_actuator_kind_dup_refusal (actuator->kind, settings, ask->level,
                                                 &actuator->now);

  if (refusal != NULL) {
    end_ask_by (actuator, ORF_WORKER_OUTCOME_REFUSED, refusal);
    return;
  }
  if (orf_actuator_kind_is_empty (actuator->kind, &actuator->now)) {
    end_ask (actuator, ORF_WORKER_OUTCOME_DONE, 0, "it holds nothing to give");
    return;
  }
  if (settings->dry_run) {
    end_ask_by (actuator, ORF_WORKER_OUTCOME_REFUSED,
                g_strdup_printf ("dry_run: %s would be asked",
                                 actuator->http != NULL
                                   ? orf_actuator_http_get_shown (actuator->http)
                                   : settings->command[0]));
    return;
  }
  orf_actuator_state_clear (&actuator->before);
  actuator->before = actuator->now;
  actuator->before.models = actuator->now.models != NULL ? g_ptr_array_ref (actuator->now.models)
                                                         : NULL;
  ask->stage = STAGE_ACT;
  actuator->requests = orf_actuator_kind_make_cleanup (actuator->kind, settings, ask->level,
                                                       &actuator->now);
  actuator->request = 0;
  send_next (actuator);
}

static void
settle (OrfActuator *actuator)
{
  if (!orf_actuator_kind_is_done (actuator->kind, &actuator->now)) {
    wait_a_while (actuator, SETTLE_US);
    return;
  }
  if (actuator->ask->claimed_bytes < 0)
    actuator->ask->claimed_bytes = orf_actuator_kind_get_claim (&actuator->before, &actuator->now);
  end_ask (actuator, ORF_WORKER_OUTCOME_DONE, actuator->ask->claimed_bytes, NULL);
}

/* It was woken by others: there is nothing to give back. */
static void
look_whether_it_woke (OrfActuator *actuator)
{
  if (actuator->now.sleeping == 1)
    actuator->slept = TRUE;
  else if (actuator->now.sleeping == 0 && actuator->slept)
    actuator->gave = FALSE;
}

/* problem NULL: all of it went well. */
static void
looked (OrfActuator *actuator, const char *problem)
{
  Ask *ask = actuator->ask;

  actuator->looking = FALSE;
  if (problem == NULL) {
    orf_actuator_state_clear (&actuator->now);
    actuator->now = actuator->fresh;
    orf_actuator_state_init (&actuator->fresh);
  } else {
    orf_actuator_state_clear (&actuator->fresh);
    if (actuator->reachable)
      g_warning ("actuator %s: %s", actuator->settings->name, problem);
  }
  actuator->reachable = problem == NULL;
  tell_registry (actuator);
  look_whether_it_woke (actuator);
  if (ask == NULL)
    wait_a_while (actuator, actuator->settings->poll_us);
  else if (ask->stage == STAGE_LOOK && problem != NULL)
    end_ask_by (actuator, ORF_WORKER_OUTCOME_REFUSED,
                g_strdup_printf ("it cannot be reached: %s", problem));
  else if (ask->stage == STAGE_LOOK)
    decide (actuator);
  else if (problem != NULL)
    wait_a_while (actuator, SETTLE_US);
  else
    settle (actuator);
}

/* What a request may take while an ask is open: until that one's timer ends it. */
static gint64
get_left_us (OrfActuator *actuator)
{
  return MAX (actuator->ask->deadline_us - orf_clock_now_us (), 0) + REQUEST_GRACE_US;
}

static void look_next (OrfActuator *actuator);

static void
look_answered_cb (gpointer user_data, guint status, const GString *body, const char *problem)
{
  OrfActuator *actuator = user_data;
  g_autoptr (GError) error = NULL;
  g_autofree char *text = NULL;
  gboolean good = problem == NULL && status >= 200 && status <= 299;

  if (problem == NULL && !good)
    text = g_strdup_printf ("it answers %u", status);
  else if (good && !orf_actuator_kind_read_look (actuator->kind, actuator->settings, actuator->look,
                                                 body, &actuator->fresh, &error))
    text = g_strdup_printf ("what it answers is none of %s: %s",
                            orf_actuator_kind_get_name (actuator->kind), error->message);
  if ((problem != NULL || text != NULL) &&
      !orf_actuator_kind_is_optional (actuator->kind, actuator->look)) {
    looked (actuator, problem != NULL ? problem : text);
    return;
  }
  actuator->look++;
  look_next (actuator);
}

static void
look_next (OrfActuator *actuator)
{
  g_autoptr (OrfActuatorRequest) request = NULL;

  if (actuator->look == orf_actuator_kind_get_n_looks (actuator->kind)) {
    looked (actuator, NULL);
    return;
  }
  request = orf_actuator_kind_make_look (actuator->kind, actuator->look);
  orf_actuator_http_send (actuator->http, request,
                          actuator->ask != NULL ? MIN (get_left_us (actuator), LOOK_US) : LOOK_US,
                          look_answered_cb, actuator);
}

static void
begin_look (OrfActuator *actuator)
{
  g_clear_handle_id (&actuator->timer_id, g_source_remove);
  actuator->looking = TRUE;
  actuator->look = 0;
  orf_actuator_state_clear (&actuator->fresh);
  look_next (actuator);
}

/* ---- requests, and commands ------------------------------------------------------------------ */

static char *
dup_why (guint status, const GString *body)
{
  g_autofree char *line = g_utf8_make_valid (body->str, (gssize) MIN (body->len, MAX_REASON_BYTES));

  for (char *at = line; *at != '\0'; at++)
    if (g_ascii_iscntrl (*at))
      *at = ' ';
  g_strstrip (line);
  return g_strdup_printf ("%u%s%s", status, line[0] != '\0' ? " " : "", line);
}

/* What a generic server or a command may say of itself.  Most say nothing of the kind. */
static OrfWorkerOutcome
read_answer (OrfActuator *actuator, const GString *text)
{
  g_autoptr (OrfActuatorAnswer) said = NULL;

  if (actuator->ask == NULL || orf_actuator_kind_get_n_looks (actuator->kind) > 0)
    return ORF_WORKER_OUTCOME_DONE;
  said = orf_decode_text (&orf_actuator_answer_desc, text->str, text->len, ORF_DECODE_LENIENT,
                          NULL);
  if (said == NULL)
    return ORF_WORKER_OUTCOME_DONE;
  if (said->has_freed_bytes)
    actuator->ask->claimed_bytes = said->freed_bytes;
  return said->outcome != ORF_WORKER_OUTCOME_UNSET ? said->outcome : ORF_WORKER_OUTCOME_DONE;
}

static void
take_answer (OrfActuator *actuator, const GString *text)
{
  OrfWorkerOutcome outcome = read_answer (actuator, text);

  actuator->reachable = TRUE;
  if (outcome != ORF_WORKER_OUTCOME_DONE) {
    end_ask (actuator, outcome, actuator->ask->claimed_bytes, NULL);
    return;
  }
  actuator->request++;
  send_next (actuator);
}

static void
request_answered_cb (gpointer user_data, guint status, const GString *body, const char *problem)
{
  OrfActuator *actuator = user_data;
  const OrfActuatorRequest *request = actuator->requests->pdata[actuator->request];
  const char *what = request->path != NULL ? request->path : "/";

  if (problem != NULL) {
    failed (actuator, what, problem, FALSE);
  } else if (status < 200 || status > 299) {
    g_autofree char *why = dup_why (status, body);

    failed (actuator, what, why, TRUE);
  } else {
    take_answer (actuator, body);
  }
}

static void
exec_ended_cb (gpointer user_data, int status, const GString *output, const char *problem)
{
  OrfActuator *actuator = user_data;

  actuator->exec = NULL; /* it frees itself */
  if (problem != NULL)
    failed (actuator, actuator->settings->command[0], problem, TRUE);
  else
    take_answer (actuator, output);
}

/* The line that it reads. */
static char *
make_exec_ask (OrfActuator *actuator)
{
  const Ask *ask = actuator->ask;
  const OrfConfigActuator *settings = actuator->settings;
  g_autoptr (GString) line = g_string_new (NULL);
  const OrfActuatorAsk values = {
    .action = ask != NULL ? ORF_ACTUATOR_ACTION_CLEANUP : ORF_ACTUATOR_ACTION_RESTORE,
    .name = settings->name,
    .level = ask != NULL ? ask->level : actuator->gave_level,
    .device = settings->device[0] != '\0' ? settings->device : NULL,
    .has_deadline_us = ask != NULL,
    .deadline_us = ask != NULL ? ask->deadline_us : 0,
    .reason = ask != NULL ? ask->reason : NULL,
  };

  orf_encode (&orf_actuator_ask_desc, &values, line, NULL); /* it is of its own schema */
  g_string_append_c (line, '\n');
  return g_string_free (g_steal_pointer (&line), FALSE);
}

static void
run (OrfActuator *actuator)
{
  g_autofree char *input = NULL;
  g_autoptr (GError) error = NULL;

  if (actuator->request > 0) {
    acted (actuator);
    return;
  }
  input = make_exec_ask (actuator);
  actuator->exec = orf_errand_start (actuator->parts.config->exec.socket,
                                     ORF_EXEC_SECTION_ACTUATORS, actuator->settings->name, NULL,
                                     input, exec_ended_cb, actuator, &error);
  if (actuator->exec == NULL)
    failed (actuator, actuator->settings->command[0], error->message, TRUE);
}

static void
send_next (OrfActuator *actuator)
{
  gint64 left_us = actuator->ask != NULL ? get_left_us (actuator) : ORF_ACTUATOR_RESTORE_US;

  if (actuator->http == NULL)
    run (actuator);
  else if (actuator->request == actuator->requests->len)
    acted (actuator);
  else
    orf_actuator_http_send (actuator->http, actuator->requests->pdata[actuator->request], left_us,
                            request_answered_cb, actuator);
}

/* All was sent, and taken well. */
static void
acted (OrfActuator *actuator)
{
  g_clear_pointer (&actuator->requests, g_ptr_array_unref);
  if (actuator->ask == NULL) {
    actuator->restoring = FALSE;
    actuator->gave = FALSE;
    g_message ("actuator %s: restored", actuator->settings->name);
    wait_a_while (actuator, SETTLE_US);
    return;
  }
  actuator->ask->stage = STAGE_SETTLE;
  if (orf_actuator_kind_get_n_looks (actuator->kind) > 0)
    begin_look (actuator);
  else
    settle (actuator);
}

/* refused: it said no; else nobody knows what it did. */
static void
failed (OrfActuator *actuator, const char *what, const char *why, gboolean refused)
{
  if (actuator->ask != NULL) {
    end_ask_by (actuator, refused ? ORF_WORKER_OUTCOME_REFUSED : ORF_WORKER_OUTCOME_PARTIAL,
                g_strdup_printf ("%s: %s", what, why));
    return;
  }
  g_warning ("actuator %s: not restored: %s: %s", actuator->settings->name, what, why);
  g_clear_pointer (&actuator->requests, g_ptr_array_unref);
  actuator->restoring = FALSE;
  actuator->low_since_us = 0; /* once more when it was low for as long again */
  wait_a_while (actuator, actuator->settings->poll_us);
}

/* ---- the way back ---------------------------------------------------------------------------- */

static gboolean
shall_restore (OrfActuator *actuator)
{
  const OrfConfigActuator *settings = actuator->settings;
  const char *device = settings->device[0] != '\0' ? settings->device : NULL;
  gint64 now_us = orf_clock_monotonic_us ();

  if (!actuator->gave || settings->restore == ORF_CONFIG_ACTUATOR_RESTORE_NEVER)
    return FALSE;
  if (!actuator->parts.is_low (actuator->parts.user_data, device)) {
    actuator->low_since_us = 0;
    return FALSE;
  }
  if (actuator->low_since_us == 0)
    actuator->low_since_us = now_us;
  return now_us - actuator->low_since_us >= settings->restore_us;
}

static void
begin_restore (OrfActuator *actuator)
{
  actuator->restoring = TRUE;
  actuator->requests = orf_actuator_kind_make_restore (actuator->kind, actuator->settings,
                                                       actuator->gave_level, &actuator->before);
  actuator->request = 0;
  send_next (actuator);
}

/* ---- the timer ------------------------------------------------------------------------------- */

static gboolean
timer_cb (gpointer user_data)
{
  OrfActuator *actuator = user_data;

  actuator->timer_id = 0;
  if (actuator->ask == NULL && shall_restore (actuator)) {
    begin_restore (actuator);
  } else if (orf_actuator_kind_get_n_looks (actuator->kind) > 0) {
    begin_look (actuator);
  } else {
    tell_registry (actuator);
    wait_a_while (actuator, actuator->settings->poll_us);
  }
  return G_SOURCE_REMOVE;
}

static void
wait_a_while (OrfActuator *actuator, gint64 us)
{
  g_clear_handle_id (&actuator->timer_id, g_source_remove);
  actuator->timer_id = g_timeout_add ((guint) (us / ORF_US_PER_MS), timer_cb, actuator);
}

/* ---- the registry's -------------------------------------------------------------------------- */

static void
begin_ask (OrfActuator *actuator, const OrfWorkerAsk *asked)
{
  gint64 now_us = orf_clock_now_us ();
  gint64 left_us = MIN (asked->deadline_us - now_us, actuator->settings->timeout_us);
  Ask *ask = g_new0 (Ask, 1);

  left_us = MAX (left_us, ORF_US_PER_MS);
  ask->advice = g_strdup (asked->advice);
  ask->reason = g_strdup (asked->reason);
  ask->level = asked->level != ORF_CLEANUP_LEVEL_UNSET ? asked->level : ORF_CLEANUP_LEVEL_NORMAL;
  ask->deadline_us = now_us + left_us;
  ask->begun_us = orf_clock_monotonic_us ();
  ask->claimed_bytes = -1;
  ask->timer_id = g_timeout_add ((guint) (left_us / ORF_US_PER_MS), ask_timeout_cb, actuator);
  actuator->ask = ask;
  if (actuator->looking)
    return;
  g_clear_handle_id (&actuator->timer_id, g_source_remove);
  if (orf_actuator_kind_get_n_looks (actuator->kind) > 0)
    begin_look (actuator);
  else
    decide (actuator);
}

static void
ask_cb (gpointer self, const OrfWorkerAsk *asked)
{
  OrfActuator *actuator = self;

  if (asked->kind != ORF_WORKER_ADVICE_KIND_CLEANUP)
    answer (actuator, asked->advice, ORF_WORKER_OUTCOME_REFUSED, -1,
            "it cannot be told a batch size");
  else if (actuator->ask != NULL || actuator->restoring)
    answer (actuator, asked->advice, ORF_WORKER_OUTCOME_REFUSED, -1,
            actuator->restoring ? "it is being restored" : "it is being asked already");
  else
    begin_ask (actuator, asked);
}

static void
cancel_cb (gpointer self, const char *advice)
{
  OrfActuator *actuator = self;

  if (actuator->ask == NULL || !g_str_equal (actuator->ask->advice, advice))
    return;
  note_given (actuator);
  g_clear_pointer (&actuator->ask, ask_free);
  stop (actuator);
  wait_a_while (actuator, SETTLE_US);
}

static const OrfWorkerReach reach = { ask_cb, cancel_cb };

/* ---- life ------------------------------------------------------------------------------------ */

static void
register_worker (OrfActuator *actuator)
{
  const OrfConfigActuator *settings = actuator->settings;

  actuator->worker = orf_workers_add_reached (
    actuator->parts.workers,
    &(OrfWorkerFacts){
      .name = settings->name,
      .device = settings->device[0] != '\0' ? settings->device : NULL,
      .pid = read_pid (actuator),
      .capabilities = orf_actuator_kind_get_capabilities (actuator->kind, settings),
      .source = orf_actuator_kind_get_name (actuator->kind),
    },
    &reach, actuator);
  /* of one whose state cannot be asked nothing speaks against it */
  actuator->reachable = orf_actuator_kind_get_n_looks (actuator->kind) == 0;
  if (actuator->reachable)
    tell_registry (actuator);
}

OrfActuator *
orf_actuator_new (const OrfActuatorParts *parts, const OrfConfigActuator *settings, GError **error)
{
  g_autoptr (OrfActuator) actuator = NULL;

  if (!orf_actuator_kind_check (settings, error))
    return NULL;
  actuator = g_new0 (OrfActuator, 1);
  actuator->parts = *parts;
  actuator->settings = orf_config_entry_copy (SECTION, settings);
  actuator->kind = orf_actuator_kind_get (settings);
  orf_actuator_state_init (&actuator->now);
  orf_actuator_state_init (&actuator->fresh);
  orf_actuator_state_init (&actuator->before);
  if (settings->kind != ORF_CONFIG_ACTUATOR_KIND_EXEC) {
    actuator->http = orf_actuator_http_new (actuator->settings, error);
    if (actuator->http == NULL)
      return NULL;
  }
  register_worker (actuator);
  wait_a_while (actuator, 0);
  return g_steal_pointer (&actuator);
}

void
orf_actuator_free (OrfActuator *actuator)
{
  stop (actuator);
  g_clear_pointer (&actuator->ask, ask_free); /* the registry ends it */
  if (actuator->worker != NULL)
    orf_workers_remove_reached (actuator->parts.workers, actuator->worker);
  orf_actuator_state_clear (&actuator->now);
  orf_actuator_state_clear (&actuator->before);
  g_clear_pointer (&actuator->http, orf_actuator_http_free);
  orf_config_entry_free (SECTION, actuator->settings);
  g_free (actuator);
}

gboolean
orf_actuator_has_settings (OrfActuator *actuator, const OrfConfigActuator *settings)
{
  return orf_config_entry_equal (SECTION, actuator->settings, settings);
}
