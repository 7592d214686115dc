/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef ORFEAS_TRACER_H
#define ORFEAS_TRACER_H

#include <orfeas/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * OrfTracer: spans of a program, sent to the daemon (or any receiver of OTLP over HTTP) in the
 * background.
 *
 *   OrfSpan *span = orf_span_begin (tracer, "embed", NULL);
 *   orf_span_set_int (span, "batch.size", 32);
 *   orf_span_end (span);
 *
 * A span that is begun is its thread's current one until it is ended, and the parent of those that
 * the thread begins meanwhile: spans of a thread end inside out.  One that is to end on another
 * thread, or that is not to be anybody's parent unless named, is detached.
 *
 * What a span costs its caller is a fraction of a microsecond: ids, two looks at the clock, and a
 * copy under a mutex when it ends.  A thread of the tracer's sends what has ended; nothing else
 * waits for the receiver, save orf_tracer_flush() and orf_tracer_free().  What waits is bounded:
 * when the receiver is slower, or away, further spans are dropped and counted.
 *
 * Threads: every function may be called from any thread, save orf_tracer_free(), beside which no
 * other may run; of one span, by one thread at a time.  Each takes NULL for a span or tracer, and
 * then does nothing: a program need not know whether it is traced.  In the child of a fork() spans
 * are NULL, and those that were open are sent by the parent alone.
 */
typedef struct OrfTracer OrfTracer;
typedef struct OrfSpan OrfSpan;

/* ---- attributes ------------------------------------------------------------------------------ */

typedef enum {
  ORF_ATTRIBUTE_TEXT = 1,
  ORF_ATTRIBUTE_INT = 2,
  ORF_ATTRIBUTE_DOUBLE = 3,
  ORF_ATTRIBUTE_BOOL = 4,
} OrfAttributeType;

typedef struct {
  const char *key; /* at most 255 bytes; what is longer is cut */
  OrfAttributeType type;
  union {
    const char *text; /* UTF-8, at most 16 KiB; what is longer is cut, what is none becomes '?' */
    int64_t integer;
    double real;
    bool truth;
  } value;
} OrfAttribute;

/* Initializers: OrfAttribute all[] = { ORF_TEXT ("a", "b"), ORF_INT ("n", 1) }; */
#define ORF_TEXT(key_, text_)                                                                      \
  {                                                                                                \
    (key_), ORF_ATTRIBUTE_TEXT,                                                                    \
    {                                                                                              \
      .text = (text_)                                                                              \
    }                                                                                              \
  }
#define ORF_INT(key_, integer_)                                                                    \
  {                                                                                                \
    (key_), ORF_ATTRIBUTE_INT,                                                                     \
    {                                                                                              \
      .integer = (integer_)                                                                        \
    }                                                                                              \
  }
#define ORF_DOUBLE(key_, real_)                                                                    \
  {                                                                                                \
    (key_), ORF_ATTRIBUTE_DOUBLE,                                                                  \
    {                                                                                              \
      .real = (real_)                                                                              \
    }                                                                                              \
  }
#define ORF_BOOL(key_, truth_)                                                                     \
  {                                                                                                \
    (key_), ORF_ATTRIBUTE_BOOL,                                                                    \
    {                                                                                              \
      .truth = (truth_)                                                                            \
    }                                                                                              \
  }

/* ---- tracers --------------------------------------------------------------------------------- */

/* Zeroed, then what is known; all is copied. */
typedef struct {
  const char *service; /* who the spans are of: service.name */
  /* Where OTLP is taken, with no path: "http://127.0.0.1:5000"; spans go to its /v1/traces.  NULL:
   * OTEL_EXPORTER_OTLP_ENDPOINT, else "http://127.0.0.1:5000".  http only. */
  const char *endpoint;
  const char *token;            /* sent as Bearer; NULL: none */
  const OrfAttribute *resource; /* of the process, beside service.name and process.pid */
  size_t n_resource;
  /* Of the traces that begin here, how many are recorded; 0: all, below 0: none.  The others are
   * passed on as such, and cost less. */
  double sample_percent;
  int64_t period_us;  /* how long a span waits for others to be sent with it; 0: a second */
  size_t queue_bytes; /* what may wait, encoded: some 200 a span; 0: 1 MiB.  As much may be under
                         way */
  uint64_t reserved[8];
} OrfTracerOptions;

