# SPDX-License-Identifier: LGPL-2.1-or-later
"""The generated half of client/python: types, exceptions, one typed method for each method.

What it writes runs on Python 3.9: no `X | None`, no NotRequired.
"""

import builtins
import json
import keyword
import re
import textwrap

from .model import REF, SchemaError, camel, manner

NOTICE = '# SPDX-License-Identifier: LGPL-2.1-or-later\n# Made by schema/generate.py from schema/; not to be edited.\n'
WIDTH = 100

# What people catch already, beside our own names.
ALSO = {
    "DEADLINE_EXCEEDED": "TimeoutError", "INVALID_ARGUMENT": "ValueError", "NOT_FOUND": "LookupError",
    "PERMISSION_DENIED": "PermissionError", "UNIMPLEMENTED": "NotImplementedError",
}
# Members that a client has beside its services, and options that a method has beside its parameters.
CLIENT_NAMES = {"address", "batch", "call", "close"}
OPTION_NAMES = {"self", "timeout", "idempotency_key", "reconnect", "buffer"}


def name_of(text, taken=()):
    """A Python name for one of the schema's: `class` -> `class_`."""
    text = re.sub(r"\W", "_", text)
    return text + "_" if keyword.iskeyword(text) or text in taken else text


def error_class(code):
    return camel(code["name"].lower().replace("_", "."))


def literal(values):
    return "Literal[" + ", ".join(json.dumps(value) for value in values) + "]"


def wrapped(text, indent, hanging=None):
    first = " " * indent
    return textwrap.fill(text, WIDTH, initial_indent=first, subsequent_indent=" " * (hanging or indent),
                         break_long_words=False, break_on_hyphens=False)


def docstring(paragraphs, indent):
    """paragraphs: texts, or lists of lines that stay as they are."""
    parts = ["\n".join(part) if isinstance(part, list) else wrapped(part, indent) for part in paragraphs if part]
    text = "\n\n".join(parts).replace("\\", "\\\\").replace('"""', '\\"\\"\\"')
    start = " " * indent + '"""'
    if "\n" not in text and len(text) + 6 <= WIDTH and not text.endswith('"'):
        return start + text.strip() + '"""\n'
    return start + text.strip() + "\n" + " " * indent + '"""\n'


# ---- types ----------------------------------------------------------------------------------------


class Types:
    """Annotations of fields, and which of the schema's objects and enums they reach."""

    def __init__(self, schema):
        self.schema = schema
        self.objects = {}  # in the order they are met
        self.enums = {}

    def reach(self, name):
        if name in self.objects:
            return
        if name not in self.schema.objects:
            raise SchemaError(f"{name}: no object that Python could have a type for")
        self.objects[name] = None
        self.objects[name] = [(field, self.annotation(field)) for field in self.schema.objects[name].fields]

    def reference(self, name):
        self.reach(name)
        return name

    def values(self, spec):
        """What an object of unnamed members holds."""
        extra = spec.get("additionalProperties") or {}
        if "$ref" in extra:
            return self.reference(extra["$ref"][len(REF):])
        kinds = extra.get("type", [])
        kinds = kinds if isinstance(kinds, list) else [kinds]
        base = "int" if "integer" in kinds else "float" if "number" in kinds else "Any"
        return f"Optional[{base}]" if "null" in kinds and base != "Any" else base

    def json(self, spec):
        kinds = spec.get("type")
        return f"Dict[str, {self.values(spec)}]" if kinds == "object" else "Any"

    def annotation(self, field, given=False):
        """given: what a caller gives may be any sequence or mapping; what is answered is a list or dict."""
        array, mapping = ("Sequence", "Mapping") if given else ("List", "Dict")
        kind = field.kind
        if kind == "ENUM":
            self.enums[field.enum] = field.enum_values
            text = field.enum
        elif kind in ("OBJECT", "OBJECTS"):
            text = self.reference(field.object)
            text = f"{array}[{text}]" if kind == "OBJECTS" else text
        else:
            text = {
                "BOOLEAN": "bool", "INTEGER": "int", "NUMBER": "float", "STRING": "str",
                "STRINGS": f"{array}[str]", "INTEGERS": f"{array}[int]", "NUMBERS": f"{array}[float]",
                "LABELS": f"{mapping}[str, str]", "POINTS": f"{array}[Point]",
            }.get(kind) or (self.json(field.spec) if kind == "JSON" else f"{mapping}[str, {self.values(field.spec)}]")
        # the codec takes null for any JSON; what the schema says is narrower
        nullable = "null" in field.spec.get("type", []) if kind == "JSON" else field.nullable
        return f"Optional[{text}]" if nullable and text != "Any" else text


