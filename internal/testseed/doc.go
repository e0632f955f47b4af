// Package testseed says which numbers a test draws: fresh ones each time, or those
// of OCTET_SEED.
//
// A seed is in the test's log, and with the variable set to it a failure comes back:
//
//	OCTET_SEED=1795672561306248420 go test ./internal/qat
//
// Only tests import it. It must not know what they draw.
package testseed
