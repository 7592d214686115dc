# SPDX-License-Identifier: LGPL-2.1-or-later
"""Reads schema/ and refuses what the codec could not check."""

import json
import re

MAX_INTEGER = 2**53

SCHEMA_KEYS = {
    "type", "enum", "minimum", "maximum", "minLength", "maxLength", "items", "minItems", "maxItems",
    "properties", "required", "additionalProperties", "maxProperties", "default", "description",
    "title", "$ref", "x-c-type", "examples", "minProperties",
}
ROLES = ("read", "ingest", "operate", "admin")
REF = "#/components/schemas/"


class SchemaError(Exception):
    pass


def snake(name):
    """GpuDevice, gpu.profile, batch-size -> gpu_device, gpu_profile, batch_size"""
    name = re.sub(r"[.\-/ ]", "_", name)
    name = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name)
    return re.sub(r"_+", "_", name).lower()


def camel(name):
    """gpu.batch_size -> GpuBatchSize"""
    return "".join(part[:1].upper() + part[1:] for part in re.split(r"[._\-/ ]", name) if part)


def c_string(text):
    out = []
    for char in text:
        if char in '"\\':
            out.append("\\" + char)
        elif char == "\n":
            out.append("\\n")
        elif ord(char) < 32:
            out.append(f"\\{ord(char):03o}")
        else:
            out.append(char)
    return '"' + "".join(out) + '"'


class Field:
    """One member of an object, resolved: what JSON it is and which C member holds it."""

    def __init__(self, schema, owner, name, spec, required):
        self.name = name
        self.member = name if name not in C_KEYWORDS else name + "_"
        self.required = required
        self.where = f"{owner}.{name}"
        self.description = spec.get("description", "")
        self.spec = spec
        self.object = None
        self.enum = None
        self.enum_values = None
        unknown = set(spec) - SCHEMA_KEYS
        if unknown:
            raise SchemaError(f"{self.where}: {', '.join(sorted(unknown))}: not in our subset")
        self.nullable = False
        self._resolve(schema, spec)
        self.default = spec.get("default")
        self.has_default = "default" in spec and spec["default"] is not None and not required
        scalar = self.kind in ("INTEGER", "BOOLEAN")
        self.has_flag = scalar and not self.has_default and (self.nullable or not required)
        if self.kind == "BOOLEAN" and not required and not self.has_default and not self.nullable:
            self.has_flag = True

    def _resolve(self, schema, spec):
        if "x-c-type" in spec:
            self.kind = {"points": "POINTS", "values": "VALUES", "json": "JSON"}[spec["x-c-type"]]
            types = spec.get("type")
            self.nullable = types is None or (isinstance(types, list) and "null" in types)
            return
        if "$ref" in spec:
            target = spec["$ref"]
            if not target.startswith(REF):
                raise SchemaError(f"{self.where}: only {REF}… can be referred to")
            self._refer(schema, target[len(REF):])
            return
        types = spec.get("type")
        if isinstance(types, list):
            self.nullable = "null" in types
            rest = [kind for kind in types if kind != "null"]
            if len(rest) != 1:
                raise SchemaError(f"{self.where}: one type, and null, is all a member can have")
            types = rest[0]
        if types == "string" and "enum" in spec:
            self.kind = "ENUM"
            self.enum_values = [value for value in spec["enum"] if value is not None]
            self.enum = schema.add_enum(spec.get("title"), self.enum_values, self.where)
        elif types in ("string", "integer", "number", "boolean"):
            self.kind = types.upper()
        elif types == "array":
            self._resolve_array(schema, spec)
        elif types == "object":
            self._resolve_object(schema, spec)
        else:
            raise SchemaError(f"{self.where}: type {types!r}")

    def _refer(self, schema, name):
        target = schema.raw_schemas.get(name)
        if target is None:
            raise SchemaError(f"{self.where}: no schema {name}")
        if "properties" in target or target.get("type") == "object" and "x-c-type" not in target \
                and target.get("additionalProperties", False) is False:
            self.kind = "OBJECT"
            self.object = name
        else:
            self.spec = {**target, **{k: v for k, v in self.spec.items() if k != "$ref"}}
            if "enum" in target:
                self.spec.setdefault("title", name)
            self._resolve(schema, self.spec)

    def _resolve_array(self, schema, spec):
        item = Field(schema, self.where, "item", spec.get("items", {}), True)
        kinds = {"STRING": "STRINGS", "OBJECT": "OBJECTS", "INTEGER": "INTEGERS", "NUMBER": "NUMBERS"}
        if item.kind == "ENUM":
            raise SchemaError(f"{self.where}: arrays of enums have no C shape; use strings")
        if item.kind not in kinds:
            raise SchemaError(f"{self.where}: arrays of {item.kind} have no C shape")
        self.kind = kinds[item.kind]
        self.item = item
        self.object = item.object

    def _resolve_object(self, schema, spec):
        extra = spec.get("additionalProperties", False)
        if "properties" in spec:
            title = spec.get("title")
            if not title:
                raise SchemaError(f"{self.where}: an inline object needs a title")
            schema.add_inline(title, spec, self.where)
            self.kind = "OBJECT"
            self.object = title
        elif isinstance(extra, dict) and extra.get("type") == "string":
            self.kind = "LABELS"
        elif isinstance(extra, dict) and extra.get("type") in ("number", "integer"):
            self.kind = "VALUES"
        else:
            raise SchemaError(f"{self.where}: an object with no properties needs x-c-type or labels")

    def bounds(self):
        spec = self.item.spec if self.kind in ("INTEGERS", "NUMBERS") else self.spec
        low, high = spec.get("minimum"), spec.get("maximum")
        if self.kind in ("INTEGER", "INTEGERS"):
            low = -MAX_INTEGER if low is None else low
            high = MAX_INTEGER if high is None else high
        return low, high

    def lengths(self):
        if self.kind == "STRING":
            return self.spec.get("minLength", 0), self.spec.get("maxLength", 0)
        if self.kind in ("LABELS", "VALUES"):
            return self.spec.get("minProperties", 0), self.spec.get("maxProperties", 0)
        return self.spec.get("minItems", 0), self.spec.get("maxItems", 0)

    def item_lengths(self):
        item = self.item.spec if self.kind == "STRINGS" else self.spec["additionalProperties"] if self.kind == "LABELS" else {}
        return item.get("minLength", 0), item.get("maxLength", 0)

    def json_types(self):
        """Of what is kept as JSON: the types it may have beside null; none: any."""
        types = self.spec.get("type", []) if self.kind == "JSON" else []
        return [one for one in ([types] if isinstance(types, str) else types) if one != "null"]

    def allowed(self):
        """What is told to a caller whose value was wrong."""
        low, high = self.bounds()
        least, most = self.lengths()
        shortest, longest = self.item_lengths()
        span = ""
        if self.kind in ("INTEGER", "NUMBER", "INTEGERS", "NUMBERS"):
            if low is not None and high is not None:
                span = f" from {low} to {high}"
            elif low is not None:
                span = f" of at least {low}"
            elif high is not None:
                span = f" of at most {high}"
            if self.kind == "INTEGER" and "minimum" not in self.spec and "maximum" not in self.spec:
                span = " within +/- 2^53"
        length = f" of {most} bytes" if least == most else f" of {least} to {most} bytes"
        count = f" of {least} to {most} " if most else (f" of at least {least} " if least else " of ")
        text = {
            "BOOLEAN": "true or false",
            "INTEGER": "an integer" + span,
            "NUMBER": "a number" + span,
            "STRING": "a string" + (length if most else ""),
            "ENUM": "one of " + ", ".join(self.enum_values or ()),
            "OBJECT": "an object",
            "STRINGS": "an array" + count + "strings"
                       + (f" of {shortest} to {longest} bytes" if shortest and longest
                          else f" of at most {longest} bytes" if longest else ""),
            "OBJECTS": "an array" + count + "objects",
            "INTEGERS": "an array" + count + "integers" + span,
            "NUMBERS": "an array" + count + "numbers" + span,
            "LABELS": "an object" + count + "strings",
            "VALUES": "an object" + count + "numbers",
            "POINTS": "an array of [t_us, value]",
            "JSON": " or ".join(map(with_article, self.json_types())) or "any JSON value",
        }[self.kind]
        return text + (" or null" if self.nullable and text != "any JSON value" else "")


