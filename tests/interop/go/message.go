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

// StringToSign joins the parts of a message with nothing between them; those that it does not have are empty.
func StringToSign(method, timestamp, path, signedQuery string, body []byte) string {
	return strings.ToUpper(method) + timestamp + path + signedQuery + string(body)
}

// requestToSign is the string to sign of a request as it goes out. The parts of a multipart body are not signed.
func requestToSign(req *http.Request, timestamp string, body []byte) string {
	if strings.HasPrefix(req.Header.Get("Content-Type"), "multipart/") {
		body = nil
	}
	return StringToSign(req.Method, timestamp, req.URL.EscapedPath(), Decoded(req.URL.RawQuery), body)
}

// bodyOf reads the body of a request to its end and closes it; nil if there is none.
func bodyOf(req *http.Request) ([]byte, error) {
	if req.Body == nil {
		return nil, nil
	}
	defer req.Body.Close()
	return io.ReadAll(req.Body)
}

var escape = regexp.MustCompile("%[0-9A-Fa-f]{2}")

// Decoded is the query as the documented rule signs it: each escape replaced by its byte, once, and all else as sent.
func Decoded(query string) string {
	return escape.ReplaceAllStringFunc(query, func(escaped string) string {
		octet, _ := hex.DecodeString(escaped[1:]) // two hexadecimal digits
		return string(octet)
	})
}

// SignedQuery is the query in one of the forms of spec/vectors/README.md.
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
