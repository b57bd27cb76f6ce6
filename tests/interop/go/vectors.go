package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strconv"
)

// vector is a message with its signature.
type vector struct {
	ID                 string
	Kind               string
	Key                string
	Method             string
	Timestamp          *string // null in a rejection: the header is missing
	Path               string
	Query              string
	QueryForm          string `json:"query_form"`
	Body               string
	BodyBase64         []byte `json:"body_base64"`
	BodySigned         *bool  `json:"body_signed"`
	StringToSign       string `json:"string_to_sign"`
	StringToSignBase64 []byte `json:"string_to_sign_base64"`
	Signature          *string
}

// Vectors checks every vector of the file.
func Vectors(report *Report, file string) error {
	var vectors struct {
		Keys                   []struct{ Name, Value string }
		Signatures, Rejections []json.RawMessage
		Timestamps             []struct {
			Text  string
			Valid bool
		}
		Freshness struct {
			Tolerance int64 `json:"tolerance_ms"`
			Cases     []struct{ Timestamp, Now, Result string }
		}
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(text, &vectors); err != nil {
		return err
	}
	keys := map[string]string{}
	for _, key := range vectors.Keys {
		keys[key.Name] = key.Value
	}
	messages := map[string]json.RawMessage{}
	for _, raw := range vectors.Signatures {
		var v vector
		if err := json.Unmarshal(raw, &v); err != nil {
			return err
		}
		messages[v.ID] = raw
		report.Check("vectors", v.ID, v.reproduce(keys[v.Key]))
	}
	for _, raw := range vectors.Rejections {
		var named struct{ ID, Of string }
		var forged vector
		// The fields of the rejection replace those of the message.
		if err := errors.Join(json.Unmarshal(raw, &named), json.Unmarshal(messages[named.Of], &forged), json.Unmarshal(raw, &forged)); err != nil {
			return err
		}
		report.Check("vectors", named.ID, forged.reject(keys[forged.Key]))
	}
	for i, timestamp := range vectors.Timestamps {
		_, err := Timestamp(timestamp.Text)
		if (err == nil) == timestamp.Valid {
			err = nil
		} else {
			err = fmt.Errorf("%q: valid is not %t", timestamp.Text, timestamp.Valid)
		}
		report.Check("vectors", "timestamps/"+strconv.Itoa(i), err)
	}
	if vectors.Freshness.Tolerance != Tolerance.Milliseconds() {
		return fmt.Errorf("freshness is for a tolerance of %d ms", vectors.Freshness.Tolerance)
	}
	for i, c := range vectors.Freshness.Cases {
		timestamp, err := Timestamp(c.Timestamp)
		now, wrong := Timestamp(c.Now)
		if err = errors.Join(err, wrong); err == nil && Age(timestamp, now) != c.Result {
			err = fmt.Errorf("%s at %s is %s", c.Timestamp, c.Now, Age(timestamp, now))
		}
		report.Check("vectors", "freshness/"+strconv.Itoa(i), err)
	}
	return nil
}

// reproduce builds the string to sign, signs it, and verifies the signature of the file.
func (v vector) reproduce(key string) error {
	expected := v.StringToSign
	if v.StringToSignBase64 != nil {
		expected = string(v.StringToSignBase64)
	}
	message, err := v.message()
	if err != nil {
		return err
	}
	if message != expected {
		return fmt.Errorf("another string to sign: %q", message)
	}
	if signature := Sign(key, message); signature != *v.Signature {
		return errors.New("another signature: " + signature)
	}
	return Verify(key, message, *v.Timestamp, *v.Signature)
}

// reject verifies a forged message, which must fail.
func (v vector) reject(key string) error {
	timestamp, signature := v.header(v.Timestamp), v.header(v.Signature)
	message, err := v.message()
	if err != nil {
		return err
	}
	if Verify(key, message, timestamp, signature) == nil {
		return errors.New("accepted")
	}
	return nil
}

func (v vector) header(value *string) string {
	if value == nil {
		return ""
	}
	return *value
}

// message builds the string to sign from the parts.
func (v vector) message() (string, error) {
	body := []byte(v.Body)
	if v.BodyBase64 != nil {
		body = v.BodyBase64
	}
	if v.BodySigned != nil && !*v.BodySigned {
		body = nil
	}
	timestamp := v.header(v.Timestamp)
	switch v.Kind {
	case "request", "response-to":
		query, err := SignedQuery(v.Query, v.QueryForm)
		return StringToSign(v.Method, timestamp, v.Path, query, body), err
	case "webhook", "response":
		return StringToSign("", timestamp, "", "", body), nil
	}
	return "", errors.New("unknown kind " + v.Kind)
}
