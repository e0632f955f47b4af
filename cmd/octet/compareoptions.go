package main

import "time"

// compareFlags are the flags of `octet compare`.
type compareFlags struct {
	version  string // of this program, for the document
	model    modelFlags
	data     dataFlags
	backends []string

	calibration      string
	calibrationLimit int
	qconfigs         []string
	octets           bool // the variant whose file is made for octet, too
	perTensor        bool
	perChannel       bool
	exclude          []string
	keep             string

	eval, inputs    string
	truth, classMap string
	names           bool
	layerInputs     int
	duration        time.Duration

	markdown, html string
}
