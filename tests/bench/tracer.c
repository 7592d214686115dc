/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a span costs the program that makes it, sent to the endpoint given; one line of JSON.
 * Nanoseconds of CPU a span: of the calling thread, and of the process with the thread that sends,
 * the best of some rounds, so that a busy machine is not what is measured. */
#include <glib.h>
#include <orfeas/tracer.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define ROUNDS    7
#define SPANS     3000
#define N_THREADS 4

typedef void (*Spans) (OrfTracer *tracer, int n);

static void
run_bare (OrfTracer *tracer, int n)
{
  for (int i = 0; i < n; i++)
    orf_span_end (orf_span_begin (tracer, "work", NULL));
}

/* What OpenTelemetry's conventions of HTTP would have on one. */
static void
run_attributes (OrfTracer *tracer, int n)
{
  for (int i = 0; i < n; i++) {
    OrfSpan *span = orf_span_begin (tracer, "GET /v1/completions",
                                    &(OrfSpanOptions){ .kind = ORF_SPAN_KIND_SERVER });

    orf_span_set_text (span, "http.request.method", "GET");
    orf_span_set_text (span, "url.path", "/v1/completions");
    orf_span_set_int (span, "http.response.status_code", 200);
    orf_span_set_double (span, "queue_ms", 1.25);
    orf_span_end (span);
  }
}

static void
run_nested (OrfTracer *tracer, int n)
{
  for (int i = 0; i < n; i += 3) {
    OrfSpan *outer = orf_span_begin (tracer, "outer", NULL);
    OrfSpan *middle = orf_span_begin (tracer, "middle", NULL);

    orf_span_end (orf_span_begin (tracer, "inner", NULL));
    orf_span_end (middle);
    orf_span_end (outer);
  }
}

static double
get_ns (clockid_t clock)
{
  struct timespec now;

  clock_gettime (clock, &now);
  return (double) now.tv_sec * 1e9 + (double) now.tv_nsec;
}

static void
print_cost (OrfTracer *tracer, const char *name, Spans run)
{
  double best_ns = G_MAXDOUBLE, whole_ns = G_MAXDOUBLE;

  for (int i = 0; i < ROUNDS; i++) {
    double process_ns = get_ns (CLOCK_PROCESS_CPUTIME_ID),
           own_ns = get_ns (CLOCK_THREAD_CPUTIME_ID);

    run (tracer, SPANS);
    own_ns = get_ns (CLOCK_THREAD_CPUTIME_ID) - own_ns;
    if (orf_tracer_flush (tracer, 10000000) != ORF_STATUS_OK)
      abort ();
    process_ns = get_ns (CLOCK_PROCESS_CPUTIME_ID) - process_ns;
    best_ns = MIN (best_ns, own_ns / SPANS);
    whole_ns = MIN (whole_ns, process_ns / SPANS);
  }
  printf ("\"%s\": {\"caller_ns\": %.1f, \"process_ns\": %.1f}, ", name, best_ns, whole_ns);
}

typedef struct {
  OrfTracer *tracer;
  double ns;
} Thread;

static void *
trace_thread_cb (void *data)
{
  Thread *thread = data;
  double began_ns = get_ns (CLOCK_THREAD_CPUTIME_ID);

  run_attributes (thread->tracer, SPANS);
  thread->ns = get_ns (CLOCK_THREAD_CPUTIME_ID) - began_ns;
  return NULL;
}

static double
measure_threads (OrfTracer *tracer)
{
  double best_ns = G_MAXDOUBLE;

  for (int i = 0; i < ROUNDS; i++) {
    Thread threads[N_THREADS];
    pthread_t ids[N_THREADS];
    double ns = 0;

    for (int j = 0; j < N_THREADS; j++) {
      threads[j] = (Thread){ tracer, 0 };
      pthread_create (&ids[j], NULL, trace_thread_cb, &threads[j]);
    }
    for (int j = 0; j < N_THREADS; j++) {
      pthread_join (ids[j], NULL);
      ns += threads[j].ns;
    }
    orf_tracer_flush (tracer, 10000000);
    best_ns = MIN (best_ns, ns / SPANS / N_THREADS);
  }
  return best_ns;
}

static OrfTracer *
start (const char *endpoint, double sample_percent)
{
  const OrfTracerOptions options = { .service = "bench",
                                     .endpoint = endpoint,
                                     .sample_percent = sample_percent,
                                     .queue_bytes = 16 << 20 };
  OrfTracer *tracer;

  if (orf_tracer_new (&options, &tracer) != ORF_STATUS_OK)
    abort ();
  return tracer;
}

int
main (int argc, char **argv)
{
  OrfTracer *tracer = start (argc > 1 ? argv[1] : NULL, 0);
  OrfTracer *quiet = start (argc > 1 ? argv[1] : NULL, -1);
  OrfTracerState state;

  printf ("{");
  print_cost (tracer, "bare", run_bare);
  print_cost (tracer, "attributes", run_attributes);
  print_cost (tracer, "nested", run_nested);
  print_cost (quiet, "unsampled", run_attributes);
  printf ("\"threads_ns\": %.1f, ", measure_threads (tracer));
  orf_tracer_get_state (tracer, &state);
  printf ("\"sent\": %" G_GUINT64_FORMAT ", \"dropped\": %" G_GUINT64_FORMAT "}\n", state.n_sent,
          state.n_dropped);
  orf_tracer_free (quiet);
  orf_tracer_free (tracer);
  return 0;
}