def with_article(word):
    return f"an {word}" if word[0] in "aeiou" else f"a {word}"


C_KEYWORDS = {"default", "register", "signed", "unsigned", "int", "long", "short", "double", "float", "char",
              "union", "struct", "enum", "const", "static", "auto", "break", "case", "continue", "do",
              "else", "extern", "for", "goto", "if", "inline", "return", "sizeof", "switch", "typedef",
              "void", "volatile", "while"}


class Object:
    def __init__(self, schema, name, spec):
        self.name = name
        self.description = spec.get("description", "")
        required = spec.get("required", [])
        missing = set(required) - set(spec.get("properties", {}))
        if missing:
            raise SchemaError(f"{name}: required but not described: {', '.join(sorted(missing))}")
        self.fields = [Field(schema, name, member, member_spec, member in required)
                       for member, member_spec in spec.get("properties", {}).items()]


class Method:
    def __init__(self, schema, service, spec):
        self.name = spec["name"]
        self.service = service
        self.spec = spec
        self.summary = spec.get("summary", "")
        self.description = spec.get("description", "")
        self.role = spec.get("x-role")
        if self.role not in ROLES:
            raise SchemaError(f"{self.name}: x-role {self.role!r}")
        self.rest = spec.get("x-rest", [])
        self.writes = bool(spec.get("x-writes"))
        self.audit = self._audit(spec)
        self.stream = bool(spec.get("x-stream"))
        self.unavailable = bool(spec.get("x-unavailable"))
        if not spec.get("examples"):
            raise SchemaError(f"{self.name}: no example")
        params = {param["name"]: {**param["schema"], "description": param.get("description", "")}
                  for param in spec["params"]}
        required = [param["name"] for param in spec["params"] if param.get("required")]
        self.params_name = camel(self.name) + "Params"
        self.params = Object(schema, self.params_name,
                             {"properties": params, "required": required})
        for field in self.params.fields:
            bounded = field.lengths()[1] > 0
            if field.kind in ("STRING", "STRINGS", "OBJECTS", "LABELS") and not bounded:
                raise SchemaError(f"{field.where}: a parameter needs an upper bound")
        result = spec["result"]["schema"]
        if "$ref" in result:
            self.result_name = result["$ref"][len(REF):]
            if self.result_name not in schema.raw_schemas:
                raise SchemaError(f"{self.name}: no schema {self.result_name}")
        elif result.get("x-c-type") == "json":
            self.result_name = None
        else:
            self.result_name = result.get("title") or camel(self.name) + "Result"
            schema.add_inline(self.result_name, result, self.name)


    def _audit(self, spec):
        """Whether the router leaves the row; what changes state and is not an operator's has to say."""
        audit = spec.get("x-audit")
        if audit not in (None, True, False, "handler"):
            raise SchemaError(f"{self.name}: x-audit {audit!r}")
        if audit is None and self.writes:
            if self.role not in ("operate", "admin"):
                raise SchemaError(f"{self.name}: x-writes by {self.role}: x-audit has to be said")
            return True
        return audit is True


