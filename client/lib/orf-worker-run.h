/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "orf-link.h"
#include "orf-worker-parts.h"

/* The worker's thread, in three files: what it says (orf-worker-say.c), what it is told
 * (orf-worker-hear.c), and the loop around both (orf-worker-run.c).  All of it is that thread's
 * alone. */

#define ORF_WORKER_FIRST_PAUSE_US 100000

typedef enum {
  ORF_CALL_REGISTER,
  ORF_CALL_REPORT,
  ORF_CALL_ADVICE,
  ORF_CALL_DONE,
  ORF_CALL_LEAVE,
  ORF_N_CALLS,
} OrfCallKind;

typedef struct {
  int64_t id; /* 0: none in flight */
  int64_t sent_us;
} OrfCall;

typedef struct {
  OrfWorker *worker;
  OrfLink link;
  OrfCall calls[ORF_N_CALLS];
  int64_t last_id;
  int64_t pause_us;
  int64_t next_try_us;
  int64_t next_report_us;
  int64_t next_stream_us;
  int64_t period_us;
  int64_t closing_us; /* when we give up; 0: not closing */
  bool is_known;
  bool said_last; /* the report after closing is sent */
  bool has_left;
  char id[sizeof ((OrfWorkerState *) NULL)->id];
  char stream[64];         /* of advice; "": none */
  OrfStoredBatch *sending; /* sent, and not answered yet */
  char key[33];            /* of those */
  unsigned seed;
} OrfWorkerRun;

/* Why something did not work, for orf_worker_get_state(). */
void orf_worker_run_note (OrfWorkerRun *run, const char *what, const char *detail);
void orf_worker_run_set_known (OrfWorkerRun *run, bool is_known);
/* The connection is no good: a new one later. */
void orf_worker_run_lose (OrfWorkerRun *run);

void orf_worker_run_register (OrfWorkerRun *run);
/* The daemon does not know us any more: on the same connection, from the start. */
void orf_worker_run_register_again (OrfWorkerRun *run);
void orf_worker_run_leave (OrfWorkerRun *run);
bool orf_worker_run_wants_stream (const OrfWorkerRun *run);
/* Of a known worker, what is due now. */
void orf_worker_run_say_what_is_due (OrfWorkerRun *run);

void orf_worker_run_on_line (OrfWorkerRun *run, const char *line);
