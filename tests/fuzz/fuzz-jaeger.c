/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Any text as the query of a URL of Jaeger's clients: it is refused with the parameter, or asks for
 * what there can be. */
#include <stdint.h>

#include "jaeger/orf-jaeger-query.h"
#include "orf-error.h"

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

#define NOW_US G_GINT64_CONSTANT (1700000000000000)

static void
check_error (const GError *error)
{
  if (!g_error_matches (error, ORF_ERROR, ORF_ERROR_INVALID_ARGUMENT) ||
      orf_error_get_field (error) == NULL)
    g_error ("an error that names no parameter");
}

static void
search (const char *query)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (OrfJaegerSearch) asked = orf_jaeger_search_parse (query, NOW_US, &error);

  if (asked == NULL)
    check_error (error);
  else if (asked->limit == 0 || asked->limit > ORF_JAEGER_MAX_TRACES ||
           asked->min_duration_us < 0 || asked->max_duration_us < 0)
    g_error ("a search of %u traces", asked->limit);
}

static void
read_rest (const char *query)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GError) other = NULL;
  g_autofree char *service = NULL;
  guint8 id[ORF_TRACE_ID_BYTES];
  gint64 from_us, to_us, duration_us;
  OrfSpanKind kind;

  if (!orf_jaeger_query_parse_window (query, NOW_US, &from_us, &to_us, &error))
    check_error (error);
  if (!orf_jaeger_query_parse_operations (query, &service, &kind, &other))
    check_error (other);
  orf_jaeger_query_parse_trace_id (query, id);
  if (orf_jaeger_query_parse_duration (query, &duration_us) && duration_us < 0)
    g_error ("a duration below 0");
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  g_autofree char *query = g_strndup ((const char *) data, size);

  search (query);
  read_rest (query);
  return 0;
}
