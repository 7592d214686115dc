# SPDX-License-Identifier: LGPL-2.1-or-later
"""Object schemas -> C structs and descriptor tables."""

import json

from .model import c_string, snake
from .text import header, source

MEMBER_TYPES = {
    "BOOLEAN": "gboolean ", "INTEGER": "gint64 ", "NUMBER": "double ", "STRING": "char *",
    "STRINGS": "char **", "OBJECTS": "GPtrArray *", "INTEGERS": "GArray *", "NUMBERS": "GArray *",
    "LABELS": "char **", "VALUES": "GArray *", "POINTS": "GArray *", "JSON": "char *",
}
G_MAXUINT = 2**32 - 1


def member_type(field):
    if field.kind == "ENUM":
        return f"Orf{field.enum} "
    if field.kind == "OBJECT":
        return f"Orf{field.object} *"
    return MEMBER_TYPES[field.kind]


def enum_declaration(title, values):
    prefix = f"ORF_{snake(title).upper()}"
    low = snake(title)
    lines = ["typedef enum {", f"  {prefix}_UNSET,"]
    lines += [f"  {prefix}_{snake(value).upper()}," for value in values]
    lines += [f"  {prefix}_N", f"}} Orf{title};", "",
              f"/* NULL for {prefix}_UNSET. */",
              f"const char *orf_{low}_to_string (Orf{title} value);",
              f"/* {prefix}_UNSET where text is none of them. */",
              f"Orf{title} orf_{low}_from_string (const char *text);",
              f"extern const OrfEnumDesc orf_{low}_enum;", ""]
    return "\n".join(lines)


def enum_definition(title, values):
    low = snake(title)
    texts = ", ".join(c_string(value) for value in values)
    return f"""static const char *const {low}_values[] = {{ {texts}, NULL }};
const OrfEnumDesc orf_{low}_enum = {{ "{title}", {low}_values }};

const char *
orf_{low}_to_string (Orf{title} value)
{{
  return orf_enum_to_string (&orf_{low}_enum, (int) value);
}}

Orf{title}
orf_{low}_from_string (const char *text)
{{
  return (Orf{title}) orf_enum_from_string (&orf_{low}_enum, text);
}}
"""


def object_declaration(obj):
    low = snake(obj.name)
    lines = [f"struct _Orf{obj.name} {{"]
    for field in obj.fields:
        note = field.description.replace("*/", "* /").replace("\n", " ")
        note = f" /* {note} */" if note else ""
        lines.append(f"  {member_type(field)}{field.member};{note}")
        if field.has_flag:
            lines.append(f"  gboolean has_{field.name};")
    if not obj.fields:
        lines.append("  char empty; /* C has no empty structs */")
    lines += ["};", "",
              f"extern const OrfDesc orf_{low}_desc;",
              f"Orf{obj.name} *orf_{low}_new (void);",
              f"void orf_{low}_free (Orf{obj.name} *data);",
              f"G_DEFINE_AUTOPTR_CLEANUP_FUNC (Orf{obj.name}, orf_{low}_free)", ""]
    return "\n".join(lines)


def field_row(obj, field):
    low, high = field.bounds()
    least, most = field.lengths()
    flags = [name for name, on in (("ORF_FIELD_REQUIRED", field.required),
                                   ("ORF_FIELD_NULLABLE", field.nullable),
                                   ("ORF_FIELD_HAS", field.has_flag),
                                   ("ORF_FIELD_DEFAULT", field.has_default)) if on]
    struct = f"Orf{obj.name}"
    parts = [f".name = {c_string(field.name)}", f".kind = ORF_KIND_{field.kind}",
             f".flags = {' | '.join(flags) or '0'}", f".offset = offsetof ({struct}, {field.member})",
             f".allowed = {c_string(field.allowed())}",
             f".minimum = {'-G_MAXDOUBLE' if low is None else f'{low}.0' if isinstance(low, int) else low}",
             f".maximum = {'G_MAXDOUBLE' if high is None else f'{high}.0' if isinstance(high, int) else high}",
             f".min_length = {least}", f".max_length = {most if most else 'G_MAXUINT'}",
             f".min_item_length = {field.item_lengths()[0]}", f".max_item_length = {field.item_lengths()[1] or 'G_MAXUINT'}"]
    if field.json_types():
        parts.append(f".json_types = {' | '.join(f'ORF_JSON_{one.upper()}' for one in field.json_types())}")
    if field.has_flag:
        parts.append(f".has_offset = offsetof ({struct}, has_{field.name})")
    if field.has_default:
        parts.append(f".default_text = {c_string(json.dumps(field.default))}")
    if field.object:
        parts.append(f".object = &orf_{snake(field.object)}_desc")
    if field.enum:
        parts.append(f".enumeration = &orf_{snake(field.enum)}_enum")
    return "  { " + ", ".join(parts) + " },"


def object_definition(obj):
    low = snake(obj.name)
    rows = "\n".join(field_row(obj, field) for field in obj.fields)
    table = f"static const OrfField {low}_fields[] = {{\n{rows}\n}};\n" if obj.fields else ""
    fields = f"{low}_fields" if obj.fields else "NULL"
    return f"""{table}const OrfDesc orf_{low}_desc = {{
  "{obj.name}", sizeof (Orf{obj.name}), {fields}, {len(obj.fields)}
}};

Orf{obj.name} *
orf_{low}_new (void)
{{
  return orf_struct_new (&orf_{low}_desc);
}}

void
orf_{low}_free (Orf{obj.name} *data)
{{
  orf_struct_free (&orf_{low}_desc, data);
}}
"""


def generate(schema):
    objects = schema.sorted_objects()
    parts = [enum_declaration(title, values) for title, values in sorted(schema.enums.items())]
    parts += [f"typedef struct _Orf{obj.name} Orf{obj.name};" for obj in objects]
    parts += ["\n"] + [object_declaration(obj) for obj in objects]
    parts.append("/* Every object there is, NULL-terminated: for tests that go through all. */\n"
                 "extern const OrfDesc *const orf_all_descs[];\n")
    body = [enum_definition(title, values) for title, values in sorted(schema.enums.items())]
    body += [object_definition(obj) for obj in objects]
    descs = "".join(f"  &orf_{snake(obj.name)}_desc,\n" for obj in objects)
    body.append(f"const OrfDesc *const orf_all_descs[] = {{\n{descs}  NULL\n}};\n")
    return {
        "orf-schema-types.h": header("\n".join(parts), ['"orf-desc.h"']),
        "orf-schema-types.c": source("\n".join(body), ["<stddef.h>", '"orf-decode.h"', '"orf-enum.h"',
                                                       '"orf-schema-types.h"']),
    }
