# SPDX-License-Identifier: LGPL-2.1-or-later
"""config.json -> OrfConfig, the table of keys, the sample config."""

from .model import SchemaError, c_string, camel
from .text import header, source

TYPES = {"integer": "gint64 ", "number": "double ", "boolean": "gboolean ", "string": "char *",
         "list": "char **", "enum": "int ", "url": "char *"}

DECLARATIONS = """
typedef enum {
  ORF_CONFIG_INTEGER,
  ORF_CONFIG_NUMBER,
  ORF_CONFIG_BOOLEAN,
  ORF_CONFIG_STRING,
  ORF_CONFIG_LIST,
  ORF_CONFIG_ENUM,
  ORF_CONFIG_URL, /* a string that orf-url.h understands */
} OrfConfigType;

typedef struct {
  const char *section;
  const char *name;
  OrfConfigType type;
  guint16 offset; /* in OrfConfig; of an entry's key, in the entry */
  guint16 inherited; /* of an entry's key: where OrfConfig has the default; 0: default_text is it */
  guint8 reload; /* SIGHUP may change it while running */
  double minimum, maximum;
  const char *const *values; /* of an enum, NULL-terminated; values[i] is i */
  const char *default_text;
  const char *env; /* a name from before orfeas, honoured too; NULL: none */
  const char *allowed; /* for messages */
  const char *help;
} OrfConfigKey;

/* A section whose keys are of the user's own choosing, beside those of the schema: each is an entry,
 * with a section [SECTION.NAME] for the rest of what it is. */
typedef struct {
  const char *section;
  guint16 offset; /* in OrfConfig: a GPtrArray of entries, by name */
  guint16 size;   /* of an entry, which begins with its name, a char * */
  guint8 reload;
  guint8 optional; /* an entry may do without its own value, which is "" then: it is a string */
  guint max; /* 0: as many as sections have that do not say */
  const OrfConfigKey *keys; /* the first is the entry's own value */
  guint n_keys;
} OrfConfigEntries;

extern const OrfConfigEntries orf_config_entries[];
extern const guint orf_n_config_entries;
extern const OrfConfigKey orf_config_keys[];
extern const guint orf_n_config_keys;
/* Every key with its help, as --print-defaults shows it. */
extern const char orf_config_sample[];
"""


def default_text(key):
    value = key.get("default")
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return "".join(f"{item};" for item in value)
    return str(value)


def allowed(key):
    low, high = key.get("minimum"), key.get("maximum")
    if key["type"] == "enum":
        return "one of " + ", ".join(key["enum"])
    if key["type"] == "boolean":
        return "true or false"
    if key["type"] in ("integer", "number"):
        noun = "an integer" if key["type"] == "integer" else "a number"
        if low is not None and high is not None:
            return f"{noun} from {low} to {high}"
        return noun + (f" of at least {low}" if low is not None else
                       f" of at most {high}" if high is not None else "")
    if key["type"] == "url":
        return "an http:// or https:// URL, or http://unix:/SOCKET:/PATH"
    return "a list separated by ;" if key["type"] == "list" else "text"


def bound(value, otherwise):
    if value is None:
        return otherwise
    return f"{value}.0" if isinstance(value, int) else repr(value)


def enum_name(section, key):
    """section "scrape.*": the key is an entry's."""
    return f"{section.replace('.*', '_entry')}_{key['name']}"


def enum_members(name, key):
    return "".join(f"  ORF_CONFIG_{name.upper()}_{value.upper().replace('-', '_')},\n" for value in key["enum"])


def enum_table(section, key):
    texts = ", ".join(c_string(value) for value in key["enum"])
    return f"static const char *const {enum_name(section, key)}_values[] = {{ {texts}, NULL }};"


def key_row(section, key, struct="OrfConfig", member="", inherited="0"):
    if key["type"] not in TYPES:
        raise SchemaError(f"config {section}.{key['name']}: type {key['type']!r}")
    member = member or f"{section}.{key['name']}"
    values = "NULL"
    if key["type"] == "enum":
        values = enum_name(section, key) + "_values"
    env = key.get("env")
    env = env[0] if isinstance(env, list) and env else env
    return (f"  {{ {c_string(section)}, {c_string(key['name'])}, ORF_CONFIG_{key['type'].upper()}, "
            f"offsetof ({struct}, {member}), {inherited}, {int(bool(key.get('reload')))}, "
            f"{bound(key.get('minimum'), '-G_MAXDOUBLE')}, {bound(key.get('maximum'), 'G_MAXDOUBLE')}, "
            f"{values}, {c_string(default_text(key))}, {c_string(env) if env else 'NULL'}, "
            f"{c_string(allowed(key))}, {c_string(key['help'])} }},")


def entry_keys(section):
    """Of a section that has entries: the key that is an entry's own value, then those of [SECTION.NAME]."""
    entries = section["entries"]
    keys = [{"name": entries["value"], "type": entries["type"], "help": entries["help"]}]
    for key in entries["keys"]:
        if key.get("inherit"):
            own = next((one for one in section["keys"] if one["name"] == key["name"]), None)
            if own is None or own["type"] not in ("integer", "string"):
                raise SchemaError(f"config {section['name']}.*.{key['name']}: the section has no such key")
            key = {**own, **key}
        keys.append(key)
    names = [key["name"] for key in keys]
    if "name" in names or len(set(names)) != len(names):
        raise SchemaError(f"config {section['name']}: keys of entries that are one")
    return keys


