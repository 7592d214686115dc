/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "jaeger/orf-jaeger-query.h"

#include <math.h>
#include <string.h>

#include "core/orf-clock.h"
#include "core/orf-url.h"
#include "orf-error.h"
#include "orf-json.h"
#include "traces/orf-trace-id.h"

/* As Jaeger has them. */
#define DEFAULT_LIMIT       100
#define DEFAULT_LOOKBACK_US (2 * 24 * 3600 * ORF_US_PER_S)
#define DEFAULT_WINDOW_US   (24 * 3600 * ORF_US_PER_S)
/* Traces that are asked for by their ids; a URL has no room for many more. */
#define MAX_TRACE_IDS 200
/* JSON of tags is an object of strings. */
#define TAGS_DEPTH 2
/* All longer than any span, and far from where sums overflow. */
#define MAX_DURATION_US 1e15

/* The query's pairs: name, value, …; only those with a value. */
typedef GPtrArray Pairs;

static gboolean
refuse (GError **error, const char *name, const char *allowed)
{
  g_propagate_error (error, orf_error_new_field (ORF_ERROR_INVALID_ARGUMENT, name, allowed,
                                                 "unable to parse param '%s': it has to be %s",
                                                 name, allowed));
  return FALSE;
}

static gboolean
add_pair (Pairs *pairs, const char *text, GError **error)
{
  g_auto (GStrv) halves = g_strsplit (text, "=", 2);
  g_autofree char *name = orf_url_decode_form (halves[0]);
  g_autofree char *value = orf_url_decode_form (halves[1] != NULL ? halves[1] : "");

  if (name == NULL || value == NULL)
    return refuse (error, name != NULL ? name : "query", "percent-encoded UTF-8");
  if (value[0] == '\0') /* the page sends what was left empty */
    return TRUE;
  g_ptr_array_add (pairs, g_steal_pointer (&name));
  g_ptr_array_add (pairs, g_steal_pointer (&value));
  return TRUE;
}

static Pairs *
split (const char *query, GError **error)
{
  g_autoptr (GPtrArray) pairs = g_ptr_array_new_with_free_func (g_free);
  g_auto (GStrv) texts = g_strsplit (query != NULL ? query : "", "&", -1);

  for (guint i = 0; texts[i] != NULL; i++)
    if (texts[i][0] != '\0' && !add_pair (pairs, texts[i], error))
      return NULL;
  return g_steal_pointer (&pairs);
}

/* The first of this name; NULL: none. */
static const char *
get (const Pairs *pairs, const char *name)
{
  for (guint i = 0; i < pairs->len; i += 2)
    if (strcmp (pairs->pdata[i], name) == 0)
      return pairs->pdata[i + 1];
  return NULL;
}

/* ---- values ---------------------------------------------------------------------------------- */

/* *value as it is where there is none of this name. */
static gboolean
read_integer (const Pairs *pairs,
              const char *name,
              gint64 minimum,
              gint64 maximum,
              gint64 *value,
              GError **error)
{
  const char *text = get (pairs, name);
  g_autofree char *allowed = NULL;

  if (text == NULL || g_ascii_string_to_signed (text, 10, minimum, maximum, value, NULL))
    return TRUE;
  allowed = g_strdup_printf ("an integer from %" G_GINT64_FORMAT " to %" G_GINT64_FORMAT, minimum,
                             maximum);
  return refuse (error, name, allowed);
}

/* The unit that begins here, and how long its name is; 0: there is none. */
static gsize
find_unit (const char *text, double *unit_us)
{
  static const struct {
    const char *name;
    double us;
  } units[] = {
    { "ns", 0.001 }, { "us", 1 },  { "µs", 1 },       { "μs", 1 },
    { "ms", 1000 },  { "s", 1e6 }, { "m", 60 * 1e6 }, { "h", 3600 * 1e6 },
  };

  for (guint i = 0; i < G_N_ELEMENTS (units); i++)
    if (g_str_has_prefix (text, units[i].name)) {
      *unit_us = units[i].us;
      return strlen (units[i].name);
    }
  return 0;
}

gboolean
orf_jaeger_query_parse_duration (const char *text, gint64 *duration_us)
{
  double sum_us = 0;

  if (strcmp (text, "0") == 0) {
    *duration_us = 0;
    return TRUE;
  }
  if (text[0] == '\0')
    return FALSE;
  while (*text != '\0') {
    gsize length = strspn (text, "0123456789.");
    g_autofree char *number = g_strndup (text, length);
    char *end;
    double value = g_ascii_strtod (number, &end), unit_us;

    text += length;
    length = find_unit (text, &unit_us);
    if (end == number || *end != '\0' || length == 0)
      return FALSE;
    text += length;
    sum_us += value * unit_us;
    if (sum_us > MAX_DURATION_US)
      return FALSE;
  }
  *duration_us = llround (sum_us);
  return TRUE;
}

