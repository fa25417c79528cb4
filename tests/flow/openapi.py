"""Holds answers against content/api/openapi.json: the subset of JSON Schema that file uses, and nothing silently
more: a keyword that is not known here fails the test that meets it."""
import json
import re

import tap

DOC = json.loads((tap.ROOT / "content/api/openapi.json").read_text())
ANNOTATIONS = {"description", "format"}
TYPES = {"object": dict, "array": list, "string": str, "boolean": bool, "null": type(None)}


class Mismatch(AssertionError):
    pass


def is_type(value, name):
    if name == "integer":
        return isinstance(value, int) and not isinstance(value, bool)
    if name == "number":
        return isinstance(value, (int, float)) and not isinstance(value, bool)
    return isinstance(value, TYPES[name])


def resolve(schema):
    while "$ref" in schema:
        node = DOC
        for part in schema["$ref"].removeprefix("#/").split("/"):
            node = node[part]
        schema = node
    return schema


def validate(value, schema, where="answer"):
    def bad(why):
        raise Mismatch(f"{where}: {why}; got {json.dumps(value, ensure_ascii=False)[:300]}")

    schema = resolve(schema)
    for key, rule in schema.items():
        if key in ANNOTATIONS:
            continue
        if key == "type":
            names = rule if isinstance(rule, list) else [rule]
            if not any(is_type(value, n) for n in names):
                bad(f"is no {' or '.join(names)}")
        elif key in ("oneOf", "anyOf"):
            errors = []
            for option in rule:
                try:
                    validate(value, option, where)
                except Mismatch as e:
                    errors.append(str(e))
            if len(errors) == len(rule) or (key == "oneOf" and len(rule) - len(errors) != 1):
                bad(f"{len(rule) - len(errors)} of {key} fit: {errors[:2]}")
        elif key == "enum":
            if value not in rule:
                bad(f"is none of {rule}")
        elif key == "required":
            if isinstance(value, dict) and (missing := [k for k in rule if k not in value]):
                bad(f"lacks {missing}")
        elif key == "properties":
            if isinstance(value, dict):
                for k, s in rule.items():
                    if k in value:
                        validate(value[k], s, f"{where}.{k}")
        elif key == "additionalProperties":
            if isinstance(value, dict):
                for k in value.keys() - schema.get("properties", {}).keys():
                    if rule is False:
                        bad(f"has {k}, which is not described")
                    if isinstance(rule, dict):
                        validate(value[k], rule, f"{where}.{k}")
        elif key == "items":
            if isinstance(value, list):
                for i, v in enumerate(value):
                    validate(v, rule, f"{where}[{i}]")
        elif key in ("minItems", "maxItems"):
            if isinstance(value, list) and (len(value) < rule if key == "minItems" else len(value) > rule):
                bad(f"has {len(value)} items ({key} {rule})")
        elif key in ("minLength", "maxLength"):
            if isinstance(value, str) and (len(value) < rule if key == "minLength" else len(value) > rule):
                bad(f"has {len(value)} characters ({key} {rule})")
        elif key in ("minimum", "maximum"):
            if is_type(value, "number") and (value < rule if key == "minimum" else value > rule):
                bad(f"{key} is {rule}")
        elif key == "pattern":
            if isinstance(value, str) and not re.search(rule, value):
                bad(f"does not match {rule}")
        else:
            raise AssertionError(f"{where}: the validator does not know the keyword {key}")


def operation(method, path):
    """The described operation a path belongs to, and its pattern."""
    exact = DOC["paths"].get(path)
    if exact and method.lower() in exact:
        return path, exact[method.lower()]
    for pattern, ops in DOC["paths"].items():
        if method.lower() in ops and re.fullmatch(re.sub(r"\{[a-z]+\}", "[^/]+", pattern), path):
            return pattern, ops[method.lower()]
    return None, None


def check(method, path, status, content_type, text):
    """The answer is one the file describes. Returns what it says."""
    pattern, op = operation(method, path.split("?")[0])
    assert op, f"{method} {path} is not described"
    r = op["responses"].get(str(status))
    assert r, f"{method} {pattern} answered {status}, which is not described: {text[:300]}"
    r = resolve(r)
    assert content_type in r["content"], (method, path, content_type)
    value = json.loads(text)
    validate(value, r["content"][content_type]["schema"], f"{method} {pattern} {status}")
    check_texts(value)
    return value


KEYS = DOC["x-text-keys"]


def check_texts(value, where=""):
    """Every {key, params} is listed, and has no params that are not."""
    if isinstance(value, dict):
        if set(value) >= {"key", "params"} and isinstance(value["key"], str):
            key, params = value["key"], value["params"]
            assert key in KEYS, f"text key {key} is not listed under x-text-keys"
            allowed = set(KEYS[key]["params"])
            allowed |= {f"{p}_{lang}" for p in allowed for lang in ("ja", "en")}
            assert set(params) <= allowed, f"{key} has params {set(params) - allowed} that are not listed"
        for v in value.values():
            check_texts(v)
    elif isinstance(value, list):
        for v in value:
            check_texts(v)
