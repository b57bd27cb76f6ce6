package main

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha512"
	"encoding/base64"
	"io"
	"net/http"
	"strconv"
	"time"
)

// Auth is a transport of an http.Client that adds token, timestamp and signature to each request.
type Auth struct {
	SignKey string
	Tokens  *Tokens
	Next    http.RoundTripper
}

// Sign returns the value of the header SIGNATURE.
func Sign(key, stringToSign string) string {
	mac := hmac.New(sha512.New, []byte(key))
	mac.Write([]byte(stringToSign))
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

// RoundTrip sends the request. After a rejected token it refreshes the token and retries the request once.
func (a *Auth) RoundTrip(req *http.Request) (*http.Response, error) {
	body, err := readBody(req)
	if err != nil {
		return nil, err
	}
	for rejected := ""; ; {
		token, err := a.Tokens.Current(req.Context(), rejected)
		if err != nil {
			return nil, err
		}
		resp, err := a.Next.RoundTrip(a.signed(req, token, body))
		if err != nil || rejected != "" || !tokenRejected(resp) {
			return resp, err
		}
		rejected = token
	}
}

func (a *Auth) signed(req *http.Request, token string, body []byte) *http.Request {
	out, timestamp := req.Clone(req.Context()), strconv.FormatInt(time.Now().UnixMilli(), 10)
	if body != nil {
		out.Body = io.NopCloser(bytes.NewReader(body))
	}
	out.Header.Set("Authorization", "Bearer "+token)
	out.Header.Set("TIMESTAMP", timestamp)
	out.Header.Set("SIGNATURE", Sign(a.SignKey, requestToSign(req, timestamp, body)))
	return out
}