static gboolean
read_duration (const Pairs *pairs, const char *name, gint64 *duration_us, GError **error)
{
  const char *text = get (pairs, name);

  return text == NULL || orf_jaeger_query_parse_duration (text, duration_us) ||
         refuse (error, name, "a number with its unit, ns, us, ms, s, m or h, such as 1.5s");
}

gboolean
orf_jaeger_query_parse_trace_id (const char *text, guint8 id[ORF_TRACE_ID_BYTES])
{
  g_autofree char *padded = NULL;
  gsize length = strlen (text);

  if (length == 0 || length > 2 * ORF_TRACE_ID_BYTES)
    return FALSE;
  padded = g_strdup_printf ("%0*d%s", (int) (2 * ORF_TRACE_ID_BYTES - length), 0, text);
  return orf_trace_id_parse (length < 2 * ORF_TRACE_ID_BYTES ? padded : text, id,
                             ORF_TRACE_ID_BYTES);
}

static gboolean
read_trace_ids (const Pairs *pairs, GArray *ids, GError **error)
{
  guint8 id[ORF_TRACE_ID_BYTES];

  for (guint i = 0; i < pairs->len; i += 2) {
    if (strcmp (pairs->pdata[i], "traceID") != 0)
      continue;
    if (ids->len == MAX_TRACE_IDS || !orf_jaeger_query_parse_trace_id (pairs->pdata[i + 1], id))
      return refuse (error, "traceID", "up to 32 hex digits, not all 0; at most 200 times");
    g_array_append_val (ids, id);
  }
  return TRUE;
}

static gboolean
read_kind (const char *text, OrfSpanKind *kind)
{
  *kind = orf_span_kind_from_string (text);
  return *kind != ORF_SPAN_KIND_UNSET;
}

/* ---- tags ------------------------------------------------------------------------------------ */

/* What Jaeger has as a tag, and we have beside the attributes.  FALSE: it is an attribute. */
static gboolean
take_own_tag (OrfJaegerSearch *search, const char *key, const char *value)
{
  if (strcmp (key, "span.kind") == 0)
    return read_kind (value, &search->kind);
  if ((strcmp (key, "error") == 0 && strcmp (value, "true") == 0) ||
      (strcmp (key, "otel.status_code") == 0 && strcmp (value, "ERROR") == 0))
    search->outcome = ORF_SPAN_OUTCOME_ERROR;
  else if (strcmp (key, "otel.status_code") == 0 && strcmp (value, "OK") == 0)
    search->outcome = ORF_SPAN_OUTCOME_OK;
  else
    return FALSE;
  return TRUE;
}

static void
add_tag (OrfJaegerSearch *search, GPtrArray *tags, const char *key, const char *value)
{
  if (take_own_tag (search, key, value))
    return;
  g_ptr_array_add (tags, g_strdup (key));
  g_ptr_array_add (tags, g_strdup (value));
}

/* key:value */
static gboolean
add_simple_tag (OrfJaegerSearch *search, GPtrArray *tags, const char *text, GError **error)
{
  const char *colon = strchr (text, ':');
  g_autofree char *key = NULL;

  if (colon == NULL)
    return refuse (error, "tag", "KEY:VALUE");
  key = g_strndup (text, (gsize) (colon - text));
  add_tag (search, tags, key, colon + 1);
  return TRUE;
}

static gboolean
add_json_tags (OrfJaegerSearch *search, GPtrArray *tags, const char *text, GError **error)
{
  json_t *tree = orf_json_parse (text, strlen (text), TAGS_DEPTH, NULL);
  gboolean good = json_is_object (tree);
  const char *key;
  json_t *value;

  json_object_foreach (tree, key, value)
  {
    good = good && json_is_string (value);
    if (good)
      add_tag (search, tags, key, json_string_value (value));
  }
  json_decref (tree);
  return good || refuse (error, "tags", "a JSON object of strings");
}

