/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "otlp/orf-otlp-json.h"

#include <math.h>
#include <string.h>

#include "orf-error.h"
#include "otlp/orf-otlp-message.h"

/* No number of ours has more characters. */
#define MAX_NUMBER_BYTES 400

#define MAX_FIELD_BYTES 64

typedef struct {
  OrfOtlpArena *arena;
  GString *scratch;  /* a message as bytes */
  const char *wrong; /* the field that is; NULL: none, or no memory */
} Reader;

static gboolean read_message (Reader *reader,
                              const ProtobufCMessageDescriptor *descriptor,
                              const OrfOtlpNode *object,
                              ProtobufCMessage **message);

/* ---- numbers --------------------------------------------------------------------------------- */

/* What stands there, ended by a NUL.  FALSE: it is too long to be a number, or has a NUL itself. */
static gboolean
copy_number (const OrfOtlpNode *value, char text[MAX_NUMBER_BYTES])
{
  if (value->length >= MAX_NUMBER_BYTES)
    return FALSE;
  memcpy (text, value->text, value->length);
  text[value->length] = '\0';
  return strlen (text) == value->length;
}

static gboolean
is_number (const OrfOtlpNode *value)
{
  return value->type == ORF_OTLP_NODE_INTEGER || value->type == ORF_OTLP_NODE_REAL;
}

gboolean
orf_otlp_json_get_double (const OrfOtlpNode *value, double *number)
{
  char text[MAX_NUMBER_BYTES], *end;

  if ((!is_number (value) && value->type != ORF_OTLP_NODE_STRING) || !copy_number (value, text) ||
      text[0] == '\0' || g_ascii_isspace (text[0]))
    return FALSE;
  /* a string may say "Infinity"; the tree has no number beyond a double */
  *number = g_ascii_strtod (text, &end);
  return *end == '\0';
}

/* A number with a point or an exponent may still be whole. */
static gboolean
get_whole (const OrfOtlpNode *value, gint64 *number)
{
  double real;

  if (!orf_otlp_json_get_double (value, &real) || real != floor (real) || fabs (real) >= 9.2e18)
    return FALSE;
  *number = (gint64) real;
  return TRUE;
}

gboolean
orf_otlp_json_get_int64 (const OrfOtlpNode *value, gint64 *number)
{
  char text[MAX_NUMBER_BYTES];

  if (value->type == ORF_OTLP_NODE_REAL)
    return get_whole (value, number);
  return (value->type == ORF_OTLP_NODE_INTEGER || value->type == ORF_OTLP_NODE_STRING) &&
         copy_number (value, text) &&
         g_ascii_string_to_signed (text, 10, G_MININT64, G_MAXINT64, number, NULL);
}

static gboolean
get_uint64 (const OrfOtlpNode *value, guint64 *number)
{
  char text[MAX_NUMBER_BYTES];
  gint64 whole;

  if (value->type == ORF_OTLP_NODE_REAL) {
    if (!get_whole (value, &whole) || whole < 0)
      return FALSE;
    *number = (guint64) whole;
    return TRUE;
  }
  return (value->type == ORF_OTLP_NODE_INTEGER || value->type == ORF_OTLP_NODE_STRING) &&
         copy_number (value, text) &&
         g_ascii_string_to_unsigned (text, 10, 0, G_MAXUINT64, number, NULL);
}

static gboolean
get_int32 (const OrfOtlpNode *value, gint32 *number)
{
  gint64 wide;

  if (!orf_otlp_json_get_int64 (value, &wide) || wide < G_MININT32 || wide > G_MAXINT32)
    return FALSE;
  *number = (gint32) wide;
  return TRUE;
}

static gboolean
get_uint32 (const OrfOtlpNode *value, guint32 *number)
{
  guint64 wide;

  if (!get_uint64 (value, &wide) || wide > G_MAXUINT32)
    return FALSE;
  *number = (guint32) wide;
  return TRUE;
}

static gboolean
get_boolean (const OrfOtlpNode *value, protobuf_c_boolean *truth)
{
  *truth = value->type == ORF_OTLP_NODE_TRUE;
  return value->type == ORF_OTLP_NODE_TRUE || value->type == ORF_OTLP_NODE_FALSE;
}

