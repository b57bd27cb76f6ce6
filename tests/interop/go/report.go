package main

import (
	"encoding/json"
	"os"
)

// Report writes one line for each check.
type Report struct {
	failed bool
}

// Check reports a check, which failed if err is not nil.
func (r *Report) Check(part, name string, err error) {
	line := struct {
		Part   string `json:"part"`
		Name   string `json:"name"`
		Passed bool   `json:"passed"`
		Detail string `json:"detail,omitempty"`
	}{Part: part, Name: name, Passed: err == nil}
	if err != nil {
		line.Detail = err.Error()
		r.failed = true
	}
	if json.NewEncoder(os.Stdout).Encode(line) != nil {
		r.failed = true // a check that cannot be reported failed
	}
}
