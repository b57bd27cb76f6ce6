package main

import (
	"crypto/hmac"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"
)

// Tolerance is the maximum difference between a timestamp and the current time.
const Tolerance = 2 * time.Minute

// Verify returns why the signature of a message is invalid. Missing headers are empty. It does not check the age.
func Verify(signKey, stringToSign, timestamp, signature string) error {
	if _, err := Timestamp(timestamp); err != nil {
		return err
	}
	if !hmac.Equal([]byte(Sign(signKey, stringToSign)), []byte(signature)) {
		return errors.New("the signature does not match")
	}
	return nil
}

// Timestamp parses the header TIMESTAMP: milliseconds since the epoch, in decimal digits without leading zeros.
func Timestamp(text string) (uint64, error) {
	millis, err := strconv.ParseUint(text, 10, 64)
	if err != nil || strconv.FormatUint(millis, 10) != text {
		return 0, errors.New("TIMESTAMP is not a number of milliseconds")
	}
	return millis, nil
}

// Age compares a timestamp with the current time, both in milliseconds: fresh, too-old or too-new.
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

// VerifyDelivery verifies the raw bytes of a delivery, before they are parsed.
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

// ReadDelivery reads a delivery that was verified. It fails, so that it is delivered again, if an amount or a status is unreadable.
func ReadDelivery[T any](body []byte) (eventType string, data Record[T], err error) {
	fields := parseEnvelope(body)
	err = json.Unmarshal(fields["eventType"], &eventType)
	if err == nil {
		data, err = decode[T](fields["data"], isAmountOrStatus)
	}
	if err != nil {
		err = fmt.Errorf("data: %w", err)
	}
	return eventType, data, err
}
