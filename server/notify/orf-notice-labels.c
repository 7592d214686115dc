/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "notify/orf-notice-labels.h"

#include <math.h>
#include <string.h>

#include "metrics/orf-prometheus-name.h"
#include "notify/orf-notice-words.h"
#include "orf-encode.h"

/* FNV-1a, 64 bit. */
#define FNV_OFFSET G_GUINT64_CONSTANT (14695981039346656037)
#define FNV_PRIME  G_GUINT64_CONSTANT (1099511628211)

typedef struct {
  char *key, *value;
} Pair;

static int
compare_pairs (gconstpointer a, gconstpointer b)
{
  return strcmp (((const Pair *) a)->key, ((const Pair *) b)->key);
}

static gboolean
has_key (const GArray *pairs, const char *key)
{
  for (guint i = 0; i < pairs->len; i++)
    if (g_str_equal (g_array_index (pairs, Pair, i).key, key))
      return TRUE;
  return FALSE;
}

/* Takes key.  The first of a name has it, and an empty value is none, as in Prometheus. */
static void
add_pair (GArray *pairs, char *key, const char *value)
{
  Pair pair = { key, NULL };

  if (value == NULL || value[0] == '\0' || has_key (pairs, key)) {
    g_free (key);
    return;
  }
  pair.value = g_utf8_make_valid (value, -1);
  g_array_append_val (pairs, pair);
}

static void
add_labels (GArray *pairs, char *const *labels)
{
  for (char *const *at = labels; at != NULL && at[0] != NULL; at += 2)
    add_pair (pairs, orf_prometheus_name_dup_key (at[0]), at[1]);
}

/* Takes pairs. */
static char **
finish (GArray *pairs)
{
  char **all = g_new0 (char *, 2 * pairs->len + 1);

  g_array_sort (pairs, compare_pairs);
  for (guint i = 0; i < pairs->len; i++) {
    all[2 * i] = g_array_index (pairs, Pair, i).key;
    all[2 * i + 1] = g_array_index (pairs, Pair, i).value;
  }
  g_array_unref (pairs);
  return all;
}

char **
orf_notice_labels_make (const OrfAlertTold *told)
{
  GArray *pairs = g_array_new (FALSE, FALSE, sizeof (Pair));

  add_pair (pairs, g_strdup ("alertname"), told->rule);
  add_pair (pairs, g_strdup ("severity"), orf_severity_to_string (told->severity));
  add_labels (pairs, told->labels);
  return finish (pairs);
}

char **
orf_notice_labels_make_group (char *const *group)
{
  GArray *pairs = g_array_new (FALSE, FALSE, sizeof (Pair));

  for (char *const *at = group; at != NULL && at[0] != NULL; at += 2)
    if (g_str_equal (at[0], "rule"))
      add_pair (pairs, g_strdup ("alertname"), at[1]);
    else
      add_pair (pairs, orf_prometheus_name_dup_key (at[0]), at[1]);
  return finish (pairs);
}

char **
orf_notice_labels_make_annotations (const OrfAlertTold *told)
{
  GArray *pairs = g_array_new (FALSE, FALSE, sizeof (Pair));
  g_autofree char *value = orf_notice_words_format_number (told->value);
  g_autofree char *threshold = orf_notice_words_format_number (told->threshold);

  add_pair (pairs, g_strdup ("alert_id"), told->alert);
  add_pair (pairs, g_strdup ("summary"), told->summary);
  add_pair (pairs, g_strdup ("description"), told->help);
  add_pair (pairs, g_strdup ("runbook_url"), told->runbook);
  add_pair (pairs, g_strdup ("value"), isnan (told->value) ? NULL : value);
  add_pair (pairs, g_strdup ("threshold"), isnan (told->threshold) ? NULL : threshold);
  return finish (pairs);
}

static guint64
add_bytes (guint64 sum, const char *bytes)
{
  for (const guchar *at = (const guchar *) bytes; *at != '\0'; at++)
    sum = (sum ^ *at) * FNV_PRIME;
  return (sum ^ 0xff) * FNV_PRIME; /* ends each name and each value */
}

char *
orf_notice_labels_make_fingerprint (char *const *labels)
{
  guint64 sum = FNV_OFFSET;

  for (char *const *at = labels; *at != NULL; at++)
    sum = add_bytes (sum, *at);
  return g_strdup_printf ("%016" G_GINT64_MODIFIER "x", sum);
}

void
orf_notice_labels_append_json (GString *json, char *const *labels)
{
  g_string_append_c (json, '{');
  for (char *const *at = labels; at != NULL && at[0] != NULL; at += 2) {
    orf_encode_member (json, at[0]);
    orf_encode_string (json, at[1], -1);
  }
  g_string_append_c (json, '}');
}

char *
orf_notice_labels_make_link (const char *external_url)
{
  gsize length = strlen (external_url);

  while (length > 0 && external_url[length - 1] == '/')
    length--;
  return length > 0 ? g_strdup_printf ("%.*s/#alerts", (int) length, external_url) : NULL;
}
