package main

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha512"
	"encoding/base64"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Auth puts token, timestamp and signature on each request of the http.Client whose transport it is.
type Auth struct {
	SignKey string
	Tokens  *Tokens
	Next    http.RoundTripper
}

// Sign gives the value of the header SIGNATURE.
func Sign(key, stringToSign string) string {
	mac := hmac.New(sha512.New, []byte(key))
	mac.Write([]byte(stringToSign))
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

// RoundTrip sends the request. If the token is refused, another is got and the request sent once more.
func (a *Auth) RoundTrip(req *http.Request) (*http.Response, error) {
	var body []byte
	if req.Body != nil {
		var err error
		if body, err = io.ReadAll(req.Body); err != nil {
			return nil, err
		}
	}
	for refused := ""; ; {
		token, err := a.Tokens.Live(req.Context(), refused)
		if err != nil {
			return nil, err
		}
		resp, err := a.Next.RoundTrip(a.signed(req, token, body))
		if err != nil || resp.StatusCode != http.StatusUnauthorized || refused != "" {
			return resp, err
		}
		resp.Body.Close()
		refused = token
	}
}

func (a *Auth) signed(req *http.Request, token string, body []byte) *http.Request {
	out, timestamp := req.Clone(req.Context()), strconv.FormatInt(time.Now().UnixMilli(), 10)
	out.Body = io.NopCloser(bytes.NewReader(body))
	if strings.HasPrefix(req.Header.Get("Content-Type"), "multipart/") {
		body = nil // its parts are sent, but not signed
	}
	out.Header.Set("Authorization", "Bearer "+token)
	out.Header.Set("TIMESTAMP", timestamp)
	message := StringToSign(req.Method, timestamp, req.URL.EscapedPath(), Decoded(req.URL.RawQuery), body)
	out.Header.Set("SIGNATURE", Sign(a.SignKey, message))
	return out
}
