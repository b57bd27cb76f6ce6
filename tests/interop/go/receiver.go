package main

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"time"

	"stablelink-interop/gateway"
)

// Delivered is a delivery as it came.
type Delivered struct {
	Timestamp, Signature string
	Body                 []byte
	Refused              error
}

// NewReceiver listens on loopback, verifies each delivery, acknowledges it or refuses it, and hands it on.
func NewReceiver(signKey string, deliveries chan<- Delivered) *httptest.Server {
	return httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		got := Delivered{Timestamp: r.Header.Get("TIMESTAMP"), Signature: r.Header.Get("SIGNATURE"), Body: body}
		got.Refused = errors.Join(err, VerifyDelivery(signKey, got.Timestamp, got.Signature, body, time.Now()))
		if got.Refused != nil {
			http.Error(w, "refused", http.StatusUnauthorized)
		} else {
			w.Header().Set("Content-Type", "application/json")
			_ = json.NewEncoder(w).Encode(gateway.WebhookReply{Retcode: 200, Retmsg: new("SUCCESS")})
		}
		deliveries <- got
	}))
}
