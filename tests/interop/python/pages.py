"""Reads a list to its end. No list is documented: the names of the fields are inferred."""

import simplejson

from outcome import CallError


def records(load, size=20):
    """Yields the records of all pages. `load` requests the page with this number and size, and returns its `retdata`.

    The list ends with its `total` records or its `pages`. Without these fields it ends with an empty page: a short page is not
    the last one, because the gateway may limit the size of a page. Raises a CallError if records are missing.
    """
    number, count, seen, was_empty = 1, 0, set(), False
    while True:
        page = load(number, size)
        page = page if isinstance(page, dict) else {"records": page}
        items = [] if "records" in page and page["records"] is None else page.get("records")
        if not isinstance(items, list):
            raise CallError("unreadable", "the page has no records")
        text = simplejson.dumps(items, use_decimal=True)
        if items and text in seen:
            raise CallError("unreadable", "the page has the records of an earlier page")
        seen.add(text)
        yield from items
        count += len(items)
        total, pages = (whole(page.get(name)) for name in ("total", "pages"))
        if number == 1:
            # If the gateway limits the size of a page, it may count pages by its own size.
            own = whole(page.get("pageSize")) or (0 if total else len(items))
            size = min(size, own or size)
        # A gateway that does not count the records may send 0.
        total, pages = total or (None if items else total), pages or (None if items else pages)
        if total is not None and count >= total:
            return
        if total is not None:
            if not items and (was_empty or number >= -(-total // size)):
                raise CallError("unreadable", f"the list ended after {count} of {total} records")
        elif pages is not None:
            if number >= pages or not items and was_empty:
                return
        elif not items:
            return
        number, was_empty = number + 1, not items


def whole(value):
    """Returns a whole number, also from a string; `None` for any other value."""
    return int(value) if type(value) is int and value >= 0 or isinstance(value, str) and value.isdecimal() else None
