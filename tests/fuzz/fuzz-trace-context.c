/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Any bytes as traceparent and tracestate, a NUL between them: what is taken is written as it is
 * read again, and what is passed on is passed on unchanged. */
#include <glib.h>
#include <string.h>

#include "orf-trace-context.h"

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

static void
check_parent (const char *text)
{
  OrfTraceContext context = { .flags = 0 }, again;
  char formatted[ORF_TRACE_CONTEXT_CHARS + 1];

  if (!orf_trace_context_parse (text, &context))
    return;
  orf_trace_context_format (&context, formatted);
  g_assert_cmpuint (strlen (formatted), ==, ORF_TRACE_CONTEXT_CHARS);
  g_assert_cmpmem (formatted + 3, 49, text + 3, 49);
  g_assert_true (orf_trace_context_parse (formatted, &again));
  g_assert_cmpmem (&context, sizeof context, &again, sizeof again);
}

static void
check_state (const char *text)
{
  char clean[ORF_TRACE_STATE_CHARS + 1], again[ORF_TRACE_STATE_CHARS + 1];
  size_t length = orf_trace_state_clean (text, clean);

  g_assert_cmpuint (strlen (clean), ==, length);
  g_assert_cmpuint (orf_trace_state_clean (clean, again), ==, length);
  g_assert_cmpstr (again, ==, clean);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  g_autofree char *text = g_strndup ((const char *) data, size);
  size_t parent_length = strlen (text);
  g_autofree char *state = NULL;

  check_parent (text);
  check_state (text);
  if (parent_length < size) {
    state = g_strndup ((const char *) data + parent_length + 1, size - parent_length - 1);
    check_state (state);
  }
  return 0;
}