static gboolean
read_tags (OrfJaegerSearch *search, const Pairs *pairs, GError **error)
{
  g_autoptr (GPtrArray) tags = g_ptr_array_new_with_free_func (g_free);

  for (guint i = 0; i < pairs->len; i += 2) {
    const char *name = pairs->pdata[i], *value = pairs->pdata[i + 1];

    if ((strcmp (name, "tag") == 0 && !add_simple_tag (search, tags, value, error)) ||
        (strcmp (name, "tags") == 0 && !add_json_tags (search, tags, value, error)))
      return FALSE;
  }
  if (tags->len > 0) {
    g_ptr_array_add (tags, NULL);
    search->tags = (char **) g_ptr_array_steal (tags, NULL);
  }
  return TRUE;
}

/* ---- queries --------------------------------------------------------------------------------- */

void
orf_jaeger_search_free (OrfJaegerSearch *search)
{
  if (search == NULL)
    return;
  g_free (search->service);
  g_free (search->operation);
  g_strfreev (search->tags);
  g_array_unref (search->trace_ids);
  g_free (search);
}

static gboolean
read_search (OrfJaegerSearch *search, const Pairs *pairs, GError **error)
{
  gint64 limit = DEFAULT_LIMIT;

  if (!read_integer (pairs, "start", 0, G_MAXINT64 - 1, &search->from_us, error) ||
      !read_integer (pairs, "end", 0, G_MAXINT64 - 1, &search->to_us, error) ||
      !read_integer (pairs, "limit", 1, G_MAXINT32, &limit, error) ||
      !read_duration (pairs, "minDuration", &search->min_duration_us, error) ||
      !read_duration (pairs, "maxDuration", &search->max_duration_us, error) ||
      !read_tags (search, pairs, error) || !read_trace_ids (pairs, search->trace_ids, error))
    return FALSE;
  search->limit = (guint) MIN (limit, ORF_JAEGER_MAX_TRACES);
  search->to_us++; /* Jaeger's end is a time that still counts */
  if (search->max_duration_us > 0 && search->max_duration_us < search->min_duration_us)
    return refuse (error, "maxDuration", "no less than minDuration");
  if (search->service == NULL && search->trace_ids->len == 0)
    return refuse (error, "service", "given, unless traceID is");
  return TRUE;
}

OrfJaegerSearch *
orf_jaeger_search_parse (const char *query, gint64 now_us, GError **error)
{
  g_autoptr (OrfJaegerSearch) search = g_new0 (OrfJaegerSearch, 1);
  g_autoptr (GPtrArray) pairs = NULL;

  search->trace_ids = g_array_new (FALSE, FALSE, ORF_TRACE_ID_BYTES);
  pairs = split (query, error);
  if (pairs == NULL)
    return NULL;
  search->from_us = now_us - DEFAULT_LOOKBACK_US;
  search->to_us = now_us;
  search->service = g_strdup (get (pairs, "service"));
  search->operation = g_strdup (get (pairs, "operation"));
  return read_search (search, pairs, error) ? g_steal_pointer (&search) : NULL;
}

gboolean
orf_jaeger_query_parse_window (
  const char *query, gint64 now_us, gint64 *from_us, gint64 *to_us, GError **error)
{
  g_autoptr (GPtrArray) pairs = split (query, error);
  gint64 end_ms = now_us / ORF_US_PER_MS, lookback_ms = DEFAULT_WINDOW_US / ORF_US_PER_MS;

  if (pairs == NULL ||
      !read_integer (pairs, "endTs", 0, G_MAXINT64 / ORF_US_PER_MS - 1, &end_ms, error) ||
      !read_integer (pairs, "lookback", 0, G_MAXINT64 / ORF_US_PER_MS - 1, &lookback_ms, error))
    return FALSE;
  *from_us = MAX (end_ms - lookback_ms, 0) * ORF_US_PER_MS;
  *to_us = (end_ms + 1) * ORF_US_PER_MS;
  return TRUE;
}

gboolean
orf_jaeger_query_parse_operations (const char *query,
                                   char **service,
                                   OrfSpanKind *kind,
                                   GError **error)
{
  g_autoptr (GPtrArray) pairs = split (query, error);
  OrfSpanKind found = ORF_SPAN_KIND_UNSET;
  const char *text;

  if (pairs == NULL)
    return FALSE;
  if (get (pairs, "service") == NULL)
    return refuse (error, "service", "given");
  text = get (pairs, "spanKind");
  if (text != NULL && !read_kind (text, &found))
    return refuse (error, "spanKind", "internal, server, client, producer or consumer");
  *service = g_strdup (get (pairs, "service"));
  *kind = found;
  return TRUE;
}
