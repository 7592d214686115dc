/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <jansson.h>
#include <orfeas/tracer.h>
#include <orfeas/worker.h>

/* The methods worker.* as JSON-RPC lines, and back; schema/services/worker.json has what they mean.
 * Nothing here knows a socket. */

/* A batch that waits to be reported: a list, owned by whoever has its head. */
typedef struct OrfStoredBatch OrfStoredBatch;
struct OrfStoredBatch {
  OrfStoredBatch *next;
  uint64_t size;
  int64_t peak_bytes;
  int64_t duration_us;
  char traceparent[ORF_TRACEPARENT_SIZE]; /* of the span that it was run in; "": none */
  char operation[];                       /* "": none */
};

typedef enum {
  ORF_MESSAGE_OTHER = 0, /* nothing that a worker knows */
  ORF_MESSAGE_RESULT,
  ORF_MESSAGE_ERROR,
  ORF_MESSAGE_NEXT, /* a value of a stream */
  ORF_MESSAGE_END,  /* of a stream */
} OrfMessageKind;

/* What a line said.  Strings are borrowed from root, "" or 0 where it did not say. */
typedef struct {
  OrfMessageKind kind;
  json_t *root;
  int64_t id;
  const char *worker, *stream;
  int64_t lease_us;
  const char *status, *text; /* of an error: "NOT_FOUND", and for people */
  bool is_advice;
  OrfAdvice advice; /* of a value; kind 0: one that we do not know */
} OrfMessage;

/* Never fails: what is no message is OTHER.  orf_message_clear() in any case. */
void orf_wire_parse (const char *line, OrfMessage *message);
void orf_message_clear (OrfMessage *message);

/* Each is a line without its end, for free(); NULL for want of memory. */
/* What goes beside a call's params; zeroed, then what there is. */
typedef struct {
  const char *idempotency_key; /* NULL or "": none */
  const char *traceparent;     /* NULL or "": none */
  int64_t deadline_us;         /* the daemon stops then; 0: none */
} OrfCallMeta;

/* Takes params over. */
char *orf_wire_make_call (int64_t id, const char *method, json_t *params, const OrfCallMeta *told);
char *orf_wire_make_register (int64_t id,
                              const char *name,
                              const char *device,
                              const char *const *capabilities);
/* allocator NULL: unknown.  key: with which batches may be told again. */
char *orf_wire_make_report (int64_t id,
                            const char *worker,
                            const OrfAllocator *allocator,
                            const OrfStoredBatch *batches,
                            const char *key);
char *orf_wire_make_advice (int64_t id, const char *worker);
/* allocator NULL: not known; text, traceparent NULL or "": none. */
char *orf_wire_make_done (int64_t id,
                          const char *worker,
                          const char *advice,
                          OrfOutcome outcome,
                          int64_t freed_bytes,
                          const OrfAllocator *allocator,
                          const char *text,
                          const char *traceparent);
char *orf_wire_make_leave (int64_t id, const char *worker);

/* As far as integers of calls go: beyond it a double no longer holds each of them. */
#define ORF_WIRE_MAX_INTEGER (INT64_C (1) << 53)

/* Whether it is UTF-8, of at most max_bytes. */
bool orf_wire_is_text (const char *text, size_t max_bytes);
