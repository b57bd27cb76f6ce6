package main

import (
	"cmp"
	"encoding/hex"
	"errors"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// StringToSign concatenates the parts of a message. Parts that a message does not have are empty.
func StringToSign(method, timestamp, path, signedQuery string, body []byte) string {
	return strings.ToUpper(method) + timestamp + path + signedQuery + string(body)
}

// requestToSign returns the string to sign of an outgoing request. A multipart body is not signed.
func requestToSign(req *http.Request, timestamp string, body []byte) string {
	if strings.HasPrefix(req.Header.Get("Content-Type"), "multipart/") {
		body = nil
	}
	return StringToSign(req.Method, timestamp, req.URL.EscapedPath(), Decoded(req.URL.RawQuery), body)
}

// readBody reads and closes the body of a request. It returns nil if there is none.
func readBody(req *http.Request) ([]byte, error) {
	if req.Body == nil {
		return nil, nil
	}
	defer req.Body.Close()
	return io.ReadAll(req.Body)
}

var escape = regexp.MustCompile("%[0-9A-Fa-f]{2}")

// Decoded returns the query as the documented rule signs it: each escape is decoded once, and the rest is unchanged.
func Decoded(query string) string {
	return escape.ReplaceAllStringFunc(query, func(escaped string) string {
		octet, _ := hex.DecodeString(escaped[1:]) // two hexadecimal digits
		return string(octet)
	})
}

// SignedQuery returns the query in one of the forms of spec/vectors/README.md.
func SignedQuery(query, form string) (string, error) {
	switch {
	case query == "" || form == "decoded":
		return Decoded(query), nil
	case form == "decoded-with-mark":
		return "?" + Decoded(query), nil
	case form == "encoded-sorted":
		return encodedSorted(query), nil
	}
	return "", errors.New("unknown form " + form)
}

func encodedSorted(query string) string {
	type pair struct{ key, value string }
	var pairs []pair
	for part := range strings.SplitSeq(strings.ReplaceAll(query, "+", " "), "&") {
		if part != "" {
			key, value, _ := strings.Cut(part, "=")
			pairs = append(pairs, pair{Decoded(key), Decoded(value)})
		}
	}
	slices.SortStableFunc(pairs, func(a, b pair) int { return cmp.Compare(a.key, b.key) })
	texts := make([]string, len(pairs))
	for i, p := range pairs {
		texts[i] = url.QueryEscape(p.key) + "=" + url.QueryEscape(p.value)
	}
	return strings.Join(texts, "&")
}
