/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "otlp/orf-otlp-labels.h"

#include <string.h>

#include "otlp/orf-otlp-attribute.h"

#define EXPORTED "exported_"
/* Of a point, before those of one key are joined: who sends more means no series, of which none has
 * more than 16, and each bucket of a histogram costs as much again. */
#define MAX_ALL 64

typedef struct {
  char *key;    /* as a label's */
  char *origin; /* as the attribute's; NULL: ours */
  char *value;
} Label;

struct _OrfOtlpLabels {
  GArray *all;   /* Label */
  gboolean full; /* there were more */
  GString *value;
};

static void
clear_label (gpointer data)
{
  Label *label = data;

  g_free (label->key);
  g_free (label->origin);
  g_free (label->value);
}

OrfOtlpLabels *
orf_otlp_labels_new (void)
{
  OrfOtlpLabels *labels = g_new0 (OrfOtlpLabels, 1);

  labels->all = g_array_new (FALSE, FALSE, sizeof (Label));
  g_array_set_clear_func (labels->all, clear_label);
  labels->value = g_string_new (NULL);
  return labels;
}

void
orf_otlp_labels_free (OrfOtlpLabels *labels)
{
  g_array_unref (labels->all);
  g_string_free (labels->value, TRUE);
  g_free (labels);
}

void
orf_otlp_labels_clear (OrfOtlpLabels *labels)
{
  g_array_set_size (labels->all, 0);
  labels->full = FALSE;
}

static char *
spell (const char *key, gsize length)
{
  GString *text = g_string_new (NULL);

  if (length > 0 && g_ascii_isdigit (key[0]))
    g_string_append (text, "key_");
  for (gsize i = 0; i < length; i++)
    g_string_append_c (text, g_ascii_isalnum (key[i]) ? key[i] : '_');
  return g_string_free (text, FALSE);
}

/* An empty value is no label. */
static void
add (OrfOtlpLabels *labels, char *key, char *origin, const char *value)
{
  Label label = { key, origin, g_strdup (value) };

  labels->full |= value[0] != '\0' && labels->all->len == MAX_ALL;
  if (value[0] != '\0' && !labels->full)
    g_array_append_val (labels->all, label);
  else
    clear_label (&label);
}

void
orf_otlp_labels_set (OrfOtlpLabels *labels, const char *key, const char *value)
{
  add (labels, g_strdup (key), NULL, value);
}

static gboolean
is_key (OrfOtlpBytes key, const char *name)
{
  return key.length == strlen (name) && memcmp (key.data, name, key.length) == 0;
}

static gboolean
is_promoted (OrfOtlpBytes key, char *const *promote)
{
  for (guint i = 0; promote[i] != NULL; i++)
    if (is_key (key, promote[i]))
      return TRUE;
  return FALSE;
}

/* namespace/name, as Prometheus has it. */
static void
set_job (OrfOtlpLabels *labels, const char *space, const char *name)
{
  g_autofree char *job = NULL;

  if (space != NULL && space[0] != '\0' && name != NULL)
    job = g_strconcat (space, "/", name, NULL);
  orf_otlp_labels_set (labels, "job", job != NULL ? job : name != NULL ? name : "");
}

gboolean
orf_otlp_labels_set_resource (OrfOtlpLabels *labels, OrfOtlpBytes resource, char *const *promote)
{
  g_autofree char *space = NULL;
  g_autofree char *name = NULL;
  OrfOtlpField field;
  OrfOtlpBytes key;
  gboolean broken = FALSE;

  while (!labels->full && orf_otlp_wire_next (&resource, &field, &broken)) {
    if (field.number != 1 || field.type != ORF_OTLP_WIRE_BYTES)
      continue;
    if (!orf_otlp_attribute_read (field.bytes, &key, labels->value))
      return FALSE;
    if (is_key (key, "service.namespace")) {
      g_free (space);
      space = g_strdup (labels->value->str);
    } else if (is_key (key, "service.name")) {
      g_free (name);
      name = g_strdup (labels->value->str);
    } else if (is_key (key, "service.instance.id")) {
      orf_otlp_labels_set (labels, "instance", labels->value->str);
    }
    if (is_promoted (key, promote))
      add (labels, spell ((const char *) key.data, key.length),
           g_strndup ((const char *) key.data, key.length), labels->value->str);
  }
  set_job (labels, space, name);
  return !broken && !labels->full;
}