/* ---- text and bytes -------------------------------------------------------------------------- */

static gboolean
read_string (Reader *reader, const OrfOtlpNode *value, char **text)
{
  if (value->type != ORF_OTLP_NODE_STRING)
    return FALSE;
  *text = orf_otlp_arena_copy (reader->arena, value->text, value->length);
  return *text != NULL;
}

/* Ids, in hex. */
static gboolean
write_hex (GString *to, const OrfOtlpNode *value)
{
  if (value->type != ORF_OTLP_NODE_STRING || value->length % 2 != 0)
    return FALSE;
  for (gsize i = 0; i < value->length; i += 2) {
    int high = g_ascii_xdigit_value (value->text[i]);
    int low = g_ascii_xdigit_value (value->text[i + 1]);

    if (high < 0 || low < 0)
      return FALSE;
    g_string_append_c (to, (char) (high << 4 | low));
  }
  return TRUE;
}

static gboolean
write_bytes (GString *to, const char *field, const OrfOtlpNode *value)
{
  if (strcmp (field, "attributes") == 0)
    return orf_otlp_json_write_attribute (to, value);
  if (strcmp (field, "resource") == 0)
    return orf_otlp_json_write_resource (to, value);
  if (strcmp (field, "scope") == 0)
    return orf_otlp_json_write_scope (to, value);
  return write_hex (to, value);
}

static gboolean
read_bytes (Reader *reader, const char *field, const OrfOtlpNode *value, ProtobufCBinaryData *bytes)
{
  g_string_truncate (reader->scratch, 0);
  if (!write_bytes (reader->scratch, field, value))
    return FALSE;
  bytes->len = reader->scratch->len;
  bytes->data = (guint8 *) orf_otlp_arena_copy (reader->arena, reader->scratch->str, bytes->len);
  return bytes->data != NULL;
}

/* ---- fields ---------------------------------------------------------------------------------- */

static gsize
get_size (ProtobufCType type)
{
  switch (type) {
  case PROTOBUF_C_TYPE_INT32:
  case PROTOBUF_C_TYPE_SINT32:
  case PROTOBUF_C_TYPE_UINT32:
  case PROTOBUF_C_TYPE_FIXED32:
    return sizeof (gint32);
  case PROTOBUF_C_TYPE_BOOL:
    return sizeof (protobuf_c_boolean);
  case PROTOBUF_C_TYPE_STRING:
  case PROTOBUF_C_TYPE_MESSAGE:
    return sizeof (gpointer);
  case PROTOBUF_C_TYPE_BYTES:
    return sizeof (ProtobufCBinaryData);
  default:
    return sizeof (guint64);
  }
}

static gboolean
read_value (Reader *reader,
            const ProtobufCFieldDescriptor *field,
            const OrfOtlpNode *value,
            gpointer member)
{
  switch (field->type) {
  case PROTOBUF_C_TYPE_INT32:
  case PROTOBUF_C_TYPE_SINT32:
    return get_int32 (value, member);
  case PROTOBUF_C_TYPE_UINT32:
  case PROTOBUF_C_TYPE_FIXED32:
    return get_uint32 (value, member);
  case PROTOBUF_C_TYPE_SFIXED64:
    return orf_otlp_json_get_int64 (value, member);
  case PROTOBUF_C_TYPE_FIXED64:
  case PROTOBUF_C_TYPE_UINT64:
    return get_uint64 (value, member);
  case PROTOBUF_C_TYPE_DOUBLE:
    return orf_otlp_json_get_double (value, member);
  case PROTOBUF_C_TYPE_BOOL:
    return get_boolean (value, member);
  case PROTOBUF_C_TYPE_STRING:
    return read_string (reader, value, member);
  case PROTOBUF_C_TYPE_BYTES:
    return read_bytes (reader, field->name, value, member);
  case PROTOBUF_C_TYPE_MESSAGE:
    return read_message (reader, field->descriptor, value, member);
  default:
    g_return_val_if_reached (FALSE); /* of a type that no message of ours has */
  }
}