def typed_dict(schema, name, fields):
    """Members that may be missing go to a class of their own: NotRequired is younger than 3.9."""

    def members(chosen):
        lines = []
        for field, annotation in chosen:
            if keyword.iskeyword(field.name) or not field.name.isidentifier():
                raise SchemaError(f"{field.where}: no name that a Python class can have")
            lines.append(f"    {field.name}: {annotation}")
            if field.description:
                lines.append(docstring([field.description], 4).rstrip("\n"))
        return "\n".join(lines) + "\n" if lines else "    pass\n"

    required = [pair for pair in fields if pair[0].required]
    optional = [pair for pair in fields if not pair[0].required]
    about = docstring([schema.objects[name].description or f"`{name}` of the schema."], 4)
    if not optional:
        return f"class {name}(TypedDict):\n{about}\n{members(required)}"
    if not required:
        return f"class {name}(TypedDict, total=False):\n{about}\n{members(optional)}"
    return (f"class _{name}(TypedDict):\n{members(required)}\n\n"
            f"class {name}(_{name}, total=False):\n{about}\n{members(optional)}")


def types_module(schema, types):
    names = sorted([*types.enums, *types.objects, "Point"])
    parts = [
        NOTICE + '"""What the methods take and answer.\n\nTimes are integer microseconds since the Unix epoch, '
        'UTC, and durations microseconds, both ending\n`_us`; memory is `_bytes`; shares are 0-100, `_percent`; '
        'unknown is None, never 0.\n"""\n\n'
        "from __future__ import annotations\n\n"
        "from typing import Any, Dict, List, Literal, Optional, TypedDict, Union\n\n"
        f"__all__ = {json.dumps(names, indent=4)}\n\n"
        "# [t_us, value or None]\nPoint = List[Union[int, float, None]]\n"
        + "".join(f"{title} = {literal(values)}\n" for title, values in sorted(types.enums.items()))]
    parts += [typed_dict(schema, name, fields) for name, fields in sorted(types.objects.items())]
    return "\n\n".join(parts)


# ---- errors ---------------------------------------------------------------------------------------


def errors_module(schema):
    parts = [
        NOTICE + '"""One exception for each status that a call can end with."""\n\n'
        "from __future__ import annotations\n\nfrom typing import Dict, Type\n\nfrom ._error import Error\n\n"
        f"__all__ = {json.dumps([error_class(code) for code in schema.errors], indent=4)}\n"]
    for code in schema.errors:
        bases = ", ".join(["Error", *([ALSO[code["name"]]] if code["name"] in ALSO else [])])
        parts.append(f"class {error_class(code)}({bases}):\n{docstring([code['help']], 4)}\n"
                     f"    status = {json.dumps(code['name'])}\n    code = {code['jsonrpc']}\n")
    rows = "".join(f"    {json.dumps(code['name'])}: {error_class(code)},\n" for code in schema.errors)
    parts.append(f"BY_STATUS: Dict[str, Type[Error]] = {{\n{rows}}}\n"
                 "BY_CODE: Dict[int, Type[Error]] = {kind.code: kind for kind in BY_STATUS.values()}\n")
    return "\n\n".join(parts)


# ---- methods --------------------------------------------------------------------------------------


def qualified(annotation, types):
    """An annotation as another module has to write it: names of ours are in `types`."""
    return re.sub(r"[A-Z]\w+", lambda match: f"types.{match[0]}"
                  if match[0] == "Point" or match[0] in types.objects or match[0] in types.enums else match[0],
                  annotation)


def result_type(method, types):
    if method.stream:
        name = method.spec["x-stream-value"]["$ref"][len(REF):]
    elif method.result_name:
        name = method.result_name
    else:
        return types.json(method.spec["result"]["schema"])
    return "types." + types.reference(name)


def parameter_line(field):
    extra = field.allowed()
    if field.has_default:
        extra += f"; default {json.dumps(field.default)}"
    about = f" {field.description}" if field.description else ""
    return wrapped(f"{name_of(field.name, OPTION_NAMES)}:{about} ({extra})", 12, 16)


def example_lines(method):
    example = method.spec["examples"][0]
    call = ", ".join(f"{name_of(param['name'], OPTION_NAMES)}={param['value']!r}" for param in example["params"])
    return [f"        Example: `client.{method.name}({call})`"]


def method_docstring(schema, method, options, returns):
    helps = {code["name"]: code for code in schema.errors}
    paragraphs = [method.summary, method.description,
                  "Not built yet: raises `Unavailable`." if method.unavailable else ""]
    if method.params.fields or options:
        lines = ["        Args:"]
        lines += [parameter_line(field) for field in method.params.fields]
        lines += [wrapped(f"{name}: {OPTIONS[name][1]}", 12, 16) for name in options]
        paragraphs.append(lines)
    paragraphs.append(["        Returns:", wrapped(returns, 12)])
    errors = method.spec.get("errors", [])
    if errors:
        paragraphs.append(["        Raises:", *(wrapped(f"{error_class(helps[name])}: {helps[name]['help']}", 12, 16)
                                                for name in errors)])
    paragraphs.append(example_lines(method))
    return docstring(paragraphs, 8)


OPTIONS = {
    "timeout": ("Optional[float] = None",
                "seconds until `DeadlineExceeded`, and the server stops the work; None: the client's."),
    "idempotency_key": ("Optional[str] = None",
                        "a write repeated with the same key within 10 minutes is done once; None: a new one."),
    "reconnect": ("bool = False",
                  "open it anew, after pauses that grow, when the connection was lost."),
    "buffer": ("int = 1024",
               "values held for a reader that is slower; beyond it the oldest are dropped and counted."),
}