gboolean
orf_otlp_labels_set_scope (OrfOtlpLabels *labels, OrfOtlpBytes scope)
{
  OrfOtlpField field;
  gboolean broken = FALSE;

  while (!labels->full && orf_otlp_wire_next (&scope, &field, &broken)) {
    g_autofree char *name = NULL;

    if (field.number != 1 || field.type != ORF_OTLP_WIRE_BYTES)
      continue;
    name = g_strndup ((const char *) field.bytes.data, field.bytes.length);
    orf_otlp_labels_set (labels, "otel_scope_name", name);
  }
  return !broken && !labels->full;
}

gboolean
orf_otlp_labels_add_attribute (OrfOtlpLabels *labels, OrfOtlpBytes attribute)
{
  OrfOtlpBytes key;

  if (!orf_otlp_attribute_read (attribute, &key, labels->value))
    return FALSE;
  add (labels, spell ((const char *) key.data, key.length),
       g_strndup ((const char *) key.data, key.length), labels->value->str);
  return !labels->full;
}

/* By key, ours first, then by the attributes' own. */
static int
compare (gconstpointer a, gconstpointer b)
{
  const Label *left = a, *right = b;
  int order = strcmp (left->key, right->key);

  return order != 0 ? order : g_strcmp0 (left->origin, right->origin);
}

/* Attributes make room for labels of ours, all of one key at once.  TRUE: some had to. */
static gboolean
yield (GArray *all)
{
  const char *own = NULL;
  gboolean yielded = FALSE;

  for (guint i = 0; i < all->len; i++) {
    Label *label = &g_array_index (all, Label, i);
    char *key;

    if (label->origin == NULL)
      own = label->key;
    if (label->origin == NULL || g_strcmp0 (label->key, own) != 0)
      continue;
    key = g_strconcat (EXPORTED, label->key, NULL);
    g_free (label->key);
    label->key = key;
    yielded = TRUE;
  }
  return yielded;
}

/* The value of those from `at` on that have the same key; how many they are to *n. */
static char *
join (const GArray *sorted, guint at, guint *n)
{
  const Label *first = &g_array_index (sorted, Label, at);
  GString *value = g_string_new (first->value);

  for (*n = 1; at + *n < sorted->len; (*n)++) {
    const Label *label = &g_array_index (sorted, Label, at + *n);

    if (strcmp (label->key, first->key) != 0)
      break;
    g_string_append_c (value, ';');
    g_string_append (value, label->value);
  }
  return g_string_free (value, FALSE);
}

char **
orf_otlp_labels_make (OrfOtlpLabels *labels, const char *key, const char *value)
{
  GPtrArray *made = g_ptr_array_new ();
  g_autoptr (GArray) sorted = g_array_new (FALSE, FALSE, sizeof (Label));
  guint n;

  g_array_set_clear_func (sorted, clear_label);
  for (guint i = 0; i < labels->all->len; i++) {
    const Label *label = &g_array_index (labels->all, Label, i);
    const Label copy = { g_strdup (label->key), g_strdup (label->origin), g_strdup (label->value) };

    g_array_append_val (sorted, copy);
  }
  if (key != NULL) {
    const Label own = { g_strdup (key), NULL, g_strdup (value) };

    g_array_append_val (sorted, own);
  }
  g_array_sort (sorted, compare);
  while (yield (sorted))
    g_array_sort (sorted, compare);
  for (guint i = 0; i < sorted->len; i += n) {
    g_ptr_array_add (made, g_strdup (g_array_index (sorted, Label, i).key));
    g_ptr_array_add (made, join (sorted, i, &n));
  }
  g_ptr_array_add (made, NULL);
  return (char **) g_ptr_array_free (made, FALSE);
}