/* INVALID: no service, an endpoint that is none, a text that is too long; FAILED: no thread or
 * descriptor to be had.  That no receiver is there is no error. */
OrfStatus orf_tracer_new (const OrfTracerOptions *options, OrfTracer **tracer);
/* Sends what is left, for two seconds at most, and ends.  Spans that are open are ended before, or
 * never. */
void orf_tracer_free (OrfTracer *tracer);
/* Waits until the receiver has what has ended before, or said that it never wants it.  TIMEOUT. */
OrfStatus orf_tracer_flush (OrfTracer *tracer, int64_t timeout_us);

typedef struct {
  uint64_t n_ended; /* spans that are recorded */
  uint64_t n_sent;
  uint64_t n_dropped; /* there was no room, or the receiver did not want them */
  char reason[200];   /* why something did not work last; "": all did */
  uint64_t reserved[5];
} OrfTracerState;

void orf_tracer_get_state (OrfTracer *tracer, OrfTracerState *state);

/* ---- spans ----------------------------------------------------------------------------------- */

/* OTLP's numbers. */
typedef enum {
  ORF_SPAN_KIND_UNSET = 0, /* means internal */
  ORF_SPAN_KIND_INTERNAL = 1,
  ORF_SPAN_KIND_SERVER = 2,
  ORF_SPAN_KIND_CLIENT = 3,
  ORF_SPAN_KIND_PRODUCER = 4,
  ORF_SPAN_KIND_CONSUMER = 5,
} OrfSpanKind;

typedef enum {
  ORF_SPAN_STATUS_OK = 1,
  ORF_SPAN_STATUS_ERROR = 2,
} OrfSpanStatus;

/* Zeroed, then what is known.  The parent is what is named here, else the thread's current span. */
typedef struct {
  OrfSpanKind kind;
  const OrfSpan *parent;
  /* Of a caller in another process, as it came; what is malformed is as none. */
  const char *traceparent;
  const char *tracestate;
  bool is_root;     /* begins a trace, whatever is current */
  bool is_detached; /* is not made the thread's current one, and may be ended by any thread */
  int64_t start_us; /* Unix time; 0: now */
  uint64_t reserved[4];
} OrfSpanOptions;

/* name: the operation, at most 1 KiB; options: NULL is as all 0.  NULL: no tracer, or no memory. */
OrfSpan *orf_span_begin (OrfTracer *tracer, const char *name, const OrfSpanOptions *options);
/* The span is gone. */
void orf_span_end (OrfSpan *span);

/* What does not fit into 64 KiB a span is left out, and told as dropped.  A key that is set twice
 * is sent twice. */
void orf_span_set_text (OrfSpan *span, const char *key, const char *text);
void orf_span_set_int (OrfSpan *span, const char *key, int64_t integer);
void orf_span_set_double (OrfSpan *span, const char *key, double real);
void orf_span_set_bool (OrfSpan *span, const char *key, bool truth);
/* Something that happened now. */
void orf_span_add_event (OrfSpan *span,
                         const char *name,
                         const OrfAttribute *attributes,
                         size_t n_attributes);
/* Another span that led to this one, such as each request of a batch. */
void orf_span_add_link (OrfSpan *span, const char *traceparent);
/* message: why, or NULL. */
void orf_span_set_status (OrfSpan *span, OrfSpanStatus status, const char *message);

/* ---- context --------------------------------------------------------------------------------- */

/* The thread's current span; NULL: none. */
OrfSpan *orf_span_get_current (void);

#define ORF_TRACEPARENT_SIZE 56
/* W3C's text for who is called from within the span: a header of that name, or `meta`.traceparent
 * of a call of the daemon's.  false: there is no span, and text is "". */
bool orf_span_get_traceparent (const OrfSpan *span, char text[ORF_TRACEPARENT_SIZE]);
/* Beside it, borrowed; NULL: none. */
const char *orf_span_get_tracestate (const OrfSpan *span);

#ifdef __cplusplus
}
#endif

#endif
