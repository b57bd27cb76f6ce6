import { CallError } from "./outcome.js";

/**
 * Yields the records of all pages of a list. `load` requests the page with this number and size, and returns its `retdata`. No
 * list is documented: the names of the fields are inferred.
 *
 * The list ends with its `total` records or its `pages`. Without these fields it ends with an empty page: a short page is not
 * the last one, because the gateway may limit the size of a page. Throws a CallError if records are missing.
 */
export async function* records(load: (number: number, size: number) => Promise<unknown>, size = 20): AsyncGenerator<unknown> {
  const seen = new Set<string>();
  let count = 0;
  for (let number = 1, wasEmpty = false; ; number++) {
    const page = await load(number, size);
    const fields: Record<string, unknown> = Array.isArray(page) || !page ? { records: page } : (page as Record<string, unknown>);
    const items = fields["records"] === null || page === undefined ? [] : fields["records"];
    if (!Array.isArray(items)) throw new CallError("unreadable", "the page has no records");
    const isEmpty = items.length === 0;
    const text = JSON.stringify(items);
    if (!isEmpty && seen.has(text)) throw new CallError("unreadable", "the page has the records of an earlier page");
    seen.add(text);
    yield* items;
    count += items.length;
    let [total, pages] = [whole(fields["total"]), whole(fields["pages"])];
    if (number === 1) {
      // If the gateway limits the size of a page, it may count pages by its own size.
      size = Math.min(size, whole(fields["pageSize"]) || (total ? 0 : items.length) || size);
    }
    // A gateway that does not count the records may send 0.
    if (!isEmpty) [total, pages] = [total || undefined, pages || undefined];
    if (total !== undefined && count >= total) return;
    if (total !== undefined) {
      if (isEmpty && (wasEmpty || number >= Math.ceil(total / size))) {
        throw new CallError("unreadable", `the list ended after ${count} of ${total} records`);
      }
    } else if (pages !== undefined) {
      if (number >= pages || (isEmpty && wasEmpty)) return;
    } else if (isEmpty) {
      return;
    }
    wasEmpty = isEmpty;
  }
}

/** Returns a whole number, also from a string. */
function whole(value: unknown): number | undefined {
  return /^[0-9]{1,15}$/.test(String(value)) ? Number(value) : undefined;
}
