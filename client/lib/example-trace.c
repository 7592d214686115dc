/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A request as spans: of whoever called (its traceparent), or of a trace of its own.
 *
 *   cc -o example-trace example-trace.c $(pkg-config --cflags --libs orfeas)
 *   ./example-trace http://127.0.0.1:5000 [TRACEPARENT]
 *
 * Prints the context in which it would call others.
 */
#include <orfeas/tracer.h>
#include <stdio.h>

/* The thread's current span is the parent: nothing has to be passed. */
static void
tokenize (OrfTracer *tracer, const char *text)
{
  OrfSpan *span = orf_span_begin (tracer, "tokenize", NULL);
  int64_t n = 0;

  while (text[n] != '\0')
    n++;
  orf_span_set_int (span, "tokens", n);
  orf_span_end (span);
}

static void
generate (OrfTracer *tracer)
{
  const OrfAttribute first[] = { ORF_INT ("index", 0), ORF_DOUBLE ("probability", 0.75) };
  OrfSpan *span = orf_span_begin (tracer, "generate", NULL);

  orf_span_set_text (span, "model", "small");
  orf_span_set_bool (span, "cached", false);
  orf_span_add_event (span, "first token", first, sizeof first / sizeof first[0]);
  orf_span_set_status (span, ORF_SPAN_STATUS_ERROR, "no such model");
  orf_span_end (span);
}

int
main (int argc, char **argv)
{
  const OrfAttribute resource[] = { ORF_TEXT ("deployment.environment.name", "example") };
  const OrfTracerOptions options = { .service = "example",
                                     .endpoint = argc > 1 ? argv[1] : NULL,
                                     .resource = resource,
                                     .n_resource = 1 };
  const OrfSpanOptions request = { .kind = ORF_SPAN_KIND_SERVER,
                                   .traceparent = argc > 2 ? argv[2] : NULL };
  char context[ORF_TRACEPARENT_SIZE];
  OrfTracerState state;
  OrfTracer *tracer;
  OrfSpan *span;

  if (orf_tracer_new (&options, &tracer) != ORF_STATUS_OK)
    return 1;
  span = orf_span_begin (tracer, "request", &request);
  orf_span_get_traceparent (span, context);
  tokenize (tracer, "some words");
  generate (tracer);
  orf_span_end (span);
  printf ("%s\n", context);

  if (orf_tracer_flush (tracer, 5000000) != ORF_STATUS_OK) {
    orf_tracer_get_state (tracer, &state);
    fprintf (stderr, "not sent: %s\n", state.reason);
  }
  orf_tracer_free (tracer);
  return 0;
}
