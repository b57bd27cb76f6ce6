"""Reads a record although some of its optional fields do not have their documented type."""

import re
from collections.abc import Mapping
from decimal import Decimal

import attrs

# A record with an unreadable requested amount is an error: as a missing amount it could be taken for another one.
REQUESTED_AMOUNTS = ("amount", "orderAmount")


class UnreadableField(Exception):
    """A field that decides about a payment is unreadable or missing."""


@attrs.frozen
class Unreadable:
    """The value of an unreadable field as received, in `additional_properties` of the record."""

    value: object = attrs.field(repr=False)


def exact_decimal(value):
    """Converts the value of an amount: a number, or a string of digits. `Decimal` would also accept `NaN` and `1_000`."""
    if type(value) not in (int, str, Decimal) or not re.fullmatch(r"-?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?", str(value)):
        raise ValueError("not an amount")
    return Decimal(value)


def lenient(model):
    """Decorates a generated class. An unreadable field is unset in the record, and its value is an Unreadable."""
    if any(field.init and field.default is attrs.NOTHING for field in attrs.fields(model)):
        return model  # An envelope, or a request.
    strict = model.from_dict

    def from_dict(cls, fields):
        if not isinstance(fields, Mapping):
            raise TypeError("not an object")
        fields = {name: value for name, value in fields.items() if value is not None}
        odd = {name: Unreadable(value) for name, value in fields.items() if not is_readable(strict, name, value)}
        for name in odd:
            if name in REQUESTED_AMOUNTS and fields[name] != "":
                raise UnreadableField(f"{name} is unreadable")
        record = strict({name: value for name, value in fields.items() if name not in odd})
        record.additional_properties.update(odd)
        return record

    model.from_dict = classmethod(from_dict)
    return model


def is_readable(strict, name, value):
    try:
        record = strict({name: value})
    except (ArithmeticError, AttributeError, TypeError, ValueError):
        return False
    # The generated code converts only some types. The others are compared with the annotation.
    kinds = {"str": str, "int": int, "bool": bool, "Decimal": Decimal}
    for field in attrs.fields(type(record)):
        found = getattr(record, field.name)
        names = [kind for kind in field.type.split(" | ") if kind not in ("None", "Unset")]
        is_checked = found is not field.default and all(kind in kinds for kind in names)
        if is_checked and type(found) not in [kinds[kind] for kind in names]:
            return False
    return True


def unreadable(record):
    """Returns the JSON names of the unreadable fields of a record."""
    return sorted(name for name, value in record.additional_properties.items() if isinstance(value, Unreadable))


def need(record, name):
    """Returns the value of a field that decides, by its JSON name."""
    if isinstance(record.additional_properties.get(name), Unreadable):
        raise UnreadableField(f"{name} is unreadable")
    value = record.to_dict().get(name)
    if value is None:
        raise UnreadableField(f"{name} is missing")
    return value
