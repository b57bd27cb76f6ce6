package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"unicode"
)

// Outcome is the outcome of a call.
type Outcome string

const (
	success Outcome = "success"
	// unknown becomes Ambiguous or Failed, depending on the operation.
	unknown Outcome = "unknown"

	// NotSent: there is no token, so that the call was not sent.
	NotSent Outcome = "not-sent"
	// Rejected: the gateway rejected the call, which had no effect.
	Rejected Outcome = "rejected"
	// Ambiguous: the call was sent, and it is unknown whether it took effect.
	Ambiguous Outcome = "ambiguous"
	// Unreadable: the gateway reported a success, but the record cannot be read.
	Unreadable Outcome = "unreadable"
	// Failed: a call that changes nothing failed.
	Failed Outcome = "failed"
)

// reads are the operations that change nothing. Any other one, even if it is a GET, may have taken effect if its outcome is
// unknown.
var reads = []string{
	"GET /checkout/order/info",
	"GET /checkout/refund/info",
	"GET /checkout/settlement/info",
	"GET /remit/get-remit-info",
	"GET /trade/get-deposit-address",
	"GET /trade/get-fee-config",
	"GET /trade/get-receive-transaction",
	"GET /trade/get-receive-transactions",
	"GET /trade/get-trade-list",
	"GET /trade/get-trade-request",
	"GET /trade/get-transaction",
	"GET /user/user-info",
	"POST /base/notification/event-page",
	"POST /checkout/abnormal-payment/list",
	"POST /checkout/order/list",
	"POST /checkout/refund/list",
	"POST /checkout/settlement/list",
	"POST /remit/remit-info-page",
	"POST /trade/exchange-rate",
}

// numbered are the operations whose record has the number of the request: a record without the number may be another one.
var numbered = []string{
	"GET /checkout/order/info",
	"POST /checkout/abnormal-payment/refund",
	"POST /checkout/fiat-settlement/create",
	"POST /checkout/order/create",
	"POST /checkout/refund/create",
	"POST /checkout/settlement/create",
	"POST /trade/create-trade-request",
}

// unprocessed are the statuses that a server sends before it processes a request. A proxy may send any other 4xx after the
// gateway has processed it.
var unprocessed = []int{400, 401, 405, 413, 414, 415, 421, 425, 426, 429, 431}

// CallError is a failed call.
type CallError struct {
	Outcome Outcome
	// Changes is false for an operation that changes nothing.
	Changes bool
	Status  int
	Retcode string
	Problem string
	// Field and Number identify the record of the request, for a lookup.
	Field, Number string
}

func newCallError(outcome Outcome, req *http.Request, problem string) *CallError {
	e := &CallError{Outcome: outcome, Problem: problem, Changes: !slices.Contains(reads, operation(req))}
	e.Field, e.Number = number(req)
	if outcome == unknown {
		e.Outcome = Failed
		if e.Changes {
			e.Outcome = Ambiguous
		}
	}
	return e
}

// MayHaveTakenEffect returns whether the call may have changed something although it failed.
func (e *CallError) MayHaveTakenEffect() bool {
	return e.Changes && (e.Outcome == Ambiguous || e.Outcome == Unreadable)
}

func (e *CallError) Error() string {
	text := map[Outcome]string{
		NotSent: "no token, so that nothing else was sent", Rejected: "rejected", Failed: "failed",
		Ambiguous: "sent, but the outcome is unknown", Unreadable: "the gateway reported a success",
	}[e.Outcome]
	switch {
	case e.MayHaveTakenEffect() && e.Number != "":
		text += "; look it up by " + e.Field + " " + e.Number
	case e.MayHaveTakenEffect():
		text += "; look up the record before sending it again"
	}
	return text + ": " + e.Problem
}

func operation(req *http.Request) string {
	return req.Method + " " + req.URL.Path
}

// number returns the first field of a request that identifies its record, with its value.
func number(req *http.Request) (field, value string) {
	fields := map[string]json.RawMessage{}
	if req.GetBody != nil && strings.HasPrefix(req.Header.Get("Content-Type"), "application/json") {
		if body, err := req.GetBody(); err == nil {
			_ = json.NewDecoder(body).Decode(&fields) // a body without fields has no number
		}
	}
	// A refund has an order number too, so that it is the last one.
	for _, name := range []string{"settlementOrderNo", "refundOrderNo", "requestId", "orderNo"} {
		value := text(fields[name])
		if value == "" {
			value = req.URL.Query().Get(name)
		}
		if value != "" {
			return name, value
		}
	}
	return "", ""
}

// text returns a JSON string without its quotes and escapes, and any other value as it is.
func text(raw json.RawMessage) string {
	var value string
	if json.Unmarshal(raw, &value) != nil || string(raw) == "null" {
		return string(raw)
	}
	return value
}