/* time_unix_nano -> timeUnixNano */
static void
spell (const char *name, char spelt[MAX_FIELD_BYTES])
{
  gboolean upper = FALSE;
  gsize n = 0;

  for (; *name != '\0' && n < MAX_FIELD_BYTES - 1; name++) {
    if (*name != '_')
      spelt[n++] = upper ? g_ascii_toupper (*name) : *name;
    upper = *name == '_';
  }
  spelt[n] = '\0';
}

static gboolean
read_list (Reader *reader,
           const ProtobufCFieldDescriptor *field,
           const OrfOtlpNode *list,
           ProtobufCMessage *message)
{
  gsize size = get_size (field->type), n = list->n_children, i = 0;
  guint8 *values;

  if (list->type != ORF_OTLP_NODE_ARRAY)
    return FALSE;
  values = orf_otlp_arena_alloc0 (reader->arena, n * size);
  if (values == NULL)
    return FALSE;
  for (const OrfOtlpNode *item = list->first; item != NULL; item = item->next)
    if (!read_value (reader, field, item, values + i++ * size))
      return FALSE;
  G_STRUCT_MEMBER (size_t, message, field->quantifier_offset) = n;
  G_STRUCT_MEMBER (gpointer, message, field->offset) = values;
  return TRUE;
}

static gboolean
has_flag (const ProtobufCFieldDescriptor *field)
{
  return field->type != PROTOBUF_C_TYPE_STRING && field->type != PROTOBUF_C_TYPE_MESSAGE;
}

static gboolean
read_field (Reader *reader,
            const ProtobufCFieldDescriptor *field,
            const OrfOtlpNode *object,
            ProtobufCMessage *message)
{
  char key[MAX_FIELD_BYTES];
  const OrfOtlpNode *value;

  spell (field->name, key);
  value = orf_otlp_node_get (object, key);
  if (orf_otlp_node_is_null (value))
    return TRUE;
  if (field->label == PROTOBUF_C_LABEL_REPEATED)
    return read_list (reader, field, value, message);
  if (has_flag (field))
    G_STRUCT_MEMBER (protobuf_c_boolean, message, field->quantifier_offset) = TRUE;
  return read_value (reader, field, value, G_STRUCT_MEMBER_P (message, field->offset));
}

static gboolean
read_message (Reader *reader,
              const ProtobufCMessageDescriptor *descriptor,
              const OrfOtlpNode *object,
              ProtobufCMessage **message)
{
  if (object->type != ORF_OTLP_NODE_OBJECT)
    return FALSE;
  *message = orf_otlp_arena_alloc (reader->arena, descriptor->sizeof_message);
  if (*message == NULL)
    return FALSE;
  protobuf_c_message_init (descriptor, *message);
  for (unsigned i = 0; i < descriptor->n_fields; i++)
    if (!read_field (reader, &descriptor->fields[i], object, *message)) {
      /* the innermost one */
      if (reader->wrong == NULL)
        reader->wrong = descriptor->fields[i].name;
      return FALSE;
    }
  return TRUE;
}

/* ---- the text -------------------------------------------------------------------------------- */

ProtobufCMessage *
orf_otlp_json_read (OrfOtlpArena *arena,
                    const ProtobufCMessageDescriptor *descriptor,
                    const char *text,
                    gsize length,
                    GError **error)
{
  Reader reader = { .arena = arena };
  ProtobufCMessage *message = NULL;
  const OrfOtlpNode *tree = orf_otlp_tree_parse (arena, text, length, error);
  gboolean read;

  if (tree == NULL)
    return NULL;
  reader.scratch = g_string_new (NULL);
  read = read_message (&reader, descriptor, tree, &message);
  if (!read && orf_otlp_arena_is_exhausted (arena))
    orf_otlp_message_set_too_large (error);
  else if (!read)
    g_set_error (error, ORF_ERROR, ORF_ERROR_PARSE_ERROR,
                 "the body is no OTLP: %s is not what it has to be",
                 reader.wrong != NULL ? reader.wrong : "the whole");
  g_string_free (reader.scratch, TRUE);
  return read ? message : NULL;
}
