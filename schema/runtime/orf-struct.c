/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "orf-decode.h"

#include <malloc.h>
#include <math.h>
#include <stdlib.h>

static void
set_default (const OrfField *field, gpointer member)
{
  switch ((OrfKind) field->kind) {
  case ORF_KIND_BOOLEAN:
    *(gboolean *) member = g_str_equal (field->default_text, "true");
    break;
  case ORF_KIND_INTEGER:
    *(gint64 *) member = g_ascii_strtoll (field->default_text, NULL, 10);
    break;
  case ORF_KIND_NUMBER:
    *(double *) member = g_ascii_strtod (field->default_text, NULL);
    break;
  case ORF_KIND_STRING:
  case ORF_KIND_ENUM: {
    /* the text is a JSON string; defaults hold nothing that needs an escape */
    g_autofree char *text = g_strndup (field->default_text + 1, strlen (field->default_text) - 2);

    if (field->kind == ORF_KIND_STRING) {
      *(char **) member = g_steal_pointer (&text);
      break;
    }
    for (int i = 0; field->enumeration->values[i] != NULL; i++)
      if (g_str_equal (field->enumeration->values[i], text))
        *(int *) member = i + 1;
    break;
  }
  default:
    g_assert_not_reached (); /* the generator gives no others a default */
  }
}

gpointer
orf_struct_new (const OrfDesc *desc)
{
  gpointer data = g_malloc0 (desc->size);

  for (guint i = 0; i < desc->n_fields; i++) {
    const OrfField *field = &desc->fields[i];
    gpointer member = (char *) data + field->offset;

    if (field->flags & ORF_FIELD_DEFAULT)
      set_default (field, member);
    else if (field->kind == ORF_KIND_NUMBER)
      *(double *) member = NAN;
  }
  return data;
}

static void
free_objects (const OrfDesc *desc, GPtrArray *objects)
{
  if (objects == NULL)
    return;
  for (guint i = 0; i < objects->len; i++)
    orf_struct_free (desc, objects->pdata[i]);
  g_ptr_array_set_free_func (objects, NULL); /* the items are gone, whoever owned them */
  g_ptr_array_unref (objects);
}

static void
free_values (GArray *values)
{
  if (values == NULL)
    return;
  for (guint i = 0; i < values->len; i++)
    g_free (g_array_index (values, OrfNamedValue, i).name);
  g_array_unref (values);
}

static void
free_member (const OrfField *field, gpointer member)
{
  switch ((OrfKind) field->kind) {
  case ORF_KIND_BOOLEAN:
  case ORF_KIND_INTEGER:
  case ORF_KIND_NUMBER:
  case ORF_KIND_ENUM:
    break;
  case ORF_KIND_STRING:
  case ORF_KIND_JSON:
    g_free (*(char **) member);
    break;
  case ORF_KIND_OBJECT:
    orf_struct_free (field->object, *(gpointer *) member);
    break;
  case ORF_KIND_STRINGS:
  case ORF_KIND_LABELS:
    g_strfreev (*(char ***) member);
    break;
  case ORF_KIND_OBJECTS:
    free_objects (field->object, *(GPtrArray **) member);
    break;
  case ORF_KIND_VALUES:
    free_values (*(GArray **) member);
    break;
  case ORF_KIND_INTEGERS:
  case ORF_KIND_NUMBERS:
  case ORF_KIND_POINTS:
    g_clear_pointer ((GArray **) member, g_array_unref);
    break;
  }
}

void
orf_struct_free (const OrfDesc *desc, gpointer data)
{
  if (data == NULL)
    return;
  for (guint i = 0; i < desc->n_fields; i++)
    free_member (&desc->fields[i], (char *) data + desc->fields[i].offset);
  g_free (data);
}

static gsize
measure_block (gconstpointer block)
{
  return malloc_usable_size ((gpointer) block);
}

static gsize
measure_strings (char *const *strings)
{
  gsize bytes = measure_block (strings);

  for (guint i = 0; strings != NULL && strings[i] != NULL; i++)
    bytes += measure_block (strings[i]);
  return bytes;
}

static gsize
measure_objects (const OrfDesc *desc, const GPtrArray *objects)
{
  gsize bytes = sizeof *objects + measure_block (objects->pdata);

  for (guint i = 0; i < objects->len; i++)
    bytes += orf_struct_measure (desc, objects->pdata[i]);
  return bytes;
}

static gsize
measure_array (const OrfField *field, const GArray *array)
{
  gsize bytes = sizeof *array + measure_block (array->data);

  for (guint i = 0; field->kind == ORF_KIND_VALUES && i < array->len; i++)
    bytes += measure_block (g_array_index (array, OrfNamedValue, i).name);
  return bytes;
}

static gsize
measure_member (const OrfField *field, gconstpointer member)
{
  gconstpointer pointer;

  if (field->kind == ORF_KIND_BOOLEAN || field->kind == ORF_KIND_INTEGER ||
      field->kind == ORF_KIND_NUMBER || field->kind == ORF_KIND_ENUM)
    return 0; /* in the struct itself */
  pointer = *(const gconstpointer *) member;
  if (pointer == NULL)
    return 0;
  switch ((OrfKind) field->kind) {
  case ORF_KIND_OBJECT:
    return orf_struct_measure (field->object, pointer);
  case ORF_KIND_STRINGS:
  case ORF_KIND_LABELS:
    return measure_strings (pointer);
  case ORF_KIND_OBJECTS:
    return measure_objects (field->object, pointer);
  case ORF_KIND_VALUES:
  case ORF_KIND_INTEGERS:
  case ORF_KIND_NUMBERS:
  case ORF_KIND_POINTS:
    return measure_array (field, pointer);
  default:
    return measure_block (pointer); /* text */
  }
}

gsize
orf_struct_measure (const OrfDesc *desc, gconstpointer data)
{
  gsize bytes;

  if (data == NULL)
    return 0;
  bytes = measure_block (data);
  for (guint i = 0; i < desc->n_fields; i++)
    bytes += measure_member (&desc->fields[i], (const char *) data + desc->fields[i].offset);
  return bytes;
}
