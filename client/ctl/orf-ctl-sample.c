/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <math.h>
#include <string.h>

#include "orf-error.h"
#include "orf-json.h"

#include "orf-ctl-sample.h"

static gpointer
fail_sample (const char *text, const char *why, GError **error)
{
  g_set_error (error, ORF_ERROR, ORF_ERROR_INVALID_ARGUMENT,
               "\"%s\": %s: write NAME=VALUE or NAME{key=\"value\"}=VALUE", text, why);
  return NULL;
}

/* A quoted label value with its escapes undone, at on the character after the closing quote; NULL:
 * it has no end. */
static char *
take_quoted (const char **at)
{
  g_autoptr (GString) out = g_string_new (NULL);
  const char *c = *at + 1;

  for (; *c != '\0' && *c != '"'; c++) {
    if (*c == '\\' && c[1] != '\0')
      g_string_append_c (out, *++c == 'n' ? '\n' : *c);
    else
      g_string_append_c (out, *c);
  }
  if (*c != '"')
    return NULL;
  *at = c + 1;
  return g_string_free (g_steal_pointer (&out), FALSE);
}

static char *
take_bare (const char **at)
{
  gsize length = strcspn (*at, ",}\"");
  char *value = g_strndup (*at, length);

  *at += length;
  return value;
}

/* One key="value", and the comma behind it. */
static gboolean
take_label (const char **at, json_t *labels)
{
  gsize key_length = strcspn (*at, "=,{}\"");
  g_autofree char *key = g_strndup (*at, key_length);
  g_autofree char *value = NULL;

  if (key_length == 0 || (*at)[key_length] != '=')
    return FALSE;
  *at += key_length + 1;
  value = **at == '"' ? take_quoted (at) : take_bare (at);
  if (value == NULL || json_object_get (labels, key) != NULL ||
      json_object_set_new (labels, key, json_string (value)) != 0)
    return FALSE;
  if (**at == ',')
    (*at)++;
  else if (**at != '}')
    return FALSE;
  return TRUE;
}

static gboolean
take_labels (const char **at, json_t *labels)
{
  for ((*at)++; **at != '}';) {
    if (!take_label (at, labels))
      return FALSE;
  }
  (*at)++;
  return TRUE;
}

json_t *
orf_ctl_sample_parse (const char *text, gint64 t_us, GError **error)
{
  gsize name_length = strcspn (text, "={");
  const char *at = text + name_length;
  g_autoptr (json_t) labels = json_object ();
  g_autoptr (json_t) sample = json_object ();
  double value;
  char *end;

  if (name_length == 0 ||
      json_object_set_new (sample, "name", json_stringn (text, name_length)) != 0)
    return fail_sample (text, "no name", error);
  if (*at == '{' && !take_labels (&at, labels))
    return fail_sample (text, "the labels cannot be read", error);
  if (*at != '=')
    return fail_sample (text, "no value", error);
  value = g_ascii_strtod (at + 1, &end);
  if (end == at + 1 || *end != '\0')
    return fail_sample (text, "the value is no number", error);
  if (!isfinite (value))
    return fail_sample (text, "the value is not finite", error);

  if (json_object_size (labels) > 0)
    json_object_set (sample, "labels", labels);
  json_object_set_new (sample, "value", json_real (value));
  if (t_us >= 0)
    json_object_set_new (sample, "t_us", json_integer (t_us));
  return g_steal_pointer (&sample);
}
