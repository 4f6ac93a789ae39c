"""Reading untrusted input into a schema, with every problem found and named by its field.

Good input takes the fast way: one msgspec decoder, a microsecond. Only what that refuses is read
again with care, field by field, to name all that is wrong with it, or to accept what the fast
decoder cannot: a bare date for a time.
"""

import re
from collections.abc import Mapping
from typing import Any, Generic, TypeVar

import msgspec

from .errors import Invalid, Problem
from .family import nested_struct
from .fields import FREE_MAP_BYTES, FreeMap, decode_hook
from .times import Times, is_time

T = TypeVar("T")

FREE_MAP_DEPTH = 32
_BARE_DATE = re.compile(r"\d{4}-\d{2}-\d{2}\Z")
_WHERE = re.compile(r" - at `\$\.?(.*)`$")
UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


class BodyDecoder(Generic[T]):
    """Decodes JSON into `schema`, a Struct."""

    def __init__(self, schema: type[T]) -> None:
        self._schema = schema
        self._decoder = msgspec.json.Decoder(schema, dec_hook=decode_hook)
        self._free_maps = tuple(
            (part.name, part.encode_name)
            for part in msgspec.structs.fields(schema)  # type: ignore[arg-type]  # T is a Struct
            if _holds_free_map(part.type)
        )
        self._times = Times.of(schema)

    def decode(self, raw: bytes | msgspec.Raw) -> T:
        """The body that `raw` holds; Invalid names every problem."""
        try:
            body = self._decoder.decode(raw)
        except UNREADABLE:
            body = self._decode_with_care(raw)
        return self.checked(body)

    def checked(self, body: T) -> T:
        """A body that was decoded, if every engine can store its times and free objects; else
        Invalid."""
        problems = list(self._times.problems(body))
        problems += [
            problem
            for name, wire_name in self._free_maps
            if (value := getattr(body, name)) is not None
            for problem in _free_map_problems(value, wire_name)
        ]
        if problems:
            raise Invalid.of(problems)
        return body

    def _decode_with_care(self, raw: bytes | msgspec.Raw) -> T:
        value = decode_json(raw)
        problems: list[Problem] = []
        value = _read_struct(self._schema, value, "", problems)
        if problems:
            raise Invalid.of(problems)
        return _convert(self._schema, value)


def decode_json(raw: bytes | msgspec.Raw) -> Any:
    """The value that a JSON text means; Invalid where it is none."""
    try:
        return msgspec.json.decode(raw)
    except UnicodeDecodeError:
        raise Invalid.field("", "The body is not valid UTF-8") from None
    except RecursionError:
        raise Invalid.field("", "The body is nested too deeply") from None
    except msgspec.DecodeError as error:
        raise Invalid.field("", f"The body is not valid JSON: {error}") from None


def read_query(schema: type[T], parameters: Mapping[str, str], repeated: set[str]) -> T:
    """The query parameters of a URL as `schema`; Invalid names every problem."""
    problems = [Problem(name, "given more than once") for name in sorted(repeated)]
    values = _read_struct(schema, dict(parameters), "", problems, strict=False)
    if problems:
        raise Invalid.of(problems)
    return _convert(schema, values, strict=False)


def _convert(schema: type[T], value: Any, *, strict: bool = True) -> T:
    try:
        return msgspec.convert(value, schema, strict=strict, dec_hook=decode_hook)
    except msgspec.ValidationError as error:
        path, problem = _split(str(error))
        raise Invalid.field(path, problem) from None


def _read_struct(
    schema: Any, value: Any, path: str, problems: list[Problem], *, strict: bool = True
) -> Any:
    """`value` with bare dates made times, and into `problems` all that keeps it from `schema`."""
    if not isinstance(value, dict):
        problems.append(Problem(path, f"Expected `object`, got `{_json_name(value)}`"))
        return value
    prefix = f"{path}." if path else ""
    known = {part.encode_name: part for part in msgspec.structs.fields(schema)}
    tag = schema.__struct_config__.tag_field
    if schema.__struct_config__.forbid_unknown_fields:
        problems.extend(
            Problem(f"{prefix}{name}", "unknown field")
            for name in value
            if name not in known and name != tag
        )
    read = {tag: value[tag]} if tag in value else {}
    for name, part in known.items():
        where = prefix + name
        if name not in value:
            if part.required:
                problems.append(Problem(where, "required"))
            continue
        read[name] = _read_field(part.type, value[name], where, problems, strict=strict)
    return read


def _read_field(kind: Any, value: Any, path: str, problems: list[Problem], *, strict: bool) -> Any:
    inner = nested_struct(kind)
    if inner is not None and isinstance(value, dict):
        return _read_struct(inner, value, path, problems, strict=strict)
    if is_time(kind) and isinstance(value, str) and _BARE_DATE.match(value):
        value = f"{value}T00:00:00Z"
    try:
        msgspec.convert(value, kind, strict=strict, dec_hook=decode_hook)
    except msgspec.ValidationError as error:
        inside, problem = _split(str(error))
        problems.append(Problem(path + inside, problem))
    return value


def _split(message: str) -> tuple[str, str]:
    """The place and the problem of a msgspec message: "Expected `int` - at `$[0]`"."""
    found = _WHERE.search(message)
    return (found.group(1), message[: found.start()]) if found else ("", message)


def _holds_free_map(kind: Any) -> bool:
    return kind == FreeMap or FreeMap in getattr(kind, "__args__", ())


def _json_name(value: Any) -> str:
    for kind, name in (
        (bool, "bool"),
        (str, "str"),
        (int, "int"),
        (float, "float"),
        (list, "array"),
    ):
        if isinstance(value, kind):
            return name
    return "null"


def _free_map_problems(value: FreeMap, path: str) -> list[Problem]:
    """What keeps a free object from being stored by every engine."""
    level: list[tuple[str, Any]] = [(path, value)]
    for _ in range(FREE_MAP_DEPTH):
        below: list[tuple[str, Any]] = []
        for where, part in level:
            if isinstance(part, dict):
                if any("\0" in key for key in part):
                    return [Problem(where, "Expected names without NUL characters")]
                below.extend((f"{where}.{key}", inner) for key, inner in part.items())
            elif isinstance(part, list):
                below.extend((f"{where}[{i}]", inner) for i, inner in enumerate(part))
            elif isinstance(part, int) and not -(2**63) <= part < 2**63:
                return [Problem(where, "Expected a number of at most 64 bits")]
        level = below
        if not level:
            break
    else:
        return [Problem(path, f"Expected at most {FREE_MAP_DEPTH} levels")]
    if len(msgspec.json.encode(value)) > FREE_MAP_BYTES:
        return [Problem(path, f"Expected at most {FREE_MAP_BYTES} bytes as JSON")]
    return []
