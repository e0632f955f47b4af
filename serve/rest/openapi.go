package rest

import (
	_ "embed"
	"net/http"
)

//go:embed openapi.json
var openapi []byte

// document describes the paths for programs that generate clients.
func (h *handler) document(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	w.Write(openapi)
}
