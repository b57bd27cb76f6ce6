package main

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
)

// Record is a record of which some optional fields may not have their documented type.
type Record[T any] struct {
	// Value is the record without its unreadable fields.
	Value T
	// Unreadable contains the values of the unreadable fields as received.
	Unreadable map[string]json.RawMessage

	readable map[string]json.RawMessage
	body     []byte
}

// Need returns an error if one of these fields, which decide about a payment, is unreadable or missing.
func (r Record[T]) Need(fields ...string) error {
	for _, field := range fields {
		if _, unreadable := r.Unreadable[field]; unreadable {
			return errors.New(field + " is unreadable")
		}
		if text := string(r.readable[field]); text == "" || text == "null" {
			return errors.New(field + " is missing")
		}
	}
	return nil
}

// Data returns the retdata of a response; nil if it is null or missing. It takes the results of a method of a generated
// client that returns the response itself: the other methods return another error for a payment that was made and whose record
// is unreadable.
func Data(resp *http.Response, err error) (json.RawMessage, error) {
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	data := parseEnvelope(body)["retdata"]
	if string(data) == "null" {
		data = nil
	}
	return data, err
}

// Read returns the record in the retdata of a response.
func Read[T any](resp *http.Response, err error) (Record[T], error) {
	data, err := Data(resp, err)
	if err != nil {
		return Record[T]{}, err
	}
	record, err := decode[T](data, isRequestedAmount)
	if err != nil {
		err = newCallError(Unreadable, resp.Request, "retdata: "+err.Error())
	}
	return record, err
}

// isRequestedAmount returns whether a record with this field unreadable is an error: as a missing amount it could be taken for
// another one.
func isRequestedAmount(field string) bool {
	return field == "amount" || field == "orderAmount"
}

// isAmountOrStatus returns whether a delivery with this field unreadable is an error, so that it is delivered again.
func isAmountOrStatus(field string) bool {
	return strings.HasSuffix(field, "mount") || strings.HasSuffix(field, "tatus")
}

// decode reads each field separately, because json.Unmarshal reports only the first unreadable one and sets it to a zero value.
func decode[T any](data json.RawMessage, decides func(string) bool) (Record[T], error) {
	record := Record[T]{Unreadable: map[string]json.RawMessage{}, readable: map[string]json.RawMessage{}, body: data}
	var fields map[string]json.RawMessage
	if json.Unmarshal(data, &fields) != nil || fields == nil {
		return record, errors.New("not an object")
	}
	for field, raw := range fields {
		var alone T
		one, err := json.Marshal(map[string]json.RawMessage{field: raw})
		if err == nil {
			err = json.Unmarshal(one, &alone)
		}
		switch {
		case err == nil:
			record.readable[field] = raw
		case decides(field) && string(raw) != `""`:
			return record, errors.New(field + " is unreadable")
		default:
			record.Unreadable[field] = raw
		}
	}
	text, err := json.Marshal(record.readable)
	if err == nil {
		err = json.Unmarshal(text, &record.Value)
	}
	return record, err
}