class Schema:
    def __init__(self, directory):
        self.files = []
        self.raw_schemas = {}
        self.internal = set()
        self.enums = {}
        self.info = self._read(directory / "info.json")
        self.errors = self._read(directory / "errors.json")["codes"]
        self.metrics = self._read(directory / "metrics.json")["metrics"]
        config = self._read(directory / "config.json")
        self.config = config["sections"]
        self.fixed_limits = config["fixed_limits"]
        services = [self._read(path) for path in sorted((directory / "services").glob("*.json"))]
        internals = [self._read(path) for path in sorted((directory / "internal").glob("*.json"))]
        for part in services + internals:
            for name, spec in part.get("schemas", {}).items():
                if name in self.raw_schemas:
                    raise SchemaError(f"schema {name} stands twice")
                self.raw_schemas[name] = spec
        for part in internals:
            self.internal.update(part.get("schemas", {}))
        self.inline = {}
        self.methods = [Method(self, service["service"], spec)
                        for service in services for spec in service.get("methods", [])]
        self.methods.sort(key=lambda method: method.name)
        names = [method.name for method in self.methods]
        if len(set(names)) != len(names):
            raise SchemaError("a method stands twice")
        known = {code["name"] for code in self.errors}
        for method in self.methods:
            unknown = set(method.spec.get("errors", [])) - known
            if unknown:
                raise SchemaError(f"{method.name}: unknown errors {', '.join(sorted(unknown))}")
        self.objects = {}
        self._resolve_objects()

    def _read(self, path):
        self.files.append(path)
        try:
            return json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise SchemaError(f"{path}: {error}") from error

    def _resolve_objects(self):
        """Inline objects are met while others are resolved, so this goes on until none is new."""
        pending = {name: spec for name, spec in self.raw_schemas.items() if "properties" in spec or
                   (spec.get("type") == "object" and "x-c-type" not in spec
                    and not spec.get("additionalProperties"))}
        while pending or set(self.inline) - set(self.objects):
            pending.update({name: spec for name, spec in self.inline.items() if name not in self.objects})
            for name in list(pending):
                spec = pending.pop(name)
                if name not in self.objects:
                    self.objects[name] = Object(self, name, spec)
        for method in self.methods:
            self.objects[method.params_name] = method.params
        for name in self.raw_schemas:
            spec = self.raw_schemas[name]
            if "enum" in spec:
                self.add_enum(spec.get("title", name), spec["enum"], name)

    def add_enum(self, title, values, where):
        if not title:
            raise SchemaError(f"{where}: an enum needs a title")
        if any(value is not None and value.lower() == "unset" for value in values):
            raise SchemaError(f"{where}: in C unset stands for no value")
        if self.enums.setdefault(title, values) != values:
            raise SchemaError(f"{where}: enum {title} stands twice with other values")
        return title

    def add_inline(self, title, spec, where):
        if title in self.raw_schemas:
            raise SchemaError(f"{where}: {title} is a schema already; refer to it")
        if self.inline.setdefault(title, spec) != spec:
            raise SchemaError(f"{where}: inline object {title} stands twice with other members")

    def sorted_objects(self):
        """Those that others hold come first; by name where that leaves a choice."""
        done, order = set(), []

        def visit(name, path):
            if name in done:
                return
            if name in path:
                return  # recursive by pointer: a forward declaration serves
            for field in self.objects[name].fields:
                if field.object:
                    visit(field.object, path | {name})
            done.add(name)
            order.append(self.objects[name])

        for name in sorted(self.objects):
            visit(name, frozenset())
        return order


def manner(method):
    """How a call whose connection was lost may be repeated."""
    if method.stream:
        return "stream"
    if method.writes:
        return "write"
    return "read" if method.role == "read" else "once"
