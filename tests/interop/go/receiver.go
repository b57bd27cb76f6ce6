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

// Delivery is a delivery with its raw body.
type Delivery struct {
	Timestamp, Signature string
	Body                 []byte
	Rejection            error
}

// NewReceiver listens on loopback, verifies each delivery, acknowledges or rejects it, and sends it to the channel.
func NewReceiver(signKey string, deliveries chan<- Delivery) *httptest.Server {
	return httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		delivery := Delivery{Timestamp: r.Header.Get("TIMESTAMP"), Signature: r.Header.Get("SIGNATURE"), Body: body}
		delivery.Rejection = errors.Join(err, VerifyDelivery(signKey, delivery.Timestamp, delivery.Signature, body, time.Now()))
		if delivery.Rejection != nil {
			http.Error(w, "rejected", http.StatusUnauthorized)
		} else {
			w.Header().Set("Content-Type", "application/json")
			_ = json.NewEncoder(w).Encode(gateway.WebhookReply{Retcode: 200, Retmsg: new("SUCCESS")})
		}
		deliveries <- delivery
	}))
}
