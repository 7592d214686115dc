/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * W3C Trace Context (level 1, and what level 2 adds to it): the two texts by which a trace goes on
 * in another process.  Pure, and with no GLib: liborfeas is built of it too.
 *
 * What is malformed is no context; the recommendation has no errors.
 */
#define ORF_TRACE_CONTEXT_CHARS 55   /* of a traceparent, version 00 */
#define ORF_TRACE_STATE_MEMBERS 32   /* more are no tracestate */
#define ORF_TRACE_STATE_CHARS   512  /* what is passed on at least, and here at most */
#define ORF_TRACE_FLAG_SAMPLED  0x01 /* the caller records this trace */
#define ORF_TRACE_FLAG_RANDOM   0x02 /* the last 7 bytes of its id are random (level 2) */

typedef struct {
  uint8_t trace_id[16];
  uint8_t span_id[8]; /* of who calls */
  uint8_t flags;      /* those above and no others */
} OrfTraceContext;

/* text: as it came, NULL is none.  False: it is malformed, and context is untouched.  Of later
 * versions what version 00 has is taken, save the flags that may mean something else there. */
bool orf_trace_context_parse (const char *text, OrfTraceContext *context);
/* As version 00. */
void
orf_trace_context_format (const OrfTraceContext *context, char text[ORF_TRACE_CONTEXT_CHARS + 1]);
/* A tracestate as it is passed on: its members in their order, with nothing around them.  One of
 * more than 512 characters loses first those of more than 128, then its last ones.  "": there is
 * none, or it is malformed.  Answers its length. */
size_t orf_trace_state_clean (const char *text, char clean[ORF_TRACE_STATE_CHARS + 1]);

/* Whether text is 2 * length hex digits in lower case that are not all 0. */
bool orf_trace_context_parse_id (const char *text, uint8_t *id, size_t length);
/* 2 * length digits, and no NUL. */
void orf_trace_context_format_id (const uint8_t *id, size_t length, char *text);
