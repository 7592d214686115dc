/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/*
 * Descriptor tables: how the C structs that schema/generate.py makes are laid out, and what JSON
 * they stand for.  One codec (orf-decode.h, orf-encode.h) reads them; there is none for each
 * method.
 *
 * | schema                                     | C member                                         |
 * |--------------------------------------------|--------------------------------------------------|
 * | integer, required and not nullable         | gint64 x                                         |
 * | integer, optional or nullable              | gint64 x; gboolean has_x                         |
 * | number                                     | double x; NAN: null or absent                    |
 * | boolean                                    | gboolean x (optional: has_x too)                 |
 * | string                                     | char *x; NULL: null or absent                    |
 * | string with `enum`                         | OrfTitle x; 0 (…_UNSET): null or absent          |
 * | array of string                            | char **x                                         |
 * | array of object                            | GPtrArray *x of OrfTitle *                       |
 * | array of integer / of number               | GArray *x of gint64 / double                     |
 * | object with properties                     | OrfTitle *x                                      |
 * | object, additionalProperties string        | char **x: key, value, key, …, NULL, sorted       |
 * | "x-c-type": "values"  (name -> number)     | GArray *x of OrfNamedValue                       |
 * | "x-c-type": "points"  ([[t_us, value], …]) | GArray *x of OrfPoint                            |
 * | "x-c-type": "json"    (anything)           | char *x: JSON text                               |
 *
 * A member with a `default` that is not required has no has_x: it is filled in.
 * NULL arrays encode as [] where required and are left out where optional.
 */
typedef enum {
  ORF_KIND_BOOLEAN,
  ORF_KIND_INTEGER,
  ORF_KIND_NUMBER,
  ORF_KIND_STRING,
  ORF_KIND_ENUM,
  ORF_KIND_OBJECT,
  ORF_KIND_STRINGS,
  ORF_KIND_OBJECTS,
  ORF_KIND_INTEGERS,
  ORF_KIND_NUMBERS,
  ORF_KIND_LABELS,
  ORF_KIND_VALUES,
  ORF_KIND_POINTS,
  ORF_KIND_JSON,
} OrfKind;

typedef struct {
  gint64 t_us;
  double value;
} OrfPoint;

typedef struct {
  char *name;
  double value;
} OrfNamedValue;

/* What an ORF_KIND_JSON may be; whether also null, its flags say. */
typedef enum {
  ORF_JSON_OBJECT = 1 << 0,
  ORF_JSON_ARRAY = 1 << 1,
  ORF_JSON_STRING = 1 << 2,
  ORF_JSON_NUMBER = 1 << 3,
  ORF_JSON_BOOLEAN = 1 << 4,
} OrfJsonTypes;

typedef enum {
  ORF_FIELD_REQUIRED = 1 << 0, /* must be in the JSON object */
  ORF_FIELD_NULLABLE = 1 << 1, /* may be null there */
  ORF_FIELD_HAS = 1 << 2,      /* has_offset is valid */
  ORF_FIELD_DEFAULT = 1 << 3,  /* default_text applies when absent */
} OrfFieldFlags;

typedef struct {
  const char *type_name;
  const char *const *values; /* values[i] is the text of i + 1; NULL-terminated */
} OrfEnumDesc;

typedef struct _OrfDesc OrfDesc;

typedef struct {
  const char *name;         /* in JSON */
  const char *allowed;      /* for messages: "an integer from 1 to 1000" */
  const char *default_text; /* JSON text */
  const OrfDesc *object;    /* of OBJECT and OBJECTS */
  const OrfEnumDesc *enumeration;
  double minimum, maximum; /* INTEGER(S), NUMBER(S), VALUES; of the items where it is an array */
  guint min_length, max_length;           /* of a string in bytes, of an array or map in items */
  guint min_item_length, max_item_length; /* of each string in STRINGS and LABELS, in bytes */
  guint16 offset, has_offset;
  guint8 kind;       /* OrfKind */
  guint8 flags;      /* OrfFieldFlags */
  guint8 json_types; /* OrfJsonTypes of JSON; 0: any */
} OrfField;

struct _OrfDesc {
  const char *name; /* "GpuDevice" */
  gsize size;
  const OrfField *fields;
  guint n_fields;
};

G_END_DECLS
