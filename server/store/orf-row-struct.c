/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "store/orf-row-struct.h"

#include <string.h>

#include "orf-decode.h"
#include "orf-json.h"

static const OrfField *
find_field (const OrfDesc *desc, const char *name)
{
  for (guint i = 0; i < desc->n_fields; i++)
    if (strcmp (desc->fields[i].name, name) == 0)
      return &desc->fields[i];
  return NULL;
}

static json_t *
load_json (OrfStatement *statement, int column)
{
  const char *text = (const char *) sqlite3_column_text (statement, column);

  return text != NULL ? json_loads (text, JSON_ALLOW_NUL, NULL) : NULL;
}

/* What is no string is "". */
static void
add_text (GStrvBuilder *builder, const json_t *value)
{
  g_strv_builder_add (builder, json_is_string (value) ? json_string_value (value) : "");
}

static char **
get_strings (OrfStatement *statement, int column)
{
  g_autoptr (json_t) array = load_json (statement, column);
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  size_t i;
  json_t *value;

  json_array_foreach (array, i, value) add_text (builder, value);
  return g_strv_builder_end (builder);
}

/* The file has their keys sorted. */
static char **
get_labels (OrfStatement *statement, int column)
{
  g_autoptr (json_t) object = load_json (statement, column);
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  const char *key;
  json_t *value;

  json_object_foreach (object, key, value)
  {
    g_strv_builder_add (builder, key);
    add_text (builder, value);
  }
  return g_strv_builder_end (builder);
}

static char *
get_text (OrfStatement *statement, int column, const OrfField *field)
{
  const guint flags = ORF_FIELD_REQUIRED | ORF_FIELD_NULLABLE;

  return (field->flags & flags) == ORF_FIELD_REQUIRED
           ? orf_statement_dup_sure_text (statement, column)
           : orf_statement_dup_text (statement, column);
}

static void
set_has (gpointer row, const OrfField *field, gboolean has)
{
  if (field->flags & ORF_FIELD_HAS)
    *(gboolean *) (gpointer) ((char *) row + field->has_offset) = has;
}

static void
set_member (gpointer row, const OrfField *field, OrfStatement *statement, int column)
{
  gpointer member = (char *) row + field->offset;
  gboolean has = sqlite3_column_type (statement, column) != SQLITE_NULL;

  switch ((OrfKind) field->kind) {
  case ORF_KIND_BOOLEAN:
    *(gboolean *) member = sqlite3_column_int (statement, column) != 0;
    set_has (row, field, has);
    break;
  case ORF_KIND_INTEGER:
    *(gint64 *) member = sqlite3_column_int64 (statement, column);
    set_has (row, field, has);
    break;
  case ORF_KIND_NUMBER:
    *(double *) member = orf_statement_get_double (statement, column);
    break;
  case ORF_KIND_STRING:
    *(char **) member = get_text (statement, column, field);
    break;
  case ORF_KIND_STRINGS:
    *(char ***) member = get_strings (statement, column);
    break;
  case ORF_KIND_LABELS:
    *(char ***) member = get_labels (statement, column);
    break;
  default:
    break;
  }
}

gpointer
orf_row_struct_new (OrfStatement *statement, const OrfDesc *desc)
{
  gpointer row = orf_struct_new (desc);

  for (int i = 0; i < sqlite3_column_count (statement); i++) {
    const OrfField *field = find_field (desc, sqlite3_column_name (statement, i));

    if (field != NULL)
      set_member (row, field, statement, i);
  }
  return row;
}
