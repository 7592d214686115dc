/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "otlp/orf-otlp-json.h"

#include <math.h>
#include <string.h>

#include "orf-error.h"
#include "otlp/orf-otlp-message.h"

/* What jansson needs for an object, an array, and anything else: a bound, so that a text of {} and
 * [] is refused before it is parsed. */
#define OBJECT_BYTES 320
#define ARRAY_BYTES  160
#define VALUE_BYTES  128

#define MAX_FIELD_BYTES 64

typedef struct {
  OrfOtlpArena *arena;
  GString *scratch;  /* a message as bytes */
  const char *wrong; /* the field that is; NULL: none, or no memory */
} Reader;

static gboolean read_message (Reader *reader,
                              const ProtobufCMessageDescriptor *descriptor,
                              const json_t *object,
                              ProtobufCMessage **message);

/* ---- numbers --------------------------------------------------------------------------------- */

gboolean
orf_otlp_json_get_double (const json_t *value, double *number)
{
  const char *text = json_string_value (value);
  char *end;

  if (json_is_number (value)) {
    *number = json_number_value (value);
    return TRUE;
  }
  if (text == NULL || text[0] == '\0' || g_ascii_isspace (text[0]))
    return FALSE;
  *number = g_ascii_strtod (text, &end);
  return *end == '\0';
}

gboolean
orf_otlp_json_get_int64 (const json_t *value, gint64 *number)
{
  double real;

  if (json_is_integer (value)) {
    *number = json_integer_value (value);
    return TRUE;
  }
  if (json_is_string (value))
    return g_ascii_string_to_signed (json_string_value (value), 10, G_MININT64, G_MAXINT64, number,
                                     NULL);
  real = json_real_value (value);
  if (!json_is_real (value) || real != floor (real) || fabs (real) >= 9.2e18)
    return FALSE;
  *number = (gint64) real;
  return TRUE;
}

static gboolean
get_uint64 (const json_t *value, guint64 *number)
{
  gint64 sign;

  if (json_is_string (value))
    return g_ascii_string_to_unsigned (json_string_value (value), 10, 0, G_MAXUINT64, number, NULL);
  if (!orf_otlp_json_get_int64 (value, &sign) || sign < 0)
    return FALSE;
  *number = (guint64) sign;
  return TRUE;
}

static gboolean
get_int32 (const json_t *value, gint32 *number)
{
  gint64 wide;

  if (!orf_otlp_json_get_int64 (value, &wide) || wide < G_MININT32 || wide > G_MAXINT32)
    return FALSE;
  *number = (gint32) wide;
  return TRUE;
}

static gboolean
get_uint32 (const json_t *value, guint32 *number)
{
  guint64 wide;

  if (!get_uint64 (value, &wide) || wide > G_MAXUINT32)
    return FALSE;
  *number = (guint32) wide;
  return TRUE;
}

static gboolean
get_boolean (const json_t *value, protobuf_c_boolean *truth)
{
  *truth = json_is_true (value);
  return json_is_boolean (value);
}

/* ---- text and bytes -------------------------------------------------------------------------- */

static gboolean
read_string (Reader *reader, const json_t *value, char **text)
{
  if (!json_is_string (value))
    return FALSE;
  *text = orf_otlp_arena_copy (reader->arena, json_string_value (value),
                               json_string_length (value));
  return *text != NULL;
}

/* Ids, in hex. */
static gboolean
write_hex (GString *to, const json_t *value)
{
  const char *text = json_string_value (value);
  gsize length = json_string_length (value);

  if (text == NULL || length % 2 != 0)
    return FALSE;
  for (gsize i = 0; i < length; i += 2) {
    int high = g_ascii_xdigit_value (text[i]), low = g_ascii_xdigit_value (text[i + 1]);

    if (high < 0 || low < 0)
      return FALSE;
    g_string_append_c (to, (char) (high << 4 | low));
  }
  return TRUE;
}

static gboolean
write_bytes (GString *to, const char *field, const json_t *value)
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
read_bytes (Reader *reader, const char *field, const json_t *value, ProtobufCBinaryData *bytes)
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
            const json_t *value,
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
           const json_t *list,
           ProtobufCMessage *message)
{
  gsize size = get_size (field->type), n = json_array_size (list);
  guint8 *values;

  if (!json_is_array (list))
    return FALSE;
  values = orf_otlp_arena_alloc0 (reader->arena, n * size);
  if (values == NULL)
    return FALSE;
  for (gsize i = 0; i < n; i++)
    if (!read_value (reader, field, json_array_get (list, i), values + i * size))
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
            const json_t *object,
            ProtobufCMessage *message)
{
  char key[MAX_FIELD_BYTES];
  const json_t *value;

  spell (field->name, key);
  value = json_object_get (object, key);
  if (value == NULL || json_is_null (value))
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
              const json_t *object,
              ProtobufCMessage **message)
{
  if (!json_is_object (object))
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

/* What jansson may need for it. */
static gsize
estimate (const char *text, gsize length)
{
  gboolean quoted = FALSE;
  gsize bytes = length;

  for (gsize i = 0; i < length; i++)
    switch (text[i]) {
    case '"':
      quoted = !quoted;
      break;
    case '\\':
      i += quoted;
      break;
    case '{':
      bytes += quoted ? 0 : OBJECT_BYTES;
      break;
    case '[':
      bytes += quoted ? 0 : ARRAY_BYTES;
      break;
    case ',':
    case ':':
      bytes += quoted ? 0 : VALUE_BYTES;
      break;
    default:
      break;
    }
  return bytes;
}

static json_t *
parse (OrfOtlpArena *arena, const char *text, gsize length, GError **error)
{
  json_error_t failure;
  json_t *tree;

  if (estimate (text, length) > orf_otlp_arena_get_room (arena)) {
    orf_otlp_message_set_too_large (error);
    return NULL;
  }
  tree = json_loadb (text, length, 0, &failure);
  if (tree == NULL)
    g_set_error (error, ORF_ERROR, ORF_ERROR_PARSE_ERROR, "the body is no JSON: %s, at byte %d",
                 failure.text, failure.position);
  return tree;
}

ProtobufCMessage *
orf_otlp_json_read (OrfOtlpArena *arena,
                    const ProtobufCMessageDescriptor *descriptor,
                    const char *text,
                    gsize length,
                    GError **error)
{
  Reader reader = { .arena = arena };
  ProtobufCMessage *message = NULL;
  json_t *tree = parse (arena, text, length, error);
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
  json_decref (tree);
  return read ? message : NULL;
}