// envelope is the body of a response. The keys of a map are case-sensitive, unlike those of a struct.
type envelope map[string]json.RawMessage

// retcode returns the retcode as a string; "" if it is neither a whole number nor a string that can be a code.
func (e envelope) retcode() string {
	raw := e["retcode"]
	code := string(raw)
	invalid := func(c rune) bool { return c < '0' || c > '9' }
	if bytes.HasPrefix(raw, []byte(`"`)) {
		invalid = func(c rune) bool { return unicode.IsSpace(c) || unicode.IsControl(c) }
		if json.Unmarshal(raw, &code) != nil {
			return ""
		}
	}
	if len(code) > 64 || strings.ContainsFunc(code, invalid) {
		return ""
	}
	return code
}

// parseEnvelope parses a body without its byte order mark. It returns nil if the body is not an object.
func parseEnvelope(body []byte) envelope {
	var fields envelope
	if json.Unmarshal(bytes.TrimPrefix(body, []byte("\xef\xbb\xbf")), &fields) != nil {
		return nil
	}
	return fields
}

// classify returns success, Rejected or unknown. The retcode decides. If the status or the field success contradicts it, the
// outcome is unknown.
func classify(status int, fields envelope) Outcome {
	code, flag := fields.retcode(), string(fields["success"])
	flagged := slices.Contains([]string{"true", `"true"`, "1"}, flag)
	ok := status >= 200 && status < 300
	switch {
	case code == "" && slices.Contains(unprocessed, status):
		return Rejected
	case code == "":
		return unknown
	case ok && code == "200" && (flagged || flag == "" || flag == "null"):
		return success
	case code != "200" && (ok && !flagged || status >= 400 && status < 500 && status != http.StatusRequestTimeout):
		return Rejected
	}
	return unknown
}

// isForeign returns whether a record has another number than the request, or lacks the number that it must have.
func isForeign(req *http.Request, record envelope) bool {
	field, expected := number(req)
	isNumbered := slices.Contains(numbered, operation(req))
	switch {
	case field == "":
		return false
	case record == nil:
		// The response to a create may be that of a cancellation. A read reports it as unreadable.
		return isNumbered && !slices.Contains(reads, operation(req))
	}
	raw := record[field]
	if bytes.HasPrefix(raw, []byte(`"`)) {
		return text(raw) != expected
	}
	received, isInteger := new(big.Int).SetString(string(raw), 10)
	if requested, ok := new(big.Int).SetString(expected, 10); ok && isInteger {
		return received.Cmp(requested) != 0
	}
	// A record that is only read may have its number in another form.
	return isNumbered && !(isInteger && slices.Contains(reads, operation(req)))
}

// tokenRejected returns whether the call may be sent again with another token. HTTP 401 with the retcode of a success is
// ambiguous.
func tokenRejected(resp *http.Response) bool {
	if resp.StatusCode != http.StatusUnauthorized {
		return false
	}
	body, _ := io.ReadAll(resp.Body) // an incomplete body is not an envelope
	resp.Body.Close()
	resp.Body = io.NopCloser(bytes.NewReader(body))
	return classify(resp.StatusCode, parseEnvelope(body)) == Rejected
}

// Doer sends the requests of a generated client. It returns a CallError unless the response is a success.
type Doer struct {
	Client *http.Client
}

// Do sends a request.
func (d Doer) Do(req *http.Request) (*http.Response, error) {
	resp, err := d.Client.Do(req)
	var body []byte
	if err == nil {
		defer resp.Body.Close()
		body, err = io.ReadAll(resp.Body)
	}
	if callError := new(CallError); errors.As(err, &callError) {
		return nil, callError // from the token request
	}
	if urlError := new(url.Error); errors.As(err, &urlError) {
		err = urlError.Err
	}
	if err != nil {
		return nil, newCallError(unknown, req, err.Error())
	}
	fields := parseEnvelope(body)
	if outcome := classify(resp.StatusCode, fields); outcome != success {
		problem := fmt.Sprintf("HTTP %d without the gateway's envelope", resp.StatusCode)
		if fields.retcode() != "" {
			problem = fmt.Sprintf("HTTP %d, retcode %s: %s", resp.StatusCode, fields.retcode(), fields["retmsg"])
		}
		e := newCallError(outcome, req, problem)
		e.Status, e.Retcode = resp.StatusCode, fields.retcode()
		return nil, e
	}
	if isForeign(req, parseEnvelope(fields["retdata"])) {
		return nil, newCallError(unknown, req, "retdata may belong to another record")
	}
	resp.Body, resp.Request = io.NopCloser(bytes.NewReader(body)), req
	return resp, nil
}