def method_text(schema, types, method, batch):
    options = ["idempotency_key"] if method.writes else []
    if not batch:
        options = ["timeout", *options, *(["reconnect", "buffer"] if method.stream else [])]
    value = qualified(result_type(method, types), types) if not method.result_name else result_type(method, types)
    result = f"Stream[{value}]" if method.stream else f"Pending[{value}]" if batch else value
    signature = ["self"]
    optional = []
    for field in method.params.fields:
        annotation = qualified(types.annotation(field, given=True), types)
        name = name_of(field.name, OPTION_NAMES)
        if field.required:
            signature.append(f"{name}: {annotation}")
        else:
            bare = annotation if annotation == "Any" or annotation.startswith("Optional[") else f"Optional[{annotation}]"
            optional.append(f"{name}: {bare} = None")
    optional += [f"{name}: {OPTIONS[name][0]}" for name in options]
    signature += ["*", *optional] if optional else []
    low = name_of(method.name.partition(".")[2])
    rows = ", ".join(f"{json.dumps(field.name)}: {name_of(field.name, OPTION_NAMES)}" for field in method.params.fields)
    arguments = "".join(f", {name}={name}" for name in options)
    returns = "A stream: iterate over it, close it or use it in `with`." if method.stream else \
        "Its result, once the batch was sent." if batch else \
        f"`{value}`." if method.result_name else "The document."
    lines = ["    def " + low + "(", *(f"        {part}," for part in signature), f"    ) -> {result}:"]
    action = "watch" if method.stream else "add" if batch else "call"
    return ("\n".join(lines) + "\n" + method_docstring(schema, method, options, returns)
            + f"        return self._caller.{action}({json.dumps(method.name)}, {{{rows}}}{arguments})\n")


def service_class(service):
    return camel(service) + "Methods"


def services(schema, types, batch):
    groups = {}
    for method in schema.methods:
        if not (batch and method.stream):
            groups.setdefault(method.name.partition(".")[0], []).append(method)
    parts = []
    for service, methods in groups.items():
        if service in CLIENT_NAMES or keyword.iskeyword(service) or service in dir(builtins.object):
            raise SchemaError(f"{service}: a client has something else of that name")
        caller = "BatchCaller" if batch else "Caller"
        parts.append(f"class {service_class(service)}:\n"
                     f"    def __init__(self, caller: {caller}) -> None:\n        self._caller = caller\n\n"
                     + "\n".join(method_text(schema, types, method, batch) for method in methods))
    whole = "BatchServices" if batch else "Services"
    about = "The methods that a batch can hold." if batch else "Every method there is, by the service it belongs to."
    members = "".join(f"        self.{service} = {service_class(service)}(caller)\n" for service in groups)
    parts.append(f"class {whole}:\n    \"\"\"{about}\"\"\"\n\n"
                 f"    def __init__(self, caller: {'BatchCaller' if batch else 'Caller'}) -> None:\n{members}")
    return parts


def nulls(schema):
    rows = {method.name: [field.name for field in method.params.fields if field.required and field.nullable] for method in schema.methods}
    return "".join(f"    {json.dumps(name)}: {json.dumps(fields)},\n" for name, fields in rows.items() if fields)


def methods_module(schema, types, batch):
    head = (NOTICE + f'"""{"What a batch holds" if batch else "The methods"}, by service."""\n\n'
            "from __future__ import annotations\n\n"
            "from typing import TYPE_CHECKING, Any, Dict, Mapping, Optional, Sequence\n\n"
            "from . import types\n")
    if batch:
        head += "from ._batch import Pending\n\nif TYPE_CHECKING:\n    from ._batch import BatchCaller\n"
    else:
        rows = "".join(f"    {json.dumps(method.name)}: {json.dumps(manner(method))},\n" for method in schema.methods)
        head += ("from .stream import Stream\n\nif TYPE_CHECKING:\n    from ._caller import Caller\n\n"
                 "# How a call may be repeated when its connection was lost: a read as it is, a write with its\n"
                 f"# idempotency key, the others not at all.\nMANNERS: Dict[str, str] = {{\n{rows}}}\n\n"
                 "# Parameters that are told as null where they are None: without them the call means nothing.\n"
                 f"NULLS: Dict[str, Sequence[str]] = {{\n{nulls(schema)}}}\n")
    return "\n\n".join([head, *services(schema, types, batch)])


def generate(schema):
    types = Types(schema)
    # types last: only now is it known which are reached
    methods = methods_module(schema, types, False)
    batch = methods_module(schema, types, True)
    return {
        "_methods.py": methods,
        "_batch_methods.py": batch,
        "errors.py": errors_module(schema),
        "types.py": types_module(schema, types),
        "_version.py": NOTICE + f"VERSION = {json.dumps(schema.info['info']['version'])}\n",
    }