def entries_type(section):
    return "OrfConfig" + camel(section["entries"]["title"])


def entries_struct(section):
    members = "".join(f"  {TYPES[key['type']]}{key['name']};\n" for key in entry_keys(section))
    title = section["entries"]["title"]
    enums = "".join(f"typedef enum {{\n{enum_members(title + '_' + key['name'], key)}}} {entries_type(section)}{camel(key['name'].replace('_', '.'))};\n\n"
                    for key in entry_keys(section) if key["type"] == "enum")
    return (f"{enums}/* An entry of [{section['name']}]; name is the user's. */\n"
            f"typedef struct {{\n  char *name;\n{members}}} {entries_type(section)};\n")


def entries_rows(section):
    """The table of one section's keys of entries, and its row."""
    name, struct = section["name"], entries_type(section)
    rows = [key_row(f"{name}.*", key, struct, key["name"],
                    f"offsetof (OrfConfig, {name}.{key['name']})" if key.get("inherit") else "0")
            for key in entry_keys(section)]
    tables = [enum_table(f"{name}.*", key) + "\n" for key in entry_keys(section) if key["type"] == "enum"]
    table = "".join(tables) + f"static const OrfConfigKey {name}_entry_keys[] = {{\n" + "\n".join(rows) + "\n};"
    reload = int(bool(section["entries"].get("reload")))
    optional = int(bool(section["entries"].get("optional")))
    return table, (f"  {{ {c_string(name)}, offsetof (OrfConfig, {name}.{section['entries']['name']}), "
                   f"sizeof ({struct}), {reload}, {optional}, {section['entries'].get('max', 0)}, "
                   f"{name}_entry_keys, {len(rows)} }},")


def entries_sample(section):
    """No line of it looks like a key that is merely commented out."""
    entries = section["entries"]
    lines = ["#", *(f"# {line}" for line in wrap(entries["help"])), f"# {entries['example']}"]
    for key in entry_keys(section)[1:]:
        default = "the default is that above" if key.get("inherit") else \
            f"default {default_text(key)}" if default_text(key) else "none by default"
        text = f"{key['help']} ({allowed(key)}; {default})"
        lines += [f"#   {line}" for line in wrap(f"{key['name']} in [{section['name']}.NAME]: {text}")]
    return lines


def wrap(text, width=96):
    lines, line = [], ""
    for word in text.split():
        if len(line) + len(word) + 1 > width:
            lines.append(line)
            line = ""
        line = f"{line} {word}".strip()
    return lines + [line]


def sample(schema):
    lines = ["# Every key of orfeasd with its default. What is commented out is what is in force anyway.",
             "# A key is also set by --set SECTION.KEY=VALUE and by the environment variable",
             "# ORFEAS_SECTION_KEY; the command line goes before the environment, that before the file."]
    for section in schema.config:
        lines += ["", *(f"# {line}" for line in wrap(section.get("help", ""))), f"[{section['name']}]"]
        for key in section["keys"]:
            help_text = f"{key['help']} {key['reason']}" if key.get("limit") else key["help"]
            lines += [f"# {line}" for line in wrap(f"{help_text} ({allowed(key)})")]
            if key.get("env"):
                lines.append(f"# environment: {key['env'] if isinstance(key['env'], str) else ', '.join(key['env'])}")
            lines.append(f"#{key['name']}={default_text(key)}")
        if "entries" in section:
            lines += entries_sample(section)
    return "\n".join(lines) + "\n"


def generate(schema):
    struct, enums, rows, tables, sections = ["typedef struct {"], [], [], [], []
    for section in schema.config:
        struct.append("  struct {")
        for key in section["keys"]:
            rows.append(key_row(section["name"], key))
            struct.append(f"    {TYPES[key['type']]}{key['name']};")
            if key["type"] == "enum":
                name = f"{section['name']}_{key['name']}"
                enums.append((name, enum_table(section["name"], key)))
                members = enum_members(name, key)
                struct.insert(0, f"typedef enum {{\n{members}}} OrfConfig{camel(name.replace('_', '.'))};\n")
        if "entries" in section:
            struct.insert(0, entries_struct(section))
            struct.append(f"    GPtrArray *{section['entries']['name']}; /* {entries_type(section)}, by name */")
            table, row = entries_rows(section)
            tables.append(table)
            sections.append(row)
        struct.append(f"  }} {section['name']};")
    struct.append("} OrfConfig;\n")
    text = sample(schema)
    literal = "\n".join("  " + c_string(line + "\n") for line in text.splitlines())
    body = "\n".join(definition for _, definition in enums) + "\n\nconst OrfConfigKey orf_config_keys[] = {\n" \
        + "\n".join(rows) + f"\n}};\nconst guint orf_n_config_keys = {len(rows)};\n\n" \
        + "\n".join(tables) + "\n\nconst OrfConfigEntries orf_config_entries[] = {\n" + "\n".join(sections) \
        + f"\n}};\nconst guint orf_n_config_entries = {len(sections)};\n\n" \
        + f"const char orf_config_sample[] =\n{literal};\n"
    return {
        "orf-schema-config.h": header("\n".join(struct) + DECLARATIONS, ["<glib.h>"]),
        "orf-schema-config.c": source(body, ["<stddef.h>", '"orf-schema-config.h"']),
        "orfeasd.conf": text,
    }
