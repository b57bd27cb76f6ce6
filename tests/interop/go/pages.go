package main

import (
	"encoding/json"
	"fmt"
	"iter"
	"strconv"
	"strings"
)

// Records returns the records of all pages of a list. load requests the page with this number and size, and returns its
// retdata. No list is documented: the names of the fields are inferred.
//
// The list ends with its total records or its pages. Without these fields it ends with an empty page: a short page is not the
// last one, because the gateway may limit the size of a page. It ends with an error if records are missing.
func Records(size uint64, load func(number, size uint64) (json.RawMessage, error)) iter.Seq2[json.RawMessage, error] {
	return func(yield func(json.RawMessage, error) bool) {
		fail := func(problem string) {
			yield(nil, &CallError{Outcome: Unreadable, Problem: problem})
		}
		var count uint64
		seen, wasEmpty := map[string]bool{}, false
		for number := uint64(1); ; number++ {
			data, err := load(number, size)
			if err != nil {
				yield(nil, err)
				return
			}
			var page map[string]json.RawMessage
			if json.Unmarshal(data, &page) != nil || page == nil {
				page = map[string]json.RawMessage{"records": data}
			}
			var items []json.RawMessage
			records, exists := page["records"]
			if !exists || records != nil && json.Unmarshal(records, &items) != nil {
				fail("the page has no records")
				return
			}
			if len(items) > 0 && seen[string(records)] {
				fail("the page has the records of an earlier page")
				return
			}
			seen[string(records)] = true
			for _, item := range items {
				if !yield(item, nil) {
					return
				}
			}
			isEmpty := len(items) == 0
			count += uint64(len(items))
			total, counted := whole(page["total"])
			pages, paged := whole(page["pages"])
			if number == 1 {
				// If the gateway limits the size of a page, it may count pages by its own size.
				own, _ := whole(page["pageSize"])
				if own == 0 && total == 0 {
					own = uint64(len(items))
				}
				if own > 0 {
					size = min(size, own)
				}
			}
			// A gateway that does not count the records may send 0.
			counted, paged = counted && (total > 0 || isEmpty), paged && (pages > 0 || isEmpty)
			switch {
			case counted && count >= total:
				return
			case counted && isEmpty && (wasEmpty || number >= (total+size-1)/size):
				fail(fmt.Sprintf("the list ended after %d of %d records", count, total))
				return
			case !counted && paged && (number >= pages || isEmpty && wasEmpty), !counted && !paged && isEmpty:
				return
			}
			wasEmpty = isEmpty
		}
	}
}

// whole returns a whole number, also from a string.
func whole(raw json.RawMessage) (uint64, bool) {
	number, err := strconv.ParseUint(strings.Trim(string(raw), `"`), 10, 64)
	return number, err == nil
}
