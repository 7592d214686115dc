# SPDX-License-Identifier: LGPL-2.1-or-later
"""Methods -> OrfMethodId, the dispatch table, the REST table, typed binders."""

from .model import ROLES, c_string, snake
from .text import header, source

DECLARATIONS = """
typedef struct {
  const char *name; /* "gpu.profile" */
  const char *summary;
  const OrfDesc *params;
  const OrfDesc *result; /* NULL: any JSON, made by the handler */
  OrfRole role; /* what a caller has to hold */
  guint8 writes; /* changes state: may be repeated with an idempotency key */
  guint8 audit; /* a row is in `audit` before its handler runs */
  guint8 stream; /* answers a stream */
  guint8 unavailable; /* its part is not built yet */
} OrfMethod;

typedef struct {
  const char *verb;
  const char *path; /* without prefix; <name> stands for one segment */
  guint8 tail; /* the last of them for all that is left, with its slashes */
  OrfMethodId method;
  guint8 raw; /* answered outside the envelope: by a page of its own, or with a content_type */
  const char *content_type; /* of the body that the method's handler makes; NULL: the envelope's */
  const char *file_name; /* what such a body is saved as */
} OrfRoute;

extern const OrfMethod orf_methods[ORF_N_METHODS];
extern const OrfRoute orf_routes[];
extern const guint orf_n_routes;
/* NULL: no such method. */
const OrfMethod *orf_method_find (const char *name);
#define orf_method_get_id(method) ((OrfMethodId) ((method) - orf_methods))
/* TRUE where a caller with `roles` may call what demands `demanded`. */
gboolean orf_role_holds (OrfRole roles, OrfRole demanded);
/* FALSE: no such role. */
gboolean orf_role_from_string (const char *name, OrfRole *role);
/* The OpenRPC document of all this, as JSON text. */
extern const char orf_openrpc_json[];
extern const gsize orf_openrpc_json_length;
extern const char orf_openrpc_url[]; /* the one server in it */
"""

FIND = """
const OrfMethod *
orf_method_find (const char *name)
{
  guint low = 0;
  guint high = ORF_N_METHODS;

  while (low < high) {
    guint middle = (low + high) / 2;
    int order = strcmp (name, orf_methods[middle].name);

    if (order == 0)
      return &orf_methods[middle];
    if (order < 0)
      high = middle;
    else
      low = middle + 1;
  }
  return NULL;
}

gboolean
orf_role_holds (OrfRole roles, OrfRole demanded)
{
  return demanded != ORF_ROLE_NONE && (roles & demanded) == demanded;
}

gboolean
orf_role_from_string (const char *name, OrfRole *role)
{
  for (guint i = 0; i < G_N_ELEMENTS (role_names); i++)
    if (strcmp (role_names[i].name, name) == 0) {
      *role = role_names[i].role;
      return TRUE;
    }
  return FALSE;
}
"""

# Each role is a bit of its own and those of the roles that it holds.
HELD = {"read": 0x1, "ingest": 0x2, "operate": 0x7, "admin": 0xf}


def method_id(method):
    return "ORF_METHOD_" + snake(method.name).upper()


def desc(name):
    return f"&orf_{snake(name)}_desc" if name else "NULL"


def content(route):
    """/metrics/export.csv is saved as metrics-export.csv."""
    if "content" not in route:
        return "NULL, NULL"
    return f"{c_string(route['content'])}, {c_string(route['path'].strip('/').replace('/', '-'))}"


def declarations(schema):
    roles = "\n".join(f"  ORF_ROLE_{role.upper()} = {HELD[role]:#x}," for role in ROLES)
    ids = "\n".join(f"  {method_id(method)}," for method in schema.methods)
    return ("/* A set: a caller may hold several, joined with |.  ingest alone reads nothing; operate holds\n"
            " * read and ingest, admin holds all. */\n"
            f"typedef enum {{\n  ORF_ROLE_NONE,\n{roles}\n}} OrfRole;\n\n"
            f"typedef enum {{\n{ids}\n  ORF_N_METHODS\n}} OrfMethodId;\n" + DECLARATIONS)


def tables(schema):
    rows = "\n".join(
        f"  {{ {c_string(m.name)}, {c_string(m.summary)}, {desc(m.params_name)}, {desc(m.result_name)}, "
        f"ORF_ROLE_{m.role.upper()}, {int(m.writes)}, {int(m.audit)}, {int(m.stream)}, "
        f"{int(m.unavailable)} }},"
        for m in schema.methods)
    routes = [(route, m) for m in schema.methods for route in m.rest]
    route_rows = "\n".join(
        f"  {{ {c_string(route['verb'])}, {c_string(route['path'])}, {int(bool(route.get('tail')))}, {method_id(m)}, "
        f"{int(bool(route.get('raw')))}, {content(route)} }}," for route, m in routes)
    return (f"/* by name: orf_method_find() searches by halves */\n"
            f"const OrfMethod orf_methods[ORF_N_METHODS] = {{\n{rows}\n}};\n\n"
            f"const OrfRoute orf_routes[] = {{\n{route_rows}\n}};\n"
            f"const guint orf_n_routes = {len(routes)};\n\n"
            "static const struct {\n  const char *name;\n  OrfRole role;\n} role_names[] = {\n" +
            "".join(f"  {{ {c_string(role)}, ORF_ROLE_{role.upper()} }},\n" for role in ROLES) + "};\n" + FIND)


def binder(method):
    low = snake(method.name)
    params = f"Orf{method.params_name}"
    lines = [
        f"typedef void (*Orf{method.params_name[:-6]}Handler) (OrfCall *call, const {params} *params, "
        "gpointer user_data);",
        "static inline void",
        f"orf_bind_{low} (OrfRouter *router, Orf{method.params_name[:-6]}Handler handler, "
        "gpointer user_data)",
        "{",
        f"  orf_router_bind (router, {method_id(method)}, (OrfHandler) (void (*) (void)) handler, user_data);",
        "}"]
    if method.result_name:
        lines += [
            "static inline void",
            f"orf_call_return_{low} (OrfCall *call, const Orf{method.result_name} *result)",
            "{",
            "  orf_call_return (call, result);",
            "}"]
    return "\n".join(lines) + "\n"


def generate(schema):
    return {
        "orf-schema-methods.h": header(declarations(schema), ['"orf-schema-types.h"']),
        "orf-schema-methods.c": source(tables(schema), ["<string.h>", '"orf-schema-methods.h"']),
        "orf-schema-bind.h": header("\n".join(binder(method) for method in schema.methods),
                                    ['"orf-schema-methods.h"', '"rpc/orf-router.h"']),
    }
