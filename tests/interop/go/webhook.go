package main

import (
	"crypto/hmac"
	"errors"
	"strconv"
	"time"
)

// Tolerance is how far the timestamp of a message may be off, either way.
const Tolerance = 2 * time.Minute

// Verify says why a message is refused whose string to sign and headers are given; absent headers are empty.
// It leaves the age alone.
func Verify(signKey, stringToSign, timestamp, signature string) error {
	if _, err := Timestamp(timestamp); err != nil {
		return err
	}
	if !hmac.Equal([]byte(Sign(signKey, stringToSign)), []byte(signature)) {
		return errors.New("the signature does not match")
	}
	return nil
}

// Timestamp reads the value of the header TIMESTAMP: milliseconds since the epoch, decimal, in one form only.
func Timestamp(text string) (uint64, error) {
	millis, err := strconv.ParseUint(text, 10, 64)
	if err != nil || strconv.FormatUint(millis, 10) != text {
		return 0, errors.New("TIMESTAMP is not milliseconds in digits")
	}
	return millis, nil
}

// Age holds a timestamp against the time now, both in milliseconds: fresh, too-old or too-new.
func Age(timestamp, now uint64) string {
	tolerance := uint64(Tolerance.Milliseconds())
	switch {
	case now > timestamp && now-timestamp > tolerance:
		return "too-old"
	case timestamp > now && timestamp-now > tolerance:
		return "too-new"
	}
	return "fresh"
}

// VerifyDelivery verifies a delivery over its raw bytes, before anything reads them.
func VerifyDelivery(signKey, timestamp, signature string, body []byte, now time.Time) error {
	if err := Verify(signKey, StringToSign("", timestamp, "", "", body), timestamp, signature); err != nil {
		return err
	}
	millis, err := Timestamp(timestamp)
	if age := Age(millis, uint64(now.UnixMilli())); err == nil && age != "fresh" {
		err = errors.New("TIMESTAMP is " + age)
	}
	return err
}
